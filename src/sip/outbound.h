/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * SIP Outbound as a client (RFC 5626 4): one address of record that is reached by several flows, one
 * through each edge proxy, each a registration of its own (sip/register.h) under one instance. When
 * one flow breaks, the others carry on, and it is tried again at leisure.
 *
 * An object on the loop's thread, owned by whoever started it.
 */
#ifndef SIP_OUTBOUND_H
#define SIP_OUTBOUND_H

#include "sip/register.h"

#define SIP_OUTBOUND_FLOWS 4 /* edge proxies of one address */

struct sip_outbound;

struct sip_outbound_params {
	struct slice aor;            /* "sip:room@example.org" */
	const struct slice *proxies; /* URIs of edge proxies */
	size_t n_proxies;            /* 0: one flow, to the registrar as RFC 3263 finds it */
	uint32_t expires;            /* seconds asked for; 0: 3600 */
	struct slice instance;       /* "urn:uuid:...", the same after every start (4.1) */
	const struct sip_credentials *credentials; /* NULL: none */
};

/*
 * A flow was registered, or is not any more: reachable by so many of all. state: that flow's, good
 * during the call. Never called from within start.
 */
typedef void sip_outbound_changed_fn(struct sip_outbound *outbound, size_t flow,
	const struct sip_register_state *state, size_t n_reachable, void *arg);

/*
 * Returns 0, -EINVAL (a URI is none, no instance, more proxies than SIP_OUTBOUND_FLOWS) or -ENOMEM.
 * changed may be NULL.
 */
int sip_outbound_start(struct sip_outbound **outbound, struct sip_agent *agent,
	const struct sip_outbound_params *params, sip_outbound_changed_fn *changed, void *arg);

/* Take all bindings back; changed is not called any more. Idempotent. */
void sip_outbound_close(struct sip_outbound *outbound);

/* By how many flows the address can be reached. */
size_t sip_outbound_reachable(const struct sip_outbound *outbound);

#endif
