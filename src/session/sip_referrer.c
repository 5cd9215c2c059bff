/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SIP referrers: the adapter between referrals of ours and REFER (RFC 3515), also in a call. */
#include <errno.h>

#include "core/mem.h"
#include "session/sip_requests.h"
#include "session/sip_session_internal.h"
#include "sip/message.h"
#include "sip/message_write.h"
#include "sip/referrer.h"

struct sip_referring {
	struct referrer base;
	struct sip_referrer *sip; /* ours; NULL: over */
};

static void destroy(void *obj)
{
	struct sip_referring *r = obj;

	r->base.handlers = NULL;
	obj_unref(r->sip); /* which unsubscribes */
}

static void on_progress(
	struct sip_referrer *referrer, unsigned status, struct slice phrase, void *arg)
{
	struct sip_referring *r = obj_ref(arg);

	referrer_set_progress(&r->base, status, phrase);
	obj_unref(r);
}

static void on_ended(struct sip_referrer *referrer, unsigned status, void *arg)
{
	struct sip_referring *r = obj_ref(arg);

	referrer_set_ended(&r->base, status);
	obj_unref(r);
}

static const struct sip_referrer_handlers sip_handlers = {on_progress, on_ended};

static enum sip_method method_of(enum referral_action action)
{
	return action == REFERRAL_LEAVE ? SIP_BYE : SIP_INVITE;
}

/* RFC 3891 section 4, RFC 5589 section 7.1: where to call, and whose place to take there. */
static int write_refer_to(const struct referrer_params *params, struct buf *out)
{
	const struct session *other = params->replaces;

	buf_slice(out, params->uri);
	if (!other)
		return out->err;
	if (other->signalling != &sip_session_signalling)
		return -EPROTONOSUPPORT;
	return sip_invite_write_replaces(
		CONTAINER_OF(other, struct sip_session, base)->invite, params->uri.n == 0, out);
}

static struct sip_referring *referring_new(const struct referrer_handlers *handlers, void *arg)
{
	struct sip_referring *r = obj_new(sizeof *r, destroy);

	if (!r)
		return NULL;
	r->base.handlers = handlers;
	r->base.arg = arg;
	return r;
}

/* What both kinds say. Returns 0 or a negative errno; params's slices are good as long as lines. */
static int fill(const struct referrer_params *params, struct sip_referrer_params *sip,
	struct buf *refer_to, struct buf *by)
{
	int err = write_refer_to(params, refer_to);

	sip_write_identity(params->from, false, by);
	sip->method = method_of(params->action);
	sip->refer_to = buf_view(refer_to);
	sip->referred_by = buf_view(by);
	return err ? err : by->err;
}

int sip_refer_start(void *context, const struct referrer_params *params,
	const struct referrer_handlers *handlers, void *arg, struct referrer **referrer)
{
	const struct sip_request_context *c = context;
	struct sip_referring *r = referring_new(handlers, arg);
	struct sip_referrer_params sip = {.credentials = c->credentials};
	struct sip_addresses addresses;
	struct buf refer_to, by;
	int err;

	buf_init(&refer_to, SIP_MAX_MESSAGE);
	buf_init(&by, SIP_MAX_MESSAGE);
	err = sip_addresses_set(&addresses, params->from, params->to);
	if (!err)
		err = r ? fill(params, &sip, &refer_to, &by) : -ENOMEM;
	if (err)
		goto out;
	sip.uri = buf_view(&addresses.uri);
	sip.from = buf_view(&addresses.from);
	sip.to = buf_view(&addresses.to);
	err = sip_referrer_start(&r->sip, c->agent, &sip, &sip_handlers, r);
	if (!err)
		*referrer = obj_ref(&r->base);
out:
	sip_addresses_free(&addresses);
	buf_free(&by);
	buf_free(&refer_to);
	obj_unref(r);
	return err;
}

int sip_session_refer(struct session *session, const struct referrer_params *params,
	const struct referrer_handlers *handlers, void *arg, struct referrer **referrer)
{
	const struct sip_session *s = CONTAINER_OF(session, struct sip_session, base);
	struct sip_referring *r = referring_new(handlers, arg);
	struct sip_referrer_params sip = {.credentials = s->context->credentials};
	struct buf refer_to, by;
	int err;

	buf_init(&refer_to, SIP_MAX_MESSAGE);
	buf_init(&by, SIP_MAX_MESSAGE);
	err = r ? fill(params, &sip, &refer_to, &by) : -ENOMEM;
	if (!err)
		err = sip_referrer_start_in(&r->sip, s->invite, &sip, &sip_handlers, r);
	if (!err)
		*referrer = obj_ref(&r->base);
	buf_free(&by);
	buf_free(&refer_to);
	obj_unref(r);
	return err;
}
