/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Comfort noise (RFC 3389): white noise through an all-pole filter, given by its reflection coefficients:
 *
 *     y[n] = e[n] - a[1] y[n-1] - ... - a[10] y[n-10]
 *
 * Each coefficient k takes the power of what is predicted down by 1 - k^2, so with all of them below 1
 * the filter is stable, and its gain known.
 */
#include "media/comfort_noise.h"

#include <math.h>
#include <string.h>

#define LOUDEST 328.0F /* -40 dB of full scale: what is louder is taken for somebody speaking */
#define LEAST 1.0F
#define WHITE 1.001F /* keeps pure tones off the edge of stability */
#define MOST_REFLECTION 0.99F

/* Take one more reflection coefficient, the n-th from 0 on, into the predictor. */
static void step_up(float *a, size_t n, float k)
{
	float before[COMFORT_NOISE_ORDER];

	memcpy(before, a, n * sizeof *a);
	for (size_t i = 0; i < n; i++)
		a[i] += k * before[n - 1 - i];
	a[n] = k;
}

static float within(float k)
{
	return k > MOST_REFLECTION ? MOST_REFLECTION : k < -MOST_REFLECTION ? -MOST_REFLECTION : k;
}

static void correlate(const int16_t *pcm, size_t samples, float r[COMFORT_NOISE_ORDER + 1])
{
	for (size_t lag = 0; lag <= COMFORT_NOISE_ORDER; lag++) {
		r[lag] = 0;
		for (size_t i = lag; i < samples; i++)
			r[lag] += (float)pcm[i] * (float)pcm[i - lag];
	}
}

bool comfort_noise_learn(struct comfort_noise *noise, const int16_t *pcm, size_t samples)
{
	float r[COMFORT_NOISE_ORDER + 1], *a = noise->predictor, error;

	correlate(pcm, samples, r);
	noise->level = samples > 0 ? sqrtf(r[0] / (float)samples) : 0;
	if (noise->level < LEAST || noise->level > LOUDEST) {
		noise->level = noise->excitation = 0;
		return false;
	}
	error = r[0] * WHITE;
	for (size_t n = 0; n < COMFORT_NOISE_ORDER; n++) {
		float rest = r[n + 1], k;

		for (size_t i = 0; i < n; i++)
			rest += a[i] * r[n - i];
		k = within(-rest / error);
		step_up(a, n, k);
		error *= 1 - k * k;
	}
	noise->excitation = sqrtf(error / (float)samples);
	return true;
}

void comfort_noise_describe(struct comfort_noise *noise, const uint8_t *payload, size_t size)
{
	float gain = 1;

	memset(noise->predictor, 0, sizeof noise->predictor);
	noise->level = noise->excitation = 0;
	if (size == 0)
		return;
	/* 3.1: dB below the overload point. */
	noise->level = 32767.0F * powf(10, -(float)(payload[0] & 0x7f) / 20);
	if (noise->level > LOUDEST)
		noise->level = LOUDEST;
	/* 3.2: 127 is 0; those of a higher order than ours may be left out. */
	for (size_t n = 0; n < COMFORT_NOISE_ORDER && n + 1 < size; n++) {
		float k = within((float)(258 * (payload[n + 1] - 127)) / 32768.0F);

		step_up(noise->predictor, n, k);
		gain *= 1 - k * k;
	}
	noise->excitation = noise->level * sqrtf(gain);
}

/* Equally likely from -1 to 1 (a linear congruential generator's upper bits). */
static float random_of(struct comfort_noise *noise)
{
	noise->random = noise->random * 1664525U + 1013904223U;
	return (float)(int32_t)noise->random / 2147483648.0F;
}

void comfort_noise_make(struct comfort_noise *noise, int16_t *pcm, size_t samples)
{
	float scale = noise->excitation * sqrtf(3); /* of the root mean square 1/sqrt(3) */

	for (size_t n = 0; n < samples; n++) {
		float y = scale * random_of(noise);

		for (size_t i = 0; i < COMFORT_NOISE_ORDER; i++)
			y -= noise->predictor[i] * noise->past[i];
		/* A new predictor may find a past that suits it badly. */
		y = y > 8 * LOUDEST ? 8 * LOUDEST : y;
		y = y < -8 * LOUDEST ? -8 * LOUDEST : y;
		memmove(noise->past + 1, noise->past,
			(COMFORT_NOISE_ORDER - 1) * sizeof noise->past[0]);
		noise->past[0] = y;
		pcm[n] = (int16_t)lrintf(y);
	}
}
