/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The arithmetic of mixing, and its limiter. Plain loops that the compiler vectorises. */
#include "media/mix.h"

#define FULL_SCALE 32767
#define HALF_RANGE 65536 /* makes what is to be rounded positive */

/*
 * Recovery, per frame: so much of the way back to gain 1. At frames of 20 ms the time constant is
 * 90 ms, and 90 % of the way takes 200 ms.
 */
#define RECOVERY 0.2F
#define NEARLY_ONE 0.995F

void mix_add(int32_t *sum, const int16_t *pcm, size_t samples)
{
	for (size_t i = 0; i < samples; i++)
		sum[i] += pcm[i];
}

/* out = sum - own without a limit, and its peak. */
static int32_t subtract(const int32_t *sum, const int16_t *own, int32_t *out, size_t samples)
{
	int32_t high = 0, low = 0;

	for (size_t i = 0; i < samples; i++) {
		int32_t x = own ? sum[i] - own[i] : sum[i];

		out[i] = x;
		high = x > high ? x : high;
		low = x < low ? x : low;
	}
	return high > -low ? high : -low;
}

/*
 * out = in * gain, the gain moving in a straight line: from + slope (i + 1). The products are within
 * full scale but for the rounding of the gain, which for the largest sums makes some units; those,
 * and only those, meet the saturation.
 */
static void ramp(const int32_t *in, int16_t *out, int32_t samples, float from, float slope)
{
	for (int32_t i = 0; i < samples; i++) {
		float x = (float)in[i] * (from + slope * (float)(i + 1));
		int32_t y = (int32_t)(x + (HALF_RANGE + 0.5F)) - HALF_RANGE;

		y = y > FULL_SCALE ? FULL_SCALE : y;
		y = y < -FULL_SCALE ? -FULL_SCALE : y;
		out[i] = (int16_t)y;
	}
}

/*
 * The gentlest straight way down on which no sample goes over full scale: a sample i that allows at
 * most the gain m wants (from - m) / (i + 1) per sample.
 */
static float attack_slope(const int32_t *in, int32_t samples, float from)
{
	float steepest = 0;

	for (int32_t i = 0; i < samples; i++) {
		float x = (float)(in[i] < 0 ? -in[i] : in[i]);

		if (x * from > FULL_SCALE) {
			float slope = (from - FULL_SCALE / x) / (float)(i + 1);

			steepest = slope > steepest ? slope : steepest;
		}
	}
	return -steepest;
}

/* Down from one gain to another as gently as the samples allow, then level. */
static void attack(const int32_t *in, int16_t *out, int32_t samples, float from, float to)
{
	float slope = attack_slope(in, samples, from);
	float length = (to - from) / slope; /* slope < 0: some sample demands the way down */
	int32_t n = length < (float)samples ? (int32_t)length : samples;

	ramp(in, out, n, from, slope);
	ramp(in + n, out + n, samples - n, to, 0);
}

/* At most this many samples at a time, so that the scratch space stands on the stack. */
#define CHUNK 960

static void mix_minus_chunk(struct mix_limiter *limiter, const int32_t *sum, const int16_t *own,
	int16_t *out, size_t samples)
{
	int32_t raw[CHUNK];
	int32_t peak = subtract(sum, own, raw, samples);
	float allowed = peak > FULL_SCALE ? FULL_SCALE / (float)peak : 1;
	float from = limiter->gain > 0 ? limiter->gain : 1;
	float to = from + (1 - from) * RECOVERY;

	if (allowed >= 1 && from >= 1) {
		for (size_t i = 0; i < samples; i++)
			out[i] = (int16_t)raw[i];
		to = 1;
	} else if (allowed < from) {
		to = allowed;
		attack(raw, out, (int32_t)samples, from, to);
	} else {
		to = to > NEARLY_ONE ? 1 : to;
		to = to < allowed ? to : allowed;
		ramp(raw, out, (int32_t)samples, from, (to - from) / (float)(int32_t)samples);
	}
	limiter->gain = to;
}

void mix_minus(struct mix_limiter *limiter, const int32_t *sum, const int16_t *own, int16_t *out,
	size_t samples)
{
	while (samples > 0) {
		size_t n = samples < CHUNK ? samples : CHUNK;

		mix_minus_chunk(limiter, sum, own, out, n);
		sum += n;
		own = own ? own + n : NULL;
		out += n;
		samples -= n;
	}
}

void mix_fade_in(int16_t *pcm, size_t samples)
{
	int32_t n = (int32_t)samples;

	for (int32_t i = 0; i < n; i++)
		pcm[i] = (int16_t)(pcm[i] * i / n);
}

void mix_fade_out(int16_t *pcm, size_t samples)
{
	int32_t n = (int32_t)samples;

	for (int32_t i = 0; i < n; i++)
		pcm[i] = (int16_t)(pcm[i] * (n - i) / n);
}

uint32_t mix_energy(const int16_t *pcm, size_t samples)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < samples; i++)
		sum += (uint32_t)(pcm[i] * pcm[i]);
	return samples ? (uint32_t)(sum / samples) : 0;
}
