/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Keys of a telephone as RTP payload, RFC 4733. */
#include "media/telephone_event.h"

#include <errno.h>
#include <string.h>

enum {
	END_PACKETS = 3,     /* section 2.5.1.4 */
	LOST_US = 200000,    /* section 2.5.2.2: some packets' time without a word */
	VOLUME = 10,         /* -dBm0 of what we send */
	SEGMENT_MIN = 32768, /* units: nobody begins a new segment before */
	MAX_MS = 600000,
	FORGET_US = 60000000, /* after that nothing of an event is still on its way */
};

static const char keys[] = "0123456789*#ABCD!";

int telephone_event_parse(const uint8_t *p, size_t n, struct telephone_event *event)
{
	if (n < TELEPHONE_EVENT_SIZE)
		return -EBADMSG;
	*event = (struct telephone_event){.event = p[0],
		.end = p[1] & 0x80,
		.volume = p[1] & 0x3f,
		.duration = (uint16_t)(p[2] << 8 | p[3])};
	return 0;
}

void telephone_event_write(uint8_t out[TELEPHONE_EVENT_SIZE], const struct telephone_event *event)
{
	out[0] = event->event;
	out[1] = (uint8_t)((event->end ? 0x80 : 0) | (event->volume & 0x3f));
	out[2] = (uint8_t)(event->duration >> 8);
	out[3] = (uint8_t)event->duration;
}

char telephone_event_key(uint8_t event)
{
	return event <= TELEPHONE_EVENT_FLASH ? keys[event] : 0;
}

int telephone_event_of_key(char key)
{
	const char *at = key ? strchr(keys, key) : NULL;

	if (!at && key >= 'a' && key <= 'd')
		at = strchr(keys, key - 'a' + 'A');
	return at ? (int)(at - keys) : -1;
}

/* ---- receiving -------------------------------------------------------------------------- */

void event_receiver_init(struct event_receiver *receiver, telephone_event_fn *pressed, void *arg)
{
	*receiver = (struct event_receiver){.pressed = pressed, .arg = arg};
}

static void finish(struct event_receiver *r)
{
	uint64_t units = (uint64_t)r->before + r->duration;
	uint64_t ms = r->clock_rate ? units * 1000 / r->clock_rate : 0;

	r->running = false;
	r->pressed(telephone_event_key(r->event), (uint32_t)(ms < MAX_MS ? ms : MAX_MS), r->arg);
}

/* Section 2.5.1.3: what lasts longer than the field can say goes on in a new segment. */
static bool is_next_segment(const struct event_receiver *r, uint8_t event, uint32_t timestamp)
{
	uint32_t since = timestamp - r->started;

	return r->running && event == r->event && r->duration >= SEGMENT_MIN &&
	       (since == UINT16_MAX || since == r->duration);
}

static void begin(struct event_receiver *r, uint8_t event, uint32_t timestamp, uint32_t clock_rate)
{
	if (is_next_segment(r, event, timestamp)) {
		r->before += timestamp - r->started;
	} else {
		/* The end of the last one was lost. */
		if (r->running)
			finish(r);
		r->before = 0;
	}
	r->known = r->running = true;
	r->event = event;
	r->clock_rate = clock_rate;
	r->started = timestamp;
	r->duration = 0;
}

void event_receiver_tick(struct event_receiver *r, uint64_t now_us)
{
	if (r->running && now_us >= event_receiver_due(r))
		finish(r);
}

uint64_t event_receiver_due(const struct event_receiver *r)
{
	return r->heard_us + LOST_US;
}

/* Timestamps from here on have nothing to do with those before. */
static void forget(struct event_receiver *r, uint32_t ssrc)
{
	if (r->running)
		finish(r);
	r->known = false;
	r->ssrc = ssrc;
}

int event_receiver_put(struct event_receiver *r, const struct rtp_packet *packet,
	uint32_t clock_rate, uint64_t now_us)
{
	struct telephone_event e;
	int err = telephone_event_parse(packet->payload, packet->payload_size, &e);

	if (err)
		return err;
	if (!telephone_event_key(e.event))
		return 0;
	event_receiver_tick(r, now_us);
	if (packet->ssrc != r->ssrc || now_us - r->heard_us >= FORGET_US)
		forget(r, packet->ssrc);
	/* Of an event before this one: late, or its end repeated. */
	if (r->known && rtp_ts_diff(packet->timestamp, r->started) < 0)
		return 0;
	if (!r->known || packet->timestamp != r->started)
		begin(r, e.event, packet->timestamp, clock_rate);
	if (!r->running || e.event != r->event)
		return 0;
	r->heard_us = now_us;
	if (e.duration > r->duration)
		r->duration = e.duration;
	if (e.end)
		finish(r);
	return 0;
}

/* ---- sending ---------------------------------------------------------------------------- */

int event_sender_add(struct event_sender *sender, uint8_t event, uint32_t duration)
{
	if (sender->n == EVENT_SENDER_MAX)
		return -ENOSPC;
	sender->keys[sender->n].event = event;
	sender->keys[sender->n].duration =
		(uint16_t)(duration < UINT16_MAX ? duration : UINT16_MAX);
	sender->n++;
	return 0;
}

static void next_key(struct event_sender *s, uint32_t pause)
{
	s->n--;
	memmove(s->keys, s->keys + 1, s->n * sizeof s->keys[0]);
	s->since = 0;
	s->ends = 0;
	s->pause = pause;
}

bool event_sender_next(
	struct event_sender *s, uint32_t span, uint32_t pause, struct event_packet *packet)
{
	uint32_t duration;

	if (s->pause) {
		s->pause = s->pause > span ? s->pause - span : 0;
		return false;
	}
	if (s->n == 0)
		return false;
	/* Section 2.5.1.2: the packet tells what has gone by until the end of its span. */
	duration = s->since + span;
	if (duration >= s->keys[0].duration)
		s->ends++;
	*packet = (struct event_packet){.marker = s->since == 0,
		.event = {.event = s->keys[0].event,
			.end = s->ends > 0,
			.volume = VOLUME,
			.duration = (uint16_t)(s->ends ? s->keys[0].duration : duration)}};
	s->since += span;
	if (s->ends == END_PACKETS)
		next_key(s, pause);
	return true;
}
