/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SIP subscribers: the adapter between subscriptions of ours and RFC 6665. */
#include <errno.h>

#include "core/mem.h"
#include "session/sip_requests.h"
#include "sip/message.h"
#include "sip/subscriber.h"

enum { PRESET_EXPIRES = 3600 };

struct sip_watching {
	struct subscriber base;
	struct sip_subscriber *sip; /* ours */
};

static void destroy(void *obj)
{
	struct sip_watching *w = obj;

	subscriber_end(&w->base);
	obj_unref(w->sip);
}

static void sip_end(struct subscriber *subscriber)
{
	sip_subscriber_end(CONTAINER_OF(subscriber, struct sip_watching, base)->sip);
}

static const struct subscriber_signalling signalling = {.end = sip_end};

static void on_notified(struct sip_subscriber *subscriber,
	const struct sip_subscription_status *status, const struct sip_msg *notify, void *arg)
{
	struct sip_watching *w = obj_ref(arg);
	struct subscription_state state = {notify->content_type, notify->body};

	/* What ends it may say nothing of the state; an end follows. */
	if (status->state != SIP_SUBSCRIPTION_TERMINATED || state.body.n)
		subscriber_set_state(&w->base, &state, status->state == SIP_SUBSCRIPTION_PENDING);
	obj_unref(w);
}

static void on_ended(
	struct sip_subscriber *subscriber, const struct sip_subscriber_end *end, void *arg)
{
	struct sip_watching *w = obj_ref(arg);

	subscriber_set_ended(&w->base, &(struct subscriber_end){end->status, end->retry_ms});
	obj_unref(w);
}

static const struct sip_subscriber_handlers sip_handlers = {
	.notified = on_notified,
	.ended = on_ended,
};

int sip_subscribe_start(void *context, const struct subscriber_params *params,
	const struct subscriber_handlers *handlers, void *arg, struct subscriber **subscriber)
{
	const struct sip_request_context *c = context;
	struct sip_subscriber_params sip = {
		.event = params->package,
		.accept = params->accept,
		.expires = params->expires ? params->expires : PRESET_EXPIRES,
		.credentials = c->credentials,
	};
	struct sip_watching *w = obj_new(sizeof *w, destroy);
	struct sip_addresses addresses;
	int err;

	if (!w)
		return -ENOMEM;
	w->base.signalling = &signalling;
	err = sip_addresses_set(&addresses, params->from, params->to);
	if (err)
		goto out;
	sip.uri = buf_view(&addresses.uri);
	sip.from = buf_view(&addresses.from);
	sip.to = buf_view(&addresses.to);
	err = sip_subscriber_start(&w->sip, c->agent, &sip, &sip_handlers, w);
	if (err)
		goto out;
	w->base.handlers = handlers;
	w->base.arg = arg;
	*subscriber = obj_ref(&w->base);
out:
	sip_addresses_free(&addresses);
	obj_unref(w);
	return err;
}
