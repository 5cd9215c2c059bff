/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Locating SIP servers (RFC 3263): from a URI to an ordered list of transport, address and port.
 * NAPTR, SRV with priority and weight, A and AAAA; literal addresses, explicit ports and the
 * transport parameter as section 4 has them. A core: it asks a resolver (net/dns.h), which a
 * simulation replaces by a table. Loop thread.
 */
#ifndef SIP_LOCATE_H
#define SIP_LOCATE_H

#include "core/uri.h"
#include "sip/agent.h"

#define SIP_LOCATE_MAX_TARGETS 32

struct sip_target {
	enum sip_transport transport;
	struct addr addr;
	char name
		[256]; /* the domain that TLS must prove (RFC 5922): the URI's host, not SRV's target */
};

struct sip_locate;

/*
 * The end, once: n targets in the order in which to try them, or err: -ENOENT (no such name, or no
 * address), -ETIMEDOUT (the resolver does not answer), -EAFNOSUPPORT or -EPROTONOSUPPORT (nothing
 * that we listen on could reach it), -EINVAL.
 */
typedef void sip_located_fn(int err, const struct sip_target *targets, size_t n, void *arg);

/*
 * Start looking for where a request to uri goes: the agent's outbound proxy if one is set and route
 * is false (the URI is not a Route's), else by RFC 3263. The handler is called later, never from
 * within. Targets known to be dead (sip_locate_failed) come last. Returns 0 or -ENOMEM.
 */
int sip_locate_start(struct sip_locate **locate, struct sip_agent *agent, const struct uri *uri,
	bool route, sip_located_fn *located, void *arg);

/* The handler is not called any more. */
void sip_locate_cancel(struct sip_locate *locate);

/*
 * A flow to a target. The caller owns the reference. Returns 0 or a negative errno, as
 * sip_transports_flow.
 */
int sip_target_flow(
	struct sip_agent *agent, const struct sip_target *target, struct sip_flow **flow);

/*
 * A flow by TCP to where this one by UDP goes, for a request that is too large for UDP (RFC 3261
 * 18.1.1). The caller owns the reference. Returns 0, -EPROTONOSUPPORT when we have no TCP ...
 */
int sip_flow_tcp_instead(
	struct sip_agent *agent, const struct sip_flow *udp, struct sip_flow **tcp);

/* A target did not answer: it comes last for the next 30 seconds or so. */
void sip_locate_failed(struct sip_agent *agent, const struct sip_target *target);

#endif
