/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A network for tests, on a virtual clock. */
#include "wire.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/mem.h"
#include "sip/flow.h"

enum { MAX_HELD = 300 }; /* packets that wait for a machine that is stopped */

struct wire_flow {
	struct sip_flow base;
	struct wire *wire;
	struct list_node node;
	unsigned long number; /* of its making */
};

struct wire_packet {
	struct list_node node;
	uint64_t due;
	struct addr from, to;
	enum sip_transport transport;
	size_t n;
	char bytes[];
};

/* xorshift64*: a run must come out the same with the same seed, whatever else draws numbers. */
static uint64_t draw(struct wire *wire)
{
	wire->random ^= wire->random >> 12;
	wire->random ^= wire->random << 25;
	wire->random ^= wire->random >> 27;
	return wire->random * 0x2545f4914f6cdd1dU;
}

static bool happens(struct wire *wire, unsigned permille)
{
	return permille && draw(wire) >> 32 < ((uint64_t)permille << 32) / 1000;
}

struct addr wire_addr(const char *host, uint16_t port)
{
	struct addr a;

	if (addr_parse(slice_str(host), port, &a) < 0)
		abort();
	return a;
}

static void enqueue(struct wire *wire, const struct sip_flow *flow, struct slice bytes)
{
	struct wire_packet *packet = calloc(1, sizeof *packet + bytes.n);
	struct list_node *at = wire->packets.prev;

	if (!packet)
		abort();
	packet->due = wire->timers.now + wire->delay_us;
	if (wire->jitter_us && flow->transport == SIP_UDP)
		packet->due += draw(wire) % wire->jitter_us;
	packet->from = flow->local;
	packet->to = flow->remote;
	packet->transport = flow->transport;
	packet->n = bytes.n;
	memcpy(packet->bytes, bytes.p, bytes.n);
	while (at != &wire->packets &&
		CONTAINER_OF(at, struct wire_packet, node)->due > packet->due)
		at = at->prev;
	list_append(at->next, &packet->node); /* right behind at */
}

static struct wire_endpoint *endpoint_at(struct wire *wire, const struct addr *addr)
{
	for (unsigned i = 0; i < wire->n_endpoints; i++) {
		struct wire_endpoint *endpoint = &wire->endpoints[i];

		if (endpoint->agent && addr_equal(&endpoint->addr, addr))
			return endpoint;
	}
	return NULL;
}

static int wire_send(struct sip_flow *flow, struct slice message)
{
	struct wire *wire = CONTAINER_OF(flow, struct wire_flow, base)->wire;

	if (wire->send_error)
		return wire->send_error;
	wire->sent++;
	if (wire->tap && !endpoint_at(wire, &flow->remote)) {
		wire->tap(message, &flow->local, &flow->remote, flow->transport, wire->tap_arg);
		return 0;
	}
	if (wire->cut || (flow->transport == SIP_UDP && happens(wire, wire->loss_permille))) {
		wire->lost++;
		return 0;
	}
	enqueue(wire, flow, message);
	if (flow->transport == SIP_UDP && happens(wire, wire->duplicate_permille))
		enqueue(wire, flow, message);
	return 0;
}

static int wire_towards(struct sip_flow *flow, const struct addr *remote, struct sip_flow **other)
{
	struct wire *wire = CONTAINER_OF(flow, struct wire_flow, base)->wire;

	*other = wire_flow(wire, flow->transport, &flow->local, remote);
	return *other ? 0 : -ENOMEM;
}

static const struct sip_flow_ops flow_ops = {.send = wire_send, .towards = wire_towards};

static void flow_destroy(void *obj)
{
	struct wire_flow *flow = obj;

	list_remove(&flow->node);
}

struct sip_flow *wire_flow(struct wire *wire, enum sip_transport transport,
	const struct addr *local, const struct addr *remote)
{
	struct wire_flow *flow = obj_new(sizeof *flow, flow_destroy);

	if (!flow)
		return NULL;
	sip_flow_init(&flow->base, &flow_ops, transport, local, remote);
	flow->wire = wire;
	flow->number = ++wire->made;
	list_append(&wire->flows, &flow->node);
	return &flow->base;
}

void wire_break(struct wire *wire, const struct addr *local, const struct addr *remote)
{
	struct list_node *it = wire->flows.next;
	unsigned long made = wire->made; /* those that come of the breaking stay */

	while (it != &wire->flows) {
		struct wire_flow *flow = CONTAINER_OF(it, struct wire_flow, node);

		it = it->next;
		if (flow->base.closed || flow->number > made ||
			!addr_equal(&flow->base.local, local) ||
			!addr_equal(&flow->base.remote, remote))
			continue;
		sip_flow_fail(&flow->base, -ECONNRESET);
		it = wire->flows.next; /* the list may have changed */
	}
}

static int io_flow(void *io, enum sip_transport transport, const struct addr *remote,
	const char *server_name, struct sip_flow **flow)
{
	struct wire_endpoint *endpoint = io;

	*flow = wire_flow(endpoint->wire, transport, &endpoint->addr, remote);
	return *flow ? 0 : -ENOMEM;
}

static const struct sip_agent_io io_table = {.flow = io_flow};

struct wire_endpoint *wire_add(struct wire *wire, const char *host, uint16_t port)
{
	struct wire_endpoint *endpoint = &wire->endpoints[wire->n_endpoints++];

	endpoint->wire = wire;
	endpoint->addr = wire_addr(host, port);
	timer_set_init(&endpoint->timers, wire->timers.now);
	list_init(&endpoint->held);
	return endpoint;
}

struct sip_agent_core wire_core(struct wire_endpoint *endpoint)
{
	return (struct sip_agent_core){
		.timers = &endpoint->timers, .io = &io_table, .io_arg = endpoint};
}

void wire_init(struct wire *wire, uint64_t seed)
{
	memset(wire, 0, sizeof *wire);
	timer_set_init(&wire->timers, 1000000);
	list_init(&wire->packets);
	list_init(&wire->flows);
	wire->random = seed * 0x9e3779b97f4a7c15U + 1;
}

static void drop_all(struct list_node *packets)
{
	while (!list_empty(packets)) {
		struct wire_packet *packet = CONTAINER_OF(packets->next, struct wire_packet, node);

		list_remove(&packet->node);
		free(packet);
	}
}

void wire_close(struct wire *wire)
{
	drop_all(&wire->packets);
	for (unsigned i = 0; i < wire->n_endpoints; i++)
		drop_all(&wire->endpoints[i].held);
}

/* What the agent has answered before it was asked to receive. */
static void send_early(struct wire_endpoint *endpoint, struct slice answer, const struct addr *to)
{
	struct sip_flow *flow;

	if (!answer.n)
		return;
	flow = wire_flow(endpoint->wire, SIP_UDP, &endpoint->addr, to);
	if (flow)
		sip_flow_send(flow, answer);
	obj_unref(flow);
}

void wire_deliver(struct wire_endpoint *endpoint, struct slice bytes, const struct addr *from,
	enum sip_transport transport)
{
	struct sip_flow *flow = wire_flow(endpoint->wire, transport, &endpoint->addr, from);
	struct sip_msg *msg = calloc(1, sizeof *msg);
	struct slice answer;
	struct addr to;
	size_t used;
	int err;

	if (!flow || !msg)
		goto out;
	if (transport == SIP_UDP && !endpoint->late &&
		sip_agent_put_off_early(endpoint->agent, bytes, from, &answer, &to)) {
		endpoint->early++;
		send_early(endpoint, answer, &to);
		goto out;
	}
	err = sip_msg_parse(bytes, transport != SIP_UDP, msg, &used);
	msg->flow = flow;
	msg->source = *from;
	if (err == 0)
		sip_agent_receive(endpoint->agent, msg);
	else if (err == -EBADMSG)
		sip_agent_receive_malformed(endpoint->agent, msg);
out:
	free(msg);
	obj_unref(flow);
}

static void arrive(struct wire *wire, struct wire_packet *packet)
{
	struct wire_endpoint *endpoint = endpoint_at(wire, &packet->to);

	list_remove(&packet->node);
	if (endpoint && endpoint->stopped && endpoint->n_held < MAX_HELD) {
		list_append(&endpoint->held, &packet->node);
		endpoint->n_held++;
		return;
	}
	if (endpoint && !endpoint->stopped)
		wire_deliver(endpoint, slice_of(packet->bytes, packet->n), &packet->from,
			packet->transport);
	free(packet);
}

void wire_stop(struct wire_endpoint *endpoint)
{
	endpoint->stopped = true;
}

void wire_go_on(struct wire_endpoint *endpoint)
{
	if (!endpoint->stopped)
		return;
	endpoint->stopped = false;
	endpoint->n_held = 0;
	/* As a loop does: the clock is read, what has come is handled, then the timers. */
	endpoint->timers.now = endpoint->wire->timers.now;
	while (!list_empty(&endpoint->held))
		arrive(endpoint->wire, CONTAINER_OF(endpoint->held.next, struct wire_packet, node));
	timer_set_run(&endpoint->timers, endpoint->wire->timers.now);
}

static uint64_t next_arrival(const struct wire *wire)
{
	if (list_empty(&wire->packets))
		return UINT64_MAX;
	return CONTAINER_OF(wire->packets.next, struct wire_packet, node)->due;
}

void wire_flush(struct wire *wire)
{
	wire_run(wire, 0);
}

/* When the next timer is due, the test's own or one of an endpoint that is running. */
static uint64_t next_timer(const struct wire *wire)
{
	uint64_t next = timer_set_next(&wire->timers);

	for (unsigned i = 0; i < wire->n_endpoints; i++) {
		const struct wire_endpoint *endpoint = &wire->endpoints[i];
		uint64_t each = timer_set_next(&endpoint->timers);

		if (!endpoint->stopped && each < next)
			next = each;
	}
	return next;
}

static void run_timers(struct wire *wire, uint64_t now)
{
	timer_set_run(&wire->timers, now);
	for (unsigned i = 0; i < wire->n_endpoints; i++) {
		if (!wire->endpoints[i].stopped)
			timer_set_run(&wire->endpoints[i].timers, now);
	}
}

void wire_run(struct wire *wire, uint64_t ms)
{
	uint64_t end = wire->timers.now + ms * 1000;

	for (;;) {
		uint64_t arrival = next_arrival(wire), timer = next_timer(wire);
		uint64_t next = arrival <= timer ? arrival : timer;

		if (next > end)
			break;
		if (next > wire->timers.now)
			run_timers(wire, next);
		else if (timer <= wire->timers.now && timer < arrival)
			run_timers(wire, wire->timers.now);
		while (next_arrival(wire) <= wire->timers.now)
			arrive(wire, CONTAINER_OF(wire->packets.next, struct wire_packet, node));
		if (next_timer(wire) <= wire->timers.now)
			run_timers(wire, wire->timers.now);
	}
	run_timers(wire, end);
}
