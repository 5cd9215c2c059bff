/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Intrusive hash table with chaining, growing by doubling; the nodes move over a few at a time, so
 * that no insertion is slow however large the table. Keys that a peer chooses are hashed with
 * SipHash-1-3 under a random key, so nobody can aim at one chain. One thread.
 */
#ifndef CORE_HASH_H
#define CORE_HASH_H

#include <stddef.h>
#include <stdint.h>

#include "core/slice.h"

struct hash_node {
	struct hash_node *next;
	uint64_t hash;
};

struct hash_table {
	struct hash_node **slots; /* power of two many */
	size_t n_slots, n;
	struct hash_node **old; /* the smaller ones, until all nodes have moved; NULL: they have */
	size_t n_old, moved;    /* the first so many of old are empty */
};

/* Keyed with the process's random key. For several parts: pass the last result as seed. */
uint64_t hash_bytes(uint64_t seed, const void *p, size_t n);
uint64_t hash_slice(uint64_t seed, struct slice s);

/* The same, ASCII letters folded to lower case. */
uint64_t hash_slice_nocase(uint64_t seed, struct slice s);

/* Returns 0 or -ENOMEM. */
int hash_init(struct hash_table *t);

/* Free the table's own memory; the nodes belong to others. */
void hash_free(struct hash_table *t);

/* Insert with the given hash; equal keys may stand side by side. Never fails (growth may). */
void hash_insert(struct hash_table *t, struct hash_node *node, uint64_t hash);

/* Remove; node must be in t. */
void hash_remove(struct hash_table *t, struct hash_node *node);

/* First node with this hash, then the following ones; the caller compares keys. NULL at the end. */
struct hash_node *hash_first(const struct hash_table *t, uint64_t hash);
struct hash_node *hash_next(const struct hash_node *node);

/* Call fn for every node; fn may remove the node it is given, and only that one. */
void hash_each(struct hash_table *t, void (*fn)(struct hash_node *node, void *arg), void *arg);

#endif
