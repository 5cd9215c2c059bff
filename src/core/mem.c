/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Memory: allocation with injected failures, reference-counted objects. */
#include "core/mem.h"

#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* The header in front of every object; aligned so that the object behind it is as malloc's are. */
struct obj_header {
	obj_destroy_fn *destroy;
	uint32_t refs;
	uint32_t magic;
};

#define OBJ_MAGIC 0x0b1ec7edU

static atomic_long fail_budget = -1;
static atomic_size_t alive;

static int injected_failure(void)
{
	if (atomic_load_explicit(&fail_budget, memory_order_relaxed) < 0)
		return 0;
	return atomic_fetch_sub(&fail_budget, 1) == 0;
}

void mem_fail_after(long n)
{
	atomic_store(&fail_budget, n);
}

long mem_fail_left(void)
{
	return atomic_load(&fail_budget);
}

void *mem_zalloc(size_t n)
{
	return injected_failure() ? NULL : calloc(1, n ? n : 1);
}

void *mem_realloc(void *p, size_t n)
{
	return injected_failure() ? NULL : realloc(p, n ? n : 1);
}

char *mem_strndup(const char *p, size_t n)
{
	char *s = n < SIZE_MAX ? mem_zalloc(n + 1) : NULL;

	if (s && n)
		memcpy(s, p, n);
	return s;
}

void mem_free(void *p)
{
	free(p);
}

static struct obj_header *header_of(const void *obj)
{
	return (struct obj_header *)(uintptr_t)obj - 1;
}

void *obj_new(size_t n, obj_destroy_fn *destroy)
{
	struct obj_header *h;

	if (n > SIZE_MAX - sizeof *h)
		return NULL;
	h = mem_zalloc(sizeof *h + n);
	if (!h)
		return NULL;
	h->destroy = destroy;
	h->refs = 1;
	h->magic = OBJ_MAGIC;
	atomic_fetch_add_explicit(&alive, 1, memory_order_relaxed);
	return h + 1;
}

void *obj_ref(void *obj)
{
	if (obj)
		header_of(obj)->refs++;
	return obj;
}

void *obj_unref(void *obj)
{
	struct obj_header *h;

	if (!obj)
		return NULL;
	h = header_of(obj);
	if (h->magic != OBJ_MAGIC || h->refs == 0)
		abort(); /* a reference given back twice: our own bug, never a peer's doing */
	if (--h->refs > 0)
		return NULL;
	/* The destructor may take and give back references (handlers it disarms); keep it alive. */
	h->refs = 1;
	if (h->destroy)
		h->destroy(obj);
	h->magic = 0;
	atomic_fetch_sub_explicit(&alive, 1, memory_order_relaxed);
	mem_free(h);
	return NULL;
}

unsigned obj_refs(const void *obj)
{
	return header_of(obj)->refs;
}

size_t obj_alive(void)
{
	return atomic_load(&alive);
}
