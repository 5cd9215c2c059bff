/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Timers on a clock that is handed in: a real loop passes the monotonic clock, a test or a
 * simulation passes a number it advances itself. A pairing heap threaded through the timers:
 * starting is O(1), stopping and firing O(log n) amortised, and neither allocates, so a timer can
 * always be started. All functions on the thread that owns the timer set.
 */
#ifndef CORE_TIMER_H
#define CORE_TIMER_H

#include <stdbool.h>
#include <stdint.h>

struct timer;

/* The timer has already been taken out of the set: the handler may start, stop or free it. */
typedef void timer_fn(void *arg);

struct timer_set {
	struct timer *root;
	uint64_t now;   /* microseconds, monotonic; as of the last timer_set_run */
	uint64_t order; /* timers due at the same instant fire in the order they were started */
};

/* Embedded in its owner's struct, whose destructor stops it. */
struct timer {
	struct timer *child, *next, *prev; /* prev: left sibling, or the parent of a first child */
	uint64_t due, order;
	timer_fn *fn;
	void *arg;
	struct timer_set *set; /* not NULL while running */
};

/* now: the clock at the start, in microseconds. */
void timer_set_init(struct timer_set *set, uint64_t now);

/* Fire, in order, all that is due at now (microseconds); time never runs backwards here. */
void timer_set_run(struct timer_set *set, uint64_t now);

/* When the next timer is due (microseconds), or UINT64_MAX. */
uint64_t timer_set_next(const struct timer_set *set);

void timer_init(struct timer *t, timer_fn *fn, void *arg);

/* Start, or start anew, in delay_us microseconds from the set's now. */
void timer_start_us(struct timer *t, struct timer_set *set, uint64_t delay_us);
void timer_start_ms(struct timer *t, struct timer_set *set, uint64_t delay_ms);

/* Stop; harmless when it is not running. */
void timer_stop(struct timer *t);

static inline bool timer_running(const struct timer *t)
{
	return t->set != 0;
}

#endif
