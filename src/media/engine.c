/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Media engine: starting and stopping the threads, and their events on the signalling loop. */
#include "media/engine.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "core/log.h"
#include "core/mem.h"
#include "media/engine_private.h"
#include "media/resampler.h"
#include "media/talkers.h"
#include "media/tone_receiver.h"

enum { MAX_THREADS = 256 };

/* ---- events ----------------------------------------------------------------------------- */

/* What holds by now: of several changes behind each other the last one. */
static void tell_talking(struct media_leg *leg, const struct media_leg_handlers *h)
{
	bool talking = atomic_load_explicit(&leg->leg.figures.talking, memory_order_relaxed);

	if (talking == leg->talking)
		return;
	leg->talking = talking;
	if (h->talking)
		h->talking(talking, leg->arg);
}

static void on_leg_event(struct leg_event *event)
{
	struct media_leg *leg = CONTAINER_OF(event->leg, struct media_leg, leg);
	const struct media_leg_handlers *h = leg->handlers;
	enum media_mail_kind kind = event->mail.kind;
	struct addr from = event->from;

	/* From here on the media thread may write the next one. */
	atomic_exchange_explicit(&event->busy, false, memory_order_acq_rel);
	if (!h)
		return;
	if (kind == MAIL_STARTED && h->started)
		h->started(&from, leg->arg);
	else if (kind == MAIL_TIMEOUT && h->timeout)
		h->timeout(leg->arg);
	else if (kind == MAIL_SILENT && h->silent)
		h->silent(&leg->leg.arrivals, leg->arg);
	else if (kind == MAIL_LEFT && h->left)
		h->left(leg->arg);
	else if (kind == MAIL_TALKING)
		tell_talking(leg, h);
}

/* At most as many at a time as there is room for: who fills it meanwhile posts another mail. */
static void on_keys(struct leg_keys *keys)
{
	struct media_leg *leg = CONTAINER_OF(keys->leg, struct media_leg, leg);
	uint32_t ms;
	char key;

	leg_keys_read(keys);
	for (unsigned i = 0; i < LEG_KEYS_MAX && leg_keys_take(keys, &key, &ms); i++) {
		if (leg->handlers && leg->handlers->key)
			leg->handlers->key(keys->way, key, ms, leg->arg);
	}
}

static void on_event(struct media_engine *engine, struct media_mail *mail)
{
	switch (mail->kind) {
	case MAIL_STARTED:
	case MAIL_TIMEOUT:
	case MAIL_SILENT:
	case MAIL_LEFT:
	case MAIL_TALKING:
		on_leg_event(CONTAINER_OF(mail, struct leg_event, mail));
		break;
	case MAIL_KEYS:
		on_keys(CONTAINER_OF(mail, struct leg_keys, mail));
		break;
	case MAIL_LEG_GONE:
		engine->alive--;
		media_leg_gone(CONTAINER_OF(mail, struct leg, mail));
		break;
	case MAIL_PORT_GONE:
		engine->alive--;
		media_port_gone(CONTAINER_OF(mail, struct port, gone));
		break;
	case MAIL_MIXER_GONE:
		engine->alive--;
		media_mixer_gone(engine, CONTAINER_OF(mail, struct mixer, gone));
		break;
	case MAIL_RECORDER:
		media_recorder_on_mail(mail);
		break;
	case MAIL_PLAYER:
		media_player_on_mail(mail);
		break;
	default:
		break;
	}
}

/* A handler may close the engine, which then handles the rest of what was taken here. */
static void handle_events(struct media_engine *engine)
{
	struct mail *m;

	do {
		if (!engine->pending && engine->events.wake_fd >= 0)
			engine->pending = mailbox_take(&engine->events);
		m = engine->pending;
		if (m) {
			engine->pending = m->next;
			on_event(engine, media_mail_of(m));
		}
	} while (engine->pending);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
	struct media_engine *engine = obj_ref(poll->data);

	loop_wake(engine->loop);
	handle_events(engine);
	obj_unref(engine);
}

/* ---- life ------------------------------------------------------------------------------- */

static int check_settings(struct media_engine_settings *s)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);

	if (s->sample_rate != 16000 && s->sample_rate != 32000 && s->sample_rate != 48000)
		return -EINVAL;
	if (s->port_min >= s->port_max)
		return -EINVAL;
	if (s->threads == 0)
		s->threads = cores > 0 ? (unsigned)cores : 1;
	if (s->threads > MAX_THREADS)
		s->threads = MAX_THREADS;
	if (s->mixed_talkers > TALKERS_MAX)
		s->mixed_talkers = TALKERS_MAX;
	return 0;
}

static void destroy(void *obj)
{
	struct media_engine *engine = obj;

	mem_free(engine->threads);
	mem_free(engine->all);
	mem_free(engine->loads);
}

static int start_threads(struct media_engine *engine)
{
	unsigned n = engine->settings.threads;
	int err = 0;

	engine->threads = mem_zalloc(n * sizeof *engine->threads);
	engine->all = mem_zalloc(n * sizeof(struct media_thread *));
	engine->loads = mem_zalloc(n * sizeof *engine->loads);
	if (!engine->threads || !engine->all || !engine->loads)
		return -ENOMEM;
	for (unsigned i = 0; i < n; i++)
		engine->all[i] = &engine->threads[i];
	for (; !err && engine->n_threads < n; engine->n_threads++)
		err = media_thread_init(&engine->threads[engine->n_threads], engine->n_threads,
			engine->all, n, &engine->settings, &engine->events);
	for (unsigned i = 0; !err && i < n; i++)
		err = engine->stepped_us
			      ? media_thread_prepare(&engine->threads[i], engine->stepped_us)
			      : media_thread_start(&engine->threads[i]);
	return err;
}

static void stop_threads(struct media_engine *engine)
{
	for (unsigned i = 0; i < engine->n_threads; i++)
		media_thread_join(&engine->threads[i]);
	for (unsigned i = 0; i < engine->n_threads; i++)
		media_thread_free(&engine->threads[i]);
	engine->n_threads = 0;
}

static void on_poll_closed(uv_handle_t *handle)
{
	obj_unref(handle->data);
}

static int watch_events(struct media_engine *engine)
{
	int err = uv_poll_init(loop_uv(engine->loop), &engine->poll, engine->events.wake_fd);

	if (err)
		return err;
	engine->polling = true;
	engine->poll.data = obj_ref(engine);
	/* Threads that wait for calls are no reason for the loop to run on. */
	uv_unref((uv_handle_t *)&engine->poll);
	return uv_poll_start(&engine->poll, UV_READABLE, on_poll);
}

int media_engine_new(struct media_engine **engine, struct loop *loop,
	const struct media_engine_settings *settings)
{
	return media_engine_new_stepped(engine, loop, settings, 0);
}

int media_engine_new_stepped(struct media_engine **enginep, struct loop *loop,
	const struct media_engine_settings *settings, uint64_t now_us)
{
	struct media_engine *engine = obj_new(sizeof *engine, destroy);
	int err;

	if (!engine)
		return -ENOMEM;
	engine->loop = loop;
	engine->settings = *settings;
	engine->stepped_us = now_us;
	engine->events.wake_fd = -1;
	list_init(&engine->open_ports);
	list_init(&engine->open_mixers);
	err = check_settings(&engine->settings);
	if (err)
		goto out;
	engine->ports.min = settings->port_min;
	engine->ports.max = settings->port_max;
	resampler_setup();
	tone_receiver_setup();
	err = mailbox_init(&engine->events);
	if (err)
		goto out;
	err = start_threads(engine);
	if (err)
		goto out;
	err = watch_events(engine);
	if (err)
		goto out;
	*enginep = engine;
out:
	if (err)
		media_engine_close(engine);
	return err;
}

static void close_handles(struct media_engine *engine)
{
	struct list_node *it, *next;

	LIST_FOR_EACH(it, next, &engine->open_mixers)
		media_mixer_close(CONTAINER_OF(it, struct media_mixer, node));
	LIST_FOR_EACH(it, next, &engine->open_ports)
		media_port_close(CONTAINER_OF(it, struct media_port, node));
}

void media_engine_step(struct media_engine *engine, unsigned thread, uint64_t now_us)
{
	struct media_thread *t = &engine->threads[thread];

	engine->stepped_us = now_us;
	if (!media_thread_is_active(t) || media_thread_due(t) <= now_us)
		media_thread_turn(t, now_us);
}

/* Wait until the threads have given everything back: a few turns of theirs. */
static void wait_for_all(struct media_engine *engine)
{
	struct pollfd fd = {.fd = engine->events.wake_fd, .events = POLLIN};

	while (engine->alive) {
		for (unsigned i = 0; engine->stepped_us && i < engine->n_threads; i++)
			media_engine_step(engine, i, engine->stepped_us + MEDIA_SLOT_US);
		if (!engine->pending && !engine->stepped_us)
			poll(&fd, 1, -1);
		handle_events(engine);
	}
}

void media_engine_close(struct media_engine *engine)
{
	if (!engine || engine->closed)
		return;
	engine->closed = true;
	close_handles(engine);
	wait_for_all(engine);
	stop_threads(engine);
	if (engine->polling)
		uv_close((uv_handle_t *)&engine->poll, on_poll_closed);
	mailbox_close(&engine->events);
	obj_unref(engine);
}

unsigned media_engine_threads(const struct media_engine *engine)
{
	return engine->settings.threads;
}

static uint64_t read_counter(_Atomic uint64_t *counter)
{
	return atomic_load_explicit(counter, memory_order_relaxed);
}

void media_engine_counters(struct media_engine *engine, struct media_counters *sum)
{
	*sum = (struct media_counters){.io = engine->threads[0].io_name};
	for (unsigned i = 0; i < engine->n_threads; i++) {
		struct media_thread_counters *c = &engine->threads[i].counters;
		uint64_t lag = atomic_exchange_explicit(&c->lag_us, 0, memory_order_relaxed);

		sum->turns += read_counter(&c->turns);
		sum->ticks += read_counter(&c->ticks);
		sum->encodes += read_counter(&c->encodes);
		sum->shared_encodes += read_counter(&c->shared_encodes);
		sum->decodes += read_counter(&c->decodes);
		sum->sent += read_counter(&c->sent);
		sum->received += read_counter(&c->received);
		sum->refused += read_counter(&c->refused);
		sum->dropped += read_counter(&c->dropped);
		sum->crossed += read_counter(&c->crossed);
		sum->unsent += read_counter(&c->unsent);
		if (lag > sum->lag_us)
			sum->lag_us = lag;
	}
}
