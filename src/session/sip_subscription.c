/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SIP subscriptions: the adapter between notifiers (RFC 6665) and subscriptions. */
#include <errno.h>

#include "core/mem.h"
#include "session/sip_requests.h"
#include "sip/message.h"
#include "sip/notifier.h"
#include "sip/server_transaction.h"

struct sip_subscription {
	struct subscription base;
	struct sip_request_context *context;
	struct sip_server_transaction *txn; /* a reference, until answered */
	struct sip_notifier *notifier;      /* ours, when accepted */
	char *package;
};

static struct sip_subscription *sip_subscription_of(struct subscription *subscription)
{
	return CONTAINER_OF(subscription, struct sip_subscription, base);
}

static void destroy(void *obj)
{
	struct sip_subscription *s = obj;

	subscription_reject(&s->base, 500);
	subscription_end(&s->base, SUBSCRIPTION_GONE);
	obj_unref(s->notifier);
	parties_free(&s->base.parties);
	mem_free(s->package);
}

static void on_ended(struct sip_notifier *notifier, unsigned status, void *arg)
{
	struct sip_subscription *s = obj_ref(arg);

	subscription_set_ended(&s->base);
	obj_unref(s);
}

static const struct sip_notifier_handlers notifier_handlers = {.ended = on_ended};

static int sip_accept(struct subscription *subscription, const struct subscription_state *state)
{
	static const struct sip_notifier_params params = {0};
	struct sip_subscription *s = sip_subscription_of(subscription);
	struct sip_body body = {state->type, state->body};
	int err = sip_notifier_accept(
		&s->notifier, s->context->agent, s->txn, &params, &body, &notifier_handlers, s);

	s->txn = obj_unref(s->txn);
	if (err == 0 && !s->notifier)
		err = -ENODATA;
	return err;
}

static void sip_reject(struct subscription *subscription, unsigned status)
{
	struct sip_subscription *s = sip_subscription_of(subscription);

	sip_request_refuse(s->txn, SIP_SUBSCRIBE, status);
	s->txn = obj_unref(s->txn);
}

static int sip_notify(struct subscription *subscription, const struct subscription_state *state)
{
	struct sip_body body = {state->type, state->body};

	return sip_notifier_notify(sip_subscription_of(subscription)->notifier, &body);
}

static void sip_end(struct subscription *subscription, enum subscription_end why)
{
	static const enum sip_subscription_reason reasons[] = {
		[SUBSCRIPTION_GONE] = SIP_REASON_NORESOURCE,
		[SUBSCRIPTION_REFUSED] = SIP_REASON_REJECTED,
		[SUBSCRIPTION_AGAIN] = SIP_REASON_DEACTIVATED,
		[SUBSCRIPTION_OVER] = SIP_REASON_NONE,
	};

	sip_notifier_end(sip_subscription_of(subscription)->notifier, reasons[why], -1, NULL);
}

static const struct subscription_signalling sip_signalling = {
	.accept = sip_accept,
	.reject = sip_reject,
	.notify = sip_notify,
	.end = sip_end,
};

static struct sip_subscription *sip_subscription_new(struct sip_request_context *context,
	struct sip_server_transaction *txn, const struct sip_msg *request)
{
	struct sip_subscription *s = obj_new(sizeof *s, destroy);
	struct sip_event event;

	if (!s)
		return NULL;
	s->base.signalling = &sip_signalling;
	s->base.answered = s->base.ended = true; /* until it is handed out, by us */
	s->context = context;
	if (sip_event_read(request, &event) < 0)
		return obj_unref(s);
	s->package = slice_dup(event.package);
	if (!s->package || sip_request_parties(context, request, &s->base.parties) < 0)
		return obj_unref(s);
	s->base.package = slice_str(s->package);
	return s;
}

void sip_subscription_incoming(struct sip_request_context *context,
	struct sip_server_transaction *txn, const struct sip_msg *request)
{
	struct sip_subscription *s = sip_subscription_new(context, txn, request);

	if (!s) {
		sip_request_refuse(txn, SIP_SUBSCRIBE, 500);
		return;
	}
	s->base.answered = s->base.ended = false;
	s->txn = obj_ref(txn);
	context->subscription(&s->base, context->arg);
	obj_unref(s);
}
