/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A media thread's working memory: what one mixer's tick needs and no longer than that. The
 * mixers of a thread tick one after the other and share it.
 */
#ifndef MEDIA_SCRATCH_H
#define MEDIA_SCRATCH_H

#include <stddef.h>
#include <stdint.h>

#include "media/codec.h"
#include "media/encode_stream.h"
#include "media/mix.h"

#define SCRATCH_MAX_RATE 48000
#define SCRATCH_FRAME (SCRATCH_MAX_RATE / 50)
/* Samples of a packet behind those that are less than a frame. */
#define SCRATCH_SPAN (SCRATCH_FRAME + SCRATCH_MAX_RATE / 1000 * CODEC_MAX_FRAME_MS)

struct media_scratch {
	int16_t span[SCRATCH_SPAN]; /* what a leg has decoded, at its codec's rate, */
	size_t n_span;              /* and how much it is */
	int32_t sum[SCRATCH_FRAME];
	int16_t mix[SCRATCH_FRAME];   /* what is being encoded */
	int32_t apart[SCRATCH_FRAME]; /* the sum as one alone hears it */
	int16_t sound[SCRATCH_FRAME]; /* of a player */
	struct encoded packets[ENCODE_MAX_PACKETS];
	int16_t *frames; /* each talker's 20 ms in this tick; grows, see talkers.c */
	size_t max_frames;
};

#endif
