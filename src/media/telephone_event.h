/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Keys of a telephone as RTP payload (RFC 4733): the payload, what is made of received packets, and
 * what is to be sent. Cores: time comes with the calls, nothing is allocated. Media thread.
 */
#ifndef MEDIA_TELEPHONE_EVENT_H
#define MEDIA_TELEPHONE_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "media/rtp.h"

#define TELEPHONE_EVENT_SIZE 4
#define TELEPHONE_EVENT_FLASH 16 /* RFC 4733 section 3.2: 0..9, * # A..D, flash */

/* The payload, section 2.3. */
struct telephone_event {
	uint8_t event;
	bool end;
	uint8_t volume;    /* -dBm0, 0..63 */
	uint16_t duration; /* RTP time units */
};

/* Returns 0, or -EBADMSG when it is too short. */
int telephone_event_parse(const uint8_t *p, size_t n, struct telephone_event *event);
void telephone_event_write(uint8_t out[TELEPHONE_EVENT_SIZE], const struct telephone_event *event);

/* The key of an event ('0'..'9', '*', '#', 'A'..'D', '!' for flash), or 0; and the other way, or -1. */
char telephone_event_key(uint8_t event);
int telephone_event_of_key(char key);

/* ---- receiving -------------------------------------------------------------------------- */

/* A key was released, or was not heard of any more. Called once for each time it was pressed. */
typedef void telephone_event_fn(char key, uint32_t duration_ms, void *arg);

struct event_receiver {
	telephone_event_fn *pressed;
	void *arg;

	bool known;   /* the fields below are of some event */
	bool running; /* which has not ended */
	uint8_t event;
	uint32_t ssrc;
	uint32_t clock_rate; /* Hz */
	uint32_t started;    /* RTP timestamp: which event it is */
	uint32_t before;     /* units of its earlier segments (section 2.5.1.3) */
	uint16_t duration;   /* units of this one */
	uint64_t heard_us;
};

void event_receiver_init(struct event_receiver *receiver, telephone_event_fn *pressed, void *arg);

/*
 * A packet of a negotiated payload type, whose clock has clock_rate Hz, came at now_us. What is
 * repeated, late or unknown changes nothing. Returns 0, or -EBADMSG.
 */
int event_receiver_put(struct event_receiver *receiver, const struct rtp_packet *packet,
	uint32_t clock_rate, uint64_t now_us);

/*
 * To be called while running, when event_receiver_due has come or at other times: an event whose end
 * never comes ends by itself.
 */
void event_receiver_tick(struct event_receiver *receiver, uint64_t now_us);
uint64_t event_receiver_due(const struct event_receiver *receiver);

/* ---- sending ---------------------------------------------------------------------------- */

#define EVENT_SENDER_MAX 32 /* keys that wait */

struct event_sender {
	struct {
		uint8_t event;
		uint16_t duration; /* units */
	} keys[EVENT_SENDER_MAX];  /* the first is being sent */
	unsigned n;
	uint32_t since; /* units since the first began */
	unsigned ends;  /* packets with the end bit that were sent of it */
	uint32_t pause; /* units still to wait before the next */
};

/* Queue a key. duration, pause: RTP time units; duration is at most 65,535. Returns 0 or -ENOSPC. */
int event_sender_add(struct event_sender *sender, uint8_t event, uint32_t duration);

struct event_packet {
	struct telephone_event event;
	bool marker; /* the first of its event: its RTP timestamp is that of the others too */
};

/*
 * What to send instead of the next span units of audio. Returns false when it is audio: nothing to
 * send, or the pause of pause units between two keys.
 */
bool event_sender_next(
	struct event_sender *sender, uint32_t span, uint32_t pause, struct event_packet *packet);

#endif
