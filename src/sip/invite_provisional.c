/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * INVITE usage, the side that answers: provisional responses, and the reliable ones (RFC 3262 3).
 *
 * A response is reliable when the peer requires it, or can have it and there is a description in it.
 * One at a time is under way: while it is not acknowledged, what the user sends next waits, the
 * last word counting; so a 2xx never overtakes an offer or answer.
 */
#include <errno.h>

#include "core/id.h"
#include "core/mem.h"
#include "sip/invite_private.h"

/* 13.3.1.1: an INVITE that rings on is kept alive in the proxies by a response a minute. */
enum { RINGING_MS = 60000 };

void sip_invite_note_100rel(struct sip_invite *invite, const struct sip_msg *request)
{
	invite->requires_100rel = sip_msg_has_token(request, SIP_HDR_REQUIRE, "100rel");
	invite->knows_100rel =
		invite->requires_100rel || sip_msg_has_token(request, SIP_HDR_SUPPORTED, "100rel");
	invite->unacknowledged = invite->described = false;
	invite->answer_cseq = request->cseq.number;
}

void sip_invite_drop_deferred(struct sip_invite *invite)
{
	mem_free(invite->deferred);
	invite->deferred = NULL;
}

int sip_invite_defer(
	struct sip_invite *invite, unsigned status, const struct sip_body *body, struct slice extra)
{
	struct sip_invite_offer *kept;

	if (invite->deferred && invite->deferred->status >= 200)
		return -EINVAL; /* it has been answered */
	kept = sip_invite_keep_offer(body, extra);
	if (!kept)
		return -ENOMEM;
	kept->status = status;
	mem_free(invite->deferred);
	invite->deferred = kept;
	return 0;
}

void sip_invite_send_deferred(struct sip_invite *invite)
{
	struct sip_invite_offer *kept = invite->deferred;
	struct sip_body body;
	int err = 0;

	if (!kept || invite->unacknowledged || invite->asking || invite->sm.state >= INVITE_ENDING)
		return;
	invite->deferred = NULL;
	body = (struct sip_body){kept->type, kept->data};
	if (kept->status < 200)
		sip_invite_progress(invite, kept->status, body.type.n ? &body : NULL, kept->extra);
	else
		err = sip_invite_accept(invite, body.type.n ? &body : NULL, kept->extra);
	mem_free(kept);
	if (err < 0) /* its user believes it sent */
		sip_invite_give_up_incoming(invite, 500);
}

/* ---- sending ----------------------------------------------------------------------------------- */

void sip_invite_start_ringing(struct sip_invite *invite)
{
	timer_start_ms(&invite->answer_timer, invite->agent->timers, RINGING_MS);
}

static void start_repeating(struct sip_invite *invite)
{
	struct sip_agent *agent = invite->agent;

	invite->unacknowledged = true;
	invite->answer_interval = agent->timing.t1;
	invite->answer_deadline = agent->timers->now + 64 * (uint64_t)agent->timing.t1 * 1000;
	timer_start_ms(&invite->answer_timer, agent->timers, agent->timing.t1);
}

static int send_reliable(
	struct sip_invite *invite, unsigned status, const struct sip_body *body, struct slice extra)
{
	uint32_t rseq = invite->rseq ? invite->rseq + 1 : 1 + random_below(INT32_MAX);
	int err;

	if (invite->described)
		body = NULL; /* it has been said */
	err = sip_invite_respond(invite, status, rseq, body, extra);
	if (err < 0)
		return err;
	if (invite->sm.state != INVITE_RECEIVED) /* RFC 6141 4.6 */
		sip_dialog_refresh(
			invite->dialog, sip_server_transaction_request(invite->incoming));
	invite->rseq = rseq;
	start_repeating(invite);
	if (!body)
		return 0;
	invite->described = true;
	if (invite->terms.exchange == EXCHANGE_RECEIVED)
		sip_invite_agree(invite);
	else
		invite->terms.exchange = EXCHANGE_SENT;
	return 0;
}

int sip_invite_progress(
	struct sip_invite *invite, unsigned status, const struct sip_body *body, struct slice extra)
{
	int err;

	if (!sip_invite_answerable(invite) || status < 101 || status > 199)
		return -EINVAL;
	err = sip_invite_check_extra(extra);
	if (err < 0)
		return err;
	if (invite->unacknowledged || invite->deferred)
		return sip_invite_defer(invite, status, body, extra);
	if (invite->requires_100rel || (invite->knows_100rel && body && !invite->described)) {
		err = send_reliable(invite, status, body, extra);
	} else {
		err = sip_invite_respond(invite, status, 0, body, extra);
		if (err == 0)
			sip_invite_start_ringing(invite);
	}
	if (err == 0)
		invite->last_progress = status;
	return err;
}

/* ---- timers ------------------------------------------------------------------------------------ */

/* RFC 3262 3: at intervals from T1, doubling without end, for 64*T1; then a 5xx. */
static void repeat(struct sip_invite *invite)
{
	struct sip_agent *agent = invite->agent;
	uint64_t now = agent->timers->now, wait;

	if (now >= invite->answer_deadline) {
		sip_invite_give_up_incoming(invite, 504);
		return;
	}
	invite->answer_interval *= 2;
	wait = invite->answer_interval * 1000ULL;
	if (wait > invite->answer_deadline - now)
		wait = invite->answer_deadline - now;
	timer_start_us(&invite->answer_timer, agent->timers, wait);
	sip_server_transaction_resend(invite->incoming);
}

void sip_invite_provisional_timer(struct sip_invite *invite)
{
	if (invite->unacknowledged) {
		repeat(invite);
		return;
	}
	sip_invite_start_ringing(invite);
	/* One that was acknowledged would not be news to anybody. */
	if (invite->last_progress && !invite->rseq)
		sip_server_transaction_resend(invite->incoming);
	else
		sip_invite_progress(invite, invite->last_progress ? invite->last_progress : 183,
			NULL, SLICE_NONE);
}

/* ---- PRACK ------------------------------------------------------------------------------------- */

static void reply(struct sip_server_transaction *txn, unsigned status)
{
	sip_server_transaction_reply(txn, status, SLICE_NONE, SLICE_NONE, SLICE_NONE);
}

/* The response that PRACK names has been received. */
static void acknowledge(struct sip_invite *invite)
{
	invite->unacknowledged = false;
	if (invite->incoming && !invite->awaiting_ack)
		sip_invite_start_ringing(invite);
}

static void take_prack(
	struct sip_invite *invite, struct sip_server_transaction *txn, const struct sip_msg *prack)
{
	bool answer =
		invite->terms.exchange == EXCHANGE_SENT && invite->described && invite->incoming;

	if (prack->body.n && !answer && !sip_invite_may_offer(invite)) {
		sip_invite_refuse_for_now(txn);
		return;
	}
	acknowledge(invite);
	if (prack->body.n && !answer) {
		sip_invite_ask(invite, txn, prack);
		return;
	}
	reply(txn, 200);
	if (answer) {
		sip_invite_agree(invite);
		if (invite->handlers && invite->handlers->acknowledged_early)
			invite->handlers->acknowledged_early(invite, prack, invite->arg);
	}
	if (invite->agent)
		sip_invite_send_deferred(invite);
}

void sip_invite_receive_prack(
	struct sip_invite *invite, struct sip_server_transaction *txn, const struct sip_msg *prack)
{
	struct sip_rack rack;

	if (sip_rack_parse(sip_msg_value(prack, SIP_HDR_RACK), &rack) < 0)
		reply(txn, 400);
	else if (!invite->unacknowledged || rack.rseq != invite->rseq ||
		 rack.cseq.method != SIP_INVITE || rack.cseq.number != invite->answer_cseq)
		reply(txn, 481); /* RFC 3262 3 */
	else if (invite->sm.state >= INVITE_ENDING)
		reply(txn, 200);
	else
		take_prack(invite, txn, prack);
}
