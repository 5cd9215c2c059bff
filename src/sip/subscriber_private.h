/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The subscriber's struct, and how REFER and the agent's dispatcher use it. Loop thread. */
#ifndef SIP_SUBSCRIBER_PRIVATE_H
#define SIP_SUBSCRIBER_PRIVATE_H

#include "core/timer.h"
#include "sip/agent_private.h"
#include "sip/dialog.h"
#include "sip/subscriber.h"
#include "sip/usage.h"

/* In the agent's list, with a reference of it, until it is gone. */
struct sip_subscriber {
	struct sip_key key; /* first: found by it as long as there is no dialog */
	struct sip_usage usage;
	struct sip_agent *agent; /* NULL: gone */
	const struct sip_subscriber_handlers *handlers;
	void *arg;

	enum sip_method method; /* SUBSCRIBE, or REFER for the first request */
	char *text;             /* holds the slices below */
	struct slice uri, from, to, route, event_text, accept, contact_user, extra;
	struct sip_body body;
	struct sip_event event;
	const struct sip_credentials *credentials;
	char call_id[25];
	char tag[SIP_TAG_SIZE];
	uint32_t expires; /* asked for */

	struct sip_dialog *dialog; /* ours; NULL before the first NOTIFY */
	struct sip_uac *request;   /* a SUBSCRIBE or REFER under way, ours */
	uint32_t cseq;             /* of the first request, once it has been answered */
	struct timer refresh, expiry, timer_n;
	struct sip_dialog_guest entry; /* a guest: it is in a call's dialog by this */
	bool guest;
	bool begun; /* accepted, or a NOTIFY has come: further requests are SUBSCRIBE */
	bool in_table;
	bool ending; /* unsubscribed; the last NOTIFY is waited for */
};

/* The same with REFER as the first request (RFC 3515); accept, expires and body are not looked at. */
int sip_subscriber_start_with(struct sip_subscriber **subscriber, struct sip_agent *agent,
	enum sip_method method, const struct sip_subscriber_params *params,
	const struct sip_subscriber_handlers *handlers, void *arg);

/* REFER inside a call's dialog. uri, from, to and route are not looked at either. */
int sip_subscriber_start_in(struct sip_subscriber **subscriber, struct sip_dialog *dialog,
	const struct sip_subscriber_params *params, const struct sip_subscriber_handlers *handlers,
	void *arg);

/* A NOTIFY that is in no dialog. False: nobody waits for it. */
bool sip_subscriber_receive(
	struct sip_agent *agent, struct sip_server_transaction *txn, const struct sip_msg *notify);

#endif
