/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Capped growable buffer. Errors stick: once an append fails, all later ones do nothing and err
 * keeps the first error, so a writer checks once, at its end. One thread at a time.
 */
#ifndef CORE_BUF_H
#define CORE_BUF_H

#include <stdarg.h>
#include <stddef.h>

#include "core/slice.h"

struct buf {
	char *p;
	size_t n;   /* bytes used */
	size_t cap; /* bytes allocated */
	size_t max; /* hard limit; appending past it is -ENOBUFS */
	int err;    /* 0, -ENOBUFS or -ENOMEM */
};

/* Start empty; nothing is allocated until the first append. */
void buf_init(struct buf *b, size_t max);

/* Free the memory; the buffer is empty and usable again. */
void buf_free(struct buf *b);

/* Empty it and forget the error, keeping the memory. */
void buf_reset(struct buf *b);

/* Make room for n more bytes. Returns 0 or the sticky error. */
int buf_reserve(struct buf *b, size_t n);

void buf_append(struct buf *b, const void *p, size_t n);
void buf_slice(struct buf *b, struct slice s);
void buf_str(struct buf *b, const char *s);
void buf_char(struct buf *b, char c);
void buf_u64(struct buf *b, unsigned long long v);
void buf_printf(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
void buf_vprintf(struct buf *b, const char *format, va_list ap);

/* Drop the first n bytes (a consumed message) and move the rest to the front. */
void buf_consume(struct buf *b, size_t n);

static inline struct slice buf_view(const struct buf *b)
{
	return slice_of(b->p, b->n);
}

#endif
