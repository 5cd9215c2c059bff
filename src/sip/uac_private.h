/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Between uac.c, which decides where a request goes, and uac_request.c, which writes it. */
#ifndef SIP_UAC_PRIVATE_H
#define SIP_UAC_PRIVATE_H

#include "sip/agent_private.h"
#include "sip/client_transaction.h"
#include "sip/dialog.h"
#include "sip/locate.h"
#include "sip/uac.h"

/* The agent's list holds a reference until it has ended. */
struct sip_uac {
	struct list_node node;
	struct sip_agent *agent; /* good until ended */
	const struct sip_uac_handlers *handlers;
	void *arg;
	bool ended;

	/* The request; the slices point into text. */
	char *text;
	enum sip_method method;
	struct slice uri, from, to, call_id, route, extra, contact_user;
	struct sip_body body;
	bool contact, focus;
	void (*write)(struct buf *out, const struct sip_flow *flow, void *arg);
	void *write_arg;
	char own_call_id[25];
	char own_tag[SIP_TAG_SIZE]; /* empty: From has one */
	uint32_t cseq;
	struct sip_dialog *dialog;    /* a reference, or NULL */
	struct sip_auth_client *auth; /* ours; NULL: none known yet */

	/* Where it goes. */
	struct sip_locate *locate;
	struct sip_target *targets; /* ours */
	size_t n_targets, at;
	bool large;   /* it goes to this target by TCP because of its size */
	bool udp_all; /* there is no TCP at this target, or it may not be: by UDP, however large */
	struct sip_flow *base; /* ours: the flow to it */
	struct sip_flow *flow; /* ours: the one it was sent by; base, or TCP in place of it */
	struct sip_client_transaction *txn;
	bool heard;            /* this target has sent something back */
	struct timer patience; /* how long it may be silent while there is another one */
};

/* Copy what params say. Returns 0, -EINVAL or -ENOMEM. */
int sip_uac_copy(struct sip_uac *uac, const struct sip_uac_params *params);

/* The URI of the next hop: the first route's, or the request's. *route: which of them. 0, -EINVAL */
int sip_uac_hop(const struct sip_uac *uac, struct uri *hop, bool *route);

/*
 * Write the request for uac->flow with uac->cseq and send it in a new transaction, if it is no
 * larger than limit (0: any; else -EMSGSIZE). Returns as sip_request_send.
 */
int sip_uac_send(
	struct sip_uac *uac, size_t limit, const struct sip_client_transaction_handlers *handlers);

#endif
