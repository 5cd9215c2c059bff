/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Responses whose way is gone (RFC 3261 18.2.2, RFC 3263 5). All that is known is in the response. */
#include "sip/response_route.h"

#include <errno.h>
#include <string.h>

#include "core/buf.h"
#include "core/mem.h"
#include "sip/agent_private.h"
#include "sip/locate.h"
#include "sip/message.h"

enum { MAX_REROUTED = 256 };

/* Owned by the agent's list until it has been sent and its time is over. */
struct rerouted {
	struct list_node node;
	struct sip_agent *agent;
	struct sip_flow *flow; /* ours: by which it went last */
	struct sip_flow_watch watch;
	struct sip_locate *locate;
	struct sip_target *targets; /* ours; NULL: not looked for yet */
	size_t n_targets, at;
	struct timer timer;
	enum sip_transport transport;
	struct slice host; /* sent-by, as written; points into bytes */
	uint16_t port;
	size_t n;
	char bytes[];
};

static void drop(struct rerouted *r)
{
	timer_stop(&r->timer);
	sip_flow_unwatch(&r->watch);
	sip_locate_cancel(r->locate);
	list_remove(&r->node);
	r->agent->n_rerouted--;
	obj_unref(r->flow);
	mem_free(r->targets);
	mem_free(r);
}

static void on_time_up(void *arg)
{
	drop(arg);
}

void sip_response_reroute_forget_all(struct sip_agent *agent)
{
	while (!list_empty(&agent->rerouted))
		drop(CONTAINER_OF(agent->rerouted.next, struct rerouted, node));
}

/* Send it by this flow, and wait whether that works. Takes the reference. */
static int send_by(struct rerouted *r, struct sip_flow *flow)
{
	sip_flow_unwatch(&r->watch);
	obj_unref(r->flow);
	r->flow = flow;
	sip_flow_watch(flow, &r->watch);
	return sip_flow_send(flow, slice_of(r->bytes, r->n));
}

static void try_next(struct rerouted *r)
{
	struct sip_flow *flow;

	for (; r->at < r->n_targets; r->at++) {
		if (sip_target_flow(r->agent, &r->targets[r->at], &flow) == 0 &&
			send_by(r, flow) == 0) {
			r->at++;
			return;
		}
	}
	drop(r);
}

static void on_located(int err, const struct sip_target *targets, size_t n, void *arg)
{
	struct rerouted *r = arg;

	r->locate = NULL;
	r->targets = err == 0 ? mem_zalloc(n * sizeof *targets) : NULL;
	if (!r->targets) {
		drop(r);
		return;
	}
	memcpy(r->targets, targets, n * sizeof *targets);
	r->n_targets = n;
	try_next(r);
}

/* RFC 3263 5: as for a request to sip:sent-by with the transport of the Via. Returns 0 or an errno. */
static int look(struct rerouted *r)
{
	static const char *const names[] = {
		[SIP_UDP] = "udp", [SIP_TCP] = "tcp", [SIP_TLS] = "tls"};
	struct buf text;
	struct uri uri;
	int err;

	buf_init(&text, 1024);
	buf_str(&text, "sip:");
	buf_slice(&text, r->host);
	if (r->port)
		buf_printf(&text, ":%u", r->port);
	buf_printf(&text, ";transport=%s", names[r->transport]);
	err = text.err ? text.err : uri_parse(buf_view(&text), &uri);
	if (err == 0)
		err = sip_locate_start(&r->locate, r->agent, &uri, true, on_located, r);
	buf_free(&text);
	return err;
}

static void on_failed(int err, void *arg)
{
	struct rerouted *r = arg;

	if (r->targets)
		try_next(r);
	else if (!r->locate && look(r) < 0)
		drop(r);
}

static struct rerouted *make(struct sip_agent *agent, struct slice response)
{
	struct rerouted *r;

	if (agent->n_rerouted >= MAX_REROUTED)
		return NULL;
	r = mem_zalloc(sizeof *r + response.n);
	if (!r)
		return NULL;
	memcpy(r->bytes, response.p, response.n);
	r->n = response.n;
	r->agent = agent;
	r->watch.failed = on_failed;
	r->watch.arg = r;
	timer_init(&r->timer, on_time_up, r);
	timer_start_ms(&r->timer, agent->timers, 64 * (uint64_t)agent->timing.t1);
	list_append(&agent->rerouted, &r->node);
	agent->n_rerouted++;
	return r;
}

/* Where the packets of its request came from, at sent-by's port. */
static int go_back(struct rerouted *r, const struct sip_via *via, struct sip_flow *old)
{
	struct sip_flow *flow;
	struct addr to;
	int err;

	sip_response_address(via, old->transport, &old->remote, &to);
	err = sip_flow_towards(old, &to, &flow);
	return err < 0 ? err : send_by(r, flow);
}

int sip_response_reroute(struct sip_agent *agent, struct sip_flow *flow, struct slice response,
	struct sip_flow **other)
{
	struct sip_msg *msg = mem_zalloc(sizeof *msg);
	struct rerouted *r = msg ? make(agent, response) : NULL;
	size_t used;
	int err = -ENOMEM;

	*other = NULL;
	if (!r)
		goto out;
	err = sip_msg_parse(slice_of(r->bytes, r->n), false, msg, &used);
	if (err < 0)
		goto out;
	r->transport = flow->transport;
	r->host = msg->via.host;
	r->port = msg->via.port;
	err = go_back(r, &msg->via, flow);
	if (err == 0)
		*other = obj_ref(r->flow);
	else
		err = look(r);
out:
	if (err < 0 && r)
		drop(r);
	mem_free(msg);
	return err;
}
