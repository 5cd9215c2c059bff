/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Jitter buffer: what to play next, and when.
 *
 * The user's calls of get are the clock: within a talk spurt each call moves on by one frame,
 * whatever the time says. The lag of a frame is the time at which it was handed out minus its
 * timestamp; compared with the transit times of jitter_delay it says how late a packet may be and
 * still be in time. The wanted lag is that of nearly all packets plus half a period of the calls,
 * because the phase between the calls and the arrivals is anywhere within one. It is made
 *   - at the start of a spurt, by waiting (the pause grows or shrinks, which nobody hears);
 *   - both ways by the user, who is told of excess and shortage and plays faster or slower;
 *   - within a spurt upwards, by concealing one frame more than were lost, when a packet is late.
 *
 *   filling --- first packet has the wanted lag ----------------> playing
 *   playing --- a pause in the timestamps, or nothing to conceal with any more ---> filling
 */
#include "media/jitter_buffer.h"

#include <errno.h>
#include <stdlib.h>

#include "media/jitter_delay.h"
#include "media/jitter_store.h"

/* RFC 3550 A.1 */
#define MAX_DROPOUT 3000
#define MAX_MISORDER 100
#define NO_SEQ UINT32_MAX

/* Concealment fades to silence in about this time; what comes behind it begins like a spurt. */
#define MAX_CONCEAL_MS 120

/* A user that has not asked for so long was not playing. */
#define NOT_ASKED_US 200000U

/* How often the user asks; it begins a spurt that much too late at most, half of it on average. */
#define ASKED_MS 20

#define FIRST_FRAME_MS 20
#define MAX_FRAME_MS 120

struct jitter_buffer {
	struct jitter_settings settings;
	struct jitter_store store;
	struct jitter_delay delay;
	struct jitter_stats stats;

	bool has_source; /* a packet has come since the reset, ssrc and newest hold */
	bool started;    /* and one was played: next_seq is fixed */
	bool playing;
	uint32_t ssrc;
	uint32_t bad_seq; /* the one that would confirm a jump, or NO_SEQ */
	uint64_t seen;    /* bit i: newest_seq - i has come */
	uint64_t silent;  /* of those, the ones that carry no audio */
	uint16_t newest_seq;
	uint16_t next_seq;  /* to be played, and not silent; all that is stored lies behind it */
	uint32_t timestamp; /* of the packet that came last, and extended */
	int64_t time;
	int64_t next_time;   /* of next_seq, if there is no pause */
	int64_t frame;       /* time units in a packet */
	int64_t frame_guess; /* what the last pair said; believed when the next agrees */
	int64_t lag;         /* of the frame handed out last */
	int adjusting;       /* 1: down, -1: up, until it is near what is wanted */
	unsigned concealed;  /* frames made up while next_seq stood still */
	uint64_t asked_us;   /* last get */

	_Alignas(int64_t) uint8_t memory[];
};

static int64_t from_ms(const struct jitter_buffer *jb, unsigned ms)
{
	return (int64_t)ms * jb->settings.clock_rate / 1000;
}

size_t jitter_buffer_size(unsigned capacity)
{
	return sizeof(struct jitter_buffer) + jitter_store_size(capacity);
}

void jitter_buffer_init(struct jitter_buffer *jb, const struct jitter_settings *settings)
{
	*jb = (struct jitter_buffer){.settings = *settings};
	jitter_store_init(&jb->store, jb->memory, settings->capacity);
	jitter_buffer_reset(jb);
}

void jitter_buffer_reset(struct jitter_buffer *jb)
{
	jitter_store_clear(&jb->store);
	jitter_delay_init(&jb->delay, jb->settings.clock_rate);
	jb->has_source = jb->started = jb->playing = false;
	jb->bad_seq = NO_SEQ;
	jb->frame = from_ms(jb, FIRST_FRAME_MS);
	jb->frame_guess = 0;
	jb->concealed = 0;
	jb->lag = 0;
	jb->adjusting = 0;
}

/*
 * The lag that a first frame should have: that of nearly all packets, an eighth for the few others,
 * and at least the minimum.
 */
static int64_t wanted_lag(const struct jitter_buffer *jb)
{
	int64_t above = jitter_delay_spread(&jb->delay) * 9 / 8;
	int64_t least = from_ms(jb, jb->settings.min_delay_ms) - from_ms(jb, ASKED_MS) / 2;
	int64_t most = from_ms(jb, jb->settings.max_delay_ms) - from_ms(jb, ASKED_MS) / 2;

	above = above > least ? above : least;
	return jb->delay.base + (above < most ? above : most);
}

/*
 * How far the lag is over the middle of the range that the phase between calls and arrivals makes.
 * More than the maximum is no delay but timestamps set anew, which are soon measured.
 */
static int64_t deviation(const struct jitter_buffer *jb)
{
	int64_t over = jb->lag - wanted_lag(jb) - from_ms(jb, ASKED_MS) / 2;

	return over <= from_ms(jb, jb->settings.max_delay_ms) ? over : 0;
}

/* Begin to adjust outside that range and some more, end well within it: so it is mostly at rest. */
static void watch_deviation(struct jitter_buffer *jb)
{
	int64_t over = deviation(jb), range = from_ms(jb, ASKED_MS);

	if (over > range * 3 / 4)
		jb->adjusting = 1;
	else if (over < -range / 2)
		jb->adjusting = -1;
	else if (jb->adjusting * over <= range / 4)
		jb->adjusting = 0;
}

/* The oldest packet there is, or NULL. */
static const struct jitter_slot *first_stored(const struct jitter_buffer *jb)
{
	const struct jitter_slot *slot = NULL;
	uint16_t seq = jb->next_seq;

	for (unsigned i = 0; jb->store.count > 0 && !slot && i < jb->store.capacity; i++)
		slot = jitter_store_find(&jb->store, seq++);
	return slot;
}

/* ---- put -------------------------------------------------------------------------------- */

static void begin_source(struct jitter_buffer *jb, const struct rtp_packet *packet)
{
	jitter_buffer_reset(jb);
	jb->has_source = true;
	jb->ssrc = packet->ssrc;
	jb->newest_seq = (uint16_t)(packet->seq - 1);
	jb->next_seq = packet->seq;
	jb->seen = jb->silent = 0;
	jb->timestamp = packet->timestamp;
	jb->time = packet->timestamp;
}

/*
 * RFC 3550 A.1: a jump is believed when the packet behind it comes too.
 * Returns 0, or -ETIME for a stray.
 */
static int check_source(struct jitter_buffer *jb, const struct rtp_packet *packet)
{
	int jump = rtp_seq_diff(packet->seq, jb->newest_seq);

	if (!jb->has_source || packet->ssrc != jb->ssrc) {
		begin_source(jb, packet);
	} else if (jump > MAX_DROPOUT || jump < -MAX_MISORDER) {
		if (packet->seq != jb->bad_seq) {
			jb->bad_seq = (uint16_t)(packet->seq + 1);
			return -ETIME;
		}
		begin_source(jb, packet);
	}
	jb->bad_seq = NO_SEQ;
	return 0;
}

/* Returns true for one that has been here; older ones than the window cannot be told. */
static bool is_duplicate(struct jitter_buffer *jb, uint16_t seq)
{
	int ahead = rtp_seq_diff(seq, jb->newest_seq);
	bool before;

	if (ahead > 0) {
		jb->seen = ahead < 64 ? jb->seen << ahead | 1 : 1;
		jb->silent = ahead < 64 ? jb->silent << ahead : 0;
		jb->newest_seq = seq;
		return false;
	}
	if (ahead <= -64)
		return false;
	before = jb->seen >> -ahead & 1;
	jb->seen |= UINT64_C(1) << -ahead;
	return before;
}

/*
 * Extend the timestamp over its wraps. A sender that jumps on and on may not take the sum to the
 * end of its range.
 */
static void advance_time(struct jitter_buffer *jb, const struct rtp_packet *packet)
{
	jb->time += rtp_ts_diff(packet->timestamp, jb->timestamp);
	jb->timestamp = packet->timestamp;
	if (llabs(jb->time) > INT64_MAX / 4) {
		begin_source(jb, packet);
		is_duplicate(jb, packet->seq);
	}
}

/* Learn the packet's length from two neighbours, when the next two agree. */
static void learn_frame(struct jitter_buffer *jb, const struct rtp_packet *packet)
{
	const struct jitter_slot *before =
		jitter_store_find(&jb->store, (uint16_t)(packet->seq - 1));
	int64_t step = before ? rtp_ts_diff(packet->timestamp, before->timestamp) : 0;

	if (!before && jb->started && packet->seq == jb->next_seq)
		step = jb->time - jb->next_time + jb->frame;
	if (step <= 0 || step > from_ms(jb, MAX_FRAME_MS))
		return;
	if (step == jb->frame_guess)
		jb->frame = step;
	jb->frame_guess = step;
}

static bool is_silent(const struct jitter_buffer *jb, uint16_t seq)
{
	int behind = rtp_seq_diff(jb->newest_seq, seq);

	return behind >= 0 && behind < 64 && jb->silent >> behind & 1;
}

/* Set next_seq, or behind the packets without audio that begin there. */
static void go_on_with(struct jitter_buffer *jb, uint16_t seq)
{
	while (is_silent(jb, seq))
		seq++;
	jb->next_seq = seq;
}

/* Move on by one without playing it: it never came, or there is no room for it. */
static void skip_one(struct jitter_buffer *jb)
{
	if (jitter_store_find(&jb->store, jb->next_seq)) {
		jitter_store_drop(&jb->store, jb->next_seq);
		jb->stats.late++;
	} else {
		jb->stats.lost++;
	}
	go_on_with(jb, (uint16_t)(jb->next_seq + 1));
	jb->next_time += jb->frame;
}

/* Move on to the first packet there is. */
static void skip_to_stored(struct jitter_buffer *jb)
{
	const struct jitter_slot *first = first_stored(jb);

	while (first && jb->next_seq != first->seq)
		skip_one(jb);
	if (first)
		jb->next_time = first->time;
}

/* Keep the packet, at the cost of the oldest ones if there is no room. */
static int store_packet(struct jitter_buffer *jb, const struct rtp_packet *packet)
{
	bool skipped = false;
	int err = -ENOBUFS;

	while (rtp_seq_diff(packet->seq, jb->next_seq) >= (int)jb->store.capacity) {
		skip_one(jb);
		skipped = true;
	}
	while (err == -ENOBUFS && rtp_seq_diff(packet->seq, jb->next_seq) >= 0) {
		err = jitter_store_put(&jb->store, packet, jb->time);
		if (err == -ENOBUFS) {
			skip_one(jb);
			skipped = true;
		}
	}
	if (skipped)
		skip_to_stored(jb);
	return err;
}

/* Never more than the maximum from the first to the last: a burst behind a stall is cut. */
static void limit_delay(struct jitter_buffer *jb)
{
	const struct jitter_slot *last = jitter_store_find(&jb->store, jb->newest_seq);
	const struct jitter_slot *first = first_stored(jb);
	int64_t most = from_ms(jb, jb->settings.max_delay_ms);

	while (last && first && first != last && last->time - first->time + jb->frame > most) {
		skip_to_stored(jb);
		skip_one(jb);
		skip_to_stored(jb);
		first = first_stored(jb);
	}
}

int jitter_buffer_put(struct jitter_buffer *jb, const struct rtp_packet *packet, uint64_t now_us)
{
	bool idle = !jb->playing && jb->store.count == 0;
	int err;

	if (packet->payload_size > JITTER_STORE_PAYLOAD)
		return -EMSGSIZE;
	jb->stats.received++;
	err = check_source(jb, packet);
	if (err) {
		jb->stats.late++;
		return err;
	}
	if (is_duplicate(jb, packet->seq)) {
		jb->stats.duplicate++;
		return -EEXIST;
	}
	advance_time(jb, packet);
	jitter_delay_arrival(
		&jb->delay, jb->time, now_us, from_ms(jb, jb->settings.max_delay_ms), idle);
	learn_frame(jb, packet);
	if (!jb->started && rtp_seq_diff(packet->seq, jb->next_seq) < 0 &&
		rtp_seq_diff(jb->newest_seq, packet->seq) < (int)jb->store.capacity)
		jb->next_seq = packet->seq;
	if (rtp_seq_diff(packet->seq, jb->next_seq) < 0) {
		jb->stats.late++;
		return -ETIME;
	}
	err = store_packet(jb, packet);
	if (!err)
		limit_delay(jb);
	return err;
}

void jitter_buffer_skip(struct jitter_buffer *jb, const struct rtp_packet *packet)
{
	int ahead = rtp_seq_diff(packet->seq, jb->newest_seq);

	if (!jb->has_source || packet->ssrc != jb->ssrc || ahead > MAX_DROPOUT || ahead <= -64)
		return;
	if (is_duplicate(jb, packet->seq))
		return;
	jb->silent |= UINT64_C(1) << rtp_seq_diff(jb->newest_seq, packet->seq);
	go_on_with(jb, jb->next_seq);
}

/* ---- get -------------------------------------------------------------------------------- */

static enum jitter_result play(struct jitter_buffer *jb, const struct jitter_slot *first,
	int64_t now, struct rtp_packet *packet)
{
	jitter_store_read(&jb->store, first, packet);
	packet->ssrc = jb->ssrc;
	jb->lag = now - first->time;
	watch_deviation(jb);
	go_on_with(jb, (uint16_t)(first->seq + 1));
	jb->next_time = first->time + jb->frame;
	jb->concealed = 0;
	jb->playing = jb->started = true;
	jitter_store_drop(&jb->store, first->seq);
	return JITTER_PACKET;
}

/* Whether a frame may be made up while next_seq stands still, which lengthens the lag by one. */
static bool may_conceal(const struct jitter_buffer *jb)
{
	return jb->concealed == 0 || (jb->concealed + 1) * jb->frame <= from_ms(jb, MAX_CONCEAL_MS);
}

/* Nothing is there: late, lost, or a pause; the next packet will tell. */
static enum jitter_result underrun(struct jitter_buffer *jb)
{
	if (!jb->playing)
		return JITTER_WAIT;
	if (!may_conceal(jb)) {
		jb->playing = false;
		return JITTER_WAIT;
	}
	jb->concealed++;
	return JITTER_LOST;
}

/*
 * Whether to begin a spurt with this packet. One from the future of the transits measured belongs
 * to timestamps that were set anew: there is nothing to wait for.
 */
static bool is_due(const struct jitter_buffer *jb, const struct jitter_slot *first, int64_t now)
{
	int64_t lag = now - first->time;

	return lag >= wanted_lag(jb) || lag + jb->frame < jb->delay.base;
}

/* Packets are missing before the first one. Returns whether a frame is to be made up for them. */
static bool conceal_missing(struct jitter_buffer *jb, const struct jitter_slot *first, int64_t now)
{
	/* Frames made up for want of any packet stood for the ones that now prove lost. */
	while (jb->concealed > 0 && jb->next_seq != first->seq) {
		jb->concealed--;
		skip_one(jb);
	}
	if (jb->next_seq == first->seq)
		return false;
	/* The timestamps know of no time that is missing. */
	if (first->time - jb->next_time < jb->frame / 2) {
		skip_to_stored(jb);
		return false;
	}
	/* It would be too late only because the lag is shorter than it should be: give it time. */
	if (now - jb->next_time + jb->frame <= wanted_lag(jb) && may_conceal(jb)) {
		jb->concealed++;
		return true;
	}
	skip_one(jb);
	return true;
}

enum jitter_result jitter_buffer_get(
	struct jitter_buffer *jb, uint64_t now_us, struct rtp_packet *packet)
{
	const struct jitter_slot *first = first_stored(jb);
	int64_t now = jitter_delay_clock(&jb->delay, now_us);

	*packet = (struct rtp_packet){0};
	if (now_us - jb->asked_us > NOT_ASKED_US)
		jb->playing = false;
	jb->asked_us = now_us;
	if (!first)
		return underrun(jb);
	if (!jb->playing) {
		jb->concealed = 0;
		skip_to_stored(jb);
		return is_due(jb, first, now) ? play(jb, first, now, packet) : JITTER_WAIT;
	}
	if (conceal_missing(jb, first, now)) {
		/* Of several that are missing it is behind the last one only. */
		if (jb->concealed == 0 && jb->next_seq == first->seq) {
			jitter_store_read(&jb->store, first, packet);
			packet->ssrc = jb->ssrc;
		}
		return JITTER_LOST;
	}
	if (first->time - jb->next_time >= jb->frame && !is_due(jb, first, now)) {
		jb->playing = false;
		return JITTER_WAIT;
	}
	return play(jb, first, now, packet);
}

/* ---- what the user ought to do ------------------------------------------------------------ */

/* Whether the lag is known and to be changed in that direction. */
static bool is_adjusting(const struct jitter_buffer *jb, int direction, uint64_t now_us)
{
	return jb->playing && jb->adjusting == direction && now_us - jb->asked_us <= NOT_ASKED_US;
}

uint32_t jitter_buffer_excess(const struct jitter_buffer *jb, uint64_t now_us)
{
	const struct jitter_slot *last = jitter_store_find(&jb->store, jb->newest_seq);
	int64_t over = deviation(jb), waiting;

	if (!is_adjusting(jb, 1, now_us) || !last)
		return 0;
	waiting = last->time - jb->next_time + jb->frame;
	over = over < waiting ? over : waiting;
	return over > 0 ? (uint32_t)over : 0;
}

uint32_t jitter_buffer_shortage(const struct jitter_buffer *jb, uint64_t now_us)
{
	int64_t over = deviation(jb);

	return is_adjusting(jb, -1, now_us) && over < 0 ? (uint32_t)-over : 0;
}

bool jitter_buffer_empty(const struct jitter_buffer *jb)
{
	return jb->store.count == 0;
}

void jitter_buffer_stats(const struct jitter_buffer *jb, struct jitter_stats *stats)
{
	int64_t target = wanted_lag(jb) - jb->delay.base + from_ms(jb, ASKED_MS) / 2;

	*stats = jb->stats;
	stats->jitter = jitter_delay_jitter(&jb->delay);
	stats->delay_ms = (uint32_t)(target * 1000 / jb->settings.clock_rate);
}
