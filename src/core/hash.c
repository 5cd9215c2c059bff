/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Hash table, and SipHash-1-3 (Aumasson, Bernstein 2012, with one and three rounds) for its keys. */
#include "core/hash.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>

#include "core/id.h"
#include "core/mem.h"

enum {
	FIRST_SLOTS = 16,
	MOVED_SLOTS = 4, /* with each insertion: done long before it has to grow again */
};

static pthread_once_t key_once = PTHREAD_ONCE_INIT;
static uint64_t key[2];

static void make_key(void)
{
	random_bytes(key, sizeof key);
}

struct sip_state {
	uint64_t a, b, c, d;
};

static inline uint64_t rotate(uint64_t v, unsigned n)
{
	return v << n | v >> (64 - n);
}

static inline void sip_round(struct sip_state *s)
{
	s->a += s->b;
	s->c += s->d;
	s->b = rotate(s->b, 13) ^ s->a;
	s->d = rotate(s->d, 16) ^ s->c;
	s->a = rotate(s->a, 32);
	s->c += s->b;
	s->a += s->d;
	s->b = rotate(s->b, 17) ^ s->c;
	s->d = rotate(s->d, 21) ^ s->a;
	s->c = rotate(s->c, 32);
}

static inline void sip_word(struct sip_state *s, uint64_t m)
{
	s->d ^= m;
	sip_round(s);
	s->a ^= m;
}

/* Eight bytes; folded: with 0x20 added to each that is an upper-case ASCII letter. */
static inline uint64_t fold(uint64_t m)
{
	const uint64_t ones = 0x0101010101010101U, high = 0x80 * ones;
	uint64_t low = m & ~high;
	/* Per byte, in its high bit: low >= 'A', low > 'Z'; bytes of 0x80 and above are no letters. */
	uint64_t upper = (low + (0x80 - 'A') * ones) & ~(low + (0x80 - 'Z' - 1) * ones) & ~m & high;

	return m + (upper >> 2);
}

static uint64_t sip_hash(uint64_t seed, const uint8_t *p, size_t n, bool folded)
{
	struct sip_state s;
	uint64_t m;
	size_t left = n;

	pthread_once(&key_once, make_key);
	s.a = key[0] ^ 0x736f6d6570736575U;
	s.b = key[1] ^ 0x646f72616e646f6dU;
	s.c = key[0] ^ 0x6c7967656e657261U;
	s.d = key[1] ^ 0x7465646279746573U;
	sip_word(&s, seed);
	for (; left >= 8; p += 8, left -= 8) {
		memcpy(&m, p, 8);
		sip_word(&s, folded ? fold(m) : m);
	}
	m = 0;
	if (left)
		memcpy(&m, p, left);
	/* The length in a word of its own, so that folding leaves it alone. */
	sip_word(&s, folded ? fold(m) : m);
	sip_word(&s, n);
	s.c ^= 0xff;
	sip_round(&s);
	sip_round(&s);
	sip_round(&s);
	return s.a ^ s.b ^ s.c ^ s.d;
}

uint64_t hash_bytes(uint64_t seed, const void *p, size_t n)
{
	return sip_hash(seed, p, n, false);
}

uint64_t hash_slice(uint64_t seed, struct slice s)
{
	return sip_hash(seed, (const uint8_t *)s.p, s.n, false);
}

uint64_t hash_slice_nocase(uint64_t seed, struct slice s)
{
	return sip_hash(seed, (const uint8_t *)s.p, s.n, true);
}

int hash_init(struct hash_table *t)
{
	*t = (struct hash_table){.n_slots = FIRST_SLOTS};
	t->slots = mem_zalloc(FIRST_SLOTS * sizeof(struct hash_node *));
	if (!t->slots)
		t->n_slots = 0;
	return t->slots ? 0 : -ENOMEM;
}

void hash_free(struct hash_table *t)
{
	mem_free(t->slots);
	mem_free(t->old);
	*t = (struct hash_table){0};
}

/* Where a node with this hash is, and goes. */
static struct hash_node **slot_of(const struct hash_table *t, uint64_t hash)
{
	if (t->old && (hash & (t->n_old - 1)) >= t->moved)
		return &t->old[hash & (t->n_old - 1)];
	return &t->slots[hash & (t->n_slots - 1)];
}

static void push(struct hash_node **slot, struct hash_node *node)
{
	node->next = *slot;
	*slot = node;
}

static void move_some(struct hash_table *t)
{
	for (unsigned i = 0; i < MOVED_SLOTS && t->old; i++) {
		struct hash_node *node = t->old[t->moved++];

		while (node) {
			struct hash_node *next = node->next;

			push(slot_of(t, node->hash), node);
			node = next;
		}
		if (t->moved == t->n_old) {
			mem_free(t->old);
			t->old = NULL;
		}
	}
}

/* Without memory the table stays as it is, with longer chains. */
static void grow(struct hash_table *t)
{
	struct hash_node **slots = mem_zalloc(2 * t->n_slots * sizeof(struct hash_node *));

	if (!slots)
		return;
	t->old = t->slots;
	t->n_old = t->n_slots;
	t->moved = 0;
	t->slots = slots;
	t->n_slots *= 2;
}

void hash_insert(struct hash_table *t, struct hash_node *node, uint64_t hash)
{
	move_some(t);
	if (t->n >= t->n_slots && !t->old)
		grow(t);
	node->hash = hash;
	push(slot_of(t, hash), node);
	t->n++;
}

void hash_remove(struct hash_table *t, struct hash_node *node)
{
	struct hash_node **at = slot_of(t, node->hash);

	while (*at != node)
		at = &(*at)->next;
	*at = node->next;
	node->next = NULL;
	t->n--;
}

struct hash_node *hash_first(const struct hash_table *t, uint64_t hash)
{
	struct hash_node *node = t->n_slots ? *slot_of(t, hash) : NULL;

	while (node && node->hash != hash)
		node = node->next;
	return node;
}

struct hash_node *hash_next(const struct hash_node *node)
{
	struct hash_node *next = node->next;

	while (next && next->hash != node->hash)
		next = next->next;
	return next;
}

static void each_of(struct hash_node *const *slots, size_t n,
	void (*fn)(struct hash_node *node, void *arg), void *arg)
{
	for (size_t i = 0; i < n; i++) {
		struct hash_node *node = slots[i];

		while (node) {
			struct hash_node *next = node->next;

			fn(node, arg);
			node = next;
		}
	}
}

void hash_each(struct hash_table *t, void (*fn)(struct hash_node *node, void *arg), void *arg)
{
	if (t->old)
		each_of(t->old + t->moved, t->n_old - t->moved, fn, arg);
	each_of(t->slots, t->n_slots, fn, arg);
}
