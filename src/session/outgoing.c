/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Outgoing: which signalling carries what applications begin. */
#include "session/outgoing.h"

#include <errno.h>

/* Whether SIP leads there. Returns 0, -EINVAL or -EPROTONOSUPPORT. */
static int check_sip(const struct outgoing *outgoing, struct slice to)
{
	struct uri uri;
	int err = uri_parse(to, &uri);

	if (!err && (!outgoing->sip || !uri_is_sip(&uri)))
		err = -EPROTONOSUPPORT;
	return err;
}

int outgoing_call(const struct outgoing *outgoing, const struct outgoing_call *call,
	const struct session_handlers *handlers, void *arg, struct session **session)
{
	int err = check_sip(outgoing, call->to);

	return err ? err : outgoing->sip->call(outgoing->sip_arg, call, handlers, arg, session);
}

int outgoing_message(const struct outgoing *outgoing, const struct outgoing_message *message,
	outgoing_sent_fn *sent, void *arg)
{
	int err = check_sip(outgoing, message->to);

	return err ? err : outgoing->sip->message(outgoing->sip_arg, message, sent, arg);
}

int outgoing_subscribe(const struct outgoing *outgoing, const struct subscriber_params *params,
	const struct subscriber_handlers *handlers, void *arg, struct subscriber **subscriber)
{
	int err = check_sip(outgoing, params->to);

	return err ? err
		   : outgoing->sip->subscribe(outgoing->sip_arg, params, handlers, arg, subscriber);
}

int outgoing_refer(const struct outgoing *outgoing, const struct referrer_params *params,
	const struct referrer_handlers *handlers, void *arg, struct referrer **referrer)
{
	int err = check_sip(outgoing, params->to);

	return err ? err : outgoing->sip->refer(outgoing->sip_arg, params, handlers, arg, referrer);
}
