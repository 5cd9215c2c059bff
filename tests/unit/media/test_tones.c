/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Keys as tones: those that are made are heard, and nothing else is. The argument: a folder of sounds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <glob.h>
#include <math.h>
#include <sndfile.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/id.h"
#include "media/resampler.h"
#include "media/tone_receiver.h"
#include "media/tone_sender.h"

#define MAX_FRAME 960 /* 20 ms at 48 kHz */

static const char *sounds;

struct heard {
	char keys[40];
	unsigned ms[40], n;
};

static void on_pressed(char key, uint32_t ms, void *arg)
{
	struct heard *h = arg;

	assert_true(h->n < 39);
	h->keys[h->n] = key;
	h->ms[h->n++] = ms;
}

static struct tone_receiver *new_receiver(void)
{
	struct tone_receiver *r = calloc(1, tone_receiver_size());

	assert_non_null(r);
	tone_receiver_init(r);
	return r;
}

/* Everything that the sender has, to a receiver, at gain and with some noise. */
static void send_all(struct tone_sender *s, unsigned rate, double gain, struct heard *heard)
{
	struct tone_receiver *r = new_receiver();
	int16_t pcm[MAX_FRAME];

	while (tone_sender_is_busy(s)) {
		memset(pcm, 0, sizeof pcm);
		tone_sender_next(s, rate, pcm);
		for (size_t i = 0; i < rate / 50; i++)
			pcm[i] = (int16_t)(gain * pcm[i] + (int)random_below(60) - 30);
		tone_receiver_put(r, pcm, rate / 50, rate, on_pressed, heard);
	}
	free(r);
}

static void every_key_is_heard_at_every_rate_and_level(void **state)
{
	static const unsigned rates[] = {8000, 16000, 32000, 48000};
	static const double gains[] = {1.2, 1, 0.3, 0.1}; /* down to -29 dBm0 */

	for (size_t i = 0; i < 4 * 4; i++) {
		struct tone_sender s = {0};
		struct heard heard = {0};

		for (uint8_t event = 0; event < 16; event++)
			assert_int_equal(tone_sender_add(&s, event, 80), 0);
		send_all(&s, rates[i % 4], gains[i / 4], &heard);
		assert_string_equal(heard.keys, "0123456789*#ABCD");
	}
}

static void durations_are_told_nearly_right(void **state)
{
	for (unsigned ms = 40; ms <= 1000; ms += 60) {
		struct tone_sender s = {0};
		struct heard heard = {0};

		tone_sender_add(&s, 5, ms);
		send_all(&s, 48000, 1, &heard);
		assert_string_equal(heard.keys, "5");
		assert_in_range(heard.ms[0], ms - 16, ms + 16);
	}
}

/* ITU-T Q.23: both frequencies, each at its level, and the pause between two of the same key. */
static void tones_have_the_frequencies_and_levels_of_the_standard(void **state)
{
	struct tone_sender s = {0};
	int16_t pcm[MAX_FRAME], all[MAX_FRAME * 10];
	double re[2] = {0}, im[2] = {0};
	unsigned pause = 0;

	tone_sender_add(&s, 7, 200);
	tone_sender_add(&s, 7, 40);
	for (unsigned i = 0; i < 10; i++) {
		assert_true(tone_sender_next(&s, 48000, pcm));
		memcpy(all + i * MAX_FRAME, pcm, sizeof pcm);
	}
	while (!tone_sender_next(&s, 48000, pcm))
		pause++;
	assert_int_equal(pause, MEDIA_KEY_PAUSE_MS / 20);
	for (size_t i = MAX_FRAME; i < 9 * MAX_FRAME; i++) {
		for (int k = 0; k < 2; k++) {
			double at = 2 * M_PI * (k ? 1209 : 852) * (double)i / 48000;

			re[k] += all[i] * cos(at);
			im[k] += all[i] * sin(at);
		}
	}
	for (int k = 0; k < 2; k++) {
		double amplitude = 2 * hypot(re[k], im[k]) / (8 * MAX_FRAME);
		double dbm0 = 20 * log10(amplitude / 32767) + 3.14;

		assert_true(fabs(dbm0 - (k ? -7 : -9)) < 0.2);
	}
}

static void what_has_no_tone_and_what_is_too_much_is_refused(void **state)
{
	struct tone_sender s = {0};

	assert_true(tone_sender_add(&s, 16, 100) < 0);
	for (unsigned i = 0; i < MEDIA_KEYS_MAX; i++)
		assert_int_equal(tone_sender_add(&s, 1, 40), 0);
	assert_true(tone_sender_add(&s, 1, 40) < 0);
}

static void a_key_ends_when_the_sound_breaks_off(void **state)
{
	struct tone_receiver *r = new_receiver();
	struct tone_sender s = {0};
	struct heard heard = {0};
	int16_t pcm[MAX_FRAME];

	tone_sender_add(&s, 9, 1000);
	for (unsigned i = 0; i < 5; i++) {
		tone_sender_next(&s, 48000, pcm);
		tone_receiver_put(r, pcm, MAX_FRAME, 48000, on_pressed, &heard);
	}
	assert_int_equal(heard.n, 0);
	tone_receiver_pause(r, on_pressed, &heard);
	tone_receiver_pause(r, on_pressed, &heard);
	assert_string_equal(heard.keys, "9");
	free(r);
}

/* What stands in its place may be anything: it is not listened to. */
static void a_lost_packet_does_not_make_two_keys_of_one(void **state)
{
	for (unsigned lost = 2; lost < 9; lost++) {
		struct tone_receiver *r = new_receiver();
		struct heard heard = {0};
		struct tone_sender s = {0};
		int16_t pcm[160];

		tone_sender_add(&s, 3, 200);
		tone_sender_add(&s, 3, 60);
		for (unsigned i = 0; i < 30; i++) {
			memset(pcm, 0, sizeof pcm);
			tone_sender_next(&s, 8000, pcm);
			if (i == lost)
				tone_receiver_skip(r, 320, 16000);
			else
				tone_receiver_put(r, pcm, 160, 8000, on_pressed, &heard);
		}
		assert_string_equal(heard.keys, "33");
		assert_in_range(heard.ms[0], 170, 220);
		free(r);
	}
}

static double listen_to(const char *path, struct heard *heard)
{
	struct tone_receiver *r = new_receiver();
	SF_INFO info = {0};
	SNDFILE *file = sf_open(path, SFM_READ, &info);
	int16_t pcm[MAX_FRAME];
	double seconds;

	assert_non_null(file);
	assert_int_equal(info.channels, 1);
	seconds = (double)info.frames / info.samplerate;
	while (sf_read_short(file, pcm, info.samplerate / 50) == info.samplerate / 50)
		tone_receiver_put(r, pcm, (size_t)info.samplerate / 50, (unsigned)info.samplerate,
			on_pressed, heard);
	tone_receiver_pause(r, on_pressed, heard);
	sf_close(file);
	free(r);
	return seconds;
}

/* Minutes of voices in three languages and of music. */
static void speech_and_music_are_no_keys(void **state)
{
	static const char *const patterns[] = {
		"%s/*.wav", "%s/de/*.wav", "%s/fr/*.wav", "%s/moh/*.wav"};
	struct heard heard = {0};
	double seconds = 0;

	for (size_t i = 0; i < 4; i++) {
		char pattern[4096];
		glob_t found;

		snprintf(pattern, sizeof pattern, patterns[i], sounds);
		assert_int_equal(glob(pattern, 0, NULL, &found), 0);
		for (size_t k = 0; k < found.gl_pathc; k++)
			seconds += listen_to(found.gl_pathv[k], &heard);
		globfree(&found);
	}
	assert_string_equal(heard.keys, "");
	assert_true(seconds > 200);
}

static int set_up(void **state)
{
	random_seed_for_test(1);
	resampler_setup();
	tone_receiver_setup();
	return 0;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_key_is_heard_at_every_rate_and_level),
		cmocka_unit_test(durations_are_told_nearly_right),
		cmocka_unit_test(tones_have_the_frequencies_and_levels_of_the_standard),
		cmocka_unit_test(what_has_no_tone_and_what_is_too_much_is_refused),
		cmocka_unit_test(a_key_ends_when_the_sound_breaks_off),
		cmocka_unit_test(a_lost_packet_does_not_make_two_keys_of_one),
		cmocka_unit_test(speech_and_music_are_no_keys),
	};

	sounds = argc > 1 ? argv[1] : ".";
	return cmocka_run_group_tests(tests, set_up, NULL);
}
