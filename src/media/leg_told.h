/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a peer tells of the levels of its packets (RFC 6464), and whether it is true: whoever tells more
 * than he has to say is not believed any longer. Part of a leg; the thread that the leg lives on.
 */
#ifndef MEDIA_LEG_TOLD_H
#define MEDIA_LEG_TOLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "media/rtp.h"

#define LEG_TOLD_PACKETS 32 /* as many as a jitter buffer holds */

/* Zeroed is the start. */
struct leg_told {
	bool tells;      /* the last packet did */
	bool doubted;    /* what it told was not so: it is measured like one who tells nothing */
	bool fresh;      /* packets have come since the last tick */
	uint32_t energy; /* of the loudest of them */
	unsigned n;      /* packets compared so far, and the sums of their energies */
	uint64_t said, found;
	uint8_t levels[LEG_TOLD_PACKETS]; /* of the packets that wait, by sequence number, plus 1 */
};

/* A packet was put into the jitter buffer; id: of the levels, 0: there are none. */
void leg_told_packet(struct leg_told *told, uint8_t id, const struct rtp_packet *packet);

/* The packet of this number has been decoded to n samples; 0: it could not be. */
void leg_told_compare(struct leg_told *told, uint16_t seq, const int16_t *pcm, size_t n);

/* In a tick for which so much was told nothing was there to be decoded. */
void leg_told_nothing(struct leg_told *told, uint32_t energy);

/* How loud the peer is in this tick by what it tells; before: the same of the last tick. */
uint32_t leg_told_energy(struct leg_told *told, uint32_t before);

#endif
