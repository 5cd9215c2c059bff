/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Intrusive doubly linked ring. The head is a list_node too; a node that is in no list points to
 * itself, so removing twice is harmless. Owned by whoever owns the structs the nodes stand in.
 */
#ifndef CORE_LIST_H
#define CORE_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct list_node {
	struct list_node *next, *prev;
};

/* The struct of the given type in which node is the given member. */
#define CONTAINER_OF(node, type, member) ((type *)(void *)((char *)(node)-offsetof(type, member)))

/*
 * Walk a list; the current node may be removed on the way. it and next_ are list_node pointers
 * declared by the caller.
 */
#define LIST_FOR_EACH(it, next_, head)                                  \
	for ((it) = (head)->next, (next_) = (it)->next; (it) != (head); \
		(it) = (next_), (next_) = (it)->next)

static inline void list_init(struct list_node *n)
{
	n->next = n->prev = n;
}

static inline bool list_empty(const struct list_node *head)
{
	return head->next == head;
}

static inline void list_append(struct list_node *head, struct list_node *n)
{
	n->prev = head->prev;
	n->next = head;
	head->prev->next = n;
	head->prev = n;
}

static inline void list_prepend(struct list_node *head, struct list_node *n)
{
	list_append(head->next, n);
}

static inline void list_remove(struct list_node *n)
{
	n->prev->next = n->next;
	n->next->prev = n->prev;
	list_init(n);
}

#endif
