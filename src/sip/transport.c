/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SIP transports: listeners, the choice among them, and handing messages on (RFC 3261 18). */
#include "sip/transport.h"

#include <errno.h>

#include "core/log.h"
#include "core/mem.h"
#include "net/tcp.h"
#include "net/tls_context.h"
#include "net/udp.h"
#include "sip/message.h"
#include "sip/transport_impl.h"

static const struct sip_transports_settings defaults = {
	.max_message = SIP_MAX_MESSAGE,
	.max_connections = 8192,
	.max_per_source = 256,
	.idle_ms = 7200 * 1000,
	.partial_ms = 32 * 1000,
	.connect_ms = 10 * 1000,
	.write_cap = 1 << 20,
	.handshake_ms = 10 * 1000,
	.max_handshakes = 1024,
	.max_handshakes_per_source = 64,
};

static void transports_destroy(void *obj)
{
	struct sip_transports *t = obj;

	sip_transports_close(t);
	hash_free(&t->by_source);
	obj_unref(t->settings.tls);
}

static void apply_settings(
	struct sip_transports_settings *to, const struct sip_transports_settings *given)
{
	*to = defaults;
	if (!given)
		return;
	if (given->max_message)
		to->max_message = given->max_message;
	if (given->max_connections)
		to->max_connections = given->max_connections;
	if (given->max_per_source)
		to->max_per_source = given->max_per_source;
	if (given->idle_ms)
		to->idle_ms = given->idle_ms;
	if (given->partial_ms)
		to->partial_ms = given->partial_ms;
	if (given->connect_ms)
		to->connect_ms = given->connect_ms;
	if (given->write_cap)
		to->write_cap = given->write_cap;
	if (given->handshake_ms)
		to->handshake_ms = given->handshake_ms;
	if (given->max_handshakes)
		to->max_handshakes = given->max_handshakes;
	if (given->max_handshakes_per_source)
		to->max_handshakes_per_source = given->max_handshakes_per_source;
	to->tls = obj_ref(given->tls);
	to->advertised = given->advertised;
}

int sip_transports_new(struct sip_transports **transports, struct loop *loop,
	const struct sip_transports_settings *settings,
	const struct sip_transports_handlers *handlers, void *arg)
{
	struct sip_transports *t;
	int err;

	*transports = NULL;
	t = obj_new(sizeof *t, transports_destroy);
	if (!t)
		return -ENOMEM;
	t->loop = loop;
	apply_settings(&t->settings, settings);
	t->handlers = *handlers;
	t->arg = arg;
	list_init(&t->listeners);
	list_init(&t->connections);
	list_init(&t->broken);
	err = hash_init(&t->by_source);
	if (err)
		obj_unref(t);
	else
		*transports = t;
	return err;
}

/* ---- listeners ---- */

static void listener_close(struct sip_listener *listener)
{
	if (!listener->transports)
		return;
	listener->transports = NULL;
	list_remove(&listener->node);
	if (listener->udp)
		sip_udp_close(listener);
	if (listener->tcp)
		tcp_listener_close(listener->tcp);
	obj_unref(listener);
}

static void listener_destroy(void *obj)
{
	struct sip_listener *listener = obj;

	obj_unref(listener->udp);
	obj_unref(listener->tcp);
}

int sip_transports_listen(
	struct sip_transports *t, enum sip_transport transport, const struct addr *local)
{
	struct sip_listener *listener;
	char text[ADDR_TEXT];
	int err;

	if (t->closed)
		return -ENOTCONN;
	if (transport == SIP_TLS && !t->settings.tls)
		return -EPROTONOSUPPORT;
	listener = obj_new(sizeof *listener, listener_destroy);
	if (!listener)
		return -ENOMEM;
	list_init(&listener->node);
	listener->transport = transport;
	listener->transports = t;
	if (transport == SIP_UDP)
		err = sip_udp_listen(listener, local);
	else
		err = sip_tcp_listen(listener, local);
	if (err) {
		listener->transports = NULL;
		obj_unref(listener);
		return err;
	}
	list_append(&t->listeners, &listener->node);
	log_info("sylk.core", "Listening for SIP on %s/%s", sip_transport_name(transport),
		addr_print(&listener->local, text));
	return 0;
}

bool sip_transports_listener(const struct sip_transports *t, unsigned n,
	enum sip_transport *transport, struct addr *local)
{
	const struct list_node *it;

	for (it = t->listeners.next; it != &t->listeners; it = it->next) {
		const struct sip_listener *listener = CONTAINER_OF(it, struct sip_listener, node);

		if (n-- > 0)
			continue;
		*transport = listener->transport;
		*local = listener->local;
		return true;
	}
	return false;
}

/* How well a listener suits packets that would leave from source; 0: not at all. */
static int suitability(const struct sip_listener *listener, enum sip_transport transport,
	const struct addr *source)
{
	if (listener->transport != transport ||
		addr_family(&listener->local) != addr_family(source))
		return 0;
	if (addr_equal_host(&listener->local, source))
		return 3;
	if (addr_is_any(&listener->local))
		return 2;
	/* Another address of ours: it may do, but what is bound to loopback stays there. */
	return addr_is_loopback(&listener->local) == addr_is_loopback(source);
}

int sip_transports_route(const struct sip_transports *t, enum sip_transport transport,
	const struct addr *remote, struct sip_listener **listener, struct addr *local)
{
	const struct list_node *it;
	struct addr source;
	int best = 0, err;

	*listener = NULL;
	err = addr_source_for(remote, &source);
	if (err)
		return err;
	for (it = t->listeners.next; it != &t->listeners; it = it->next) {
		struct sip_listener *l = CONTAINER_OF(it, struct sip_listener, node);
		int fits = suitability(l, transport, &source);

		if (fits <= best)
			continue;
		best = fits;
		*listener = l;
		*local = fits == 2 ? source : l->local;
		addr_set_port(local, addr_port(&l->local));
	}
	return best ? 0 : -EAFNOSUPPORT;
}

/* ---- flows and messages ---- */

int sip_transports_flow(struct sip_transports *t, enum sip_transport transport,
	const struct addr *remote, const char *server_name, struct sip_flow **flow)
{
	*flow = NULL;
	if (t->closed)
		return -ENOTCONN;
	switch (transport) {
	case SIP_UDP:
		return sip_udp_flow(t, remote, flow);
	case SIP_TCP:
	case SIP_TLS:
		return sip_tcp_flow(t, transport, remote, server_name, flow);
	}
	return -EAFNOSUPPORT;
}

void sip_transports_deliver(
	struct sip_transports *t, struct sip_flow *flow, struct sip_msg *msg, int err)
{
	if (t->closed)
		return;
	obj_ref(t);
	msg->flow = flow;
	msg->source = flow->remote;
	if (t->handlers.trace)
		t->handlers.trace(flow, false, msg->raw, t->arg);
	if (err == 0) {
		t->counters.received++;
		t->handlers.received(flow, msg, t->arg);
	} else {
		/* Answering a malformed response, or an ACK, could make two servers quarrel. */
		t->counters.malformed++;
		if (msg->answerable && t->handlers.malformed)
			t->handlers.malformed(flow, msg, t->arg);
	}
	obj_unref(t);
}

void sip_transports_sent(
	struct sip_transports *t, const struct sip_flow *flow, struct slice message)
{
	if (!t)
		return;
	t->counters.sent++;
	if (t->handlers.trace)
		t->handlers.trace(flow, true, message, t->arg);
}

unsigned sip_transports_connections(const struct sip_transports *t)
{
	return t->accepted + t->opened;
}

const struct sip_transports_counters *sip_transports_counters(const struct sip_transports *t)
{
	return &t->counters;
}

void sip_transports_close(struct sip_transports *t)
{
	if (t->closed)
		return;
	t->closed = true;
	while (!list_empty(&t->listeners))
		listener_close(CONTAINER_OF(t->listeners.next, struct sip_listener, node));
	sip_tcp_close_all(t);
}
