/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The arithmetic of mixing, and its limiter. Plain loops that the compiler vectorises. */
#include "media/mix.h"

#include <math.h>
#include <string.h>

/*
 * The ceiling of samples and of what lies between them, as any converter behind will make it ("true
 * peak", ITU-R BS.1770 annex 2): -2.8 dB of full scale. That is 1.8 dB under what must not be
 * exceeded, because short filters see too little of what lies near the end of the band.
 */
#define CEILING 23700
#define HALF_RANGE 65536 /* makes what is to be rounded positive */

/*
 * Three points between two samples, each from 24 around: a sinc in a Kaiser window (beta 5). The
 * largest sum of magnitudes is 2.36, so that under NO_PEAKS nothing between needs to be looked at.
 */
#define TAPS 24
#define REACH (TAPS / 2) /* samples, either way, that a point depends on */
#define NO_PEAKS (CEILING * 2 / 5)

static const float between[3][TAPS] = {
	{-0.00140F, 0.00286F, -0.00507F, 0.00825F, -0.01271F, 0.01886F, -0.02742F, 0.03970F,
		-0.05863F, 0.09242F, -0.17574F, 0.89944F, 0.29750F, -0.12262F, 0.07269F, -0.04803F,
		0.03297F, -0.02278F, 0.01554F, -0.01030F, 0.00652F, -0.00386F, 0.00205F, -0.00090F},
	{-0.00160F, 0.00345F, -0.00628F, 0.01040F, -0.01620F, 0.02423F, -0.03535F, 0.05114F,
		-0.07493F, 0.11545F, -0.20490F, 0.63416F, 0.63416F, -0.20490F, 0.11545F, -0.07493F,
		0.05114F, -0.03535F, 0.02423F, -0.01620F, 0.01040F, -0.00628F, 0.00345F, -0.00160F},
	{-0.00090F, 0.00205F, -0.00386F, 0.00652F, -0.01030F, 0.01554F, -0.02278F, 0.03297F,
		-0.04803F, 0.07269F, -0.12262F, 0.29750F, 0.89944F, -0.17574F, 0.09242F, -0.05863F,
		0.03970F, -0.02742F, 0.01886F, -0.01271F, 0.00825F, -0.00507F, 0.00286F, -0.00140F},
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

/* The largest magnitude. */
static int32_t find_peak(const int32_t *in, size_t samples)
{
	int32_t high = 0, low = 0;

	for (size_t i = 0; i < samples; i++) {
		high = in[i] > high ? in[i] : high;
		low = in[i] < low ? in[i] : low;
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

#define MOST (MIX_MAX_LOOK_AHEAD + MIX_MAX_FRAME)

/* Enter what lies between samples: y[i] is a point behind sample i - REACH. */
static void raise_levels(float *level, const float *y, size_t samples)
{
	for (size_t i = REACH; i < samples; i++) {
		float peak = fabsf(y[i]);

		level[i - REACH] = peak > level[i - REACH] ? peak : level[i - REACH];
	}
}

/*
 * How large each sample is, and what lies between it and the next, to level; in has MIX_PAST more in
 * front. What lies behind the last REACH samples is seen when there are more. Returns the largest.
 */
static float find_levels(const int32_t *in, size_t samples, float *level)
{
	float x[MIX_PAST + MOST], y[MOST], most = 0;

	for (size_t i = 0; i < MIX_PAST + samples; i++)
		x[i] = (float)in[i];
	for (size_t i = 0; i < samples; i++)
		level[i] = fabsf(x[MIX_PAST + i]);
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
 * The gentlest straight way down on which no level goes over the ceiling, with the gain at rest again
 * for all that a point depends on: a level i that allows at most the gain m wants
 * (from - m) / (i + 1 - REACH) per sample.
 */
static float attack_slope(const float *level, int32_t samples, float from)
{
	float steepest = 0;

	for (int32_t i = 0; i < samples; i++) {
		if (level[i] * from > CEILING) {
			int32_t way = i >= REACH ? i + 1 - REACH : 1;
			float slope = (from - CEILING / level[i]) / (float)way;

			steepest = slope > steepest ? slope : steepest;
		}
	}
	return -steepest;
}

/* Down towards a gain on that way, and level from there on. Returns the gain at the end. */
static float attack(
	const int32_t *in, int16_t *out, int32_t samples, float slope, float from, float to)
{
	float length = (to - from) / slope; /* slope < 0: some level demands the way down */
	int32_t n = length < (float)samples ? (int32_t)length : samples;

	ramp(in, out, n, from, slope);
	ramp(in + n, out + n, samples - n, to, 0);
	return n < samples ? to : from + slope * (float)samples;
}

/*
 * Bring what is held to the rate of frames of so many samples, in straight lines: next is the sample
 * behind it.
 */
static void change_rate(struct mix_limiter *limiter, size_t samples, int32_t next)
{
	size_t ahead = samples / MIX_LOOK_AHEAD_PART;
	size_t n = MIX_PAST + ahead, old = MIX_PAST + limiter->frame / MIX_LOOK_AHEAD_PART;
	int32_t before[MIX_PAST + MIX_MAX_LOOK_AHEAD + 1];

	memcpy(before, limiter->held, old * sizeof *before);
	before[old] = next;
	for (size_t i = 0; i < n; i++) {
		float back = (float)((n - i) * limiter->frame) / (float)samples;
		float at = back < (float)old ? (float)old - back : 0;
		size_t whole = (size_t)at;
		float part = at - (float)whole;

		limiter->held[i] = (int32_t)((1 - part) * (float)before[whole] +
					     part * (float)before[whole + 1]);
	}
}

bool mix_minus(struct mix_limiter *limiter, const int32_t *sum, const int16_t *own, int16_t *out,
	size_t samples)
{
	size_t ahead = samples / MIX_LOOK_AHEAD_PART, known = ahead + samples;
	int32_t all[MIX_PAST + MOST], *in = all + MIX_PAST, n = (int32_t)samples;
	float from = limiter->gain > 0 ? limiter->gain : 1;
	float to = from + (1 - from) * RECOVERY, allowed, peak, level[MOST];
	bool sounds;

	for (size_t i = 0; i < samples; i++)
		in[ahead + i] = own ? sum[i] - own[i] : sum[i];
	if (limiter->frame && limiter->frame != samples)
		change_rate(limiter, samples, in[ahead]);
	memcpy(all, limiter->held, (MIX_PAST + ahead) * sizeof *all);
	peak = (float)find_peak(in, known);
	sounds = peak > 0;
	if (peak > NO_PEAKS)
		peak = find_levels(all, known, level);
	allowed = peak > CEILING ? CEILING / peak : 1;
	if (allowed >= 1 && from >= 1) {
		for (size_t i = 0; i < samples; i++)
			out[i] = (int16_t)in[i];
		to = 1;
	} else if (allowed < from) {
		to = attack(in, out, n, attack_slope(level, (int32_t)known, from), from, allowed);
	} else {
		to = to > NEARLY_ONE ? 1 : to;
		to = to < allowed ? to : allowed;
		ramp(in, out, n, from, (to - from) / (float)n);
	}
	limiter->gain = to;
	limiter->frame = (uint32_t)samples;
	memcpy(limiter->held, all + samples, (MIX_PAST + ahead) * sizeof *all);
	return sounds;
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
