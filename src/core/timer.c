/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Timers: a pairing heap (Fredman, Sedgewick, Sleator, Tarjan 1986) on an injected clock. */
#include "core/timer.h"

#include <stddef.h>

static bool earlier(const struct timer *a, const struct timer *b)
{
	return a->due < b->due || (a->due == b->due && a->order < b->order);
}

/* Join two heaps; the later root becomes the first child of the earlier one. */
static struct timer *meld(struct timer *a, struct timer *b)
{
	if (!a || !b)
		return a ? a : b;
	if (earlier(b, a)) {
		struct timer *t = a;

		a = b;
		b = t;
	}
	b->next = a->child;
	if (a->child)
		a->child->prev = b;
	b->prev = a;
	a->child = b;
	a->next = a->prev = NULL;
	return a;
}

/* Two-pass pairing of a list of siblings into one heap, without recursion. */
static struct timer *pair_siblings(struct timer *first)
{
	struct timer *pairs = NULL, *heap = NULL;

	while (first) {
		struct timer *a = first, *b = a->next;

		first = b ? b->next : NULL;
		a->next = a->prev = NULL;
		if (b)
			b->next = b->prev = NULL;
		a = meld(a, b);
		a->next = pairs;
		pairs = a;
	}
	while (pairs) {
		struct timer *t = pairs;

		pairs = t->next;
		t->next = NULL;
		heap = meld(heap, t);
	}
	return heap;
}

static void unlink_timer(struct timer *t)
{
	struct timer_set *set = t->set;
	struct timer *below = pair_siblings(t->child);

	t->child = NULL;
	if (set->root == t) {
		set->root = below;
	} else {
		if (t->prev->child == t)
			t->prev->child = t->next;
		else
			t->prev->next = t->next;
		if (t->next)
			t->next->prev = t->prev;
		set->root = meld(set->root, below);
	}
	t->next = t->prev = NULL;
	t->set = NULL;
}

void timer_set_init(struct timer_set *set, uint64_t now)
{
	*set = (struct timer_set){.now = now};
}

void timer_set_run(struct timer_set *set, uint64_t now)
{
	/* A handler that starts a timer of delay 0 waits for the next run: no endless loop here. */
	uint64_t last = set->order;

	if (now > set->now)
		set->now = now;
	while (set->root && set->root->due <= set->now && set->root->order <= last) {
		struct timer *t = set->root;

		unlink_timer(t);
		t->fn(t->arg);
	}
}

uint64_t timer_set_next(const struct timer_set *set)
{
	return set->root ? set->root->due : UINT64_MAX;
}

void timer_init(struct timer *t, timer_fn *fn, void *arg)
{
	*t = (struct timer){.fn = fn, .arg = arg};
}

void timer_start_us(struct timer *t, struct timer_set *set, uint64_t delay_us)
{
	timer_stop(t);
	t->due = delay_us < UINT64_MAX - set->now ? set->now + delay_us : UINT64_MAX;
	t->order = ++set->order;
	t->set = set;
	set->root = meld(set->root, t);
}

void timer_start_ms(struct timer *t, struct timer_set *set, uint64_t delay_ms)
{
	timer_start_us(t, set, delay_ms < UINT64_MAX / 1000 ? delay_ms * 1000 : UINT64_MAX);
}

void timer_stop(struct timer *t)
{
	if (t->set)
		unlink_timer(t);
}
