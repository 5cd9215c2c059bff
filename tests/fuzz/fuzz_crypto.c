/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any bytes as a crypto attribute: what is understood, written and read again is the same. */
#include <stdlib.h>
#include <string.h>

#include "core/mem.h"
#include "sdp/crypto.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
	if (!holds)
		abort();
}

static void write_and_read_again(const struct sdp_crypto *crypto, const char *suite)
{
	struct sdp_crypto again;
	struct sdp_draft draft;
	struct slice text;

	sdp_draft_init(&draft);
	sdp_crypto_write(&draft, crypto->tag, suite, crypto->key, crypto->key_size);
	if (!draft.err) {
		text = sdp_draft_text(&draft);
		check(slice_starts(text, SLICE("a=crypto:")));
		check(sdp_crypto_parse(slice_of(text.p + 9, text.n - 11), &again) == 0);
		check(again.tag == crypto->tag && again.key_size == crypto->key_size);
		check(slice_eq(again.suite, slice_str(suite)));
		check(memcmp(again.key, crypto->key, crypto->key_size) == 0);
	}
	sdp_draft_free(&draft);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sdp_crypto crypto;
	char *suite;

	if (sdp_crypto_parse(slice_of((const char *)data, size), &crypto) < 0)
		return 0;
	check(crypto.key_size > 0 && crypto.key_size <= SDP_CRYPTO_MAX_KEY);
	check(crypto.mki_size <= SDP_CRYPTO_MAX_MKI && crypto.tag <= 999999999);
	suite = slice_dup(crypto.suite);
	if (suite && strlen(suite) == crypto.suite.n)
		write_and_read_again(&crypto, suite);
	mem_free(suite);
	return 0;
}
