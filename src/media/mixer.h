/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Mixer: the audio of one room. Every 20 ms it takes a frame of each leg that speaks, mixes the
 * loudest, encodes the mix once for all who listen alike (an encode group) and once more for
 * each who speaks, without himself, or hears a player, with that; and gives the packets to the
 * fan-outs.
 *
 * Its rate is what the widest codec in the room needs, at most settings.sample_rate: it rises at once
 * when somebody needs more, and falls when for a while nobody has.
 *
 * It ticks only while somebody is sent to, hears a player, or something is being received. Made on the
 * signalling thread; the thread it was given to owns it from then on, until MAIL_MIXER_GONE.
 */
#ifndef MEDIA_MIXER_H
#define MEDIA_MIXER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/list.h"
#include "media/encode_stream.h"
#include "media/media_mail.h"
#include "media/mix.h"
#include "media/mixer_rate.h"

struct fan_out;
struct leg;
struct media_recorder;
struct media_thread;

/* All who are sent the same packets while they do not speak. Owned by its mixer. */
struct encode_group {
	struct list_node node;
	unsigned index; /* what destinations call it */
	unsigned n_members,
		n_own; /* n_own: members who speak just now, each with a stream of his */
	struct encode_stream *stream;
};

struct mixer {
	struct media_mail gone;
	struct media_command close;  /* signalling posts it */
	struct media_thread *thread; /* constant, as slot */
	unsigned slot;
	atomic_uint refs; /* the handle's, and those of joins under way; any thread */

	struct list_node node; /* media_thread.slots, while ticking */
	bool ticking, closed;
	struct list_node members, talkers; /* legs; talkers: those who have sent something lately */
	struct list_node listeners;        /* legs that hear a player, or keys */
	struct list_node groups;
	unsigned n_talkers, n_groups_made, n_destinations;
	unsigned n_ticks;
	struct mixer_rate rate;
	unsigned n_wide;                 /* ticks for which the rate has been higher than needed */
	unsigned n_leaving;              /* members that go elsewhere after the next tick */
	struct media_recorder *recorder; /* NULL: none; holds a reference */
	struct mix_limiter limiter;      /* of the mix that all hear who do not speak */
	struct fan_out *fan_outs[]; /* one for each thread of the engine; NULL: no listener there */
};

/* Signalling thread; memory of its own, refs 1. NULL without memory. */
struct mixer *mixer_alloc(struct media_thread *thread, unsigned slot);

/* Any thread. The last one reports the mixer as gone, from a media thread or before any was told. */
void mixer_ref(struct mixer *m);
void mixer_unref(struct mixer *m);

/* ---- the mixer's thread ----------------------------------------------------------------- */

/* The leg comes in (it is in none) or leaves. */
void mixer_add(struct mixer *m, struct leg *leg);
void mixer_remove(struct leg *leg);

/* The leg was configured anew: it may need other packets. */
void mixer_reformat(struct leg *leg);

/* The leg received something: it takes part in the ticks until it has been quiet for a while. */
void mixer_hear(struct leg *leg);

/* The leg has been given a player, or keys to hear; or the one it has is to fade out. */
void mixer_listen(struct leg *leg);
void mixer_mute(struct leg *leg);

/* Give what is mixed to this recorder, or (NULL) to none. */
void mixer_record(struct mixer *m, struct media_recorder *recorder);

/* OP_MIXER_CLOSE: legs still in it stay on this thread, in no room. */
void mixer_close(struct mixer *m);

/* time_us: when the tick was due. */
void mixer_tick(struct mixer *m, uint64_t time_us);

#endif
