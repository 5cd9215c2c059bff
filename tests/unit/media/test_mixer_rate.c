/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The rate of a mixer: frames at a rate that changes, brought to one that stays. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "media/mixer_rate.h"

#define HZ 350.0
#define AMPLITUDE 10000.0
#define FRAMES 60
#define MAX_FRAME 960

static const unsigned rates[] = {8000, 16000, 32000, 48000};

/* As a voice does it (leg.c), decoded at voice_rate; it changes its rate from one frame to the next. */
struct voice {
	struct resampler resampler;
	unsigned rate;
	double phase;
};

static void speak(struct voice *v, unsigned rate, int16_t *pcm)
{
	int16_t decoded[MAX_FRAME];
	size_t frame = v->rate / 50;

	for (size_t i = resampler_turn(&v->resampler, rate, decoded); i < frame; i++) {
		decoded[i] = (int16_t)lrint(AMPLITUDE * sin(v->phase));
		v->phase += 2 * M_PI * HZ / v->rate;
	}
	resampler_run(&v->resampler, decoded, frame, pcm);
}

/* No faster than a tone of this loudness turns, and as loud as it all the time. */
static void assert_smooth(const int16_t *pcm, size_t n, unsigned rate, const char *what)
{
	double most = AMPLITUDE * pow(2 * M_PI * HZ / rate, 2);

	for (size_t i = 1; i + 1 < n; i++) {
		int turn = abs(pcm[i - 1] - 2 * pcm[i] + pcm[i + 1]);

		if (turn > most * 1.15 + 12)
			fail_msg("%s: a turn of %d at %zu, %.0f is right", what, turn, i, most);
	}
	for (size_t at = 0; at + rate / 100 <= n; at += rate / 200) {
		double sum = 0;

		for (size_t i = at; i < at + rate / 100; i++)
			sum += (double)pcm[i] * pcm[i];
		if (sqrt(sum / (rate / 100)) < AMPLITUDE / 4)
			fail_msg("%s: too quiet at %zu", what, at);
	}
}

static void check(unsigned voice_rate, unsigned from, unsigned to, unsigned out_rate)
{
	struct voice voice = {.rate = voice_rate};
	struct mixer_rate_follower follower = {0};
	int16_t pcm[MAX_FRAME], out[FRAMES * MAX_FRAME];
	char what[80];
	size_t n = 0;

	assert_int_equal(resampler_init(&voice.resampler, voice_rate, from), 0);
	for (unsigned i = 0; i < FRAMES; i++) {
		struct mixer_rate rate = {
			.now = i <= FRAMES / 2 ? from : to, .next = i < FRAMES / 2 ? from : to};

		speak(&voice, rate.now, pcm);
		n += mixer_rate_follow(&follower, &rate, out_rate, pcm, out + n);
	}
	assert_int_equal(n, FRAMES * out_rate / 50);
	snprintf(
		what, sizeof what, "%u through %u, then %u, to %u", voice_rate, from, to, out_rate);
	assert_smooth(out + n / 4, n / 2, out_rate, what);
}

static void a_change_of_rate_makes_neither_click_nor_gap(void **state)
{
	for (unsigned voice = 0; voice < 4; voice++) {
		for (unsigned out = 0; out < 4; out++) {
			for (unsigned i = 0; i < 16; i++)
				check(rates[voice], rates[i / 4], rates[i % 4], rates[out]);
		}
	}
}

static void frames_may_be_left_out(void **state)
{
	static const struct mixer_rate narrow = {8000, 8000}, wide = {48000, 48000};
	struct mixer_rate_follower follower = {0};
	int16_t pcm[MAX_FRAME] = {0}, out[MAX_FRAME];

	for (unsigned i = 0; i < MAX_FRAME; i++)
		pcm[i] = 5000;
	assert_int_equal(mixer_rate_follow(&follower, &narrow, 16000, pcm, out), 320);
	assert_int_equal(mixer_rate_follow(&follower, &wide, 16000, pcm, out), 320);
	assert_int_equal(out[319], 5000);
}

static int set_up(void **state)
{
	resampler_setup();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_change_of_rate_makes_neither_click_nor_gap),
		cmocka_unit_test(frames_may_be_left_out),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
