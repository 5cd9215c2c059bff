/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "media/mix.h"

#define FRAME 960
#define AHEAD (FRAME / 10) /* that a limiter sees, and is late by */
#define CEILING 23700      /* -2.8 dB */

static uint32_t random_state = 2463534242U;

static uint32_t next_random(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 17;
	random_state ^= random_state << 5;
	return random_state;
}

static int16_t random_sample(void)
{
	return (int16_t)(next_random() >> 16);
}

static void a_sum_that_is_not_too_loud_is_exact(void **state)
{
	int16_t a[FRAME], b[FRAME], out[FRAME];
	int32_t sum[FRAME] = {0};
	struct mix_limiter limiter = {0};

	for (unsigned i = 0; i < FRAME; i++) {
		a[i] = (int16_t)(random_sample() / 4);
		b[i] = (int16_t)(random_sample() / 4);
	}
	a[7] = b[7] = 8191;
	mix_add(sum, a, FRAME);
	mix_add(sum, b, FRAME);
	mix_minus(&limiter, sum, NULL, out, FRAME);
	for (unsigned i = 0; i < FRAME; i++)
		assert_int_equal(out[i], i < AHEAD ? 0 : a[i - AHEAD] + b[i - AHEAD]);
	mix_minus(&limiter, sum, b, out, FRAME);
	for (unsigned i = 0; i < AHEAD; i++)
		assert_int_equal(out[i], a[FRAME - AHEAD + i] + b[FRAME - AHEAD + i]);
	assert_memory_equal(out + AHEAD, a, (FRAME - AHEAD) * sizeof *a);
}

static void own_voice_is_taken_out(void **state)
{
	int16_t loud[FRAME], quiet[FRAME], out[FRAME];
	int32_t sum[FRAME] = {0};
	struct mix_limiter limiter = {0};

	for (unsigned i = 0; i < FRAME; i++) {
		loud[i] = i % 2 ? 32767 : -32768;
		quiet[i] = (int16_t)(random_sample() / 100);
	}
	mix_add(sum, loud, FRAME);
	mix_add(sum, quiet, FRAME);
	mix_minus(&limiter, sum, loud, out, FRAME);
	/* The sum is over full scale, what this one hears is not: no limiting. */
	assert_memory_equal(out + AHEAD, quiet, (FRAME - AHEAD) * sizeof *quiet);
}

/*
 * No sample over the ceiling, and every one on the side of zero where its sum is; before: the frame of
 * sums before, NULL: none.
 */
static void check_frame(const int32_t *before, const int32_t *sum, const int16_t *out)
{
	for (unsigned i = 0; i < FRAME; i++) {
		int32_t x = i >= AHEAD ? sum[i - AHEAD] : before ? before[FRAME - AHEAD + i] : 0;

		assert_in_range(out[i] + CEILING, 0, 2 * CEILING);
		assert_true(x >= 0 ? out[i] >= 0 : out[i] <= 0);
	}
}

static void a_thousand_full_scale_sources_never_wrap(void **state)
{
	static const int16_t extremes[] = {32767, -32768};
	int16_t pcm[FRAME], out[FRAME];
	int32_t sum[FRAME];

	for (unsigned k = 0; k < 2; k++) {
		struct mix_limiter limiter = {0};

		memset(sum, 0, sizeof sum);
		for (unsigned i = 0; i < FRAME; i++)
			pcm[i] = extremes[k];
		for (unsigned i = 0; i < 1000; i++)
			mix_add(sum, pcm, FRAME);
		assert_int_equal(sum[0], 1000 * extremes[k]);
		for (unsigned frame = 0; frame < 20; frame++) {
			mix_minus(&limiter, sum, NULL, out, FRAME);
			check_frame(frame ? sum : NULL, sum, out);
			assert_in_range(abs(out[FRAME - 1]), frame ? 23680 : 19000, CEILING);
		}
	}
}

static void random_overloads_never_exceed_the_ceiling(void **state)
{
	struct mix_limiter limiter = {0};
	int16_t out[FRAME];
	int32_t sums[2][FRAME] = {0};

	for (unsigned frame = 0; frame < 5000; frame++) {
		int32_t *sum = sums[frame % 2];
		int32_t level = 1 + (int32_t)(next_random() % (frame % 3 ? 40000 : 32768000));
		unsigned from = next_random() % FRAME, to = next_random() % FRAME;

		for (unsigned i = 0; i < FRAME; i++) {
			int32_t x = (int32_t)(next_random() % 65536) - 32768;

			/* Frames with an overload at one place, everywhere, or nowhere. */
			sum[i] = from < to && (i < from || i > to)
					 ? x
					 : (int32_t)((int64_t)x * level / 32768);
		}
		mix_minus(&limiter, sum, NULL, out, FRAME);
		check_frame(sums[(frame + 1) % 2], sum, out);
		assert_true(limiter.gain > 0 && limiter.gain <= 1);
	}
}

static void one_loud_sample_anywhere_is_met(void **state)
{
	int16_t out[2 * FRAME];
	int32_t after[FRAME];

	for (unsigned i = 0; i < FRAME; i++)
		after[i] = 10000;
	for (unsigned at = 0; at < FRAME; at++) {
		struct mix_limiter limiter = {0};
		int32_t sum[FRAME];

		memcpy(sum, after, sizeof sum);
		sum[at] = -32768000;
		mix_minus(&limiter, sum, NULL, out, FRAME);
		mix_minus(&limiter, after, NULL, out + FRAME, FRAME);
		check_frame(NULL, sum, out);
		check_frame(sum, after, out + FRAME);
		assert_in_range(-out[at + AHEAD], 23000, CEILING);
	}
}

/* The gain comes down over the whole way to where it is needed, and not at a step. */
static void the_gain_comes_down_as_gently_as_it_can(void **state)
{
	struct mix_limiter limiter = {0};
	int16_t out[FRAME];
	int32_t sum[FRAME];

	for (unsigned i = 0; i < FRAME; i++)
		sum[i] = 10000;
	mix_minus(&limiter, sum, NULL, out, FRAME);
	sum[FRAME - 1 - AHEAD] = 65534;
	mix_minus(&limiter, sum, NULL, out, FRAME);
	assert_in_range(out[0], 9990, 10000);
	assert_in_range(out[FRAME / 2], 6700, 6900);
	assert_in_range(out[FRAME - 2], 3600, 3640);
	assert_in_range(out[FRAME - 1], 23680, CEILING);
}

/* The shape of a loud tone stays: its crests are not cut flat. */
static void a_tone_over_full_scale_is_turned_down_and_not_clipped(void **state)
{
	struct mix_limiter limiter = {0};
	double in_power = 0, out_power = 0, cross = 0;
	int16_t out[FRAME];
	int32_t sum[FRAME];

	for (unsigned frame = 0; frame < 50; frame++) {
		for (unsigned i = 0; i < FRAME; i++)
			sum[i] = (int32_t)lrint(100000 * sin((frame * FRAME + i) * 0.05));
		mix_minus(&limiter, sum, NULL, out, FRAME);
		for (unsigned i = 0; i < FRAME && frame > 0; i++) {
			double x = 100000 * sin((frame * FRAME + i - AHEAD) * 0.05);

			in_power += x * x;
			out_power += (double)out[i] * out[i];
			cross += x * out[i];
		}
	}
	/* What is not the tone is 60 dB below it; hard clipping would leave 10 dB. */
	assert_true(1 - cross * cross / (in_power * out_power) < 1e-6);
}

static void gain_returns_within_a_third_of_a_second_and_then_exactly(void **state)
{
	struct mix_limiter limiter = {0};
	int16_t out[FRAME];
	int32_t sum[FRAME];
	unsigned frames = 0;
	float last;

	for (unsigned i = 0; i < FRAME; i++)
		sum[i] = 327670;
	mix_minus(&limiter, sum, NULL, out, FRAME);
	assert_true(limiter.gain < 0.11F);
	for (unsigned i = 0; i < FRAME; i++)
		sum[i] = 1000;
	/* What lies between the loud frame and this one is still loud. */
	mix_minus(&limiter, sum, NULL, out, FRAME);
	do {
		last = limiter.gain;
		mix_minus(&limiter, sum, NULL, out, FRAME);
		/* The gain moves in small steps, also within a frame. */
		assert_true(limiter.gain > last);
		for (unsigned i = 1; i < FRAME; i++)
			assert_in_range(out[i] - out[i - 1], 0, 1);
		frames++;
	} while (limiter.gain < 0.9F);
	assert_in_range(frames, 5, 15);
	for (frames = 0; frames < 50; frames++)
		mix_minus(&limiter, sum, NULL, out, FRAME);
	assert_true(limiter.gain == 1);
	assert_int_equal(out[0], 1000);
	assert_int_equal(out[FRAME - 1], 1000);
}

enum { PEAK_FRAMES = 25, PEAK_TAPS = 64 };

/* ITU-R BS.1770 annex 2, with a better filter: the peak at four times the rate, dB of full scale. */
static double true_peak(const int16_t *pcm, size_t n)
{
	double most = 0;

	for (unsigned p = 0; p < 4; p++) {
		double taps[PEAK_TAPS];

		for (int k = 0; k < PEAK_TAPS; k++) {
			double x = M_PI * (k - 31 - p / 4.0);

			taps[k] = (x == 0 ? 1 : sin(x) / x) * (0.5 + 0.5 * cos(x / 33));
		}
		for (size_t i = 0; i + PEAK_TAPS <= n; i++) {
			double y = 0;

			for (int k = 0; k < PEAK_TAPS; k++)
				y += taps[k] * pcm[i + (size_t)k];
			most = fabs(y) > most ? fabs(y) : most;
		}
	}
	return 20 * log10(most / 32768);
}

enum { KINDS = 15 };

/*
 * A sample of talker k, at full scale: all alike, each a tone of his own, square waves, tones near the
 * end of the band, impulses, noise; from a frame's edge on, or a little before or behind it.
 */
static double full_scale(unsigned kind, unsigned k, unsigned i)
{
	static const unsigned begins[] = {4 * FRAME, 4 * FRAME - 3, 4 * FRAME + 1};

	if (kind >= 12)
		return i < begins[kind - 12] ? 0 : random_sample() / 32768.0;
	switch (kind) {
	case 0:
		return sin(i * 0.13);
	case 1:
		return sin(i * 0.0178 * (k + 1));
	case 2:
		return i / (50 + k * 7) % 2 ? 1 : -1;
	case 3:
		return k ? 0 : sin(i * M_PI / 2 + M_PI / 4);
	case 4:
		return sin(i * M_PI * 0.99);
	case 5:
		return sin(i * M_PI * (0.90 + 0.01 * k) + k);
	case 6:
		return i / FRAME % 2 ? sin(i * M_PI * 0.93) : 0;
	case 7:
		return i % (331 + k) ? 0 : 1;
	case 8:
		return i / FRAME % 2 ? (i % 2 ? 1 : -1) : (i / 2 % 2 ? 1 : -1);
	case 9:
		return i / 24 % 2 ? 1 : -1;
	case 10:
		return random_sample() > 0 ? 1 : -1;
	default:
		return random_sample() / 32768.0;
	}
}

/* At frames of so many samples. */
static void assert_true_peaks(unsigned frame, unsigned talkers)
{
	static int16_t out[PEAK_FRAMES * FRAME], pcm[FRAME];

	for (unsigned kind = 0; kind < KINDS; kind++) {
		struct mix_limiter limiter = {0};
		double peak;

		for (unsigned n = 0; n < PEAK_FRAMES; n++) {
			int32_t sum[FRAME] = {0};

			for (unsigned k = 0; k < talkers; k++) {
				for (unsigned i = 0; i < frame; i++)
					pcm[i] = (int16_t)lrint(
						32767 * full_scale(kind, k, n * frame + i));
				mix_add(sum, pcm, frame);
			}
			mix_minus(&limiter, sum, NULL, out + n * frame, frame);
		}
		peak = true_peak(out, PEAK_FRAMES * frame);
		assert_true(peak < -1);
		assert_true(peak > -8);
	}
}

static void talkers_at_full_scale_stay_under_minus_1_db_true_peak(void **state)
{
	assert_true_peaks(FRAME, 8);
	assert_true_peaks(FRAME, 1);
	assert_true_peaks(FRAME, 2);
	assert_true_peaks(160, 8);
	assert_true_peaks(320, 3);
	assert_true_peaks(640, 64);
}

/* A tone goes on through frames of other rates, as loud and in its phase. */
static void a_change_of_rate_makes_no_gap(void **state)
{
	static const unsigned frames[] = {160, 160, 960, 960, 320, 640, 160, 960};
	struct mix_limiter limiter = {0};
	double phase = 0, before = 0;
	int16_t last = 0, out[FRAME];

	for (unsigned n = 0; n < sizeof frames / sizeof frames[0]; n++) {
		unsigned frame = frames[n];
		double step = 2 * M_PI * 250 / 50 / frame;
		int32_t sum[FRAME];

		for (unsigned i = 0; i < frame; i++, phase += step)
			sum[i] = (int32_t)lrint(8000 * sin(phase));
		assert_true(mix_minus(&limiter, sum, NULL, out, frame));
		for (unsigned i = n ? 0 : frame / 10; i < frame; i++) {
			/* The slope is never more than one and a half times the tone's. */
			assert_true(abs(out[i] - last) <=
				    1.5 * 8000 * (i == 0 && before > step ? before : step) + 1);
			assert_true(fabs(out[i] - 8000 * sin(phase - (frame - i + frame / 10.0) *
									     step)) < 300);
			last = out[i];
		}
		last = out[frame - 1];
		before = step;
	}
}

static void silence_is_told_once_all_is_out(void **state)
{
	struct mix_limiter limiter = {0};
	int32_t sum[FRAME] = {0};
	int16_t out[FRAME];

	assert_false(mix_minus(&limiter, sum, NULL, out, FRAME));
	sum[FRAME - 1] = 5;
	assert_true(mix_minus(&limiter, sum, NULL, out, FRAME));
	sum[FRAME - 1] = 0;
	assert_true(mix_minus(&limiter, sum, NULL, out, FRAME));
	assert_int_equal(out[AHEAD - 1], 5);
	assert_false(mix_minus(&limiter, sum, NULL, out, FRAME));
}

static void energy_is_the_mean_square(void **state)
{
	int16_t pcm[FRAME];

	memset(pcm, 0, sizeof pcm);
	assert_int_equal(mix_energy(pcm, FRAME), 0);
	assert_int_equal(mix_energy(pcm, 0), 0);
	for (unsigned i = 0; i < FRAME; i++)
		pcm[i] = -32768;
	assert_int_equal(mix_energy(pcm, FRAME), 1 << 30);
	for (unsigned i = 0; i < FRAME; i++)
		pcm[i] = (int16_t)(i % 2 ? 3 : -5);
	assert_int_equal(mix_energy(pcm, FRAME), 17);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_sum_that_is_not_too_loud_is_exact),
		cmocka_unit_test(own_voice_is_taken_out),
		cmocka_unit_test(a_thousand_full_scale_sources_never_wrap),
		cmocka_unit_test(random_overloads_never_exceed_the_ceiling),
		cmocka_unit_test(one_loud_sample_anywhere_is_met),
		cmocka_unit_test(the_gain_comes_down_as_gently_as_it_can),
		cmocka_unit_test(a_tone_over_full_scale_is_turned_down_and_not_clipped),
		cmocka_unit_test(gain_returns_within_a_third_of_a_second_and_then_exactly),
		cmocka_unit_test(talkers_at_full_scale_stay_under_minus_1_db_true_peak),
		cmocka_unit_test(a_change_of_rate_makes_no_gap),
		cmocka_unit_test(silence_is_told_once_all_is_out),
		cmocka_unit_test(energy_is_the_mean_square),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
