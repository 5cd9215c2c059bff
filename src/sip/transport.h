/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * SIP transports: the listeners and connections of one server (RFC 3261 18). They turn datagrams
 * and byte streams into messages, each with the flow it came by, and make flows to send by.
 *
 * Loop thread. The transports are an object owned by the agent; flows may outlive them (they are
 * closed then).
 */
#ifndef SIP_TRANSPORT_H
#define SIP_TRANSPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/loop.h"
#include "net/addr.h"
#include "sip/flow.h"

struct sip_msg;
struct sip_transports;
struct tls_context;

/* Zero in a field: the default named behind it. */
struct sip_transports_settings {
	size_t max_message;       /* bytes of one message: 262144 */
	unsigned max_connections; /* accepted, and as many opened by us: 8192 */
	unsigned max_per_source;  /* accepted from one IPv4 address or IPv6 /64: 256 */
	uint64_t idle_ms;         /* a connection without any traffic is closed: 7200 s */
	uint64_t partial_ms;      /* a message begun must be complete, a write taken: 32 s */
	uint64_t connect_ms;      /* limit for connecting: 10 s */
	size_t write_cap;         /* bytes waiting on one connection: 1 MB */
	uint64_t handshake_ms;    /* limit for an accepted connection's TLS handshake: 10 s */
	unsigned max_handshakes;  /* of accepted connections, not done yet: 1024 */
	unsigned max_handshakes_per_source; /* 64 */
	struct tls_context *tls;            /* kept by a reference; NULL: no TLS */
	struct addr advertised; /* host of our Contact instead of the local one; len 0: none */
};

struct sip_transports_handlers {
	/*
	 * A well-formed message. msg->flow and msg->source are filled in; msg and its slices are
	 * good during the call only (sip_msg_keep). flow: obj_ref it to keep it.
	 */
	void (*received)(struct sip_flow *flow, struct sip_msg *msg, void *arg);

	/*
	 * A malformed request to be answered statelessly with msg->error_status; msg->answerable is
	 * true. Never called for what cannot be answered, responses above all. NULL: dropped.
	 */
	void (*malformed)(struct sip_flow *flow, struct sip_msg *msg, void *arg);

	/*
	 * A datagram before it is parsed; true: it has been dealt with, and what is in *answer is to be
	 * sent to *to (sip_agent_put_off_early). Not asked when there is a trace. NULL: false.
	 */
	bool (*early)(struct slice datagram, const struct addr *from, struct slice *answer,
		struct addr *to, void *arg);

	/* A STUN message among the datagrams (RFC 5626 8); good during the call. May be NULL. */
	void (*stun)(struct sip_flow *flow, struct slice datagram, void *arg);

	/* Every message as it is on the wire, before parsing or after sending. May be NULL. */
	void (*trace)(const struct sip_flow *flow, bool sent, struct slice bytes, void *arg);
};

struct sip_transports_counters {
	uint64_t received;  /* messages handed on */
	uint64_t sent;      /* messages accepted for sending */
	uint64_t malformed; /* dropped or handed to malformed */
	uint64_t refused;   /* connections over a cap */
	uint64_t
		timed_out; /* connections closed for a partial message, a stalled write or idleness */
};

/* Without listeners. The caller owns one reference. settings may be NULL. 0 or -ENOMEM. */
int sip_transports_new(struct sip_transports **transports, struct loop *loop,
	const struct sip_transports_settings *settings,
	const struct sip_transports_handlers *handlers, void *arg);

/*
 * Listen; local may be a wildcard, port 0 means any. Returns 0 or a negative errno:
 * -EADDRINUSE ..., -EPROTONOSUPPORT for TLS without a context.
 */
int sip_transports_listen(
	struct sip_transports *transports, enum sip_transport transport, const struct addr *local);

/* What the n-th listener is bound to, with its real port; false behind the last. */
bool sip_transports_listener(const struct sip_transports *transports, unsigned n,
	enum sip_transport *transport, struct addr *local);

/*
 * A flow to remote: an open connection to it, else a new one (sending before it is connected is
 * allowed; a watch tells of failure); for UDP, from the listener whose address leads to remote.
 * server_name: the domain that the peer of a TLS connection must prove (RFC 5922 7.3; the host of the
 * URI, not SRV's target); NULL: its address. The caller owns the reference. Returns 0, -EAFNOSUPPORT
 * (no listener of this family), -ENETUNREACH, -EMFILE (cap), -ENOTCONN (closed), -ENOMEM ...
 */
int sip_transports_flow(struct sip_transports *transports, enum sip_transport transport,
	const struct addr *remote, const char *server_name, struct sip_flow **flow);

/* Connections open now. */
unsigned sip_transports_connections(const struct sip_transports *transports);

const struct sip_transports_counters *sip_transports_counters(
	const struct sip_transports *transports);

/*
 * Close every listener and connection; what was written is still sent (for some seconds). Flows
 * fail with -ENOTCONN; no handler of transports is called any more. Idempotent.
 */
void sip_transports_close(struct sip_transports *transports);

#endif
