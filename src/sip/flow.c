/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Flow: what all kinds have in common, and where responses go (RFC 3261 18.2.2, RFC 3581). */
#include "sip/flow.h"

#include <errno.h>

#include "core/mem.h"
#include "sip/message.h"

enum { SIP_PORT = 5060, SIPS_PORT = 5061 };

void sip_flow_init(struct sip_flow *flow, const struct sip_flow_ops *ops,
	enum sip_transport transport, const struct addr *local, const struct addr *remote)
{
	flow->ops = ops;
	flow->transport = transport;
	flow->local = flow->contact = *local;
	flow->remote = *remote;
	flow->closed = false;
	list_init(&flow->watches);
}

void sip_flow_advertise(struct sip_flow *flow, const struct addr *host)
{
	if (!host->len || addr_family(host) != addr_family(&flow->local))
		return;
	flow->contact = *host;
	addr_set_port(&flow->contact, addr_port(&flow->local));
}

int sip_flow_send(struct sip_flow *flow, struct slice message)
{
	return flow->closed ? -ENOTCONN : flow->ops->send(flow, message);
}

const char *sip_transport_name(enum sip_transport transport)
{
	switch (transport) {
	case SIP_UDP:
		return "UDP";
	case SIP_TCP:
		return "TCP";
	case SIP_TLS:
		return "TLS";
	}
	return "";
}

void sip_flow_watch(struct sip_flow *flow, struct sip_flow_watch *watch)
{
	list_append(&flow->watches, &watch->node);
}

void sip_flow_unwatch(struct sip_flow_watch *watch)
{
	/* One that was never used is all zero. */
	if (watch->node.next)
		list_remove(&watch->node);
}

void sip_flow_fail(struct sip_flow *flow, int err)
{
	if (flow->closed)
		return;
	flow->closed = true;
	obj_ref(flow);
	while (!list_empty(&flow->watches)) {
		struct sip_flow_watch *watch =
			CONTAINER_OF(flow->watches.next, struct sip_flow_watch, node);

		list_remove(&watch->node);
		watch->failed(err, watch->arg);
	}
	obj_unref(flow);
}

void sip_flow_abandon(struct sip_flow *flow, int err)
{
	if (!sip_flow_reliable(flow) || flow->closed)
		return;
	if (flow->ops->abandon)
		flow->ops->abandon(flow, err);
	else
		sip_flow_fail(flow, err);
}

int sip_flow_towards(struct sip_flow *flow, const struct addr *remote, struct sip_flow **other)
{
	*other = NULL;
	return flow->ops->towards ? flow->ops->towards(flow, remote, other) : -EOPNOTSUPP;
}

bool sip_flow_proves(const struct sip_flow *flow, struct slice domain)
{
	return !flow->closed && flow->ops->proves && flow->ops->proves(flow, domain);
}

void sip_response_address(const struct sip_via *via, enum sip_transport transport,
	const struct addr *source, struct addr *to)
{
	bool udp = transport == SIP_UDP;
	uint16_t sent_by = via->port;
	struct addr maddr;

	if (sent_by == 0)
		sent_by = transport == SIP_TLS ? SIPS_PORT : SIP_PORT;
	*to = *source;
	/*
	 * RFC 3261 18.2.2, second item. Only clients that sent to a multicast group write maddr
	 * (18.1.1); any other value would let a stranger aim our responses at a third party.
	 */
	if (udp && via->maddr.n && addr_parse(via->maddr, sent_by, &maddr) == 0 &&
		addr_is_multicast(&maddr)) {
		*to = maddr;
		return;
	}
	/* RFC 3581 section 4: with rport, back to the source's port; it is for UDP alone. */
	if (udp && via->has_rport)
		return;
	/* Third and fourth item: to the source ("received"), at sent-by's port. */
	addr_set_port(to, sent_by);
}

int sip_flow_for_response(const struct sip_msg *request, struct sip_flow **flow)
{
	struct sip_flow *own = request->flow;
	struct addr to;

	*flow = NULL;
	/* First item: the connection that the request came by, if it is still open. */
	if (sip_flow_reliable(own) && !own->closed) {
		*flow = obj_ref(own);
		return 0;
	}
	sip_response_address(&request->via, own->transport, &request->source, &to);
	if (!own->closed && (addr_equal(&to, &own->remote) || !own->ops->towards)) {
		*flow = obj_ref(own);
		return 0;
	}
	return sip_flow_towards(own, &to, flow);
}
