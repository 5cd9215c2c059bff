/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Subscriber (RFC 6665 4.1).
 *
 *   notify_wait --NOTIFY--> pending, active --NOTIFY terminated, 481, time over--> terminated
 *        |                        |  ^
 *        | refused, timer N       '--' refresh
 *        v
 *    terminated
 */
#include "sip/subscriber.h"

#include <errno.h>
#include <string.h>

#include "core/id.h"
#include "core/mem.h"
#include "sip/dialog_private.h"
#include "sip/server_transaction.h"
#include "sip/subscriber_private.h"

static void send_subscribe(struct sip_subscriber *s, uint32_t expires);

static void destroy(void *obj)
{
	struct sip_subscriber *s = obj;

	if (s->dialog && !s->guest)
		sip_dialog_close(s->dialog);
	obj_unref(s->dialog);
	mem_free(s->text);
}

/* ---- the end ----------------------------------------------------------------------------------- */

static void leave_table(struct sip_subscriber *s)
{
	if (s->in_table)
		hash_remove(&s->agent->subscribers, &s->key.node);
	s->in_table = false;
}

static void leave(struct sip_subscriber *s)
{
	struct sip_agent *agent = s->agent;

	if (!agent)
		return;
	leave_table(s);
	s->agent = NULL;
	timer_stop(&s->refresh);
	timer_stop(&s->expiry);
	timer_stop(&s->timer_n);
	if (s->request)
		sip_uac_abandon(s->request);
	s->request = obj_unref(s->request);
	if (s->guest)
		sip_dialog_remove_guest(&s->entry);
	else if (s->dialog)
		sip_dialog_close(s->dialog);
	sip_usage_remove(agent, &s->usage);
	obj_unref(s); /* the list's */
}

static void conclude(struct sip_subscriber *s, const struct sip_subscriber_end *end)
{
	const struct sip_subscriber_handlers *handlers = s->handlers;

	obj_ref(s);
	s->handlers = NULL;
	leave(s);
	if (handlers && handlers->ended)
		handlers->ended(s, end, s->arg);
	obj_unref(s);
}

static void conclude_status(struct sip_subscriber *s, unsigned status, int64_t retry_ms)
{
	conclude(s, &(struct sip_subscriber_end){.status = status, .retry_ms = retry_ms});
}

static void forget(struct sip_usage *usage)
{
	struct sip_subscriber *s = CONTAINER_OF(usage, struct sip_subscriber, usage);

	s->handlers = NULL;
	leave(s);
}

static void end_usage(struct sip_usage *usage)
{
	struct sip_subscriber *s = CONTAINER_OF(usage, struct sip_subscriber, usage);
	const struct sip_subscriber_handlers *handlers = s->handlers;
	struct sip_subscriber_end end = {.status = 503, .retry_ms = -1};

	if (s->ending)
		return;
	obj_ref(s);
	sip_subscriber_end(s);
	if (handlers && handlers->ended)
		handlers->ended(s, &end, s->arg);
	obj_unref(s);
}

void sip_subscriber_end(struct sip_subscriber *subscriber)
{
	struct sip_subscriber *s = subscriber;

	s->handlers = NULL;
	if (!s->agent || s->ending)
		return;
	s->ending = true;
	timer_stop(&s->refresh);
	/* Without a dialog, or with a request under way: NOTIFYs to come get 481, which ends it. */
	if (!s->dialog || !s->begun || s->request)
		leave(s);
	else
		send_subscribe(s, 0); /* 4.1.2.3 */
}

/* ---- time -------------------------------------------------------------------------------------- */

static void on_refresh(void *arg)
{
	struct sip_subscriber *s = arg;

	if (!s->request)
		send_subscribe(s, s->expires);
}

/* Refreshes failed until there was no time left. */
static void on_expiry(void *arg)
{
	struct sip_subscriber_end end = {
		.status = 408, .reason = SIP_REASON_TIMEOUT, .retry_ms = 0};

	conclude(arg, &end);
}

/* 4.1.2.4: no NOTIFY has come within 64*T1. */
static void on_timer_n(void *arg)
{
	conclude_status(arg, 408, 0);
}

static void start_timer_n(struct sip_subscriber *s)
{
	timer_start_ms(&s->timer_n, s->agent->timers, 64 * (uint64_t)s->agent->timing.t1);
}

/* A minute before it is over, or half way when that is less than two. */
static void set_expires(struct sip_subscriber *s, uint32_t seconds)
{
	uint64_t us = (uint64_t)seconds * 1000000;

	timer_start_us(&s->expiry, s->agent->timers, us);
	/* What a REFER made ends by itself (RFC 3515 2.4.4). */
	if (s->method == SIP_SUBSCRIBE && !s->ending)
		timer_start_us(&s->refresh, s->agent->timers,
			seconds > 120 ? us - 60 * 1000000ULL : us / 2);
}

/* ---- our requests ------------------------------------------------------------------------------ */

static int64_t retry_after_ms(const struct sip_msg *response)
{
	const struct sip_header *h =
		response ? sip_msg_header(response, SIP_HDR_RETRY_AFTER) : NULL;
	struct slice digits = h ? h->value : SLICE_NONE;
	size_t n = 0;
	uint32_t seconds;

	/* "120 (in a meeting);duration=60" */
	while (n < digits.n && digits.p[n] >= '0' && digits.p[n] <= '9')
		n++;
	if (slice_u32(slice_of(digits.p, n), UINT32_MAX, &seconds) < 0)
		return -1;
	return (int64_t)seconds * 1000;
}

/* Accepted, but no NOTIFY will come: Refer-Sub: false was taken (RFC 4488 section 4). */
static bool is_silent(const struct sip_subscriber *s, const struct sip_msg *response)
{
	return s->method == SIP_REFER && !s->begun &&
	       slice_eq_nocase(sip_msg_value(response, SIP_HDR_REFER_SUB), SLICE("false"));
}

static void on_accepted(struct sip_subscriber *s, const struct sip_msg *response)
{
	uint32_t expires = sip_expires_read(response, SIP_HDR_EXPIRES, s->expires);

	if (s->handlers && s->handlers->accepted)
		s->handlers->accepted(s, response, s->arg);
	if (!s->agent)
		return;
	if (is_silent(s, response)) {
		conclude_status(s, response->status, -1);
		return;
	}
	s->begun = true;
	if (s->dialog && s->method == SIP_SUBSCRIBE && expires > 0 && !s->ending) {
		/* 4.1.2.1: what was granted, never more than what was asked for. */
		set_expires(s, expires < s->expires ? expires : s->expires);
	}
}

/* Once more when half of what is left has passed. */
static void try_again(struct sip_subscriber *s)
{
	uint64_t now = s->agent->timers->now;

	timer_stop(&s->timer_n);
	if (timer_running(&s->expiry) && s->method == SIP_SUBSCRIBE)
		timer_start_us(&s->refresh, s->agent->timers,
			s->expiry.due > now ? (s->expiry.due - now) / 2 + 1000000 : 1000000);
}

static void on_refused(struct sip_subscriber *s, unsigned status, const struct sip_msg *response)
{
	uint32_t least = response ? sip_expires_read(response, SIP_HDR_MIN_EXPIRES, 0) : 0;

	if (s->ending) {
		leave(s);
	} else if (status == 423 && least > s->expires) {
		s->expires = least; /* 4.1.2.1 */
		send_subscribe(s, s->expires);
	} else if (!s->begun || status == 481) {
		conclude_status(s, status, status == 481 ? 0 : retry_after_ms(response));
	} else {
		try_again(s); /* 4.1.2.2: it lasts until its time is over */
	}
}

static void on_done(struct sip_uac *uac, unsigned status, const struct sip_msg *response, void *arg)
{
	struct sip_subscriber *s = obj_ref(arg);

	s->cseq = sip_uac_cseq(uac);
	s->request = obj_unref(s->request);
	if (status >= 200 && status < 300 && response)
		on_accepted(s, response);
	else
		on_refused(s, status, response);
	obj_unref(s);
}

static const struct sip_uac_handlers uac_handlers = {.done = on_done};

static void write_lines(const struct sip_subscriber *s, uint32_t expires, struct buf *lines)
{
	if (s->method == SIP_SUBSCRIBE || s->begun) {
		buf_str(lines, "Event: ");
		buf_slice(lines, s->event_text);
		buf_printf(lines, "\r\nExpires: %u\r\n", expires);
	}
	if (s->accept.n) {
		buf_str(lines, "Accept: ");
		buf_slice(lines, s->accept);
		buf_str(lines, "\r\n");
	}
	buf_slice(lines, s->extra);
}

static int try_to_send(struct sip_subscriber *s, uint32_t expires)
{
	struct sip_uac_params params = {.method = s->begun ? SIP_SUBSCRIBE : s->method,
		.dialog = s->dialog,
		.uri = s->uri,
		.to = s->to,
		.call_id = slice_str(s->call_id),
		.cseq = s->cseq + 1,
		.route = s->route,
		.body = s->body,
		.contact = true,
		.contact_user = s->contact_user,
		.credentials = s->credentials};
	struct buf lines, from;
	int err;

	buf_init(&lines, SIP_MAX_MESSAGE);
	buf_init(&from, SIP_MAX_MESSAGE);
	write_lines(s, expires, &lines);
	buf_slice(&from, s->from);
	buf_printf(&from, ";tag=%s", s->tag);
	params.extra = buf_view(&lines);
	params.from = buf_view(&from);
	err = lines.err ? lines.err : from.err;
	if (!err)
		err = sip_uac_start(&s->request, s->agent, &params, &uac_handlers, s);
	buf_free(&from);
	buf_free(&lines);
	return err;
}

/* One that cannot be sent is like one that is not answered. */
static void send_subscribe(struct sip_subscriber *s, uint32_t expires)
{
	if (try_to_send(s, expires) == 0)
		start_timer_n(s);
	else
		timer_start_ms(&s->timer_n, s->agent->timers, 0);
}

/* ---- NOTIFY ------------------------------------------------------------------------------------ */

static void reply(struct sip_server_transaction *txn, unsigned status)
{
	sip_server_transaction_reply(txn, status, SLICE_NONE, SLICE_NONE, SLICE_NONE);
}

/* REFER: our own is named by id, its CSeq, or not at all (RFC 3515 2.4.6). */
static bool is_my_event(const struct sip_subscriber *s, const struct sip_event *event)
{
	uint32_t id;

	if (s->method == SIP_REFER && s->guest && event->id.n)
		return slice_eq(event->package, s->event.package) &&
		       slice_u32(event->id, UINT32_MAX, &id) == 0 &&
		       id == (s->request ? sip_uac_cseq(s->request) : s->cseq);
	if (s->method == SIP_REFER)
		return slice_eq(event->package, s->event.package);
	return sip_event_equal(event, &s->event);
}

static void apply(struct sip_subscriber *s, const struct sip_subscription_status *status,
	const struct sip_msg *notify)
{
	struct sip_subscriber_end end = {.status = 200, .reason = status->reason};

	timer_stop(&s->timer_n);
	s->begun = true;
	if (s->handlers && s->handlers->notified)
		s->handlers->notified(s, status, notify, s->arg);
	if (!s->agent)
		return;
	if (status->state == SIP_SUBSCRIPTION_TERMINATED) {
		end.retry_ms = sip_subscription_retry_ms(status);
		conclude(s, &end);
	} else if (s->ending) {
		start_timer_n(s); /* one that crossed our last SUBSCRIBE */
	} else if (status->expires >= 0 && status->expires <= s->expires) {
		set_expires(s, (uint32_t)status->expires); /* it may shorten it (4.2.2) */
	} else if (!timer_running(&s->expiry)) {
		set_expires(s, s->expires);
	}
}

static bool on_request(struct sip_server_transaction *txn, const struct sip_msg *request, void *arg)
{
	struct sip_subscriber *s = arg;
	struct sip_subscription_status status;
	struct sip_event event;

	if (request->method != SIP_NOTIFY)
		return false;
	if (sip_event_read(request, &event) < 0 || !is_my_event(s, &event)) {
		if (s->guest)
			return false; /* another one's in the same call */
		reply(txn, 489);      /* 4.1.3 */
		return true;
	}
	if (sip_subscription_status_read(request, &status) < 0) {
		reply(txn, 400);
		return true;
	}
	obj_ref(s);
	sip_dialog_refresh(s->dialog, request);
	reply(txn, 200);
	apply(s, &status, request);
	obj_unref(s);
	return true;
}

static void on_ack(const struct sip_msg *ack, void *arg)
{
}

static const struct sip_dialog_handlers dialog_handlers = {.request = on_request, .ack = on_ack};

bool sip_subscriber_receive(
	struct sip_agent *agent, struct sip_server_transaction *txn, const struct sip_msg *notify)
{
	struct sip_subscriber *s = (struct sip_subscriber *)(void *)sip_key_find(
		&agent->subscribers, sip_key_dialog(notify->call_id, notify->to.tag, SLICE_NONE));
	struct sip_event event;
	int err;

	if (!s)
		return false;
	if (sip_event_read(notify, &event) < 0 || !is_my_event(s, &event)) {
		reply(txn, 489);
		return true;
	}
	/* 4.4.1: it makes the dialog; the other ones that a fork brings find nobody any more. */
	err = sip_dialog_new_server(&s->dialog, agent, txn, &dialog_handlers, s);
	if (err < 0) {
		reply(txn, err == -ENOMEM ? 500 : 400);
		return true;
	}
	leave_table(s);
	s->dialog->caller = true;
	s->dialog->local_cseq = s->request ? sip_uac_cseq(s->request) : s->cseq;
	return on_request(txn, notify, s);
}

/* ---- beginning --------------------------------------------------------------------------------- */

static struct slice put(char *text, size_t *used, struct slice s)
{
	char *at = text + *used;

	if (s.n)
		memcpy(at, s.p, s.n);
	*used += s.n;
	return slice_of(at, s.n);
}

static int keep_texts(struct sip_subscriber *s, const struct sip_subscriber_params *params)
{
	struct slice parts[] = {params->uri, params->from, params->to, params->route, params->event,
		params->accept, params->contact_user, params->extra, params->body.type,
		params->body.data};
	struct slice *copies[] = {&s->uri, &s->from, &s->to, &s->route, &s->event_text, &s->accept,
		&s->contact_user, &s->extra, &s->body.type, &s->body.data};
	size_t size = 1, used = 0;

	for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
		if (parts[i].n > SIP_MAX_MESSAGE)
			return -EINVAL;
		size += parts[i].n;
	}
	s->text = mem_zalloc(size);
	if (!s->text)
		return -ENOMEM;
	for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
		*copies[i] = put(s->text, &used, parts[i]);
	return sip_event_parse(s->event_text, &s->event);
}

/* The call has ended. */
static void on_closed(void *arg)
{
	conclude_status(arg, 481, -1);
}

static struct sip_subscriber *alloc(
	enum sip_method method, const struct sip_subscriber_params *params)
{
	struct sip_subscriber *s = obj_new(sizeof *s, destroy);

	if (!s)
		return NULL;
	list_init(&s->usage.node);
	list_init(&s->entry.node);
	s->entry.request = on_request;
	s->entry.closed = on_closed;
	s->entry.arg = s;
	s->usage.end = end_usage;
	s->usage.forget = forget;
	timer_init(&s->refresh, on_refresh, s);
	timer_init(&s->expiry, on_expiry, s);
	timer_init(&s->timer_n, on_timer_n, s);
	s->method = method;
	s->expires = params->expires;
	s->credentials = params->credentials;
	id_token(s->call_id, sizeof s->call_id - 1);
	id_token(s->tag, SIP_TAG_LETTERS);
	return s;
}

/* In the agent's list, with its first request sent; or gone, with a negative errno. */
static int begin(struct sip_subscriber *s, struct sip_agent *agent,
	const struct sip_subscriber_handlers *handlers, void *arg)
{
	int err = sip_usage_add(agent, &s->usage);

	if (err < 0)
		return err;
	obj_ref(s); /* the list's */
	s->agent = agent;
	if (s->guest) {
		sip_dialog_add_guest(s->dialog, &s->entry);
	} else {
		sip_key_insert(&agent->subscribers, &s->key,
			sip_key_dialog(slice_str(s->call_id), slice_str(s->tag), SLICE_NONE));
		s->in_table = true;
	}
	err = try_to_send(s, s->expires);
	if (err < 0) {
		leave(s);
		return err;
	}
	start_timer_n(s);
	s->handlers = handlers;
	s->arg = arg;
	return 0;
}

int sip_subscriber_start_with(struct sip_subscriber **subscriber, struct sip_agent *agent,
	enum sip_method method, const struct sip_subscriber_params *params,
	const struct sip_subscriber_handlers *handlers, void *arg)
{
	struct sip_subscriber *s = alloc(method, params);
	int err = s ? keep_texts(s, params) : -ENOMEM;

	if (!err)
		err = begin(s, agent, handlers, arg);
	if (!err)
		*subscriber = obj_ref(s);
	obj_unref(s);
	return err;
}

int sip_subscriber_start_in(struct sip_subscriber **subscriber, struct sip_dialog *dialog,
	const struct sip_subscriber_params *params, const struct sip_subscriber_handlers *handlers,
	void *arg)
{
	struct sip_subscriber *s = alloc(SIP_REFER, params);
	int err = s ? keep_texts(s, params) : -ENOMEM;

	if (!err) {
		s->guest = true;
		s->dialog = obj_ref(dialog);
		err = begin(s, dialog->agent, handlers, arg);
	}
	if (!err)
		*subscriber = obj_ref(s);
	obj_unref(s);
	return err;
}

int sip_subscriber_start(struct sip_subscriber **subscriber, struct sip_agent *agent,
	const struct sip_subscriber_params *params, const struct sip_subscriber_handlers *handlers,
	void *arg)
{
	if (params->expires == 0)
		return -EINVAL;
	return sip_subscriber_start_with(subscriber, agent, SIP_SUBSCRIBE, params, handlers, arg);
}
