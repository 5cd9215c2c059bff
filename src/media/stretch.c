/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Time scaling. The seam lies at the end of the samples, so that the longest period fits:
 *
 *     shorter:  0 ........ n-s-p [ s faded into the s ] n            (p samples left out)
 *     longer:   0 ................ n-s [ s faded into those p before ] n-p ... n   (p repeated)
 *
 * where s is the length of the seam and p the period by which the last s samples are most alike
 * those before.
 */
#include "media/stretch.h"

#include <string.h>

#include "media/mix.h"
#include "media/pitch.h"

#define MIN_PERIOD_US 2500 /* 400 Hz, or several periods of a higher voice */
#define MAX_PERIOD_US 15000
#define MAX_SEAM_US 7500
#define QUIET_ENERGY 1074 /* -60 dB of full scale, 2^30 */

static size_t samples_of(unsigned rate, unsigned us)
{
	return (size_t)rate * us / 1000000;
}

/* a at the beginning of a seam of n samples, b at its end */
static int16_t blend(int16_t a, int16_t b, size_t at, size_t n)
{
	int32_t all = (int32_t)n, i = (int32_t)at;

	return (int16_t)((a * (all - i) + b * i) / all);
}

static size_t seam_of(size_t n, unsigned rate)
{
	size_t most = samples_of(rate, MAX_SEAM_US), seam = n * 3 / 8;

	return seam < most ? seam : most;
}

/* By how many samples to shorten or lengthen, at most max; 0: not here. */
static size_t find_period(
	const int16_t *pcm, size_t n, size_t by, size_t max, unsigned rate, float alike)
{
	size_t seam = seam_of(n, rate), min = samples_of(rate, MIN_PERIOD_US), period;
	const int16_t *last = pcm + n - seam;

	max = n - seam < max ? n - seam : max;
	if (max < 2 * min)
		return 0;
	if (mix_energy(pcm, n) < QUIET_ENERGY)
		return by < max ? by : max;
	if (alike > 1)
		return 0;
	if (max > samples_of(rate, MAX_PERIOD_US))
		max = samples_of(rate, MAX_PERIOD_US);
	period = pitch_find(last, seam, min, max, rate);
	return pitch_likeness(last, last - period, seam) >= alike ? period : 0;
}

size_t stretch_shorten(int16_t *pcm, size_t n, size_t by, unsigned rate, float alike)
{
	size_t period = find_period(pcm, n, by, n, rate, alike), seam = seam_of(n, rate);
	int16_t *last = pcm + n - seam, *before = last - period;

	for (size_t i = 0; period > 0 && i < seam; i++)
		before[i] = blend(before[i], last[i], i, seam);
	return n - period;
}

size_t stretch_lengthen(int16_t *pcm, size_t n, size_t max, size_t by, unsigned rate, float alike)
{
	size_t period = find_period(pcm, n, by, max - n, rate, alike), seam = seam_of(n, rate);
	int16_t *last = pcm + n - seam;
	const int16_t *before = last - period;

	if (period == 0)
		return n;
	memcpy(pcm + n, pcm + n - period, period * sizeof *pcm);
	/* Backwards, because before may lie within the seam. */
	for (size_t i = seam; i-- > 0;)
		last[i] = blend(last[i], before[i], i, seam);
	return n + period;
}
