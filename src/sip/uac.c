/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * UAC: where a request goes, and what becomes of it (RFC 3261 8.1, RFC 3263 4.3).
 *
 *     find targets --> send to the first --> a final response: the end
 *                       ^      |
 *                       |      | no response, transport error, 503: the next one
 *                       '------'         too large: by TCP; no TCP there: by UDP
 *                                        401, 407: once more with credentials
 */
#include "sip/uac.h"

#include <errno.h>
#include <string.h>

#include "core/mem.h"
#include "sip/dialog_private.h"
#include "sip/flow.h"
#include "sip/locate_private.h"
#include "sip/message.h"
#include "sip/register_private.h"
#include "sip/uac_private.h"

/*
 * A target that has been silent for this many T1 is given up when there is another one: over UDP
 * the request has then been sent four times. RFC 3263 4.3 would have us wait for 64*T1.
 */
enum { PATIENCE_T1 = 8 };

static void go_on(struct sip_uac *uac, unsigned status);

/* ---- the end ----------------------------------------------------------------------------------- */

static void drop_transaction(struct sip_uac *uac)
{
	if (uac->txn)
		sip_client_transaction_set_handlers(uac->txn, NULL, NULL);
	uac->txn = obj_unref(uac->txn);
	timer_stop(&uac->patience);
}

static void destroy(void *obj)
{
	struct sip_uac *uac = obj;

	obj_unref(uac->dialog);
	obj_unref(uac->auth);
	obj_unref(uac->base);
	obj_unref(uac->flow);
	mem_free(uac->targets);
	mem_free(uac->text);
}

static void close_uac(struct sip_uac *uac)
{
	uac->ended = true;
	drop_transaction(uac);
	sip_locate_cancel(uac->locate);
	uac->locate = NULL;
	list_remove(&uac->node);
	uac->agent = NULL;
}

static void end(struct sip_uac *uac, unsigned status, const struct sip_msg *response)
{
	const struct sip_uac_handlers *handlers = uac->handlers;

	close_uac(uac);
	uac->handlers = NULL;
	if (handlers)
		handlers->done(uac, status, response, uac->arg);
	obj_unref(uac); /* the list's */
}

void sip_uac_forget_all(struct sip_agent *agent)
{
	while (!list_empty(&agent->uacs)) {
		struct sip_uac *uac = CONTAINER_OF(agent->uacs.next, struct sip_uac, node);

		close_uac(uac);
		uac->handlers = NULL;
		obj_unref(uac);
	}
}

void sip_uac_abandon(struct sip_uac *uac)
{
	uac->handlers = NULL;
}

/* ---- responses --------------------------------------------------------------------------------- */

static bool has_next(const struct sip_uac *uac)
{
	return uac->at + 1 < uac->n_targets;
}

/* Once more to the same target, with what the challenge asks for (22.2). False: it is final. */
static bool answer_challenge(struct sip_uac *uac, const struct sip_msg *response)
{
	if (!uac->auth && uac->method != SIP_REGISTER)
		uac->auth = sip_register_auth(uac->agent, uac->flow, uac->contact_user);
	if (!uac->auth || sip_auth_client_challenged(uac->auth, response) < 0)
		return false;
	uac->cseq = uac->dialog ? 0 : uac->cseq + 1;
	return true;
}

static void on_response(
	struct sip_client_transaction *txn, const struct sip_msg *response, void *arg)
{
	struct sip_uac *uac = obj_ref(arg);
	unsigned status = response->status;

	uac->heard = true;
	timer_stop(&uac->patience);
	if (status < 200) {
		if (uac->handlers && uac->handlers->provisional)
			uac->handlers->provisional(uac, response, uac->arg);
	} else if ((status == 401 || status == 407) && answer_challenge(uac, response)) {
		drop_transaction(uac);
		go_on(uac, status);
	} else if (status == 503 && has_next(uac)) {
		drop_transaction(uac);
		sip_locate_failed(uac->agent, &uac->targets[uac->at]);
		uac->at++;
		uac->large = uac->udp_all = false;
		go_on(uac, status);
	} else {
		end(uac, status, response);
	}
	obj_unref(uac);
}

/* Nothing came of this attempt: by UDP if it was by TCP for its size alone, else the next one. */
static void fail_over(struct sip_uac *uac, unsigned status)
{
	drop_transaction(uac);
	if (uac->large && !uac->udp_all && !uac->heard) {
		uac->udp_all = true; /* 18.1.1: a peer that has no TCP */
		go_on(uac, status);
		return;
	}
	if (uac->targets)
		sip_locate_failed(uac->agent, &uac->targets[uac->at]);
	if (has_next(uac) && !(uac->heard && status == 408)) {
		uac->at++;
		uac->large = uac->udp_all = false;
		go_on(uac, status);
	} else {
		end(uac, status, NULL);
	}
}

static void on_failed(struct sip_client_transaction *txn, unsigned status, void *arg)
{
	struct sip_uac *uac = obj_ref(arg);

	fail_over(uac, status);
	obj_unref(uac);
}

static void on_patience(void *arg)
{
	struct sip_uac *uac = obj_ref(arg);

	sip_client_transaction_abandon(uac->txn);
	fail_over(uac, 408);
	obj_unref(uac);
}

static const struct sip_client_transaction_handlers transaction_handlers = {
	.response = on_response,
	.failed = on_failed,
};

/* ---- sending ----------------------------------------------------------------------------------- */

/* Take a flow to the same place by TCP. */
static int tcp_instead(struct sip_uac *uac)
{
	struct sip_flow *flow;
	int err = sip_flow_tcp_instead(uac->agent, uac->base, &flow);

	if (err < 0)
		return err;
	obj_unref(uac->flow);
	uac->flow = flow;
	return 0;
}

static int send_small(struct sip_uac *uac, size_t limit)
{
	obj_unref(uac->flow);
	uac->flow = obj_ref(uac->base);
	return sip_uac_send(uac, limit, &transaction_handlers);
}

/* Send by uac->base, or by TCP when it is too large for UDP and there is TCP (18.1.1). */
static int send_by_base(struct sip_uac *uac)
{
	bool may_switch = uac->base->transport == SIP_UDP && !uac->udp_all;
	int err;

	if (uac->dialog && uac->cseq == 0)
		uac->cseq = sip_dialog_next_cseq(uac->dialog);
	uac->heard = false;
	err = send_small(uac, may_switch ? SIP_UDP_LIMIT : 0);
	if (err != -EMSGSIZE || !may_switch)
		return err;
	uac->large = true;
	err = tcp_instead(uac);
	if (err == 0)
		err = sip_uac_send(uac, 0, &transaction_handlers);
	if (err < 0) {
		uac->udp_all = true;
		err = send_small(uac, 0);
	}
	return err;
}

static int send_to_target(struct sip_uac *uac)
{
	struct sip_flow *flow;
	int err = sip_target_flow(uac->agent, &uac->targets[uac->at], &flow);

	if (err < 0)
		return err;
	obj_unref(uac->base);
	uac->base = flow;
	err = send_by_base(uac);
	if (err == 0 && has_next(uac))
		timer_start_ms(&uac->patience, uac->agent->timers,
			PATIENCE_T1 * (uint64_t)uac->agent->timing.t1);
	return err;
}

static unsigned status_of(int err)
{
	return err == -ENOMEM || err == -EINVAL || err == -ENOBUFS ? 500 : 503;
}

/* The way of a dialog, which may have broken meanwhile. */
static int renew_base(struct sip_uac *uac)
{
	struct sip_flow *flow;
	int err = 0;

	if (!uac->dialog || !uac->base->closed)
		return 0;
	err = sip_dialog_flow(uac->dialog, &flow);
	if (err < 0)
		return err;
	obj_unref(uac->base);
	uac->base = flow;
	return 0;
}

/* Send to the target at hand, or the next that can be sent to. status: what came of the last. */
static void go_on(struct sip_uac *uac, unsigned status)
{
	int err;

	if (uac->dialog && !uac->dialog->agent) {
		end(uac, 481, NULL);
		return;
	}
	if (!uac->targets) {
		err = renew_base(uac);
		if (err == 0)
			err = send_by_base(uac);
		if (err < 0)
			end(uac, status_of(err), NULL);
		return;
	}
	for (; uac->at < uac->n_targets; uac->at++, uac->large = uac->udp_all = false) {
		err = send_to_target(uac);
		if (err == 0)
			return;
		status = status_of(err);
	}
	end(uac, status, NULL);
}

/* No target is found: in a dialog it goes the way that the dialog was made by. */
static int go_back(struct sip_uac *uac, int err)
{
	if (err == -ENOMEM || !uac->dialog || sip_dialog_flow(uac->dialog, &uac->base) < 0)
		return err;
	return send_by_base(uac);
}

static int take_targets(struct sip_uac *uac, const struct sip_target *targets, size_t n)
{
	uac->targets = mem_zalloc(n * sizeof *targets);
	if (!uac->targets)
		return -ENOMEM;
	memcpy(uac->targets, targets, n * sizeof *targets);
	uac->n_targets = n;
	return 0;
}

static void on_located(int err, const struct sip_target *targets, size_t n, void *arg)
{
	struct sip_uac *uac = obj_ref(arg);

	uac->locate = NULL;
	if (err == 0)
		err = take_targets(uac, targets, n);
	else
		err = go_back(uac, err);
	if (err < 0)
		end(uac, status_of(err), NULL);
	else if (uac->targets)
		go_on(uac, 503);
	obj_unref(uac);
}

/* ---- starting ---------------------------------------------------------------------------------- */

/* Inside a dialog whose next hop is known, or by a given flow, it is sent at once. */
static int start(struct sip_uac *uac, struct sip_flow *flow)
{
	struct sip_target literal;
	struct uri hop;
	bool route;
	int err;

	if (flow) {
		uac->base = obj_ref(flow);
		uac->udp_all = true; /* this one and no other */
		return send_by_base(uac);
	}
	if (uac->dialog)
		uac->udp_all = sip_dialog_keeps_flow(uac->dialog);
	err = sip_uac_hop(uac, &hop, &route);
	if (uac->dialog && (err < 0 || uac->udp_all || !uac->agent->locator.dns ||
				   sip_literal_hop(&hop, &literal) == 0)) {
		err = sip_dialog_flow(uac->dialog, &uac->base);
		return err < 0 ? err : send_by_base(uac);
	}
	if (err < 0)
		return err;
	return sip_locate_start(&uac->locate, uac->agent, &hop, route, on_located, uac);
}

int sip_uac_start(struct sip_uac **uacp, struct sip_agent *agent,
	const struct sip_uac_params *params, const struct sip_uac_handlers *handlers, void *arg)
{
	struct sip_uac *uac;
	int err = -ENOMEM;

	if (agent->closed || (params->dialog && !params->dialog->agent))
		return -ENOTCONN;
	if (params->method == SIP_INVITE || params->method == SIP_ACK ||
		params->method == SIP_CANCEL || params->method == SIP_OTHER)
		return -EINVAL;
	uac = obj_new(sizeof *uac, destroy);
	if (!uac)
		return -ENOMEM;
	list_init(&uac->node);
	timer_init(&uac->patience, on_patience, uac);
	uac->agent = agent;
	err = sip_uac_copy(uac, params);
	uac->auth = obj_ref(params->auth);
	if (err == 0 && !uac->auth && params->credentials)
		err = sip_auth_client_new(&uac->auth, params->credentials);
	if (err < 0)
		goto out;
	list_append(&agent->uacs, &uac->node);
	obj_ref(uac); /* the list's */
	err = start(uac, params->flow);
	if (err < 0) {
		close_uac(uac);
		obj_unref(uac);
		goto out;
	}
	uac->handlers = handlers;
	uac->arg = arg;
	if (uacp)
		*uacp = obj_ref(uac);
out:
	obj_unref(uac);
	return err;
}

uint32_t sip_uac_cseq(const struct sip_uac *uac)
{
	return uac->cseq;
}

struct sip_flow *sip_uac_flow(const struct sip_uac *uac)
{
	return uac->flow;
}
