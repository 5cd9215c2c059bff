/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Between transport.c, transport_udp.c and transport_tcp.c. Loop thread. */
#ifndef SIP_TRANSPORT_IMPL_H
#define SIP_TRANSPORT_IMPL_H

#include "core/hash.h"
#include "core/list.h"
#include "sip/transport.h"

struct tcp_listener;
struct udp;

enum { UDP_FLOW_CACHE = 64 };

struct sip_transports {
	struct loop *loop;
	struct sip_transports_settings settings; /* no zeros left */
	struct sip_transports_handlers handlers;
	void *arg;
	bool closed;
	struct list_node listeners; /* struct sip_listener, owned, in the order of listening */
	struct hash_table
		by_source; /* open connections (owned), by connection_hash of the remote */
	struct list_node connections; /* the same, the longest idle first */
	struct list_node broken;      /* closed ones that somebody still holds; not owned */
	unsigned accepted, opened;    /* of the open ones */
	unsigned handshakes;          /* of the accepted ones, not done yet */
	struct sip_transports_counters counters;
};

/* An object, owned by the transports; flows of a UDP one hold references too. */
struct sip_listener {
	struct list_node node;
	struct sip_transports *transports; /* NULL once closed */
	enum sip_transport transport;
	struct addr local;
	struct udp *udp;
	struct tcp_listener *tcp;
	struct sip_flow *cache[UDP_FLOW_CACHE]; /* UDP: flows used lately, owned */
};

/*
 * Hand a parsed message (err 0) or a malformed one on. May close and free transports; the caller
 * holds flow.
 */
void sip_transports_deliver(
	struct sip_transports *transports, struct sip_flow *flow, struct sip_msg *msg, int err);

/* Count and trace a message that was taken for sending. transports may be NULL (closed). */
void sip_transports_sent(
	struct sip_transports *transports, const struct sip_flow *flow, struct slice message);

/*
 * The listener to reach remote from, and our address there with the listener's port.
 * Returns 0, -EAFNOSUPPORT or -ENETUNREACH.
 */
int sip_transports_route(const struct sip_transports *transports, enum sip_transport transport,
	const struct addr *remote, struct sip_listener **listener, struct addr *local);

int sip_udp_listen(struct sip_listener *listener, const struct addr *local);
void sip_udp_close(struct sip_listener *listener);
int sip_udp_flow(
	struct sip_transports *transports, const struct addr *remote, struct sip_flow **flow);

/* TCP, and TLS on it. */
int sip_tcp_listen(struct sip_listener *listener, const struct addr *local);
int sip_tcp_flow(struct sip_transports *transports, enum sip_transport transport,
	const struct addr *remote, const char *server_name, struct sip_flow **flow);

/* Close every connection; flows that are still held forget the transports. */
void sip_tcp_close_all(struct sip_transports *transports);

#endif
