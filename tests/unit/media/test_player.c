/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Players: sound files to one leg alone, over its room, in simulated time and with threads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <errno.h>
#include <sndfile.h>
#include <string.h>
#include <unistd.h>

#include "core/mem.h"
#include "media/engine_private.h"
#include "phone.h"
#include "sound_files.h"

#define WAV (SF_FORMAT_WAV | SF_FORMAT_PCM_16)
#define LOUD 8000.0
#define MS (PHONE_RATE / 1000)
#define TALK 440.0
#define TONE_A 1000.0
#define TONE_B 1500.0

/* A player and what it says of itself. */
struct playing {
	struct media_player *player;
	unsigned n_finished;
	int err;
	bool close; /* close it from its handler */
};

static void on_finished(int err, void *arg)
{
	struct playing *p = arg;

	p->n_finished++;
	p->err = err;
	if (p->close) {
		media_player_close(p->player);
		p->player = NULL;
	}
}

static const struct media_player_handlers handlers = {.finished = on_finished};
static const struct media_player_settings plain = {.volume = 1, .room = 1};

static int open_folder(void **state)
{
	return sound_folder() ? 0 : -1;
}

static int close_folder(void **state)
{
	sound_folder_remove();
	return 0;
}

static void open_world(struct world *w, unsigned threads)
{
	struct media_engine_settings settings = world_settings(threads);

	world_open_simulated(w, &settings);
}

static void make(struct world *w, struct playing *p, const struct media_player_settings *settings,
	const struct media_sound *sounds, size_t n)
{
	*p = (struct playing){0};
	assert_int_equal(
		media_player_new(w->engine, settings, sounds, n, &handlers, p, &p->player), 0);
}

static struct media_mixer *room_with(struct world *w, struct phone *const *phones, unsigned n)
{
	struct media_mixer *mixer;

	assert_int_equal(media_mixer_new(w->engine, -1, &mixer), 0);
	for (unsigned i = 0; i < n; i++)
		assert_int_equal(media_leg_join(phones[i]->leg, mixer), 0);
	return mixer;
}

static void close_phones(struct world *w)
{
	for (unsigned i = 0; i < w->n; i++)
		media_port_close(w->phones[i]->port);
}

/* Level of a tone in 100 ms of what was heard, from ms after the phone's record begins. */
static double level(const struct phone *p, double tone, unsigned ms)
{
	return phone_level(p, tone, (size_t)ms * MS, 100 * MS);
}

/* First ms at which the tone is heard, looking at 20 ms each; -1: never. */
static int first_heard(const struct phone *p, double tone)
{
	for (size_t at = 0; at + 20 * MS <= p->n_pcm; at += 10 * MS) {
		if (phone_level(p, tone, at, 20 * MS) > LOUD / 4)
			return (int)(at / MS);
	}
	return -1;
}

static int last_heard(const struct phone *p, double tone)
{
	int last = -1;

	for (size_t at = 0; at + 20 * MS <= p->n_pcm; at += 10 * MS) {
		if (phone_level(p, tone, at, 20 * MS) > LOUD / 4)
			last = (int)(at / MS);
	}
	return last;
}

static void files_are_heard_in_their_order_with_their_pauses(void **state)
{
	struct media_sound sounds[2] = {
		{sound_tone("a.wav", WAV, 48000, 1, TONE_A, LOUD, 500), 300},
		{sound_tone("b.ogg", SF_FORMAT_OGG | SF_FORMAT_OPUS, 48000, 1, TONE_B, LOUD, 400),
			0}};
	struct media_mixer *mixer;
	struct playing p;
	struct phone *alone;
	struct world w;

	open_world(&w, 1);
	alone = world_phone(&w, "PCMA", 20, 0, 0);
	mixer = room_with(&w, &alone, 1);
	world_run(&w, 200);
	phone_forget(alone);
	make(&w, &p, &plain, sounds, 2);
	assert_int_equal(media_player_play(p.player, alone->leg), 0);
	assert_true(world_wait(&w, &p.n_finished, 1, 3000));
	assert_int_equal(p.err, 0);
	assert_in_range(last_heard(alone, TONE_A) - first_heard(alone, TONE_A), 460, 520);
	assert_in_range(first_heard(alone, TONE_B) - last_heard(alone, TONE_A), 280, 340);
	assert_in_range(last_heard(alone, TONE_B) - first_heard(alone, TONE_B), 350, 420);
	assert_in_range(
		level(alone, TONE_A, first_heard(alone, TONE_A) + 100), 0.9 * LOUD, 1.1 * LOUD);
	world_run(&w, 1000);
	assert_int_equal(p.n_finished, 1);
	media_player_close(p.player);
	media_mixer_close(mixer);
	close_phones(&w);
	world_close(&w);
}

static void one_alone_hears_it_over_the_ducked_room(void **state)
{
	struct media_sound sound = {sound_tone("a.wav", WAV, 32000, 1, TONE_A, LOUD, 1000), 0};
	struct media_player_settings over = {.volume = 0.5F, .room = 0.25F};
	struct phone *phones[3];
	struct media_mixer *mixer;
	struct playing p;
	struct world w;
	int begin;

	open_world(&w, 2);
	phones[0] = world_phone(&w, "PCMA", 20, TALK, LOUD);
	phones[1] = world_phone(&w, "PCMU", 20, 0, 0);
	phones[2] = world_phone(&w, "PCMU", 20, 0, 0);
	mixer = room_with(&w, phones, 3);
	world_run(&w, 500);
	for (int i = 0; i < 3; i++)
		phone_forget(phones[i]);
	make(&w, &p, &over, &sound, 1);
	assert_int_equal(media_player_play(p.player, phones[1]->leg), 0);
	assert_true(world_wait(&w, &p.n_finished, 1, 3000));
	world_run(&w, 300);
	begin = first_heard(phones[1], TONE_A);
	assert_true(begin >= 0);
	assert_in_range(level(phones[1], TONE_A, begin + 300), 0.45 * LOUD, 0.55 * LOUD);
	assert_in_range(level(phones[1], TALK, begin + 300), 0.2 * LOUD, 0.3 * LOUD);
	/* Afterwards the room is as loud as it was; the others have noticed nothing. */
	assert_in_range(phone_level(phones[1], TALK, phones[1]->n_pcm - 100 * MS, 100 * MS),
		0.9 * LOUD, 1.1 * LOUD);
	assert_int_equal(first_heard(phones[2], TONE_A), -1);
	assert_in_range(level(phones[2], TALK, begin + 300), 0.9 * LOUD, 1.1 * LOUD);
	assert_int_equal(first_heard(phones[0], TONE_A), -1);
	media_player_close(p.player);
	media_mixer_close(mixer);
	close_phones(&w);
	world_close(&w);
}

static void talker_hears_it_too_and_is_heard_meanwhile(void **state)
{
	struct media_sound sound = {sound_tone("a.wav", WAV, 48000, 1, TONE_A, LOUD, 800), 0};
	struct phone *phones[2];
	struct media_mixer *mixer;
	struct playing p;
	struct world w;
	int begin;

	open_world(&w, 1);
	phones[0] = world_phone(&w, "PCMA", 20, TALK, LOUD);
	phones[1] = world_phone(&w, "PCMU", 20, 0, 0);
	mixer = room_with(&w, phones, 2);
	world_run(&w, 500);
	phone_forget(phones[0]);
	phone_forget(phones[1]);
	make(&w, &p, &plain, &sound, 1);
	assert_int_equal(media_player_play(p.player, phones[0]->leg), 0);
	assert_true(world_wait(&w, &p.n_finished, 1, 3000));
	begin = first_heard(phones[0], TONE_A);
	assert_true(begin >= 0);
	assert_in_range(level(phones[0], TONE_A, begin + 300), 0.9 * LOUD, 1.1 * LOUD);
	assert_true(level(phones[0], TALK, begin + 300) < 0.02 * LOUD);
	assert_in_range(level(phones[1], TALK, begin + 300), 0.9 * LOUD, 1.1 * LOUD);
	assert_int_equal(first_heard(phones[1], TONE_A), -1);
	media_player_close(p.player);
	media_mixer_close(mixer);
	close_phones(&w);
	world_close(&w);
}

static void listener_is_encoded_for_alone_only_while_it_lasts(void **state)
{
	struct media_sound sound = {sound_tone("a.wav", WAV, 48000, 1, TONE_A, LOUD, 400), 0};
	struct media_counters before, during, after;
	struct phone *phones[4];
	struct media_mixer *mixer;
	struct playing p;
	struct world w;

	open_world(&w, 1);
	phones[0] = world_phone(&w, "PCMU", 20, TALK, LOUD);
	for (int i = 1; i < 4; i++)
		phones[i] = world_phone(&w, "PCMU", 20, 0, 0);
	mixer = room_with(&w, phones, 4);
	world_run(&w, 500);
	media_engine_counters(w.engine, &before);
	make(&w, &p, &plain, &sound, 1);
	assert_int_equal(media_player_play(p.player, phones[1]->leg), 0);
	assert_true(world_wait(&w, &p.n_finished, 1, 3000));
	media_engine_counters(w.engine, &during);
	/* At each tick once for the room, and for him; what the only talker hears is silence. */
	assert_in_range(during.encodes - before.encodes - (during.ticks - before.ticks), 24, 30);
	world_run(&w, 400);
	media_engine_counters(w.engine, &after);
	assert_int_equal(after.encodes - during.encodes, after.ticks - during.ticks);
	media_player_close(p.player);
	media_mixer_close(mixer);
	close_phones(&w);
	world_close(&w);
}

static void loop_goes_on_until_closed_and_fades_out(void **state)
{
	struct media_sound sounds[2] = {{sound_tone("a.wav", WAV, 48000, 1, TONE_A, LOUD, 100), 20},
		{sound_tone("b.wav", WAV, 48000, 1, TONE_B, LOUD, 150), 0}};
	struct media_player_settings music = {.volume = 1, .room = 1, .loop = true, .lead_ms = 200};
	struct media_mixer *mixer;
	struct phone *alone;
	struct playing p;
	struct world w;
	int closed;

	open_world(&w, 1);
	alone = world_phone(&w, "PCMA", 20, 0, 0);
	mixer = room_with(&w, &alone, 1);
	world_run(&w, 100);
	phone_forget(alone);
	make(&w, &p, &music, sounds, 2);
	assert_int_equal(media_player_play(p.player, alone->leg), 0);
	world_run(&w, 4000);
	assert_int_equal(p.n_finished, 0);
	assert_in_range(first_heard(alone, TONE_A), 180, 260);
	assert_true(last_heard(alone, TONE_A) > 3500);
	closed = (int)(alone->n_pcm / MS);
	media_player_close(p.player);
	world_run(&w, 1000);
	assert_int_equal(p.n_finished, 0);
	assert_true(last_heard(alone, TONE_A) < closed + 200);
	assert_true(last_heard(alone, TONE_B) < closed + 200);
	media_mixer_close(mixer);
	close_phones(&w);
	world_close(&w);
}

static void file_that_cannot_be_played_is_skipped(void **state)
{
	struct media_sound sounds[4] = {{sound_path("missing.wav"), 1000},
		{sound_bytes("garbage.wav", "no sound at all", 15), 1000},
		{sound_tone("none.wav", WAV, 48000, 1, TONE_A, LOUD, 0), 1000},
		{sound_tone("b.wav", WAV, 48000, 1, TONE_B, LOUD, 300), 0}};
	struct media_mixer *mixer;
	struct phone *alone;
	struct playing p;
	struct world w;

	open_world(&w, 1);
	alone = world_phone(&w, "PCMA", 20, 0, 0);
	mixer = room_with(&w, &alone, 1);
	world_run(&w, 100);
	phone_forget(alone);
	make(&w, &p, &plain, sounds, 4);
	assert_int_equal(media_player_play(p.player, alone->leg), 0);
	assert_true(world_wait(&w, &p.n_finished, 1, 2000));
	assert_int_equal(p.err, 0);
	assert_in_range(first_heard(alone, TONE_B), 0, 100);
	media_player_close(p.player);
	media_mixer_close(mixer);
	close_phones(&w);
	world_close(&w);
}

static void nothing_to_play_is_an_error_also_in_a_loop(void **state)
{
	struct media_sound sounds[2] = {{sound_path("missing.wav"), 0},
		{sound_tone("none.wav", WAV, 48000, 1, TONE_A, LOUD, 0), 0}};
	struct media_player_settings music = {.volume = 1, .room = 1, .loop = true};
	struct media_mixer *mixer;
	struct phone *alone;
	struct playing p;
	struct world w;

	open_world(&w, 1);
	alone = world_phone(&w, "PCMA", 20, 0, 0);
	mixer = room_with(&w, &alone, 1);
	make(&w, &p, &music, sounds, 2);
	p.close = true;
	assert_int_equal(media_player_play(p.player, alone->leg), 0);
	assert_true(world_wait(&w, &p.n_finished, 1, 2000));
	assert_int_equal(p.err, -ENOENT);
	assert_int_equal(
		media_player_new(w.engine, &plain, sounds, 0, &handlers, &p, &p.player), -EINVAL);
	media_mixer_close(mixer);
	close_phones(&w);
	world_close(&w);
}

static void file_that_vanishes_or_ends_early_ends_the_sound_only(void **state)
{
	const char *path = sound_tone("a.wav", WAV, 48000, 1, TONE_A, LOUD, 4000);
	struct media_sound sound = {path, 0};
	struct media_mixer *mixer;
	struct phone *alone;
	struct playing p;
	struct world w;

	open_world(&w, 1);
	alone = world_phone(&w, "PCMA", 20, 0, 0);
	mixer = room_with(&w, &alone, 1);
	make(&w, &p, &plain, &sound, 1);
	assert_int_equal(media_player_play(p.player, alone->leg), 0);
	world_run(&w, 500);
	assert_int_equal(truncate(path, 48000 * 2 * 2), 0);
	unlink(path);
	assert_true(world_wait(&w, &p.n_finished, 1, 4000));
	assert_int_equal(p.err, 0);
	assert_in_range(last_heard(alone, TONE_A), 1900, 2200);
	media_player_close(p.player);
	media_mixer_close(mixer);
	close_phones(&w);
	world_close(&w);
}

static void second_player_takes_the_place_of_the_first(void **state)
{
	struct media_sound sounds[2] = {{sound_tone("a.wav", WAV, 48000, 1, TONE_A, LOUD, 2000), 0},
		{sound_tone("b.wav", WAV, 48000, 1, TONE_B, LOUD, 300), 0}};
	struct media_mixer *mixer;
	struct phone *alone;
	struct playing p, q;
	struct world w;

	open_world(&w, 1);
	alone = world_phone(&w, "PCMA", 20, 0, 0);
	mixer = room_with(&w, &alone, 1);
	make(&w, &p, &plain, sounds, 1);
	assert_int_equal(media_player_play(p.player, alone->leg), 0);
	world_run(&w, 300);
	make(&w, &q, &plain, sounds + 1, 1);
	assert_int_equal(media_player_play(q.player, alone->leg), 0);
	/* Closing the first must not silence the second. */
	media_player_close(p.player);
	assert_true(world_wait(&w, &q.n_finished, 1, 2000));
	assert_int_equal(p.n_finished, 0);
	assert_true(last_heard(alone, TONE_A) < last_heard(alone, TONE_B) - 200);
	media_player_close(q.player);
	media_mixer_close(mixer);
	close_phones(&w);
	world_close(&w);
}

static void player_goes_with_its_leg_from_room_to_room(void **state)
{
	struct media_sound sound = {sound_tone("a.wav", WAV, 48000, 1, TONE_A, LOUD, 2000), 0};
	struct media_mixer *mixers[2];
	struct phone *alone;
	struct playing p;
	struct world w;

	open_world(&w, 2);
	alone = world_phone(&w, "PCMA", 20, 0, 0);
	for (int i = 0; i < 2; i++)
		assert_int_equal(media_mixer_new(w.engine, i, &mixers[i]), 0);
	make(&w, &p, &plain, &sound, 1);
	/* It waits until the leg is in a room. */
	assert_int_equal(media_player_play(p.player, alone->leg), 0);
	world_run(&w, 500);
	assert_int_equal(alone->n_pcm, 0);
	for (int i = 0; i < 10; i++) {
		assert_int_equal(media_leg_join(alone->leg, mixers[i % 2]), 0);
		world_run(&w, 150);
	}
	assert_true(world_wait(&w, &p.n_finished, 1, 4000));
	assert_in_range(last_heard(alone, TONE_A) - first_heard(alone, TONE_A), 1900, 2100);
	media_player_close(p.player);
	for (int i = 0; i < 2; i++)
		media_mixer_close(mixers[i]);
	close_phones(&w);
	world_close(&w);
}

/* The one on hold hears nothing, but the time goes on: it must end. */
static void it_ends_also_when_the_peer_does_not_listen(void **state)
{
	struct media_sound sound = {sound_tone("a.wav", WAV, 48000, 1, TONE_A, LOUD, 500), 0};
	struct media_leg_config config;
	struct media_mixer *mixer;
	struct phone *alone;
	struct playing p;
	struct world w;

	open_world(&w, 1);
	alone = world_phone(&w, "PCMA", 20, 0, 0);
	config = phone_config(alone);
	config.sending = false;
	assert_int_equal(media_leg_configure(alone->leg, &config), 0);
	mixer = room_with(&w, &alone, 1);
	make(&w, &p, &plain, &sound, 1);
	assert_int_equal(media_player_play(p.player, alone->leg), 0);
	assert_true(world_wait(&w, &p.n_finished, 1, 2000));
	assert_int_equal(alone->n_pcm, 0);
	media_player_close(p.player);
	media_mixer_close(mixer);
	close_phones(&w);
	world_close(&w);
}

/* Whatever is closed first, and whether it was ever played: nothing is left, no handler called. */
static void closing_in_any_order_leaves_nothing(void **state)
{
	struct media_sound sound = {sound_tone("a.wav", WAV, 44100, 2, TONE_A, LOUD, 300), 0};

	for (int order = 0; order < 24; order++) {
		struct media_mixer *mixer;
		struct phone *alone;
		struct playing p;
		struct world w;

		if (order % 2)
			open_world(&w, 2);
		else {
			struct media_engine_settings settings = world_settings(2);

			world_open(&w, &settings);
		}
		alone = world_phone(&w, "PCMA", 20, 0, 0);
		mixer = room_with(&w, &alone, order / 12 % 2);
		make(&w, &p, &plain, &sound, 1);
		if (order / 2 % 2)
			assert_int_equal(media_player_play(p.player, alone->leg), 0);
		if (order / 4 % 3)
			world_run(&w, 40);
		if (order / 4 % 3 == 1) {
			media_player_close(p.player);
			close_phones(&w);
		} else {
			close_phones(&w);
			world_run(&w, 20);
			media_player_close(p.player);
		}
		media_mixer_close(mixer);
		world_close(&w);
		assert_int_equal(p.n_finished, 0);
	}
}

static void every_allocation_may_fail(void **state)
{
	struct media_sound sound = {sound_tone("a.wav", WAV, 48000, 1, TONE_A, LOUD, 100), 0};

	for (long n = 0; n < 30; n++) {
		struct media_player *player = NULL;
		struct media_mixer *mixer;
		struct phone *alone;
		struct playing p = {0};
		struct world w;

		open_world(&w, 1);
		alone = world_phone(&w, "PCMA", 20, 0, 0);
		mixer = room_with(&w, &alone, 1);
		world_run(&w, 100);
		mem_fail_after(n);
		if (media_player_new(w.engine, &plain, &sound, 1, &handlers, &p, &player) == 0)
			media_player_play(player, alone->leg);
		world_run(&w, 100);
		mem_fail_after(-1);
		world_run(&w, 100);
		media_player_close(player);
		media_mixer_close(mixer);
		close_phones(&w);
		world_close(&w);
	}
}

/* With real threads: the pool reads, the media threads mix. */
static void many_players_on_running_threads_are_all_heard(void **state)
{
	struct media_sound sound = {sound_tone("a.wav", WAV, 32000, 1, TONE_A, LOUD, 300), 0};
	struct media_engine_settings settings = world_settings(2);
	struct media_mixer *mixers[20];
	struct playing playing[20];
	struct world w;

	world_open(&w, &settings);
	for (int i = 0; i < 20; i++) {
		struct phone *alone = world_phone(&w, i % 2 ? "PCMA" : "PCMU", 20, 0, 0);

		mixers[i] = room_with(&w, &alone, 1);
		make(&w, &playing[i], &plain, &sound, 1);
		assert_int_equal(media_player_play(playing[i].player, alone->leg), 0);
	}
	for (int i = 0; i < 20; i++) {
		assert_true(world_wait(&w, &playing[i].n_finished, 1, 20000));
		assert_true(first_heard(w.phones[i], TONE_A) >= 0);
		media_player_close(playing[i].player);
		media_mixer_close(mixers[i]);
	}
	close_phones(&w);
	world_close(&w);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_folder, close_folder)
	const struct CMUnitTest tests[] = {
		TEST(files_are_heard_in_their_order_with_their_pauses),
		TEST(one_alone_hears_it_over_the_ducked_room),
		TEST(talker_hears_it_too_and_is_heard_meanwhile),
		TEST(listener_is_encoded_for_alone_only_while_it_lasts),
		TEST(loop_goes_on_until_closed_and_fades_out),
		TEST(file_that_cannot_be_played_is_skipped),
		TEST(nothing_to_play_is_an_error_also_in_a_loop),
		TEST(file_that_vanishes_or_ends_early_ends_the_sound_only),
		TEST(second_player_takes_the_place_of_the_first),
		TEST(player_goes_with_its_leg_from_room_to_room),
		TEST(it_ends_also_when_the_peer_does_not_listen),
		TEST(closing_in_any_order_leaves_nothing),
		TEST(every_allocation_may_fail),
		TEST(many_players_on_running_threads_are_all_heard),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
