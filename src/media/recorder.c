/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Recorder: what a mixer mixes into a file. */
#include "media/recorder.h"

#include <errno.h>
#include <string.h>

#include "core/log.h"
#include "core/mem.h"
#include "media/engine_private.h"
#include "media/mixer_rate.h"
#include "media/sound_file.h"
#include "media/sound_ring.h"

#define LOG_NAME "sylk.core"

enum {
	RING = 65536,     /* samples: what a slow disk may lag behind, 1.3 s at 48 kHz */
	BLOCK = RING / 8, /* samples that are worth a journey to the pool */
	CHUNK = 4096,
	MAX_FRAME = 48000 / 50,
};

struct media_recorder {
	struct media_mail mail;
	atomic_uint refs;
	atomic_bool busy;      /* the mail is on its way: it holds a reference */
	atomic_bool ended;     /* by the media thread: nothing more is put */
	_Atomic uint64_t lost; /* samples that found the ring full; the media thread's */
	struct sound_ring ring;
	struct mixer_rate_follower from_mixer; /* the media thread's */

	/* The writer's: the pool's while writing, else the signalling thread's. */
	struct sound_writer *file;
	char *path;
	unsigned rate;
	uint64_t n_written; /* samples */
	int err;            /* what writing failed of */
	bool complete;      /* all is written, and the file closed */

	/* The signalling thread's. */
	uv_work_t work;
	struct loop *loop;
	bool stepped; /* simulated time: nothing is handed to the pool */
	bool writing, told;
	const struct media_recorder_handlers *handlers; /* NULL once closed */
	void *arg;
	struct media_mixer *mixer; /* NULL: it does not record any more */
};

static void unref(struct media_recorder *r)
{
	if (!r || atomic_fetch_sub(&r->refs, 1) != 1)
		return;
	sound_writer_close(r->file);
	mem_free(r->path);
	sound_ring_free(&r->ring);
	mem_free(r);
}

/* ---- writing: a thread of the pool ------------------------------------------------------ */

/* Write what waits; once the disk has refused, empty the ring only. */
static void write_on(struct media_recorder *r)
{
	int16_t pcm[CHUNK];
	/* In this order: once it has ended, what is in the ring is all there is. */
	bool ended = atomic_load(&r->ended);
	size_t n;

	if (!r->file && !r->err)
		r->err = sound_writer_open(&r->file, r->path, r->rate);
	while ((n = sound_ring_get(&r->ring, pcm, CHUNK)) > 0) {
		if (!r->err)
			r->err = sound_writer_write(r->file, pcm, n);
		r->n_written += n;
	}
	if (!ended || r->complete)
		return;
	if (sound_writer_close(r->file) < 0 && !r->err)
		r->err = -EIO;
	r->file = NULL;
	r->complete = true;
}

/* ---- signalling thread ------------------------------------------------------------------ */

static void write_more(struct media_recorder *r);

static void log_end(const struct media_recorder *r)
{
	unsigned long long lost = atomic_load(&r->lost) / (r->rate / 1000);

	log_info(LOG_NAME, "Recording %s is complete: %llu ms", r->path,
		(unsigned long long)(r->n_written / (r->rate / 1000)));
	if (lost)
		log_warning(LOG_NAME,
			"Recording %s lacks %llu ms: the disk was too slow to take them", r->path,
			lost);
}

static void tell_failure(struct media_recorder *r)
{
	r->told = true;
	log_error(LOG_NAME, "Recording %s cannot be written: %s", r->path, strerror(-r->err));
	if (r->handlers && r->handlers->failed)
		r->handlers->failed(r->err, r->arg);
}

static void has_written(struct media_recorder *r)
{
	r->writing = false;
	if (r->err && !r->told)
		tell_failure(r);
	if (r->complete && !r->err)
		log_end(r);
	else if (!r->complete && atomic_load(&r->ended))
		write_more(r);
	unref(r);
}

static void work(uv_work_t *req)
{
	write_on(CONTAINER_OF(req, struct media_recorder, work));
}

static void worked(uv_work_t *req, int status)
{
	struct media_recorder *r = CONTAINER_OF(req, struct media_recorder, work);

	loop_wake(r->loop);
	has_written(r);
}

/* One job at a time: the ring has one reader. */
static void write_more(struct media_recorder *r)
{
	if (r->writing || r->complete)
		return;
	r->writing = true;
	atomic_fetch_add(&r->refs, 1);
	if (!r->stepped && uv_queue_work(loop_uv(r->loop), &r->work, work, worked) == 0)
		return;
	write_on(r);
	has_written(r);
}

int media_recorder_new(struct media_engine *engine, struct media_mixer *mixer, const char *path,
	const struct media_recorder_handlers *handlers, void *arg, struct media_recorder **recorder)
{
	struct media_recorder *r;
	int err;

	if (!path || !path[0])
		return -EINVAL;
	r = mem_zalloc(sizeof *r);
	if (!r)
		return -ENOMEM;
	atomic_init(&r->refs, 2); /* the handle's and the mixer's */
	r->mail.kind = MAIL_RECORDER;
	r->loop = engine->loop;
	r->stepped = engine->stepped_us != 0;
	r->rate = engine->settings.sample_rate;
	r->path = mem_strndup(path, strlen(path));
	err = r->path ? sound_ring_init(&r->ring, RING) : -ENOMEM;
	if (!err)
		err = media_mixer_send_recorder(mixer, r);
	if (err) {
		atomic_store(&r->refs, 1);
		unref(r);
		return err;
	}
	r->handlers = handlers;
	r->arg = arg;
	if (mixer->recorder)
		mixer->recorder->mixer = NULL;
	mixer->recorder = r;
	r->mixer = mixer;
	*recorder = r;
	return 0;
}

void media_recorder_close(struct media_recorder *r)
{
	if (!r)
		return;
	/* Without memory for the command it goes on until the mixer closes. */
	if (r->mixer) {
		media_mixer_send_recorder(r->mixer, NULL);
		r->mixer->recorder = NULL;
	}
	r->mixer = NULL;
	r->handlers = NULL;
	unref(r);
}

void media_recorder_mixer_closed(struct media_recorder *r)
{
	if (r)
		r->mixer = NULL;
}

void media_recorder_on_mail(struct media_mail *mail)
{
	struct media_recorder *r = CONTAINER_OF(mail, struct media_recorder, mail);

	/* From here on the media thread may write again; what it wrote before is read by the job. */
	atomic_store(&r->busy, false);
	write_more(r);
	unref(r);
}

/* ---- the mixer's thread ----------------------------------------------------------------- */

static void report(struct media_recorder *r, struct media_thread *t)
{
	if (atomic_exchange(&r->busy, true))
		return;
	atomic_fetch_add(&r->refs, 1);
	media_thread_report(t, &r->mail, MAIL_RECORDER);
}

void recorder_put(struct media_recorder *r, struct media_thread *t, const struct mixer_rate *rate,
	const int16_t *pcm)
{
	int16_t sound[MAX_FRAME];
	size_t n = mixer_rate_follow(&r->from_mixer, rate, r->rate, pcm, sound);
	size_t done = sound_ring_put(&r->ring, sound, n);

	if (done < n)
		atomic_store_explicit(&r->lost,
			atomic_load_explicit(&r->lost, memory_order_relaxed) + n - done,
			memory_order_relaxed);
	if (sound_ring_fill(&r->ring) >= BLOCK)
		report(r, t);
}

void recorder_release(struct media_recorder *r, struct media_thread *t)
{
	atomic_store(&r->ended, true);
	report(r, t);
	unref(r);
}
