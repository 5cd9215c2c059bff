/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * SIP over UDP: one datagram, one message (RFC 3261 18.3). A flow is a value: a socket, and two
 * addresses; those used lately are shared, so that a proxy's thousand calls hold one.
 */
#include <errno.h>

#include "core/mem.h"
#include "net/stun.h"
#include "net/udp.h"
#include "sip/message.h"
#include "sip/transport_impl.h"

struct udp_flow {
	struct sip_flow f;
	struct sip_listener *listener; /* a reference */
};

static struct udp_flow *udp_flow_of(struct sip_flow *flow)
{
	return CONTAINER_OF(flow, struct udp_flow, f);
}

static int udp_flow_send(struct sip_flow *flow, struct slice message)
{
	struct sip_listener *listener = udp_flow_of(flow)->listener;
	int err = udp_send_from(listener->udp, message, &flow->remote, &flow->local);

	if (!err)
		sip_transports_sent(listener->transports, flow, message);
	return err;
}

static int flow_between(struct sip_listener *listener, const struct addr *local,
	const struct addr *remote, struct sip_flow **flow);

static int udp_flow_towards(
	struct sip_flow *flow, const struct addr *remote, struct sip_flow **other)
{
	struct sip_listener *listener = udp_flow_of(flow)->listener;

	if (!listener->transports)
		return -ENOTCONN;
	if (addr_family(remote) != addr_family(&flow->remote))
		return -EAFNOSUPPORT;
	return flow_between(listener, &flow->local, remote, other);
}

static const struct sip_flow_ops udp_flow_ops = {
	.send = udp_flow_send,
	.towards = udp_flow_towards,
};

static void udp_flow_destroy(void *obj)
{
	struct udp_flow *flow = obj;

	obj_unref(flow->listener);
}

static struct sip_flow **cache_slot(struct sip_listener *listener, const struct addr *remote)
{
	return &listener->cache[addr_hash(remote) % UDP_FLOW_CACHE];
}

static int flow_between(struct sip_listener *listener, const struct addr *local,
	const struct addr *remote, struct sip_flow **flow)
{
	struct sip_flow **slot = cache_slot(listener, remote);
	struct udp_flow *made;

	*flow = NULL;
	if (*slot && addr_equal(&(*slot)->remote, remote) && addr_equal(&(*slot)->local, local)) {
		*flow = obj_ref(*slot);
		return 0;
	}
	made = obj_new(sizeof *made, udp_flow_destroy);
	if (!made)
		return -ENOMEM;
	sip_flow_init(&made->f, &udp_flow_ops, SIP_UDP, local, remote);
	made->listener = obj_ref(listener);
	if (listener->transports)
		sip_flow_advertise(&made->f, &listener->transports->settings.advertised);
	obj_unref(*slot);
	*slot = obj_ref(&made->f);
	*flow = &made->f;
	return 0;
}

/* RFC 5626 8: STUN shares the port with SIP; its first two bits tell it apart. */
static void receive_stun(
	struct sip_listener *listener, struct slice datagram, const struct addr *from)
{
	struct sip_transports *t = listener->transports;
	struct sip_flow *flow;

	if (!t->handlers.stun || addr_port(from) == 0 ||
		flow_between(listener, udp_arrived_at(listener->udp), from, &flow) < 0)
		return;
	t->handlers.stun(flow, datagram, t->arg);
	obj_unref(flow);
}

/* Whether the datagram has been dealt with unparsed. */
static bool deal_early(
	struct sip_listener *listener, struct slice datagram, const struct addr *from)
{
	struct sip_transports *t = listener->transports;
	struct slice answer;
	struct addr to;

	if (!t->handlers.early || t->handlers.trace || addr_port(from) == 0 ||
		!t->handlers.early(datagram, from, &answer, &to, t->arg))
		return false;
	t->counters.received++;
	if (answer.n &&
		udp_send_from(listener->udp, answer, &to, udp_arrived_at(listener->udp)) == 0)
		t->counters.sent++;
	return true;
}

static void on_datagram(struct slice datagram, const struct addr *from, void *arg)
{
	struct sip_listener *listener = arg;
	struct sip_transports *t = listener->transports;
	struct sip_flow *flow;
	struct sip_msg msg;
	size_t consumed;
	int err;

	if (stun_is(datagram)) {
		receive_stun(listener, datagram, from);
		return;
	}
	if (deal_early(listener, datagram, from))
		return;
	/* Keep-alives (blank lines, as many clients send them through NATs) are no messages. */
	err = sip_msg_parse(datagram, false, &msg, &consumed);
	if (err == -ENODATA)
		return;
	/* Nobody can be answered at port 0. */
	if (datagram.n > t->settings.max_message || addr_port(from) == 0 ||
		flow_between(listener, udp_arrived_at(listener->udp), from, &flow) < 0) {
		t->counters.malformed++;
		return;
	}
	sip_transports_deliver(t, flow, &msg, err);
	obj_unref(flow);
}

int sip_udp_listen(struct sip_listener *listener, const struct addr *local)
{
	int err = udp_new(&listener->udp, listener->transports->loop, local, on_datagram, listener);

	if (!err)
		listener->local = *udp_local(listener->udp);
	return err;
}

void sip_udp_close(struct sip_listener *listener)
{
	udp_close(listener->udp);
	for (unsigned i = 0; i < UDP_FLOW_CACHE; i++)
		listener->cache[i] = obj_unref(listener->cache[i]);
}

int sip_udp_flow(struct sip_transports *t, const struct addr *remote, struct sip_flow **flow)
{
	struct sip_listener *listener;
	struct addr local;
	int err;

	err = sip_transports_route(t, SIP_UDP, remote, &listener, &local);
	return err ? err : flow_between(listener, &local, remote, flow);
}
