/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sound ring: samples on their way from one thread to another. */
#include "media/sound_ring.h"

#include <errno.h>
#include <string.h>

#include "core/mem.h"

int sound_ring_init(struct sound_ring *ring, size_t size)
{
	ring->pcm = mem_zalloc(size * sizeof *ring->pcm);
	if (!ring->pcm)
		return -ENOMEM;
	ring->size = size;
	atomic_init(&ring->written, 0);
	atomic_init(&ring->read, 0);
	return 0;
}

void sound_ring_free(struct sound_ring *ring)
{
	mem_free(ring->pcm);
	ring->pcm = NULL;
}

size_t sound_ring_fill(struct sound_ring *ring)
{
	return atomic_load_explicit(&ring->written, memory_order_acquire) -
	       atomic_load_explicit(&ring->read, memory_order_acquire);
}

size_t sound_ring_put(struct sound_ring *ring, const int16_t *pcm, size_t n)
{
	size_t written = atomic_load_explicit(&ring->written, memory_order_relaxed);
	size_t room = ring->size - sound_ring_fill(ring);
	size_t at = written & (ring->size - 1), first;

	if (n > room)
		n = room;
	first = n < ring->size - at ? n : ring->size - at;
	memcpy(ring->pcm + at, pcm, first * sizeof *pcm);
	memcpy(ring->pcm, pcm + first, (n - first) * sizeof *pcm);
	atomic_store_explicit(&ring->written, written + n, memory_order_release);
	return n;
}

size_t sound_ring_get(struct sound_ring *ring, int16_t *pcm, size_t n)
{
	size_t read = atomic_load_explicit(&ring->read, memory_order_relaxed);
	size_t fill = sound_ring_fill(ring);
	size_t at = read & (ring->size - 1), first;

	if (n > fill)
		n = fill;
	first = n < ring->size - at ? n : ring->size - at;
	memcpy(pcm, ring->pcm + at, first * sizeof *pcm);
	memcpy(pcm + first, ring->pcm, (n - first) * sizeof *pcm);
	atomic_store_explicit(&ring->read, read + n, memory_order_release);
	return n;
}
