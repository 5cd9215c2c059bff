/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * State machines: a table of states, each with its name and the mask of states it may move to.
 * sm_move checks every move; a forbidden one is logged and refused, and the caller closes the
 * object. No handlers in tables: what a state does is written where the event arrives.
 */
#ifndef CORE_SM_H
#define CORE_SM_H

#include <errno.h>

#include "core/log.h"

#define SM_BIT(state) (1U << (state))

struct sm_state {
	const char *name;
	unsigned allowed; /* SM_BITs of the states that may follow */
};

/* Embedded in its object; starts as {table, 0, label}. */
struct sm {
	const struct sm_state *table;
	unsigned state;
	const char *label; /* what the log calls the machine: "server transaction" */
};

/* Returns 0, or -EPROTO for a move that the table forbids; the state is then unchanged. */
static inline int sm_move(struct sm *sm, unsigned to)
{
	if (!(sm->table[sm->state].allowed & SM_BIT(to))) {
		log_error("sylk.core", "%s may not go from %s to %s (a bug: please report it)",
			sm->label, sm->table[sm->state].name, sm->table[to].name);
		return -EPROTO;
	}
	sm->state = to;
	return 0;
}

static inline const char *sm_name(const struct sm *sm)
{
	return sm->table[sm->state].name;
}

#endif
