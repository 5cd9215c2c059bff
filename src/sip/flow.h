/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Flow: the way to one peer, as the transaction layer sees it: a UDP socket and a remote address, or
 * a connection. The real ones are made by sip/transport.h, simulated ones by tests: transactions,
 * dialogs and usages see only this and run in a simulated network.
 *
 * An object (core/mem.h): whoever keeps one owns a reference. Loop thread.
 */
#ifndef SIP_FLOW_H
#define SIP_FLOW_H

#include <stdbool.h>

#include "core/list.h"
#include "core/slice.h"
#include "net/addr.h"

enum sip_transport { SIP_UDP, SIP_TCP, SIP_TLS };

struct sip_flow;
struct sip_msg;
struct sip_via;

struct sip_flow_ops {
	/* Send one whole message (copied). 0, or a negative errno: -EMSGSIZE, -ENOTCONN, -EAGAIN. */
	int (*send)(struct sip_flow *flow, struct slice message);

	/*
	 * A flow of the same transport and listener to another address, also when this one is closed
	 * (the old connection broke). NULL: this kind has none.
	 */
	int (*towards)(struct sip_flow *flow, const struct addr *remote, struct sip_flow **other);

	/* Close a connection that does not work; it fails with err. NULL: sip_flow_fail does it. */
	void (*abandon)(struct sip_flow *flow, int err);

	/* As sip_flow_proves. NULL: this kind proves nothing. */
	bool (*proves)(const struct sip_flow *flow, struct slice domain);
};

/* A transaction or usage that wants to know when its flow breaks; embedded in its owner. */
struct sip_flow_watch {
	struct list_node node;
	void (*failed)(int err, void *arg); /* the watch is already removed when this is called */
	void *arg;
};

struct sip_flow {
	const struct sip_flow_ops *ops;
	enum sip_transport transport;
	struct addr local;   /* what our Via says: never a wildcard */
	struct addr contact; /* what our Contact says: local, or what others reach it by */
	struct addr remote;  /* where packets go */
	bool closed;
	unsigned long heard; /* how often bytes came by a connection: it is alive (keepalive.h) */
	struct list_node watches;
};

/* Send; -ENOTCONN on a closed flow. */
int sip_flow_send(struct sip_flow *flow, struct slice message);

static inline bool sip_flow_reliable(const struct sip_flow *flow)
{
	return flow->transport != SIP_UDP;
}

/* "UDP", "TCP", "TLS": the transport of a Via. */
const char *sip_transport_name(enum sip_transport transport);

void sip_flow_watch(struct sip_flow *flow, struct sip_flow_watch *watch);
void sip_flow_unwatch(struct sip_flow_watch *watch);

/*
 * Where responses go to a request with this top Via from this source (RFC 3261 18.2.2, RFC 3581 section
 * 4): for UDP with rport the source, without it the source's address with the port of sent-by (5060 if
 * none), or maddr (see flow.c); for connections what to connect to should the connection be gone.
 */
void sip_response_address(const struct sip_via *via, enum sip_transport transport,
	const struct addr *source, struct addr *to);

/*
 * The flow for responses to this request: its own, or one towards sip_response_address. The caller
 * owns the reference. Returns 0 or a negative errno.
 */
int sip_flow_for_response(const struct sip_msg *request, struct sip_flow **flow);

/*
 * A flow of the same transport and listener towards another address; flow may be closed. A server
 * transaction whose connection broke before its response was sent calls it with the address kept
 * from sip_response_address (RFC 3261 18.2.2). The caller owns the reference.
 * Returns 0 or a negative errno: -EOPNOTSUPP, -ENOTCONN (transports closed), -ENOMEM ...
 */
int sip_flow_towards(struct sip_flow *flow, const struct addr *remote, struct sip_flow **other);

/*
 * Whether the peer has proved to speak for this domain: it has shown a certificate (RFC 5922 7.4)
 * that we believe and that names it. False once the flow is closed.
 */
bool sip_flow_proves(const struct sip_flow *flow, struct slice domain);

/*
 * Its peer does not answer by it any more (RFC 5626 4.5): a connection is closed and its watchers are
 * told; over UDP nothing happens.
 */
void sip_flow_abandon(struct sip_flow *flow, int err);

/* For those who make flows: a new one's common part. */
void sip_flow_init(struct sip_flow *flow, const struct sip_flow_ops *ops,
	enum sip_transport transport, const struct addr *local, const struct addr *remote);

/*
 * For those who make flows, behind one-to-one NAT: Contact names this host (len 0, or the other
 * family: the local one).
 */
void sip_flow_advertise(struct sip_flow *flow, const struct addr *host);

/* For those who make flows: mark it closed and tell the watchers, once. */
void sip_flow_fail(struct sip_flow *flow, int err);

#endif
