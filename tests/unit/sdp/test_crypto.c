/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "sdp/crypto.h"

#define SUITE "AES_CM_128_HMAC_SHA1_80"
#define KEY "d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj" /* RFC 4568 6.1 */

static int parse(const char *text, struct sdp_crypto *crypto)
{
	return sdp_crypto_parse(slice_str(text), crypto);
}

static void an_attribute_is_taken_apart(void **state)
{
	struct sdp_crypto crypto;

	assert_int_equal(parse("1 " SUITE " inline:" KEY "|2^20|1:4", &crypto), 0);
	assert_int_equal(crypto.tag, 1);
	assert_true(slice_eq(crypto.suite, SLICE(SUITE)));
	assert_int_equal(crypto.key_size, 30);
	assert_memory_equal(crypto.key, "wDfvg&T+)xG7@fb5jU,RaA}\\|p0%*#", 30);
	assert_int_equal(crypto.mki_size, 4);
	assert_int_equal(parse("999999999 F8 INLINE:Zg==", &crypto), 0);
	assert_int_equal(crypto.tag, 999999999);
	assert_int_equal(crypto.key_size, 1);
	assert_int_equal(crypto.mki_size, 0);
}

static void lifetime_and_mki_are_tolerated_in_every_form(void **state)
{
	static const struct {
		const char *text;
		unsigned mki_size;
	} good[] = {{"", 0}, {"|2^48", 0}, {"|2^0", 0}, {"|1000", 0}, {"|281474976710656", 0},
		{"|1066:4", 4}, {"|2^31|1:1", 1}, {"|99999999999999999999999999:128", 128}};
	struct sdp_crypto crypto;
	char text[128];

	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
		snprintf(text, sizeof text, "1 %s inline:%s%s", SUITE, KEY, good[i].text);
		assert_int_equal(parse(text, &crypto), 0);
		assert_int_equal(crypto.mki_size, good[i].mki_size);
	}
}

static void parameters_that_change_nothing_are_passed_over(void **state)
{
	struct sdp_crypto crypto;

	assert_int_equal(parse("1 " SUITE " inline:" KEY " WSH=64 -whatever=1", &crypto), 0);
	assert_int_equal(parse("1 " SUITE " inline:" KEY " FEC_ORDER=FEC_SRTP", &crypto), 0);
}

static void what_we_do_not_do_is_told_from_what_is_malformed(void **state)
{
	static const char *const other[] = {" KDR=1", " UNENCRYPTED_SRTP", " UNENCRYPTED_SRTCP",
		" UNAUTHENTICATED_SRTP", " FEC_ORDER=SRTP_FEC", " FEC_KEY=inline:Zg==", " WHAT",
		";inline:" KEY "|2:4"};
	struct sdp_crypto crypto;
	char text[160];

	for (size_t i = 0; i < sizeof other / sizeof other[0]; i++) {
		snprintf(text, sizeof text, "1 %s inline:%s%s", SUITE, KEY, other[i]);
		assert_int_equal(parse(text, &crypto), -ENOTSUP);
	}
	assert_int_equal(parse("1 " SUITE " uri:https", &crypto), -ENOTSUP);
}

static void malformed_attributes_are_void(void **state)
{
	static const char *const bad[] = {"", "1", "1 " SUITE, SUITE " inline:" KEY,
		"-1 " SUITE " inline:" KEY, "01 " SUITE " inline:" KEY,
		"1000000000 " SUITE " inline:" KEY, "1 " SUITE " inline:", "1 " SUITE " inline",
		"1 " SUITE " :" KEY, "1 " SUITE " inline:?", "1 " SUITE " inline:" KEY "|",
		"1 " SUITE " inline:" KEY "|2^49", "1 " SUITE " inline:" KEY "|0",
		"1 " SUITE " inline:" KEY "|020", "1 " SUITE " inline:" KEY "|281474976710657",
		"1 " SUITE " inline:" KEY "|1:", "1 " SUITE " inline:" KEY "|:1",
		"1 " SUITE " inline:" KEY "|1:0", "1 " SUITE " inline:" KEY "|1:129",
		"1 " SUITE " inline:" KEY "|1:04", "1 " SUITE " inline:" KEY "|x:4",
		"1 " SUITE " inline:" KEY "|2^20|4", "1 " SUITE " inline:" KEY "|1:4|2^20",
		"1 " SUITE " inline:" KEY "|2^20|1:4|"};
	static const struct sdp_crypto wiped;
	struct sdp_crypto crypto;

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		assert_int_equal(parse(bad[i], &crypto), -EINVAL);
		assert_memory_equal(&crypto, &wiped, sizeof crypto);
	}
}

static void a_key_longer_than_any_suites_is_void(void **state)
{
	struct sdp_crypto crypto;
	char text[160] = "1 X inline:";

	memset(text + 11, 'A', 88);
	assert_int_equal(parse(text, &crypto), -EINVAL);
}

static void what_is_written_reads_back(void **state)
{
	uint8_t key[46];
	struct sdp_crypto crypto;
	struct sdp_draft draft;
	struct slice text;

	for (unsigned i = 0; i < sizeof key; i++)
		key[i] = (uint8_t)(255 - i);
	sdp_draft_init(&draft);
	sdp_draft_media(&draft, "audio", 4000, "RTP/SAVP");
	sdp_draft_payload(&draft, 0);
	sdp_crypto_write(&draft, 7, "AES_256_CM_HMAC_SHA1_80", key, sizeof key);
	assert_int_equal(draft.err, 0);
	text = sdp_draft_text(&draft);
	assert_true(slice_starts(text, SLICE("m=audio 4000 RTP/SAVP 0\r\na=crypto:7 ")));
	text = slice_of(text.p + 34, text.n - 36);
	assert_int_equal(sdp_crypto_parse(text, &crypto), 0);
	assert_int_equal(crypto.tag, 7);
	assert_true(slice_eq(crypto.suite, SLICE("AES_256_CM_HMAC_SHA1_80")));
	assert_int_equal(crypto.key_size, sizeof key);
	assert_memory_equal(crypto.key, key, sizeof key);
	sdp_draft_free(&draft);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_attribute_is_taken_apart),
		cmocka_unit_test(lifetime_and_mki_are_tolerated_in_every_form),
		cmocka_unit_test(parameters_that_change_nothing_are_passed_over),
		cmocka_unit_test(what_we_do_not_do_is_told_from_what_is_malformed),
		cmocka_unit_test(malformed_attributes_are_void),
		cmocka_unit_test(a_key_longer_than_any_suites_is_void),
		cmocka_unit_test(what_is_written_reads_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
