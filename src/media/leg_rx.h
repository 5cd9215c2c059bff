/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The receiving half of a leg: what leg.c, leg_play.c and leg_pass.c share; not for others. */
#ifndef MEDIA_LEG_RX_H
#define MEDIA_LEG_RX_H

#include "media/codec.h"
#include "media/comfort_noise.h"
#include "media/jitter_buffer.h"
#include "media/leg.h"
#include "media/resampler.h"

/*
 * Timestamps are kept on this clock, which those of all codecs divide: so a change of codec amidst a
 * stream does not end it.
 */
#define LEG_JITTER_CLOCK 96000

#define LEG_DEFAULT_SPAN_MS 20
#define LEG_JITTER_MAX_MS 200

/* What it takes to hear a peer; from the pool of the thread it is used on. */
struct leg_rx {
	struct jitter_buffer *jitter; /* lies behind this struct */
	uint32_t clock_rate;          /* of the newest packet's codec; 0: none came yet */
	uint32_t timestamp;           /* of that packet, */
	uint32_t jitter_time;         /* the same on LEG_JITTER_CLOCK, */
	uint32_t step;                /* how far that is from the packet before, */
	uint16_t seq;                 /* and its number */
	const struct audio_codec *codec;
	unsigned rate;               /* of decoder's PCM, Hz */
	void *decoder;               /* of codec; NULL: none yet */
	struct tone_receiver *tones; /* NULL: not needed yet */
	unsigned unsure;             /* spans in which a tone may still be distorted by a loss */
	struct resampler resampler;
	size_t span;   /* samples of the last packet, at rate */
	bool sounding; /* the last span was no pause */
	bool made_up;  /* it did not come, but was concealed */
	struct comfort_noise noise;
	uint64_t noise_until_us;
	uint64_t described_us; /* when a packet said what noise; 0: it is learned */
	int16_t *ahead;        /* decoded but not played yet, at rate; NULL: not needed so far */
	size_t n_ahead;
	bool passing;            /* the last tick passed over what it had */
	uint32_t passed_us;      /* passed over, not decoded, though not due yet */
	uint32_t passed_span_us; /* length of the packet passed over last */
};

/* Units of the jitter buffer's clock in microseconds. */
static inline uint64_t leg_in_us(uint32_t units)
{
	return (uint64_t)units * 1000000 / LEG_JITTER_CLOCK;
}

static inline size_t leg_smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Bytes of rx->ahead. */
static inline size_t leg_ahead_size(const struct leg_rx *rx)
{
	return rx->rate / 1000 * CODEC_MAX_FRAME_MS * sizeof(int16_t);
}

/* leg.c: the codec that this payload type was agreed to mean, or NULL. */
const struct media_payload *leg_payload(const struct leg *leg, uint8_t payload_type);

/* leg.c */
void leg_free_decoder(struct media_thread *t, struct leg_rx *rx);

/*
 * leg_play.c: look for keys in n samples of the codec's (0: a pause); made_up: they never came. A peer
 * with telephone-event sends keys that way.
 */
void leg_listen_for_keys(
	struct media_thread *t, struct leg *leg, const int16_t *pcm, size_t n, bool made_up);

#endif
