/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Encode stream: from 20 ms frames at the mixer's rate to packets of one codec, settings and
 * packet time. Shared by all who hear the same mix, or one participant's own. Copying a stream
 * copies all of its state, so that a listener can be moved from the shared stream to one of his
 * own at any packet without a click: both go on from the same past.
 *
 * Media thread that owns it; memory from its pool.
 */
#ifndef MEDIA_ENCODE_STREAM_H
#define MEDIA_ENCODE_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "media/audio_level.h"
#include "media/codec.h"
#include "media/engine.h"
#include "media/mix.h"
#include "media/pool.h"
#include "media/mixer_rate.h"

#define ENCODE_MAX_PACKETS 2 /* of one frame: two of 10 ms */

/* What a stream was made for; two legs with equal ones can share it. */
struct encode_format {
	const struct audio_codec *codec;
	struct codec_settings settings;
	unsigned ptime_ms; /* 10, 20, 30, 40, 50 or 60 */
};

struct encoded {
	uint32_t
		after_us; /* the mixer's tick to the packet's begin; 0 but for packets under 20 ms */
	struct audio_level level;
	size_t size; /* bytes; 0: the codec fell silent */
	uint8_t p[CODEC_MAX_PAYLOAD];
};

struct encode_stream {
	struct encode_format format;
	size_t packet_samples; /* at the codec's rate */
	void *encoder;
	struct mixer_rate_follower from_mixer;
	struct mix_limiter limiter; /* of a mix made for this stream alone */
	int16_t *wait;              /* samples short of a packet; NULL when packets are 20 ms */
	size_t n_wait;
	unsigned silent;  /* frames of silence put in, one after the other */
	size_t last_size; /* the last packet, sent again while silence lasts */
	uint8_t last[CODEC_MAX_PAYLOAD];
};

/* The format for what was agreed on, with the packet time made one that the codec can do. */
void encode_format_set(
	struct encode_format *format, const struct media_payload *payload, unsigned ptime_ms);
bool encode_format_equal(const struct encode_format *a, const struct encode_format *b);

/* Returns NULL without memory, or when the codec refuses the settings. */
struct encode_stream *encode_stream_new(
	struct media_pool *pool, const struct encode_format *format);
struct encode_stream *encode_stream_copy(struct media_pool *pool, const struct encode_stream *from);
void encode_stream_free(struct media_pool *pool, struct encode_stream *s);

/*
 * Put in 20 ms of PCM at rate->now; silent: it is all zero. Writes the packets that became complete to
 * out and returns how many. *encodes is raised by the number of frames that were really encoded: of a long
 * silence only the beginning is.
 */
unsigned encode_stream_push(struct encode_stream *s, const struct mixer_rate *rate,
	const int16_t *pcm, bool silent, struct encoded out[ENCODE_MAX_PACKETS], unsigned *encodes);

#endif
