/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SIP requests that make no session: what their adapters share. */
#include "session/sip_requests.h"

#include <errno.h>

#include "sip/message.h"
#include "sip/server_transaction.h"
#include "sip/usage.h"

int sip_request_parties(
	struct sip_request_context *context, const struct sip_msg *request, struct parties *parties)
{
	const struct sip_header *app = sip_msg_header_named(request, "X-Sylk-App", NULL);
	int err;

	err = parties_set_target(parties, &request->uri, app ? app->value : SLICE_NONE);
	if (err == 0)
		err = sip_session_identity(
			&parties->remote, &request->from, context->prove(request, context->arg));
	if (err == 0)
		err = sip_session_identity(&parties->local, &request->to, IDENTITY_UNPROVED);
	return err;
}

void sip_request_refuse(struct sip_server_transaction *txn, enum sip_method method, unsigned status)
{
	if (status == 405)
		sip_reply_not_allowed(txn, method);
	else
		sip_server_transaction_reply(txn, status, SLICE_NONE, SLICE_NONE, SLICE_NONE);
}

bool sip_request_incoming(struct sip_request_context *context, struct sip_server_transaction *txn,
	const struct sip_msg *request)
{
	switch (request->method) {
	case SIP_MESSAGE:
		sip_message_incoming(context, txn, request);
		return true;
	case SIP_SUBSCRIBE:
		sip_subscription_incoming(context, txn, request);
		return true;
	case SIP_REFER:
		sip_referral_incoming(context, txn, request);
		return true;
	default:
		return false;
	}
}
