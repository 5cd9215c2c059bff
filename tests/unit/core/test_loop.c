/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Loop: order of work in a turn, posts from threads, a fresh clock, closing. */
#include "core/loop.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "core/mem.h"

enum { THREADS = 4, POSTS = 5000 };

struct fixture {
	struct loop *loop;
	char log[64]; /* one letter per thing that happened */
	size_t n;
};

static void note(struct fixture *f, char c)
{
	if (f->n + 1 < sizeof f->log)
		f->log[f->n++] = c;
}

static int setup(void **state)
{
	struct fixture *f = test_calloc(1, sizeof *f);

	assert_int_equal(loop_new(&f->loop), 0);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	loop_close(f->loop);
	test_free(f);
	return 0;
}

static void stop(void *arg)
{
	struct fixture *f = arg;

	note(f, 's');
	loop_stop(f->loop);
}

static void note_a(void *arg)
{
	note(arg, 'a');
}

static void note_b(void *arg)
{
	note(arg, 'b');
}

static void posted_work_runs_in_the_order_it_was_posted(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(loop_post(f->loop, note_a, f), 0);
	assert_int_equal(loop_post(f->loop, note_b, f), 0);
	assert_int_equal(loop_post(f->loop, note_a, f), 0);
	assert_int_equal(loop_post(f->loop, stop, f), 0);
	loop_run(f->loop);
	assert_string_equal(f->log, "abas");
}

static void posting_without_memory_is_an_error(void **state)
{
	struct fixture *f = *state;

	mem_fail_after(0);
	assert_int_equal(loop_post(f->loop, note_a, f), -ENOMEM);
	mem_fail_after(-1);
}

struct sender {
	struct fixture *f;
	pthread_t thread;
	struct item {
		struct sender *sender;
		unsigned number;
	} items[POSTS];
	unsigned expected;
	unsigned *total;
};

static void count_item(void *arg)
{
	struct item *item = arg;
	struct sender *s = item->sender;

	assert_int_equal(item->number, s->expected);
	s->expected++;
	if (++*s->total == THREADS * POSTS)
		loop_stop(s->f->loop);
}

static void *send_items(void *arg)
{
	struct sender *s = arg;

	for (unsigned i = 0; i < POSTS; i++) {
		s->items[i] = (struct item){s, i};
		if (loop_post(s->f->loop, count_item, &s->items[i]) < 0)
			return s;
	}
	return NULL;
}

static void posts_of_many_threads_all_arrive_in_each_threads_order(void **state)
{
	struct sender *senders = test_calloc(THREADS, sizeof *senders);
	unsigned total = 0;
	void *failed;

	for (int i = 0; i < THREADS; i++) {
		senders[i].f = *state;
		senders[i].total = &total;
		assert_int_equal(
			pthread_create(&senders[i].thread, NULL, send_items, &senders[i]), 0);
	}
	loop_run(senders->f->loop);
	assert_int_equal(total, THREADS * POSTS);
	for (int i = 0; i < THREADS; i++) {
		pthread_join(senders[i].thread, &failed);
		assert_null(failed);
	}
	test_free(senders);
}

struct task_fixture {
	struct fixture *f;
	struct loop_task task, second;
	unsigned runs;
};

static void run_again(void *arg)
{
	struct task_fixture *t = arg;

	if (++t->runs == 100)
		loop_stop(t->f->loop);
	loop_task_schedule(t->f->loop, &t->task);
}

static void a_task_that_schedules_itself_does_not_starve_the_loop(void **state)
{
	struct task_fixture t = {.f = *state};

	loop_task_init(&t.task, run_again, &t);
	loop_task_schedule(t.f->loop, &t.task);
	loop_post(t.f->loop, stop, t.f);
	loop_run(t.f->loop);
	assert_true(t.runs < 100);
	/* The second stop comes from the hundredth run: the loop did not wait in between. */
	loop_run(t.f->loop);
	assert_true(t.runs >= 100);
	loop_task_cancel(&t.task);
}

static void a_task_scheduled_twice_runs_once_and_before_the_wait(void **state)
{
	struct fixture *f = *state;
	struct loop_task a, b;
	struct timer timer;

	loop_task_init(&a, note_a, f);
	loop_task_init(&b, note_b, f);
	timer_init(&timer, stop, f);
	loop_wake(f->loop);
	timer_start_ms(&timer, loop_timers(f->loop), 2);
	loop_task_schedule(f->loop, &a);
	loop_task_schedule(f->loop, &b);
	loop_task_schedule(f->loop, &a);
	loop_run(f->loop);
	assert_string_equal(f->log, "abs");
}

static void schedule_second(void *arg)
{
	struct task_fixture *t = arg;

	note(t->f, '1');
	loop_task_schedule(t->f->loop, &t->second);
}

static void a_task_scheduled_by_a_task_runs_before_the_wait(void **state)
{
	struct task_fixture t = {.f = *state};
	struct timer timer;

	loop_task_init(&t.task, schedule_second, &t);
	loop_task_init(&t.second, note_b, t.f);
	timer_init(&timer, stop, t.f);
	loop_wake(t.f->loop);
	timer_start_ms(&timer, loop_timers(t.f->loop), 2);
	loop_task_schedule(t.f->loop, &t.task);
	loop_run(t.f->loop);
	assert_string_equal(t.f->log, "1bs");
}

static void cancel_second(void *arg)
{
	struct task_fixture *t = arg;

	note(t->f, 'c');
	loop_task_cancel(&t->second);
}

static void a_task_may_cancel_the_one_behind_it(void **state)
{
	struct task_fixture t = {.f = *state};

	loop_task_init(&t.task, cancel_second, &t);
	loop_task_init(&t.second, note_b, t.f);
	loop_task_schedule(t.f->loop, &t.task);
	loop_task_schedule(t.f->loop, &t.second);
	loop_post(t.f->loop, stop, t.f);
	loop_run(t.f->loop);
	assert_string_equal(t.f->log, "cs");
}

static void timers_fire_in_the_order_they_are_due(void **state)
{
	struct fixture *f = *state;
	struct timer late, early, last;

	timer_init(&last, stop, f);
	timer_init(&late, note_b, f);
	timer_init(&early, note_a, f);
	loop_wake(f->loop);
	timer_start_ms(&last, loop_timers(f->loop), 12);
	timer_start_ms(&late, loop_timers(f->loop), 6);
	timer_start_ms(&early, loop_timers(f->loop), 3);
	loop_run(f->loop);
	assert_string_equal(f->log, "abs");
}

struct turns {
	uv_prepare_t prepare;
	unsigned n;
};

static void count_turn(uv_prepare_t *prepare)
{
	struct turns *turns = prepare->data;

	turns->n++;
}

static void waiting_for_a_timer_costs_no_turns(void **state)
{
	struct fixture *f = *state;
	struct turns turns = {0};
	struct timer timer;

	uv_prepare_init(loop_uv(f->loop), &turns.prepare);
	turns.prepare.data = &turns;
	uv_prepare_start(&turns.prepare, count_turn);
	timer_init(&timer, stop, f);
	loop_wake(f->loop);
	timer_start_ms(&timer, loop_timers(f->loop), 20);
	loop_run(f->loop);
	assert_in_range(turns.n, 1, 4);
	uv_close((uv_handle_t *)&turns.prepare, NULL);
	/* The handle stands on this stack: it must be gone before this function ends. */
	loop_stop(f->loop);
	loop_run(f->loop);
}

struct early_fixture {
	struct fixture *f;
	struct timer timer;
	uint64_t due;
	unsigned left;
	bool early;
};

static void check_not_early(void *arg)
{
	struct early_fixture *e = arg;

	if (loop_now(e->f->loop) < e->due)
		e->early = true;
	if (e->left-- == 0) {
		loop_stop(e->f->loop);
		return;
	}
	e->due = loop_now(e->f->loop) + 700;
	timer_start_us(&e->timer, loop_timers(e->f->loop), 700);
}

static void a_timer_is_never_early(void **state)
{
	struct early_fixture e = {.f = *state, .left = 20};

	timer_init(&e.timer, check_not_early, &e);
	timer_start_us(&e.timer, loop_timers(e.f->loop), 0);
	loop_run(e.f->loop);
	assert_false(e.early);
}

static void busy(void *arg)
{
	struct fixture *f = arg;
	uint64_t until = uv_hrtime() + 5000000;

	while (uv_hrtime() < until)
		;
	note(f, 'l');
}

static void wake_after_work(void *arg)
{
	struct fixture *f = arg;
	uint64_t before = loop_now(f->loop), stood;

	busy(f);
	stood = loop_now(f->loop);
	loop_wake(f->loop);
	assert_int_equal(stood, before);
	assert_true(loop_now(f->loop) >= before + 5000);
	loop_stop(f->loop);
}

static void the_clock_stands_until_loop_wake_reads_it(void **state)
{
	struct fixture *f = *state;

	loop_post(f->loop, wake_after_work, f);
	loop_run(f->loop);
	assert_string_equal(f->log, "l");
}

static void the_lag_is_that_of_the_longest_turn_and_is_taken_once(void **state)
{
	struct fixture *f = *state;

	loop_post(f->loop, busy, f);
	loop_post(f->loop, stop, f);
	loop_run(f->loop);
	/* The turn is measured when the next one begins. */
	loop_stop(f->loop);
	loop_run(f->loop);
	assert_true(loop_take_lag(f->loop) >= 5000);
	assert_int_equal(loop_take_lag(f->loop), 0);
}

static struct loop *signalled;

static void on_signal(int number)
{
	loop_stop(signalled);
}

static void raise_signal(void *arg)
{
	raise(SIGUSR1);
}

static void a_signals_handler_may_stop_the_loop(void **state)
{
	struct fixture *f = *state;

	signalled = f->loop;
	signal(SIGUSR1, on_signal);
	loop_post(f->loop, raise_signal, f);
	loop_run(f->loop);
	signal(SIGUSR1, SIG_DFL);
}

static void post_more(void *arg)
{
	struct fixture *f = arg;

	note(f, 'p');
	loop_post(f->loop, note_a, f);
}

static void closed(uv_handle_t *handle)
{
	struct task_fixture *t = handle->data;

	note(t->f, 'C');
	loop_task_schedule(t->f->loop, &t->task);
}

static void closing_runs_what_was_left_and_waits_for_the_handles_of_others(void **state)
{
	struct fixture f = {0};
	struct task_fixture t = {.f = &f};
	uv_timer_t handle;

	assert_int_equal(loop_new(&f.loop), 0);
	uv_timer_init(loop_uv(f.loop), &handle);
	handle.data = &t;
	loop_task_init(&t.task, note_b, &f);
	loop_post(f.loop, post_more, &f);
	uv_close((uv_handle_t *)&handle, closed);
	loop_close(f.loop);
	/* Posted work, its post, the close callback and the task that this left behind. */
	assert_int_equal(f.n, 4);
	assert_non_null(strchr(f.log, 'p'));
	assert_non_null(strchr(f.log, 'a'));
	assert_true(strchr(f.log, 'C') < strchr(f.log, 'b'));
}

static void making_a_loop_without_memory_is_an_error(void **state)
{
	struct loop *loop = NULL;

	mem_fail_after(0);
	assert_int_equal(loop_new(&loop), -ENOMEM);
	mem_fail_after(-1);
	assert_null(loop);
	loop_close(NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(posted_work_runs_in_the_order_it_was_posted),
		TEST(posting_without_memory_is_an_error),
		TEST(posts_of_many_threads_all_arrive_in_each_threads_order),
		TEST(a_task_that_schedules_itself_does_not_starve_the_loop),
		TEST(a_task_scheduled_twice_runs_once_and_before_the_wait),
		TEST(a_task_scheduled_by_a_task_runs_before_the_wait),
		TEST(a_task_may_cancel_the_one_behind_it),
		TEST(timers_fire_in_the_order_they_are_due),
		TEST(waiting_for_a_timer_costs_no_turns),
		TEST(a_timer_is_never_early),
		TEST(the_clock_stands_until_loop_wake_reads_it),
		TEST(the_lag_is_that_of_the_longest_turn_and_is_taken_once),
		TEST(a_signals_handler_may_stop_the_loop),
		cmocka_unit_test(closing_runs_what_was_left_and_waits_for_the_handles_of_others),
		cmocka_unit_test(making_a_loop_without_memory_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
