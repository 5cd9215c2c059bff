/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Sound ring: samples on their way from one thread to another, without a lock and without waiting.
 * One thread puts, one thread gets; either may change to another thread if the two have spoken with
 * each other in between (a mailbox, the pool's queue).
 */
#ifndef MEDIA_SOUND_RING_H
#define MEDIA_SOUND_RING_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

/* Owned by the player or recorder it is for. */
struct sound_ring {
	size_t size;                  /* samples; a power of two */
	_Atomic size_t written, read; /* samples since the beginning; they may wrap */
	int16_t *pcm;
};

/* Returns 0 or -ENOMEM. size: samples, a power of two. */
int sound_ring_init(struct sound_ring *ring, size_t size);
void sound_ring_free(struct sound_ring *ring);

/* Samples that wait to be read. Either thread; what the other one does meanwhile may change it. */
size_t sound_ring_fill(struct sound_ring *ring);

/* Put at most n samples; returns how many there was room for. */
size_t sound_ring_put(struct sound_ring *ring, const int16_t *pcm, size_t n);

/* Get at most n samples; returns how many there were. */
size_t sound_ring_get(struct sound_ring *ring, int16_t *pcm, size_t n);

#endif
