/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The request of a UAC: what it says (RFC 3261 8.1.1, 8.1.2). */
#include <errno.h>
#include <string.h>

#include "core/id.h"
#include "core/mem.h"
#include "sip/message.h"
#include "sip/register_private.h"
#include "sip/uac_private.h"

static struct slice put(char *text, size_t *used, struct slice s)
{
	char *at = text + *used;

	if (s.n)
		memcpy(at, s.p, s.n);
	*used += s.n;
	return slice_of(at, s.n);
}

/* Outside a dialog: names of its own where none are given. */
static int make_names(struct sip_uac *uac)
{
	struct sip_name_addr from;
	struct uri uri;

	if (uri_parse(uac->uri, &uri) < 0 || sip_name_addr_parse(uac->from, &from) < 0)
		return -EINVAL;
	if (from.tag.n == 0)
		id_token(uac->own_tag, SIP_TAG_LETTERS);
	if (uac->call_id.n == 0) {
		id_token(uac->own_call_id, sizeof uac->own_call_id - 1);
		uac->call_id = slice_str(uac->own_call_id);
	}
	return 0;
}

int sip_uac_copy(struct sip_uac *uac, const struct sip_uac_params *params)
{
	struct slice parts[] = {params->uri, params->from, params->to, params->call_id,
		params->route, params->extra, params->contact_user, params->body.type,
		params->body.data};
	struct slice *copies[] = {&uac->uri, &uac->from, &uac->to, &uac->call_id, &uac->route,
		&uac->extra, &uac->contact_user, &uac->body.type, &uac->body.data};
	size_t size = 1, used = 0;

	for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
		if (parts[i].n > SIP_MAX_MESSAGE)
			return -EINVAL;
		size += parts[i].n;
	}
	uac->text = mem_zalloc(size);
	if (!uac->text)
		return -ENOMEM;
	for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
		*copies[i] = put(uac->text, &used, parts[i]);
	uac->method = params->method;
	uac->contact = params->contact;
	uac->focus = params->focus;
	uac->write = params->write;
	uac->write_arg = params->write_arg;
	uac->dialog = obj_ref(params->dialog);
	uac->cseq = params->cseq ? params->cseq : 1;
	if (uac->dialog)
		uac->cseq = 0; /* drawn when it is sent */
	return uac->dialog ? 0 : make_names(uac);
}

/* The first of the pre-loaded routes; false when there is none. *rest: those behind it. */
static bool first_route(const struct sip_uac *uac, struct sip_name_addr *route, struct slice *rest)
{
	struct slice element;

	*rest = uac->route;
	return sip_list_next(rest, &element) && sip_name_addr_parse(element, route) == 0;
}

int sip_uac_hop(const struct sip_uac *uac, struct uri *hop, bool *route)
{
	struct sip_name_addr first;
	struct slice rest;

	*route = true;
	if (uac->dialog)
		return sip_dialog_next_hop(uac->dialog, hop);
	*route = first_route(uac, &first, &rest);
	if (!*route)
		return uri_parse(uac->uri, hop);
	*hop = first.uri;
	return 0;
}

/* 8.1.2, 12.2.1.1: a strict router wants itself as request-URI and ours as the last route. */
static struct buf *begin(struct sip_uac *uac, char *branch, struct slice *request_uri)
{
	struct sip_name_addr route;
	struct slice rest, lr;
	bool routed = first_route(uac, &route, &rest);
	bool strict = routed && !uri_param(&route.uri, "lr", &lr);
	struct buf *out;

	*request_uri = strict ? route.uri_text : uac->uri;
	out = sip_request_begin(uac->agent, uac->flow, uac->method, *request_uri, branch);
	rest = slice_trim(rest);
	if (strict)
		sip_write_header_f(out, SIP_HDR_ROUTE, "%.*s%s<%.*s>", SLICE_ARG(rest),
			rest.n ? ", " : "", SLICE_ARG(uac->uri));
	else if (routed)
		sip_write_header(out, SIP_HDR_ROUTE, uac->route);
	sip_write_header_f(out, SIP_HDR_FROM, "%.*s%s%s", SLICE_ARG(uac->from),
		uac->own_tag[0] ? ";tag=" : "", uac->own_tag);
	sip_write_header(out, SIP_HDR_TO, uac->to);
	sip_write_header(out, SIP_HDR_CALL_ID, uac->call_id);
	sip_write_cseq(out, uac->cseq, slice_str(sip_method_name(uac->method)));
	if (uac->write)
		uac->write(out, uac->flow, uac->write_arg);
	if (uac->contact && !sip_register_write_contact(uac->agent, out, uac->flow, uac->from,
				    uac->contact_user, false))
		sip_write_contact(out, uac->flow, slice_starts_nocase(uac->uri, SLICE("sips:")),
			uac->contact_user, false);
	return out;
}

static struct buf *begin_in_dialog(struct sip_uac *uac, char *branch, struct slice *request_uri)
{
	struct buf *out = sip_dialog_begin(uac->dialog, uac->flow, uac->method, uac->cseq, branch);

	if (uac->contact)
		sip_dialog_write_contact(
			uac->dialog, out, uac->flow, uac->contact_user, uac->focus);
	*request_uri = sip_dialog_request_uri(uac->dialog);
	return out;
}

int sip_uac_send(
	struct sip_uac *uac, size_t limit, const struct sip_client_transaction_handlers *handlers)
{
	char branch[SIP_BRANCH_SIZE];
	struct sip_request request = {.flow = uac->flow,
		.method = uac->method,
		.branch = branch,
		.type = uac->body.type,
		.body = uac->body.data,
		.limit = limit};
	struct slice uri;
	struct buf *out, lines;
	int err;

	out = uac->dialog ? begin_in_dialog(uac, branch, &uri) : begin(uac, branch, &uri);
	sip_write_lines(out, uac->extra);
	if (uac->auth) {
		buf_init(&lines, 8192);
		sip_auth_client_write(
			uac->auth, &lines, slice_str(sip_method_name(uac->method)), uri);
		err = lines.err;
		if (err == 0)
			sip_write_lines(out, buf_view(&lines));
		buf_free(&lines);
		if (err < 0)
			return err;
	}
	return sip_request_send(uac->agent, &request, handlers, uac, &uac->txn);
}
