/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The agent without sockets: what sip/agent.h makes of a loop and its transports, here made of a
 * set of timers and a way to get flows, so that it runs on a virtual clock in a simulated network.
 * Loop thread (or the one thread of a test).
 */
#ifndef SIP_AGENT_CORE_H
#define SIP_AGENT_CORE_H

#include <stddef.h>

#include "core/timer.h"
#include "sip/agent.h"

/* RFC 3261 17.1.1.1, in ms; 0: 500, 4000, 5000. */
struct sip_timing {
	unsigned t1, t2, t4;
};

/*
 * Server transactions alive at once. One more takes the place of one of its source that finished at least
 * 8 s ago, else it gets 503. 0: 1,000,000 and 800,000.
 */
struct sip_limits {
	size_t transactions;
	size_t per_source;        /* of one IPv4 address or IPv6 /64 */
	unsigned rate_per_source; /* sip_agent_settings.max_rate_per_source; 0: any */
};

struct dns;

struct sip_agent_io {
	/* As sip_transports_flow: the caller owns the reference. Returns 0 or a negative errno. */
	int (*flow)(void *io, enum sip_transport transport, const struct addr *remote,
		const char *server_name, struct sip_flow **flow);

	/*
	 * Whether a flow by this transport to an address of this family (AF_UNSPEC: of any) could be
	 * had. NULL: by UDP and TCP, to IPv4 and IPv6.
	 */
	bool (*reaches)(void *io, enum sip_transport transport, int family);
};

struct sip_agent_core {
	struct timer_set *timers; /* outlives the agent */
	const struct sip_agent_io *io;
	void *io_arg;
	struct dns *
		dns; /* resolves names, on the same clock; the agent takes a reference. May be NULL */
	struct sip_timing timing;
	struct sip_limits limits;
};

/* An object: the caller owns one reference and ends with sip_agent_close. 0 or -ENOMEM. */
int sip_agent_new_with(struct sip_agent **agent, const struct sip_agent_core *core,
	const struct sip_agent_settings *settings, const struct sip_agent_handlers *handlers,
	void *arg);

/* A message from the network; msg->flow and msg->source are filled in. */
void sip_agent_receive(struct sip_agent *agent, struct sip_msg *msg);

/*
 * A look at a datagram before it is parsed, so that it costs little to put new work off
 * (docs/overload.md). True: it has been dealt with. It began something and is refused with *answer, good
 * until the agent is called again, to be sent to *to; or *answer is empty, for it was the ACK to such a
 * refusal. False: it is to be received as any other.
 */
bool sip_agent_put_off_early(struct sip_agent *agent, struct slice datagram,
	const struct addr *from, struct slice *answer, struct addr *to);

/* A request that could not be parsed: a stateless response if it is answerable. */
void sip_agent_receive_malformed(struct sip_agent *agent, const struct sip_msg *msg);

/* What is alive now. */
struct sip_agent_load {
	size_t server_transactions, client_transactions, dialogs, invites;
};

struct sip_agent_load sip_agent_load(const struct sip_agent *agent);

#endif
