/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Memory: allocation that can be made to fail on purpose, and reference-counted objects.
 *
 * Every allocation of the signalling side goes through these functions, so that a test can run a
 * scenario again and again with the i-th allocation failing. Objects are the one lifetime rule of
 * the signalling loop (docs/architecture.md, "Ownership").
 */
#ifndef CORE_MEM_H
#define CORE_MEM_H

#include <stddef.h>

/* Allocate n bytes, zeroed. NULL when memory (or the injected budget) is exhausted. Any thread. */
void *mem_zalloc(size_t n);

/* Resize p to n bytes; the old block stays valid when NULL is returned. Any thread. */
void *mem_realloc(void *p, size_t n);

/* Copy n bytes into a new block with a NUL behind them. The caller frees it. Any thread. */
char *mem_strndup(const char *p, size_t n);

/* Free what the functions above returned; NULL is allowed. Any thread. */
void mem_free(void *p);

/*
 * For tests: let the next n allocations succeed and the one after them fail (once). A negative n
 * switches the injection off. Not for use while other threads allocate.
 */
void mem_fail_after(long n);

/* For tests: how many are left to succeed before one fails; negative: none will fail any more. */
long mem_fail_left(void);

/* Called once, when the last reference goes; releases what the object holds, never the object. */
typedef void obj_destroy_fn(void *obj);

/*
 * Make an object of n zeroed bytes with one reference, owned by the caller.
 * destroy may be NULL. Returns NULL without memory. One object belongs to one thread.
 */
void *obj_new(size_t n, obj_destroy_fn *destroy);

/* Take one more reference; returns obj. NULL is passed through. */
void *obj_ref(void *obj);

/* Give a reference back, destroying the object with the last one. Always returns NULL. */
void *obj_unref(void *obj);

/* References held on obj; for tests. */
unsigned obj_refs(const void *obj);

/* Objects alive in this process; a test that ends with more than it began with has a leak. */
size_t obj_alive(void);

#endif
