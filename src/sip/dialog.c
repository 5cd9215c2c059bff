/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Dialog: its life, its table, its state (RFC 3261 12.1, 12.2.2). Requests: dialog_request.c. */
#include "sip/dialog.h"

#include <errno.h>
#include <string.h>

#include "core/id.h"
#include "core/mem.h"
#include "sip/dialog_private.h"
#include "sip/flow.h"
#include "sip/message.h"
#include "sip/server_transaction.h"

#define MAX_TEXT 16384 /* bytes that one dialog keeps of its parties and route */
#define CALL_ID_LETTERS 24

static void destroy(void *obj)
{
	struct sip_dialog *dialog = obj;

	sip_dialog_close(dialog);
	mem_free(dialog->text);
	mem_free((void *)(uintptr_t)dialog->target.p);
	obj_unref(dialog->flow);
}

void sip_dialog_close(struct sip_dialog *dialog)
{
	if (dialog->in_table)
		hash_remove(&dialog->agent->dialogs, &dialog->key.node);
	dialog->in_table = false;
	sip_dialog_forget_hop(dialog);
	dialog->agent = NULL;
	dialog->handlers = NULL;
	sip_dialog_dismiss_guests(dialog);
}

static struct slice put(char *text, size_t *n, struct slice s)
{
	char *at = text + *n;

	if (s.n)
		memcpy(at, s.p, s.n);
	*n += s.n;
	return slice_of(at, s.n);
}

/* Copy all texts into one allocation; they may point into the old one. */
static int set_text(struct sip_dialog *dialog, struct slice call_id, struct slice local,
	struct slice remote, struct slice remote_tag, struct slice routes)
{
	size_t n = call_id.n + local.n + remote.n + remote_tag.n + routes.n;
	char *text = n <= MAX_TEXT ? mem_zalloc(n) : NULL;

	if (!text)
		return -ENOMEM;
	n = 0;
	dialog->call_id = put(text, &n, call_id);
	dialog->local = put(text, &n, local);
	dialog->remote = put(text, &n, remote);
	dialog->remote_tag = put(text, &n, remote_tag);
	dialog->routes = put(text, &n, routes);
	mem_free(dialog->text);
	dialog->text = text;
	return 0;
}

static int set_target(struct sip_dialog *dialog, struct slice uri)
{
	char *copy = uri.n <= MAX_TEXT ? mem_strndup(uri.p, uri.n) : NULL;

	if (!copy)
		return -ENOMEM;
	mem_free((void *)(uintptr_t)dialog->target.p);
	dialog->target = slice_of(copy, uri.n);
	return 0;
}

/* The first Contact's URI. Returns 0 or -EBADMSG. */
static int contact_uri(const struct sip_msg *msg, struct slice *uri)
{
	struct sip_element_walk walk = {0};
	struct sip_name_addr contact;

	if (sip_msg_address(msg, SIP_HDR_CONTACT, &walk, &contact) != 1 || contact.star ||
		!uri_is_sip(&contact.uri))
		return -EBADMSG;
	*uri = contact.uri_text;
	return 0;
}

void sip_dialog_refresh(struct sip_dialog *dialog, const struct sip_msg *msg)
{
	struct slice uri;

	if (contact_uri(msg, &uri) == 0 && !slice_eq(uri, dialog->target) &&
		set_target(dialog, uri) == 0 && dialog->in_table)
		sip_dialog_locate(dialog);
}

/*
 * The route set (12.1.1, 12.1.2): Record-Route as it stands for the one called, turned round for
 * the caller. Only the URIs matter, with all their parameters.
 */
static int read_routes(const struct sip_msg *msg, bool reverse, struct buf *routes)
{
	struct sip_element_walk walk = {0};
	struct slice list[SIP_MAX_HEADERS];
	struct sip_name_addr addr;
	size_t n = 0, i;
	int more;

	while ((more = sip_msg_address(msg, SIP_HDR_RECORD_ROUTE, &walk, &addr)) != 0) {
		if (more < 0 || addr.star || n == SIP_MAX_HEADERS)
			return -EBADMSG;
		list[n++] = addr.uri_text;
	}
	for (i = 0; i < n; i++) {
		buf_str(routes, i ? ", <" : "<");
		buf_slice(routes, list[reverse ? n - 1 - i : i]);
		buf_char(routes, '>');
	}
	return routes->err;
}

static void insert(struct sip_dialog *dialog)
{
	struct slice tag = slice_str(dialog->local_tag);

	sip_key_insert(&dialog->agent->dialogs, &dialog->key,
		sip_key_dialog(dialog->call_id, tag, dialog->remote_tag));
	dialog->in_table = true;
	sip_dialog_locate(dialog);
}

static struct sip_dialog *new_dialog(struct sip_agent *agent, struct sip_flow *flow,
	const struct sip_dialog_handlers *handlers, void *arg)
{
	struct sip_dialog *dialog = obj_new(sizeof *dialog, destroy);

	if (!dialog)
		return NULL;
	list_init(&dialog->guests);
	dialog->agent = agent;
	dialog->flow = obj_ref(flow);
	dialog->handlers = handlers;
	dialog->arg = arg;
	return dialog;
}

/* Our side's value: what the request called us (or we ourselves), with our tag. */
static void write_local(struct buf *out, struct slice name, const char *tag)
{
	buf_slice(out, name);
	buf_str(out, ";tag=");
	buf_str(out, tag);
}

/*
 * Our side of a dialog that a request makes: with txn's tag, or, in a NOTIFY (RFC 6665 4.4.1), the
 * one that our SUBSCRIBE had.
 */
static int set_local(
	struct sip_dialog *dialog, struct sip_server_transaction *txn, struct buf *local)
{
	const struct sip_msg *request = sip_server_transaction_request(txn);
	struct slice tag = request->to.tag;

	if (tag.n == 0) {
		memcpy(dialog->local_tag, sip_server_transaction_tag(txn), SIP_TAG_SIZE);
		write_local(local, sip_msg_value(request, SIP_HDR_TO), dialog->local_tag);
		return local->err;
	}
	if (tag.n != SIP_TAG_LETTERS)
		return -EBADMSG; /* none of ours */
	memcpy(dialog->local_tag, tag.p, tag.n);
	buf_slice(local, sip_msg_value(request, SIP_HDR_TO));
	return local->err;
}

/* 12.1.1: is the peer reached by sips only? */
static bool is_secure(const struct sip_msg *request)
{
	return request->uri.scheme == URI_SIPS;
}

int sip_dialog_new_server(struct sip_dialog **dialogp, struct sip_agent *agent,
	struct sip_server_transaction *txn, const struct sip_dialog_handlers *handlers, void *arg)
{
	const struct sip_msg *request = sip_server_transaction_request(txn);
	struct sip_dialog *dialog = NULL;
	struct buf local, routes;
	struct slice target;
	int err;

	buf_init(&local, MAX_TEXT);
	buf_init(&routes, MAX_TEXT);
	err = contact_uri(request, &target);
	if (err < 0)
		goto out;
	err = read_routes(request, false, &routes);
	if (err < 0)
		goto out;
	err = -ENOMEM;
	dialog = new_dialog(agent, sip_server_transaction_flow(txn), handlers, arg);
	if (!dialog || set_target(dialog, target) < 0)
		goto out;
	err = set_local(dialog, txn, &local);
	if (err < 0)
		goto out;
	err = set_text(dialog, request->call_id, buf_view(&local),
		sip_msg_value(request, SIP_HDR_FROM), request->from.tag, buf_view(&routes));
	if (err < 0)
		goto out;
	dialog->remote_cseq = request->cseq.number;
	dialog->remote_cseq_known = true;
	dialog->secure = is_secure(request);
	insert(dialog);
	*dialogp = obj_ref(dialog);
out:
	obj_unref(dialog);
	buf_free(&routes);
	buf_free(&local);
	return err;
}

int sip_dialog_new_client(struct sip_dialog **dialogp, struct sip_agent *agent,
	struct sip_flow *flow, const struct sip_dialog_target *target,
	const struct sip_dialog_handlers *handlers, void *arg)
{
	struct sip_dialog *dialog = new_dialog(agent, flow, handlers, arg);
	char call_id[CALL_ID_LETTERS + 1];
	struct buf local;
	int err = -ENOMEM;

	buf_init(&local, MAX_TEXT);
	if (!dialog || set_target(dialog, target->uri) < 0)
		goto out;
	id_token(dialog->local_tag, SIP_TAG_LETTERS);
	id_token(call_id, CALL_ID_LETTERS);
	write_local(&local, target->from, dialog->local_tag);
	err = local.err;
	if (err < 0)
		goto out;
	err = set_text(
		dialog, slice_str(call_id), buf_view(&local), target->to, SLICE_NONE, SLICE_NONE);
	if (err < 0)
		goto out;
	dialog->caller = true;
	dialog->secure = slice_starts_nocase(target->uri, SLICE("sips:"));
	*dialogp = obj_ref(dialog);
out:
	obj_unref(dialog);
	buf_free(&local);
	return err;
}

int sip_dialog_preload_route(struct sip_dialog *dialog, struct slice routes)
{
	return set_text(dialog, dialog->call_id, dialog->local, dialog->remote, SLICE_NONE, routes);
}

int sip_dialog_establish(struct sip_dialog *dialog, const struct sip_msg *response)
{
	struct buf routes;
	int err;

	buf_init(&routes, MAX_TEXT);
	err = read_routes(response, true, &routes);
	if (err < 0)
		buf_reset(&routes); /* one cannot refuse a response: go on without a route */
	err = set_text(dialog, dialog->call_id, dialog->local, sip_msg_value(response, SIP_HDR_TO),
		response->to.tag, buf_view(&routes));
	if (err < 0)
		goto out;
	sip_dialog_refresh(dialog, response);
	insert(dialog);
out:
	buf_free(&routes);
	return err;
}

int sip_dialog_fork(
	struct sip_dialog **forkp, const struct sip_dialog *dialog, const struct sip_msg *response)
{
	struct sip_dialog *fork = new_dialog(dialog->agent, dialog->flow, NULL, NULL);
	int err = -ENOMEM;

	if (!fork || set_target(fork, dialog->target) < 0)
		goto out;
	memcpy(fork->local_tag, dialog->local_tag, SIP_TAG_SIZE);
	err = set_text(fork, dialog->call_id, dialog->local, SLICE_NONE, SLICE_NONE, SLICE_NONE);
	if (err < 0)
		goto out;
	fork->caller = true;
	fork->secure = dialog->secure;
	fork->local_cseq = response->cseq.number;
	err = sip_dialog_establish(fork, response);
	if (err < 0)
		goto out;
	*forkp = obj_ref(fork);
out:
	obj_unref(fork);
	return err;
}

int sip_dialog_new_answered(struct sip_dialog **dialogp, struct sip_agent *agent,
	struct sip_flow *flow, const struct sip_msg *response,
	const struct sip_dialog_handlers *handlers, void *arg)
{
	struct sip_dialog *dialog;
	int err = -ENOMEM;

	if (response->from.tag.n != SIP_TAG_LETTERS)
		return -EBADMSG;
	dialog = new_dialog(agent, flow, handlers, arg);
	if (!dialog)
		return -ENOMEM;
	memcpy(dialog->local_tag, response->from.tag.p, SIP_TAG_LETTERS);
	dialog->caller = true;
	dialog->secure = response->to.uri.scheme == URI_SIPS;
	dialog->local_cseq = response->cseq.number;
	/* Without a Contact, which it must have, the one who was called is the best guess. */
	if (set_target(dialog, response->to.uri_text) < 0)
		goto out;
	err = set_text(dialog, response->call_id, sip_msg_value(response, SIP_HDR_FROM), SLICE_NONE,
		SLICE_NONE, SLICE_NONE);
	if (err == 0)
		err = sip_dialog_establish(dialog, response);
	if (err == 0)
		*dialogp = obj_ref(dialog);
out:
	obj_unref(dialog);
	return err;
}

struct sip_dialog *sip_dialog_find(struct sip_agent *agent, const struct sip_msg *request)
{
	return (struct sip_dialog *)(void *)sip_key_find(&agent->dialogs,
		sip_key_dialog(request->call_id, request->to.tag, request->from.tag));
}

bool sip_dialog_in_sequence(struct sip_dialog *dialog, const struct sip_msg *request)
{
	if (dialog->remote_cseq_known && request->cseq.number < dialog->remote_cseq)
		return false;
	dialog->remote_cseq = request->cseq.number;
	dialog->remote_cseq_known = true;
	return true;
}

bool sip_dialog_matches(const struct sip_dialog *dialog, const struct sip_msg *msg)
{
	struct slice local = msg->is_request ? msg->to.tag : msg->from.tag;
	struct slice remote = msg->is_request ? msg->from.tag : msg->to.tag;

	return slice_eq(msg->call_id, dialog->call_id) &&
	       slice_eq_nocase(local, slice_str(dialog->local_tag)) &&
	       slice_eq_nocase(remote, dialog->remote_tag);
}

bool sip_dialog_is_caller(const struct sip_dialog *dialog)
{
	return dialog->caller;
}

void sip_dialog_set_flow(struct sip_dialog *dialog, struct sip_flow *flow)
{
	obj_ref(flow);
	obj_unref(dialog->flow);
	dialog->flow = flow;
}

struct sip_flow *sip_dialog_first_flow(const struct sip_dialog *dialog)
{
	return dialog->flow;
}
