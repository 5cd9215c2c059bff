/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Overload: whether new work must be refused so that what is going on does not suffer, judged by how
 * late the loop and the media threads are, and by how long more has been coming than is read
 * (docs/overload.md). No clock, no timer: whoever is asked for new work reads the lags and tells
 * them, so that an idle server costs nothing. One thread.
 */
#ifndef CORE_OVERLOAD_H
#define CORE_OVERLOAD_H

#include <stdbool.h>
#include <stdint.h>

/* How often the lags are read at most; half of each limit is where refusing ends. */
#define OVERLOAD_PERIOD_US 100000
#define OVERLOAD_STALE_US 2000000    /* measured over a longer time, they say nothing of now */
#define OVERLOAD_LOOP_LIMIT_US 50000 /* the longest turn */
#define OVERLOAD_TICK_LIMIT_US 15000 /* the latest tick; a packet is 20 ms */
#define OVERLOAD_READINGS 3 /* in a row above a limit: one alone is a hiccup of the machine */
#define OVERLOAD_BACKLOG_LIMIT_US 50000 /* for that long more has come than was read */

struct overload {
	uint64_t read;   /* when the lags were last read, microseconds; 0: never */
	unsigned late;   /* readings above a limit, in a row */
	bool on;         /* by the lags */
	uint64_t behind; /* when the backlog was last above its limit, microseconds; 0: never */
	bool told;       /* the log says that there is an overload */
	unsigned long changes; /* how often it came and went */
};

/*
 * Whether new work must be refused now. backlog: loop_backlog. Asked for every piece of new work:
 * what has queued up is worked off, then new work is taken again until the next queue stands.
 */
bool overload_now(struct overload *overload, uint64_t now, uint64_t backlog);

/* Whether the lags are to be read, and overload_update be called with them. */
bool overload_due(const struct overload *overload, uint64_t now);

/*
 * The greatest lags since the last call, in microseconds. It takes OVERLOAD_READINGS late ones to
 * begin; stale ones are passed over, and end it. Returns whether the lags are an overload. That there
 * is one, by the lags or the backlog, is logged when it comes, and when it has been gone for a while.
 */
bool overload_update(struct overload *overload, uint64_t now, uint64_t loop_lag, uint64_t tick_lag);

#endif
