/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sound files through libsndfile. */
#include "media/sound_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sndfile.h>
#include <speex/speex_resampler.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/mem.h"
#include "media/resampler.h"

enum {
	CHUNK = 1024,         /* frames read at once */
	RESAMPLE_QUALITY = 5, /* of speexdsp, 0 to 10 */
	OPUS_RATE = 48000,    /* what Ogg/Opus is written at */
	WRITE_MS = 20,        /* written at once when the rate is converted */
};

/* ---- reading ---------------------------------------------------------------------------- */

struct sound_reader {
	SNDFILE *file;
	SF_INFO info;
	SpeexResamplerState *resampler; /* NULL: the file has the rate wanted */
	size_t at, n_mono;              /* samples of mono taken, and there */
	float mono[CHUNK];
	float frames[]; /* CHUNK of them, all channels */
};

/* A descriptor of a regular file: opening a pipe or a device could wait for ever. */
static int open_regular(const char *path)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	struct stat st;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		return fd;
	close(fd);
	return -EINVAL;
}

static bool is_usable(const SF_INFO *info)
{
	return info->channels > 0 && info->channels <= SOUND_FILE_MAX_CHANNELS &&
	       info->samplerate >= 1000 && info->samplerate <= SOUND_FILE_MAX_RATE;
}

int sound_reader_open(struct sound_reader **reader, const char *path, unsigned rate)
{
	struct sound_reader *r = NULL;
	SF_INFO info = {0};
	SNDFILE *file;
	int fd = open_regular(path), err;

	if (fd < 0)
		return fd;
	/* The file closes the descriptor, also when it cannot be opened. */
	file = sf_open_fd(fd, SFM_READ, &info, SF_TRUE);
	if (!file)
		return -ENOTSUP;
	err = is_usable(&info) ? 0 : -ENOTSUP;
	if (!err) {
		r = mem_zalloc(sizeof *r + CHUNK * (size_t)info.channels * sizeof *r->frames);
		err = r ? 0 : -ENOMEM;
	}
	if (!err && (unsigned)info.samplerate != rate) {
		r->resampler = speex_resampler_init(
			1, (unsigned)info.samplerate, rate, RESAMPLE_QUALITY, NULL);
		err = r->resampler ? 0 : -ENOMEM;
	}
	if (err) {
		sf_close(file);
		mem_free(r);
		return err;
	}
	r->file = file;
	r->info = info;
	*reader = r;
	return 0;
}

/* Read the next chunk, all channels made one. Returns false at the end. */
static bool fill(struct sound_reader *r)
{
	int channels = r->info.channels;
	sf_count_t n = sf_readf_float(r->file, r->frames, CHUNK);

	r->at = 0;
	r->n_mono = n > 0 ? (size_t)n : 0;
	for (size_t i = 0; i < r->n_mono; i++) {
		const float *frame = r->frames + i * (size_t)channels;
		float sum = 0;

		for (int c = 0; c < channels; c++)
			sum += frame[c];
		r->mono[i] = sum / (float)channels;
	}
	return r->n_mono > 0;
}

/* A file may hold numbers beyond full scale, or none at all. */
static int16_t to_sample(float x)
{
	if (!(x > -1.0F))
		return x <= -1.0F ? INT16_MIN : 0;
	return x >= 1.0F ? INT16_MAX : (int16_t)(x * 32767.0F);
}

static size_t take(struct sound_reader *r, int16_t *pcm, size_t n)
{
	float out[CHUNK];
	spx_uint32_t got = (spx_uint32_t)(n < CHUNK ? n : CHUNK);
	spx_uint32_t used = (spx_uint32_t)(r->n_mono - r->at);

	if (r->resampler) {
		speex_resampler_process_float(r->resampler, 0, r->mono + r->at, &used, out, &got);
	} else {
		got = used = used < got ? used : got;
		memcpy(out, r->mono + r->at, got * sizeof *out);
	}
	/* Should nothing come of it, the chunk is passed over: this ends in any case. */
	r->at = used || got ? r->at + used : r->n_mono;
	for (size_t i = 0; i < got; i++)
		pcm[i] = to_sample(out[i]);
	return got;
}

size_t sound_reader_read(struct sound_reader *r, int16_t *pcm, size_t n)
{
	size_t done = 0;

	while (done < n && (r->at < r->n_mono || fill(r)))
		done += take(r, pcm + done, n - done);
	return done;
}

void sound_reader_close(struct sound_reader *r)
{
	if (!r)
		return;
	if (r->resampler)
		speex_resampler_destroy(r->resampler);
	sf_close(r->file);
	mem_free(r);
}

/* ---- writing ---------------------------------------------------------------------------- */

struct sound_writer {
	SNDFILE *file;
	unsigned rate;
	struct resampler resampler; /* to the file's rate */
	size_t n_wait;              /* samples short of WRITE_MS */
	int16_t wait[OPUS_RATE / 1000 * WRITE_MS];
};

static bool ends_in(const char *path, const char *suffix)
{
	size_t n = strlen(path), m = strlen(suffix);

	return n >= m && strcasecmp(path + n - m, suffix) == 0;
}

int sound_writer_open(struct sound_writer **writer, const char *path, unsigned rate)
{
	bool opus = ends_in(path, ".ogg") || ends_in(path, ".opus");
	SF_INFO info = {.channels = 1,
		.samplerate = opus ? OPUS_RATE : (int)rate,
		.format = opus ? SF_FORMAT_OGG | SF_FORMAT_OPUS : SF_FORMAT_WAV | SF_FORMAT_PCM_16};
	struct sound_writer *w = mem_zalloc(sizeof *w);
	int fd = -1, err = w ? 0 : -ENOMEM;

	if (!err)
		err = resampler_init(&w->resampler, rate, (unsigned)info.samplerate);
	if (!err) {
		fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
		err = fd < 0 ? -errno : 0;
	}
	if (!err) {
		w->rate = rate;
		w->file = sf_open_fd(fd, SFM_WRITE, &info, SF_TRUE);
		err = w->file ? 0 : -EIO;
	}
	if (err)
		mem_free(w);
	else
		*writer = w;
	return err;
}

static int put(struct sound_writer *w, const int16_t *pcm, size_t n)
{
	return sf_writef_short(w->file, pcm, (sf_count_t)n) == (sf_count_t)n ? 0 : -EIO;
}

/* What waits, at the file's rate. */
static int put_wait(struct sound_writer *w)
{
	int16_t out[OPUS_RATE / 1000 * WRITE_MS];
	size_t n = resampler_run(&w->resampler, w->wait, w->n_wait, out);

	w->n_wait = 0;
	return put(w, out, n);
}

int sound_writer_write(struct sound_writer *w, const int16_t *pcm, size_t n)
{
	size_t span = w->rate / 1000 * WRITE_MS;
	int err = 0;

	if (!w->resampler.filter)
		err = put(w, pcm, n);
	while (w->resampler.filter && n > 0 && !err) {
		size_t part = n < span - w->n_wait ? n : span - w->n_wait;

		memcpy(w->wait + w->n_wait, pcm, part * sizeof *pcm);
		w->n_wait += part;
		pcm += part;
		n -= part;
		if (w->n_wait == span)
			err = put_wait(w);
	}
	/* So that after a power cut what is there can be played. */
	sf_command(w->file, SFC_UPDATE_HEADER_NOW, NULL, 0);
	return err;
}

int sound_writer_close(struct sound_writer *w)
{
	int err = 0;

	if (!w)
		return 0;
	/* The resampler takes whole milliseconds. */
	w->n_wait -= w->n_wait % (w->rate / 1000);
	if (w->n_wait)
		err = put_wait(w);
	if (sf_close(w->file) != 0)
		err = -EIO;
	mem_free(w);
	return err;
}
