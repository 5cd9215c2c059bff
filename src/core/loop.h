/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Loop handle on libuv. There is no global loop: every object is given the loop it lives on. All
 * functions on the loop's own thread, except loop_post and loop_stop, which any thread may call.
 */
#ifndef CORE_LOOP_H
#define CORE_LOOP_H

#include <stdint.h>
#include <uv.h>

#include "core/list.h"
#include "core/timer.h"

struct loop;

typedef void loop_fn(void *arg);

/* Make a loop. Returns 0 or a negative errno. The caller closes it with loop_close. */
int loop_new(struct loop **loop);

/* Run until loop_stop. */
void loop_run(struct loop *loop);

/* Make loop_run return after the current turn. Any thread, and a signal's handler. */
void loop_stop(struct loop *loop);

/*
 * Close and free. All handles of others must be closed or closing; the loop is run until their
 * close callbacks have come. Deferred and posted work that has not run yet runs first.
 */
void loop_close(struct loop *loop);

/* For those that put their own handles on it (net/). */
uv_loop_t *loop_uv(struct loop *loop);

/* The loop's timers; timer_set.now is refreshed once a turn, so "now" costs no system call. */
struct timer_set *loop_timers(struct loop *loop);

/* Microseconds, monotonic, as of this turn. */
uint64_t loop_now(const struct loop *loop);

/*
 * Call fn(arg) on the loop's thread in one of its next turns; calls from one thread come in order.
 * Any thread. Returns 0 or -ENOMEM.
 */
int loop_post(struct loop *loop, loop_fn *fn, void *arg);

/* Work to be done at the end of this turn of the loop (flushing what was collected). Embedded. */
struct loop_task {
	struct list_node node;
	loop_fn *fn;
	void *arg;
};

void loop_task_init(struct loop_task *task, loop_fn *fn, void *arg);

/* Run it once, before the loop next waits; scheduling it twice is scheduling it once. */
void loop_task_schedule(struct loop *loop, struct loop_task *task);
void loop_task_cancel(struct loop_task *task);

/*
 * The longest turn since the last call, in microseconds: how long an event may have waited
 * (overload control and the watchdog read it). Resets it.
 */
uint64_t loop_take_lag(struct loop *loop);

#endif
