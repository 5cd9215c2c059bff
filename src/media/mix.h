/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The arithmetic of mixing: sums in 32 bit, one source taken out again for the one who spoke it,
 * and a limiter in place of wrapping or hard clipping. Pure functions on arrays; gcc vectorises
 * them. Any thread.
 */
#ifndef MEDIA_MIX_H
#define MEDIA_MIX_H

#include <stddef.h>
#include <stdint.h>

/* sum += pcm; a sum holds up to 65535 sources. */
void mix_add(int32_t *sum, const int16_t *pcm, size_t samples);

#define MIX_PAST 11

/* What a mix's limiter remembers, so that it moves without clicks. Zero it to start. */
struct mix_limiter {
	float gain;           /* 0 before the first frame, then (0, 1] */
	float past[MIX_PAST]; /* the last samples before the gain */
};

/*
 * out = limit(sum - own); own may be NULL. The limiter lowers the gain as far as the frame needs for
 * its true peak, between the samples too, to stay under -1 dB of full scale; it goes there in a ramp,
 * and recovers slowly (at frames of 20 ms 90 % of the way in 200 ms): never wraps, never clips flat.
 * Sums under that pass unchanged while the gain is 1.
 */
void mix_minus(struct mix_limiter *limiter, const int32_t *sum, const int16_t *own, int16_t *out,
	size_t samples);

/* From silence, or to silence, over so many samples (less than 65536). */
void mix_fade_in(int16_t *pcm, size_t samples);
void mix_fade_out(int16_t *pcm, size_t samples);

/* Mean square of a frame, 0 .. 2^30. */
uint32_t mix_energy(const int16_t *pcm, size_t samples);

#endif
