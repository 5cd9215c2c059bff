/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Fan-out: how the frames of one mixer reach the ports of one thread. */
#include "media/fan_out.h"

#include <string.h>

#include "core/mem.h"
#include "media/cache.h"
#include "media/encode_stream.h"
#include "media/media_thread.h"
#include "media/port.h"

struct fan_out *fan_out_new(struct media_thread *mixer_thread, struct media_thread *port_thread)
{
	struct fan_out *f = mem_zalloc(sizeof *f);

	if (!f)
		return NULL;
	f->close.kind = MAIL_FAN_OUT_CLOSE;
	f->mixer_thread = mixer_thread;
	f->port_thread = port_thread;
	list_init(&f->destinations);
	for (int i = 0; i < FAN_OUT_BATCHES; i++) {
		f->batches[i].mail.kind = MAIL_FRAMES;
		f->batches[i].fan_out = f;
	}
	return f;
}

static bool is_local(const struct fan_out *f)
{
	return f->mixer_thread == f->port_thread;
}

void fan_out_close(struct fan_out *f)
{
	if (is_local(f))
		fan_out_on_close(f);
	else
		media_thread_post(f->port_thread, &f->close);
}

void fan_out_attach(struct fan_out *f, struct destination *d)
{
	d->attach.kind = MAIL_ATTACH;
	d->detach.kind = MAIL_DETACH;
	d->fan_out = f;
	f->n_destinations++;
	if (is_local(f))
		fan_out_on_attach(d);
	else
		media_thread_post(f->port_thread, &d->attach);
}

void fan_out_detach(struct destination *d)
{
	struct fan_out *f = d->fan_out;

	f->n_destinations--;
	if (is_local(f))
		fan_out_on_detach(d);
	else
		media_thread_post(f->port_thread, &d->detach);
}

void fan_out_begin(struct fan_out *f)
{
	f->open = NULL;
	for (int i = 0; i < FAN_OUT_BATCHES && !f->open; i++) {
		if (!atomic_load_explicit(&f->batches[i].busy, memory_order_acquire))
			f->open = &f->batches[i];
	}
	if (!f->open) {
		media_count(&f->mixer_thread->counters.dropped, f->n_destinations);
		return;
	}
	f->open->n_frames = 0;
	f->open->n_bytes = 0;
}

/* Room for one more frame of size bytes; grows when a room has more voices than ever before. */
static bool reserve(struct frame_batch *b, size_t size)
{
	if (b->n_frames == b->max_frames) {
		size_t max = b->max_frames ? 2 * b->max_frames : 8;
		struct frame *frames = mem_realloc(b->frames, max * sizeof *frames);

		if (!frames)
			return false;
		b->frames = frames;
		b->max_frames = max;
	}
	if (b->n_bytes + size > b->max_bytes) {
		size_t max = 2 * b->max_bytes + size + 512;
		uint8_t *bytes = mem_realloc(b->bytes, max);

		if (!bytes)
			return false;
		b->bytes = bytes;
		b->max_bytes = max;
	}
	return true;
}

void fan_out_add(struct fan_out *f, struct destination *own, unsigned group,
	const struct encoded *encoded, uint64_t time_us)
{
	struct frame_batch *b = f->open;
	size_t size = encoded ? encoded->size : 0;
	struct frame *frame;

	if (!b || !reserve(b, size))
		return;
	frame = &b->frames[b->n_frames++];
	*frame = (struct frame){.own = own,
		.group = group,
		.offset = (uint32_t)b->n_bytes,
		.size = (uint32_t)size,
		.time_us = time_us};
	if (!encoded)
		return;
	frame->time_us += encoded->after_us;
	frame->level = encoded->level;
	if (size)
		memcpy(b->bytes + b->n_bytes, encoded->p, size);
	b->n_bytes += size;
}

void fan_out_submit(struct fan_out *f)
{
	struct frame_batch *b = f->open;

	f->open = NULL;
	if (!b || b->n_frames == 0)
		return;
	if (is_local(f)) {
		fan_out_on_frames(f->port_thread, b);
		return;
	}
	atomic_store_explicit(&b->busy, true, memory_order_relaxed);
	media_thread_post(f->port_thread, &b->mail);
}

void fan_out_on_attach(struct destination *d)
{
	list_append(&d->fan_out->destinations, &d->node);
	port_attach(d->port, d);
}

void fan_out_on_detach(struct destination *d)
{
	list_remove(&d->node);
	port_detach(d->port, d);
	mem_free(d);
}

/*
 * In a large room each listener is cold to the cache: fetch what those to come will need while this
 * one is served, and what is behind a pointer one turn later than the pointer.
 */
static void fetch_ahead(const struct fan_out *f, const struct list_node *it)
{
	if (it == &f->destinations)
		return;
	port_fetch_srtp(CONTAINER_OF(it, struct destination, node)->port);
	it = it->next;
	if (it == &f->destinations)
		return;
	port_fetch(CONTAINER_OF(it, struct destination, node)->port);
	cache_fetch(CONTAINER_OF(it->next, struct destination, node), sizeof(struct destination));
}

void fan_out_on_frames(struct media_thread *t, struct frame_batch *b)
{
	struct fan_out *f = b->fan_out;
	struct list_node *it, *next;

	f->serial++;
	for (size_t i = 0; i < b->n_frames; i++) {
		const struct frame *frame = &b->frames[i];

		if (!frame->own)
			continue;
		frame->own->served = f->serial;
		port_send_frame(t, frame->own, frame, b->bytes + frame->offset);
	}
	LIST_FOR_EACH(it, next, &f->destinations) {
		struct destination *d = CONTAINER_OF(it, struct destination, node);

		fetch_ahead(f, next);
		if (d->served == f->serial)
			continue;
		for (size_t i = 0; i < b->n_frames; i++) {
			const struct frame *frame = &b->frames[i];

			if (!frame->own && frame->group == d->group)
				port_send_frame(t, d, frame, b->bytes + frame->offset);
		}
	}
	atomic_store_explicit(&b->busy, false, memory_order_release);
}

void fan_out_on_close(struct fan_out *f)
{
	for (int i = 0; i < FAN_OUT_BATCHES; i++) {
		mem_free(f->batches[i].frames);
		mem_free(f->batches[i].bytes);
	}
	mem_free(f);
}
