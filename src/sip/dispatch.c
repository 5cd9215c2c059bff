/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A new request: what the stack answers by itself, and to whom the others go (RFC 3261 8.2, 9.2,
 * 11.2, 12.2.2).
 */
#include <string.h>

#include "core/id.h"
#include "core/mem.h"
#include "sip/agent_private.h"
#include "sip/dialog_private.h"
#include "sip/invite_private.h"
#include "sip/event.h"
#include "sip/message.h"
#include "sip/refer.h"
#include "sip/server_transaction_private.h"
#include "sip/subscriber_private.h"
#include "sip/usage.h"

#define ALLOW_LINE "Allow: " SIP_ALLOW "\r\n"

/* What can be in the bodies of INVITE, MESSAGE and NOTIFY. */
#define CAPABILITY_LINES                                                            \
	ALLOW_LINE "Accept: application/sdp, message/cpim, text/plain, text/html, " \
		   "message/sipfrag\r\n"                                            \
		   "Accept-Encoding: identity\r\n"                                  \
		   "Supported: " SIP_SUPPORTED "\r\n"

static void reply(struct sip_server_transaction *txn, unsigned status, struct slice extra)
{
	sip_server_transaction_reply(txn, status, extra, SLICE_NONE, SLICE_NONE);
}

static void reply_with_events(struct sip_agent *agent, struct sip_server_transaction *txn,
	unsigned status, const char *others)
{
	struct buf lines;

	buf_init(&lines, 4096);
	buf_str(&lines, others);
	sip_write_allow_events(agent, &lines);
	reply(txn, status, lines.err ? SLICE_NONE : buf_view(&lines));
	buf_free(&lines);
}

static bool is_supported(struct slice option)
{
	struct slice rest = slice_str(SIP_SUPPORTED), each;

	while (sip_list_next(&rest, &each)) {
		if (slice_eq_nocase(each, option))
			return true;
	}
	return false;
}

/* 8.2.2.3: 420 names all that are not understood. True: it was sent. */
static bool refuse_extensions(struct sip_server_transaction *txn, const struct sip_msg *request)
{
	struct sip_element_walk walk = {0};
	struct slice option;
	struct buf names;
	bool refused = false;

	buf_init(&names, 4096);
	while (sip_msg_element(request, SIP_HDR_REQUIRE, &walk, &option)) {
		if (is_supported(option))
			continue;
		refused = true;
		if (!sip_is_token(option))
			continue;
		buf_str(&names, names.n ? ", " : "Unsupported: ");
		buf_slice(&names, option);
	}
	if (names.n)
		buf_str(&names, "\r\n");
	if (refused)
		reply(txn, 420, names.err ? SLICE_NONE : buf_view(&names));
	buf_free(&names);
	return refused;
}

/* 8.2.3. True: 415 was sent. */
static bool refuse_encoding(struct sip_server_transaction *txn, const struct sip_msg *request)
{
	struct sip_element_walk walk = {0};
	struct slice encoding;

	while (sip_msg_element(request, SIP_HDR_CONTENT_ENCODING, &walk, &encoding)) {
		if (!slice_eq_nocase(encoding, SLICE("identity"))) {
			reply(txn, 415, SLICE("Accept-Encoding: identity\r\n"));
			return true;
		}
	}
	return false;
}

/* 8.2.2.2: another request without a To tag is the same one, and not this transaction. */
static bool is_merged(struct sip_agent *agent, const struct sip_server_transaction *txn)
{
	struct sip_key_value key = {txn->merged.node.hash, txn->merged.check};
	struct hash_node *node;

	if (!txn->in_merged)
		return false;
	for (node = hash_first(&agent->merged, key.hash); node; node = hash_next(node)) {
		const struct sip_key *other = (struct sip_key *)(void *)node;

		if (other != &txn->merged && other->check == key.check)
			return true;
	}
	return false;
}

/*
 * 16.3 item 4, for the calls that we make: an INVITE of ours, still unanswered, has come back to
 * whom it is from.
 */
static bool is_loop(const struct sip_agent *agent, const struct sip_msg *request)
{
	struct sip_element_walk walk = {0};
	struct slice element;
	struct sip_via via;

	if (request->method != SIP_INVITE || request->to.tag.n ||
		!slice_eq(request->uri.user, request->from.uri.user) ||
		!slice_eq_nocase(request->uri.host, request->from.uri.host))
		return false;
	while (sip_msg_element(request, SIP_HDR_VIA, &walk, &element)) {
		if (sip_via_parse(element, &via) == 0 && via.branch.n &&
			sip_key_find(&agent->client_transactions,
				sip_key_client(via.branch, SIP_INVITE)))
			return true;
	}
	return false;
}

/* The checks of 8.2 that are the same for all methods. True: answered. */
static bool refuse(
	struct sip_agent *agent, struct sip_server_transaction *txn, const struct sip_msg *request)
{
	if (request->method == SIP_OTHER) {
		reply(txn, 501, SLICE(ALLOW_LINE));
	} else if (request->max_forwards == 0 && request->method != SIP_OPTIONS) {
		/* 11: an OPTIONS that has come to the end of its way is answered there. */
		reply(txn, 483, SLICE_NONE);
	} else if (!uri_is_sip(&request->uri)) {
		reply(txn, 416, SLICE_NONE); /* 8.2.2.1 */
	} else if (is_merged(agent, txn) || is_loop(agent, request)) {
		reply(txn, 482, SLICE_NONE);
	} else {
		return refuse_extensions(txn, request) || refuse_encoding(txn, request);
	}
	return true;
}

/* 9.2: the CANCEL is answered whatever comes of it, with the To tag of the one it cancels. */
static void dispatch_cancel(
	struct sip_agent *agent, struct sip_server_transaction *txn, const struct sip_msg *cancel)
{
	struct sip_server_transaction *target =
		(struct sip_server_transaction *)(void *)sip_key_find(
			&agent->server_transactions, sip_key_server(cancel, SIP_INVITE));

	if (!target) {
		reply(txn, 481, SLICE_NONE);
		return;
	}
	obj_ref(target);
	memcpy(txn->tag, target->tag, sizeof txn->tag);
	reply(txn, 200, SLICE_NONE);
	sip_server_transaction_cancel(target, cancel);
	obj_unref(target);
}

static void dispatch_in_dialog(
	struct sip_agent *agent, struct sip_server_transaction *txn, const struct sip_msg *request)
{
	struct sip_dialog *dialog = sip_dialog_find(agent, request);

	/* RFC 6665 4.1.2.4: the first NOTIFY makes the dialog that it is in. */
	if (!dialog && request->method == SIP_NOTIFY && sip_subscriber_receive(agent, txn, request))
		return;
	if (!dialog || !dialog->handlers) {
		reply(txn, 481, SLICE_NONE);
		return;
	}
	if (!sip_dialog_in_sequence(dialog, request)) {
		reply(txn, 500, SLICE_NONE); /* 12.2.2 */
		return;
	}
	if (request->method == SIP_OPTIONS) {
		reply_with_events(agent, txn, 200, CAPABILITY_LINES); /* 11.2 */
		return;
	}
	obj_ref(dialog);
	if (request->method == SIP_REFER && dialog->handlers == &sip_invite_dialog_handlers)
		sip_refer_in_call(agent, dialog, txn, request);
	else if (!sip_dialog_ask_guests(dialog, txn, request) &&
		 !dialog->handlers->request(txn, request, dialog->arg))
		reply(txn, 405, SLICE(ALLOW_LINE));
	obj_unref(dialog);
}

/* Whether it asks for a package that somebody here has. */
static bool knows_event(const struct sip_agent *agent, const struct sip_msg *request)
{
	struct slice rest = slice_str(agent->events), each;
	struct sip_event event;

	if (sip_event_read(request, &event) < 0)
		return false;
	while (sip_list_next(&rest, &each)) {
		if (slice_eq(each, event.package))
			return true;
	}
	return false;
}

static void hand_out(
	struct sip_agent *agent, struct sip_server_transaction *txn, const struct sip_msg *request)
{
	if (!agent->handlers.request || !agent->handlers.request(txn, request, agent->arg))
		reply(txn, 405, SLICE(ALLOW_LINE));
}

static void dispatch_outside(
	struct sip_agent *agent, struct sip_server_transaction *txn, const struct sip_msg *request)
{
	unsigned status;

	switch (request->method) {
	case SIP_INVITE:
		if (agent->handlers.invite)
			sip_invite_new_server(agent, txn, request);
		else
			reply(txn, 405, SLICE(ALLOW_LINE));
		break;
	case SIP_OPTIONS:
		reply_with_events(agent, txn, 200, CAPABILITY_LINES);
		break;
	case SIP_BYE:    /* 15.1.2 */
	case SIP_PRACK:  /* RFC 3262 3 */
	case SIP_UPDATE: /* RFC 3311 5.2 */
	case SIP_INFO:   /* RFC 6086 4.2.2 */
	case SIP_NOTIFY: /* RFC 6665 4.1.3 */
		reply(txn, 481, SLICE_NONE);
		break;
	case SIP_SUBSCRIBE:
		if (knows_event(agent, request))
			hand_out(agent, txn, request);
		else
			reply_with_events(agent, txn, 489, "");
		break;
	case SIP_REFER:
		status = sip_refer_check(request);
		if (status)
			reply(txn, status, SLICE_NONE);
		else
			hand_out(agent, txn, request);
		break;
	default:
		hand_out(agent, txn, request);
		break;
	}
}

void sip_dispatch_request(
	struct sip_agent *agent, struct sip_server_transaction *txn, const struct sip_msg *request)
{
	if (request->method == SIP_CANCEL)
		dispatch_cancel(agent, txn, request);
	else if (refuse(agent, txn, request))
		return;
	else if (request->to.tag.n)
		dispatch_in_dialog(agent, txn, request);
	else if (agent->shutting_down)
		reply(txn, 503, SLICE("Retry-After: 60\r\n"));
	else
		dispatch_outside(agent, txn, request);
}

void sip_dispatch_ack(struct sip_agent *agent, const struct sip_msg *ack)
{
	struct sip_dialog *dialog = sip_dialog_find(agent, ack);

	if (!dialog || !dialog->handlers)
		return; /* of a call long gone, or stray: nothing may be sent for an ACK */
	obj_ref(dialog);
	dialog->handlers->ack(ack, dialog->arg);
	obj_unref(dialog);
}
