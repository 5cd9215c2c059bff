/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * SIP requests: the adapters that make messages, subscriptions and referrals of MESSAGE, SUBSCRIBE
 * and REFER (sip_message.c, sip_subscription.c, sip_referral.c), and requests of what applications
 * begin (sip_outgoing.c, sip_session_call.c, sip_subscriber.c, sip_referrer.c). Signalling thread.
 */
#ifndef SESSION_SIP_REQUESTS_H
#define SESSION_SIP_REQUESTS_H

#include "session/message.h"
#include "session/outgoing.h"
#include "session/referral.h"
#include "session/sip_session.h"
#include "session/subscription.h"

struct sip_refer;

/* What they all share; outlives them. The agent's closing ends them. */
struct sip_request_context {
	struct sip_agent *agent;
	struct sip_session_context *sessions;      /* for REFER in a call, and calls of ours */
	const struct sip_credentials *credentials; /* for requests of ours; or NULL */

	/* How far the sender of a request is believed. */
	enum identity_proof (*prove)(const struct sip_msg *request, void *arg);

	/*
	 * A new one, to be handed to its application; a reference is held across the call. What
	 * nobody keeps and nobody has answered is refused.
	 */
	void (*message)(struct message *message, void *arg);
	void (*subscription)(struct subscription *subscription, void *arg);
	void (*referral)(struct referral *referral, void *arg);
	void *arg;
};

/* For the agent's request handler. False: a method that makes none of these. */
bool sip_request_incoming(struct sip_request_context *context, struct sip_server_transaction *txn,
	const struct sip_msg *request);

/*
 * For the agent's refer handler: a REFER in a call. It goes to the session's application, through
 * session_handlers.referred. False: that does not want it.
 */
bool sip_refer_incoming(
	struct sip_request_context *context, struct sip_refer *refer, struct sip_invite *invite);

/* What applications begin, by SIP; arg is a struct sip_request_context. */
extern const struct outgoing_signalling sip_outgoing;

/* ---- between the adapters ---------------------------------------------------------------------- */

/* Fill in parties. Returns 0 or -ENOMEM. */
int sip_request_parties(struct sip_request_context *context, const struct sip_msg *request,
	struct parties *parties);

/* Refuse with this status; 405 says in Allow that the application does not take the method. */
void sip_request_refuse(
	struct sip_server_transaction *txn, enum sip_method method, unsigned status);

void sip_message_incoming(struct sip_request_context *context, struct sip_server_transaction *txn,
	const struct sip_msg *request);
void sip_subscription_incoming(struct sip_request_context *context,
	struct sip_server_transaction *txn, const struct sip_msg *request);
void sip_referral_incoming(struct sip_request_context *context, struct sip_server_transaction *txn,
	const struct sip_msg *request);

/* Append the identity as a name-addr with a sip (or sips) URI. */
void sip_write_identity(const struct identity *identity, bool secure, struct buf *out);

/* Request-URI, From and To of a request of ours. */
struct sip_addresses {
	struct buf uri, from, to;
};

/* Fill them in; sip_addresses_free always. Returns 0, -EINVAL (a malformed URI) or -ENOMEM. */
int sip_addresses_set(
	struct sip_addresses *addresses, const struct identity *from, struct slice to);
void sip_addresses_free(struct sip_addresses *addresses);

/* The table's functions. */
int sip_call_start(void *context, const struct outgoing_call *call,
	const struct session_handlers *handlers, void *arg, struct session **session);
int sip_message_start(
	void *context, const struct outgoing_message *message, outgoing_sent_fn *sent, void *arg);
int sip_subscribe_start(void *context, const struct subscriber_params *params,
	const struct subscriber_handlers *handlers, void *arg, struct subscriber **subscriber);
int sip_refer_start(void *context, const struct referrer_params *params,
	const struct referrer_handlers *handlers, void *arg, struct referrer **referrer);

#endif
