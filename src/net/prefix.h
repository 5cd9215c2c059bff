/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Address prefixes (CIDR), IPv4 and IPv6, and lists of them. Plain values; any thread. */
#ifndef NET_PREFIX_H
#define NET_PREFIX_H

#include "net/addr.h"

struct addr_prefix {
	struct addr addr; /* port 0 */
	unsigned bits;    /* 0..32 or 0..128 */
};

struct addr_prefix_list {
	struct addr_prefix *items;
	size_t n;
};

/* "192.0.2.0/24", "2001:db8::/32", or a bare address (all its bits). Returns 0 or -EINVAL. */
int addr_prefix_parse(struct slice text, struct addr_prefix *prefix);

/* Whether a lies within the prefix; addresses of the other family never do. */
bool addr_prefix_match(const struct addr_prefix *prefix, const struct addr *a);

/*
 * Comma-separated prefixes; "any" (alone or among them) is everything, "none" or the empty text
 * nothing. Returns 0, -EINVAL (*bad is the item that is wrong) or -ENOMEM. Release with
 * addr_prefix_list_free.
 */
int addr_prefix_list_parse(struct slice text, struct addr_prefix_list *list, struct slice *bad);
void addr_prefix_list_free(struct addr_prefix_list *list);

bool addr_prefix_list_match(const struct addr_prefix_list *list, const struct addr *a);

#endif
