/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "media/resampler.h"

static const unsigned rates[] = {8000, 16000, 32000, 48000};

#define SECOND 48000

static int16_t in[SECOND], out[SECOND];

/* Call with every pair of two rates that differ. */
static void for_each_pair(void (*check)(unsigned in_rate, unsigned out_rate))
{
	for (unsigned i = 0; i < 4; i++) {
		for (unsigned o = 0; o < 4; o++) {
			if (i != o)
				check(rates[i], rates[o]);
		}
	}
}

static void tone(double hz, unsigned rate, double amplitude)
{
	for (unsigned i = 0; i < rate; i++)
		in[i] = (int16_t)lrint(amplitude * sin(2 * M_PI * hz * i / rate));
}

/* One second through in blocks of 20 ms. */
static void convert(unsigned in_rate, unsigned out_rate)
{
	struct resampler r;
	size_t at = 0;

	assert_int_equal(resampler_init(&r, in_rate, out_rate), 0);
	for (unsigned i = 0; i < in_rate; i += in_rate / 50)
		at += resampler_run(&r, in + i, in_rate / 50, out + at);
	assert_int_equal(at, out_rate);
}

/* Amplitude of a tone in the output, without its first tenth of a second. */
static double amplitude(double hz, unsigned rate)
{
	double re = 0, im = 0;
	unsigned from = rate / 10, n = rate - from;

	for (unsigned i = from; i < rate; i++) {
		re += out[i] * cos(2 * M_PI * hz * i / rate);
		im += out[i] * sin(2 * M_PI * hz * i / rate);
	}
	return 2 * sqrt(re * re + im * im) / n;
}

/* Root mean square of the output as if it were a tone's. */
static double total(unsigned rate)
{
	double sum = 0;
	unsigned from = rate / 10;

	for (unsigned i = from; i < rate; i++)
		sum += (double)out[i] * out[i];
	return sqrt(2 * sum / (rate - from));
}

static double db(double ratio)
{
	return 20 * log10(ratio);
}

static void check_pass_band(unsigned in_rate, unsigned out_rate)
{
	double nyquist = (in_rate < out_rate ? in_rate : out_rate) / 2.0;

	for (unsigned tenth = 1; tenth <= 18; tenth++) {
		double hz = nyquist * tenth / 20;

		tone(hz, in_rate, 20000);
		convert(in_rate, out_rate);
		assert_true(fabs(db(amplitude(hz, out_rate) / 20000)) < 0.1);
		/* And nothing else: what is not the tone is its images, or aliases. */
		assert_true(total(out_rate) / 20000 < 1.012);
	}
}

static void tones_of_the_pass_band_keep_their_level(void **state)
{
	for_each_pair(check_pass_band);
}

static void check_alias(unsigned in_rate, unsigned out_rate)
{
	if (in_rate < out_rate)
		return;
	for (double hz = 1.15 * out_rate / 2; hz < in_rate / 2.0; hz += in_rate / 90.0) {
		tone(hz, in_rate, 30000);
		convert(in_rate, out_rate);
		assert_true(db(total(out_rate) / 30000) < -60);
	}
}

static void tones_beyond_the_new_band_are_gone_by_60_db(void **state)
{
	for_each_pair(check_alias);
}

static void check_image(unsigned in_rate, unsigned out_rate)
{
	double worst = 0;

	if (in_rate > out_rate)
		return;
	/* Up to 0.85 of the band: its image lies beyond 1.15, where the stop band begins. */
	for (double hz = 300; hz <= 0.85 * in_rate / 2; hz += in_rate / 40.0) {
		tone(hz, in_rate, 30000);
		convert(in_rate, out_rate);
		for (double image = in_rate - hz; image < out_rate / 2.0; image += in_rate) {
			double a = amplitude(image, out_rate);

			worst = a > worst ? a : worst;
		}
	}
	assert_true(db(worst / 30000) < -60);
}

static void images_are_gone_by_60_db(void **state)
{
	for_each_pair(check_image);
}

static void check_constant(unsigned in_rate, unsigned out_rate)
{
	static const int16_t levels[] = {0, 1, -1, 1000, -20001, 32767, -32768};

	for (unsigned k = 0; k < sizeof levels / sizeof levels[0]; k++) {
		for (unsigned i = 0; i < in_rate; i++)
			in[i] = levels[k];
		convert(in_rate, out_rate);
		for (unsigned i = out_rate / 50; i < out_rate; i++)
			assert_int_equal(out[i], levels[k]);
	}
}

static void a_constant_passes_unchanged(void **state)
{
	for_each_pair(check_constant);
}

static void check_blocks(unsigned in_rate, unsigned out_rate)
{
	static int16_t other[SECOND];
	struct resampler r;
	unsigned ms = 0;
	size_t at = 0;

	for (unsigned i = 0; i < in_rate; i++)
		in[i] = (int16_t)(rand() & 0xffff);
	convert(in_rate, out_rate);
	assert_int_equal(resampler_init(&r, in_rate, out_rate), 0);
	/* Blocks of 1, 2, 3 ... 31, 1, 2 ... ms. */
	for (unsigned i = 0; i < 1000; i += ms) {
		ms = ms < 31 && i + ms + 1 <= 1000 ? ms + 1 : 1;
		at += resampler_run(
			&r, in + i * (in_rate / 1000), ms * (in_rate / 1000), other + at);
	}
	assert_int_equal(at, out_rate);
	assert_memory_equal(out, other, out_rate * sizeof *out);
}

static void the_cut_into_blocks_does_not_matter(void **state)
{
	for_each_pair(check_blocks);
}

static void check_count(unsigned in_rate, unsigned out_rate)
{
	struct resampler r;

	assert_int_equal(resampler_init(&r, in_rate, out_rate), 0);
	for (unsigned ms = 0; ms <= 120; ms++)
		assert_int_equal(
			resampler_run(&r, in, ms * in_rate / 1000, out), ms * out_rate / 1000);
}

static void the_count_of_samples_is_exact(void **state)
{
	for_each_pair(check_count);
}

/*
 * An impulse of 2^14 brings a filter's coefficients out as they are. The magnitudes of each phase
 * must add up to less than 3 * 2^14, or its 32-bit sum could overflow.
 */
static void check_gain(unsigned in_rate, unsigned out_rate)
{
	unsigned magnitude[6] = {0}, up, down;

	for (up = 1; out_rate / 1000 % up || up * in_rate % out_rate; up++)
		;
	down = up * in_rate / out_rate;
	assert_true(up <= 6 && down <= 6);
	for (unsigned at = 0; at < down; at++) {
		memset(in, 0, sizeof in);
		in[at] = 1 << 14;
		convert(in_rate, out_rate);
		for (unsigned i = 0; i < out_rate; i++)
			magnitude[i % up] += (unsigned)abs(out[i]);
	}
	for (unsigned i = 0; i < up; i++)
		assert_in_range(magnitude[i], 1 << 14, 3 * (1 << 14) - 1);
}

static void no_input_can_overflow_the_sums(void **state)
{
	for_each_pair(check_gain);
}

static void a_step_of_full_scale_saturates_and_does_not_wrap(void **state)
{
	for (unsigned i = 0; i < 8000; i++)
		in[i] = i < 4000 ? -32768 : 32767;
	convert(8000, 48000);
	for (unsigned i = 25000; i < 48000; i++)
		assert_true(out[i] > 20000);
}

static void check_delay(unsigned in_rate, unsigned out_rate)
{
	unsigned low = in_rate < out_rate ? in_rate : out_rate;
	unsigned expected = out_rate / 4 + 16 * (out_rate / 1000) * 1000 / low;
	unsigned peak = 0;

	/* A smooth pulse at a quarter of a second. */
	for (unsigned i = 0; i < in_rate; i++) {
		double t = ((double)i / in_rate - 0.25) * 1000;

		in[i] = (int16_t)lrint(20000 * exp(-t * t));
	}
	convert(in_rate, out_rate);
	for (unsigned i = 0; i < out_rate; i++)
		peak = out[i] > out[peak] ? i : peak;
	assert_in_range(peak, expected - 1, expected + 1);
}

static void the_delay_is_16_samples_of_the_lower_rate(void **state)
{
	for_each_pair(check_delay);
}

static void equal_rates_copy(void **state)
{
	struct resampler r;

	for (unsigned i = 0; i < 4; i++) {
		tone(440, 8000, 10000);
		assert_int_equal(resampler_init(&r, rates[i], rates[i]), 0);
		assert_int_equal(resampler_run(&r, in, 961, out), 961);
		assert_memory_equal(in, out, 961 * sizeof *in);
	}
}

static void other_rates_are_refused(void **state)
{
	struct resampler r;

	assert_int_equal(resampler_init(&r, 44100, 48000), -EINVAL);
	assert_int_equal(resampler_init(&r, 48000, 0), -EINVAL);
}

/*
 * Turned in the middle, it goes on as one whose output is converted from the old rate to the new one by
 * another resampler all the time; but for the rounding, which that does twice.
 */
static void check_turn(unsigned in_rate, unsigned old_rate, unsigned new_rate)
{
	static int16_t chained[SECOND];
	int16_t again[RESAMPLER_HISTORY], block[SECOND / 50];
	struct resampler r, chain;
	size_t at = 0, n_again;

	assert_int_equal(resampler_init(&r, in_rate, old_rate), 0);
	assert_int_equal(resampler_init(&chain, old_rate, new_rate), 0);
	for (unsigned i = 0; i < in_rate / 2; i += in_rate / 50) {
		size_t n = resampler_run(&r, in + i, in_rate / 50, block);

		at += resampler_run(&chain, block, n, chained + at);
	}
	n_again = resampler_turn(&r, new_rate, again);
	assert_true(n_again <= in_rate * 4 / 1000);
	at += resampler_run(&r, again, n_again, chained + at);
	at += resampler_run(&r, in + in_rate / 2, in_rate / 2 - n_again, chained + at);
	assert_int_equal(at, new_rate);
	assert_int_equal(resampler_turn(&r, new_rate, again), 0);

	/* The same without a turn, to compare with. */
	assert_int_equal(resampler_init(&r, in_rate, old_rate), 0);
	assert_int_equal(resampler_init(&chain, old_rate, new_rate), 0);
	at = 0;
	for (unsigned i = 0; i < in_rate; i += in_rate / 50) {
		size_t n = resampler_run(&r, in + i, in_rate / 50, block);

		at += resampler_run(&chain, block, n, out + at);
	}
	for (unsigned i = 0; i < new_rate; i++) {
		if (abs(chained[i] - out[i]) > 12)
			fail_msg("%u: %u to %u: sample %u of %u is %d, not %d", in_rate, old_rate,
				new_rate, i, new_rate, chained[i], out[i]);
	}
}

static void a_turn_to_another_rate_has_no_seam(void **state)
{
	for (unsigned i = 0; i < 4; i++) {
		tone(1000, rates[i], 10000);
		for (unsigned o = 0; o < 16; o++)
			check_turn(rates[i], rates[o / 4], rates[o % 4]);
	}
}

static int setup(void **state)
{
	resampler_setup();
	srand(1);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tones_of_the_pass_band_keep_their_level),
		cmocka_unit_test(tones_beyond_the_new_band_are_gone_by_60_db),
		cmocka_unit_test(images_are_gone_by_60_db),
		cmocka_unit_test(a_constant_passes_unchanged),
		cmocka_unit_test(the_cut_into_blocks_does_not_matter),
		cmocka_unit_test(the_count_of_samples_is_exact),
		cmocka_unit_test(no_input_can_overflow_the_sums),
		cmocka_unit_test(a_step_of_full_scale_saturates_and_does_not_wrap),
		cmocka_unit_test(the_delay_is_16_samples_of_the_lower_rate),
		cmocka_unit_test(equal_rates_copy),
		cmocka_unit_test(a_turn_to_another_rate_has_no_seam),
		cmocka_unit_test(other_rates_are_refused),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
