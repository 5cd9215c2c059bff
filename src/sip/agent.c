/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The agent with sockets: transports on a loop under the agent core. */
#include "sip/agent.h"

#include "core/mem.h"
#include "sip/agent_core.h"
#include "sip/agent_private.h"
#include "sip/message.h"
#include "sip/register_private.h"
#include "sip/transport.h"

static int flow_of_transports(void *io, enum sip_transport transport, const struct addr *remote,
	const char *server_name, struct sip_flow **flow)
{
	struct sip_agent *agent = io;

	return sip_transports_flow(agent->transports, transport, remote, server_name, flow);
}

static bool transports_reach(void *io, enum sip_transport transport, int family)
{
	const struct sip_agent *agent = io;
	enum sip_transport each;
	struct addr local;

	for (unsigned n = 0; sip_transports_listener(agent->transports, n, &each, &local); n++) {
		if (each == transport && (family == AF_UNSPEC || family == addr_family(&local)))
			return true;
	}
	return false;
}

static const struct sip_agent_io io = {.flow = flow_of_transports, .reaches = transports_reach};

static void received(struct sip_flow *flow, struct sip_msg *msg, void *arg)
{
	sip_agent_receive(arg, msg);
}

static void malformed(struct sip_flow *flow, struct sip_msg *msg, void *arg)
{
	sip_agent_receive_malformed(arg, msg);
}

static bool early(struct slice datagram, const struct addr *from, struct slice *answer,
	struct addr *to, void *arg)
{
	return sip_agent_put_off_early(arg, datagram, from, answer, to);
}

static void stun(struct sip_flow *flow, struct slice datagram, void *arg)
{
	sip_register_receive_stun(arg, flow, datagram);
}

static const struct sip_transports_handlers transport_handlers = {
	.early = early,
	.stun = stun,
	.received = received,
	.malformed = malformed,
};

int sip_agent_new(struct sip_agent **agentp, struct loop *loop,
	const struct sip_agent_settings *settings, const struct sip_agent_handlers *handlers,
	void *arg)
{
	struct sip_transports_settings transport_settings = {
		.max_message = settings->max_message,
		.tls = settings->tls,
		.advertised = settings->advertised,
	};
	struct sip_agent_core core = {.timers = loop_timers(loop),
		.io = &io,
		.dns = settings->dns,
		.limits = {.rate_per_source = settings->max_rate_per_source}};
	struct sip_agent *agent;
	int err;

	err = sip_agent_new_with(&agent, &core, settings, handlers, arg);
	if (err < 0)
		return err;
	agent->io_arg = agent;
	err = sip_transports_new(
		&agent->transports, loop, &transport_settings, &transport_handlers, agent);
	if (err < 0) {
		obj_unref(agent);
		return err;
	}
	*agentp = agent;
	return 0;
}

int sip_agent_listen(
	struct sip_agent *agent, enum sip_transport transport, const struct addr *local)
{
	return sip_transports_listen(agent->transports, transport, local);
}

bool sip_agent_listener(const struct sip_agent *agent, unsigned n, enum sip_transport *transport,
	struct addr *local)
{
	return sip_transports_listener(agent->transports, n, transport, local);
}
