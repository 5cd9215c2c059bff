/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * UDP socket on a loop, with batched receive (recvmmsg) and send (sendmmsg). What is sent in one
 * turn of the loop is collected and leaves in one call at its end. Loop thread.
 */
#ifndef NET_UDP_H
#define NET_UDP_H

#include <stddef.h>

#include "core/loop.h"
#include "core/slice.h"
#include "net/addr.h"

struct udp;

/* A datagram; the slice is good during the call only. */
typedef void udp_recv_fn(struct slice datagram, const struct addr *from, void *arg);

/*
 * Bind and listen on local (port 0: any). Handlers run on the loop's thread.
 * Returns 0 or a negative errno (-EADDRINUSE ...). An object: the caller owns one reference.
 */
int udp_new(struct udp **udp, struct loop *loop, const struct addr *local, udp_recv_fn *recv,
	void *arg);

/* Stop; no handler is called any more. Idempotent; the reference stays the caller's. */
void udp_close(struct udp *udp);

/* What the socket is bound to, with its real port. */
const struct addr *udp_local(const struct udp *udp);

/*
 * Send a datagram (copied). A full send buffer drops it, as a network would, and counts it.
 * Returns 0, -EMSGSIZE, -ENOBUFS (no memory), -ENOTCONN (closed), -EAFNOSUPPORT.
 */
int udp_send(struct udp *udp, struct slice datagram, const struct addr *to);

/*
 * The same from one of our addresses (the port is the socket's): answers leave by the address that
 * was asked. It matters for sockets bound to a wildcard only; NULL: the kernel chooses.
 */
int udp_send_from(
	struct udp *udp, struct slice datagram, const struct addr *to, const struct addr *from);

/* Within recv: the address of ours the datagram was sent to, also on a wildcard socket. */
const struct addr *udp_arrived_at(const struct udp *udp);

struct udp_counters {
	uint64_t received, sent, dropped;
};
const struct udp_counters *udp_counters(const struct udp *udp);

#endif
