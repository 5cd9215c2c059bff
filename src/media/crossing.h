/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Crossing: the packets that one media thread receives for legs of another. They are collected
 * and cross in batches, one mail for each turn of the sender's loop; the batches are reused, so
 * nothing is allocated once traffic flows, and what the receiver does not keep up with is dropped.
 *
 * The sender's thread, except for packet_batch_each, which the receiver calls.
 */
#ifndef MEDIA_CROSSING_H
#define MEDIA_CROSSING_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "media/media_mail.h"

#define CROSSING_BATCHES 64
#define CROSSING_BATCH_BYTES 16384

struct packet_batch {
	struct media_mail mail;
	atomic_bool busy; /* set by the sender, cleared by the receiver when it has read all */
	size_t used;
	_Alignas(16) uint8_t bytes[CROSSING_BATCH_BYTES];
};

/* One direction of one pair of threads. Zeroed but for box is ready. */
struct crossing {
	struct mailbox *box; /* of the receiving thread */
	struct packet_batch *open;
	struct packet_batch *batches[CROSSING_BATCHES];
	unsigned n_batches, next;
};

/*
 * Add a packet for leg (its bytes are copied). spare: it is only of use if the leg is there (see
 * leg_spare_packet). Returns 0, or -ENOBUFS: dropped.
 */
int crossing_put(struct crossing *c, struct leg *leg, bool spare, const uint8_t *p, size_t n);

/* Post what was collected. Commands for the same legs must not be posted before it. */
void crossing_flush(struct crossing *c);

/* Free the batches; both threads have ended. */
void crossing_free(struct crossing *c);

typedef void crossing_packet_fn(struct leg *leg, bool spare, const uint8_t *p, size_t n, void *arg);

/* Call fn for every packet, in order, and give the batch back to its sender. */
void packet_batch_each(struct packet_batch *batch, crossing_packet_fn *fn, void *arg);

#endif
