/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Referrer (RFC 3515 2.4, RFC 4488). */
#include "sip/referrer.h"

#include <errno.h>

#include "core/mem.h"
#include "sip/invite_private.h"
#include "sip/subscriber_private.h"

/* What the other side may say at most; it is the one that ends the subscription. */
enum { EXPIRES = 86400 };

/* Of whoever holds it; its destructor unsubscribes. */
struct sip_referrer {
	struct sip_subscriber *subscriber; /* ours; NULL: over */
	const struct sip_referrer_handlers *handlers;
	void *arg;
	unsigned status; /* told last; 0: nothing yet */
};

static void destroy(void *obj)
{
	struct sip_referrer *r = obj;

	if (r->subscriber)
		sip_subscriber_end(r->subscriber);
	obj_unref(r->subscriber);
}

/* The status line of a message/sipfrag (RFC 3420). Returns 0 or -EINVAL. */
static int parse_frag(struct slice body, unsigned *status, struct slice *phrase)
{
	struct slice line, code;
	uint32_t number;

	if (!slice_cut(&body, '\n', &line) || !slice_starts(line, SLICE("SIP/2.0 ")))
		return -EINVAL;
	line = slice_trim(slice_of(line.p + 8, line.n - 8));
	if (!slice_cut(&line, ' ', &code) || code.n != 3 || slice_u32(code, 699, &number) < 0 ||
		number < 100)
		return -EINVAL;
	*status = number;
	*phrase = slice_trim(line);
	return 0;
}

static void on_notified(struct sip_subscriber *subscriber,
	const struct sip_subscription_status *status, const struct sip_msg *notify, void *arg)
{
	struct sip_referrer *r = arg;
	struct sip_word_params type;
	struct slice phrase;
	unsigned told;

	if (sip_word_params_parse(notify->content_type, &type) < 0 ||
		!slice_eq_nocase(type.word, SLICE("message/sipfrag")) ||
		parse_frag(notify->body, &told, &phrase) < 0)
		return;
	r->status = told;
	if (r->handlers && r->handlers->progress)
		r->handlers->progress(r, told, phrase, r->arg);
}

static void on_ended(
	struct sip_subscriber *subscriber, const struct sip_subscriber_end *end, void *arg)
{
	struct sip_referrer *r = obj_ref(arg);
	const struct sip_referrer_handlers *handlers = r->handlers;

	r->handlers = NULL;
	r->subscriber = obj_unref(r->subscriber);
	/* By a NOTIFY, or after one: what that said. */
	if (handlers && handlers->ended)
		handlers->ended(r, r->status ? r->status : end->status, r->arg);
	obj_unref(r);
}

static const struct sip_subscriber_handlers subscriber_handlers = {
	.notified = on_notified,
	.ended = on_ended,
};

static void write_lines(const struct sip_referrer_params *params, struct buf *lines)
{
	struct uri uri;

	buf_str(lines, "Refer-To: <");
	buf_slice(lines, params->refer_to);
	/* RFC 3515 2.1: a parameter of the URI; its headers would come behind it. */
	if (params->method != SIP_INVITE && uri_parse(params->refer_to, &uri) == 0 &&
		uri.headers.n == 0)
		buf_printf(lines, ";method=%s", sip_method_name(params->method));
	buf_str(lines, ">\r\n");
	if (params->referred_by.n) {
		buf_str(lines, "Referred-By: ");
		buf_slice(lines, params->referred_by);
		buf_str(lines, "\r\n");
	}
	if (params->no_subscription)
		buf_str(lines, "Refer-Sub: false\r\nSupported: norefersub\r\n");
	buf_slice(lines, params->extra);
}

static struct sip_referrer *alloc(const struct sip_referrer_handlers *handlers, void *arg)
{
	struct sip_referrer *r = obj_new(sizeof *r, destroy);

	if (!r)
		return NULL;
	r->handlers = handlers;
	r->arg = arg;
	return r;
}

static void fill(const struct sip_referrer_params *params, struct buf *lines,
	struct sip_subscriber_params *subscription)
{
	write_lines(params, lines);
	*subscription = (struct sip_subscriber_params){
		.uri = params->uri,
		.from = params->from,
		.to = params->to,
		.route = params->route,
		.event = SLICE("refer"),
		.accept = SLICE("message/sipfrag"),
		.expires = EXPIRES,
		.extra = buf_view(lines),
		.credentials = params->credentials,
	};
}

int sip_referrer_start(struct sip_referrer **referrer, struct sip_agent *agent,
	const struct sip_referrer_params *params, const struct sip_referrer_handlers *handlers,
	void *arg)
{
	struct sip_referrer *r = alloc(handlers, arg);
	struct sip_subscriber_params subscription;
	struct buf lines;
	int err;

	buf_init(&lines, SIP_MAX_MESSAGE);
	fill(params, &lines, &subscription);
	err = r ? lines.err : -ENOMEM;
	if (!err)
		err = sip_subscriber_start_with(
			&r->subscriber, agent, SIP_REFER, &subscription, &subscriber_handlers, r);
	if (!err)
		*referrer = obj_ref(r);
	obj_unref(r);
	buf_free(&lines);
	return err;
}

int sip_referrer_start_in(struct sip_referrer **referrer, struct sip_invite *invite,
	const struct sip_referrer_params *params, const struct sip_referrer_handlers *handlers,
	void *arg)
{
	struct sip_referrer *r = alloc(handlers, arg);
	struct sip_subscriber_params subscription;
	struct buf lines;
	int err;

	buf_init(&lines, SIP_MAX_MESSAGE);
	fill(params, &lines, &subscription);
	err = r ? lines.err : -ENOMEM;
	if (!err && !(invite->agent && invite->connected && invite->sm.state != INVITE_ENDING))
		err = -EINVAL;
	if (!err)
		err = sip_subscriber_start_in(
			&r->subscriber, invite->dialog, &subscription, &subscriber_handlers, r);
	if (!err)
		*referrer = obj_ref(r);
	obj_unref(r);
	buf_free(&lines);
	return err;
}
