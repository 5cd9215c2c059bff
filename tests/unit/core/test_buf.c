/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Buffers: growth, the hard limit, errors that stick. */
#include "core/buf.h"

#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "core/mem.h"

static void assert_holds(const struct buf *b, const char *expected)
{
	assert_int_equal(b->n, strlen(expected));
	assert_memory_equal(b->p, expected, b->n);
}

static void everything_appended_stands_in_order(void **state)
{
	struct buf b;

	buf_init(&b, 1000);
	buf_str(&b, "INVITE");
	buf_char(&b, ' ');
	buf_slice(&b, SLICE("sip:"));
	buf_append(&b, "abc", 2);
	buf_printf(&b, "@%s:%d ", "host", 5060);
	buf_u64(&b, 0);
	buf_char(&b, ' ');
	buf_u64(&b, ULLONG_MAX);
	assert_int_equal(b.err, 0);
	assert_holds(&b, "INVITE sip:ab@host:5060 0 18446744073709551615");
	buf_free(&b);
}

static void a_buffer_fills_to_its_last_byte_and_no_further(void **state)
{
	struct buf b;

	buf_init(&b, 300);
	for (int i = 0; i < 300; i++)
		buf_char(&b, 'x');
	assert_int_equal(b.err, 0);
	assert_int_equal(b.n, 300);
	buf_char(&b, 'y');
	assert_int_equal(b.err, -ENOBUFS);
	assert_int_equal(b.n, 300);
	assert_true(b.cap <= b.max);
	buf_free(&b);
}

static void an_error_sticks_until_reset(void **state)
{
	struct buf b;

	buf_init(&b, 4);
	buf_str(&b, "too long");
	buf_str(&b, "ok");
	assert_int_equal(b.err, -ENOBUFS);
	assert_int_equal(b.n, 0);
	buf_reset(&b);
	buf_str(&b, "ok");
	assert_int_equal(b.err, 0);
	assert_holds(&b, "ok");
	buf_free(&b);
}

static void no_memory_is_an_error_and_loses_nothing(void **state)
{
	struct buf b;

	buf_init(&b, 10000);
	buf_str(&b, "kept");
	mem_fail_after(0);
	assert_int_equal(buf_reserve(&b, 5000), -ENOMEM);
	mem_fail_after(-1);
	assert_int_equal(b.err, -ENOMEM);
	assert_holds(&b, "kept");
	buf_free(&b);
}

static void a_reserve_that_would_overflow_is_refused(void **state)
{
	struct buf b;

	buf_init(&b, SIZE_MAX);
	buf_str(&b, "x");
	assert_int_equal(buf_reserve(&b, SIZE_MAX), -ENOBUFS);
	buf_free(&b);
}

static void consuming_moves_the_rest_to_the_front(void **state)
{
	struct buf b;

	buf_init(&b, 100);
	buf_consume(&b, 5);
	buf_str(&b, "one two");
	buf_consume(&b, 4);
	assert_holds(&b, "two");
	buf_consume(&b, 100);
	assert_int_equal(b.n, 0);
	buf_str(&b, "three");
	assert_holds(&b, "three");
	buf_free(&b);
}

static void a_freed_buffer_is_usable_again(void **state)
{
	struct buf b;

	buf_init(&b, 100);
	buf_str(&b, "a");
	buf_free(&b);
	assert_null(b.p);
	buf_str(&b, "b");
	assert_holds(&b, "b");
	assert_int_equal(buf_view(&b).n, 1);
	buf_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everything_appended_stands_in_order),
		cmocka_unit_test(a_buffer_fills_to_its_last_byte_and_no_further),
		cmocka_unit_test(an_error_sticks_until_reset),
		cmocka_unit_test(no_memory_is_an_error_and_loses_nothing),
		cmocka_unit_test(a_reserve_that_would_overflow_is_refused),
		cmocka_unit_test(consuming_moves_the_rest_to_the_front),
		cmocka_unit_test(a_freed_buffer_is_usable_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
