/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Comfort noise: as loud and as dark as what it stands for, whatever a packet says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>

#include "media/comfort_noise.h"

#define N 8000
#define FRAME 160

static int16_t pcm[N], made[N];

static double rms(const int16_t *x, size_t n)
{
	double sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += (double)x[i] * x[i];
	return sqrt(sum / (double)n);
}

/* How much of it is below an eighth of the rate or so: likeness of neighbours, -1 to 1. */
static double darkness(const int16_t *x, size_t n)
{
	double cross = 0, power = 1;

	for (size_t i = 1; i < n; i++) {
		cross += (double)x[i] * x[i - 1];
		power += (double)x[i] * x[i];
	}
	return cross / power;
}

static double db(double ratio)
{
	return 20 * log10(ratio);
}

/* Noise of 100, through a filter that takes so much of the sample before. */
static void background(double of_before)
{
	double y = 0, scale = 100 * sqrt(3 * (1 - of_before * of_before));

	srand(1);
	for (size_t i = 0; i < N; i++) {
		y = of_before * y + scale * (2.0 * rand() / RAND_MAX - 1);
		pcm[i] = (int16_t)lrint(y);
	}
}

static void background_is_learned_from_20_ms(void **state)
{
	static const double colours[] = {0, 0.5, 0.9, -0.7};

	for (unsigned i = 0; i < 4; i++) {
		struct comfort_noise noise = {0};
		size_t at = 4000;

		background(colours[i]);
		assert_true(comfort_noise_learn(&noise, pcm + at, FRAME));
		comfort_noise_make(&noise, made, N);
		assert_true(fabs(db(rms(made, N) / rms(pcm + at, FRAME))) < 1.5);
		assert_true(fabs(darkness(made, N) - darkness(pcm + at, FRAME)) < 0.1);
	}
}

static void speech_and_nothing_are_no_background(void **state)
{
	struct comfort_noise noise = {0};

	for (size_t i = 0; i < FRAME; i++)
		pcm[i] = (int16_t)(3000 * sin((double)i));
	assert_false(comfort_noise_learn(&noise, pcm, FRAME));
	comfort_noise_make(&noise, made, FRAME);
	assert_true(rms(made, FRAME) == 0);
	for (size_t i = 0; i < FRAME; i++)
		pcm[i] = 0;
	assert_false(comfort_noise_learn(&noise, pcm, FRAME));
	assert_false(comfort_noise_learn(&noise, pcm, 0));
}

/* A hum is a pole on the edge of the filter's stability. */
static void a_hum_stays_as_loud_as_it_was(void **state)
{
	struct comfort_noise noise = {0};

	for (size_t i = 0; i < FRAME; i++)
		pcm[i] = (int16_t)lrint(200 * sin(2 * M_PI * 100 * (double)i / 8000));
	assert_true(comfort_noise_learn(&noise, pcm, FRAME));
	for (unsigned i = 0; i < 20; i++)
		comfort_noise_make(&noise, made, N);
	assert_true(fabs(db(rms(made, N) / 141)) < 6);
}

static void a_packet_says_level_and_spectrum(void **state)
{
	struct comfort_noise noise = {0};
	static const uint8_t white[] = {60}, dark[] = {50, 127 - 100},
			     bright[] = {50, 127 + 100, 127};

	comfort_noise_describe(&noise, white, sizeof white);
	comfort_noise_make(&noise, made, N);
	assert_true(fabs(db(rms(made, N) / 32767) + 60) < 1);
	assert_true(fabs(darkness(made, N)) < 0.1);
	comfort_noise_describe(&noise, dark, sizeof dark);
	comfort_noise_make(&noise, made, N);
	assert_true(fabs(db(rms(made, N) / 32767) + 50) < 1);
	/* 258 * 100 / 32768 */
	assert_true(fabs(darkness(made, N) - 0.787) < 0.05);
	comfort_noise_describe(&noise, bright, sizeof bright);
	comfort_noise_make(&noise, made, N);
	assert_true(fabs(darkness(made, N) + 0.787) < 0.05);
}

static void no_packet_makes_it_loud_or_unstable(void **state)
{
	struct comfort_noise noise = {0};
	uint8_t payload[40] = {0};

	comfort_noise_describe(&noise, payload, 0);
	comfort_noise_make(&noise, made, FRAME);
	assert_true(rms(made, FRAME) == 0);
	srand(2);
	for (unsigned i = 0; i < 2000; i++) {
		size_t size = 1 + (size_t)rand() % sizeof payload;

		for (size_t k = 0; k < size; k++)
			payload[k] = (uint8_t)(i % 3 ? rand() : rand() % 2 * 255);
		payload[0] &= 0x83;
		comfort_noise_describe(&noise, payload, size);
		comfort_noise_make(&noise, made, FRAME);
		assert_true(rms(made, FRAME) <= 8 * 328);
	}
	comfort_noise_describe(&noise, (const uint8_t[]){0}, 1);
	comfort_noise_make(&noise, made, N);
	assert_true(fabs(db(rms(made, N) / 32767) + 40) < 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(background_is_learned_from_20_ms),
		cmocka_unit_test(speech_and_nothing_are_no_background),
		cmocka_unit_test(a_hum_stays_as_loud_as_it_was),
		cmocka_unit_test(a_packet_says_level_and_spectrum),
		cmocka_unit_test(no_packet_makes_it_loud_or_unstable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
