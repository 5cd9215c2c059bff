/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sound files: what is read and written, and what is refused; and the ring between threads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <sndfile.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "media/resampler.h"
#include "media/sound_file.h"
#include "media/sound_ring.h"
#include "sound_files.h"

#define RATE 48000
#define WAV (SF_FORMAT_WAV | SF_FORMAT_PCM_16)

static int16_t pcm[10 * RATE];

static int open_folder(void **state)
{
	resampler_setup();
	return sound_folder() ? 0 : -1;
}

static int close_folder(void **state)
{
	sound_folder_remove();
	return 0;
}

static unsigned open_files(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned n = 0;

	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

/* Samples of the whole file. */
static size_t read_all(const char *path)
{
	struct sound_reader *reader;
	size_t n = 0, got;

	assert_int_equal(sound_reader_open(&reader, path, RATE), 0);
	while ((got = sound_reader_read(reader, pcm + n, 777)) > 0)
		n += got;
	assert_int_equal(sound_reader_read(reader, pcm, 777), 0);
	sound_reader_close(reader);
	return n;
}

static int refusal_of(const char *path)
{
	struct sound_reader *reader;

	return sound_reader_open(&reader, path, RATE);
}

static void files_of_any_kind_rate_and_channels_are_read_as_mono(void **state)
{
	static const struct {
		int format;
		unsigned rate, channels;
	} kinds[] = {
		{WAV, 48000, 1},
		{WAV, 32000, 1},
		{WAV, 8000, 2},
		{WAV, 44100, 2},
		{SF_FORMAT_WAV | SF_FORMAT_FLOAT, 22050, 1},
		{SF_FORMAT_WAV | SF_FORMAT_ULAW, 8000, 1},
		{SF_FORMAT_OGG | SF_FORMAT_OPUS, 48000, 1},
		{SF_FORMAT_OGG | SF_FORMAT_VORBIS, 44100, 2},
		{SF_FORMAT_FLAC | SF_FORMAT_PCM_16, 96000, 6},
	};

	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
		const char *path = sound_tone("tone", kinds[i].format, kinds[i].rate,
			kinds[i].channels, 1000, 8000, 1000);
		size_t n = read_all(path);

		assert_in_range(n, 0.99 * RATE, 1.01 * RATE);
		assert_in_range(
			(long)sound_level(pcm + RATE / 4, RATE / 2, 1000, RATE), 7200, 8800);
		unlink(path);
	}
}

static void what_is_no_sound_file_is_refused(void **state)
{
	unsigned before = open_files();

	assert_int_equal(refusal_of(sound_path("missing")), -ENOENT);
	assert_int_equal(refusal_of(sound_path("")), -EINVAL);
	assert_int_equal(refusal_of(sound_bytes("empty", "", 0)), -ENOTSUP);
	assert_int_equal(refusal_of(sound_bytes("text", "Good morning, everybody!", 24)), -ENOTSUP);
	assert_int_equal(refusal_of(sound_bytes("head", "RIFF\0\0\0\0WAVE", 12)), -ENOTSUP);
	/* It would wait for a writer, for ever. */
	assert_int_equal(mkfifo(sound_path("pipe"), 0600), 0);
	assert_int_equal(refusal_of(sound_path("pipe")), -EINVAL);
	assert_int_equal(open_files(), before);
}

/* A header of a WAV file that promises far more than there is. */
static void wav_head(uint8_t *head, unsigned channels, unsigned rate, uint32_t bytes)
{
	const uint32_t sizes[] = {bytes, rate, rate * channels * 2};
	const uint16_t shape[] = {1, (uint16_t)channels};
	const uint16_t width[] = {(uint16_t)(channels * 2), 16};

	memcpy(head, "RIFF\xff\xff\xff\x7fWAVEfmt \x10\0\0\0", 20);
	memcpy(head + 20, shape, 4);
	memcpy(head + 24, &sizes[1], 8);
	memcpy(head + 32, width, 4);
	memcpy(head + 36, "data", 4);
	memcpy(head + 40, sizes, 4);
}

static void channels_and_rates_beyond_reason_are_refused(void **state)
{
	uint8_t head[44 + 4096] = {0};

	wav_head(head, SOUND_FILE_MAX_CHANNELS + 1, 48000, 4096);
	assert_int_equal(refusal_of(sound_bytes("many", head, sizeof head)), -ENOTSUP);
	wav_head(head, 1, SOUND_FILE_MAX_RATE + 1, 4096);
	assert_int_equal(refusal_of(sound_bytes("fast", head, sizeof head)), -ENOTSUP);
	wav_head(head, 1, 1, 4096);
	assert_int_equal(refusal_of(sound_bytes("slow", head, sizeof head)), -ENOTSUP);
	wav_head(head, SOUND_FILE_MAX_CHANNELS, 48000, 4096);
	assert_int_equal(read_all(sound_bytes("wide", head, sizeof head)), 4096 / 32);
}

static void truncated_file_ends_where_it_ends(void **state)
{
	uint8_t head[44 + 960] = {0};

	wav_head(head, 1, 48000, 0x7fffff00);
	assert_int_equal(read_all(sound_bytes("short", head, sizeof head)), 480);
	wav_head(head, 1, 44100, 0x7fffff00);
	assert_in_range(read_all(sound_bytes("short", head, sizeof head)), 500, 530);
}

static void damaged_file_ends_without_harm(void **state)
{
	static uint8_t bytes[1 << 16];
	const char *path =
		sound_tone("tone.ogg", SF_FORMAT_OGG | SF_FORMAT_OPUS, 48000, 1, 1000, 8000, 2000);
	FILE *file = fopen(path, "rb");
	size_t n = fread(bytes, 1, sizeof bytes, file);

	fclose(file);
	for (size_t at = 0; at < n; at += n / 97 + 1) {
		struct sound_reader *reader;

		bytes[at] ^= 0x55;
		if (sound_reader_open(&reader, sound_bytes("bad.ogg", bytes, n), RATE) == 0) {
			size_t total = 0, got;

			while ((got = sound_reader_read(reader, pcm, 4096)) > 0 &&
				total < 60 * RATE)
				total += got;
			assert_true(total < 60 * RATE);
			sound_reader_close(reader);
		}
		bytes[at] ^= 0x55;
	}
}

static void numbers_beyond_full_scale_are_cut_there(void **state)
{
	float loud[64];
	SF_INFO info = {
		.samplerate = RATE, .channels = 1, .format = SF_FORMAT_WAV | SF_FORMAT_FLOAT};
	SNDFILE *file = sf_open(sound_path("loud"), SFM_WRITE, &info);

	for (int i = 0; i < 64; i++)
		loud[i] = i % 3 == 0 ? 1e30F : i % 3 == 1 ? -1e30F : NAN;
	assert_int_equal(sf_write_float(file, loud, 64), 64);
	sf_close(file);
	assert_int_equal(read_all(sound_path("loud")), 64);
	assert_int_equal(pcm[0], INT16_MAX);
	assert_int_equal(pcm[1], INT16_MIN);
	assert_int_equal(pcm[2], 0);
}

/* Two seconds of a tone, in pieces of an odd size. */
static void write_tone(struct sound_writer *writer, unsigned rate)
{
	size_t n = 2 * rate;

	for (size_t i = 0; i < n; i++)
		pcm[i] = (int16_t)(8000 * sin(2 * M_PI * 700 * (double)i / rate));
	for (size_t at = 0; at < n; at += 333)
		assert_int_equal(
			sound_writer_write(writer, pcm + at, n - at < 333 ? n - at : 333), 0);
}

static void what_is_written_can_be_read_again(void **state)
{
	static const char *const names[] = {"a.wav", "a.ogg", "a.opus", "a.WAV"};
	static const unsigned rates[] = {16000, 32000, 48000};

	for (size_t i = 0; i < 12; i++) {
		const char *path = sound_path(names[i % 4]);
		struct sound_writer *writer;
		size_t n;

		assert_int_equal(sound_writer_open(&writer, path, rates[i / 4]), 0);
		write_tone(writer, rates[i / 4]);
		assert_int_equal(sound_writer_close(writer), 0);
		n = read_all(path);
		assert_in_range(n, 1.98 * RATE, 2.02 * RATE);
		assert_in_range((long)sound_level(pcm + RATE / 2, RATE, 700, RATE), 7200, 8800);
		unlink(path);
	}
}

static void what_is_written_so_far_can_be_played_already(void **state)
{
	struct sound_writer *writer;

	assert_int_equal(sound_writer_open(&writer, sound_path("a.wav"), RATE), 0);
	write_tone(writer, RATE);
	assert_int_equal(read_all(sound_path("a.wav")), 2 * RATE);
	assert_int_equal(sound_writer_close(writer), 0);
}

static void recordings_are_the_owners_and_replace_nothing(void **state)
{
	struct sound_writer *writer;
	struct stat st;

	assert_int_equal(sound_writer_open(&writer, sound_path("a.wav"), RATE), 0);
	assert_int_equal(sound_writer_close(writer), 0);
	assert_int_equal(stat(sound_path("a.wav"), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(sound_writer_open(&writer, sound_path("a.wav"), RATE), -EEXIST);
	assert_int_equal(sound_writer_open(&writer, sound_path("none/a.wav"), RATE), -ENOENT);
}

/* A limit on the size of files, as a full disk would set one. */
static void full_disk_is_an_error(void **state)
{
	struct rlimit before, small;
	struct sound_writer *writer;
	int err = 0;

	assert_int_equal(sound_writer_open(&writer, sound_path("a.wav"), RATE), 0);
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &before);
	small = before;
	small.rlim_cur = 8192;
	setrlimit(RLIMIT_FSIZE, &small);
	for (int i = 0; i < 100 && !err; i++)
		err = sound_writer_write(writer, pcm, 1000);
	setrlimit(RLIMIT_FSIZE, &before);
	assert_int_equal(err, -EIO);
	sound_writer_close(writer);
}

static void *put_numbers(void *arg)
{
	struct sound_ring *ring = arg;
	int16_t next[100];
	unsigned at = 0;

	while (at < 1000000) {
		size_t n = at % 97 + 1, done;

		for (size_t i = 0; i < n; i++)
			next[i] = (int16_t)(at + i);
		done = sound_ring_put(ring, next, n);
		at += (unsigned)done;
	}
	return NULL;
}

static void ring_carries_samples_between_threads_in_order(void **state)
{
	struct sound_ring ring;
	pthread_t writer;
	int16_t got[64];
	unsigned at = 0;

	assert_int_equal(sound_ring_init(&ring, 256), 0);
	/* Indices count on; they may wrap. */
	atomic_store(&ring.written, SIZE_MAX - 100);
	atomic_store(&ring.read, SIZE_MAX - 100);
	assert_int_equal(pthread_create(&writer, NULL, put_numbers, &ring), 0);
	while (at < 1000000) {
		size_t n = sound_ring_get(&ring, got, at % 64 + 1);

		for (size_t i = 0; i < n; i++)
			assert_int_equal(got[i], (int16_t)(at + i));
		at += (unsigned)n;
	}
	pthread_join(writer, NULL);
	sound_ring_free(&ring);
}

static void ring_takes_no_more_than_it_holds(void **state)
{
	struct sound_ring ring;
	int16_t some[300] = {1, 2, 3};

	assert_int_equal(sound_ring_init(&ring, 256), 0);
	assert_int_equal(sound_ring_get(&ring, some, 300), 0);
	assert_int_equal(sound_ring_put(&ring, some, 300), 256);
	assert_int_equal(sound_ring_put(&ring, some, 1), 0);
	assert_int_equal(sound_ring_get(&ring, some, 100), 100);
	assert_int_equal(sound_ring_put(&ring, some, 300), 100);
	assert_int_equal(sound_ring_fill(&ring), 256);
	sound_ring_free(&ring);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_folder, close_folder)
	const struct CMUnitTest tests[] = {
		TEST(files_of_any_kind_rate_and_channels_are_read_as_mono),
		TEST(what_is_no_sound_file_is_refused),
		TEST(channels_and_rates_beyond_reason_are_refused),
		TEST(truncated_file_ends_where_it_ends),
		TEST(damaged_file_ends_without_harm),
		TEST(numbers_beyond_full_scale_are_cut_there),
		TEST(what_is_written_can_be_read_again),
		TEST(what_is_written_so_far_can_be_played_already),
		TEST(recordings_are_the_owners_and_replace_nothing),
		TEST(full_disk_is_an_error),
		cmocka_unit_test(ring_carries_samples_between_threads_in_order),
		cmocka_unit_test(ring_takes_no_more_than_it_holds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
