/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "media/plc.h"
#include "speech.h"

enum { FRAME = 160, SECONDS = 56, SAMPLES = SECONDS * SPEECH_RATE };

static int16_t sound[SAMPLES], heard[SAMPLES];
static uint32_t random_state;

static double chance(void)
{
	random_state = random_state * 1664525U + 1013904223U;
	return (random_state >> 8) / (double)(1 << 24);
}

/* Mean distance of what was made up from what was lost. */
static double distance_of_losses(double loss, double begin, double end, unsigned seed)
{
	bool lost[SAMPLES / FRAME] = {false}, burst = false;
	struct plc plc;
	double sum = 0;
	unsigned n = 0;

	random_state = seed;
	plc_start(&plc, SPEECH_RATE);
	memcpy(heard, sound, sizeof heard);
	for (unsigned i = 0; i < SAMPLES / FRAME; i++) {
		burst = burst ? chance() >= end : chance() < begin;
		lost[i] = (burst || chance() < loss) && i > 0;
		if (lost[i])
			plc_conceal(&plc, heard + i * FRAME, FRAME);
		else
			plc_received(&plc, heard + i * FRAME, FRAME);
	}
	for (unsigned at = FRAME; at + 3 * FRAME < SAMPLES; at += FRAME) {
		for (unsigned k = 0; k < 2 && lost[at / FRAME]; k++) {
			double distance = speech_distance(sound, heard, SAMPLES, at - 48 + k * 104);

			sum += distance < 0 ? 0 : distance;
			n += distance >= 0;
		}
	}
	assert_true(n > 20);
	if (getenv("MEDIA_SIM_PRINT"))
		printf("distance %5.2f dB\n", sum / n);
	return sum / n;
}

/*
 * The limits are what spandsp 0.0.6's plc_fillin reaches with the same losses of the same sound. (It
 * cannot run here: it copies between overlapping areas, which AddressSanitizer reports.)
 */
static void lost_speech_is_made_up_no_worse_than_by_spandsp(void **state)
{
	assert_true(distance_of_losses(0.1, 0, 1, 7) < 9.98);
	assert_true(distance_of_losses(0, 0.05 / 0.95 / 2, 0.5, 8) < 17.01);
	assert_true(distance_of_losses(0, 0.1 / 0.9 / 4, 0.25, 9) < 26.94);
}

static void a_tone_goes_on_and_fades_out_within_120_ms(void **state)
{
	int16_t pcm[8 * FRAME];
	struct plc plc;
	int before = 32767;

	plc_start(&plc, SPEECH_RATE);
	for (unsigned i = 0; i < 4 * FRAME; i++)
		pcm[i] = (int16_t)lrint(8000 * sin(2 * M_PI * 400 * i / SPEECH_RATE));
	plc_received(&plc, pcm, 4 * FRAME);
	plc_conceal(&plc, pcm, 8 * FRAME);
	for (unsigned i = 0; i < FRAME / 2; i++)
		assert_in_range(
			pcm[i] - lrint(8000 * sin(2 * M_PI * 400 * i / SPEECH_RATE)) + 200, 0, 400);
	for (unsigned i = 0; i < 8; i++) {
		int peak = 0;

		for (unsigned k = 0; k < FRAME; k++)
			peak = abs(pcm[i * FRAME + k]) > peak ? abs(pcm[i * FRAME + k]) : peak;
		assert_true(peak < before || peak == 0);
		assert_true((peak == 0) == (i >= 6));
		before = peak;
	}
}

static int set_up(void **state)
{
	speech_make(sound, SAMPLES, 3);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lost_speech_is_made_up_no_worse_than_by_spandsp),
		cmocka_unit_test(a_tone_goes_on_and_fades_out_within_120_ms),
	};

	return cmocka_run_group_tests_name("plc", tests, set_up, NULL);
}
