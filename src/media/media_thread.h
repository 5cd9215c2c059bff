/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Media thread: a loop of its own, with a mailbox, sockets, timers and the ticks of its mixers.
 *
 * While anything goes on, the thread sleeps from one 5 ms boundary of the monotonic clock to the
 * next, reads its mailbox and its sockets once, ticks the mixers whose turn it is, and sends what
 * came of that in one batch. A mixer's turn comes every fourth boundary; its slot (0..3) spreads
 * the rooms over the period. When nothing goes on, the thread waits for mail or a packet without
 * any wake-up. The clock is read once a turn.
 *
 * All fields belong to the thread itself, except those said to be others'.
 */
#ifndef MEDIA_MEDIA_THREAD_H
#define MEDIA_MEDIA_THREAD_H

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/list.h"
#include "core/timer.h"
#include "media/crossing.h"
#include "media/engine.h"
#include "media/media_io.h"
#include "media/media_mail.h"
#include "media/pool.h"

#define MEDIA_TICK_US 20000 /* a mixer's period */
#define MEDIA_SLOTS 4
#define MEDIA_SLOT_US (MEDIA_TICK_US / MEDIA_SLOTS)

struct media_scratch;

/* What a thread has done since it started; written by it alone, read by any thread. */
struct media_thread_counters {
	_Atomic uint64_t turns, ticks, encodes, shared_encodes, decodes;
	_Atomic uint64_t sent, received, refused, dropped, crossed, unsent;
	_Atomic uint64_t lag_us; /* the latest tick since somebody last looked */
};

struct media_thread {
	unsigned index; /* constant, as the next three */
	const struct media_engine_settings *settings;
	struct media_thread *const *all; /* every thread of the engine, n_all of them */
	unsigned n_all;
	struct mailbox box;     /* any thread posts */
	struct mailbox *events; /* the signalling loop's */
	struct media_thread_counters counters;

	pthread_t id; /* the signalling thread's, as the next five */
	bool running;
	sem_t started;
	int start_error;
	const char *io_name;
	struct media_command stop_command;

	struct media_io *io;
	uint64_t now;     /* microseconds, monotonic; as of this turn */
	uint64_t wall_us; /* from now to the time since 1970, as of the start (RTCP) */
	uint64_t slot;    /* 5 ms boundaries of the clock passed so far */
	bool busy;        /* something came in during the last turn */
	bool stop;
	struct timer_set timers;
	struct timer publish; /* the legs' figures, about once a second */
	struct media_pool pool;
	struct list_node slots[MEDIA_SLOTS]; /* ticking mixers (struct mixer, node) */
	struct list_node ports;
	struct crossing *crossings;     /* one for each thread of the engine */
	struct mail *held, **held_tail; /* for legs that have not arrived yet */
	unsigned n_held_packets;
	struct media_scratch *scratch; /* mixer.c's and leg_play.c's; nothing outlives a call */
};

/*
 * Prepare a thread; all and events as above. Signalling thread. The thread is started by
 * media_thread_start once all have been prepared. Returns 0 or a negative errno; in any case it
 * is freed with media_thread_free.
 */
int media_thread_init(struct media_thread *t, unsigned index, struct media_thread *const *all,
	unsigned n_all, const struct media_engine_settings *settings, struct mailbox *events);
int media_thread_start(struct media_thread *t);

/*
 * What a running thread does, for those that pass it the time themselves (tests in simulated
 * time): get it ready; whether it now sleeps until media_thread_due or waits for mail or packets;
 * and one turn of its loop. Returns 0 or a negative errno.
 */
int media_thread_prepare(struct media_thread *t, uint64_t now);
bool media_thread_is_active(const struct media_thread *t);
uint64_t media_thread_due(const struct media_thread *t);
void media_thread_turn(struct media_thread *t, uint64_t now);

/* Stop it and wait for its end. Signalling thread. */
void media_thread_join(struct media_thread *t);

/* Free what it holds; all threads have ended. Signalling thread. */
void media_thread_free(struct media_thread *t);

/* Post to a media thread. Any thread. */
void media_thread_post(struct media_thread *to, struct media_mail *mail);

/* Post to the signalling loop. Any media thread. */
void media_thread_report(
	struct media_thread *t, struct media_mail *mail, enum media_mail_kind kind);

/* Add to one of the thread's own counters; a plain addition, as it is the only writer. */
static inline void media_count(_Atomic uint64_t *counter, uint64_t n)
{
	atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + n,
		memory_order_relaxed);
}

#endif
