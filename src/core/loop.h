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

/*
 * Make loop_run return after the current turn; a stop that comes while the loop is not running
 * ends the next run after one turn. Any thread, and a signal's handler.
 */
void loop_stop(struct loop *loop);

/*
 * Close and free. Deferred and posted work that has not run yet runs first, then the loop turns
 * until the handles of others have had their close callbacks; a handle that nobody ever closes
 * keeps it turning, so close them first. Timers still running are forgotten: their owners have
 * stopped them before. NULL is allowed.
 */
void loop_close(struct loop *loop);

/* For those that put their own handles on it (net/). */
uv_loop_t *loop_uv(struct loop *loop);

/*
 * Read the clock into the loop's timer_set.now. libuv tells nobody when it comes back from waiting,
 * so the clock would stand where it stood when the loop fell asleep: the first statement of every
 * callback that libuv calls (read, write, connect, accept, poll, close, signal, pool work done) is
 * therefore loop_wake. 30 ns, no system call. Not needed in timers of the set, in tasks and in
 * posted work: the loop itself has woken up before these.
 */
void loop_wake(struct loop *loop);

/*
 * The loop's timers, on the loop's clock: timer_set.now is as fresh as the last loop_wake. The
 * resolution is a millisecond; a timer is never early.
 */
struct timer_set *loop_timers(struct loop *loop);

/* Microseconds, monotonic, as of the last loop_wake. */
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

/*
 * Run it once, before the loop next waits; scheduling it twice is scheduling it once. A task may
 * schedule itself again or others.
 */
void loop_task_schedule(struct loop *loop, struct loop_task *task);
void loop_task_cancel(struct loop_task *task);

/*
 * The longest turn since the last call, in microseconds: how long an event may have waited
 * (overload control reads it). Resets it. A turn of more than 100 ms is also logged.
 */
uint64_t loop_take_lag(struct loop *loop);

/*
 * Said in a turn by what has left something unread for the next one, so that others get their share.
 */
void loop_leave_unread(struct loop *loop);

/*
 * For how long something has been left unread in every turn, in microseconds; 0: all that came was
 * read in the last one. It tells a standing queue from a hiccup, however long, that is soon caught up
 * with.
 */
uint64_t loop_backlog(const struct loop *loop);

#endif
