/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Where requests inside a dialog go (RFC 3261 8.1.2, RFC 3263 4). A first hop that is an address is
 * taken as it is. One that is a name is looked for as soon as the dialog has it, so that it is
 * mostly known when the first request is due, and again when that was a while ago.
 */
#include <errno.h>

#include "core/mem.h"
#include "sip/dialog_private.h"
#include "sip/flow.h"
#include "sip/locate.h"
#include "sip/locate_private.h"
#include "sip/register_private.h"

enum { LOOK_AGAIN_US = 60 * 1000000 };

void sip_dialog_forget_hop(struct sip_dialog *dialog)
{
	sip_locate_cancel(dialog->locate);
	dialog->locate = NULL;
	mem_free(dialog->hop);
	dialog->hop = NULL;
}

int sip_literal_hop(const struct uri *uri, struct sip_target *target)
{
	struct slice host = uri->host, value;
	uint16_t port = uri->port;
	int err = 0;

	*target = (struct sip_target){.transport = uri->scheme == URI_SIPS ? SIP_TLS : SIP_UDP};
	if (uri_param(uri, "transport", &value))
		err = sip_uri_transport(uri->scheme, value, &target->transport);
	if (err < 0)
		return err;
	if (uri_param(uri, "maddr", &value) && value.n)
		host = value;
	if (port == 0)
		port = sip_default_port(target->transport);
	return addr_parse(host, port, &target->addr);
}

static void on_located(int err, const struct sip_target *targets, size_t n, void *arg)
{
	struct sip_dialog *dialog = obj_ref(arg);

	dialog->locate = NULL;
	dialog->hop_time = dialog->agent->timers->now;
	if (err == 0 && !dialog->hop)
		dialog->hop = mem_zalloc(sizeof *dialog->hop);
	if (err == 0 && dialog->hop)
		*dialog->hop = targets[0];
	if (dialog->handlers && dialog->handlers->located)
		dialog->handlers->located(dialog->arg);
	obj_unref(dialog);
}

static void look(struct sip_dialog *dialog)
{
	struct sip_target literal;
	struct uri hop;

	/* A dialog's route set is its own: the outbound proxy is in it if it wants to be. */
	if (!dialog->locate && dialog->agent->locator.dns &&
		sip_dialog_next_hop(dialog, &hop) == 0 && sip_literal_hop(&hop, &literal) < 0)
		sip_locate_start(&dialog->locate, dialog->agent, &hop, true, on_located, dialog);
}

void sip_dialog_locate(struct sip_dialog *dialog)
{
	sip_dialog_forget_hop(dialog);
	look(dialog);
}

bool sip_dialog_locating(const struct sip_dialog *dialog)
{
	return dialog->locate && !dialog->hop;
}

/* Whether requests to this hop may go by a flow that is there already. */
static bool usable(const struct sip_flow *flow, const struct sip_target *hop)
{
	if (flow->closed || flow->transport != hop->transport)
		return false;
	/* A connection that its host opened itself comes from another port (RFC 5923). */
	return sip_flow_reliable(flow) ? addr_equal_host(&flow->remote, &hop->addr)
				       : addr_equal(&flow->remote, &hop->addr);
}

static bool find_hop(struct sip_dialog *dialog, struct sip_target *hop)
{
	struct uri uri;

	if (sip_dialog_next_hop(dialog, &uri) == 0 && sip_literal_hop(&uri, hop) == 0)
		return true;
	if (dialog->agent->timers->now - dialog->hop_time > LOOK_AGAIN_US)
		look(dialog);
	if (dialog->hop)
		*hop = *dialog->hop;
	return dialog->hop != NULL;
}

/*
 * RFC 5626 4.3: whether all goes by the flow that the dialog was made by. So says the peer with ob in
 * its Contact, which may be an address behind a NAT; and so it is where we are registered by it.
 */
bool sip_dialog_keeps_flow(const struct sip_dialog *dialog)
{
	struct slice ob;
	struct uri uri;

	if (!dialog->flow || dialog->flow->closed)
		return false;
	if (sip_register_flow_like(dialog->agent, dialog->flow))
		return true;
	return dialog->routes.n == 0 && uri_parse(dialog->target, &uri) == 0 &&
	       uri_param(&uri, "ob", &ob);
}

int sip_dialog_flow(struct sip_dialog *dialog, struct sip_flow **flow)
{
	struct sip_target hop;
	int err;

	if (!dialog->agent || !dialog->flow)
		return -ENOTCONN;
	if (sip_dialog_keeps_flow(dialog) || !find_hop(dialog, &hop) ||
		usable(dialog->flow, &hop)) {
		*flow = obj_ref(dialog->flow);
		return 0;
	}
	err = sip_target_flow(dialog->agent, &hop, flow);
	if (err < 0 && !dialog->flow->closed) {
		/* A transport we do not have: the peer has reached us by this one. */
		*flow = obj_ref(dialog->flow);
		err = 0;
	}
	return err;
}
