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

/* As many readings as it takes, from at on, 100 ms apart; returns what the last one said. */
static bool told(struct overload *o, uint64_t at, unsigned n, uint64_t loop_lag, uint64_t tick_lag)
{
	bool on = false;

	for (unsigned i = 0; i < n; i++)
		on = overload_update(o, at + i * 100 * MS, loop_lag, tick_lag);
	return on;
}

static void a_late_loop_or_late_media_is_overload(void **state)
{
	struct overload o = {0};

	told(&o, START, 1, 0, 0);
	assert_false(told(&o, START + 100 * MS, 9, OVERLOAD_LOOP_LIMIT_US, OVERLOAD_TICK_LIMIT_US));
	assert_true(told(&o, START + 1000 * MS, OVERLOAD_READINGS, OVERLOAD_LOOP_LIMIT_US + 1, 0));
	assert_false(told(&o, START + 2000 * MS, 1, 0, 0));
	assert_true(told(&o, START + 2100 * MS, OVERLOAD_READINGS, 0, OVERLOAD_TICK_LIMIT_US + 1));
}

static void a_hiccup_of_the_machine_is_no_overload(void **state)
{
	struct overload o = {0};

	told(&o, START, 1, 0, 0);
	for (unsigned i = 1; i < 20; i++)
		assert_false(overload_update(&o, START + i * 100 * MS,
			i % OVERLOAD_READINGS ? 10 * OVERLOAD_LOOP_LIMIT_US : 0, 0));
	assert_int_equal(o.changes, 0);
}

static void overload_ends_lower_than_it_begins(void **state)
{
	struct overload o = {0};

	told(&o, START, 1, 0, 0);
	assert_true(told(&o, START + 100 * MS, OVERLOAD_READINGS, OVERLOAD_LOOP_LIMIT_US + 1, 0));
	assert_true(told(&o, START + 1000 * MS, 5, OVERLOAD_LOOP_LIMIT_US / 2 + 1, 0));
	assert_false(told(&o, START + 1500 * MS, 1, OVERLOAD_LOOP_LIMIT_US / 2, 0));
	assert_int_equal(o.changes, 2);
}

/* The first calls after a quiet night are not refused for slow turns of the evening. */
static void what_was_long_ago_is_no_overload(void **state)
{
	struct overload o = {0};

	for (unsigned i = 0; i < 10; i++)
		assert_false(overload_update(
			&o, START + i * (OVERLOAD_STALE_US + 1), 10 * OVERLOAD_LOOP_LIMIT_US, 0));
}

static void a_queue_that_stands_is_overload_until_it_is_worked_off(void **state)
{
	struct overload o = {0};

	assert_false(overload_now(&o, START, OVERLOAD_BACKLOG_LIMIT_US));
	assert_true(overload_now(&o, START + MS, OVERLOAD_BACKLOG_LIMIT_US + 1));
	assert_true(overload_now(&o, START + 2 * MS, OVERLOAD_BACKLOG_LIMIT_US + MS));
	assert_false(overload_now(&o, START + 3 * MS, 0));
}

/* Queues come and go ten times a second while too much is asked: that is one overload. */
static void the_log_tells_of_one_overload_while_queues_come_and_go(void **state)
{
	struct overload o = {0};
	uint64_t now = START;

	for (unsigned i = 0; i < 50; i++, now += 100 * MS) {
		overload_update(&o, now, 0, 0);
		overload_now(&o, now, i % 2 ? 0 : OVERLOAD_BACKLOG_LIMIT_US + 1);
	}
	assert_int_equal(o.changes, 1);
	overload_update(&o, now + OVERLOAD_STALE_US, 0, 0);
	assert_int_equal(o.changes, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lags_are_read_once_a_period),
		cmocka_unit_test(a_late_loop_or_late_media_is_overload),
		cmocka_unit_test(a_hiccup_of_the_machine_is_no_overload),
		cmocka_unit_test(overload_ends_lower_than_it_begins),
		cmocka_unit_test(what_was_long_ago_is_no_overload),
		cmocka_unit_test(a_queue_that_stands_is_overload_until_it_is_worked_off),
		cmocka_unit_test(the_log_tells_of_one_overload_while_queues_come_and_go),
	};

	return cmocka_run_group_tests_name("overload", tests, NULL, NULL);
}
