/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Audio levels in the packets of rooms (RFC 6464), with real sockets on loopback, in simulated time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "phone.h"

#define LOUD 6000.0

static struct media_mixer *room(struct world *w)
{
	struct media_mixer *mixer;

	assert_int_equal(media_mixer_new(w->engine, 0, &mixer), 0);
	return mixer;
}

static struct phone *member(struct world *w, struct media_mixer *mixer, const char *codec,
	unsigned ptime_ms, double tone)
{
	struct phone *p = world_phone(w, codec, ptime_ms, tone, LOUD);

	assert_int_equal(media_leg_join(p->leg, mixer), 0);
	return p;
}

/* -dBov of a tone with this amplitude. */
static int level_of_tone(double amplitude)
{
	return (int)lround(-20 * log10(amplitude / 32768 / sqrt(2)));
}

/* ---- sent ---------------------------------------------------------------------------------- */

static void packets_say_how_loud_the_mix_in_them_is(void **state)
{
	static const char *const codecs[] = {"PCMU", "PCMU", "opus", "PCMU", "opus"};
	static const unsigned ptimes[] = {20, 60, 20, 10, 40};
	static const uint8_t ids[] = {1, 14, 1, 15, 255};
	struct media_engine_settings settings = world_settings(1);
	struct world w;
	struct media_mixer *mixer;
	struct phone *listeners[5];

	world_open_simulated(&w, &settings);
	mixer = room(&w);
	for (int i = 0; i < 5; i++) {
		listeners[i] = member(&w, mixer, codecs[i], ptimes[i], 0);
		phone_use_levels(listeners[i], ids[i]);
	}
	world_run(&w, 500);
	member(&w, mixer, "PCMU", 20, 440);
	world_run(&w, 700);
	for (int i = 0; i < 5; i++) {
		const struct phone *p = listeners[i];

		assert_true(p->n_packets > 10);
		assert_int_equal(p->packets[0].level, 127);
		assert_in_range(p->packets[p->n_packets - 1].level, level_of_tone(LOUD) - 1,
			level_of_tone(LOUD) + 1);
	}
	media_mixer_close(mixer);
	world_close(&w);
}

static void one_who_speaks_is_told_the_level_of_what_he_hears(void **state)
{
	struct media_engine_settings settings = world_settings(1);
	struct world w;
	struct media_mixer *mixer;
	struct phone *a, *b;

	world_open_simulated(&w, &settings);
	mixer = room(&w);
	a = member(&w, mixer, "PCMU", 20, 440);
	b = member(&w, mixer, "PCMU", 20, 700);
	b->amplitude = LOUD / 4;
	phone_use_levels(a, 1);
	phone_use_levels(b, 3);
	world_run(&w, 800);
	assert_in_range(a->packets[a->n_packets - 1].level, level_of_tone(LOUD / 4) - 1,
		level_of_tone(LOUD / 4) + 1);
	assert_in_range(b->packets[b->n_packets - 1].level, level_of_tone(LOUD) - 1,
		level_of_tone(LOUD) + 1);
	media_mixer_close(mixer);
	world_close(&w);
}

static void levels_are_sent_to_those_only_who_agreed_and_as_long(void **state)
{
	struct media_engine_settings settings = world_settings(1);
	struct world w;
	struct media_mixer *mixer;
	struct phone *with, *without;

	world_open_simulated(&w, &settings);
	mixer = room(&w);
	with = member(&w, mixer, "PCMU", 20, 0);
	without = member(&w, mixer, "PCMU", 20, 0);
	phone_use_levels(with, 1);
	without->level_id = 1; /* would see it */
	world_run(&w, 300);
	for (unsigned i = 0; i < without->n_packets; i++)
		assert_int_equal(without->packets[i].level, PHONE_NO_LEVEL);
	assert_int_equal(with->packets[with->n_packets - 1].level, 127);
	phone_use_levels(with, 0);
	with->level_id = 1;
	world_run(&w, 100);
	assert_int_equal(with->packets[with->n_packets - 1].level, PHONE_NO_LEVEL);
	media_mixer_close(mixer);
	world_close(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packets_say_how_loud_the_mix_in_them_is),
		cmocka_unit_test(one_who_speaks_is_told_the_level_of_what_he_hears),
		cmocka_unit_test(levels_are_sent_to_those_only_who_agreed_and_as_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
