/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A network for tests, on a virtual clock: agents at addresses, packets with delay, loss,
 * duplication and reordering by a seed. What is sent to an address where no agent is goes to the
 * tap, which is the test itself, at once. Machines can be stopped, and networks cut. Clocks go on, or
 * jump forward for one who was stopped; backwards they cannot go (CLOCK_MONOTONIC, timer_set_run).
 */
#ifndef TESTS_WIRE_H
#define TESTS_WIRE_H

#include <stddef.h>
#include <stdint.h>

#include "core/list.h"
#include "core/timer.h"
#include "sip/agent_core.h"
#include "sip/message.h"

enum { WIRE_ENDPOINTS = 4 };

struct wire;

struct wire_endpoint {
	struct wire *wire;
	struct addr addr;
	struct sip_agent *agent; /* borrowed */
	struct timer_set timers; /* its clock */
	bool stopped;
	bool late;             /* it never deals with datagrams before they are parsed ... */
	unsigned early;        /* ... and so often it did */
	struct list_node held; /* packets that came while it was stopped */
	unsigned n_held;
};

typedef void wire_tap_fn(struct slice bytes, const struct addr *from, const struct addr *to,
	enum sip_transport transport, void *arg);

struct wire {
	struct timer_set timers;
	struct list_node packets; /* by the time they arrive */
	struct list_node flows;
	struct wire_endpoint endpoints[WIRE_ENDPOINTS];
	unsigned n_endpoints;
	wire_tap_fn *tap;
	void *tap_arg;

	uint64_t delay_us, jitter_us; /* of each packet; jitter reorders */
	unsigned loss_permille, duplicate_permille;
	uint64_t random;
	unsigned long sent, lost, made; /* packets; flows */
	int send_error;                 /* not 0: what every send returns */
	bool cut; /* what is sent vanishes, over connections too, and nobody is told */
};

void wire_init(struct wire *wire, uint64_t seed);
void wire_close(struct wire *wire);

/* An agent's place; give its address before making the agent, then set endpoint->agent. */
struct wire_endpoint *wire_add(struct wire *wire, const char *host, uint16_t port);

/* What an agent at this place is made of. */
struct sip_agent_core wire_core(struct wire_endpoint *endpoint);

/* A flow from one address to another, as an agent would get it. The caller owns the reference. */
struct sip_flow *wire_flow(struct wire *wire, enum sip_transport transport,
	const struct addr *local, const struct addr *remote);

/* Break every flow that there is between these two. */
void wire_break(struct wire *wire, const struct addr *local, const struct addr *remote);

/*
 * The process gets no processor, or its machine sleeps: timers wait, and so do packets, as many as a
 * socket's buffer holds. When it goes on, it finds the packets, and all timers due at once. Idempotent.
 */
void wire_stop(struct wire_endpoint *endpoint);
void wire_go_on(struct wire_endpoint *endpoint);

/* Hand bytes to the agent as if they had come from there. They need not be well-formed. */
void wire_deliver(struct wire_endpoint *endpoint, struct slice bytes, const struct addr *from,
	enum sip_transport transport);

/* Let time pass; everything due on the way happens in order. */
void wire_run(struct wire *wire, uint64_t ms);

/* What is on its way arrives; the clock stands still. */
void wire_flush(struct wire *wire);

struct addr wire_addr(const char *host, uint16_t port);

#endif
