/* SPDX-License-Identifier: GPL-3.0-or-later */
/* STUN: the test vectors of RFC 5769, what goes out comes back, and what is malformed. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "net/stun.h"

#define VECTOR(name, ...) static const uint8_t name[] = {__VA_ARGS__}
#define VIEW(name) slice_of((const char *)(name), sizeof(name))
#define ID 0xb7, 0xe7, 0xa7, 0x01, 0xbc, 0x34, 0xd6, 0x86, 0xfa, 0x87, 0xdf, 0xae

/* RFC 5769 2.1 */
VECTOR(request, 0x00, 0x01, 0x00, 0x58, 0x21, 0x12, 0xa4, 0x42, ID, 0x80, 0x22, 0x00, 0x10, 'S',
	'T', 'U', 'N', ' ', 't', 'e', 's', 't', ' ', 'c', 'l', 'i', 'e', 'n', 't', 0x00, 0x24, 0x00,
	0x04, 0x6e, 0x00, 0x01, 0xff, 0x80, 0x29, 0x00, 0x08, 0x93, 0x2f, 0xf9, 0xb1, 0x51, 0x26,
	0x3b, 0x36, 0x00, 0x06, 0x00, 0x09, 'e', 'v', 't', 'j', ':', 'h', '6', 'v', 'Y', 0x20, 0x20,
	0x20, 0x00, 0x08, 0x00, 0x14, 0x9a, 0xea, 0xa7, 0x0c, 0xbf, 0xd8, 0xcb, 0x56, 0x78, 0x1e,
	0xf2, 0xb5, 0xb2, 0xd3, 0xf2, 0x49, 0xc1, 0xb5, 0x71, 0xa2, 0x80, 0x28, 0x00, 0x04, 0xe5,
	0x7a, 0x3b, 0xcf);

/* RFC 5769 2.2 */
VECTOR(response_ipv4, 0x01, 0x01, 0x00, 0x3c, 0x21, 0x12, 0xa4, 0x42, ID, 0x80, 0x22, 0x00, 0x0b,
	't', 'e', 's', 't', ' ', 'v', 'e', 'c', 't', 'o', 'r', 0x20, 0x00, 0x20, 0x00, 0x08, 0x00,
	0x01, 0xa1, 0x47, 0xe1, 0x12, 0xa6, 0x43, 0x00, 0x08, 0x00, 0x14, 0x2b, 0x91, 0xf5, 0x99,
	0xfd, 0x9e, 0x90, 0xc3, 0x8c, 0x74, 0x89, 0xf9, 0x2a, 0xf9, 0xba, 0x53, 0xf0, 0x6b, 0xe7,
	0xd7, 0x80, 0x28, 0x00, 0x04, 0xc0, 0x7d, 0x4c, 0x96);

/* RFC 5769 2.3 */
VECTOR(response_ipv6, 0x01, 0x01, 0x00, 0x48, 0x21, 0x12, 0xa4, 0x42, ID, 0x80, 0x22, 0x00, 0x0b,
	't', 'e', 's', 't', ' ', 'v', 'e', 'c', 't', 'o', 'r', 0x20, 0x00, 0x20, 0x00, 0x14, 0x00,
	0x02, 0xa1, 0x47, 0x01, 0x13, 0xa9, 0xfa, 0xa5, 0xd3, 0xf1, 0x79, 0xbc, 0x25, 0xf4, 0xb5,
	0xbe, 0xd2, 0xb9, 0xd9, 0x00, 0x08, 0x00, 0x14, 0xa3, 0x82, 0x95, 0x4e, 0x4b, 0xe6, 0x7b,
	0xf1, 0x17, 0x84, 0xc9, 0x7c, 0x82, 0x92, 0xc2, 0x75, 0xbf, 0xe3, 0xed, 0x41, 0x80, 0x28,
	0x00, 0x04, 0xc8, 0xfb, 0x0b, 0x4c);

/* RFC 5769 2.4 */
VECTOR(long_term, 0x00, 0x01, 0x00, 0x60, 0x21, 0x12, 0xa4, 0x42, 0x78, 0xad, 0x34, 0x33, 0xc6,
	0xad, 0x72, 0xc0, 0x29, 0xda, 0x41, 0x2e, 0x00, 0x06, 0x00, 0x12, 0xe3, 0x83, 0x9e, 0xe3,
	0x83, 0x88, 0xe3, 0x83, 0xaa, 0xe3, 0x83, 0x83, 0xe3, 0x82, 0xaf, 0xe3, 0x82, 0xb9, 0x00,
	0x00, 0x00, 0x15, 0x00, 0x1c, 'f', '/', '/', '4', '9', '9', 'k', '9', '5', '4', 'd', '6',
	'O', 'L', '3', '4', 'o', 'L', '9', 'F', 'S', 'T', 'v', 'y', '6', '4', 's', 'A', 0x00, 0x14,
	0x00, 0x0b, 'e', 'x', 'a', 'm', 'p', 'l', 'e', '.', 'o', 'r', 'g', 0x00, 0x00, 0x08, 0x00,
	0x14, 0xf6, 0x70, 0x24, 0x65, 0x6d, 0xd6, 0x4a, 0x3e, 0x02, 0xb8, 0xe0, 0x71, 0x2e, 0x85,
	0xc9, 0xa2, 0x8c, 0xa8, 0x96, 0x66);

static const struct slice password = {"VOkJxbRl1RmTxUk/WvJxBt", 22};
static const struct stun_id id = {{ID}};

static void assert_slice(struct slice s, const char *expected)
{
	assert_int_equal(s.n, strlen(expected));
	assert_memory_equal(s.p, expected, s.n);
}

static void request_of_rfc_5769_is_read_and_verified(void **state)
{
	struct stun_message msg;

	assert_int_equal(stun_parse(VIEW(request), &msg), 0);
	assert_int_equal(msg.class, STUN_REQUEST);
	assert_int_equal(msg.method, STUN_BINDING);
	assert_true(stun_id_equal(&msg.id, &id));
	assert_slice(msg.software, "STUN test client");
	assert_slice(msg.username, "evtj:h6vY");
	assert_true(msg.has_priority && msg.controlled && msg.has_fingerprint);
	assert_false(msg.controlling || msg.use_candidate);
	assert_int_equal(msg.priority, 0x6e0001ff);
	assert_true(msg.tie_breaker == 0x932ff9b151263b36);
	assert_true(stun_verify(&msg, password));
	assert_false(stun_verify(&msg, SLICE("VOkJxbRl1RmTxUk/WvJxBT")));
	assert_int_equal(msg.n_unknown, 0);
}

static void check_response(struct slice packet, const char *host)
{
	struct stun_message msg;
	struct addr expected;

	assert_int_equal(stun_parse(packet, &msg), 0);
	assert_int_equal(msg.class, STUN_SUCCESS);
	assert_int_equal(addr_parse(slice_str(host), 32853, &expected), 0);
	assert_true(addr_equal(&msg.mapped, &expected));
	assert_true(stun_verify(&msg, password));
	assert_true(msg.has_fingerprint);
}

static void responses_of_rfc_5769_are_read_and_verified(void **state)
{
	check_response(VIEW(response_ipv4), "192.0.2.1");
	check_response(VIEW(response_ipv6), "2001:db8:1234:5678:11:2233:4455:6677");
}

static void long_term_request_of_rfc_5769_is_verified(void **state)
{
	struct stun_message msg;
	uint8_t key[16];

	assert_int_equal(stun_parse(VIEW(long_term), &msg), 0);
	assert_slice(msg.realm, "example.org");
	assert_slice(msg.nonce, "f//499k954d6OL34oL9FSTvy64sA");
	assert_int_equal(stun_long_term_key(msg.username, msg.realm, SLICE("TheMatrIX"), key), 0);
	assert_true(stun_verify(&msg, VIEW(key)));
	assert_false(msg.has_fingerprint);
}

static void writing_gives_the_bytes_of_rfc_5769(void **state)
{
	struct stun_writer w;
	struct addr addr;

	/* But for the padding: there blanks, ours zeros, so without attributes that need any. */
	stun_begin(&w, STUN_SUCCESS, STUN_BINDING, &id);
	addr_parse(SLICE("192.0.2.1"), 32853, &addr);
	stun_add_mapped(&w, &addr);
	assert_memory_equal(w.p + STUN_HEADER, response_ipv4 + 36, 12);
	addr_parse(SLICE("2001:db8:1234:5678:11:2233:4455:6677"), 32853, &addr);
	stun_begin(&w, STUN_SUCCESS, STUN_BINDING, &id);
	stun_add_mapped(&w, &addr);
	assert_memory_equal(w.p + STUN_HEADER, response_ipv6 + 36, 24);
	assert_memory_equal(w.p + 4, response_ipv6 + 4, 16);
}

static void what_is_written_is_read_back(void **state)
{
	struct stun_writer w;
	struct stun_message msg;
	struct addr addr;

	addr_parse(SLICE("2001:db8::1"), 5060, &addr);
	stun_begin(&w, STUN_ERROR, 0xabc, &id);
	stun_add(&w, STUN_USERNAME, SLICE("a:bc"));
	stun_add(&w, STUN_SOFTWARE, SLICE("x"));
	stun_add_u32(&w, STUN_PRIORITY, 0x80000001);
	stun_add(&w, STUN_USE_CANDIDATE, SLICE_NONE);
	stun_add_u64(&w, STUN_ICE_CONTROLLING, 0x8000000000000001);
	stun_add_mapped(&w, &addr);
	stun_add_error(&w, 487, SLICE("Role Conflict"));
	stun_add_integrity(&w, password);
	stun_add_fingerprint(&w);
	assert_int_equal(w.err, 0);
	assert_int_equal(stun_parse(stun_view(&w), &msg), 0);
	assert_int_equal(msg.class, STUN_ERROR);
	assert_int_equal(msg.method, 0xabc);
	assert_slice(msg.username, "a:bc");
	assert_slice(msg.software, "x");
	assert_true(msg.use_candidate && msg.controlling && msg.has_fingerprint);
	assert_true(msg.tie_breaker == 0x8000000000000001);
	assert_int_equal(msg.priority, 0x80000001);
	assert_true(addr_equal(&msg.mapped, &addr));
	assert_int_equal(msg.error, 487);
	assert_slice(msg.reason, "Role Conflict");
	assert_true(stun_verify(&msg, password));
}

static void every_flipped_bit_is_noticed(void **state)
{
	struct stun_message msg;
	uint8_t copy[sizeof request];

	for (size_t i = 0; i < 8 * sizeof request; i++) {
		memcpy(copy, request, sizeof copy);
		copy[i / 8] ^= (uint8_t)(1 << i % 8);
		assert_false(stun_parse(VIEW(copy), &msg) == 0 && stun_verify(&msg, password) &&
			     msg.has_fingerprint);
	}
}

static void every_cut_message_is_refused(void **state)
{
	struct stun_message msg;

	for (size_t n = 0; n < sizeof request; n++) {
		assert_false(stun_is(slice_of((const char *)request, n)));
		assert_int_equal(stun_parse(slice_of((const char *)request, n), &msg), -EBADMSG);
	}
}

static void unknown_attributes_that_must_be_understood_are_named(void **state)
{
	struct stun_writer w, answer;
	struct stun_message msg;

	stun_begin(&w, STUN_REQUEST, STUN_BINDING, &id);
	for (unsigned i = 0; i < 40; i++)
		stun_add(&w, (enum stun_attribute)(0x7f00 + i), SLICE("abc"));
	stun_add(&w, (enum stun_attribute)0xff00, SLICE("may be ignored"));
	assert_int_equal(stun_parse(stun_view(&w), &msg), 0);
	assert_int_equal(msg.n_unknown, STUN_MAX_UNKNOWN);
	assert_int_equal(msg.unknown[15], 0x7f0f);
	stun_begin(&answer, STUN_ERROR, STUN_BINDING, &msg.id);
	stun_add_unknown(&answer, &msg);
	assert_int_equal(answer.p[STUN_HEADER + 3], 2 * STUN_MAX_UNKNOWN);
	assert_int_equal(answer.p[STUN_HEADER + 5], 0x00);
	assert_int_equal(answer.p[STUN_HEADER + 4], 0x7f);
}

static void what_stands_behind_the_integrity_is_ignored(void **state)
{
	struct stun_writer w;
	struct stun_message msg;

	stun_begin(&w, STUN_REQUEST, STUN_BINDING, &id);
	stun_add_integrity(&w, password);
	stun_add(&w, STUN_USE_CANDIDATE, SLICE_NONE);
	stun_add(&w, STUN_USERNAME, SLICE("forged"));
	assert_int_equal(stun_parse(stun_view(&w), &msg), 0);
	assert_false(msg.use_candidate);
	assert_int_equal(msg.username.n, 0);
	assert_true(stun_verify(&msg, password));
}

static void odd_attributes_are_refused(void **state)
{
	static const struct {
		enum stun_attribute type;
		const char *value;
		size_t n;
	} odd[] = {
		{STUN_XOR_MAPPED_ADDRESS, "\0\3\0\0aaaa", 8},
		{STUN_XOR_MAPPED_ADDRESS, "\0\1\0\0aaaaa", 9},
		{STUN_MAPPED_ADDRESS, "\0\2\0\0aaaa", 8},
		{STUN_MAPPED_ADDRESS, "", 0},
		{STUN_ERROR_CODE, "\0\0\7\0", 4},
		{STUN_ERROR_CODE, "\0\0\4\144", 4},
		{STUN_ERROR_CODE, "\0\0", 2},
		{STUN_PRIORITY, "abc", 3},
		{STUN_ICE_CONTROLLED, "abcd", 4},
		{STUN_ICE_CONTROLLING, "", 0},
		{STUN_MESSAGE_INTEGRITY, "abcd", 4},
		{STUN_FINGERPRINT, "abcd", 4},
	};
	struct stun_writer w;
	struct stun_message msg;

	for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
		stun_begin(&w, STUN_SUCCESS, STUN_BINDING, &id);
		stun_add(&w, odd[i].type, slice_of(odd[i].value, odd[i].n));
		assert_int_equal(stun_parse(stun_view(&w), &msg), -EBADMSG);
	}
}

static void writing_too_much_is_an_error_that_sticks(void **state)
{
	static const char big[STUN_MAX] = "";
	struct stun_writer w;

	stun_begin(&w, STUN_REQUEST, STUN_BINDING, &id);
	stun_add(&w, STUN_SOFTWARE, slice_of(big, STUN_MAX - STUN_HEADER - 4));
	assert_int_equal(w.err, 0);
	assert_int_equal(w.n, STUN_MAX);
	stun_add_fingerprint(&w);
	assert_int_equal(w.err, -ENOBUFS);
	stun_add(&w, STUN_USE_CANDIDATE, SLICE_NONE);
	assert_int_equal(w.n, STUN_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(request_of_rfc_5769_is_read_and_verified),
		cmocka_unit_test(responses_of_rfc_5769_are_read_and_verified),
		cmocka_unit_test(long_term_request_of_rfc_5769_is_verified),
		cmocka_unit_test(writing_gives_the_bytes_of_rfc_5769),
		cmocka_unit_test(what_is_written_is_read_back),
		cmocka_unit_test(every_flipped_bit_is_noticed),
		cmocka_unit_test(every_cut_message_is_refused),
		cmocka_unit_test(unknown_attributes_that_must_be_understood_are_named),
		cmocka_unit_test(what_stands_behind_the_integrity_is_ignored),
		cmocka_unit_test(odd_attributes_are_refused),
		cmocka_unit_test(writing_too_much_is_an_error_that_sticks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
