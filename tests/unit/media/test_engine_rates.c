/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Media engine: the rate of a mixer follows those who are in it, in simulated time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>

#include "media/engine_private.h"
#include "media/mixer.h"
#include "media/rtp.h"
#include "phone.h"

#define LOUD 6000.0
#define WINDOW (PHONE_RATE / 100)
#define FALLS_MS 10200

struct room {
	struct world w;
	struct media_mixer *mixer;
};

static void open_room(struct room *r, unsigned sample_rate)
{
	struct media_engine_settings settings = world_settings(1);

	settings.sample_rate = sample_rate;
	world_open_simulated(&r->w, &settings);
	assert_int_equal(media_mixer_new(r->w.engine, 0, &r->mixer), 0);
}

static void close_room(struct room *r)
{
	media_mixer_close(r->mixer);
	world_close(&r->w);
}

static struct phone *enter(struct room *r, const char *codec, double tone)
{
	struct phone *p = world_phone(&r->w, codec, 20, tone, tone > 0 ? LOUD : 0);

	assert_int_equal(media_leg_join(p->leg, r->mixer), 0);
	return p;
}

/* All threads rest between the steps of simulated time. */
static unsigned rate_of(const struct room *r)
{
	return r->mixer->mixer->rate.now;
}

/* Root mean square of 10 ms, as if it were a tone's. */
static double loudness(const struct phone *p, size_t at)
{
	double sum = 0;

	for (size_t i = at; i < at + WINDOW; i++)
		sum += (double)p->pcm[i] * p->pcm[i];
	return sqrt(2 * sum / WINDOW);
}

static void assert_unbroken(const struct phone *p)
{
	assert_true(p->n_pcm > PHONE_RATE * 2);
	for (size_t at = WINDOW; at + WINDOW <= p->n_pcm; at += WINDOW / 2) {
		if (loudness(p, at) < LOUD / 2)
			fail_msg("too quiet at %zu ms", at * 1000 / PHONE_RATE);
	}
	for (size_t i = 0; i < p->n_pcm; i++) {
		if (abs(p->pcm[i]) > 1.1 * LOUD)
			fail_msg("%d is too loud at %zu ms", p->pcm[i], i * 1000 / PHONE_RATE);
	}
}

static void the_rate_is_what_the_widest_codec_needs(void **state)
{
	static const struct {
		const char *codec;
		unsigned rate;
	} steps[] = {
		{"PCMU", 8000}, {"GSM", 8000}, {"G722", 16000}, {"PCMA", 16000}, {"opus", 48000}};
	struct room r;

	open_room(&r, 48000);
	for (unsigned i = 0; i < sizeof steps / sizeof steps[0]; i++) {
		const struct audio_codec *codec = audio_codec_find(slice_str(steps[i].codec), 0);
		struct phone *p = enter(&r, "PCMU", 0);
		struct media_leg_config config = phone_config(p);

		/* It need not understand what it is sent. */
		config.send.codec = codec;
		config.send.settings.sample_rate = codec->default_rate;
		media_leg_configure(p->leg, &config);
		world_run(&r.w, 100);
		assert_int_equal(rate_of(&r), steps[i].rate);
	}
	close_room(&r);
}

static void it_is_never_above_the_setting(void **state)
{
	struct room r;

	open_room(&r, 16000);
	enter(&r, "opus", 0);
	world_run(&r.w, 100);
	assert_int_equal(rate_of(&r), 16000);
	close_room(&r);
}

/* Who speaks is heard without a break by who listens, and by who speaks himself. */
static void it_rises_and_falls_unheard(void **state)
{
	struct phone *talker, *other, *wide;
	struct room r;

	open_room(&r, 48000);
	talker = enter(&r, "PCMU", 500);
	other = enter(&r, "PCMU", 850);
	world_run(&r.w, 1000);
	phone_forget(other);
	phone_forget(talker);
	world_run(&r.w, 300);
	assert_int_equal(rate_of(&r), 8000);
	wide = enter(&r, "opus", 0);
	world_run(&r.w, 500);
	assert_int_equal(rate_of(&r), 48000);
	media_leg_join(wide->leg, NULL);
	world_run(&r.w, 2000);
	assert_int_equal(rate_of(&r), 48000);
	assert_unbroken(other);
	assert_unbroken(talker);
	world_run(&r.w, FALLS_MS - 3000);
	phone_forget(other);
	phone_forget(talker);
	world_run(&r.w, 3000);
	assert_int_equal(rate_of(&r), 8000);
	assert_unbroken(other);
	assert_unbroken(talker);
	close_room(&r);
}

/* He may be sent G.711 and send Opus: what he says is heard in its width. */
static void who_speaks_wider_than_he_hears_counts_as_well(void **state)
{
	struct media_leg_config config;
	struct phone *p, *q;
	struct room r;

	open_room(&r, 48000);
	enter(&r, "PCMU", 0);
	p = world_phone(&r.w, "opus", 20, 500, LOUD);
	q = world_phone(&r.w, "PCMU", 20, 0, 0);
	config = phone_config(p);
	config.send = q->format;
	media_leg_configure(p->leg, &config);
	media_leg_join(p->leg, r.mixer);
	world_run(&r.w, 200);
	assert_int_equal(rate_of(&r), 48000);
	close_room(&r);
}

static void a_talker_goes_between_rooms_of_different_rates(void **state)
{
	struct room r;
	struct media_mixer *narrow, *wide;
	struct phone *talker, *in_narrow, *in_wide;
	size_t heard = 0;

	open_room(&r, 48000);
	narrow = r.mixer;
	assert_int_equal(media_mixer_new(r.w.engine, 0, &wide), 0);
	in_narrow = enter(&r, "PCMU", 0);
	talker = enter(&r, "PCMU", 500);
	r.mixer = wide;
	in_wide = enter(&r, "opus", 0);
	world_run(&r.w, 1000);
	phone_forget(in_narrow);
	phone_forget(in_wide);
	for (unsigned i = 0; i < 8; i++) {
		media_leg_join(talker->leg, i % 2 ? narrow : wide);
		world_run(&r.w, 250);
	}
	assert_int_equal(narrow->mixer->rate.now, 8000);
	assert_int_equal(wide->mixer->rate.now, 48000);
	for (size_t at = 0; at + WINDOW <= in_narrow->n_pcm; at += WINDOW)
		heard += phone_level(in_narrow, 500, at, WINDOW) > LOUD / 2;
	for (size_t at = 0; at + WINDOW <= in_wide->n_pcm; at += WINDOW)
		heard += phone_level(in_wide, 500, at, WINDOW) > LOUD / 2;
	/* Two seconds, but for what the fades of eight moves take. */
	if (heard < 170)
		fail_msg("heard for %zu0 ms", heard);
	media_mixer_close(narrow);
	close_room(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_rate_is_what_the_widest_codec_needs),
		cmocka_unit_test(it_is_never_above_the_setting),
		cmocka_unit_test(it_rises_and_falls_unheard),
		cmocka_unit_test(who_speaks_wider_than_he_hears_counts_as_well),
		cmocka_unit_test(a_talker_goes_between_rooms_of_different_rates),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
