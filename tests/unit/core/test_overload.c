/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Overload: when new work is refused, and when again not. */
#include "core/overload.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { START = 1000000, MS = 1000 };

static void lags_are_read_once_a_period(void **state)
{
	struct overload o = {0};

	assert_true(overload_due(&o, START));
	overload_update(&o, START, 0, 0);
	assert_false(overload_due(&o, START + OVERLOAD_PERIOD_US - 1));
	assert_true(overload_due(&o, START + OVERLOAD_PERIOD_US));
}

static void a_late_loop_or_late_media_is_overload(void **state)
{
	struct overload o = {0};

	overload_update(&o, START, 0, 0);
	assert_false(overload_update(&o, START + 100 * MS, OVERLOAD_LOOP_LIMIT_US, 0));
	assert_true(overload_update(&o, START + 200 * MS, OVERLOAD_LOOP_LIMIT_US + 1, 0));
	assert_false(overload_update(&o, START + 300 * MS, 0, 0));
	assert_false(overload_update(&o, START + 400 * MS, 0, OVERLOAD_TICK_LIMIT_US));
	assert_true(overload_update(&o, START + 500 * MS, 0, OVERLOAD_TICK_LIMIT_US + 1));
}

static void overload_ends_lower_than_it_begins(void **state)
{
	struct overload o = {0};

	overload_update(&o, START, 0, 0);
	assert_true(overload_update(&o, START + 100 * MS, OVERLOAD_LOOP_LIMIT_US + 1, 0));
	assert_true(overload_update(&o, START + 200 * MS, OVERLOAD_LOOP_LIMIT_US / 2 + 1, 0));
	assert_false(overload_update(&o, START + 300 * MS, OVERLOAD_LOOP_LIMIT_US / 2, 0));
	assert_int_equal(o.changes, 2);
}

/* The first call after a quiet night is not refused for a slow turn of the evening. */
static void what_was_long_ago_is_no_overload(void **state)
{
	struct overload o = {0};

	assert_false(overload_update(&o, START, 10 * OVERLOAD_LOOP_LIMIT_US, 0));
	assert_false(
		overload_update(&o, START + OVERLOAD_STALE_US + 1, 10 * OVERLOAD_LOOP_LIMIT_US, 0));
	assert_true(overload_update(
		&o, START + OVERLOAD_STALE_US + 100 * MS, 10 * OVERLOAD_LOOP_LIMIT_US, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lags_are_read_once_a_period),
		cmocka_unit_test(a_late_loop_or_late_media_is_overload),
		cmocka_unit_test(overload_ends_lower_than_it_begins),
		cmocka_unit_test(what_was_long_ago_is_no_overload),
	};

	return cmocka_run_group_tests_name("overload", tests, NULL, NULL);
}
