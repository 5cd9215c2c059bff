/* SPDX-License-Identifier: GPL-3.0-or-later */
/* TCP: listener, and the TCP link under net/stream.h. Loop thread. */
#ifndef NET_TCP_H
#define NET_TCP_H

#include "net/stream.h"

struct tcp_listener;

/* A connection came in; the handler owns the stream's reference (and sets its handlers). */
typedef void tcp_accept_fn(struct stream *stream, void *arg);

/*
 * Listen on local (port 0: any; backlog 511). An object: the caller owns one reference.
 * write_cap: cap of each accepted stream's write queue, bytes. Returns 0 or a negative errno.
 */
int tcp_listen(struct tcp_listener **listener, struct loop *loop, const struct addr *local,
	size_t write_cap, tcp_accept_fn *accept, void *arg);
void tcp_listener_close(struct tcp_listener *listener);
const struct addr *tcp_listener_local(const struct tcp_listener *listener);

/*
 * Start connecting; connected or closed tells the outcome (within timeout_ms). local may be NULL.
 * Writing before connected is allowed and queued. The caller owns the stream's reference.
 * Returns 0 or a negative errno.
 */
int tcp_connect(struct stream **stream, struct loop *loop, const struct addr *local,
	const struct addr *remote, size_t write_cap, uint64_t timeout_ms,
	const struct stream_handlers *handlers, void *arg);

#endif
