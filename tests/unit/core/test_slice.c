/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Slices: comparison, trimming, cutting, numbers. */
#include "core/slice.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "core/mem.h"

static void assert_slice(struct slice s, const char *expected)
{
	assert_int_equal(s.n, strlen(expected));
	assert_memory_equal(s.n ? s.p : "", expected, s.n);
}

static void empty_slices_are_equal_whatever_they_point_to(void **state)
{
	assert_true(slice_eq(SLICE_NONE, SLICE("")));
	assert_true(slice_eq_nocase(SLICE(""), slice_str(NULL)));
	assert_false(slice_eq(SLICE_NONE, SLICE("a")));
}

static void nocase_folds_ascii_letters_and_nothing_else(void **state)
{
	assert_true(slice_eq_nocase(SLICE("Call-ID"), SLICE("cALL-id")));
	assert_false(slice_eq_nocase(SLICE("["), SLICE("{")));
	assert_false(slice_eq_nocase(SLICE("@"), SLICE("`")));
	/* Latin-1 and UTF-8 A with grave: no ASCII. */
	assert_false(slice_eq_nocase(SLICE("\xc3\x80"), SLICE("\xc3\xa0")));
	assert_false(slice_eq(SLICE("a"), SLICE("A")));
}

static void starts_compares_the_beginning_only(void **state)
{
	assert_true(slice_starts(SLICE("SIP/2.0 200"), SLICE("SIP/2.0")));
	assert_false(slice_starts(SLICE("SIP"), SLICE("SIP/2.0")));
	assert_false(slice_starts(SLICE("sip/2.0"), SLICE("SIP")));
	assert_true(slice_starts_nocase(SLICE("sip/2.0"), SLICE("SIP")));
	assert_true(slice_starts(SLICE("x"), SLICE_NONE));
}

static void trim_takes_blanks_and_line_ends_off_both_sides(void **state)
{
	assert_slice(slice_trim(SLICE(" \t\r\na b\r\n ")), "a b");
	assert_slice(slice_trim(SLICE(" \t ")), "");
	assert_slice(slice_trim(SLICE_NONE), "");
}

static void find_gives_the_first_offset_or_minus_one(void **state)
{
	assert_int_equal(slice_find(SLICE("a:b:c"), ':'), 1);
	assert_int_equal(slice_find(SLICE("abc"), ':'), -1);
	assert_int_equal(slice_find(SLICE_NONE, ':'), -1);
	assert_int_equal(slice_find(slice_of("a\0b", 3), '\0'), 1);
}

static void cut_gives_the_pieces_in_turn_and_then_ends(void **state)
{
	struct slice s = SLICE("a,,b"), head;

	assert_true(slice_cut(&s, ',', &head));
	assert_slice(head, "a");
	assert_true(slice_cut(&s, ',', &head));
	assert_slice(head, "");
	assert_true(slice_cut(&s, ',', &head));
	assert_slice(head, "b");
	assert_false(slice_cut(&s, ',', &head));
	assert_slice(head, "");
}

static void numbers_up_to_the_limit_are_read(void **state)
{
	uint64_t v64;
	uint32_t v32;

	assert_int_equal(slice_u64(SLICE("18446744073709551615"), UINT64_MAX, &v64), 0);
	assert_true(v64 == UINT64_MAX);
	assert_int_equal(slice_u32(SLICE("65535"), 65535, &v32), 0);
	assert_int_equal(v32, 65535);
	assert_int_equal(slice_u32(SLICE("0005060"), 65535, &v32), 0);
	assert_int_equal(v32, 5060);
}

static void numbers_beyond_the_limit_are_a_range_error(void **state)
{
	uint64_t v64 = 7;
	uint32_t v32 = 7;

	assert_int_equal(slice_u64(SLICE("18446744073709551616"), UINT64_MAX, &v64), -ERANGE);
	assert_int_equal(slice_u64(SLICE("99999999999999999999999"), UINT64_MAX, &v64), -ERANGE);
	assert_int_equal(slice_u32(SLICE("65536"), 65535, &v32), -ERANGE);
	assert_int_equal(v64, 7);
	assert_int_equal(v32, 7);
}

static void what_is_not_all_digits_is_no_number(void **state)
{
	static const char *const bad[] = {"", "-1", "+1", " 1", "1 ", "1a", "0x10", "\xb2"};
	uint32_t v;

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_int_equal(slice_u32(slice_str(bad[i]), UINT32_MAX, &v), -EINVAL);
}

static void dup_ends_with_a_nul_and_fails_without_memory(void **state)
{
	char *s = slice_dup(slice_of("abcdef", 3));

	assert_string_equal(s, "abc");
	mem_free(s);
	mem_fail_after(0);
	assert_null(slice_dup(SLICE("abc")));
	mem_fail_after(-1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(empty_slices_are_equal_whatever_they_point_to),
		cmocka_unit_test(nocase_folds_ascii_letters_and_nothing_else),
		cmocka_unit_test(starts_compares_the_beginning_only),
		cmocka_unit_test(trim_takes_blanks_and_line_ends_off_both_sides),
		cmocka_unit_test(find_gives_the_first_offset_or_minus_one),
		cmocka_unit_test(cut_gives_the_pieces_in_turn_and_then_ends),
		cmocka_unit_test(numbers_up_to_the_limit_are_read),
		cmocka_unit_test(numbers_beyond_the_limit_are_a_range_error),
		cmocka_unit_test(what_is_not_all_digits_is_no_number),
		cmocka_unit_test(dup_ends_with_a_nul_and_fails_without_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
