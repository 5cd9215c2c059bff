/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The arithmetic of mixing, and its limiter. Plain loops that the compiler vectorises. */
#include "media/mix.h"

#include <math.h>

/*
 * The ceiling of samples and of what lies between them, as any converter behind will make it ("true
 * peak", ITU-R BS.1770 annex 2): -2.5 dB of full scale. That is 1.5 dB under what must not be
 * exceeded, because short filters see too little of what lies near the end of the band, and the next
 * frame may still do something to the last six samples of this one.
 */
#define CEILING 24572
#define HALF_RANGE 65536 /* makes what is to be rounded positive */

/*
 * Three points between two samples, each from twelve around: a sinc in a Kaiser window (beta 5), flat
 * within 0.1 dB to 0.35 of the rate. The largest sum of magnitudes is 1.97, so that under
 * CEILING / 2 nothing between needs to be looked at.
 */
#define TAPS 12
#define NO_PEAKS (CEILING / 2)

static const float between[3][TAPS] = {
	{-0.00739F, 0.01829F, -0.03839F, 0.07619F, -0.16611F, 0.89972F, 0.29206F, -0.10939F,
		0.05410F, -0.02685F, 0.01196F, -0.00417F},
	{-0.00797F, 0.02106F, -0.04556F, 0.09079F, -0.18882F, 0.63050F, 0.63050F, -0.18882F,
		0.09079F, -0.04556F, 0.02106F, -0.00797F},
	{-0.00417F, 0.01196F, -0.02685F, 0.05410F, -0.10939F, 0.29206F, 0.89972F, -0.16611F,
		0.07619F, -0.03839F, 0.01829F, -0.00739F},
};

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

		y = y > CEILING ? CEILING : y;
		y = y < -CEILING ? -CEILING : y;
		out[i] = (int16_t)y;
	}
}

/* At most this many samples at a time, so that the scratch space stands on the stack. */
#define CHUNK 960

/* Enter what lies between samples: y[i] is a point behind sample i - 6. */
static void raise_levels(float *level, const float *y, size_t samples)
{
	const size_t back = TAPS / 2;

	for (size_t i = 0; i < samples && i < back; i++)
		level[0] = fabsf(y[i]) > level[0] ? fabsf(y[i]) : level[0];
	for (size_t i = back; i < samples; i++) {
		float peak = fabsf(y[i]);

		level[i - back] = peak > level[i - back] ? peak : level[i - back];
	}
}

/*
 * How large each sample is, and what lies between it and the next, to level; what lies between
 * samples of the frame before counts for the first one. Returns the largest.
 */
static float find_levels(
	const struct mix_limiter *limiter, const int32_t *in, size_t samples, float *level)
{
	float x[MIX_PAST + CHUNK], y[CHUNK], most = 0;

	for (size_t i = 0; i < MIX_PAST; i++)
		x[i] = limiter->past[i];
	for (size_t i = 0; i < samples; i++) {
		x[MIX_PAST + i] = (float)in[i];
		level[i] = fabsf(x[MIX_PAST + i]);
	}
	for (int p = 0; p < 3; p++) {
		for (size_t i = 0; i < samples; i++)
			y[i] = x[i] * between[p][0];
		for (size_t k = 1; k < TAPS; k++) {
			for (size_t i = 0; i < samples; i++)
				y[i] += x[i + k] * between[p][k];
		}
		raise_levels(level, y, samples);
	}
	for (size_t i = 0; i < samples; i++)
		most = level[i] > most ? level[i] : most;
	return most;
}

/*
 * The gentlest straight way down on which no sample goes over the ceiling: a sample i that allows at
 * most the gain m wants (from - m) / (i + 1) per sample.
 */
static float attack_slope(const float *level, int32_t samples, float from)
{
	float steepest = 0;

	for (int32_t i = 0; i < samples; i++) {
		if (level[i] * from > CEILING) {
			float slope = (from - CEILING / level[i]) / (float)(i + 1);

			steepest = slope > steepest ? slope : steepest;
		}
	}
	return -steepest;
}

/* Down from one gain to another as gently as the samples allow, then level. */
static void attack(
	const int32_t *in, const float *level, int16_t *out, int32_t samples, float from, float to)
{
	float slope = attack_slope(level, samples, from);
	float length = (to - from) / slope; /* slope < 0: some sample demands the way down */
	int32_t n = length < (float)samples ? (int32_t)length : samples;

	ramp(in, out, n, from, slope);
	ramp(in + n, out + n, samples - n, to, 0);
}

static void keep_past(struct mix_limiter *limiter, const int32_t *in, size_t samples)
{
	size_t n = samples < MIX_PAST ? samples : MIX_PAST;

	for (size_t i = n; i < MIX_PAST; i++)
		limiter->past[i - n] = limiter->past[i];
	for (size_t i = 0; i < n; i++)
		limiter->past[MIX_PAST - n + i] = (float)in[samples - n + i];
}

static void mix_minus_chunk(struct mix_limiter *limiter, const int32_t *sum, const int16_t *own,
	int16_t *out, size_t samples)
{
	int32_t raw[CHUNK], n = (int32_t)samples;
	float level[CHUNK];
	float peak = (float)subtract(sum, own, raw, samples);
	float from = limiter->gain > 0 ? limiter->gain : 1;
	float to = from + (1 - from) * RECOVERY, allowed;

	if (peak > NO_PEAKS)
		peak = find_levels(limiter, raw, samples, level);
	allowed = peak > CEILING ? CEILING / peak : 1;
	if (allowed >= 1 && from >= 1) {
		for (size_t i = 0; i < samples; i++)
			out[i] = (int16_t)raw[i];
		to = 1;
	} else if (allowed < from) {
		to = allowed;
		attack(raw, level, out, n, from, to);
	} else {
		to = to > NEARLY_ONE ? 1 : to;
		to = to < allowed ? to : allowed;
		ramp(raw, out, n, from, (to - from) / (float)n);
	}
	limiter->gain = to;
	keep_past(limiter, raw, samples);
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
