/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SIP Outbound as a client: the flows of one address (RFC 5626 4.2, 4.5). */
#include "sip/outbound.h"

#include <errno.h>

#include "core/buf.h"
#include "core/mem.h"

enum { MAX_ROUTE = 1024 };

struct outbound_flow {
	struct sip_outbound *outbound;
	struct sip_register *reg; /* ours */
};

struct sip_outbound {
	struct outbound_flow flows[SIP_OUTBOUND_FLOWS];
	size_t n;
	sip_outbound_changed_fn *changed;
	void *arg;
};

size_t sip_outbound_reachable(const struct sip_outbound *outbound)
{
	size_t n = 0;

	for (size_t i = 0; i < outbound->n; i++)
		n += sip_register_state(outbound->flows[i].reg)->registered;
	return n;
}

/* 4.5: how urgent a broken flow is depends on whether another one works. */
static void tell_of_backups(struct sip_outbound *outbound)
{
	size_t reachable = sip_outbound_reachable(outbound);

	for (size_t i = 0; i < outbound->n; i++) {
		struct sip_register *reg = outbound->flows[i].reg;
		bool own = sip_register_state(reg)->registered;

		sip_register_set_backed(reg, reachable > (own ? 1 : 0));
	}
}

static void on_changed(struct sip_register *reg, const struct sip_register_state *state, void *arg)
{
	struct outbound_flow *flow = arg;
	struct sip_outbound *outbound = obj_ref(flow->outbound);

	tell_of_backups(outbound);
	if (outbound->changed)
		outbound->changed(outbound, (size_t)(flow - outbound->flows), state,
			sip_outbound_reachable(outbound), outbound->arg);
	obj_unref(outbound);
}

void sip_outbound_close(struct sip_outbound *outbound)
{
	outbound->changed = NULL;
	for (size_t i = 0; i < outbound->n; i++)
		sip_register_close(outbound->flows[i].reg);
}

static void destroy(void *obj)
{
	struct sip_outbound *outbound = obj;

	sip_outbound_close(outbound);
	for (size_t i = 0; i < outbound->n; i++)
		obj_unref(outbound->flows[i].reg);
}

/* 4.2: a pre-loaded route through the edge proxy, which is a loose router. */
static int write_route(struct buf *route, struct slice proxy)
{
	struct slice lr;
	struct uri uri;

	if (uri_parse(proxy, &uri) < 0 || !uri_is_sip(&uri))
		return -EINVAL;
	buf_char(route, '<');
	buf_slice(route, proxy);
	buf_str(route, uri_param(&uri, "lr", &lr) ? ">" : ";lr>");
	return route->err == -ENOBUFS ? -EINVAL : route->err;
}

static int start_flow(struct sip_outbound *outbound, struct sip_agent *agent,
	const struct sip_outbound_params *params, struct slice proxy)
{
	struct outbound_flow *flow = &outbound->flows[outbound->n];
	struct sip_register_params reg = {
		.aor = params->aor,
		.expires = params->expires,
		.credentials = params->credentials,
		.instance = params->instance,
		.reg_id = (uint32_t)outbound->n + 1,
	};
	struct buf route;
	int err = 0;

	buf_init(&route, MAX_ROUTE);
	if (proxy.n)
		err = write_route(&route, proxy);
	reg.route = buf_view(&route);
	flow->outbound = outbound;
	if (!err)
		err = sip_register_start(&flow->reg, agent, &reg, on_changed, flow);
	if (!err)
		outbound->n++;
	buf_free(&route);
	return err;
}

int sip_outbound_start(struct sip_outbound **outboundp, struct sip_agent *agent,
	const struct sip_outbound_params *params, sip_outbound_changed_fn *changed, void *arg)
{
	struct sip_outbound *outbound = NULL;
	int err = -EINVAL;

	if (params->n_proxies > SIP_OUTBOUND_FLOWS || params->instance.n == 0)
		goto out;
	err = -ENOMEM;
	outbound = obj_new(sizeof *outbound, destroy);
	if (!outbound)
		goto out;
	err = params->n_proxies ? 0 : start_flow(outbound, agent, params, SLICE_NONE);
	for (size_t i = 0; i < params->n_proxies && !err; i++)
		err = start_flow(outbound, agent, params, params->proxies[i]);
	if (err)
		goto out;
	outbound->changed = changed;
	outbound->arg = arg;
	*outboundp = obj_ref(outbound);
out:
	obj_unref(outbound);
	return err;
}
