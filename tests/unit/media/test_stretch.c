/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "media/stretch.h"

#define MAX 5760
#define CANARY 12345

static const unsigned rates[] = {8000, 16000, 48000};
static const unsigned spans_ms[] = {10, 20, 30, 60};

static uint32_t random_state = 88172645;

static int16_t noise(double amplitude)
{
	random_state = random_state * 1664525U + 1013904223U;
	return (int16_t)(amplitude * ((double)random_state / 2147483648.0 - 1));
}

/* A buzz of that pitch, as a voice has, with a little breath. */
static void make_voice(int16_t *pcm, size_t n, unsigned rate, double pitch)
{
	for (size_t i = 0; i < n; i++) {
		double x = 0;

		for (unsigned k = 1; k <= 8; k++)
			x += sin(2 * M_PI * pitch * k * (double)i / rate + k * k) / k;
		pcm[i] = (int16_t)(4000 * x + noise(60));
	}
}

/* Of out against what would be there if the sound had only been that much longer or shorter. */
static double likeness(const int16_t *a, const int16_t *b, size_t n)
{
	double cross = 0, aa = 0, bb = 0;

	for (size_t i = 0; i < n; i++) {
		cross += (double)a[i] * b[i];
		aa += (double)a[i] * a[i];
		bb += (double)b[i] * b[i];
	}
	return cross / sqrt(aa * bb);
}

static void voices_lose_or_gain_whole_periods_and_no_seam_is_heard(void **state)
{
	static const double pitches[] = {105, 140, 210, 333};
	static int16_t in[2 * MAX], out[MAX];

	for (unsigned r = 0; r < 3; r++) {
		for (unsigned p = 0; p < 4; p++) {
			size_t n = rates[r] / 50, got, periods;
			double period = rates[r] / pitches[p];

			make_voice(in, 2 * n, rates[r], pitches[p]);
			memcpy(out, in, n * sizeof *in);
			got = stretch_shorten(out, n, 1, rates[r], 0.8F);
			periods = (size_t)lrint((double)(n - got) / period);
			assert_true(periods >= 1);
			assert_true(fabs((double)(n - got) - (double)periods * period) < 1.01);
			assert_true(likeness(out, in, got) > 0.95);
			assert_true(likeness(out, in + (n - got), got) > 0.95);
			/* It joins to what was before and to what follows. */
			assert_int_equal(out[0], in[0]);
			assert_in_range(abs(out[got - 1] - in[n - 1]), 0, 1500);

			memcpy(out, in, n * sizeof *in);
			got = stretch_lengthen(out, n, MAX, 1, rates[r], 0.8F);
			periods = (size_t)lrint((double)(got - n) / period);
			assert_true(periods >= 1);
			assert_true(fabs((double)(got - n) - (double)periods * period) < 1.01);
			assert_true(likeness(out, in, n) > 0.95);
			assert_true(likeness(out + (got - n), in, n) > 0.95);
			assert_int_equal(out[0], in[0]);
			assert_int_equal(out[got - 1], in[n - 1]);
		}
	}
}

static void silence_gives_exactly_what_is_wanted(void **state)
{
	int16_t pcm[MAX] = {0};

	for (unsigned r = 0; r < 3; r++) {
		size_t n = rates[r] / 50, by = rates[r] / 1000 * 7;

		for (size_t i = 0; i < n; i++)
			pcm[i] = noise(20);
		assert_int_equal(
			stretch_shorten(pcm, n, by, rates[r], STRETCH_SILENCE_ONLY), n - by);
		assert_int_equal(
			stretch_lengthen(pcm, n, MAX, by, rates[r], STRETCH_SILENCE_ONLY), n + by);
		/* As much as there is. */
		assert_in_range(
			stretch_shorten(pcm, n, MAX, rates[r], STRETCH_SILENCE_ONLY), n / 3, n / 2);
	}
}

static void what_is_not_alike_is_left_as_it_is(void **state)
{
	int16_t pcm[MAX] = {0}, before[MAX];
	size_t n = 960;

	/* The beginning of a word: silence, then noise that grows. */
	for (size_t i = n / 2; i < n; i++)
		pcm[i] = noise(20.0 * (double)(i - n / 2));
	memcpy(before, pcm, sizeof pcm);
	assert_int_equal(stretch_shorten(pcm, n, 480, 48000, 0.8F), n);
	assert_int_equal(stretch_lengthen(pcm, n, MAX, 480, 48000, 0.8F), n);
	assert_int_equal(stretch_shorten(pcm, n, 480, 48000, STRETCH_SILENCE_ONLY), n);
	assert_memory_equal(pcm, before, sizeof pcm);
	/* Unless it is urgent. */
	assert_true(stretch_shorten(pcm, n, 480, 48000, STRETCH_ANY) < n);
}

static void any_sound_of_any_length_stays_within_its_bounds(void **state)
{
	static int16_t pcm[MAX + 1];

	for (unsigned r = 0; r < 3; r++) {
		for (unsigned k = 0; k < 4; k++) {
			size_t most = rates[r] / 1000 * spans_ms[k];

			for (size_t n = 0; n <= most; n += 1 + n / 5) {
				size_t got;

				for (size_t i = 0; i < n; i++)
					pcm[i] = i % 3 ? INT16_MIN : INT16_MAX;
				pcm[n] = CANARY;
				got = stretch_shorten(pcm, n, n, rates[r], STRETCH_ANY);
				assert_true(got <= n && (n == 0 || got > 0));
				assert_int_equal(pcm[n], CANARY);
				got = stretch_lengthen(pcm, got, n, n, rates[r], STRETCH_ANY);
				assert_true(got <= n);
				assert_int_equal(pcm[n], CANARY);
			}
		}
	}
}

static void nothing_wanted_is_nothing_done_in_silence(void **state)
{
	int16_t pcm[MAX] = {0};

	assert_int_equal(stretch_shorten(pcm, 960, 0, 48000, STRETCH_ANY), 960);
	assert_int_equal(stretch_lengthen(pcm, 960, MAX, 0, 48000, STRETCH_ANY), 960);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(voices_lose_or_gain_whole_periods_and_no_seam_is_heard),
		cmocka_unit_test(silence_gives_exactly_what_is_wanted),
		cmocka_unit_test(what_is_not_alike_is_left_as_it_is),
		cmocka_unit_test(any_sound_of_any_length_stays_within_its_bounds),
		cmocka_unit_test(nothing_wanted_is_nothing_done_in_silence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
