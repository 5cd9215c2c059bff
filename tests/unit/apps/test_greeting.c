/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Greetings: prompts and music as one participant hears them, in simulated time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <sndfile.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "apps/conference/greeting.h"
#include "apps/conference/prompts.h"
#include "core/mem.h"
#include "phone.h"
#include "sound_files.h"

#define WAV (SF_FORMAT_WAV | SF_FORMAT_PCM_16)
#define LOUD 8000.0
#define MS (PHONE_RATE / 1000)
#define WELCOME 700.0
#define COUNT 1000.0
#define TONE 1300.0
#define MUSIC 1600.0
#define TALK 440.0

static struct world w;
static struct phone *joiner, *talker;
static struct media_mixer *room;
static struct music music;
static struct greeting greeting;
static unsigned n_admitted;
static const char *folder;

static int open_folder(void **state)
{
	folder = sound_folder();
	return 0;
}

static int close_folder(void **state)
{
	sound_folder_remove();
	return 0;
}

/* A room with one who talks, and one outside. */
static int open_room(void **state)
{
	struct media_engine_settings settings = world_settings(1);

	folder = sound_folder();
	sound_tone("co_welcome_conference.wav", WAV, 32000, 1, WELCOME, LOUD, 400);
	sound_tone("co_there_is_one.wav", WAV, 32000, 1, COUNT, LOUD, 400);
	sound_tone("connected_tone.wav", WAV, 32000, 1, TONE, LOUD, 200);
	world_open_simulated(&w, &settings);
	talker = world_phone(&w, "PCMA", 20, TALK, LOUD);
	joiner = world_phone(&w, "PCMA", 20, 0, 0);
	assert_int_equal(media_mixer_new(w.engine, -1, &room), 0);
	assert_int_equal(media_leg_join(talker->leg, room), 0);
	world_run(&w, 300);
	n_admitted = 0;
	greeting = (struct greeting){0};
	return 0;
}

static int close_room(void **state)
{
	greeting_end(&greeting);
	music_free(&music);
	media_mixer_close(room);
	media_port_close(talker->port);
	media_port_close(joiner->port);
	world_close(&w);
	sound_folder_remove();
	return 0;
}

static void on_admit(void *arg)
{
	n_admitted++;
	assert_int_equal(media_leg_join(joiner->leg, room), 0);
}

static void begin(enum greeting_when when)
{
	struct greeting_settings settings = {.media = w.engine,
		.sounds = folder,
		.language = "en",
		.when = when,
		.music = &music};

	greeting_begin(&greeting, &settings, joiner->leg, 1, true, on_admit, NULL);
}

static double level(double tone, int ms)
{
	return phone_level(joiner, tone, (size_t)ms * MS, 100 * MS);
}

/* ms of the joiner's record at which a tone is first heard at all; -1: never. */
static int heard_at(double tone)
{
	for (size_t at = 0; at + 50 * MS <= joiner->n_pcm; at += 10 * MS) {
		if (phone_level(joiner, tone, at, 50 * MS) > LOUD / 20)
			return (int)(at / MS);
	}
	return -1;
}

/* The tone as it is heard now. */
static double level_now(double tone)
{
	return phone_level(joiner, tone, joiner->n_pcm - 100 * MS, 100 * MS);
}

static void prompts_are_heard_in_order_over_the_room_which_is_turned_down(void **state)
{
	int welcome, count, tone;

	begin(GREETING_OVER);
	assert_int_equal(n_admitted, 1);
	world_run(&w, 4000);
	welcome = heard_at(WELCOME);
	count = heard_at(COUNT);
	tone = heard_at(TONE);
	assert_true(welcome >= 0);
	/* Each with the pause behind it: 1 s, and half a second. */
	assert_in_range(count - welcome, 1350, 1450);
	assert_in_range(tone - count, 850, 950);
	assert_in_range(level(WELCOME, welcome + 150), 0.45 * LOUD, 0.55 * LOUD);
	assert_in_range(level(TALK, welcome + 150), 0.25 * LOUD, 0.35 * LOUD);
	assert_in_range(level_now(TALK), 0.9 * LOUD, 1.1 * LOUD);
	assert_false(greeting.prompting);
}

static void before_he_hears_nobody_until_the_prompts_are_over(void **state)
{
	begin(GREETING_BEFORE);
	assert_int_equal(n_admitted, 0);
	assert_true(world_wait(&w, &n_admitted, 1, 5000));
	assert_true(heard_at(TONE) > 0);
	assert_int_equal(heard_at(TALK), -1);
	world_run(&w, 400);
	assert_in_range(level_now(TALK), 0.9 * LOUD, 1.1 * LOUD);
	assert_int_equal(n_admitted, 1);
}

static void off_is_silence_from_us(void **state)
{
	begin(GREETING_OFF);
	assert_int_equal(n_admitted, 1);
	world_run(&w, 1000);
	assert_int_equal(heard_at(WELCOME), -1);
	assert_int_equal(heard_at(TONE), -1);
	assert_in_range(level_now(TALK), 0.9 * LOUD, 1.1 * LOUD);
}

static void missing_files_keep_nobody_out(void **state)
{
	sound_folder_remove();
	begin(GREETING_BEFORE);
	assert_true(world_wait(&w, &n_admitted, 1, 1000));
	world_run(&w, 300);
	assert_in_range(level_now(TALK), 0.9 * LOUD, 1.1 * LOUD);
}

static void music_plays_while_alone_and_only_when_the_prompts_are_over(void **state)
{
	int tone, begun;

	sound_tone("music.wav", WAV, 32000, 1, MUSIC, LOUD, 10000);
	assert_int_equal(music_find(&music, folder), 0);
	/* Only the music's file is one here; the prompts lie in the same folder. */
	for (size_t i = 0; i < music.n; i++) {
		if (!strstr(music.sounds[i].path, "music.wav"))
			continue;
		struct media_sound only = music.sounds[i];

		music.sounds[i] = music.sounds[0];
		music.sounds[0] = only;
	}
	while (music.n > 1)
		mem_free((void *)(uintptr_t)music.sounds[--music.n].path);
	begin(GREETING_OVER);
	greeting_alone(&greeting, true);
	world_run(&w, 4000);
	tone = heard_at(TONE);
	begun = heard_at(MUSIC);
	assert_true(tone > 0);
	assert_in_range(begun - tone, 200, 500);
	assert_in_range(level_now(MUSIC), 0.17 * LOUD, 0.23 * LOUD);
	greeting_alone(&greeting, false);
	world_run(&w, 500);
	assert_true(level_now(MUSIC) < LOUD / 100);
	greeting_alone(&greeting, true);
	world_run(&w, 500);
	assert_in_range(level_now(MUSIC), 0.17 * LOUD, 0.23 * LOUD);
	greeting_end(&greeting);
	world_run(&w, 500);
	assert_true(level_now(MUSIC) < LOUD / 100);
}

static void touch(const char *name)
{
	sound_bytes(name, "", 0);
}

/* The files' names, with blanks between them. */
static const char *chosen(unsigned others, bool first)
{
	static char text[400];
	static struct prompts prompts;

	text[0] = '\0';
	assert_int_equal(prompts_choose(&prompts, folder, others, first), 0);
	for (unsigned i = 0; i < prompts.n; i++) {
		const char *name = strrchr(prompts.sounds[i].path, '/') + 1;

		snprintf(text + strlen(text), sizeof text - strlen(text), "%s%.*s", i ? " " : "",
			(int)strlen(name) - 4, name);
	}
	return text;
}

static void numbers_are_said_as_files_of_their_own_or_of_tens_and_units(void **state)
{
	touch("bi_25.wav");
	assert_string_equal(chosen(0, true), "co_welcome_conference co_only_one connected_tone");
	assert_string_equal(chosen(0, false), "co_only_one connected_tone");
	assert_string_equal(chosen(1, false), "co_there_is_one connected_tone");
	assert_string_equal(
		chosen(2, false), "co_there_are bi_2 co_more_participants connected_tone");
	assert_string_equal(
		chosen(24, false), "co_there_are bi_20 bi_4 co_more_participants connected_tone");
	assert_string_equal(
		chosen(25, false), "co_there_are bi_25 co_more_participants connected_tone");
	assert_string_equal(
		chosen(30, false), "co_there_are bi_30 co_more_participants connected_tone");
	assert_string_equal(chosen(99, true), "co_welcome_conference co_there_are bi_90 bi_9 "
					      "co_more_participants connected_tone");
	assert_string_equal(chosen(100, true), "co_welcome_conference connected_tone");
	assert_string_equal(chosen(4000000000U, false), "connected_tone");
}

static void language_is_a_folder_and_english_where_there_is_none(void **state)
{
	char path[PATH_MAX], expected[PATH_MAX];

	assert_int_equal(mkdir(sound_path("de"), 0700), 0);
	assert_int_equal(prompts_folder(folder, "de", path), 0);
	snprintf(expected, sizeof expected, "%s/de", folder);
	assert_string_equal(path, expected);
	assert_int_equal(prompts_folder(folder, "en", path), 0);
	assert_string_equal(path, folder);
	assert_int_equal(prompts_folder(folder, "xx", path), 0);
	assert_string_equal(path, folder);
	rmdir(sound_path("de"));
}

static void music_is_every_sound_file_of_the_folder_once(void **state)
{
	struct music found;
	unsigned seen = 0;

	touch("a.wav");
	touch("b.OGG");
	touch("c c.mp3");
	touch("d.txt");
	touch(".wav");
	assert_int_equal(music_find(&found, folder), 0);
	assert_int_equal(found.n, 3);
	music_shuffle(&found);
	for (size_t i = 0; i < found.n; i++)
		seen |= 1U << (strrchr(found.sounds[i].path, '/')[1] - 'a');
	assert_int_equal(seen, 7);
	music_free(&found);
	assert_int_equal(music_find(&found, sound_path("none")), 0);
	assert_int_equal(found.n, 0);
	music_free(&found);
	unlink(sound_path(".wav"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_room, close_room)
#define PLAIN(name) cmocka_unit_test_setup_teardown(name, open_folder, close_folder)
	const struct CMUnitTest tests[] = {
		TEST(prompts_are_heard_in_order_over_the_room_which_is_turned_down),
		TEST(before_he_hears_nobody_until_the_prompts_are_over),
		TEST(off_is_silence_from_us),
		TEST(missing_files_keep_nobody_out),
		TEST(music_plays_while_alone_and_only_when_the_prompts_are_over),
		PLAIN(numbers_are_said_as_files_of_their_own_or_of_tens_and_units),
		PLAIN(language_is_a_folder_and_english_where_there_is_none),
		PLAIN(music_is_every_sound_file_of_the_folder_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
