/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Pitch by normalised correlation: coarsely at about 4 kHz, then sample by sample around the best. */
#include "media/pitch.h"

#include <math.h>

#define COARSE_RATE 4000

/* Mean squares under this are silence, whose pitch means nothing. */
#define SILENCE 4.0F

static float likeness(const int16_t *a, const int16_t *b, size_t span, size_t step)
{
	float cross = 0, a_power = 0, b_power = 0, n = 0;

	for (size_t i = 0; i < span; i += step) {
		float x = a[i], y = b[i];

		cross += x * y;
		a_power += x * x;
		b_power += y * y;
		n += 1;
	}
	if (a_power < SILENCE * n && b_power < SILENCE * n)
		return 1;
	if (a_power < SILENCE * n || b_power < SILENCE * n)
		return 0;
	return cross / sqrtf(a_power * b_power);
}

static size_t best_of(const int16_t *pcm, size_t span, size_t min, size_t max, size_t step)
{
	float most = -1;
	size_t best = min;

	for (size_t lag = min; lag <= max; lag += step) {
		float like = likeness(pcm, pcm - lag, span, step);

		if (like > most) {
			most = like;
			best = lag;
		}
	}
	return best;
}

float pitch_likeness(const int16_t *a, const int16_t *b, size_t span)
{
	return likeness(a, b, span, 1);
}

size_t pitch_find(const int16_t *pcm, size_t span, size_t min, size_t max, unsigned rate)
{
	size_t step = rate > COARSE_RATE ? rate / COARSE_RATE : 1;
	size_t coarse = best_of(pcm, span, min, max, step);
	size_t from = coarse > min + step ? coarse - step : min;
	size_t to = coarse + step < max ? coarse + step : max;

	return best_of(pcm, span, from, to, 1);
}
