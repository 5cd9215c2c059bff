/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Pool of memory blocks of a few sizes. */
#include "media/pool.h"

#include "core/mem.h"

static struct media_pool_shelf *shelf_of(struct media_pool *pool, size_t size)
{
	for (size_t i = 0; i < MEDIA_POOL_SIZES; i++) {
		struct media_pool_shelf *shelf = &pool->shelves[i];

		if (shelf->size == 0)
			shelf->size = size;
		if (shelf->size == size)
			return shelf;
	}
	return NULL;
}

void *media_pool_get(struct media_pool *pool, size_t size)
{
	struct media_pool_shelf *shelf;
	struct media_pool_block *block;

	if (size < sizeof *block)
		size = sizeof *block;
	shelf = shelf_of(pool, size);
	if (!shelf || !shelf->free)
		return mem_zalloc(size);
	block = shelf->free;
	shelf->free = block->next;
	shelf->n--;
	return block;
}

void media_pool_put(struct media_pool *pool, void *p, size_t size)
{
	struct media_pool_block *block = p;
	struct media_pool_shelf *shelf;

	if (!p)
		return;
	if (size < sizeof *block)
		size = sizeof *block;
	shelf = shelf_of(pool, size);
	if (!shelf || shelf->n >= MEDIA_POOL_KEEP) {
		mem_free(p);
		return;
	}
	block->next = shelf->free;
	shelf->free = block;
	shelf->n++;
}

void media_pool_free(struct media_pool *pool)
{
	for (size_t i = 0; i < MEDIA_POOL_SIZES; i++) {
		struct media_pool_shelf *shelf = &pool->shelves[i];

		while (shelf->free) {
			struct media_pool_block *block = shelf->free;

			shelf->free = block->next;
			mem_free(block);
		}
		shelf->n = 0;
	}
}
