/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Requests inside a dialog: what they say and where they go (RFC 3261 12.2.1.1, 8.1.2). */
#include <errno.h>
#include <stdio.h>

#include "core/mem.h"
#include "sip/dialog_private.h"
#include "sip/flow.h"
#include "sip/message.h"

enum { MAX_HOST_NAME = 256 /* RFC 1035 2.3.4 */ };

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

void sip_dialog_write_contact(const struct sip_dialog *dialog, struct buf *out,
	const struct sip_flow *flow, struct slice user, bool focus)
{
	char host[ADDR_TEXT];
	const char *transport = "";

	if (flow->transport == SIP_TCP)
		transport = ";transport=tcp";
	else if (flow->transport == SIP_TLS && !dialog->secure)
		transport = ";transport=tls";
	if (user.n == 0)
		user = SLICE("sylkserver");
	sip_write_header_f(out, SIP_HDR_CONTACT, "<%s:%.*s@%s:%u%s>%s",
		dialog->secure ? "sips" : "sip", SLICE_ARG(user),
		addr_print_uri_host(&flow->local, host), addr_port(&flow->local), transport,
		focus ? ";isfocus" : "");
}

/* RFC 3263 4.1, 4.2, for a host that is an address: transport and port. */
static int literal_hop(const struct uri *uri, enum sip_transport *transport, struct addr *hop)
{
	struct slice name;
	uint16_t port = uri->port;

	*transport = uri->scheme == URI_SIPS ? SIP_TLS : SIP_UDP;
	if (uri_param(uri, "transport", &name)) {
		if (slice_eq_nocase(name, SLICE("tls")))
			*transport = SIP_TLS;
		else if (slice_eq_nocase(name, SLICE("tcp")) && uri->scheme != URI_SIPS)
			*transport = SIP_TCP;
		else if (!slice_eq_nocase(name, SLICE("udp")) &&
			 !slice_eq_nocase(name, SLICE("tcp")))
			return -EINVAL;
	}
	if (port == 0)
		port = *transport == SIP_TLS ? 5061 : 5060;
	return addr_parse(uri->host, port, hop);
}

/* Whether requests to this hop may go by a flow that is there already. */
static bool usable(
	const struct sip_flow *flow, enum sip_transport transport, const struct addr *hop)
{
	if (flow->closed || flow->transport != transport)
		return false;
	/* A connection that its host opened itself comes from another port (RFC 5923). */
	return sip_flow_reliable(flow) ? addr_equal_host(&flow->remote, hop)
				       : addr_equal(&flow->remote, hop);
}

/* The name that TLS must prove; false when it is too long to be one. */
static bool copy_host(const struct uri *uri, char name[MAX_HOST_NAME])
{
	if (uri->host.n >= MAX_HOST_NAME)
		return false;
	snprintf(name, MAX_HOST_NAME, "%.*s", SLICE_ARG(uri->host));
	return true;
}

int sip_dialog_flow(struct sip_dialog *dialog, struct sip_flow **flow)
{
	struct sip_agent *agent = dialog->agent;
	struct sip_name_addr route;
	enum sip_transport transport;
	char name[MAX_HOST_NAME];
	struct addr hop;
	struct slice rest;
	struct uri target;
	int err;

	if (!agent)
		return -ENOTCONN;
	if (first_route(dialog, &route, &rest))
		target = route.uri;
	else if (uri_parse(dialog->target, &target) < 0)
		target = (struct uri){0};
	err = literal_hop(&target, &transport, &hop);
	if (err < 0 && agent->io->locate)
		err = agent->io->locate(agent->io_arg, &target, &transport, &hop);
	if (err < 0 || usable(dialog->flow, transport, &hop)) {
		*flow = obj_ref(dialog->flow);
		return 0;
	}
	if (!copy_host(&target, name))
		return -EINVAL;
	err = agent->io->flow(agent->io_arg, transport, &hop, name, flow);
	if (err < 0 && !dialog->flow->closed) {
		/* A transport we do not have: the peer has reached us by this one. */
		*flow = obj_ref(dialog->flow);
		err = 0;
	}
	return err;
}
