/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Legs on the move. A leg lives on the thread of its mixer; its home, the port's thread, sends
 * commands and packets after it. On a join home changes its route at once, so what follows
 * reaches the new thread before the leg does; there it is held, in order, until the leg arrives:
 *
 *     home            old thread             new thread
 *      |--- join -------->|                      |
 *      |--- packet 1 ----------------------------> held
 *      |--- (spare 1) --->| played               |
 *      |             (last tick)                 |
 *      |                  |--- leg ------------->| packet 1 is a duplicate to its jitter buffer
 *      |--- packet 2 ---------------------------->
 *
 * The old thread lets the leg go right after a tick of its mixer, for which it may need a packet
 * that came after the join: so for that short time home sends it a spare of each. The mixers'
 * ticks keep the distance of their slots, so the leg's voice pauses for less than one period.
 */
#include "media/leg.h"

#include <string.h>

#include "core/mem.h"
#include "media/media_thread.h"
#include "media/mixer.h"
#include "media/player.h"
#include "media/port.h"

/* Packets held at most on one thread: a thousand legs on the move at once. */
#define HELD_MAX 4096

struct held_packet {
	struct media_mail mail;
	struct leg *leg;
	uint64_t time_us; /* when it came to this thread */
	size_t size;
	uint8_t bytes[RTP_MAX_PACKET];
};

/* ---- holding ---------------------------------------------------------------------------- */

static void hold(struct media_thread *t, struct media_mail *mail)
{
	mail->mail.next = NULL;
	*t->held_tail = &mail->mail;
	t->held_tail = &mail->mail.next;
}

static void hold_packet(struct media_thread *t, struct leg *leg, const uint8_t *p, size_t n)
{
	struct held_packet *held = NULL;

	if (t->n_held_packets < HELD_MAX && n <= sizeof held->bytes)
		held = media_pool_get(&t->pool, sizeof *held);
	if (!held) {
		media_count(&t->counters.dropped, 1);
		return;
	}
	t->n_held_packets++;
	held->mail.kind = MAIL_HELD_PACKET;
	held->leg = leg;
	held->time_us = t->now;
	held->size = n;
	memcpy(held->bytes, p, n);
	hold(t, &held->mail);
}

static struct leg *leg_of_held(const struct media_mail *mail)
{
	if (mail->kind == MAIL_HELD_PACKET)
		return ((const struct held_packet *)mail)->leg;
	return ((const struct media_command *)mail)->leg;
}

static void free_held_packet(struct media_thread *t, struct held_packet *held)
{
	t->n_held_packets--;
	media_pool_put(&t->pool, held, sizeof *held);
}

/* Take the oldest mail held for leg, or NULL. */
static struct media_mail *take_held(struct media_thread *t, const struct leg *leg)
{
	struct mail **at = &t->held;

	while (*at) {
		struct media_mail *mail = media_mail_of(*at);

		if (leg_of_held(mail) == leg) {
			*at = mail->mail.next;
			if (!*at)
				t->held_tail = at;
			return mail;
		}
		at = &(*at)->next;
	}
	return NULL;
}

void leg_drop_held(struct media_thread *t)
{
	while (t->held) {
		struct media_mail *mail = media_mail_of(t->held);

		t->held = mail->mail.next;
		if (mail->kind == MAIL_HELD_PACKET)
			free_held_packet(t, (struct held_packet *)mail);
	}
	t->held_tail = &t->held;
}

/* ---- commands --------------------------------------------------------------------------- */

static void configure(
	struct media_thread *t, struct leg *leg, const struct media_leg_config *config)
{
	leg_configure(leg, config);
	/* What is left of its speech is not to be heard when it comes back. */
	if (config->muted)
		leg_release_rx(t, leg);
	if (leg->mixer)
		mixer_reformat(leg);
}

/* Go where next_mixer is: at once, or after the next tick of the mixer that it is in. */
static void join(struct media_thread *t, struct leg *leg, struct mixer *mixer)
{
	struct media_thread *to = mixer ? mixer->thread : leg->home;

	if (mixer && mixer == leg->mixer && !leg->leaving) {
		mixer_unref(mixer);
		return;
	}
	mixer_unref(leg->next_mixer);
	leg->next_mixer = mixer;
	leg->going = to != t;
	if (!leg->mixer || !leg->mixer->ticking) {
		leg_depart(t, leg);
	} else if (!leg->leaving) {
		leg->leaving = true;
		leg->mixer->n_leaving++;
	}
}

static void release_player(struct media_thread *t, struct leg *leg)
{
	if (leg->player)
		player_release(leg->player, t);
	leg->player = NULL;
}

/* Begin to hear a player, or let the one that is heard fade out. */
static void play(struct media_thread *t, struct leg *leg, struct media_player *player)
{
	if (!player && leg->mixer) {
		mixer_mute(leg);
		return;
	}
	release_player(t, leg);
	leg->player = player;
	if (player && leg->mixer)
		mixer_listen(leg);
}

/* Let it hear keys as tones: where it hears nothing at all, they are dropped. */
static void send_tones(struct leg *leg, const struct media_keys *keys)
{
	bool heard = leg->mixer && leg->sending;

	for (unsigned i = 0; i < keys->n; i++) {
		if (!heard ||
			tone_sender_add(&leg->tone_sender, keys->events[i], keys->duration_ms) < 0)
			leg_keys_done(leg, 1);
	}
	if (tone_sender_is_busy(&leg->tone_sender))
		mixer_listen(leg);
}

/* The end of a leg: from here it goes home and then to the signalling loop, to be freed. */
static void end(struct media_thread *t, struct leg *leg)
{
	if (leg->mixer)
		mixer_remove(leg);
	mixer_unref(leg->next_mixer);
	leg->next_mixer = NULL;
	release_player(t, leg);
	leg_release_rx(t, leg);
	atomic_store_explicit(&leg->owner, NULL, memory_order_relaxed);
	leg->mail.kind = MAIL_LEG_HOME;
	if (leg->home == t)
		port_leg_home(leg);
	else
		media_thread_post(leg->home, &leg->mail);
}

/* Returns false when t has the leg no more: it may be freed elsewhere by then. */
static bool carry_out(struct media_thread *t, struct media_command *command)
{
	struct leg *leg = command->leg;
	bool stays = true;

	switch (command->op) {
	case OP_LEG_CONFIGURE:
		configure(t, leg, command->config);
		break;
	case OP_LEG_JOIN:
		stays = (command->mixer ? command->mixer->thread : leg->home) == t;
		join(t, leg, command->mixer);
		break;
	case OP_LEG_PLAY:
		play(t, leg, command->player);
		break;
	case OP_LEG_KEYS:
		send_tones(leg, &command->keys);
		break;
	case OP_LEG_CLOSE:
		end(t, leg); /* the command is part of the leg */
		return false;
	default:
		break;
	}
	mem_free(command);
	return stays;
}

void leg_command(struct media_thread *t, struct media_command *command)
{
	if (leg_is_staying(command->leg, t))
		carry_out(t, command);
	else
		hold(t, &command->mail);
}

static void take_packet(
	struct media_thread *t, struct leg *leg, uint64_t time_us, const uint8_t *p, size_t n)
{
	struct rtp_packet packet;

	/* In no room there is nobody to hear it. */
	if (!leg->mixer || rtp_parse(p, n, &packet) < 0)
		return;
	if (leg_put(t, leg, &packet, time_us) == 0)
		mixer_hear(leg);
}

/*
 * For the jitter buffer a packet arrives when it comes to the thread that plays it: the way over
 * from another thread is a part of its journey.
 */
void leg_packet(struct media_thread *t, struct leg *leg, const uint8_t *p, size_t n)
{
	if (leg_is_staying(leg, t))
		take_packet(t, leg, t->now, p, n);
	else
		hold_packet(t, leg, p, n);
}

void leg_spare_packet(struct media_thread *t, struct leg *leg, const uint8_t *p, size_t n)
{
	if (leg_is_here(leg, t))
		take_packet(t, leg, t->now, p, n);
}

/* ---- journeys --------------------------------------------------------------------------- */

static void enter(struct media_thread *t, struct leg *leg)
{
	struct mixer *mixer = leg->next_mixer;

	leg->next_mixer = NULL;
	if (mixer && !mixer->closed) {
		mixer_add(mixer, leg);
	} else {
		leg_release_rx(t, leg);
		leg_drop_tones(leg);
	}
	mixer_unref(mixer);
}

void leg_depart(struct media_thread *t, struct leg *leg)
{
	struct media_thread *to = leg->next_mixer ? leg->next_mixer->thread : leg->home;

	if (leg->mixer)
		mixer_remove(leg);
	if (to == t) {
		enter(t, leg);
		return;
	}
	leg->going = false;
	atomic_store_explicit(&leg->owner, NULL, memory_order_relaxed);
	leg->mail.kind = MAIL_LEG;
	media_thread_post(to, &leg->mail);
}

void leg_arrive(struct media_thread *t, struct leg *leg)
{
	struct media_mail *mail;
	bool here = true;

	atomic_store_explicit(&leg->owner, t, memory_order_relaxed);
	atomic_store_explicit(&leg->figures.thread, t->index, memory_order_relaxed);
	enter(t, leg);
	while (here && (mail = take_held(t, leg))) {
		if (mail->kind == MAIL_HELD_PACKET) {
			struct held_packet *held = (struct held_packet *)mail;

			take_packet(t, leg, held->time_us, held->bytes, held->size);
			free_held_packet(t, held);
		} else {
			here = carry_out(t, (struct media_command *)mail);
		}
	}
}

void leg_fence(struct media_thread *t, struct leg *leg)
{
	struct media_thread *to;

	if (leg->next_fence == t->index)
		leg->next_fence++;
	if (!leg->had_spares || leg->next_fence >= t->n_all) {
		media_thread_report(t, &leg->mail, MAIL_LEG_GONE);
		return;
	}
	to = t->all[leg->next_fence];
	leg->mail.kind = MAIL_LEG_FENCE;
	media_thread_post(to, &leg->mail);
}
