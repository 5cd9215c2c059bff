/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/base64.h"

/* RFC 4648 section 10. */
static const char *const vectors[][2] = {{"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"},
	{"foob", "Zm9vYg=="}, {"fooba", "Zm9vYmE="}, {"foobar", "Zm9vYmFy"}};

static void the_vectors_of_the_rfc_hold_both_ways(void **state)
{
	for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
		size_t size = strlen(vectors[i][0]), n;
		char text[BASE64_SIZE(6)];
		uint8_t out[6];

		base64_encode((const uint8_t *)vectors[i][0], size, text);
		assert_string_equal(text, vectors[i][1]);
		assert_int_equal(strlen(text), BASE64_SIZE(size) - 1);
		assert_int_equal(base64_decode(slice_str(text), out, sizeof out, &n), 0);
		assert_int_equal(n, size);
		assert_memory_equal(out, vectors[i][0], size);
	}
}

static void every_byte_comes_back(void **state)
{
	uint8_t in[256], out[256];
	char text[BASE64_SIZE(256)];
	size_t n;

	for (unsigned i = 0; i < 256; i++)
		in[i] = (uint8_t)(i * 7);
	base64_encode(in, sizeof in, text);
	assert_int_equal(base64_decode(slice_str(text), out, sizeof out, &n), 0);
	assert_int_equal(n, 256);
	assert_memory_equal(in, out, 256);
}

static void padding_may_be_missing(void **state)
{
	uint8_t out[8];
	size_t n;

	assert_int_equal(base64_decode(SLICE("Zm9vYg"), out, sizeof out, &n), 0);
	assert_int_equal(n, 4);
}

static void what_is_no_base64_is_refused(void **state)
{
	static const char *const bad[] = {"Z", "Zg=", "Zg===", "Z===", "=",
		"====", "Zg==Zg==", "Zm9v=", "Zm 9v", "Zm9v\n", "Zm-_", "Zh==", "Zm9"};
	uint8_t out[16];
	size_t n;

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_int_equal(base64_decode(slice_str(bad[i]), out, sizeof out, &n), -EINVAL);
}

static void more_than_there_is_room_for_is_refused(void **state)
{
	uint8_t out[3];
	size_t n;

	assert_int_equal(base64_decode(SLICE("Zm9v"), out, 3, &n), 0);
	assert_int_equal(base64_decode(SLICE("Zm9vYg=="), out, 3, &n), -ENOBUFS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_vectors_of_the_rfc_hold_both_ways),
		cmocka_unit_test(every_byte_comes_back),
		cmocka_unit_test(padding_may_be_missing),
		cmocka_unit_test(what_is_no_base64_is_refused),
		cmocka_unit_test(more_than_there_is_room_for_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
