/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Recorders: what a room mixes into a file, in simulated time and with threads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <sndfile.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "core/mem.h"
#include "media/engine_private.h"
#include "media/sound_file.h"
#include "phone.h"
#include "sound_files.h"

#define RATE 48000
#define LOUD 8000.0
#define TALK_A 440.0
#define TALK_B 900.0
#define TONE 1500.0

static struct world w;
static struct phone *phones[2];
static struct media_mixer *mixer;
static struct media_recorder *recorder;
static unsigned n_failed;
static int failure;
static int16_t pcm[20 * RATE];

static void on_failed(int err, void *arg)
{
	n_failed++;
	failure = err;
}

static const struct media_recorder_handlers handlers = {.failed = on_failed};

static void open_room(bool simulated)
{
	struct media_engine_settings settings = world_settings(2);

	n_failed = 0;
	if (simulated)
		world_open_simulated(&w, &settings);
	else
		world_open(&w, &settings);
	phones[0] = world_phone(&w, "PCMA", 20, TALK_A, LOUD);
	phones[1] = world_phone(&w, "PCMU", 20, TALK_B, LOUD);
	assert_int_equal(media_mixer_new(w.engine, -1, &mixer), 0);
	for (int i = 0; i < 2; i++)
		assert_int_equal(media_leg_join(phones[i]->leg, mixer), 0);
	world_run(&w, 300);
}

static void close_room(void)
{
	media_mixer_close(mixer);
	for (int i = 0; i < 2; i++)
		media_port_close(phones[i]->port);
	world_close(&w);
}

static int open_simulated(void **state)
{
	sound_folder();
	open_room(true);
	return 0;
}

static int close_all(void **state)
{
	close_room();
	sound_folder_remove();
	return 0;
}

static void record(const char *name)
{
	assert_int_equal(
		media_recorder_new(w.engine, mixer, sound_path(name), &handlers, NULL, &recorder),
		0);
}

/* Samples of the recording. */
static size_t read_back(const char *name)
{
	struct sound_reader *reader;
	size_t n;

	assert_int_equal(sound_reader_open(&reader, sound_path(name), RATE), 0);
	n = sound_reader_read(reader, pcm, sizeof pcm / sizeof pcm[0]);
	sound_reader_close(reader);
	return n;
}

static void assert_both_voices(size_t n)
{
	assert_in_range(
		(long)sound_level(pcm + n / 4, n / 2, TALK_A, RATE), 0.85 * LOUD, 1.15 * LOUD);
	assert_in_range(
		(long)sound_level(pcm + n / 4, n / 2, TALK_B, RATE), 0.85 * LOUD, 1.15 * LOUD);
}

static void all_voices_are_recorded_to_wav_and_ogg(void **state)
{
	static const char *const names[] = {"room.wav", "room.ogg"};

	for (int i = 0; i < 2; i++) {
		size_t n;

		record(names[i]);
		world_run(&w, 2000);
		media_recorder_close(recorder);
		world_run(&w, 100);
		n = read_back(names[i]);
		assert_in_range(n, 1.95 * RATE, 2.05 * RATE);
		assert_both_voices(n);
	}
	assert_int_equal(n_failed, 0);
}

static void what_one_alone_hears_is_not_recorded(void **state)
{
	struct media_player_settings over = {.volume = 1, .room = 0};
	struct media_sound sound = {
		sound_tone("a.wav", SF_FORMAT_WAV | SF_FORMAT_PCM_16, 48000, 1, TONE, LOUD, 1500),
		0};
	struct media_player *player;
	size_t n;

	assert_int_equal(media_player_new(w.engine, &over, &sound, 1, NULL, NULL, &player), 0);
	assert_int_equal(media_player_play(player, phones[0]->leg), 0);
	record("room.wav");
	world_run(&w, 1000);
	media_recorder_close(recorder);
	media_player_close(player);
	world_run(&w, 100);
	n = read_back("room.wav");
	assert_both_voices(n);
	assert_true(sound_level(pcm + n / 4, n / 2, TONE, RATE) < LOUD / 100);
}

static void second_recorder_takes_the_place_of_the_first(void **state)
{
	struct media_recorder *first;
	size_t n;

	record("a.wav");
	first = recorder;
	world_run(&w, 500);
	record("b.wav");
	media_recorder_close(first);
	world_run(&w, 1000);
	media_recorder_close(recorder);
	world_run(&w, 100);
	n = read_back("a.wav");
	assert_in_range(n, 0.45 * RATE, 0.55 * RATE);
	n = read_back("b.wav");
	assert_in_range(n, 0.95 * RATE, 1.05 * RATE);
}

static void end_of_the_room_completes_the_file(void **state)
{
	record("room.wav");
	world_run(&w, 500);
	media_mixer_close(mixer);
	assert_int_equal(media_mixer_new(w.engine, -1, &mixer), 0);
	world_run(&w, 100);
	assert_in_range(read_back("room.wav"), 0.45 * RATE, 0.55 * RATE);
	media_recorder_close(recorder);
	assert_int_equal(n_failed, 0);
}

static void slow_disk_loses_sound_and_delays_nobody(void **state)
{
	uint64_t end = w.now + 5000000;
	size_t n;

	record("room.wav");
	/* The media threads go on, while nobody writes. */
	for (; w.now < end; w.now += 1000) {
		for (unsigned i = 0; i < 2; i++)
			media_engine_step(w.engine, i, w.now);
	}
	phone_forget(phones[0]);
	world_run(&w, 1000);
	media_recorder_close(recorder);
	world_run(&w, 100);
	n = read_back("room.wav");
	/* What the ring held, and what came after. */
	assert_in_range(n, 65536 + 0.9 * RATE, 65536 + 1.1 * RATE);
	assert_true(phones[0]->n_pcm > 0.9 * PHONE_RATE);
	assert_int_equal(n_failed, 0);
}

static void file_that_exists_is_not_overwritten(void **state)
{
	sound_bytes("room.wav", "precious", 8);
	record("room.wav");
	assert_true(world_wait(&w, &n_failed, 1, 2000));
	assert_int_equal(failure, -EEXIST);
	world_run(&w, 1000);
	assert_int_equal(n_failed, 1);
	media_recorder_close(recorder);
	assert_int_equal(
		media_recorder_new(w.engine, mixer, "", &handlers, NULL, &recorder), -EINVAL);
}

static void full_disk_ends_the_recording_and_nothing_else(void **state)
{
	struct rlimit before, small;

	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &before);
	small = before;
	small.rlim_cur = 100000;
	setrlimit(RLIMIT_FSIZE, &small);
	record("room.wav");
	assert_true(world_wait(&w, &n_failed, 1, 10000));
	setrlimit(RLIMIT_FSIZE, &before);
	assert_int_equal(failure, -EIO);
	phone_forget(phones[0]);
	world_run(&w, 1000);
	assert_true(phones[0]->n_pcm > 0.9 * PHONE_RATE);
	assert_int_equal(n_failed, 1);
	media_recorder_close(recorder);
}

static void every_allocation_may_fail(void **state)
{
	for (long n = 0; n < 20; n++) {
		char name[16];

		snprintf(name, sizeof name, "%ld.wav", n);
		recorder = NULL;
		mem_fail_after(n);
		media_recorder_new(w.engine, mixer, sound_path(name), &handlers, NULL, &recorder);
		world_run(&w, 200);
		media_recorder_close(recorder);
		world_run(&w, 40);
		mem_fail_after(-1);
	}
}

static void pool_writes_while_threads_run(void **state)
{
	size_t n;

	sound_folder();
	open_room(false);
	record("room.ogg");
	world_run(&w, 700);
	/* In one go: what is on its way is still written, and the file completed. */
	media_recorder_close(recorder);
	close_room();
	n = read_back("room.ogg");
	assert_true(n > 0.3 * RATE);
	sound_folder_remove();
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_simulated, close_all)
	const struct CMUnitTest tests[] = {
		TEST(all_voices_are_recorded_to_wav_and_ogg),
		TEST(what_one_alone_hears_is_not_recorded),
		TEST(second_recorder_takes_the_place_of_the_first),
		TEST(end_of_the_room_completes_the_file),
		TEST(slow_disk_loses_sound_and_delays_nobody),
		TEST(file_that_exists_is_not_overwritten),
		TEST(full_disk_ends_the_recording_and_nothing_else),
		TEST(every_allocation_may_fail),
		cmocka_unit_test(pool_writes_while_threads_run),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
