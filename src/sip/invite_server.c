/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * INVITE usage, the side that answers (RFC 3261 13.3, 14.2): INVITE and re-INVITE from the peer, and
 * their final responses. Provisional ones are invite_provisional.c.
 */
#include <errno.h>

#include "core/id.h"
#include "core/mem.h"
#include "sip/flow.h"
#include "sip/invite_private.h"
#include "sip/usage.h"

static void tell_withdrawn(struct sip_invite *invite)
{
	if (invite->handlers && invite->handlers->withdrawn)
		invite->handlers->withdrawn(invite, invite->arg);
}

static int answer(struct sip_invite *invite, const struct sip_body *body, struct slice extra);

/*
 * RFC 6141 3.3: what the re-INVITE has asked for, or an UPDATE within it, is so already on both
 * sides. A refusal would say that it is not.
 */
static bool has_executed(const struct sip_invite *invite)
{
	return invite->executed && !invite->unacknowledged && sip_invite_answerable(invite);
}

static void on_cancelled(
	struct sip_server_transaction *txn, const struct sip_msg *cancel, void *arg)
{
	struct sip_invite *invite = arg;

	if (txn != invite->incoming || invite->awaiting_ack)
		return;
	obj_ref(invite);
	if (has_executed(invite)) { /* RFC 6141 3.8 */
		answer(invite, NULL, SLICE_NONE);
		tell_withdrawn(invite);
		goto out;
	}
	sip_invite_drop_update(invite);
	sip_invite_drop_incoming(invite, 487); /* 9.2 */
	if (invite->sm.state == INVITE_RECEIVED)
		sip_invite_conclude(invite, 487, cancel);
	else
		tell_withdrawn(invite);
out:
	obj_unref(invite);
}

static void on_failed(struct sip_server_transaction *txn, int err, void *arg)
{
	struct sip_invite *invite = arg;

	if (txn != invite->incoming || invite->awaiting_ack)
		return;
	obj_ref(invite);
	invite->incoming = obj_unref(invite->incoming);
	timer_stop(&invite->answer_timer);
	if (invite->sm.state == INVITE_RECEIVED)
		sip_invite_conclude(invite, 500, NULL);
	else
		tell_withdrawn(invite);
	obj_unref(invite);
}

static const struct sip_server_transaction_handlers transaction_handlers = {
	.cancelled = on_cancelled,
	.failed = on_failed,
};

static void take(struct sip_invite *invite, struct sip_server_transaction *txn,
	const struct sip_msg *request)
{
	invite->incoming = obj_ref(txn);
	invite->awaiting_ack = false;
	invite->last_progress = 0;
	invite->executed = false;
	sip_server_transaction_set_handlers(txn, &transaction_handlers, invite);
	sip_invite_note_100rel(invite, request);
	sip_invite_note_abilities(invite, request);
	invite->terms.exchange = request->body.n ? EXCHANGE_RECEIVED : EXCHANGE_NONE;
	sip_invite_start_ringing(invite);
}

/* The transaction is done with: it lives on by itself. */
static void let_go(struct sip_invite *invite)
{
	timer_stop(&invite->answer_timer);
	sip_server_transaction_set_handlers(invite->incoming, NULL, NULL);
	invite->incoming = obj_unref(invite->incoming);
	invite->awaiting_ack = false;
	invite->described = false;
	sip_invite_drop_deferred(invite);
}

void sip_invite_drop_incoming(struct sip_invite *invite, unsigned status)
{
	if (!invite->incoming)
		return;
	if (!invite->awaiting_ack)
		sip_server_transaction_reply(
			invite->incoming, status, SLICE_NONE, SLICE_NONE, SLICE_NONE);
	invite->terms.exchange = EXCHANGE_NONE;
	let_go(invite);
}

void sip_invite_give_up_incoming(struct sip_invite *invite, unsigned status)
{
	obj_ref(invite);
	sip_invite_drop_incoming(invite, status);
	if (invite->sm.state == INVITE_RECEIVED)
		sip_invite_conclude(invite, status, NULL);
	else
		tell_withdrawn(invite);
	obj_unref(invite);
}

static void refuse(struct sip_server_transaction *txn, unsigned status, struct slice extra)
{
	sip_server_transaction_reply(txn, status, extra, SLICE_NONE, SLICE_NONE);
}

void sip_invite_refuse_for_now(struct sip_server_transaction *txn)
{
	struct buf retry;

	buf_init(&retry, 64);
	buf_printf(&retry, "Retry-After: %u\r\n", random_below(11));
	refuse(txn, 500, buf_view(&retry));
	buf_free(&retry);
}

void sip_invite_new_server(
	struct sip_agent *agent, struct sip_server_transaction *txn, const struct sip_msg *request)
{
	struct sip_invite *invite, *replaced;
	unsigned status;
	int err;

	if (sip_invite_refuse_interval(agent, txn, request))
		return;
	status = sip_invite_find_replaced(agent, request, &replaced);
	if (status) {
		refuse(txn, status, SLICE_NONE);
		return;
	}
	refuse(txn, 100, SLICE_NONE);
	invite = sip_invite_alloc(agent, INVITE_RECEIVED);
	if (!invite) {
		refuse(txn, 500, SLICE_NONE);
		return;
	}
	err = sip_dialog_new_server(
		&invite->dialog, agent, txn, &sip_invite_dialog_handlers, invite);
	if (err < 0) {
		sip_invite_forget(invite);
		refuse(txn, err == -EBADMSG ? 400 : 500, SLICE_NONE);
		goto out;
	}
	invite->connected = true;
	invite->peer = request->source;
	invite->replaced = obj_ref(replaced);
	take(invite, txn, request);
	agent->handlers.invite(invite, request, agent->arg);
	if (invite->sm.state == INVITE_RECEIVED && !invite->handlers) {
		sip_invite_drop_incoming(invite, 500);
		sip_invite_conclude(invite, 500, NULL);
	}
out:
	obj_unref(invite);
}

void sip_invite_receive_reinvite(struct sip_invite *invite, struct sip_server_transaction *txn,
	const struct sip_msg *request)
{
	sip_invite_yield(invite);
	if (invite->sm.state >= INVITE_ENDING) {
		refuse(txn, 481, SLICE_NONE);
	} else if (sip_invite_refuse_interval(invite->agent, txn, request)) {
		return;
	} else if ((invite->incoming && !invite->awaiting_ack) || invite->asking) {
		sip_invite_refuse_for_now(txn); /* 14.2: one at a time */
	} else if (invite->incoming || invite->outgoing ||
		   invite->terms.exchange == EXCHANGE_SENT) {
		refuse(txn, 491, SLICE_NONE); /* 14.2; our 2xx unacknowledged is as good */
	} else {
		refuse(txn, 100, SLICE_NONE);
		take(invite, txn, request);
		if (invite->handlers && invite->handlers->renegotiate)
			invite->handlers->renegotiate(invite, request, invite->arg);
		else
			sip_invite_drop_incoming(invite, 488);
	}
}

void sip_invite_receive_ack(struct sip_invite *invite, const struct sip_msg *ack)
{
	if (!invite->incoming || !invite->awaiting_ack || ack->cseq.number != invite->answer_cseq)
		return;
	sip_server_transaction_forget(invite->incoming);
	let_go(invite);
	if (invite->terms.exchange == EXCHANGE_SENT)
		sip_invite_agree(invite);
	if (invite->sm.state == INVITE_ENDING) {
		sip_invite_bye(invite, invite->end_status, slice_str(invite->reason));
		return;
	}
	if (invite->sm.state == INVITE_ANSWERED)
		sm_move(&invite->sm, INVITE_ESTABLISHED);
	if (invite->handlers && invite->handlers->acknowledged)
		invite->handlers->acknowledged(invite, ack, invite->arg);
}

/* ---- timers ------------------------------------------------------------------------------------ */

/* 13.3.1.4: the 2xx at intervals from T1 to T2, for 64*T1. */
static void repeat_answer(struct sip_invite *invite)
{
	struct sip_agent *agent = invite->agent;
	uint64_t now = agent->timers->now;
	uint64_t wait;

	if (now >= invite->answer_deadline) {
		let_go(invite);
		/* 13.3.1.4: the dialog is confirmed all the same, and ended with BYE. */
		sip_invite_bye(invite, 408, SLICE("SIP;cause=500;text=\"Missing ACK\""));
		return;
	}
	invite->answer_interval = invite->answer_interval < agent->timing.t2 / 2
					  ? invite->answer_interval * 2
					  : agent->timing.t2;
	wait = invite->answer_interval * 1000ULL;
	if (wait > invite->answer_deadline - now)
		wait = invite->answer_deadline - now;
	timer_start_us(&invite->answer_timer, agent->timers, wait);
	sip_server_transaction_resend(invite->incoming);
}

void sip_invite_answer_timer(void *arg)
{
	struct sip_invite *invite = obj_ref(arg);

	if (invite->awaiting_ack)
		repeat_answer(invite);
	else
		sip_invite_provisional_timer(invite);
	obj_unref(invite);
}

static void start_answer_timer(struct sip_invite *invite)
{
	struct sip_agent *agent = invite->agent;

	invite->awaiting_ack = true;
	invite->answer_interval = agent->timing.t1;
	invite->answer_deadline = agent->timers->now + 64 * (uint64_t)agent->timing.t1 * 1000;
	timer_start_ms(&invite->answer_timer, agent->timers, agent->timing.t1);
}

/* ---- answers ----------------------------------------------------------------------------------- */

bool sip_invite_answerable(const struct sip_invite *invite)
{
	return invite->incoming && !invite->awaiting_ack && invite->sm.state != INVITE_ENDING;
}

int sip_invite_respond(struct sip_invite *invite, unsigned status, uint32_t rseq,
	const struct sip_body *body, struct slice extra)
{
	struct sip_server_transaction *txn = invite->incoming;
	const struct sip_msg *request = sip_server_transaction_request(txn);
	struct sip_invite_interval grant = {0};
	bool success = status >= 200 && status < 300;
	struct buf *out;
	int err;

	if (success && request)
		sip_invite_read_interval(invite, request, &grant);
	out = sip_server_transaction_begin(txn, status, NULL);
	if (!out)
		return -EINVAL;
	if (status < 300)
		sip_invite_write_contact(invite, out, sip_server_transaction_flow(txn));
	if (rseq) { /* RFC 3262 3; RFC 3311 5.1: may UPDATE come before the 2xx? */
		sip_write_header_str(out, SIP_HDR_REQUIRE, "100rel");
		sip_write_header_u32(out, SIP_HDR_RSEQ, rseq);
	}
	if (rseq || success) /* 13.3.1.4: may we be asked for more? */
		sip_write_header_str(out, SIP_HDR_ALLOW, SIP_ALLOW);
	if (success) {
		sip_write_header_str(out, SIP_HDR_SUPPORTED, SIP_SUPPORTED);
		sip_write_allow_events(invite->agent, out);
	}
	sip_invite_write_granted(&grant, out);
	sip_write_lines(out, extra);
	err = sip_server_transaction_send(
		txn, status, body ? body->type : SLICE_NONE, body ? body->data : SLICE_NONE);
	if (err == 0 && success)
		sip_invite_start_granted(invite, &grant);
	return err;
}

static int answer(struct sip_invite *invite, const struct sip_body *body, struct slice extra)
{
	const struct sip_msg *request = sip_server_transaction_request(invite->incoming);
	int err;

	if (!request)
		return -EINVAL;
	if (invite->described)
		body = NULL; /* a reliable provisional response has said it */
	if (invite->sm.state != INVITE_RECEIVED)
		sip_dialog_refresh(invite->dialog, request); /* 12.2.2 */
	err = sip_invite_respond(invite, 200, 0, body, extra);
	if (err < 0)
		return err;
	if (invite->terms.exchange == EXCHANGE_RECEIVED)
		sip_invite_agree(invite);
	else if (body)
		invite->terms.exchange = EXCHANGE_SENT;
	start_answer_timer(invite);
	if (invite->sm.state == INVITE_RECEIVED) {
		sm_move(&invite->sm, INVITE_ANSWERED);
		sip_invite_end_replaced(invite);
	}
	return 0;
}

int sip_invite_accept(struct sip_invite *invite, const struct sip_body *body, struct slice extra)
{
	int err;

	if (!invite->asking && !sip_invite_answerable(invite))
		return -EINVAL;
	err = sip_invite_check_extra(extra);
	if (err < 0)
		return err;
	if (invite->asking)
		return sip_invite_answer_asking(invite, 200, body, extra);
	/* RFC 3262 3: not before what it would contradict has been received. */
	if (invite->deferred || (invite->unacknowledged && invite->described))
		return sip_invite_defer(invite, 200, body, extra);
	return answer(invite, body, extra);
}

int sip_invite_reject(struct sip_invite *invite, unsigned status, struct slice extra)
{
	int err;

	if ((!invite->asking && !sip_invite_answerable(invite)) || status < 300 || status > 699)
		return -EINVAL;
	err = sip_invite_check_extra(extra);
	if (err < 0)
		return err;
	if (invite->asking)
		return sip_invite_answer_asking(invite, status, NULL, extra);
	if (has_executed(invite))
		return -EALREADY;
	/* One that cannot be sent (the request alone fills a datagram) is the end of it as well. */
	err = sip_invite_respond(invite, status, 0, NULL, extra);
	invite->terms.exchange = EXCHANGE_NONE;
	let_go(invite);
	/* Told from the timer: never from inside a call of the one who is told. */
	if (invite->sm.state == INVITE_RECEIVED)
		sip_invite_start_ending(invite, status, 0);
	return err;
}
