/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * INVITE usage: where our first INVITE goes (RFC 3263 4, RFC 3261 18.1.1). It is sent to one target
 * after the other, until one has an answer of its own.
 */
#include <errno.h>
#include <string.h>

#include "core/mem.h"
#include "sip/dialog_private.h"
#include "sip/flow.h"
#include "sip/invite_private.h"
#include "sip/locate.h"

/* As for other requests (uac.c): how long a target may be silent while there is another one. */
enum { PATIENCE_T1 = 8 };

/* Owned by its usage. */
struct sip_invite_dial {
	struct sip_invite *invite;
	struct sip_locate *locate;
	struct sip_target *targets; /* ours */
	size_t n_targets, at;
	uint32_t cseq;
	struct sip_body body; /* these point into text */
	struct slice extra;
	struct timer patience;
	bool heard;   /* this target has sent a provisional response */
	bool large;   /* it goes to this target by TCP because of its size */
	bool udp_all; /* there is no TCP at this target: by UDP, however large */
	char text[];
};

void sip_invite_drop_dial(struct sip_invite *invite)
{
	struct sip_invite_dial *dial = invite->dial;

	if (!dial)
		return;
	invite->dial = NULL;
	timer_stop(&dial->patience);
	sip_locate_cancel(dial->locate);
	mem_free(dial->targets);
	mem_free(dial);
}

static bool has_next(const struct sip_invite_dial *dial)
{
	return dial->at + 1 < dial->n_targets;
}

/* ---- sending ----------------------------------------------------------------------------------- */

/* The body that was given, or the offer that is made for the address it goes out from. */
static int find_body(
	const struct sip_invite_dial *dial, const struct sip_flow *flow, struct sip_body *body)
{
	struct sip_invite *invite = dial->invite;

	*body = dial->body;
	if (body->type.n || !invite->handlers || !invite->handlers->offer)
		return 0;
	return invite->handlers->offer(invite, &flow->local, body, invite->arg);
}

static int send_by(struct sip_invite_dial *dial, const struct sip_target *target, size_t limit)
{
	struct sip_invite *invite = dial->invite;
	struct sip_body body;
	struct sip_flow *flow;
	int err = sip_target_flow(invite->agent, target, &flow);

	if (err < 0)
		return err;
	sip_dialog_set_flow(invite->dialog, flow);
	err = find_body(dial, flow, &body);
	if (err == 0)
		err = sip_invite_send(
			invite, flow, dial->cseq, limit, body.type.n ? &body : NULL, dial->extra);
	if (err == 0)
		invite->peer = flow->remote;
	obj_unref(flow);
	return err;
}

/* To the target at hand; what is too large for UDP goes by TCP if there is TCP (18.1.1). */
static int send_to_target(struct sip_invite_dial *dial)
{
	const struct sip_agent *agent = dial->invite->agent;
	struct sip_target target = dial->targets[dial->at];
	bool may_switch = target.transport == SIP_UDP && !dial->udp_all &&
			  sip_agent_reaches(agent, SIP_TCP, addr_family(&target.addr));
	int err;

	dial->heard = false;
	err = send_by(dial, &target, may_switch ? SIP_UDP_LIMIT : 0);
	if (err == -EMSGSIZE && may_switch) {
		dial->large = true;
		target.transport = SIP_TCP;
		err = send_by(dial, &target, 0);
		if (err < 0) {
			dial->udp_all = true;
			err = send_by(dial, &dial->targets[dial->at], 0);
		}
	}
	if (err == 0 && has_next(dial))
		timer_start_ms(
			&dial->patience, agent->timers, PATIENCE_T1 * (uint64_t)agent->timing.t1);
	return err;
}

static void take_next(struct sip_invite_dial *dial)
{
	dial->at++;
	dial->large = dial->udp_all = false;
}

/* To the target at hand, or the next that can be sent to. */
static int send_on(struct sip_invite_dial *dial)
{
	int err = -ENETUNREACH;

	for (; dial->at < dial->n_targets; take_next(dial)) {
		err = send_to_target(dial);
		if (err == 0)
			break;
	}
	return err;
}

static void on_located(int err, const struct sip_target *targets, size_t n, void *arg)
{
	struct sip_invite_dial *dial = arg;
	struct sip_invite *invite = obj_ref(dial->invite);

	dial->locate = NULL;
	if (err == 0) {
		dial->targets = mem_zalloc(n * sizeof *targets);
		err = dial->targets ? 0 : -ENOMEM;
	}
	if (err == 0) {
		memcpy(dial->targets, targets, n * sizeof *targets);
		dial->n_targets = n;
		err = send_on(dial);
	}
	if (err < 0)
		sip_invite_conclude(invite, err == -ENOMEM ? 500 : 503, NULL);
	obj_unref(invite);
}

/* ---- what comes of it -------------------------------------------------------------------------- */

void sip_invite_dial_heard(struct sip_invite *invite)
{
	if (!invite->dial)
		return;
	invite->dial->heard = true;
	timer_stop(&invite->dial->patience);
}

bool sip_invite_dial_refused(struct sip_invite *invite, unsigned status)
{
	struct sip_invite_dial *dial = invite->dial;

	if (!dial || status != 503 || !has_next(dial))
		return false;
	timer_stop(&dial->patience);
	sip_locate_failed(invite->agent, &dial->targets[dial->at]);
	take_next(dial);
	return send_on(dial) == 0;
}

bool sip_invite_dial_again(struct sip_invite *invite)
{
	struct sip_invite_dial *dial = invite->dial;

	if (!dial || dial->at >= dial->n_targets)
		return false;
	timer_stop(&dial->patience);
	dial->cseq = sip_dialog_next_cseq(invite->dialog);
	return send_on(dial) == 0;
}

bool sip_invite_dial_failed(struct sip_invite *invite, unsigned status)
{
	struct sip_invite_dial *dial = invite->dial;

	if (!dial || dial->n_targets == 0)
		return false;
	timer_stop(&dial->patience);
	if (dial->large && !dial->udp_all && !dial->heard) {
		dial->udp_all = true; /* 18.1.1: a peer that has no TCP */
		return send_on(dial) == 0;
	}
	sip_locate_failed(invite->agent, &dial->targets[dial->at]);
	if (!has_next(dial) || (dial->heard && status == 408))
		return false;
	take_next(dial);
	return send_on(dial) == 0;
}

/* The one before may ring yet; then it gets CANCEL. */
static void on_patience(void *arg)
{
	struct sip_invite_dial *dial = arg;
	struct sip_invite *invite = obj_ref(dial->invite);

	sip_invite_give_up_target(invite->agent, invite->outgoing);
	invite->outgoing = obj_unref(invite->outgoing);
	if (!sip_invite_dial_failed(invite, 408))
		sip_invite_conclude(invite, 408, NULL);
	obj_unref(invite);
}

/* ---- starting ---------------------------------------------------------------------------------- */

static struct slice put(char *text, size_t *used, struct slice s)
{
	char *at = text + *used;

	if (s.n)
		memcpy(at, s.p, s.n);
	*used += s.n;
	return slice_of(at, s.n);
}

static struct sip_invite_dial *new_dial(
	struct sip_invite *invite, const struct sip_body *body, struct slice extra)
{
	struct sip_body none = {0};
	struct sip_invite_dial *dial;
	size_t used = 0;

	if (!body)
		body = &none;
	dial = mem_zalloc(sizeof *dial + body->type.n + body->data.n + extra.n + 1);
	if (!dial)
		return NULL;
	dial->invite = invite;
	dial->body.type = put(dial->text, &used, body->type);
	dial->body.data = put(dial->text, &used, body->data);
	dial->extra = put(dial->text, &used, extra);
	dial->cseq = sip_dialog_next_cseq(invite->dialog);
	timer_init(&dial->patience, on_patience, dial);
	return dial;
}

int sip_invite_dial(struct sip_invite *invite, const struct sip_invite_target *target,
	const struct sip_body *body, struct slice extra)
{
	struct sip_invite_dial *dial = new_dial(invite, body, extra);
	struct uri uri;
	int err;

	if (!dial)
		return -ENOMEM;
	invite->dial = dial;
	if (target->next_hop.len == 0) {
		bool routed = invite->dialog->routes.n > 0;

		err = sip_dialog_next_hop(invite->dialog, &uri);
		return err < 0 ? err
			       : sip_locate_start(&dial->locate, invite->agent, &uri, routed,
					 on_located, dial);
	}
	dial->targets = mem_zalloc(sizeof *dial->targets);
	if (!dial->targets)
		return -ENOMEM;
	dial->targets->transport = target->transport;
	dial->targets->addr = target->next_hop;
	dial->n_targets = 1;
	return send_on(dial);
}
