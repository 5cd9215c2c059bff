/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a jitter buffer keeps: slots by sequence number, payloads in chained blocks. */
#include "media/jitter_store.h"

#include <errno.h>
#include <string.h>

#define MIN_CAPACITY 4
#define MAX_CAPACITY 1024

/* 20 ms of G.711; Opus at speech rates needs less. */
#define BLOCK_BYTES 160
#define BLOCKS_PER_SLOT 2
#define NO_BLOCK UINT16_MAX

struct jitter_block {
	uint16_t next;
	uint8_t data[BLOCK_BYTES];
};

_Static_assert(MAX_CAPACITY *BLOCKS_PER_SLOT < NO_BLOCK, "a block's index fits");

/* A power of two, so that slots stay in step when the sequence number wraps. */
static unsigned round_capacity(unsigned capacity)
{
	unsigned rounded = MIN_CAPACITY;

	while (rounded < capacity && rounded < MAX_CAPACITY)
		rounded *= 2;
	return rounded;
}

size_t jitter_store_size(unsigned capacity)
{
	capacity = round_capacity(capacity);
	return capacity * sizeof(struct jitter_slot) +
	       capacity * BLOCKS_PER_SLOT * sizeof(struct jitter_block) + JITTER_STORE_PAYLOAD;
}

void jitter_store_init(struct jitter_store *store, void *memory, unsigned capacity)
{
	capacity = round_capacity(capacity);
	store->slots = memory;
	store->blocks = (struct jitter_block *)(void *)(store->slots + capacity);
	store->payload = (uint8_t *)(store->blocks + capacity * BLOCKS_PER_SLOT);
	store->capacity = capacity;
	jitter_store_clear(store);
}

void jitter_store_clear(struct jitter_store *store)
{
	unsigned n_blocks = store->capacity * BLOCKS_PER_SLOT;

	for (unsigned i = 0; i < store->capacity; i++)
		store->slots[i].used = false;
	for (unsigned i = 0; i < n_blocks; i++)
		store->blocks[i].next = i + 1 < n_blocks ? (uint16_t)(i + 1) : NO_BLOCK;
	store->free_block = 0;
	store->count = 0;
}

static struct jitter_slot *slot_of(const struct jitter_store *store, uint16_t seq)
{
	return &store->slots[seq & (store->capacity - 1)];
}

static void free_chain(struct jitter_store *store, uint16_t block)
{
	while (block != NO_BLOCK) {
		uint16_t next = store->blocks[block].next;

		store->blocks[block].next = store->free_block;
		store->free_block = block;
		block = next;
	}
}

/* Returns 0, or -ENOBUFS with nothing taken. */
static int copy_in(struct jitter_store *store, const uint8_t *p, size_t n, uint16_t *first)
{
	uint16_t *link = first;

	*first = NO_BLOCK;
	while (n > 0) {
		size_t part = n < BLOCK_BYTES ? n : BLOCK_BYTES;
		struct jitter_block *block;

		if (store->free_block == NO_BLOCK) {
			free_chain(store, *first);
			return -ENOBUFS;
		}
		block = &store->blocks[store->free_block];
		*link = store->free_block;
		store->free_block = block->next;
		block->next = NO_BLOCK;
		link = &block->next;
		memcpy(block->data, p, part);
		p += part;
		n -= part;
	}
	return 0;
}

int jitter_store_put(struct jitter_store *store, const struct rtp_packet *packet, int64_t time)
{
	struct jitter_slot *slot = slot_of(store, packet->seq);
	uint16_t block;
	int err;

	if (packet->payload_size > JITTER_STORE_PAYLOAD)
		return -EMSGSIZE;
	err = copy_in(store, packet->payload, packet->payload_size, &block);
	if (err)
		return err;
	if (slot->used)
		jitter_store_drop(store, slot->seq);
	*slot = (struct jitter_slot){
		.time = time,
		.timestamp = packet->timestamp,
		.seq = packet->seq,
		.size = (uint16_t)packet->payload_size,
		.block = block,
		.payload_type = packet->payload_type,
		.marker = packet->marker,
		.used = true,
	};
	store->count++;
	return 0;
}

const struct jitter_slot *jitter_store_find(const struct jitter_store *store, uint16_t seq)
{
	const struct jitter_slot *slot = slot_of(store, seq);

	return slot->used && slot->seq == seq ? slot : NULL;
}

void jitter_store_read(
	struct jitter_store *store, const struct jitter_slot *slot, struct rtp_packet *packet)
{
	uint16_t block = slot->block;

	for (size_t at = 0; at < slot->size; at += BLOCK_BYTES) {
		size_t rest = slot->size - at;

		memcpy(store->payload + at, store->blocks[block].data,
			rest < BLOCK_BYTES ? rest : BLOCK_BYTES);
		block = store->blocks[block].next;
	}
	*packet = (struct rtp_packet){
		.seq = slot->seq,
		.payload_type = slot->payload_type,
		.marker = slot->marker,
		.timestamp = slot->timestamp,
		.payload = store->payload,
		.payload_size = slot->size,
	};
}

void jitter_store_drop(struct jitter_store *store, uint16_t seq)
{
	struct jitter_slot *slot = slot_of(store, seq);

	if (!slot->used || slot->seq != seq)
		return;
	free_chain(store, slot->block);
	slot->used = false;
	store->count--;
}
