/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Between register.c, which decides when, register_message.c, which writes and reads, and the agent. */
#ifndef SIP_REGISTER_PRIVATE_H
#define SIP_REGISTER_PRIVATE_H

#include "sip/agent_private.h"
#include "sip/keepalive.h"
#include "sip/register.h"
#include "sip/uac.h"

#define SIP_CALL_ID_SIZE 25

/* In the agent's list, which holds a reference, until it is over. */
struct sip_register {
	struct list_node node;
	struct sip_agent *agent; /* NULL once over */
	sip_register_changed_fn *changed;
	void *arg;

	char *text; /* holds the slices below */
	struct slice aor, registrar, contacts, route, instance, user;
	struct slice username, password, realm;
	bool has_credentials;
	uint32_t reg_id, asked; /* asked: seconds; 0 while it is taken back */
	char call_id[SIP_CALL_ID_SIZE], tag[SIP_TAG_SIZE];
	uint32_t cseq;

	struct sip_register_state state;
	char *gruus;         /* holds those of the state */
	char *routes;        /* holds the state's service_route */
	unsigned flow_timer; /* seconds; 0: none named */

	struct sip_uac *uac; /* under way: ours */
	bool by_old_flow;    /* it goes by the flow that is there already */
	bool raised;         /* a 423 has been obeyed since the last success */
	bool closing;
	struct sip_flow *flow; /* ours: by which it is registered; NULL: it is not */
	struct sip_flow_watch watch;
	struct sip_keepalive keepalive;
	bool proved; /* the flow has worked after the registration (4.5) */
	bool backed;
	unsigned failures;  /* consecutive ones */
	struct timer timer; /* the next refresh or attempt */
};

/* ---- register.c -------------------------------------------------------------------------------- */

/* The agent closes: forget all without a word. */
void sip_register_forget_all(struct sip_agent *agent);

/*
 * A STUN message came by this flow: answers requests, and hands responses to the registration whose
 * they are.
 */
void sip_register_receive_stun(
	struct sip_agent *agent, struct sip_flow *flow, struct slice datagram);

/* ---- register_message.c ------------------------------------------------------------------------ */

/* Copy what params say. Returns 0, -EINVAL or -ENOMEM. */
int sip_register_copy(struct sip_register *reg, const struct sip_register_params *params);

/* Send a REGISTER: by the flow that is there, or a new one. 0 or a negative errno. */
int sip_register_send(struct sip_register *reg, const struct sip_uac_handlers *handlers);

/* Read a 2xx: seconds granted, GRUUs, Outbound, Flow-Timer. Returns 0 or -ENOMEM. */
int sip_register_learn(struct sip_register *reg, const struct sip_msg *response);

/* ---- register_contact.c ------------------------------------------------------------------------ */

/*
 * Our Contact where a registration matters. A GRUU (RFC 5627 4.4) that the registrar of our side's
 * address has given, by whatever flow; own: that address, a name-addr as in From or To. By a flow that
 * a registration goes by: its GRUU, else our address with ;ob, so that requests keep to the flow (RFC
 * 5626 4.3). user empty: the default. Returns false, having written nothing, for anything else.
 */
bool sip_register_write_contact(const struct sip_agent *agent, struct buf *out,
	const struct sip_flow *flow, struct slice own, struct slice user, bool focus);

/*
 * The flow of a registration to the same place as this one, borrowed, or NULL: a dialog made by it
 * keeps to it (RFC 5626 4.3).
 */
struct sip_flow *sip_register_flow_like(const struct sip_agent *agent, const struct sip_flow *flow);

/*
 * The way that the registrar of this address of record (a name-addr, as for From) wants calls of ours
 * to take (RFC 3608): value of Route, or empty. Good until the next response to a REGISTER.
 */
struct slice sip_register_route(const struct sip_agent *agent, struct slice from);

/*
 * What answers challenges to a request by this flow: the credentials of the registration that goes by
 * it, the user's if several do. Nobody else is shown a digest of them. The caller owns the reference;
 * NULL: there are none.
 */
struct sip_auth_client *sip_register_auth(
	const struct sip_agent *agent, const struct sip_flow *flow, struct slice user);

/* "sip:user@host:port;transport=..." for this flow; ob: with that parameter. */
void sip_register_write_uri(
	struct buf *out, const struct sip_flow *flow, bool secure, struct slice user, bool ob);

#endif
