/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * SIP requests that make no session: the adapters that make messages, subscriptions and referrals
 * of MESSAGE, SUBSCRIBE and REFER (sip_message.c, sip_subscription.c, sip_referral.c). Signalling
 * thread.
 */
#ifndef SESSION_SIP_REQUESTS_H
#define SESSION_SIP_REQUESTS_H

#include "session/message.h"
#include "session/referral.h"
#include "session/sip_session.h"
#include "session/subscription.h"

struct sip_refer;

/* What they all share; outlives them. The agent's closing ends them. */
struct sip_request_context {
	struct sip_agent *agent;
	struct sip_session_context *sessions; /* for REFER in a call */

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

#endif
