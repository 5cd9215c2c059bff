/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SIP referrals: the adapter between REFER (RFC 3515) and referrals. */
#include <errno.h>

#include "core/mem.h"
#include "session/sip_requests.h"
#include "session/sip_session_internal.h"
#include "sip/message.h"
#include "sip/refer.h"
#include "sip/usage.h"

struct sip_referral {
	struct referral base;
	struct sip_refer *refer; /* ours; the base's slices point into it */
};

static struct sip_referral *sip_referral_of(struct referral *referral)
{
	return CONTAINER_OF(referral, struct sip_referral, base);
}

static void destroy(void *obj)
{
	struct sip_referral *r = obj;

	sip_refer_set_handlers(r->refer, NULL, NULL);
	obj_unref(r->refer); /* which refuses, or reports as failed, what is open */
	parties_free(&r->base.parties);
	identity_free(&r->base.whom);
}

static void on_ended(struct sip_refer *refer, void *arg)
{
	struct sip_referral *r = obj_ref(arg);

	referral_set_ended(&r->base);
	obj_unref(r);
}

static const struct sip_refer_handlers refer_handlers = {.ended = on_ended};

static int sip_accept(struct referral *referral)
{
	return sip_refer_accept(sip_referral_of(referral)->refer, 0);
}

static void sip_reject(struct referral *referral, unsigned status)
{
	struct buf lines;

	buf_init(&lines, 1024);
	if (status == 405)
		sip_write_allow_without(SIP_REFER, &lines);
	sip_refer_reject(sip_referral_of(referral)->refer, status,
		lines.err ? SLICE_NONE : buf_view(&lines));
	buf_free(&lines);
}

static void sip_progress(struct referral *referral, unsigned status, struct slice phrase)
{
	sip_refer_notify(sip_referral_of(referral)->refer, status, phrase);
}

static void sip_finish(struct referral *referral, unsigned status, struct slice phrase)
{
	sip_refer_finish(sip_referral_of(referral)->refer, status, phrase);
}

static const struct referral_signalling sip_signalling = {
	.accept = sip_accept,
	.reject = sip_reject,
	.progress = sip_progress,
	.finish = sip_finish,
};

static enum referral_action action_of(enum sip_method method)
{
	if (method == SIP_INVITE)
		return REFERRAL_CALL;
	return method == SIP_BYE ? REFERRAL_LEAVE : REFERRAL_OTHER;
}

static struct sip_referral *sip_referral_new(
	struct sip_request_context *context, struct sip_refer *refer)
{
	const struct sip_msg *request = sip_refer_request(refer);
	const struct sip_name_addr *to = sip_refer_to(refer);
	struct sip_referral *r = obj_new(sizeof *r, destroy);

	if (!r)
		return NULL;
	r->refer = obj_ref(refer);
	r->base.signalling = &sip_signalling;
	r->base.action = action_of(sip_refer_method(refer));
	r->base.uri = to->uri_text;
	r->base.referred_by = sip_refer_by(refer);
	r->base.in_dialog = sip_refer_knows_dialog(refer);
	if (sip_request_parties(context, request, &r->base.parties) < 0 ||
		identity_set(&r->base.whom, &to->uri, SLICE_NONE, IDENTITY_UNPROVED) < 0)
		return obj_unref(r);
	sip_refer_set_handlers(refer, &refer_handlers, r);
	return r;
}

void sip_referral_incoming(struct sip_request_context *context, struct sip_server_transaction *txn,
	const struct sip_msg *request)
{
	struct sip_referral *r = NULL;
	struct sip_refer *refer;

	if (sip_refer_take(&refer, context->agent, txn) < 0) {
		sip_request_refuse(txn, SIP_REFER, 500);
		return;
	}
	r = sip_referral_new(context, refer);
	obj_unref(refer); /* without r it refuses itself */
	if (r)
		context->referral(&r->base, context->arg);
	obj_unref(r);
}

static struct session *session_of(
	struct sip_session_context *context, const struct sip_invite *invite)
{
	struct list_node *it, *next;

	LIST_FOR_EACH(it, next, &context->sessions) {
		struct sip_session *s = CONTAINER_OF(it, struct sip_session, node);

		if (s->invite == invite)
			return &s->base;
	}
	return NULL;
}

bool sip_refer_incoming(
	struct sip_request_context *context, struct sip_refer *refer, struct sip_invite *invite)
{
	struct session *session = session_of(context->sessions, invite);
	struct sip_referral *r;
	bool taken = false;

	if (!session || !session->handlers || !session->handlers->referred)
		return false;
	r = sip_referral_new(context, refer);
	if (!r)
		return false;
	r->base.session = session;
	r->base.answered = true;
	session->handlers->referred(session, &r->base, session->arg);
	/* Taken is what is kept, or has been finished. */
	taken = r->base.finished || obj_refs(r) > 1;
	obj_unref(r);
	return taken;
}
