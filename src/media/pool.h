/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Pool of memory blocks of a few sizes: a block given back is kept for the next who asks for its
 * size, so that codec states and packet buffers come and go without the allocator. A pool belongs
 * to one thread; a block may be given back to another thread's pool than it came from.
 */
#ifndef MEDIA_POOL_H
#define MEDIA_POOL_H

#include <stddef.h>

#define MEDIA_POOL_SIZES 16 /* different block sizes kept; others go straight to the allocator */
#define MEDIA_POOL_KEEP 64  /* blocks of one size kept at most */

struct media_pool_block {
	struct media_pool_block *next;
};

struct media_pool_shelf {
	size_t size;
	unsigned n;
	struct media_pool_block *free;
};

/* Zeroed is empty. */
struct media_pool {
	struct media_pool_shelf shelves[MEDIA_POOL_SIZES];
};

/* A block of size bytes, contents undefined, aligned for any type. NULL without memory. */
void *media_pool_get(struct media_pool *pool, size_t size);

/* Give p of size bytes back; NULL is allowed. */
void media_pool_put(struct media_pool *pool, void *p, size_t size);

/* Free all kept blocks. */
void media_pool_free(struct media_pool *pool);

#endif
