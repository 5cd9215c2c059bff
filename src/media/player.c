/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Player: sound files to one leg alone. */
#include "media/player.h"

#include <errno.h>
#include <string.h>

#include "core/log.h"
#include "core/mem.h"
#include "media/engine_private.h"
#include "media/resampler.h"
#include "media/scratch.h"
#include "media/sound_file.h"
#include "media/sound_ring.h"

#define LOG_NAME "sylk.core"

enum {
	RING = 32768, /* samples: two thirds of a second at 48 kHz */
	CHUNK = 4096,
	FADE_TICKS = 6, /* 120 ms from one volume to the other */
};

/* A gain on its way: it moves in a straight line, the same step at every tick. */
struct ramp {
	float now, to, step;
};

struct sound {
	char *path;
	unsigned pause_ms;
	int err; /* why it cannot be played; 0: it can, as far as is known */
	bool logged;
};

struct media_player {
	struct media_mail mail;
	atomic_uint refs;
	atomic_bool busy; /* the mail is on its way: it holds a reference */
	atomic_bool full; /* by the reader: all is in the ring, for ever */
	atomic_bool over; /* by the media thread: all has been heard */
	struct sound_ring ring;

	/* The reader's: the pool's while reading, else the signalling thread's. */
	struct sound *sounds;
	size_t n_sounds, at; /* at: the next to open */
	size_t n_played;     /* files that held any sound, in this round */
	size_t n_heard;      /* and in all rounds */
	struct sound_reader *file;
	bool sounding;    /* file has given something */
	size_t n_silence; /* samples of silence to be put before file goes on */
	unsigned rate;
	bool loop;

	/* The signalling thread's. */
	uv_work_t work;
	struct media_engine *engine; /* NULL once closed */
	const struct media_player_handlers *handlers;
	void *arg;
	struct media_leg *leg; /* NULL: none, or it is closed */
	bool reading;

	/* The media thread's. */
	struct ramp volume, room;
	struct resampler to_mixer;
	bool stopping;
	uint64_t missing; /* samples that did not come in time */
};

/* ---- reading: a thread of the pool ------------------------------------------------------ */

static void put_silence(struct media_player *p)
{
	static const int16_t silence[CHUNK];
	size_t n;

	do {
		n = sound_ring_put(&p->ring, silence, p->n_silence < CHUNK ? p->n_silence : CHUNK);
		p->n_silence -= n;
	} while (p->n_silence && n);
}

/* Open the next file that can be played. Returns false at the end of the list. */
static bool open_next(struct media_player *p)
{
	while (p->at < p->n_sounds && !p->file) {
		struct sound *sound = &p->sounds[p->at++];

		if (!sound->err)
			sound->err = sound_reader_open(&p->file, sound->path, p->rate);
	}
	p->sounding = false;
	return p->file != NULL;
}

static void close_file(struct media_player *p)
{
	struct sound *sound = &p->sounds[p->at - 1];

	sound_reader_close(p->file);
	p->file = NULL;
	if (!p->sounding) {
		sound->err = -ENODATA;
		return;
	}
	p->n_played++;
	p->n_silence = (size_t)sound->pause_ms * (p->rate / 1000);
}

/* The list is over: from its beginning again if it is to be and if that leads to anything. */
static bool begin_again(struct media_player *p)
{
	bool again = p->loop && p->n_played > 0;

	p->n_heard += p->n_played;
	p->n_played = 0;
	p->at = 0;
	return again;
}

/* Put what there is room for; each turn puts something or comes nearer to the end of the list. */
static void read_on(struct media_player *p)
{
	int16_t pcm[CHUNK];

	while (sound_ring_fill(&p->ring) < p->ring.size) {
		size_t room = p->ring.size - sound_ring_fill(&p->ring), n;

		if (p->n_silence) {
			put_silence(p);
			continue;
		}
		if (!p->file && !open_next(p) && !begin_again(p)) {
			atomic_store(&p->full, true);
			return;
		}
		if (!p->file)
			continue;
		n = sound_reader_read(p->file, pcm, room < CHUNK ? room : CHUNK);
		sound_ring_put(&p->ring, pcm, n);
		if (n)
			p->sounding = true;
		else
			close_file(p);
	}
}

/* ---- signalling thread ------------------------------------------------------------------ */

void player_unref(struct media_player *p)
{
	if (!p || atomic_fetch_sub(&p->refs, 1) != 1)
		return;
	sound_reader_close(p->file);
	for (size_t i = 0; p->sounds && i < p->n_sounds; i++)
		mem_free(p->sounds[i].path);
	mem_free(p->sounds);
	sound_ring_free(&p->ring);
	mem_free(p);
}

static void log_failures(struct media_player *p)
{
	for (size_t i = 0; i < p->n_sounds; i++) {
		struct sound *sound = &p->sounds[i];

		if (sound->err && !sound->logged)
			log_warning(LOG_NAME, "The sound file %s cannot be played: %s", sound->path,
				sound->err == -ENODATA   ? "there is no sound in it"
				: sound->err == -ENOTSUP ? "it is no sound file, or a damaged one"
							 : strerror(-sound->err));
		sound->logged = sound->err != 0;
	}
}

static void has_read(struct media_player *p)
{
	p->reading = false;
	if (p->engine)
		log_failures(p);
	player_unref(p);
}

static void work(uv_work_t *req)
{
	read_on(CONTAINER_OF(req, struct media_player, work));
}

static void worked(uv_work_t *req, int status)
{
	struct media_player *p = CONTAINER_OF(req, struct media_player, work);

	if (p->engine)
		loop_wake(p->engine->loop);
	has_read(p);
}

/* One job at a time: the ring has one writer. */
static void read_more(struct media_player *p)
{
	if (p->reading || atomic_load(&p->full))
		return;
	p->reading = true;
	atomic_fetch_add(&p->refs, 1);
	if (p->engine->stepped_us) {
		read_on(p);
		has_read(p);
		return;
	}
	if (uv_queue_work(loop_uv(p->engine->loop), &p->work, work, worked) < 0)
		has_read(p);
}

static int copy_sounds(struct media_player *p, const struct media_sound *sounds, size_t n)
{
	p->sounds = mem_zalloc(n * sizeof *p->sounds);
	if (!p->sounds)
		return -ENOMEM;
	p->n_sounds = n;
	for (size_t i = 0; i < n; i++) {
		p->sounds[i].path = mem_strndup(sounds[i].path, strlen(sounds[i].path));
		p->sounds[i].pause_ms = sounds[i].pause_ms;
		if (!p->sounds[i].path)
			return -ENOMEM;
	}
	return 0;
}

static struct ramp ramp(float from, float to)
{
	return (struct ramp){from, to, (to > from ? to - from : from - to) / FADE_TICKS};
}

int media_player_new(struct media_engine *engine, const struct media_player_settings *settings,
	const struct media_sound *sounds, size_t n, const struct media_player_handlers *handlers,
	void *arg, struct media_player **player)
{
	struct media_player *p;
	int err;

	if (n == 0 || n > MEDIA_PLAYER_MAX_FILES)
		return -EINVAL;
	p = mem_zalloc(sizeof *p);
	if (!p)
		return -ENOMEM;
	atomic_init(&p->refs, 1);
	p->mail.kind = MAIL_PLAYER;
	err = sound_ring_init(&p->ring, RING);
	if (!err)
		err = copy_sounds(p, sounds, n);
	if (err) {
		player_unref(p);
		return err;
	}
	p->engine = engine;
	p->handlers = handlers;
	p->arg = arg;
	p->rate = engine->settings.sample_rate;
	resampler_init(&p->to_mixer, p->rate, p->rate);
	p->loop = settings->loop;
	p->n_silence = (size_t)settings->lead_ms * (p->rate / 1000);
	p->volume = ramp(settings->volume, settings->volume);
	p->room = ramp(1, settings->room);
	read_more(p);
	*player = p;
	return 0;
}

int media_player_play(struct media_player *p, struct media_leg *leg)
{
	int err;

	atomic_fetch_add(&p->refs, 1);
	err = media_leg_send_player(leg, p);
	if (err) {
		player_unref(p);
		return err;
	}
	if (leg->player)
		leg->player->leg = NULL;
	leg->player = p;
	p->leg = leg;
	return 0;
}

static void let_go_of_leg(struct media_player *p)
{
	if (p->leg)
		p->leg->player = NULL;
	p->leg = NULL;
}

void media_player_close(struct media_player *p)
{
	if (!p)
		return;
	/* Without memory for the command it is heard to its end, at worst until the leg closes. */
	if (p->leg)
		media_leg_send_player(p->leg, NULL);
	let_go_of_leg(p);
	p->engine = NULL;
	player_unref(p);
}

void media_player_leg_closed(struct media_player *p)
{
	if (p)
		p->leg = NULL;
}

static int first_error(const struct media_player *p)
{
	for (size_t i = 0; i < p->n_sounds; i++) {
		if (p->sounds[i].err)
			return p->sounds[i].err;
	}
	return -ENODATA;
}

static void finish(struct media_player *p)
{
	if (p->missing)
		log_info(LOG_NAME, "%llu ms of silence were heard because files were read slowly",
			(unsigned long long)(p->missing / (p->rate / 1000)));
	let_go_of_leg(p);
	if (p->handlers && p->handlers->finished)
		p->handlers->finished(p->n_heard ? 0 : first_error(p), p->arg);
}

void media_player_on_mail(struct media_mail *mail)
{
	struct media_player *p = CONTAINER_OF(mail, struct media_player, mail);

	/* From here on the media thread may write again; what it wrote before is read below. */
	atomic_store(&p->busy, false);
	if (p->leg && atomic_load(&p->over))
		finish(p);
	else if (p->leg)
		read_more(p);
	player_unref(p);
}

/* ---- the thread of the leg -------------------------------------------------------------- */

static void report(struct media_player *p, struct media_thread *t)
{
	if (atomic_exchange(&p->busy, true))
		return;
	atomic_fetch_add(&p->refs, 1);
	media_thread_report(t, &p->mail, MAIL_PLAYER);
}

/* Go one tick on; returns the gain before it. */
static float ramp_on(struct ramp *r)
{
	float before = r->now;

	if (r->now < r->to)
		r->now = r->now + r->step < r->to ? r->now + r->step : r->to;
	else
		r->now = r->now - r->step > r->to ? r->now - r->step : r->to;
	return before;
}

/* Take samples of sound, silence behind them. */
static void take(struct media_player *p, struct media_thread *t, int16_t *pcm, size_t frame)
{
	/* In this order: once it is full, what is in the ring is all there is. */
	bool full = atomic_load(&p->full);
	size_t n = sound_ring_get(&p->ring, pcm, frame);

	memset(pcm + n, 0, (frame - n) * sizeof *pcm);
	if (n < frame && full)
		player_stop(p);
	else if (n < frame && atomic_load_explicit(&p->ring.read, memory_order_relaxed))
		p->missing += frame - n;
	if (!full && sound_ring_fill(&p->ring) < RING / 2)
		report(p, t);
}

/* The frame's sound at the mixer's rate, to scratch.sound. */
static void get(struct media_player *p, struct media_thread *t, unsigned rate)
{
	int16_t pcm[SCRATCH_FRAME];
	size_t again = resampler_turn(&p->to_mixer, rate, pcm), frame = p->rate / 50;

	take(p, t, pcm + again, frame - again);
	resampler_run(&p->to_mixer, pcm, frame, t->scratch->sound);
}

void player_mix(struct media_player *p, struct media_thread *t, unsigned rate, const int32_t *sum,
	const int16_t *own, int32_t *out)
{
	size_t frame = rate / 50;
	float room = ramp_on(&p->room), volume = ramp_on(&p->volume);
	float room_step = (p->room.now - room) / (float)frame;
	float volume_step = (p->volume.now - volume) / (float)frame;

	get(p, t, rate);
	for (size_t i = 0; i < frame; i++) {
		float others = (float)(sum[i] - (own ? own[i] : 0));

		room += room_step;
		volume += volume_step;
		out[i] = (int32_t)(others * room + (float)t->scratch->sound[i] * volume);
	}
}

void player_stop(struct media_player *p)
{
	if (p->stopping)
		return;
	p->stopping = true;
	p->room = ramp(p->room.now, 1);
	p->volume = ramp(p->volume.now, 0);
}

bool player_is_over(const struct media_player *p)
{
	return p->stopping && p->volume.now <= 0 && p->room.now >= 1;
}

void player_release(struct media_player *p, struct media_thread *t)
{
	atomic_store(&p->over, true);
	report(p, t);
	player_unref(p);
}
