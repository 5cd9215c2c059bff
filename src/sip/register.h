/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Registration: one address of record bound to us at its registrar, by one flow (RFC 3261 10.2, RFC
 * 5626 4.2, RFC 5627 4.2). It is refreshed in time, made anew when its flow breaks, tried again with
 * growing waits when it is refused, and taken back when it is closed. What it learns, GRUUs above
 * all, becomes the Contact of the dialogs that go by its flow.
 *
 * An object on the loop's thread: the agent holds a reference until it is closed and has been taken
 * back; whoever started it owns another.
 */
#ifndef SIP_REGISTER_H
#define SIP_REGISTER_H

#include "sip/auth.h"

struct sip_agent;
struct sip_flow;
struct sip_register;

struct sip_register_params {
	struct slice aor;       /* "sip:room@example.org": From and To */
	struct slice registrar; /* request-URI; empty: the aor without its user */
	struct slice contacts;  /* further Contact values, comma-separated, or empty */
	struct slice route;     /* pre-loaded Route values (an edge proxy), or empty */
	uint32_t expires;       /* seconds asked for; 0: 3600 */
	const struct sip_credentials *credentials; /* copied; NULL: none */
	struct slice instance; /* "urn:uuid:..." (RFC 5626 4.1), or empty: no Outbound, no GRUU */
	uint32_t reg_id;       /* of this flow, with an instance; 0: GRUU without Outbound */
};

struct sip_register_state {
	bool registered;
	bool outbound;     /* the registrar takes part in RFC 5626 */
	unsigned status;   /* of the last REGISTER: 200, what it was refused with, 408, 503 */
	uint32_t expires;  /* seconds granted */
	uint64_t retry_ms; /* when not registered: when it is tried again */
	struct slice pub_gruu, temp_gruu; /* URIs; empty: none */
	struct slice service_route; /* value of Route for calls of ours (RFC 3608), or empty */
};

/* It is registered, or not any more; the state is good during the call. Never from within start. */
typedef void sip_register_changed_fn(
	struct sip_register *reg, const struct sip_register_state *state, void *arg);

/* Everything in params is copied. Returns 0, -EINVAL or -ENOMEM. changed may be NULL. */
int sip_register_start(struct sip_register **reg, struct sip_agent *agent,
	const struct sip_register_params *params, sip_register_changed_fn *changed, void *arg);

/* Take the binding back, if there is one; changed is not called any more. Idempotent. */
void sip_register_close(struct sip_register *reg);

const struct sip_register_state *sip_register_state(const struct sip_register *reg);

/* Whether another registration of the same address works: then failures are less urgent (4.5). */
void sip_register_set_backed(struct sip_register *reg, bool backed);

/* The flow it is registered by; borrowed, NULL when it is not. */
struct sip_flow *sip_register_flow(const struct sip_register *reg);

#endif
