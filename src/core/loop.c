/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Loop handle on libuv. One turn:
 *
 *     prepare: tasks run, the libuv timer is set to the next timer due
 *     poll:    libuv waits, then calls the I/O callbacks (each begins with loop_wake);
 *              posted work is one of them
 *     check:   timers that are due fire
 *
 * The libuv timer only bounds the wait; timers fire from check, so that they come after the I/O
 * that was already there when they fell due.
 */
#include "core/loop.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "core/log.h"
#include "core/mem.h"
#include "core/queue.h"

enum {
	/* Passes over the task list in one turn: a task's task still gets out before the wait. */
	TASK_ROUNDS = 4,
	TURN_WARNING_US = 100000,
};

struct loop {
	uv_loop_t uv;
	uv_prepare_t prepare;
	uv_check_t check;
	uv_timer_t wait;
	uv_poll_t posted;
	struct mailbox box;
	struct timer_set timers;
	struct list_node tasks;
	uint64_t armed;      /* what the libuv timer waits for, microseconds */
	uint64_t turn_start; /* when the poll came back; 0: it has not yet */
	uint64_t lag;
	uint64_t unread_since; /* microseconds; 0: the last turn left nothing unread */
	bool unread;           /* this turn does */
	atomic_bool stop;
};

/* Work posted from some thread; owned by the mailbox, then by run_posted. */
struct posted {
	struct mail mail;
	loop_fn *fn;
	void *arg;
};

static uint64_t clock_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

void loop_wake(struct loop *loop)
{
	loop->timers.now = clock_us();
	if (!loop->turn_start)
		loop->turn_start = loop->timers.now;
}

static void run_posted(struct loop *loop)
{
	struct mail *m = mailbox_take(&loop->box);

	while (m) {
		struct posted *p = CONTAINER_OF(m, struct posted, mail);

		m = m->next;
		p->fn(p->arg);
		mem_free(p);
	}
}

static void run_tasks(struct loop *loop)
{
	for (int round = 0; round < TASK_ROUNDS && !list_empty(&loop->tasks); round++) {
		struct list_node now;

		/* What a task schedules goes to the next round. */
		list_append(&loop->tasks, &now);
		list_remove(&loop->tasks);
		while (!list_empty(&now)) {
			struct loop_task *task = CONTAINER_OF(now.next, struct loop_task, node);

			list_remove(&task->node);
			task->fn(task->arg);
		}
	}
}

static void on_wait_over(uv_timer_t *wait)
{
	struct loop *loop = wait->data;

	loop->armed = UINT64_MAX;
}

/* Let the coming poll wait no longer than until the next timer is due. */
static void arm(struct loop *loop)
{
	uint64_t due = list_empty(&loop->tasks) ? timer_set_next(&loop->timers) : 0;
	uint64_t now = loop->timers.now;

	if (due == loop->armed)
		return;
	loop->armed = due;
	if (due == UINT64_MAX) {
		uv_timer_stop(&loop->wait);
		return;
	}
	/* libuv counts whole milliseconds from its own, older clock. */
	uv_update_time(&loop->uv);
	uv_timer_start(&loop->wait, on_wait_over, due > now ? (due - now) / 1000 + 1 : 0, 0);
}

static void measure_turn(struct loop *loop)
{
	uint64_t took = loop->turn_start ? loop->timers.now - loop->turn_start : 0;

	loop->turn_start = 0;
	if (!loop->unread)
		loop->unread_since = 0;
	loop->unread = false;
	if (took > loop->lag)
		loop->lag = took;
	if (took > TURN_WARNING_US)
		log_warning("sylk.core",
			"one turn of the loop took %llu ms, everything else waited that long: "
			"the machine is overloaded, or an application blocks",
			(unsigned long long)took / 1000);
}

static void on_prepare(uv_prepare_t *prepare)
{
	struct loop *loop = prepare->data;

	loop_wake(loop);
	run_tasks(loop);
	loop_wake(loop);
	measure_turn(loop);
	arm(loop);
}

static void on_check(uv_check_t *check)
{
	struct loop *loop = check->data;

	loop_wake(loop);
	timer_set_run(&loop->timers, loop->timers.now);
	if (atomic_exchange(&loop->stop, false))
		uv_stop(&loop->uv);
}

static void on_posted(uv_poll_t *poll, int status, int events)
{
	struct loop *loop = poll->data;

	loop_wake(loop);
	run_posted(loop);
}

/* The handles that keep a turn going; none of these calls can fail on an initialised loop. */
static void start_handles(struct loop *loop)
{
	uv_prepare_init(&loop->uv, &loop->prepare);
	uv_check_init(&loop->uv, &loop->check);
	uv_timer_init(&loop->uv, &loop->wait);
	loop->prepare.data = loop->check.data = loop->wait.data = loop->posted.data = loop;
	uv_prepare_start(&loop->prepare, on_prepare);
	uv_check_start(&loop->check, on_check);
	uv_poll_start(&loop->posted, UV_READABLE, on_posted);
}

int loop_new(struct loop **loopp)
{
	struct loop *loop = mem_zalloc(sizeof *loop);
	bool uv_up = false;
	int err;

	if (!loop)
		return -ENOMEM;
	loop->armed = UINT64_MAX;
	list_init(&loop->tasks);
	timer_set_init(&loop->timers, clock_us());
	err = mailbox_init(&loop->box);
	if (err)
		goto out;
	err = uv_loop_init(&loop->uv);
	if (err)
		goto out;
	uv_up = true;
	err = uv_poll_init(&loop->uv, &loop->posted, loop->box.wake_fd);
	if (err)
		goto out;
	start_handles(loop);
	*loopp = loop;
out:
	if (err) {
		if (uv_up)
			uv_loop_close(&loop->uv);
		mailbox_close(&loop->box);
		mem_free(loop);
	}
	return err;
}

void loop_run(struct loop *loop)
{
	uv_run(&loop->uv, UV_RUN_DEFAULT);
}

void loop_stop(struct loop *loop)
{
	atomic_store(&loop->stop, true);
	mailbox_wake(&loop->box);
}

static bool work_left(const struct loop *loop)
{
	return !list_empty(&loop->tasks) || atomic_load(&loop->box.head);
}

void loop_close(struct loop *loop)
{
	uv_handle_t *own[4];

	if (!loop)
		return;
	own[0] = (uv_handle_t *)&loop->prepare;
	own[1] = (uv_handle_t *)&loop->check;
	own[2] = (uv_handle_t *)&loop->wait;
	own[3] = (uv_handle_t *)&loop->posted;
	/* From here on only the handles of others keep the loop turning. */
	for (int i = 0; i < 4; i++)
		uv_unref(own[i]);
	do {
		loop_wake(loop);
		run_posted(loop);
		run_tasks(loop);
		atomic_store(&loop->stop, false);
		uv_run(&loop->uv, UV_RUN_DEFAULT);
	} while (work_left(loop) || uv_loop_alive(&loop->uv));
	for (int i = 0; i < 4; i++)
		uv_close(own[i], NULL);
	uv_run(&loop->uv, UV_RUN_DEFAULT);
	mailbox_close(&loop->box);
	if (uv_loop_close(&loop->uv) < 0) {
		log_error("sylk.core", "a loop was closed with handles still open on it (a bug: "
				       "please report it)");
		return; /* its memory is still in use */
	}
	mem_free(loop);
}

uv_loop_t *loop_uv(struct loop *loop)
{
	return &loop->uv;
}

struct timer_set *loop_timers(struct loop *loop)
{
	return &loop->timers;
}

uint64_t loop_now(const struct loop *loop)
{
	return loop->timers.now;
}

int loop_post(struct loop *loop, loop_fn *fn, void *arg)
{
	struct posted *p = mem_zalloc(sizeof *p);

	if (!p)
		return -ENOMEM;
	p->fn = fn;
	p->arg = arg;
	mailbox_post(&loop->box, &p->mail);
	return 0;
}

void loop_task_init(struct loop_task *task, loop_fn *fn, void *arg)
{
	list_init(&task->node);
	task->fn = fn;
	task->arg = arg;
}

void loop_task_schedule(struct loop *loop, struct loop_task *task)
{
	if (list_empty(&task->node))
		list_append(&loop->tasks, &task->node);
}

void loop_task_cancel(struct loop_task *task)
{
	list_remove(&task->node);
}

void loop_leave_unread(struct loop *loop)
{
	loop->unread = true;
	if (!loop->unread_since)
		loop->unread_since = loop->timers.now;
}

uint64_t loop_backlog(const struct loop *loop)
{
	return loop->unread_since ? loop->timers.now - loop->unread_since : 0;
}

uint64_t loop_take_lag(struct loop *loop)
{
	uint64_t lag = loop->lag;

	loop->lag = 0;
	return lag;
}
