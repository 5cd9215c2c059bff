/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Mixer: the audio of one room. */
#include "media/mixer.h"

#include <string.h>

#include "core/log.h"
#include "core/mem.h"
#include "media/fan_out.h"
#include "media/leg.h"
#include "media/media_thread.h"
#include "media/player.h"
#include "media/recorder.h"
#include "media/scratch.h"
#include "media/talkers.h"

/* A talker that sent nothing for so long is no longer asked every tick. */
#define QUIET_TICKS 50

#define LOWEST_RATE 8000
#define TOO_WIDE_TICKS 500 /* 10 s */

#define LOOK_AT_LOSSES_TICKS 50
#define PROTECT_FROM_PERCENT 3 /* of packets lost; until a report says none */

struct mixer *mixer_alloc(struct media_thread *thread, unsigned slot)
{
	struct mixer *m = mem_zalloc(sizeof *m + thread->n_all * sizeof *m->fan_outs);

	if (!m)
		return NULL;
	m->thread = thread;
	m->slot = slot;
	m->rate.now = m->rate.next = LOWEST_RATE;
	atomic_init(&m->refs, 1);
	list_init(&m->node);
	list_init(&m->members);
	list_init(&m->talkers);
	list_init(&m->listeners);
	list_init(&m->groups);
	return m;
}

void mixer_ref(struct mixer *m)
{
	atomic_fetch_add_explicit(&m->refs, 1, memory_order_relaxed);
}

void mixer_unref(struct mixer *m)
{
	if (m && atomic_fetch_sub_explicit(&m->refs, 1, memory_order_acq_rel) == 1)
		media_thread_report(m->thread, &m->gone, MAIL_MIXER_GONE);
}

/* Tick while somebody is sent to, hears a player, or something is being received. */
static void update_ticking(struct mixer *m)
{
	bool needed = !m->closed &&
		      (m->n_destinations || !list_empty(&m->talkers) || !list_empty(&m->listeners));

	if (needed && !m->ticking)
		list_append(&m->thread->slots[m->slot], &m->node);
	else if (!needed && m->ticking)
		list_remove(&m->node);
	m->ticking = needed;
}

/* ---- encode groups and destinations ----------------------------------------------------- */

static struct encode_group *find_group(struct mixer *m, const struct encode_format *format)
{
	struct list_node *it, *next;

	LIST_FOR_EACH(it, next, &m->groups) {
		struct encode_group *group = CONTAINER_OF(it, struct encode_group, node);

		if (encode_format_equal(&group->stream->format, format))
			return group;
	}
	return NULL;
}

static struct encode_group *group_for(struct mixer *m, struct leg *leg)
{
	struct encode_format format;
	struct encode_group *group;

	encode_format_set(&format, &leg->send, leg->ptime_ms);
	format.settings.fec = leg->protected;
	group = find_group(m, &format);
	if (group)
		return group;
	group = mem_zalloc(sizeof *group);
	if (!group)
		return NULL;
	group->stream = encode_stream_new(&m->thread->pool, &format);
	if (!group->stream) {
		mem_free(group);
		return NULL;
	}
	group->index = m->n_groups_made++;
	list_append(&m->groups, &group->node);
	return group;
}

static void free_group_if_unused(struct mixer *m, struct encode_group *group)
{
	if (group->n_members)
		return;
	list_remove(&group->node);
	encode_stream_free(&m->thread->pool, group->stream);
	mem_free(group);
}

static struct destination *destination_for(const struct leg *leg, const struct encode_group *group)
{
	const struct encode_format *format = &group->stream->format;
	struct destination *d = mem_zalloc(sizeof *d);

	if (!d)
		return NULL;
	d->port = leg->port;
	d->group = group->index;
	d->payload_type = leg->send.payload_type;
	d->level_id = leg->level_out;
	d->clock_rate = format->codec->clock_rate;
	d->packet_units = d->clock_rate / 1000 * format->ptime_ms;
	d->packet_us = format->ptime_ms * 1000;
	return d;
}

static void close_fan_out_if_unused(struct fan_out **fan_out)
{
	if (!*fan_out || (*fan_out)->n_destinations)
		return;
	fan_out_close(*fan_out);
	*fan_out = NULL;
}

/* Begin to send the mix to the leg's port. */
static void begin_sending(struct mixer *m, struct leg *leg)
{
	struct fan_out **fan_out = &m->fan_outs[leg->home->index];
	struct encode_group *group;
	struct destination *d;

	if (!leg->sending)
		return;
	group = group_for(m, leg);
	if (!group)
		goto failed;
	if (!*fan_out)
		*fan_out = fan_out_new(m->thread, leg->home);
	d = *fan_out ? destination_for(leg, group) : NULL;
	if (!d) {
		free_group_if_unused(m, group);
		close_fan_out_if_unused(fan_out);
		goto failed;
	}
	group->n_members++;
	m->n_destinations++;
	leg->group = group;
	leg->destination = d;
	fan_out_attach(*fan_out, d);
	return;
failed:
	log_error("sylk.core",
		"a participant cannot be sent the room's audio in %s: no memory, or settings that "
		"the codec does not know",
		leg->send.codec->name);
}

/*
 * The leg neither speaks nor hears a player any more: it gets the common mix again. If nobody has
 * listened to that meanwhile, it was not encoded: then the leg's own stream goes on as the common one.
 */
static void release_own(struct mixer *m, struct leg *leg)
{
	struct encode_group *group = leg->group;

	if (!leg->own)
		return;
	if (group->n_own == group->n_members && !leg->own->wait) {
		struct encode_stream *common = group->stream;

		group->stream = leg->own;
		leg->own = common;
	}
	group->n_own--;
	encode_stream_free(&m->thread->pool, leg->own);
	leg->own = NULL;
}

static void release_own_if_unused(struct mixer *m, struct leg *leg)
{
	if (!leg->voice.chosen && list_empty(&leg->listener))
		release_own(m, leg);
}

static void end_sending(struct mixer *m, struct leg *leg)
{
	struct fan_out **fan_out = &m->fan_outs[leg->home->index];

	if (!leg->destination)
		return;
	release_own(m, leg);
	leg->group->n_members--;
	free_group_if_unused(m, leg->group);
	leg->group = NULL;
	fan_out_detach(leg->destination);
	leg->destination = NULL;
	m->n_destinations--;
	close_fan_out_if_unused(fan_out);
}

/* ---- coming and going ------------------------------------------------------------------- */

void mixer_add(struct mixer *m, struct leg *leg)
{
	leg->mixer = m;
	leg->voice.chosen = false;
	list_append(&m->members, &leg->member);
	begin_sending(m, leg);
	if (!leg_is_drained(leg))
		mixer_hear(leg);
	if (leg->player || tone_sender_is_busy(&leg->tone_sender))
		mixer_listen(leg);
	update_ticking(m);
}

static void forget_talker(struct mixer *m, struct leg *leg)
{
	if (list_empty(&leg->talker))
		return;
	leg->voice.chosen = false;
	if (leg->voice.talking)
		leg_tell_talking(m->thread, leg, false);
	list_remove(&leg->talker);
	m->n_talkers--;
	release_own_if_unused(m, leg);
}

void mixer_remove(struct leg *leg)
{
	struct mixer *m = leg->mixer;

	if (leg->leaving)
		m->n_leaving--;
	leg->leaving = false;
	list_remove(&leg->listener);
	forget_talker(m, leg);
	end_sending(m, leg);
	list_remove(&leg->member);
	leg->mixer = NULL;
	update_ticking(m);
}

void mixer_reformat(struct leg *leg)
{
	struct mixer *m = leg->mixer;

	end_sending(m, leg);
	begin_sending(m, leg);
	update_ticking(m);
}

void mixer_hear(struct leg *leg)
{
	struct mixer *m = leg->mixer;

	if (!list_empty(&leg->talker))
		return;
	leg->voice.quiet = 0;
	list_append(&m->talkers, &leg->talker);
	m->n_talkers++;
	update_ticking(m);
}

void mixer_listen(struct leg *leg)
{
	if (list_empty(&leg->listener))
		list_append(&leg->mixer->listeners, &leg->listener);
	update_ticking(leg->mixer);
}

void mixer_mute(struct leg *leg)
{
	if (leg->player)
		player_stop(leg->player);
}

void mixer_record(struct mixer *m, struct media_recorder *recorder)
{
	if (m->recorder)
		recorder_release(m->recorder, m->thread);
	m->recorder = recorder;
}

void mixer_close(struct mixer *m)
{
	struct list_node *it, *next;

	m->closed = true;
	mixer_record(m, NULL);
	LIST_FOR_EACH(it, next, &m->members) {
		struct leg *leg = CONTAINER_OF(it, struct leg, member);

		if (leg->leaving) {
			leg_depart(m->thread, leg);
		} else {
			mixer_remove(leg);
			leg_release_rx(m->thread, leg);
			leg_drop_tones(leg);
		}
	}
	update_ticking(m);
	mixer_unref(m);
}

/* ---- the tick --------------------------------------------------------------------------- */

static void count_encodes(struct mixer *m, unsigned n, bool shared)
{
	if (n == 0)
		return;
	media_count(&m->thread->counters.encodes, n);
	if (shared)
		media_count(&m->thread->counters.shared_encodes, n);
}

static void make_own_stream(struct mixer *m, struct leg *leg)
{
	if (!leg->destination || leg->own)
		return;
	leg->own = encode_stream_copy(&m->thread->pool, leg->group->stream);
	if (!leg->own)
		return;
	leg->own->limiter = m->limiter;
	leg->group->n_own++;
}

/*
 * Who begins to speak, or to hear a player, gets a stream of his own, a copy of the one he has been
 * sent so far. This must be done before that one is given this tick's frame.
 */
static void make_own_streams(struct mixer *m, const struct talkers *talkers)
{
	struct list_node *it, *next;

	for (unsigned i = 0; i < talkers->n; i++)
		make_own_stream(m, talkers->legs[i]);
	LIST_FOR_EACH(it, next, &m->listeners)
		make_own_stream(m, CONTAINER_OF(it, struct leg, listener));
}

static void encode_shared(struct mixer *m, uint64_t time_us)
{
	struct media_scratch *scratch = m->thread->scratch;
	struct list_node *it, *next;
	unsigned encodes = 0;
	bool sounds = mix_minus(&m->limiter, scratch->sum, NULL, scratch->mix, m->rate.now / 50);

	if (m->recorder)
		recorder_put(m->recorder, m->thread, &m->rate, scratch->mix);
	LIST_FOR_EACH(it, next, &m->groups) {
		struct encode_group *group = CONTAINER_OF(it, struct encode_group, node);
		unsigned n;

		if (group->n_own == group->n_members && !group->stream->wait)
			continue;
		n = encode_stream_push(
			group->stream, &m->rate, scratch->mix, !sounds, scratch->packets, &encodes);
		for (unsigned i = 0; i < n * m->thread->n_all; i++) {
			struct fan_out *f = m->fan_outs[i / n];

			if (f)
				fan_out_add(
					f, NULL, group->index, &scratch->packets[i % n], time_us);
		}
	}
	count_encodes(m, encodes, true);
}

/* A key that he is sent takes the place of what is in scratch.mix. Returns whether there is one. */
static bool add_tone(struct mixer *m, struct leg *leg)
{
	unsigned before = leg->tone_sender.n;
	bool sounds;

	sounds = tone_sender_next(&leg->tone_sender, m->rate.now, m->thread->scratch->mix);
	leg_keys_done(leg, before - leg->tone_sender.n);
	return sounds;
}

/*
 * What one alone hears, to scratch.mix: all but his own voice pcm (NULL: it is not in the mix), and
 * his player; or a key as a tone. Returns whether it is silence.
 */
static bool mix_own(struct mixer *m, struct leg *leg, const int16_t *pcm)
{
	struct media_scratch *scratch = m->thread->scratch;
	const int32_t *sum = scratch->sum;
	bool silent = true;

	if (leg->player) {
		player_mix(leg->player, m->thread, m->rate.now, sum, pcm, scratch->apart);
		sum = scratch->apart;
		pcm = NULL;
	}
	if (leg->own && mix_minus(&leg->own->limiter, sum, pcm, scratch->mix, m->rate.now / 50))
		silent = false;
	if (add_tone(m, leg))
		silent = false;
	return silent;
}

/* in_mix: he is among the talkers, so the common mix, with his own voice in it, is kept from him. */
static void encode_for(
	struct mixer *m, struct leg *leg, bool in_mix, uint64_t time_us, unsigned *encodes)
{
	struct media_scratch *scratch = m->thread->scratch;
	bool silent = mix_own(m, leg, in_mix ? leg->voice.pcm : NULL);
	unsigned n = 0;

	leg->own_us = time_us;
	if (!leg->destination)
		return;
	if (leg->own)
		n = encode_stream_push(
			leg->own, &m->rate, scratch->mix, silent, scratch->packets, encodes);
	for (unsigned k = 0; k < n; k++)
		fan_out_add(leg->destination->fan_out, leg->destination, 0, &scratch->packets[k],
			time_us);
	/* An empty frame keeps the common mix from him. */
	if (n == 0 && (in_mix || leg->own))
		fan_out_add(leg->destination->fan_out, leg->destination, 0, NULL, time_us);
}

static void encode_own(struct mixer *m, uint64_t time_us, const struct talkers *talkers)
{
	struct list_node *it, *next;
	unsigned encodes = 0;

	for (unsigned i = 0; i < talkers->n; i++)
		encode_for(m, talkers->legs[i], true, time_us, &encodes);
	LIST_FOR_EACH(it, next, &m->listeners) {
		struct leg *leg = CONTAINER_OF(it, struct leg, listener);

		if (leg->own_us != time_us)
			encode_for(m, leg, false, time_us, &encodes);
	}
	count_encodes(m, encodes, false);
}

/* Whose player is over, and who has been sent his keys, hears the room as it is again. */
static void settle_listeners(struct mixer *m)
{
	struct list_node *it, *next;

	LIST_FOR_EACH(it, next, &m->listeners) {
		struct leg *leg = CONTAINER_OF(it, struct leg, listener);

		if (leg->player && player_is_over(leg->player)) {
			player_release(leg->player, m->thread);
			leg->player = NULL;
		}
		if (leg->player || tone_sender_is_busy(&leg->tone_sender))
			continue;
		list_remove(&leg->listener);
		release_own_if_unused(m, leg);
	}
}

/*
 * FEC for those who report losses and say that they can use it, and only for them: it costs an
 * encoder three times as much (codec_opus.c). Reports come every few seconds.
 */
static void follow_losses(struct mixer *m)
{
	struct list_node *it, *next;

	LIST_FOR_EACH(it, next, &m->members) {
		struct leg *leg = CONTAINER_OF(it, struct leg, member);
		unsigned loss =
			atomic_load_explicit(&leg->figures.remote_loss, memory_order_relaxed);
		bool protected = leg->send.settings.fec &&
				 loss >= (leg->protected ? 1 : PROTECT_FROM_PERCENT);

		if (protected == leg->protected)
			continue;
		leg->protected = protected;
		mixer_reformat(leg);
	}
}

/* The rate that those need who are in the room; decoded: the highest of what the talkers' codecs give. */
static unsigned needed_rate(struct mixer *m, unsigned decoded)
{
	unsigned most = m->thread->settings->sample_rate;
	unsigned needed = decoded > LOWEST_RATE ? decoded : LOWEST_RATE;
	struct list_node *it, *next;

	LIST_FOR_EACH(it, next, &m->groups) {
		const struct encode_group *group = CONTAINER_OF(it, struct encode_group, node);
		unsigned rate = group->stream->format.settings.sample_rate;

		needed = rate > needed ? rate : needed;
	}
	return needed < most ? needed : most;
}

/* Decide on the rate of the next tick; this one's frames must know it. */
static void follow_needs(struct mixer *m, unsigned decoded)
{
	unsigned needed = needed_rate(m, decoded);

	m->n_wide = needed < m->rate.now ? m->n_wide + 1 : 0;
	if (needed > m->rate.now || m->n_wide > TOO_WIDE_TICKS)
		m->rate.next = needed;
}

/* After the packets are out: who has fallen silent, and who goes elsewhere. */
static void settle(struct mixer *m)
{
	struct list_node *it, *next;

	LIST_FOR_EACH(it, next, &m->talkers) {
		struct leg *leg = CONTAINER_OF(it, struct leg, talker);

		release_own_if_unused(m, leg);
		if (leg->voice.quiet > QUIET_TICKS && !leg->voice.hang)
			forget_talker(m, leg);
	}
	if (!m->n_leaving)
		return;
	LIST_FOR_EACH(it, next, &m->members) {
		struct leg *leg = CONTAINER_OF(it, struct leg, member);

		if (leg->leaving)
			leg_depart(m->thread, leg);
	}
}

void mixer_tick(struct mixer *m, uint64_t time_us)
{
	struct media_thread *t = m->thread;
	struct media_scratch *scratch = t->scratch;
	struct talkers talkers;
	size_t frame;

	m->rate.now = m->rate.next;
	frame = m->rate.now / 50;
	talkers_collect(m, time_us, &talkers);
	follow_needs(m, talkers.decoded_rate);
	memset(scratch->sum, 0, frame * sizeof *scratch->sum);
	for (unsigned i = 0; i < talkers.n; i++) {
		if (talkers.legs[i]->voice.pcm)
			mix_add(scratch->sum, talkers.legs[i]->voice.pcm, frame);
	}
	for (unsigned i = 0; i < t->n_all; i++) {
		if (m->fan_outs[i])
			fan_out_begin(m->fan_outs[i]);
	}
	make_own_streams(m, &talkers);
	encode_shared(m, time_us);
	encode_own(m, time_us, &talkers);
	for (unsigned i = 0; i < t->n_all; i++) {
		if (m->fan_outs[i])
			fan_out_submit(m->fan_outs[i]);
	}
	settle_listeners(m);
	if (m->n_ticks++ % LOOK_AT_LOSSES_TICKS == 0)
		follow_losses(m);
	settle(m);
	update_ticking(m);
	media_count(&t->counters.ticks, 1);
}
