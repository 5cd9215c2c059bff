/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Leg: the half of a participant's audio that moves to the thread of its room: jitter buffer,
 * decoder and resampler, and its place in a mixer. What is needed to decode is allocated when the
 * first packet comes, so that one who only listens stays small.
 *
 * Made on the signalling thread; from OP_LEG_OPEN until MAIL_LEG_GONE the media threads own it,
 * each field by one of three: constant, home (the port's thread), or the thread named in owner.
 */
#ifndef MEDIA_LEG_H
#define MEDIA_LEG_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/list.h"
#include "media/engine.h"
#include "media/leg_keys.h"
#include "media/leg_told.h"
#include "media/media_mail.h"
#include "media/rtp.h"
#include "media/tone_sender.h"

struct destination;
struct encode_group;
struct encode_stream;
struct leg_rx;
struct media_player;
struct media_thread;
struct mixer;
struct port;

/*
 * An event on its way to the signalling loop, part of its leg. busy: set by home (of talking, by the
 * owner), cleared there.
 */
struct leg_event {
	struct media_mail mail;
	struct leg *leg;
	atomic_bool busy;
	struct addr from; /* MAIL_STARTED */
};

/* Figures that the media threads publish and any thread reads. */
struct leg_figures {
	_Atomic uint64_t rx_packets, tx_packets, rx_lost,
		remote_lost; /* home's, as the next three */
	_Atomic uint32_t rx_jitter_us, remote_jitter_us, rtt_us;
	_Atomic unsigned
		remote_loss;     /* percent; encoders may look at it to protect their packets */
	_Atomic unsigned thread; /* the owner's */
	atomic_bool talking;     /* the owner's */
};

/* The state of a talker in the choice of the loudest (talkers.c). */
struct leg_voice {
	int16_t *pcm;    /* this tick's 20 ms at the mixer's rate; NULL: none */
	uint32_t energy; /* mean square of pcm, or as the packets tell it */
	uint32_t level;  /* the same, falling slowly */
	unsigned hang;   /* ticks for which it still counts as speaking */
	unsigned quiet;  /* ticks without a packet */
	bool chosen;     /* is mixed */
	bool waiting;    /* in this tick: it tells its level, and is decoded only if it is chosen */
	bool talking;    /* as signalling is told */
	unsigned spell;  /* ticks that say otherwise, one after the other */
};

struct leg {
	struct media_mail mail; /* of its journeys */
	struct media_thread *home;
	struct port *port;          /* home's; to others a name */
	struct media_command close; /* signalling posts it */
	struct leg_event started, timed_out, silent, left;
	struct leg_event talking;       /* the owner posts it; figures.talking says what it means */
	struct media_arrivals arrivals; /* of silent: home's until it posts that, once */
	struct leg_figures figures;
	struct leg_keys events;   /* home's: keys that came as telephone-event */
	struct leg_keys tones;    /* the owner's: those that were heard */
	atomic_uint keys_waiting; /* to be sent; any thread */
	bool had_spares;     /* home's: spare packets of it may be on their way to any thread */
	unsigned next_fence; /* index of the next thread on its last way */

	/*
	 * The thread the leg lives on. Each thread writes its own name here when the leg arrives,
	 * and NULL when it lets go of it: so a thread that reads its own name has the leg, and one
	 * that reads anything else has not.
	 */
	_Atomic(struct media_thread *) owner;

	/* The owner's. */
	bool going; /* to another thread after the next tick: what comes now is for it there */
	struct media_payload receive[MEDIA_MAX_PAYLOADS];
	unsigned n_receive;
	struct media_payload send;
	unsigned ptime_ms;
	struct media_event_payload events_taken[MEDIA_MAX_EVENTS];
	unsigned n_events_taken;
	uint8_t level_in, level_out; /* as in media_leg_config */
	bool sending;
	struct leg_rx *rx; /* NULL until a packet comes */
	struct leg_told told;
	uint64_t played_us;             /* the last tick that took audio; 0: none */
	struct tone_sender tone_sender; /* keys that it hears as tones */
	struct media_player *player;    /* what it alone hears; holds a reference; NULL: nothing */

	/* The mixer's, as long as it is in one. */
	struct mixer *mixer;
	struct mixer
		*next_mixer; /* where it moves after the mixer's next tick; holds a reference */
	bool leaving;
	struct list_node member, talker, listener;
	struct destination *destination; /* NULL: it is sent nothing */
	struct encode_group *group;      /* that of destination */
	struct encode_stream *own; /* while it speaks, or hears a player or keys: its own mix */
	bool protected;            /* is sent FEC: its peer loses packets and can use it */
	uint64_t own_us;           /* the last tick that was encoded for it alone */
	struct leg_voice voice;
};

void leg_init(struct leg *leg, struct media_thread *home, struct port *port);

/* Whether t has the leg. */
static inline bool leg_is_here(struct leg *leg, const struct media_thread *t)
{
	return atomic_load_explicit(&leg->owner, memory_order_relaxed) == t;
}

/* Whether it also stays, so that commands and packets are for it here. */
static inline bool leg_is_staying(struct leg *leg, const struct media_thread *t)
{
	return leg_is_here(leg, t) && !leg->going;
}

/* ---- the receiving half (leg.c, leg_play.c, leg_pass.c), thread: the owner --------------- */

/* Take over what was negotiated. What was received before stays good. */
void leg_configure(struct leg *leg, const struct media_leg_config *config);

/*
 * An RTP packet, received at time_us. Returns 0, -ENOENT (payload type that carries no audio of
 * ours), -ENOMEM, or what jitter_buffer_put returns.
 */
int leg_put(
	struct media_thread *t, struct leg *leg, const struct rtp_packet *packet, uint64_t time_us);

/*
 * The 20 ms to be played at time_us, at the mixer's rate, one that resampler_init takes. Returns false
 * when there is nothing (the peer pauses); losses are concealed. When the rate is another than the
 * last time, the sound joins to what a resampler has made of the sound before (resampler_turn).
 */
bool leg_pull(
	struct media_thread *t, struct leg *leg, uint64_t time_us, unsigned rate, int16_t *pcm);

/* The rate of what is decoded, Hz; 0: nothing yet. */
unsigned leg_decoded_rate(const struct leg *leg);

/*
 * The same without decoding or giving anything: the 20 ms are passed over, and all that waits goes
 * its way. Returns whether there was something.
 */
bool leg_pass(struct media_thread *t, struct leg *leg, uint64_t time_us);

/* Tell signalling that the peer has begun, or ceased, to talk. */
void leg_tell_talking(struct media_thread *t, struct leg *leg, bool talking);

/* RTP time by which what waits is too much, in microseconds; 0 if it is not. */
uint64_t leg_excess_us(const struct leg *leg, uint64_t time_us);

/* Whether nothing is left to pull. */
bool leg_is_drained(const struct leg *leg);

/* Keys that were to be heard as tones are not. */
void leg_drop_tones(struct leg *leg);

/* So many keys have been sent, or dropped. Any thread. */
static inline void leg_keys_done(struct leg *leg, unsigned n)
{
	if (n)
		atomic_fetch_sub_explicit(&leg->keys_waiting, n, memory_order_relaxed);
}

/* Forget what was received: memory goes to the thread's pool. */
void leg_release_rx(struct media_thread *t, struct leg *leg);

/* ---- commands and journeys (leg_move.c) ------------------------------------------------- */

/*
 * A command or a packet (n bytes of RTP) that home sent after the leg: carried out if the leg is
 * here to stay, else held until it arrives.
 */
void leg_command(struct media_thread *t, struct media_command *command);
void leg_packet(struct media_thread *t, struct leg *leg, const uint8_t *p, size_t n);

/*
 * A packet that is on its way to the leg's next thread too: good if the leg is still here, else
 * nothing is missed. The jitter buffer drops the second of the two.
 */
void leg_spare_packet(struct media_thread *t, struct leg *leg, const uint8_t *p, size_t n);

/* MAIL_LEG: the leg moves in; what was held for it follows. */
void leg_arrive(struct media_thread *t, struct leg *leg);

/* Leave the mixer now and go where the last join said. */
void leg_depart(struct media_thread *t, struct leg *leg);

/* Free held packets (a thread ends). */
void leg_drop_held(struct media_thread *t);

/*
 * MAIL_LEG_FENCE: a closed leg goes through all threads once, so that no mail in which it is named
 * is still unread, and then to the signalling loop.
 */
void leg_fence(struct media_thread *t, struct leg *leg);

#endif
