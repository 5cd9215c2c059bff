/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Peers known by name: their addresses, looked up at the start and again whenever the records have
 * lived their time (at least 30 s, at most an hour). As long as a name cannot be looked up, its last
 * addresses count. Loop thread.
 */
#ifndef NET_PEER_NAMES_H
#define NET_PEER_NAMES_H

#include "net/dns.h"

struct peer_names;

/*
 * An object: the caller owns one reference and ends with peer_names_close. The names are copied, the
 * resolver is referred to. Returns 0 or -ENOMEM.
 */
int peer_names_open(struct peer_names **peers, struct dns *dns, struct timer_set *timers,
	const char *const *names, size_t n);

void peer_names_close(struct peer_names *peers);

/* Whether one of the names has this address; ports do not matter. */
bool peer_names_match(const struct peer_names *peers, const struct addr *addr);

#endif
