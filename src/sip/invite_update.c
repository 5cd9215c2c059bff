/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * INVITE usage: UPDATE of either side (RFC 3311), before and after the call is answered, with an
 * offer or only to refresh the session timer (RFC 4028 7.4); and the offers that PRACK carries.
 */
#include <errno.h>

#include "core/mem.h"
#include "sip/flow.h"
#include "sip/invite_private.h"

static void reply(struct sip_server_transaction *txn, unsigned status)
{
	sip_server_transaction_reply(txn, status, SLICE_NONE, SLICE_NONE, SLICE_NONE);
}

static bool established(const struct sip_invite *invite)
{
	return invite->sm.state == INVITE_ESTABLISHED;
}

void sip_invite_agree(struct sip_invite *invite)
{
	invite->terms.exchange = EXCHANGE_NONE;
	invite->terms.agreed = true;
	if (established(invite) && (invite->incoming || invite->outgoing))
		invite->executed = true;
}

bool sip_invite_may_offer(const struct sip_invite *invite)
{
	bool invite_open = invite->incoming && !invite->described;

	return invite->terms.agreed && !invite->asking && invite->terms.exchange == EXCHANGE_NONE &&
	       !invite_open && !invite->terms.offerless && !invite->awaiting_ack &&
	       !invite->need_ack;
}

/* ---- of the peer ------------------------------------------------------------------------------- */

static void on_failed(struct sip_server_transaction *txn, int err, void *arg)
{
	struct sip_invite *invite = arg;

	if (txn != invite->asking)
		return;
	obj_ref(invite);
	sip_invite_turn_to(invite, invite->asking_in);
	invite->asking = obj_unref(invite->asking);
	invite->asking_in = NULL;
	invite->terms.exchange = EXCHANGE_NONE;
	if (invite->handlers && invite->handlers->withdrawn)
		invite->handlers->withdrawn(invite, invite->arg);
	obj_unref(invite);
}

static const struct sip_server_transaction_handlers asking_handlers = {.failed = on_failed};

void sip_invite_ask(struct sip_invite *invite, struct sip_server_transaction *txn,
	const struct sip_msg *request)
{
	invite->asking = obj_ref(txn);
	invite->asking_in = invite->branch;
	invite->terms.exchange = EXCHANGE_RECEIVED;
	sip_server_transaction_set_handlers(txn, &asking_handlers, invite);
	if (invite->handlers && invite->handlers->renegotiate)
		invite->handlers->renegotiate(invite, request, invite->arg);
	else
		sip_invite_answer_asking(invite, 488, NULL, SLICE_NONE);
}

static void release_asking(struct sip_invite *invite)
{
	sip_server_transaction_set_handlers(invite->asking, NULL, NULL);
	invite->asking = obj_unref(invite->asking);
	invite->asking_in = NULL;
}

void sip_invite_refuse_asking(struct sip_invite *invite)
{
	if (!invite->asking)
		return;
	reply(invite->asking, 487); /* 15.1.2 */
	release_asking(invite);
}

/* 200 to UPDATE. RFC 3311 5.2: it refreshes the target; RFC 4028 9: and the session. */
static int accept_update(struct sip_invite *invite, struct sip_server_transaction *txn,
	const struct sip_body *body, struct slice extra)
{
	const struct sip_msg *request = sip_server_transaction_request(txn);
	struct sip_invite_interval grant = {0};
	struct buf *out;
	int err;

	sip_invite_note_abilities(invite, request);
	if (established(invite))
		sip_invite_read_interval(invite, request, &grant);
	sip_dialog_refresh(sip_invite_live_dialog(invite), request);
	out = sip_server_transaction_begin(txn, 200, NULL);
	if (!out)
		return -EINVAL;
	sip_invite_write_contact(invite, out, sip_server_transaction_flow(txn));
	sip_write_header_str(out, SIP_HDR_ALLOW, SIP_ALLOW);
	sip_write_header_str(out, SIP_HDR_SUPPORTED, SIP_SUPPORTED);
	sip_invite_write_granted(&grant, out);
	sip_write_lines(out, extra);
	err = sip_server_transaction_send(
		txn, 200, body ? body->type : SLICE_NONE, body ? body->data : SLICE_NONE);
	if (err == 0 && established(invite))
		sip_invite_start_granted(invite, &grant);
	return err;
}

int sip_invite_answer_asking(
	struct sip_invite *invite, unsigned status, const struct sip_body *body, struct slice extra)
{
	struct sip_server_transaction *txn = invite->asking;
	const struct sip_msg *request = sip_server_transaction_request(txn);
	int err;

	if (!request)
		return -EINVAL;
	sip_invite_turn_to(invite, invite->asking_in);
	if (status < 300 && request->method == SIP_UPDATE)
		err = accept_update(invite, txn, body, extra);
	else
		err = sip_server_transaction_reply(txn, status, extra,
			body ? body->type : SLICE_NONE, body ? body->data : SLICE_NONE);
	if (err < 0 && status < 300)
		return err;
	release_asking(invite);
	if (status < 300)
		sip_invite_agree(invite);
	invite->terms.exchange = EXCHANGE_NONE;
	sip_invite_send_deferred(invite);
	return err;
}

void sip_invite_receive_update(struct sip_invite *invite, struct sip_server_transaction *txn,
	const struct sip_msg *request)
{
	if (invite->sm.state >= INVITE_ENDING) {
		reply(txn, 481);
	} else if (sip_invite_refuse_interval(invite->agent, txn, request)) {
		return;
	} else if (invite->asking) {
		sip_invite_refuse_for_now(txn); /* RFC 3311 5.2 */
	} else if (request->body.n == 0) {
		accept_update(invite, txn, NULL, SLICE_NONE);
	} else if (invite->terms.exchange == EXCHANGE_SENT || invite->awaiting_ack) {
		reply(txn, 491); /* 5.2; the answer in our 2xx unacknowledged is as good */
	} else if (!sip_invite_may_offer(invite)) {
		sip_invite_refuse_for_now(txn);
	} else {
		sip_invite_yield(invite);
		if (invite->sm.state < INVITE_ENDING)
			sip_invite_ask(invite, txn, request);
		else
			reply(txn, 481);
	}
}

/* ---- ours -------------------------------------------------------------------------------------- */

static void tell_answered(struct sip_invite *invite, const struct sip_msg *response)
{
	if (invite->handlers && invite->handlers->answered)
		invite->handlers->answered(invite, response, invite->arg);
}

static void receive_2xx(struct sip_invite *invite, const struct sip_msg *response)
{
	bool offered = invite->terms.exchange == EXCHANGE_SENT;

	if (invite->offer) { /* else it was PRACK */
		sip_dialog_refresh(sip_invite_live_dialog(invite), response);
		sip_invite_note_abilities(invite, response);
		if (established(invite))
			sip_invite_take_interval(invite, response);
	}
	sip_invite_drop_offer(invite);
	if (!offered)
		return;
	sip_invite_agree(invite);
	tell_answered(invite, response);
}

static void receive_refusal(struct sip_invite *invite, const struct sip_msg *response)
{
	if (response && (response->status == 405 || response->status == 501))
		invite->terms.peer_updates = false;
	invite->terms.exchange = EXCHANGE_NONE;
	sip_invite_reinvite_refused(invite, response);
}

static void on_done(struct sip_uac *uac, unsigned status, const struct sip_msg *response, void *arg)
{
	struct sip_invite *invite = obj_ref(arg);

	sip_invite_turn_to(invite, invite->update_in);
	invite->update = obj_unref(invite->update);
	if (response && status < 300)
		receive_2xx(invite, response);
	else
		receive_refusal(invite, response);
	obj_unref(invite);
}

const struct sip_uac_handlers sip_invite_update_handlers = {.done = on_done};

int sip_invite_send_update(struct sip_invite *invite)
{
	struct sip_body body = {invite->offer->type, invite->offer->data};
	struct sip_invite_request request = {
		.method = SIP_UPDATE, .body = body.type.n ? &body : NULL, .contact = true};
	struct buf lines;
	int err;

	sip_invite_turn_to(invite, invite->update_in);
	request.dialog = sip_invite_live_dialog(invite);
	buf_init(&lines, SIP_MAX_MESSAGE);
	sip_write_header_str(&lines, SIP_HDR_ALLOW, SIP_ALLOW);
	sip_write_header_str(&lines, SIP_HDR_SUPPORTED, SIP_SUPPORTED);
	if (established(invite))
		sip_invite_write_interval(invite, &lines);
	buf_slice(&lines, invite->offer->extra);
	request.lines = buf_view(&lines);
	err = lines.err;
	if (err == 0)
		err = sip_invite_request(
			invite, &request, &sip_invite_update_handlers, &invite->update);
	if (err == 0 && request.body)
		invite->terms.exchange = EXCHANGE_SENT;
	buf_free(&lines);
	return err;
}

/* Whether the peer knows the dialog: who was called needs a reliable response acknowledged. */
static bool updatable(const struct sip_invite *invite)
{
	switch (invite->sm.state) {
	case INVITE_RECEIVED:
		return invite->described && !invite->unacknowledged;
	case INVITE_CALLING:
		return invite->branch != NULL;
	case INVITE_ANSWERED:
	case INVITE_ESTABLISHED:
		return true;
	default:
		return false;
	}
}

int sip_invite_update(struct sip_invite *invite, const struct sip_body *body, struct slice extra)
{
	int err;

	if (!updatable(invite))
		return -EINVAL;
	if (!invite->terms.peer_updates)
		return -ENOTSUP;
	if (invite->update || invite->offer || invite->asking ||
		(body && !sip_invite_may_offer(invite)))
		return -EBUSY;
	err = sip_invite_check_extra(extra);
	if (err < 0)
		return err;
	invite->offer = sip_invite_keep_offer(body, extra);
	if (!invite->offer)
		return -ENOMEM;
	invite->offer->update = true;
	invite->update_in = invite->branch;
	err = sip_invite_send_update(invite);
	if (err < 0)
		sip_invite_drop_offer(invite);
	return err;
}

void sip_invite_refresh(struct sip_invite *invite)
{
	if (!invite->incoming && !invite->outgoing && !invite->need_ack)
		sip_invite_update(invite, NULL, SLICE_NONE);
}

void sip_invite_drop_update(struct sip_invite *invite)
{
	sip_invite_drop_request(&invite->update);
	sip_invite_refuse_asking(invite);
}
