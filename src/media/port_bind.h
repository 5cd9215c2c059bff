/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Finding a free pair of ports for RTP and RTCP. Signalling thread. */
#ifndef MEDIA_PORT_BIND_H
#define MEDIA_PORT_BIND_H

#include <stdint.h>

#include "net/addr.h"

/* The even ports of min <= p < max, and which of them are ours already. */
struct port_range {
	uint16_t min, max;
	uint64_t used[65536 / 2 / 64];
};

/*
 * Bind two UDP sockets at local's host: an even port of the range, chosen at random among those
 * not in use (RFC 3550 section 11), and the next one. Writes the descriptors to fds and the
 * address of the first to bound. Returns 0, -EADDRINUSE when there is no such pair, or what
 * socket(2) and bind(2) return.
 */
int port_bind(struct port_range *range, const struct addr *local, int fds[2], struct addr *bound);

/* A pair that port_bind gave has been closed. */
void port_release(struct port_range *range, uint16_t port);

#endif
