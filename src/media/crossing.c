/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Crossing: packets received on one media thread for legs of another. */
#include "media/crossing.h"

#include <errno.h>
#include <string.h>

#include "core/mem.h"

/* Stands in front of each packet's bytes; multiples of 8, so the next one is aligned. */
struct entry {
	struct leg *leg;
	bool spare;
	size_t size;
};

static size_t entry_size(size_t n)
{
	return sizeof(struct entry) + ((n + 7) & ~(size_t)7);
}

/* A batch that the receiver has given back, or a new one; NULL when it has them all. */
static struct packet_batch *free_batch(struct crossing *c)
{
	struct packet_batch *batch;

	for (unsigned i = 0; i < c->n_batches; i++) {
		unsigned k = (c->next + i) % c->n_batches;

		if (!atomic_load_explicit(&c->batches[k]->busy, memory_order_acquire)) {
			c->next = (k + 1) % c->n_batches;
			return c->batches[k];
		}
	}
	if (c->n_batches == CROSSING_BATCHES)
		return NULL;
	batch = mem_zalloc(sizeof *batch);
	if (!batch)
		return NULL;
	batch->mail.kind = MAIL_PACKETS;
	c->batches[c->n_batches++] = batch;
	return batch;
}

int crossing_put(struct crossing *c, struct leg *leg, bool spare, const uint8_t *p, size_t n)
{
	struct entry *entry;

	if (entry_size(n) > CROSSING_BATCH_BYTES)
		return -ENOBUFS;
	if (c->open && c->open->used + entry_size(n) > CROSSING_BATCH_BYTES)
		crossing_flush(c);
	if (!c->open) {
		c->open = free_batch(c);
		if (!c->open)
			return -ENOBUFS;
		c->open->used = 0;
	}
	entry = (struct entry *)(void *)(c->open->bytes + c->open->used);
	*entry = (struct entry){leg, spare, n};
	memcpy(entry + 1, p, n);
	c->open->used += entry_size(n);
	return 0;
}

void crossing_flush(struct crossing *c)
{
	struct packet_batch *batch = c->open;

	if (!batch)
		return;
	c->open = NULL;
	atomic_store_explicit(&batch->busy, true, memory_order_relaxed);
	mailbox_post(c->box, &batch->mail.mail);
}

void crossing_free(struct crossing *c)
{
	for (unsigned i = 0; i < c->n_batches; i++)
		mem_free(c->batches[i]);
	*c = (struct crossing){0};
}

void packet_batch_each(struct packet_batch *batch, crossing_packet_fn *fn, void *arg)
{
	size_t at = 0;

	while (at < batch->used) {
		const struct entry *entry = (const void *)(batch->bytes + at);

		at += entry_size(entry->size);
		fn(entry->leg, entry->spare, (const uint8_t *)(entry + 1), entry->size, arg);
	}
	atomic_store_explicit(&batch->busy, false, memory_order_release);
}
