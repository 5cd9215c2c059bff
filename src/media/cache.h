/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Fetching into the processor's cache what will be needed soon. Only a hint: any address will do. */
#ifndef MEDIA_CACHE_H
#define MEDIA_CACHE_H

#include <stddef.h>

#define CACHE_LINE 64 /* bytes; where lines are longer, some are fetched twice */

/* n bytes at p, to be read and written. */
static inline void cache_fetch(const void *p, size_t n)
{
	for (size_t i = 0; i < n; i += CACHE_LINE)
		__builtin_prefetch((const char *)p + i, 1);
}

#endif
