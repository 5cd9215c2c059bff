/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Between tcp.c and tcp_listener.c: making links for accepted connections. Loop thread. */
#ifndef NET_TCP_LINK_H
#define NET_TCP_LINK_H

#include "net/stream.h"

struct tcp_link;

/* A link without a connection; the caller owns a reference. NULL without memory. */
struct tcp_link *tcp_link_new(struct loop *loop, size_t write_cap);

/*
 * Take the connection that waits on the server handle. Returns 0, or a negative errno: the link is
 * then closed and the connection gone.
 */
int tcp_link_accept(struct tcp_link *link, uv_tcp_t *server);

/* Start reading, if handlers were set and nobody has paused or closed it. */
void tcp_link_start(struct tcp_link *link);

struct stream *tcp_link_stream(struct tcp_link *link);

#endif
