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
#define CEILING 24572 /* -2.5 dB */

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
		assert_int_equal(out[i], a[i] + b[i]);
	mix_minus(&limiter, sum, b, out, FRAME);
	assert_memory_equal(out, a, sizeof a);
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
	assert_memory_equal(out, quiet, sizeof quiet);
}

/* No sample over the ceiling, and every one on the side of zero where its sum is. */
static void check_frame(const int32_t *sum, const int16_t *out)
{
	for (unsigned i = 0; i < FRAME; i++) {
		assert_in_range(out[i] + CEILING, 0, 2 * CEILING);
		assert_true(sum[i] >= 0 ? out[i] >= 0 : out[i] <= 0);
	}
}

static void a_thousand_full_scale_sources_never_wrap(void **state)
{
	static const int16_t extremes[] = {32767, -32768};
	struct mix_limiter limiter = {0};
	int16_t pcm[FRAME], out[FRAME];
	int32_t sum[FRAME];

	for (unsigned k = 0; k < 2; k++) {
		memset(sum, 0, sizeof sum);
		for (unsigned i = 0; i < FRAME; i++)
			pcm[i] = extremes[k];
		for (unsigned i = 0; i < 1000; i++)
			mix_add(sum, pcm, FRAME);
		assert_int_equal(sum[0], 1000 * extremes[k]);
		for (unsigned frame = 0; frame < 20; frame++) {
			mix_minus(&limiter, sum, NULL, out, FRAME);
			check_frame(sum, out);
			assert_in_range(abs(out[FRAME - 1]), frame ? 24560 : 19000, CEILING);
		}
	}
}

static void random_overloads_never_exceed_the_ceiling(void **state)
{
	struct mix_limiter limiter = {0};
	int16_t out[FRAME];
	int32_t sum[FRAME];

	for (unsigned frame = 0; frame < 5000; frame++) {
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
		check_frame(sum, out);
		assert_true(limiter.gain > 0 && limiter.gain <= 1);
	}
}

static void one_loud_sample_anywhere_is_met(void **state)
{
	int16_t out[FRAME];

	for (unsigned at = 0; at < FRAME; at++) {
		struct mix_limiter limiter = {0};
		int32_t sum[FRAME] = {0};

		for (unsigned i = 0; i < FRAME; i++)
			sum[i] = 10000;
		sum[at] = -32768000;
		mix_minus(&limiter, sum, NULL, out, FRAME);
		check_frame(sum, out);
		assert_in_range(-out[at], 24000, CEILING);
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
	sum[FRAME - 1] = 65534;
	mix_minus(&limiter, sum, NULL, out, FRAME);
	assert_in_range(out[0], 9990, 10000);
	assert_in_range(out[FRAME / 2], 6820, 6920);
	assert_in_range(out[FRAME - 2], 3750, 3770);
	assert_in_range(out[FRAME - 1], 24560, CEILING);
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
			in_power += (double)sum[i] * sum[i];
			out_power += (double)out[i] * out[i];
			cross += (double)sum[i] * out[i];
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

/* A sample of talker k, at full scale: all alike, each a tone of its own, square waves, or noise. */
static double full_scale(unsigned kind, unsigned k, unsigned i)
{
	switch (kind) {
	case 0:
		return sin(i * 0.13);
	case 1:
		return sin(i * 0.0178 * (k + 1));
	case 2:
		return i / (50 + k * 7) % 2 ? 1 : -1;
	case 3:
		return k ? 0 : sin(i * M_PI / 2 + M_PI / 4);
	default:
		return random_sample() / 32768.0;
	}
}

static void eight_talkers_at_full_scale_stay_under_minus_1_db_true_peak(void **state)
{
	static int16_t out[PEAK_FRAMES * FRAME], pcm[FRAME];

	for (unsigned kind = 0; kind < 5; kind++) {
		struct mix_limiter limiter = {0};

		for (unsigned frame = 0; frame < PEAK_FRAMES; frame++) {
			int32_t sum[FRAME] = {0};

			for (unsigned k = 0; k < 8; k++) {
				for (unsigned i = 0; i < FRAME; i++)
					pcm[i] = (int16_t)lrint(
						32767 * full_scale(kind, k, frame * FRAME + i));
				mix_add(sum, pcm, FRAME);
			}
			mix_minus(&limiter, sum, NULL, out + frame * FRAME, FRAME);
		}
		assert_true(true_peak(out, PEAK_FRAMES * FRAME) < -1);
		assert_true(true_peak(out, PEAK_FRAMES * FRAME) > -4);
	}
}

static void any_length_of_frame_is_mixed(void **state)
{
	struct mix_limiter limiter = {0};
	static int32_t sum[5 * FRAME];
	static int16_t own[5 * FRAME], out[5 * FRAME + 1];

	for (unsigned n = 0; n < 5 * FRAME; n += 1 + n / 7) {
		for (unsigned i = 0; i < n; i++) {
			own[i] = random_sample();
			sum[i] = own[i] + (int32_t)i;
		}
		out[n] = 77;
		mix_minus(&limiter, sum, own, out, n);
		for (unsigned i = 0; i < n; i++)
			assert_int_equal(out[i], i);
		assert_int_equal(out[n], 77);
	}
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
		cmocka_unit_test(eight_talkers_at_full_scale_stay_under_minus_1_db_true_peak),
		cmocka_unit_test(any_length_of_frame_is_mixed),
		cmocka_unit_test(energy_is_the_mean_square),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
