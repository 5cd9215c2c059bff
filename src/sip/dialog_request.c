/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Requests inside a dialog: what they say (RFC 3261 12.2.1.1). Where they go: dialog_hop.c. */
#include "sip/dialog_private.h"
#include "sip/flow.h"
#include "sip/message.h"
#include "sip/register_private.h"

/* The first route's address; false when the route set is empty. *rest: the routes behind it. */
static bool first_route(
	const struct sip_dialog *dialog, struct sip_name_addr *addr, struct slice *rest)
{
	struct slice element;

	*rest = dialog->routes;
	if (!sip_list_next(rest, &element) || sip_name_addr_parse(element, addr) < 0)
		return false;
	*rest = slice_trim(*rest);
	return true;
}

uint32_t sip_dialog_next_cseq(struct sip_dialog *dialog)
{
	return ++dialog->local_cseq; /* from 1; 8.1.1.5 leaves the start to us */
}

struct buf *sip_dialog_begin(struct sip_dialog *dialog, const struct sip_flow *flow,
	enum sip_method method, uint32_t cseq, char *branch)
{
	struct sip_name_addr route;
	struct slice rest, lr;
	struct buf *out;
	bool routed = first_route(dialog, &route, &rest);
	bool strict = routed && !uri_param(&route.uri, "lr", &lr);

	/* A strict router wants itself as request-URI and the target as last route. */
	out = sip_request_begin(
		dialog->agent, flow, method, strict ? route.uri_text : dialog->target, branch);
	if (strict)
		sip_write_header_f(out, SIP_HDR_ROUTE, "%.*s%s<%.*s>", SLICE_ARG(rest),
			rest.n ? ", " : "", SLICE_ARG(dialog->target));
	else if (routed)
		sip_write_header(out, SIP_HDR_ROUTE, dialog->routes);
	sip_write_header(out, SIP_HDR_FROM, dialog->local);
	sip_write_header(out, SIP_HDR_TO, dialog->remote);
	sip_write_header(out, SIP_HDR_CALL_ID, dialog->call_id);
	sip_write_cseq(out, cseq, slice_str(sip_method_name(method)));
	return out;
}

void sip_write_contact(
	struct buf *out, const struct sip_flow *flow, bool secure, struct slice user, bool focus)
{
	char host[ADDR_TEXT];
	const char *transport = "";

	if (flow->transport == SIP_TCP)
		transport = ";transport=tcp";
	else if (flow->transport == SIP_TLS && !secure)
		transport = ";transport=tls";
	if (user.n == 0)
		user = SLICE("sylkserver");
	sip_write_header_f(out, SIP_HDR_CONTACT, "<%s:%.*s@%s:%u%s>%s", secure ? "sips" : "sip",
		SLICE_ARG(user), addr_print_uri_host(&flow->contact, host),
		addr_port(&flow->contact), transport, focus ? ";isfocus" : "");
}

void sip_dialog_write_contact(const struct sip_dialog *dialog, struct buf *out,
	const struct sip_flow *flow, struct slice user, bool focus)
{
	if (!dialog->agent || dialog->secure ||
		!sip_register_write_contact(dialog->agent, out, flow, dialog->local, user, focus))
		sip_write_contact(out, flow, dialog->secure, user, focus);
}

struct slice sip_dialog_request_uri(const struct sip_dialog *dialog)
{
	struct sip_name_addr route;
	struct slice rest, lr;
	bool strict = first_route(dialog, &route, &rest) && !uri_param(&route.uri, "lr", &lr);

	return strict ? route.uri_text : dialog->target;
}

int sip_dialog_next_hop(const struct sip_dialog *dialog, struct uri *hop)
{
	struct sip_name_addr route;
	struct slice rest;

	if (!first_route(dialog, &route, &rest))
		return uri_parse(dialog->target, hop);
	*hop = route.uri;
	return 0;
}
