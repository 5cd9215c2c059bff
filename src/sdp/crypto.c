/* SPDX-License-Identifier: GPL-3.0-or-later */
/* a=crypto. */
#include "sdp/crypto.h"

#include <errno.h>

#include <openssl/crypto.h>

#include "core/base64.h"

#define MAX_TAG 999999999         /* 9.1: up to nine digits */
#define MAX_LIFETIME (1ULL << 48) /* packets (RFC 3711 9.2) */
#define MAX_LIFETIME_POWER 48

static bool is_positive(struct slice digits)
{
	return digits.n && digits.p[0] != '0';
}

/* "2^20" or a number of packets (6.1). */
static int check_lifetime(struct slice text)
{
	uint64_t packets;
	uint32_t power;

	if (slice_starts(text, SLICE("2^"))) {
		text = slice_of(text.p + 2, text.n - 2);
		return slice_u32(text, MAX_LIFETIME_POWER, &power) < 0 ? -EINVAL : 0;
	}
	return is_positive(text) && slice_u64(text, MAX_LIFETIME, &packets) == 0 ? 0 : -EINVAL;
}

/* "1:4": value and length. The value is of no use: there is one key, and its tag tells. */
static int parse_mki(struct slice text, struct sdp_crypto *crypto)
{
	struct slice value;
	uint32_t size;

	slice_cut(&text, ':', &value);
	for (size_t i = 0; i < value.n; i++) {
		if (value.p[i] < '0' || value.p[i] > '9')
			return -EINVAL;
	}
	if (!is_positive(value) || !is_positive(text) ||
		slice_u32(text, SDP_CRYPTO_MAX_MKI, &size) < 0)
		return -EINVAL;
	crypto->mki_size = size;
	return 0;
}

/* key-salt ["|" lifetime] ["|" mki] (9.2). */
static int parse_key_info(struct slice text, struct sdp_crypto *crypto)
{
	struct slice key, lifetime, mki;
	int err;

	if (text.n && text.p[text.n - 1] == '|')
		return -EINVAL;
	slice_cut(&text, '|', &key);
	err = base64_decode(key, crypto->key, sizeof crypto->key, &crypto->key_size);
	if (err || crypto->key_size == 0)
		return -EINVAL;
	if (!slice_cut(&text, '|', &lifetime))
		return 0;
	if (slice_find(lifetime, ':') >= 0)
		return text.n ? -EINVAL : parse_mki(lifetime, crypto);
	err = check_lifetime(lifetime);
	if (err || !slice_cut(&text, '|', &mki))
		return err;
	return text.n || slice_find(mki, ':') < 0 ? -EINVAL : parse_mki(mki, crypto);
}

static int parse_keys(struct slice text, struct sdp_crypto *crypto)
{
	struct slice method;

	if (slice_find(text, ':') <= 0)
		return -EINVAL;
	if (slice_find(text, ';') >= 0)
		return -ENOTSUP;
	slice_cut(&text, ':', &method);
	if (!slice_eq_nocase(method, SLICE("inline")))
		return -ENOTSUP;
	return parse_key_info(text, crypto);
}

/*
 * 6.3.4: the default. 6.3.6: a hint only. 6.3.7: what begins with "-" may be passed over by whoever
 * does not know it.
 */
static bool is_harmless(struct slice parameter)
{
	return parameter.p[0] == '-' || slice_starts_nocase(parameter, SLICE("WSH=")) ||
	       slice_eq_nocase(parameter, SLICE("FEC_ORDER=FEC_SRTP"));
}

static int parse(struct slice value, struct sdp_crypto *crypto)
{
	struct slice tag, keys, parameter;
	int err;

	if (!sdp_next_word(&value, &tag) || !sdp_next_word(&value, &crypto->suite) ||
		!sdp_next_word(&value, &keys) || slice_u32(tag, MAX_TAG, &crypto->tag) < 0 ||
		(tag.n > 1 && tag.p[0] == '0'))
		return -EINVAL;
	err = parse_keys(keys, crypto);
	while (!err && sdp_next_word(&value, &parameter))
		err = is_harmless(parameter) ? 0 : -ENOTSUP;
	return err;
}

int sdp_crypto_parse(struct slice value, struct sdp_crypto *crypto)
{
	int err;

	*crypto = (struct sdp_crypto){0};
	err = parse(value, crypto);
	if (err)
		sdp_crypto_wipe(crypto);
	return err;
}

void sdp_crypto_wipe(struct sdp_crypto *crypto)
{
	OPENSSL_cleanse(crypto, sizeof *crypto);
}

void sdp_crypto_write(struct sdp_draft *draft, uint32_t tag, const char *suite, const uint8_t *key,
	size_t key_size)
{
	char text[BASE64_SIZE(SDP_CRYPTO_MAX_KEY)];

	base64_encode(key, key_size, text);
	sdp_draft_attribute(draft, "crypto", "%u %s inline:%s", tag, suite, text);
	OPENSSL_cleanse(text, sizeof text);
}
