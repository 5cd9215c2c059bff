/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Notifier (RFC 6665 4.2).
 *
 *   pending --consent--> active --.
 *      |                   |      | time over, unsubscribed, ended by us: NOTIFY terminated
 *      '-------------------+------'
 *                          v
 *                      terminated --its NOTIFY was answered, or any before it failed--> gone
 */
#include "sip/notifier.h"

#include <errno.h>
#include <stdio.h>

#include "core/mem.h"
#include "sip/agent_private.h"
#include "sip/dialog_private.h"
#include "sip/notifier_private.h"
#include "sip/server_transaction.h"

enum { PRESET_EXPIRES = 3600 };

static void send_notify(struct sip_notifier *n);

static void destroy(void *obj)
{
	struct sip_notifier *n = obj;

	if (n->dialog && !n->guest)
		sip_dialog_close(n->dialog);
	obj_unref(n->dialog);
	mem_free(n->event_text);
	mem_free(n->contact_user);
	mem_free(n->type);
	mem_free(n->data);
}

/* ---- the end ----------------------------------------------------------------------------------- */

/* Nothing is sent or received any more. */
static void leave(struct sip_notifier *n)
{
	struct sip_agent *agent = n->agent;

	if (!agent)
		return;
	n->agent = NULL;
	n->state = SIP_SUBSCRIPTION_TERMINATED;
	timer_stop(&n->timer);
	if (n->notify)
		sip_uac_abandon(n->notify);
	n->notify = obj_unref(n->notify);
	if (n->guest)
		sip_dialog_remove_guest(&n->entry);
	else
		sip_dialog_close(n->dialog);
	sip_usage_remove(agent, &n->usage);
	obj_unref(n); /* the list's */
}

static void tell_ended(struct sip_notifier *n, unsigned status)
{
	const struct sip_notifier_handlers *handlers = n->handlers;

	n->handlers = NULL;
	if (handlers && handlers->ended)
		handlers->ended(n, status, n->arg);
}

/* The peer is gone, or cannot be told. */
static void fail(struct sip_notifier *n, unsigned status)
{
	obj_ref(n);
	leave(n);
	tell_ended(n, status);
	obj_unref(n);
}

void sip_notifier_drop(struct sip_notifier *notifier)
{
	notifier->handlers = NULL;
	leave(notifier);
}

static void forget(struct sip_usage *usage)
{
	sip_notifier_drop(CONTAINER_OF(usage, struct sip_notifier, usage));
}

static void drop_state(struct sip_notifier *n)
{
	mem_free(n->type);
	mem_free(n->data);
	n->type = n->data = NULL;
	n->n_data = 0;
}

static void terminate(
	struct sip_notifier *n, enum sip_subscription_reason reason, int64_t retry_after)
{
	n->state = SIP_SUBSCRIPTION_TERMINATED;
	n->reason = reason;
	n->retry_after = retry_after;
	timer_stop(&n->timer);
	send_notify(n);
}

static void end_usage(struct sip_usage *usage)
{
	struct sip_notifier *n = CONTAINER_OF(usage, struct sip_notifier, usage);

	if (n->state == SIP_SUBSCRIPTION_TERMINATED)
		return;
	/* 4.1.3: who comes back finds another server, or this one up again. */
	obj_ref(n);
	drop_state(n);
	terminate(n, SIP_REASON_DEACTIVATED, -1);
	tell_ended(n, 503);
	obj_unref(n);
}

static void on_timer(void *arg)
{
	struct sip_notifier *n = obj_ref(arg);

	if (n->broken) {
		fail(n, 503);
	} else {
		drop_state(n);
		terminate(n, SIP_REASON_TIMEOUT, -1);
		tell_ended(n, 200);
	}
	obj_unref(n);
}

/* ---- NOTIFY ------------------------------------------------------------------------------------ */

/* RFC 6665 4.2.2, RFC 5057 5.1: after these the subscription is over. */
static bool is_fatal(unsigned status)
{
	switch (status) {
	case 404:
	case 405:
	case 408:
	case 410:
	case 416:
	case 489:
	case 501:
	case 604:
		return true;
	default:
		return (status >= 480 && status <= 485) || status >= 700;
	}
}

static void on_notified(
	struct sip_uac *uac, unsigned status, const struct sip_msg *response, void *arg)
{
	struct sip_notifier *n = obj_ref(arg);

	n->notify = obj_unref(n->notify);
	if (n->state == SIP_SUBSCRIPTION_TERMINATED && !n->due)
		leave(n);
	else if (is_fatal(status) || (!response && status != 200))
		fail(n, status);
	else if (n->due)
		send_notify(n);
	obj_unref(n);
}

static const struct sip_uac_handlers notify_handlers = {.done = on_notified};

static void write_state(const struct sip_notifier *n, struct buf *lines)
{
	static const char *const names[] = {"pending", "active", "terminated"};

	buf_str(lines, "Event: ");
	sip_event_write(&n->event, lines);
	buf_printf(lines, "\r\nSubscription-State: %s", names[n->state]);
	if (n->state != SIP_SUBSCRIPTION_TERMINATED)
		buf_printf(lines, ";expires=%u", sip_notifier_expires(n));
	else if (n->reason != SIP_REASON_NONE)
		buf_printf(lines, ";reason=%s", sip_subscription_reason_name(n->reason));
	if (n->state == SIP_SUBSCRIPTION_TERMINATED && n->retry_after >= 0)
		buf_printf(lines, ";retry-after=%lld", (long long)n->retry_after);
	buf_str(lines, "\r\n");
}

/* Send what is so now; an error ends it, from the timer. */
static void send_notify(struct sip_notifier *n)
{
	struct sip_uac_params params = {.method = SIP_NOTIFY,
		.dialog = n->dialog,
		.contact = true,
		.body = {slice_str(n->type), slice_of(n->data, n->n_data)},
		.contact_user = slice_str(n->contact_user)};
	struct buf lines;
	int err;

	n->due = n->notify != NULL;
	if (n->due)
		return;
	buf_init(&lines, 4096);
	write_state(n, &lines);
	params.extra = buf_view(&lines);
	err = lines.err;
	if (!err)
		err = sip_uac_start(&n->notify, n->agent, &params, &notify_handlers, n);
	buf_free(&lines);
	if (err) {
		n->broken = true;
		timer_start_ms(&n->timer, n->agent->timers, 0);
	}
}

/* Returns 0 or -ENOMEM; the old state then stays. */
static int keep_state(struct sip_notifier *n, const struct sip_body *state)
{
	char *type, *data;

	if (!state || !state->type.n) {
		drop_state(n);
		return 0;
	}
	type = slice_dup(state->type);
	data = slice_dup(state->data);
	if (!type || !data) {
		mem_free(type);
		mem_free(data);
		return -ENOMEM;
	}
	drop_state(n);
	n->type = type;
	n->data = data;
	n->n_data = state->data.n;
	return 0;
}

/* ---- SUBSCRIBE --------------------------------------------------------------------------------- */

static void start_clock(struct sip_notifier *n, uint32_t expires)
{
	uint64_t us = (uint64_t)expires * 1000000;

	n->expires_at = n->agent->timers->now + us;
	timer_start_us(&n->timer, n->agent->timers, us);
}

/* 4.2.1.1, 423 only for what is below an hour too. Returns 0 or -ERANGE, which was answered. */
static int read_expires(const struct sip_notifier *n, struct sip_server_transaction *txn,
	const struct sip_msg *request, uint32_t *expires)
{
	char line[64];

	*expires = sip_expires_read(request, SIP_HDR_EXPIRES, n->default_expires);
	if (*expires > n->max_expires)
		*expires = n->max_expires;
	if (*expires == 0 || *expires >= n->min_expires)
		return 0;
	snprintf(line, sizeof line, "Min-Expires: %u\r\n", n->min_expires);
	sip_server_transaction_reply(txn, 423, slice_str(line), SLICE_NONE, SLICE_NONE);
	return -ERANGE;
}

/* 200 with Expires and Contact. */
static int answer(struct sip_notifier *n, struct sip_server_transaction *txn, uint32_t expires)
{
	struct buf *out = sip_server_transaction_begin(txn, 200, NULL);

	if (!out)
		return -ENOMEM;
	sip_dialog_write_contact(n->dialog, out, sip_server_transaction_flow(txn),
		slice_str(n->contact_user), false);
	sip_write_header_u32(out, SIP_HDR_EXPIRES, expires);
	return sip_server_transaction_send(txn, 200, SLICE_NONE, SLICE_NONE);
}

static void refresh(
	struct sip_notifier *n, struct sip_server_transaction *txn, const struct sip_msg *request)
{
	const struct sip_uac *before;
	uint32_t expires;

	if (read_expires(n, txn, request, &expires) < 0)
		return;
	if (!n->guest)
		sip_dialog_refresh(n->dialog, request);
	if (answer(n, txn, expires) < 0) {
		sip_server_transaction_reply(txn, 500, SLICE_NONE, SLICE_NONE, SLICE_NONE);
		return;
	}
	if (expires == 0) {
		drop_state(n);
		terminate(n, SIP_REASON_TIMEOUT, -1); /* 4.4.1 */
		tell_ended(n, 200);
		return;
	}
	start_clock(n, expires);
	before = n->notify;
	n->due = false;
	if (n->handlers && n->handlers->refreshed)
		n->handlers->refreshed(n, n->arg);
	/* 4.2.1.2: one follows in any case; the handler may have sent it. */
	if (n->agent && n->state != SIP_SUBSCRIPTION_TERMINATED && !n->due && n->notify == before)
		send_notify(n);
}

/* A request in the dialog. False: not one of ours. */
static bool on_request(struct sip_server_transaction *txn, const struct sip_msg *request, void *arg)
{
	struct sip_notifier *n = obj_ref(arg);
	struct sip_event event;
	bool ours = request->method == SIP_SUBSCRIBE;

	if (ours && (sip_event_read(request, &event) < 0 || !sip_event_equal(&event, &n->event))) {
		ours = !n->guest;
		if (ours)
			sip_server_transaction_reply(txn, 489, SLICE_NONE, SLICE_NONE, SLICE_NONE);
	} else if (ours && n->state == SIP_SUBSCRIPTION_TERMINATED) {
		sip_server_transaction_reply(txn, 481, SLICE_NONE, SLICE_NONE, SLICE_NONE);
	} else if (ours) {
		refresh(n, txn, request);
	}
	obj_unref(n);
	return ours;
}

static void on_ack(const struct sip_msg *ack, void *arg)
{
}

const struct sip_dialog_handlers sip_notifier_dialog_handlers = {
	.request = on_request,
	.ack = on_ack,
};

static void on_dialog_closed(void *arg)
{
	fail(arg, 481);
}

/* ---- beginning --------------------------------------------------------------------------------- */

static int keep_texts(struct sip_notifier *n, const struct sip_event *event,
	const struct sip_notifier_params *params)
{
	struct buf text;
	int err;

	buf_init(&text, 4096);
	sip_event_write(event, &text);
	err = text.err;
	n->event_text = err ? NULL : slice_dup(buf_view(&text));
	buf_free(&text);
	if (!n->event_text)
		return err ? err : -ENOMEM;
	err = sip_event_parse(slice_str(n->event_text), &n->event);
	if (err == 0 && params->contact_user.n) {
		buf_init(&text, 1024);
		uri_escape_user(params->contact_user, &text);
		n->contact_user = text.err ? NULL : slice_dup(buf_view(&text));
		buf_free(&text);
		err = n->contact_user ? 0 : -ENOMEM;
	}
	return err;
}

static struct sip_notifier *alloc(
	const struct sip_event *event, const struct sip_notifier_params *params)
{
	struct sip_notifier *n = obj_new(sizeof *n, destroy);

	if (!n)
		return NULL;
	list_init(&n->usage.node);
	n->usage.end = end_usage;
	n->usage.forget = forget;
	list_init(&n->entry.node);
	n->entry.request = on_request;
	n->entry.closed = on_dialog_closed;
	n->entry.arg = n;
	timer_init(&n->timer, on_timer, n);
	n->state = params->pending ? SIP_SUBSCRIPTION_PENDING : SIP_SUBSCRIPTION_ACTIVE;
	n->retry_after = -1;
	n->min_expires = params->min_expires;
	n->max_expires = params->max_expires ? params->max_expires : PRESET_EXPIRES;
	n->default_expires = params->default_expires ? params->default_expires : PRESET_EXPIRES;
	return keep_texts(n, event, params) < 0 ? obj_unref(n) : n;
}

/* From here on it keeps itself alive. */
static int enlist(struct sip_notifier *n, struct sip_agent *agent, uint32_t expires)
{
	int err = sip_usage_add(agent, &n->usage);

	if (err < 0)
		return err;
	obj_ref(n); /* the list's */
	n->agent = agent;
	start_clock(n, expires);
	if (n->guest)
		sip_dialog_add_guest(n->dialog, &n->entry);
	return 0;
}

int sip_notifier_start(struct sip_notifier **notifier, struct sip_agent *agent,
	const struct sip_notifier_start *start, const struct sip_notifier_params *params,
	const struct sip_notifier_handlers *handlers, void *arg)
{
	struct sip_notifier *n = alloc(&start->event, params);
	int err;

	if (!n)
		return -ENOMEM;
	n->dialog = obj_ref(start->dialog);
	n->guest = start->guest;
	err = enlist(n, agent, start->expires);
	if (err < 0) {
		n->guest = true; /* the dialog stays the caller's to close */
		obj_unref(n);
		return err;
	}
	n->handlers = handlers;
	n->arg = arg;
	*notifier = n;
	return 0;
}

static unsigned status_of(int err)
{
	switch (err) {
	case -EBADMSG:
		return 400;
	case -ENOENT:
	case -EINVAL:
		return 489;
	case -ENOTSUP:
		return 406;
	case -EMFILE:
		return 503;
	default:
		return 500;
	}
}

/* What can be refused before anything is made; dialog and notifier. The request is read here. */
static int prepare(struct sip_notifier **notifier, struct sip_agent *agent,
	struct sip_server_transaction *txn, const struct sip_notifier_params *params,
	const struct sip_body *state)
{
	const struct sip_msg *request = sip_server_transaction_request(txn);
	struct sip_notifier *n;
	struct sip_event event;
	int err = request ? sip_event_read(request, &event) : -ENOENT;

	if (err < 0)
		return err;
	if (state && state->type.n && !sip_accepts(request, state->type))
		return -ENOTSUP;
	n = alloc(&event, params);
	if (!n)
		return -ENOMEM;
	err = keep_state(n, state);
	if (err == 0)
		err = sip_dialog_new_server(
			&n->dialog, agent, txn, &sip_notifier_dialog_handlers, n);
	if (err < 0) {
		obj_unref(n);
		return err;
	}
	*notifier = n;
	return 0;
}

int sip_notifier_accept(struct sip_notifier **notifier, struct sip_agent *agent,
	struct sip_server_transaction *txn, const struct sip_notifier_params *params,
	const struct sip_body *state, const struct sip_notifier_handlers *handlers, void *arg)
{
	struct sip_notifier *n = NULL;
	uint32_t expires;
	int err = prepare(&n, agent, txn, params, state);

	*notifier = NULL;
	if (err < 0)
		goto out;
	err = read_expires(n, txn, sip_server_transaction_request(txn), &expires);
	if (err < 0)
		goto out;
	err = enlist(n, agent, expires);
	if (err < 0)
		goto out;
	err = answer(n, txn, expires);
	if (err < 0) {
		leave(n);
		goto out;
	}
	if (expires == 0) {
		terminate(n, SIP_REASON_TIMEOUT, -1); /* 4.4.3: a fetch */
		goto out;
	}
	n->handlers = handlers;
	n->arg = arg;
	send_notify(n);
	*notifier = obj_ref(n);
out:
	obj_unref(n);
	if (err < 0 && err != -ERANGE)
		sip_server_transaction_reply(txn, status_of(err),
			err == -EMFILE ? SLICE("Retry-After: 60\r\n") : SLICE_NONE, SLICE_NONE,
			SLICE_NONE);
	return err;
}

/* ---- what the user does ------------------------------------------------------------------------ */

int sip_notifier_notify(struct sip_notifier *notifier, const struct sip_body *state)
{
	int err;

	if (!notifier->agent || notifier->state == SIP_SUBSCRIPTION_TERMINATED)
		return -ENOTCONN;
	err = keep_state(notifier, state);
	if (err == 0)
		send_notify(notifier);
	return err;
}

int sip_notifier_activate(struct sip_notifier *notifier, const struct sip_body *state)
{
	if (notifier->state == SIP_SUBSCRIPTION_PENDING)
		notifier->state = SIP_SUBSCRIPTION_ACTIVE;
	return sip_notifier_notify(notifier, state);
}

void sip_notifier_end(struct sip_notifier *notifier, enum sip_subscription_reason reason,
	int64_t retry_after, const struct sip_body *state)
{
	notifier->handlers = NULL;
	if (!notifier->agent || notifier->state == SIP_SUBSCRIPTION_TERMINATED)
		return;
	if (keep_state(notifier, state) < 0)
		drop_state(notifier);
	terminate(notifier, reason, retry_after);
}

uint32_t sip_notifier_expires(const struct sip_notifier *notifier)
{
	uint64_t now = notifier->agent ? notifier->agent->timers->now : UINT64_MAX;

	return notifier->expires_at > now ? (uint32_t)((notifier->expires_at - now) / 1000000) : 0;
}
