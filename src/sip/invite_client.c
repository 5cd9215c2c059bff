/* SPDX-License-Identifier: GPL-3.0-or-later */
/* INVITE usage, the side that calls (RFC 3261 13.2, 9.1): INVITE, its responses, ACK. */
#include <errno.h>

#include "core/mem.h"
#include "sip/flow.h"
#include "sip/invite_private.h"
#include "sip/register_private.h"
#include "sip/usage.h"

/* ---- ACK --------------------------------------------------------------------------------------- */

static int write_ack(struct sip_invite *invite, struct sip_flow *flow, uint32_t cseq,
	const struct sip_body *body)
{
	char branch[SIP_BRANCH_SIZE];
	struct sip_request request = {.flow = flow,
		.method = SIP_ACK,
		.branch = branch,
		.extra = slice_str(invite->auth_lines)};

	if (body) {
		request.type = body->type;
		request.body = body->data;
	}
	sip_dialog_begin(invite->dialog, flow, SIP_ACK, cseq, branch);
	return sip_request_send(invite->agent, &request, NULL, NULL, NULL);
}

static void send_ack(struct sip_invite *invite, const struct sip_body *body)
{
	struct buf *out = &invite->agent->out;

	invite->ack_flow = obj_unref(invite->ack_flow);
	mem_free(invite->ack);
	invite->ack = NULL;
	if (sip_dialog_flow(invite->dialog, &invite->ack_flow) < 0)
		return;
	if (write_ack(invite, invite->ack_flow, invite->ack_cseq, body) < 0)
		return;
	invite->ack = mem_strndup(out->p, out->n);
	invite->ack_n = out->n;
}

/* 13.2.2.4: kept, to be sent again for each 2xx that comes again. */
void sip_invite_send_ack(struct sip_invite *invite, const struct sip_body *body)
{
	struct sip_invite_offer *late = invite->late_ack;
	struct sip_body kept;

	if (!invite->need_ack)
		return;
	invite->need_ack = false;
	invite->late_ack = NULL;
	if (invite->terms.exchange == EXCHANGE_RECEIVED)
		sip_invite_agree(invite);
	if (late) {
		kept = (struct sip_body){late->type, late->data};
		body = &kept;
	}
	send_ack(invite, body);
	mem_free(late);
}

/* The ACK may go to a host whose address is only being looked for; the 2xx is repeated until then. */
static void send_ack_when_located(struct sip_invite *invite, const struct sip_body *body)
{
	if (!invite->need_ack || invite->late_ack)
		return;
	if (sip_dialog_locating(invite->dialog))
		invite->late_ack = sip_invite_keep_offer(body, SLICE_NONE);
	if (!invite->late_ack)
		sip_invite_send_ack(invite, body);
}

void sip_invite_located(void *arg)
{
	struct sip_invite *invite = arg;

	if (invite->late_ack)
		sip_invite_send_ack(invite, NULL);
}

int sip_invite_acknowledge(struct sip_invite *invite, const struct sip_body *body)
{
	if (invite->agent && invite->pracking)
		return sip_invite_prack(invite, body);
	if (!invite->agent || !invite->need_ack || invite->late_ack)
		return -EINVAL;
	send_ack_when_located(invite, body);
	return 0;
}

void sip_invite_repeat_ack(struct sip_invite *invite, const struct sip_msg *response)
{
	if (invite->ack && response->cseq.number == invite->ack_cseq)
		sip_flow_send(invite->ack_flow, slice_of(invite->ack, invite->ack_n));
}

/* ---- responses --------------------------------------------------------------------------------- */

/* The transaction that got the 2xx takes the place of the one before. */
static void note_accepted(struct sip_invite *invite)
{
	if (invite->accepted)
		sip_client_transaction_set_handlers(invite->accepted, NULL, NULL);
	obj_unref(invite->accepted);
	invite->accepted = invite->outgoing;
	invite->outgoing = NULL;
}

/* With the 2xx our offer is answered, or the ACK will bring our answer (13.2.1). */
static void note_exchange(struct sip_invite *invite, const struct sip_msg *response)
{
	sip_invite_note_abilities(invite, response);
	if (invite->terms.exchange == EXCHANGE_SENT)
		sip_invite_agree(invite);
	else if (invite->terms.offerless && response->body.n)
		invite->terms.exchange = EXCHANGE_RECEIVED;
	invite->terms.offerless = false;
}

/* The first 2xx to our INVITE or re-INVITE. */
static void receive_answer(struct sip_invite *invite, const struct sip_msg *response)
{
	if (!invite->connected && sip_invite_confirm_dialog(invite, response) < 0) {
		sip_invite_conclude(invite, 500, response);
		return;
	}
	sip_invite_drop_dial(invite);
	sip_invite_located(invite); /* an ACK that waits is for the 2xx before */
	if (invite->connected) {
		sip_invite_drop_early(invite);
		sip_dialog_refresh(invite->dialog, response); /* 12.2.1.2 */
	}
	invite->connected = true;
	note_accepted(invite);
	sip_invite_drop_offer(invite);
	note_exchange(invite, response);
	invite->need_ack = true;
	invite->ack_cseq = response->cseq.number;
	if (invite->sm.state == INVITE_ENDING) {
		/* The CANCEL came too late, or BYE crossed it. */
		if (invite->bye)
			sip_invite_send_ack(invite, NULL);
		else
			sip_invite_bye(invite, invite->end_status, SLICE_NONE);
		return;
	}
	if (invite->sm.state == INVITE_CALLING)
		sm_move(&invite->sm, INVITE_ESTABLISHED);
	sip_invite_take_interval(invite, response);
	if (invite->handlers && invite->handlers->answered)
		invite->handlers->answered(invite, response, invite->arg);
	if (invite->agent)
		send_ack_when_located(invite, NULL);
}

static void receive_2xx(struct sip_invite *invite, struct sip_client_transaction *txn,
	const struct sip_msg *response)
{
	if (txn == invite->outgoing)
		receive_answer(invite, response);
	else if (txn == invite->accepted && sip_dialog_matches(invite->dialog, response))
		sip_invite_repeat_ack(invite, response);
	else if (txn == invite->accepted)
		sip_invite_send_away(
			invite->agent, sip_client_transaction_flow(txn), response, invite);
}

/* Once more with what the refusal asks for: credentials, a larger session interval (RFC 4028 7.3). */
static bool send_again(struct sip_invite *invite)
{
	return invite->connected ? sip_invite_reinvite_again(invite)
				 : sip_invite_dial_again(invite);
}

static void receive_refusal(struct sip_invite *invite, const struct sip_msg *response)
{
	bool again = invite->sm.state != INVITE_ENDING &&
		     (sip_invite_challenged(invite, response) ||
			     sip_invite_raise_interval(invite, response));

	invite->outgoing = obj_unref(invite->outgoing);
	sip_invite_drop_early(invite);
	if (sip_invite_dial_refused(invite, response->status) || (again && send_again(invite)))
		return;
	invite->terms.exchange = EXCHANGE_NONE;
	invite->terms.offerless = false;
	if (invite->sm.state == INVITE_CALLING)
		sip_invite_conclude(invite, response->status, response);
	else if (invite->sm.state == INVITE_ENDING && !invite->connected)
		sip_invite_conclude(invite, invite->end_status, response);
	else if (invite->sm.state == INVITE_ENDING)
		sip_invite_check_done(invite);
	else
		sip_invite_reinvite_refused(invite, response);
}

static void on_response(
	struct sip_client_transaction *txn, const struct sip_msg *response, void *arg)
{
	struct sip_invite *invite = obj_ref(arg);

	if (response->status < 200) {
		sip_invite_dial_heard(invite);
		if (invite->offer)
			invite->offer->heard = true;
		sip_invite_receive_provisional(invite, response);
	} else if (response->status < 300) {
		receive_2xx(invite, txn, response);
	} else if (txn == invite->outgoing) {
		receive_refusal(invite, response);
	}
	obj_unref(invite);
}

static void on_failed(struct sip_client_transaction *txn, unsigned status, void *arg)
{
	struct sip_invite *invite = obj_ref(arg);

	if (txn == invite->outgoing) {
		invite->outgoing = obj_unref(invite->outgoing);
		sip_invite_drop_early(invite);
		invite->terms.exchange = EXCHANGE_NONE;
		invite->terms.offerless = false;
		if (sip_invite_dial_failed(invite, status) || sip_invite_reinvite_by_udp(invite))
			goto out;
		if (invite->sm.state == INVITE_CALLING)
			sip_invite_conclude(invite, status, NULL);
		else if (invite->sm.state == INVITE_ENDING)
			sip_invite_check_done(invite);
		else
			sip_invite_reinvite_refused(invite, NULL);
	}
out:
	obj_unref(invite);
}

static void on_settled(struct sip_client_transaction *txn, void *arg)
{
	struct sip_invite *invite = arg;

	if (txn != invite->accepted)
		return;
	sip_invite_drop_early(invite);
	invite->accepted = obj_unref(invite->accepted);
	invite->ack_flow = obj_unref(invite->ack_flow);
	mem_free(invite->ack);
	invite->ack = NULL;
}

static const struct sip_client_transaction_handlers transaction_handlers = {
	.response = on_response,
	.failed = on_failed,
	.settled = on_settled,
};

/* ---- calling ----------------------------------------------------------------------------------- */

/* A late offer can come in a reliable response; who cannot answer it there must not get it there. */
static void write_supported(const struct sip_invite *invite, struct buf *out, bool offer)
{
	struct slice all = SLICE(SIP_SUPPORTED), first;

	if (!offer && (!invite->handlers || !invite->handlers->early) &&
		slice_cut(&all, ',', &first)) /* 100rel stands first */
		sip_write_header(out, SIP_HDR_SUPPORTED, slice_trim(all));
	else
		sip_write_header_str(out, SIP_HDR_SUPPORTED, SIP_SUPPORTED);
}

int sip_invite_send(struct sip_invite *invite, struct sip_flow *flow, uint32_t cseq, size_t limit,
	const struct sip_body *body, struct slice extra)
{
	char branch[SIP_BRANCH_SIZE];
	struct sip_request request = {.flow = flow,
		.method = SIP_INVITE,
		.branch = branch,
		.extra = extra,
		.limit = limit};
	struct buf *out;
	int err;

	if (body) {
		request.type = body->type;
		request.body = body->data;
	}
	out = sip_dialog_begin(invite->dialog, flow, SIP_INVITE, cseq, branch);
	sip_invite_write_contact(invite, out, flow);
	sip_write_header_str(out, SIP_HDR_ALLOW, SIP_ALLOW);
	write_supported(invite, out, request.type.n > 0);
	sip_write_allow_events(invite->agent, out);
	sip_invite_write_interval(invite, out);
	sip_invite_write_auth(invite, out);
	err = sip_request_send(
		invite->agent, &request, &transaction_handlers, invite, &invite->outgoing);
	if (err < 0)
		return err;
	invite->terms.offerless = request.type.n == 0;
	invite->executed = false;
	invite->terms.exchange = invite->terms.offerless ? EXCHANGE_NONE : EXCHANGE_SENT;
	return 0;
}

/* RFC 3608 6.1: calls from an address that is registered take the way that the registrar wants. */
static int preload_route(struct sip_invite *invite, struct slice from)
{
	struct slice route = sip_register_route(invite->agent, from);

	return route.n ? sip_dialog_preload_route(invite->dialog, route) : 0;
}

int sip_invite_connect(struct sip_invite **invitep, struct sip_agent *agent,
	const struct sip_invite_target *target, const struct sip_body *body, struct slice extra,
	const struct sip_invite_handlers *handlers, void *arg)
{
	struct sip_dialog_target parties = {target->uri, target->from, target->to};
	struct sip_invite *invite = NULL;
	int err = sip_invite_check_extra(extra);

	if (err == 0 && (agent->closed || agent->shutting_down))
		err = -ENOTCONN;
	if (err < 0)
		goto out;
	err = -ENOMEM;
	invite = sip_invite_alloc(agent, INVITE_CALLING);
	if (!invite)
		goto out;
	err = sip_dialog_new_client(
		&invite->dialog, agent, NULL, &parties, &sip_invite_dialog_handlers, invite);
	if (err == 0)
		err = sip_invite_set_contact(invite, target->contact_user, target->focus);
	if (err == 0 && target->next_hop.len == 0)
		err = preload_route(invite, target->from);
	if (err == 0 && target->credentials)
		err = sip_auth_client_new(&invite->auth, target->credentials);
	sip_invite_set_handlers(invite, handlers, arg);
	if (err == 0)
		err = sip_invite_dial(invite, target, body, extra);
	if (err < 0) {
		sip_invite_forget(invite);
		goto out;
	}
	*invitep = obj_ref(invite);
out:
	obj_unref(invite);
	return err;
}
