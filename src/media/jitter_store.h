/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a jitter buffer keeps: packets, found by sequence number. Payloads lie in chained blocks of
 * the size of a usual frame, so that a buffer for 32 packets takes 13 KB and not 48. For
 * src/media/jitter_*.c only; same thread as its jitter buffer.
 */
#ifndef MEDIA_JITTER_STORE_H
#define MEDIA_JITTER_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "media/rtp.h"

#define JITTER_STORE_PAYLOAD (RTP_MAX_PACKET - RTP_HEADER_SIZE) /* bytes, the most one can have */

struct jitter_slot {
	int64_t time; /* RTP timestamp, extended over its wraps */
	uint32_t timestamp;
	uint16_t seq;
	uint16_t size; /* payload bytes */
	uint16_t block;
	uint8_t payload_type;
	bool marker, used;
};

struct jitter_block;

struct jitter_store {
	struct jitter_slot *slots; /* by sequence number modulo capacity, a power of two */
	struct jitter_block *blocks;
	uint8_t *payload; /* the packet read last, in one piece */
	unsigned capacity, count;
	uint16_t free_block;
};

/* Bytes of memory for capacity packets, and the capacity rounded as it is stored. */
size_t jitter_store_size(unsigned capacity);

/* memory: jitter_store_size(capacity) bytes, aligned as for int64_t. */
void jitter_store_init(struct jitter_store *store, void *memory, unsigned capacity);

void jitter_store_clear(struct jitter_store *store);

/*
 * Keep a copy. The caller sees to it that all sequence numbers kept lie within capacity of each
 * other. Returns 0, -EMSGSIZE (payload too large) or -ENOBUFS (no block left: drop some).
 */
int jitter_store_put(struct jitter_store *store, const struct rtp_packet *packet, int64_t time);

/* NULL: not there. */
const struct jitter_slot *jitter_store_find(const struct jitter_store *store, uint16_t seq);

/* Fill in *packet but for the SSRC; its payload is good until the next read. */
void jitter_store_read(
	struct jitter_store *store, const struct jitter_slot *slot, struct rtp_packet *packet);

/* Harmless when it is not there. */
void jitter_store_drop(struct jitter_store *store, uint16_t seq);

#endif
