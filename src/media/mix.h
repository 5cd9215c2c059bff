/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The arithmetic of mixing: sums in 32 bit, one source taken out again for the one who spoke it,
 * and a limiter in place of wrapping or hard clipping. Pure functions on arrays; gcc vectorises
 * them. Any thread.
 */
#ifndef MEDIA_MIX_H
#define MEDIA_MIX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* sum += pcm; a sum holds up to 65535 sources. */
void mix_add(int32_t *sum, const int16_t *pcm, size_t samples);

#define MIX_MAX_FRAME 960      /* samples: 20 ms at 48 kHz */
#define MIX_LOOK_AHEAD_PART 10 /* of a frame: 2 ms */
#define MIX_MAX_LOOK_AHEAD (MIX_MAX_FRAME / MIX_LOOK_AHEAD_PART)
#define MIX_PAST 23

/* What a mix's limiter remembers, so that it moves without clicks. Zero it to start. */
struct mix_limiter {
	float gain;     /* 0 before the first frame, then (0, 1] */
	uint32_t frame; /* samples of the last frame; 0: none came */
	/* Samples before the gain: the last that were given out, and those that will be next. */
	int32_t held[MIX_PAST + MIX_MAX_LOOK_AHEAD];
};

/*
 * out = limit(sum - own), 2 ms later; own may be NULL. samples: a frame of 20 ms, a multiple of 10 and
 * MIX_MAX_FRAME at most; of another rate than the last one if need be. The limiter lowers the gain as
 * far as is needed for the true peak, between the samples too, to stay under -1 dB of full scale; it
 * goes there in a ramp, begun so much before as it sees ahead, and recovers slowly (90 % of the way in
 * 200 ms): never wraps, never clips flat. Sums under that pass unchanged while the gain is 1. Returns
 * whether there is any sound in out: false: it is all zero.
 */
bool mix_minus(struct mix_limiter *limiter, const int32_t *sum, const int16_t *own, int16_t *out,
	size_t samples);

/* From silence, or to silence, over so many samples (less than 65536). */
void mix_fade_in(int16_t *pcm, size_t samples);
void mix_fade_out(int16_t *pcm, size_t samples);

/* Mean square of a frame, 0 .. 2^30. */
uint32_t mix_energy(const int16_t *pcm, size_t samples);

#endif
