/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * SIP over connections, TCP or TLS on it (RFC 3261 18.1.1, 18.2.1, 18.3, 26.3.1; RFC 5626 3.5.1).
 * Limits, because a stranger may connect: how many connections and unfinished handshakes in all and
 * per source, how long a handshake may take, or a message to come whole, how long a write may wait,
 * how long nothing at all may happen.
 */
#include <errno.h>
#include <netinet/in.h>

#include "core/buf.h"
#include "core/mem.h"
#include "core/timer.h"
#include "net/tcp.h"
#include "net/tls.h"
#include "sip/message.h"
#include "sip/transport_impl.h"

enum {
	READ_MAX = 65536,   /* at most this much comes in one piece */
	PONGS_MAX = 8,      /* answered per piece; more pings at once keep nothing alive */
	EVICTION_STEPS = 32 /* how many idle connections are looked at for one to give up */
};

/*
 * A connection. While open it is in by_source and connections of its transports, which own a
 * reference; then, in broken, until the last holder lets go.
 */
struct tcp_flow {
	struct sip_flow f;
	struct sip_transports *transports; /* NULL once they are closed */
	struct hash_node by_source;
	struct list_node node;
	struct stream *stream; /* NULL once closed */
	char *server_name;     /* TLS that we opened: what the peer has to prove */
	bool accepted;
	bool handshaking; /* accepted, and not done with it */
	bool parsing;     /* in is being read: it may not be freed now */
	struct buf in;    /* the beginning of a message; holds no memory when there is none */
	struct sip_framer framer;
	uint64_t last_active; /* us */
	struct timer partial, stalled, idle;
};

static struct tcp_flow *tcp_flow_of(struct sip_flow *flow)
{
	return CONTAINER_OF(flow, struct tcp_flow, f);
}

/* ---- the table of connections ---- */

/* What one customer of a provider is given: an IPv4 address or an IPv6 /64. */
static size_t source_prefix(const struct addr *a, const void **prefix)
{
	if (addr_family(a) == AF_INET6) {
		*prefix = &a->u.in6.sin6_addr;
		return 8;
	}
	*prefix = &a->u.in4.sin_addr;
	return 4;
}

static uint64_t source_hash(const struct addr *a)
{
	const void *prefix;
	size_t n = source_prefix(a, &prefix);

	return hash_bytes(0, prefix, n);
}

static bool same_source(const struct addr *a, const struct addr *b)
{
	const void *pa, *pb;
	size_t n = source_prefix(a, &pa);

	return addr_family(a) == addr_family(b) && source_prefix(b, &pb) == n &&
	       memcmp(pa, pb, n) == 0;
}

/* What one source has open of ours: connections it has made, those of them still in a handshake. */
struct share {
	unsigned accepted, handshakes;
};

static struct share share_of(const struct sip_transports *t, const struct addr *remote)
{
	struct share share = {0};
	struct hash_node *it;

	for (it = hash_first(&t->by_source, source_hash(remote)); it; it = hash_next(it)) {
		const struct tcp_flow *flow = CONTAINER_OF(it, struct tcp_flow, by_source);

		if (!flow->accepted || !same_source(&flow->f.remote, remote))
			continue;
		share.accepted++;
		share.handshakes += flow->handshaking;
	}
	return share;
}

/* Whether requests to a domain may go by this connection (RFC 5922 7.3, for those already open). */
static bool leads_to(const struct tcp_flow *flow, const char *server_name)
{
	struct slice name = slice_str(server_name);

	if (flow->f.transport != SIP_TLS || !tls_context_verifies(flow->transports->settings.tls))
		return true;
	return slice_eq_nocase(slice_str(flow->server_name), name) ||
	       tls_peer_proves(flow->stream, name);
}

static struct tcp_flow *connection_to(const struct sip_transports *t, enum sip_transport transport,
	const struct addr *remote, const char *server_name)
{
	struct hash_node *it;

	for (it = hash_first(&t->by_source, source_hash(remote)); it; it = hash_next(it)) {
		struct tcp_flow *flow = CONTAINER_OF(it, struct tcp_flow, by_source);

		if (flow->f.transport == transport && addr_equal(&flow->f.remote, remote) &&
			leads_to(flow, server_name))
			return flow;
	}
	return NULL;
}

/* ---- closing ---- */

static void forget_input(struct tcp_flow *flow)
{
	if (!flow->parsing)
		buf_free(&flow->in);
}

static void end_handshake(struct tcp_flow *flow)
{
	flow->transports->handshakes -= flow->handshaking;
	flow->handshaking = false;
}

static void tcp_flow_close(struct tcp_flow *flow, int err)
{
	struct sip_transports *t = flow->transports;

	if (flow->f.closed)
		return;
	if (flow->accepted)
		t->accepted--;
	else
		t->opened--;
	end_handshake(flow);
	hash_remove(&t->by_source, &flow->by_source);
	list_remove(&flow->node);
	list_append(&t->broken, &flow->node);
	timer_stop(&flow->partial);
	timer_stop(&flow->stalled);
	timer_stop(&flow->idle);
	stream_close(flow->stream);
	flow->stream = obj_unref(flow->stream);
	forget_input(flow);
	sip_flow_fail(&flow->f, err);
	obj_unref(flow);
}

static void tcp_flow_destroy(void *obj)
{
	struct tcp_flow *flow = obj;

	list_remove(&flow->node);
	buf_free(&flow->in);
	mem_free(flow->server_name);
}

static void tcp_flow_expire(struct tcp_flow *flow)
{
	flow->transports->counters.timed_out++;
	tcp_flow_close(flow, -ETIMEDOUT);
}

static void on_time_up(void *arg)
{
	tcp_flow_expire(arg);
}

/* Activity only notes the time; the timer finds out when it fires. */
static void on_idle(void *arg)
{
	struct tcp_flow *flow = arg;
	struct timer_set *timers = loop_timers(flow->transports->loop);
	uint64_t limit = flow->transports->settings.idle_ms * 1000;
	uint64_t idle = timers->now - flow->last_active;

	if (idle < limit)
		timer_start_us(&flow->idle, timers, limit - idle);
	else
		tcp_flow_expire(flow);
}

static void note_activity(struct tcp_flow *flow)
{
	struct sip_transports *t = flow->transports;

	flow->last_active = loop_now(t->loop);
	list_remove(&flow->node);
	list_append(&t->connections, &flow->node);
}

void sip_tcp_close_all(struct sip_transports *t)
{
	while (!list_empty(&t->connections))
		tcp_flow_close(CONTAINER_OF(t->connections.next, struct tcp_flow, node), -ENOTCONN);
	while (!list_empty(&t->broken)) {
		struct tcp_flow *flow = CONTAINER_OF(t->broken.next, struct tcp_flow, node);

		list_remove(&flow->node);
		flow->transports = NULL;
	}
}

/* ---- sending ---- */

static int tcp_flow_send(struct sip_flow *f, struct slice message)
{
	struct tcp_flow *flow = tcp_flow_of(f);
	struct sip_transports *t = flow->transports;
	int err = stream_write(flow->stream, message);

	if (err == -EAGAIN) {
		/* It does not read what it has asked for: it may not ask for more, nor for ever. */
		stream_pause(flow->stream);
		if (!timer_running(&flow->stalled))
			timer_start_ms(
				&flow->stalled, loop_timers(t->loop), t->settings.partial_ms);
	} else if (!err) {
		note_activity(flow);
		sip_transports_sent(t, f, message);
	}
	return err;
}

static int tcp_flow_towards(struct sip_flow *f, const struct addr *remote, struct sip_flow **other)
{
	struct sip_transports *t = tcp_flow_of(f)->transports;

	if (!t || t->closed)
		return -ENOTCONN;
	return sip_tcp_flow(t, f->transport, remote, tcp_flow_of(f)->server_name, other);
}

static bool tcp_flow_proves(const struct sip_flow *f, struct slice domain)
{
	const struct tcp_flow *flow = CONTAINER_OF(f, struct tcp_flow, f);

	return flow->stream && tls_peer_proves(flow->stream, domain);
}

static void tcp_flow_abandon(struct sip_flow *f, int err)
{
	tcp_flow_close(tcp_flow_of(f), err);
}

static const struct sip_flow_ops tcp_flow_ops = {
	.abandon = tcp_flow_abandon,
	.send = tcp_flow_send,
	.towards = tcp_flow_towards,
	.proves = tcp_flow_proves,
};

/* ---- receiving ---- */

/* RFC 5626 3.5.1: a double CRLF between messages is answered with a single one. */
static void answer_pings(struct tcp_flow *flow)
{
	static const char pongs[] = "\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n";
	unsigned n = flow->framer.pings < PONGS_MAX ? flow->framer.pings : PONGS_MAX;

	flow->framer.pings = 0;
	/* A queue too full for it shows by other means that the connection is alive. */
	if (n)
		stream_write(flow->stream, slice_of(pongs, 2 * (size_t)n));
}

/* Hand on every whole message at the start of in; how many bytes they took. */
static size_t take_messages(struct tcp_flow *flow, struct slice in)
{
	size_t used = 0;

	while (used < in.n && !flow->f.closed) {
		size_t max = flow->transports->settings.max_message, consumed = 0;
		struct sip_msg msg;
		int err;

		err = sip_framer_next(
			&flow->framer, slice_of(in.p + used, in.n - used), max, &msg, &consumed);
		used += consumed;
		if (err == -EAGAIN)
			break;
		sip_transports_deliver(flow->transports, &flow->f, &msg, err);
		/* Where the next message begins cannot be known: the connection is of no more use. */
		if (err && consumed == 0)
			tcp_flow_close(flow, -EBADMSG);
	}
	return used;
}

/* A message begun must come to its end in time, however steadily it drips (slow loris). */
static void watch_partial(struct tcp_flow *flow, bool progress, bool partial)
{
	struct sip_transports *t = flow->transports;

	if (!partial)
		timer_stop(&flow->partial);
	else if (progress || !timer_running(&flow->partial))
		timer_start_ms(&flow->partial, loop_timers(t->loop), t->settings.partial_ms);
}

static void on_received(struct slice bytes, void *arg)
{
	struct tcp_flow *flow = arg;
	size_t used;

	obj_ref(flow);
	flow->f.heard++;
	note_activity(flow);
	/* What is complete is read where it lies; only the beginning of a message is stored. */
	if (flow->in.n > 0) {
		buf_slice(&flow->in, bytes);
		bytes = buf_view(&flow->in);
	}
	flow->parsing = true;
	used = flow->in.err ? 0 : take_messages(flow, bytes);
	flow->parsing = false;
	if (!flow->f.closed) {
		answer_pings(flow);
		if (flow->in.n > 0)
			buf_consume(&flow->in, used);
		else
			buf_append(&flow->in, bytes.p + used, bytes.n - used);
		watch_partial(flow, used > 0, flow->in.n > 0);
		if (flow->in.err)
			tcp_flow_close(flow, flow->in.err);
	}
	if (flow->f.closed || flow->in.n == 0)
		buf_free(&flow->in);
	obj_unref(flow);
}

static void on_drained(void *arg)
{
	struct tcp_flow *flow = arg;

	timer_stop(&flow->stalled);
	stream_resume(flow->stream);
}

static void on_closed(int err, void *arg)
{
	tcp_flow_close(arg, err ? err : -ENOTCONN);
}

static void on_connected(void *arg)
{
	end_handshake(arg);
	note_activity(arg);
}

static const struct stream_handlers stream_handlers = {
	.connected = on_connected,
	.received = on_received,
	.drained = on_drained,
	.closed = on_closed,
};

/* ---- opening ---- */

/* Put a flow without a stream into the tables, which then own the caller's reference. */
static void enter(struct tcp_flow *flow)
{
	struct sip_transports *t = flow->transports;

	if (flow->accepted)
		t->accepted++;
	else
		t->opened++;
	t->handshakes += flow->handshaking;
	hash_insert(&t->by_source, &flow->by_source, source_hash(&flow->f.remote));
	note_activity(flow);
	timer_start_ms(&flow->idle, loop_timers(t->loop), t->settings.idle_ms);
}

static struct tcp_flow *flow_new(struct sip_transports *t, enum sip_transport transport,
	bool accepted, const struct addr *local, const struct addr *remote)
{
	struct tcp_flow *flow = obj_new(sizeof *flow, tcp_flow_destroy);

	if (!flow)
		return NULL;
	sip_flow_init(&flow->f, &tcp_flow_ops, transport, local, remote);
	sip_flow_advertise(&flow->f, &t->settings.advertised);
	flow->transports = t;
	flow->accepted = accepted;
	flow->handshaking = accepted && transport == SIP_TLS;
	list_init(&flow->node);
	buf_init(&flow->in, t->settings.max_message + READ_MAX);
	timer_init(&flow->partial, on_time_up, flow);
	timer_init(&flow->stalled, on_time_up, flow);
	timer_init(&flow->idle, on_idle, flow);
	return flow;
}

/* Give up the connection that has been idle longest and that nobody waits for. */
static bool evict_one(struct sip_transports *t)
{
	uint64_t now = loop_now(t->loop), settled = t->settings.partial_ms * 1000;
	struct list_node *it, *next;
	unsigned steps = 0;

	LIST_FOR_EACH(it, next, &t->connections) {
		struct tcp_flow *flow = CONTAINER_OF(it, struct tcp_flow, node);

		if (steps++ == EVICTION_STEPS || now - flow->last_active < settled)
			return false;
		if (!flow->accepted || !list_empty(&flow->f.watches))
			continue;
		tcp_flow_expire(flow);
		return true;
	}
	return false;
}

static bool has_room_for(
	struct sip_transports *t, enum sip_transport transport, const struct addr *remote)
{
	struct share share = share_of(t, remote);

	if (share.accepted >= t->settings.max_per_source)
		return false;
	if (transport == SIP_TLS && (share.handshakes >= t->settings.max_handshakes_per_source ||
					    t->handshakes >= t->settings.max_handshakes))
		return false;
	return t->accepted < t->settings.max_connections || evict_one(t);
}

/* Make the flow of an accepted connection, whose reference it then owns. */
static int accept_flow(struct sip_listener *listener, struct stream *stream)
{
	struct sip_transports *t = listener->transports;
	const struct sip_transports_settings *settings = &t->settings;
	struct tcp_flow *flow;
	int err = 0;

	if (!has_room_for(t, listener->transport, &stream->remote))
		return -EMFILE;
	flow = flow_new(t, listener->transport, true, &stream->local, &stream->remote);
	if (!flow)
		return -ENOMEM;
	if (listener->transport == SIP_TLS)
		err = tls_accept(&flow->stream, settings->tls, t->loop, stream, settings->write_cap,
			settings->handshake_ms);
	else
		flow->stream = stream;
	if (err) {
		obj_unref(flow);
		return err;
	}
	stream_set_handlers(flow->stream, &stream_handlers, flow);
	enter(flow);
	return 0;
}

static void on_accept(struct stream *stream, void *arg)
{
	struct sip_listener *listener = arg;

	if (accept_flow(listener, stream) < 0) {
		listener->transports->counters.refused++;
		stream_close(stream);
		obj_unref(stream);
	}
}

int sip_tcp_listen(struct sip_listener *listener, const struct addr *local)
{
	struct sip_transports *t = listener->transports;
	int err = tcp_listen(
		&listener->tcp, t->loop, local, t->settings.write_cap, on_accept, listener);

	if (!err)
		listener->local = *tcp_listener_local(listener->tcp);
	return err;
}

/* Begin to connect; local may be NULL. */
static int start_stream(struct tcp_flow *flow, const struct addr *local)
{
	const struct sip_transports *t = flow->transports;
	const struct sip_transports_settings *settings = &t->settings;
	struct stream *lower;
	int err;

	if (flow->f.transport == SIP_TCP)
		return tcp_connect(&flow->stream, t->loop, local, &flow->f.remote,
			settings->write_cap, settings->connect_ms, &stream_handlers, flow);
	err = tcp_connect(&lower, t->loop, local, &flow->f.remote, settings->write_cap,
		settings->connect_ms, NULL, NULL);
	if (err)
		return err;
	err = tls_connect(&flow->stream, settings->tls, t->loop, lower, flow->server_name,
		settings->write_cap, settings->connect_ms, &stream_handlers, flow);
	if (err) {
		stream_close(lower);
		obj_unref(lower);
	}
	return err;
}

static int open_connection(struct sip_transports *t, enum sip_transport transport,
	const struct addr *remote, const char *server_name, struct tcp_flow **flow)
{
	struct sip_listener *listener;
	struct addr local, from;
	struct tcp_flow *made;
	int err;

	if (t->opened >= t->settings.max_connections)
		return -EMFILE;
	err = sip_transports_route(t, transport, remote, &listener, &local);
	if (err)
		return err;
	made = flow_new(t, transport, false, &local, remote);
	if (!made)
		return -ENOMEM;
	made->server_name = slice_dup(slice_str(server_name));
	/* Our Via names the listener's port; the connection itself has any. */
	from = local;
	addr_set_port(&from, 0);
	err = made->server_name ? start_stream(made, addr_is_any(&listener->local) ? NULL : &from)
				: -ENOMEM;
	if (err) {
		obj_unref(made);
		return err;
	}
	enter(made);
	*flow = made;
	return 0;
}

int sip_tcp_flow(struct sip_transports *t, enum sip_transport transport, const struct addr *remote,
	const char *server_name, struct sip_flow **flow)
{
	char address[ADDR_TEXT];
	struct tcp_flow *found;
	int err = 0;

	if (!server_name)
		server_name = addr_print_host(remote, address);
	found = connection_to(t, transport, remote, server_name);
	if (!found)
		err = open_connection(t, transport, remote, server_name, &found);
	if (!err)
		*flow = obj_ref(&found->f);
	return err;
}
