/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Timers: order, restarts, a model of sorted times, handlers that start and stop others. */
#include "core/timer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/id.h"

enum { N_TIMERS = 500, STEPS = 100000 };

struct note {
	struct timer timer;
	char letter;
	char **end; /* where the next letter goes */
};

static void write_letter(void *arg)
{
	struct note *n = arg;

	*(*n->end)++ = n->letter;
}

static void note_init(struct note *n, char letter, char **end)
{
	n->letter = letter;
	n->end = end;
	timer_init(&n->timer, write_letter, n);
}

static void timers_fire_by_time_then_by_start(void **state)
{
	char log[8] = "", *end = log;
	struct timer_set set;
	struct note a, b, c, d;

	timer_set_init(&set, 1000);
	note_init(&a, 'a', &end);
	note_init(&b, 'b', &end);
	note_init(&c, 'c', &end);
	note_init(&d, 'd', &end);
	timer_start_ms(&c.timer, &set, 2);
	timer_start_us(&a.timer, &set, 1000);
	timer_start_us(&b.timer, &set, 1000);
	timer_start_us(&d.timer, &set, 2001);
	assert_int_equal(timer_set_next(&set), 2000);
	timer_set_run(&set, 1999);
	assert_string_equal(log, "");
	timer_set_run(&set, 3000);
	assert_string_equal(log, "abc");
	assert_false(timer_running(&a.timer));
	assert_true(timer_running(&d.timer));
	timer_set_run(&set, 3001);
	assert_string_equal(log, "abcd");
	assert_true(timer_set_next(&set) == UINT64_MAX);
}

static void starting_anew_moves_and_stopping_removes(void **state)
{
	char log[8] = "", *end = log;
	struct timer_set set;
	struct note a, b;

	timer_set_init(&set, 0);
	note_init(&a, 'a', &end);
	note_init(&b, 'b', &end);
	timer_start_us(&a.timer, &set, 10);
	timer_start_us(&b.timer, &set, 20);
	timer_start_us(&a.timer, &set, 30);
	timer_set_run(&set, 25);
	assert_string_equal(log, "b");
	timer_stop(&a.timer);
	timer_stop(&a.timer);
	timer_set_run(&set, 100);
	assert_string_equal(log, "b");
}

static void time_never_runs_backwards(void **state)
{
	struct timer_set set;

	timer_set_init(&set, 500);
	timer_set_run(&set, 400);
	assert_int_equal(set.now, 500);
}

static void a_delay_beyond_all_time_never_fires(void **state)
{
	char log[8] = "", *end = log;
	struct timer_set set;
	struct note a;

	timer_set_init(&set, 500);
	note_init(&a, 'a', &end);
	timer_start_ms(&a.timer, &set, UINT64_MAX);
	timer_set_run(&set, UINT64_MAX - 1);
	assert_string_equal(log, "");
	timer_stop(&a.timer);
}

struct restless {
	struct timer timer;
	struct timer_set *set;
	unsigned fired;
};

static void start_again_at_once(void *arg)
{
	struct restless *r = arg;

	r->fired++;
	timer_start_us(&r->timer, r->set, 0);
}

static void a_delay_of_zero_waits_for_the_next_run(void **state)
{
	char log[8] = "", *end = log;
	struct timer_set set;
	struct restless r = {.set = &set};
	struct note a;

	timer_set_init(&set, 0);
	timer_init(&r.timer, start_again_at_once, &r);
	note_init(&a, 'a', &end);
	timer_start_us(&r.timer, &set, 0);
	timer_start_us(&a.timer, &set, 0);
	timer_set_run(&set, 10);
	/* Neither an endless loop nor a neighbour left out. */
	assert_int_equal(r.fired, 1);
	assert_string_equal(log, "a");
	timer_set_run(&set, 10);
	assert_int_equal(r.fired, 2);
	timer_stop(&r.timer);
}

static void a_restless_timer_does_not_hold_up_later_ones(void **state)
{
	char log[8] = "", *end = log;
	struct timer_set set;
	struct restless r = {.set = &set};
	struct note a;

	timer_set_init(&set, 0);
	timer_init(&r.timer, start_again_at_once, &r);
	note_init(&a, 'a', &end);
	timer_start_us(&r.timer, &set, 0);
	timer_start_us(&a.timer, &set, 5);
	for (uint64_t now = 1; now <= 6; now++)
		timer_set_run(&set, now);
	assert_string_equal(log, "a");
	timer_stop(&r.timer);
}

struct stopper {
	struct timer timer;
	struct note *victim;
};

static void stop_victim(void *arg)
{
	struct stopper *s = arg;

	timer_stop(&s->victim->timer);
}

static void a_handler_may_stop_a_timer_that_is_due_too(void **state)
{
	char log[8] = "", *end = log;
	struct timer_set set;
	struct stopper s;
	struct note a;

	timer_set_init(&set, 0);
	note_init(&a, 'a', &end);
	s.victim = &a;
	timer_init(&s.timer, stop_victim, &s);
	timer_start_us(&s.timer, &set, 1);
	timer_start_us(&a.timer, &set, 1);
	timer_set_run(&set, 1);
	assert_string_equal(log, "");
}

struct model_timer {
	struct timer timer;
	struct model *model;
	bool running;
	uint64_t due, order;
};

struct model {
	struct timer_set set;
	struct model_timer timers[N_TIMERS];
	uint64_t order;
	unsigned fired;
};

static struct model_timer *model_first(struct model *m)
{
	struct model_timer *first = NULL;

	for (int i = 0; i < N_TIMERS; i++) {
		struct model_timer *t = &m->timers[i];

		if (t->running && (!first || t->due < first->due ||
					  (t->due == first->due && t->order < first->order)))
			first = t;
	}
	return first;
}

static void model_fired(void *arg)
{
	struct model_timer *t = arg;

	assert_ptr_equal(t, model_first(t->model));
	assert_true(t->due <= t->model->set.now);
	t->running = false;
	t->model->fired++;
}

static void random_starts_and_stops_agree_with_a_sorted_model(void **state)
{
	struct model *m = test_calloc(1, sizeof *m);
	uint64_t now = 0;

	random_seed_for_test(20240607);
	timer_set_init(&m->set, 0);
	for (int i = 0; i < N_TIMERS; i++) {
		m->timers[i].model = m;
		timer_init(&m->timers[i].timer, model_fired, &m->timers[i]);
	}
	for (int step = 0; step < STEPS; step++) {
		struct model_timer *t = &m->timers[random_below(N_TIMERS)];

		if (random_below(3) == 0) {
			timer_stop(&t->timer);
			t->running = false;
		} else {
			uint64_t delay = random_below(2000);

			timer_start_us(&t->timer, &m->set, delay);
			*t = (struct model_timer){t->timer, m, true, now + delay, ++m->order};
		}
		if (random_below(100) == 0) {
			struct model_timer *first;

			now += random_below(500);
			timer_set_run(&m->set, now);
			first = model_first(m);
			assert_true(!first || first->due > now);
			assert_true(timer_set_next(&m->set) == (first ? first->due : UINT64_MAX));
		}
	}
	timer_set_run(&m->set, now + 10000);
	assert_null(model_first(m));
	assert_true(m->fired > 1000);
	random_seed_for_test(0);
	test_free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(timers_fire_by_time_then_by_start),
		cmocka_unit_test(starting_anew_moves_and_stopping_removes),
		cmocka_unit_test(time_never_runs_backwards),
		cmocka_unit_test(a_delay_beyond_all_time_never_fires),
		cmocka_unit_test(a_delay_of_zero_waits_for_the_next_run),
		cmocka_unit_test(a_restless_timer_does_not_hold_up_later_ones),
		cmocka_unit_test(a_handler_may_stop_a_timer_that_is_due_too),
		cmocka_unit_test(random_starts_and_stops_agree_with_a_sorted_model),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
