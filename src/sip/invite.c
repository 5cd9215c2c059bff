/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * INVITE usage: its life, its end (RFC 3261 15), and what it does not matter who called for.
 * The side that answers is invite_server.c, the side that calls invite_client.c.
 */
#include "sip/invite.h"

#include <errno.h>

#include "core/mem.h"
#include "sip/flow.h"
#include "sip/invite_private.h"

/* How long BYE, CANCEL and refusals are waited for before "ended" is told (spec 1.6), ms. */
enum { END_WAIT_MS = 1000 };

static const struct sm_state states[] = {
	[INVITE_RECEIVED] = {"received",
		SM_BIT(INVITE_ANSWERED) | SM_BIT(INVITE_ENDING) | SM_BIT(INVITE_ENDED)},
	[INVITE_ANSWERED] = {"answered",
		SM_BIT(INVITE_ESTABLISHED) | SM_BIT(INVITE_ENDING) | SM_BIT(INVITE_ENDED)},
	[INVITE_CALLING] = {"calling",
		SM_BIT(INVITE_ESTABLISHED) | SM_BIT(INVITE_ENDING) | SM_BIT(INVITE_ENDED)},
	[INVITE_ESTABLISHED] = {"established", SM_BIT(INVITE_ENDING) | SM_BIT(INVITE_ENDED)},
	[INVITE_ENDING] = {"ending", SM_BIT(INVITE_ENDED)},
	[INVITE_ENDED] = {"ended", 0},
};

static void destroy(void *obj)
{
	struct sip_invite *invite = obj;

	obj_unref(invite->dialog);
	mem_free(invite->contact_user);
	obj_unref(invite->auth);
}

/* Something that a response, an ACK or a time-out will still come for. */
static bool busy(const struct sip_invite *invite)
{
	return invite->bye || invite->outgoing || invite->incoming;
}

static void tell(struct sip_invite *invite, unsigned status, const struct sip_msg *message)
{
	const struct sip_invite_handlers *handlers = invite->handlers;

	invite->handlers = NULL;
	invite->told = true;
	if (handlers && handlers->ended)
		handlers->ended(invite, status, message, invite->arg);
}

static void on_retry_timer(void *arg)
{
	struct sip_invite *invite = obj_ref(arg);

	if (invite->sm.state != INVITE_ENDING)
		sip_invite_retry(invite);
	else if (busy(invite))
		tell(invite, invite->end_status, NULL);
	else
		sip_invite_conclude(invite, invite->end_status, NULL);
	obj_unref(invite);
}

struct sip_invite *sip_invite_alloc(struct sip_agent *agent, enum sip_invite_state state)
{
	struct sip_invite *invite = obj_new(sizeof *invite, destroy);

	if (!invite)
		return NULL;
	invite->agent = agent;
	invite->sm = (struct sm){states, state, "INVITE usage"};
	timer_init(&invite->answer_timer, sip_invite_answer_timer, invite);
	timer_init(&invite->retry_timer, on_retry_timer, invite);
	timer_init(&invite->session_timer, sip_invite_session_timer, invite);
	list_append(&agent->invites, &invite->node);
	agent->n_invites++;
	return obj_ref(invite);
}

static void drop_client(struct sip_client_transaction **txn)
{
	if (*txn)
		sip_client_transaction_set_handlers(*txn, NULL, NULL);
	*txn = obj_unref(*txn);
}

/* Let go of everything but what the accessors show. */
static void release(struct sip_invite *invite)
{
	timer_stop(&invite->answer_timer);
	timer_stop(&invite->retry_timer);
	timer_stop(&invite->session_timer);
	sip_invite_drop_dial(invite);
	drop_client(&invite->outgoing);
	drop_client(&invite->accepted);
	sip_invite_drop_request(&invite->bye);
	if (invite->incoming)
		sip_server_transaction_set_handlers(invite->incoming, NULL, NULL);
	invite->incoming = obj_unref(invite->incoming);
	invite->ack_flow = obj_unref(invite->ack_flow);
	mem_free(invite->ack);
	invite->ack = NULL;
	mem_free(invite->auth_lines);
	invite->auth_lines = NULL;
	mem_free(invite->late_ack);
	invite->late_ack = NULL;
	mem_free(invite->reason);
	invite->reason = NULL;
	sip_invite_drop_offer(invite);
	sip_invite_drop_update(invite);
	sip_invite_drop_deferred(invite);
	sip_invite_drop_early(invite);
	invite->replaced = obj_unref(invite->replaced);
	if (invite->dialog)
		sip_dialog_close(invite->dialog);
	list_remove(&invite->node);
	invite->agent->n_invites--;
	invite->agent->n_strays -= invite->stray;
	invite->agent = NULL;
	obj_unref(invite); /* the list's */
}

void sip_invite_conclude(struct sip_invite *invite, unsigned status, const struct sip_msg *message)
{
	if (invite->sm.state == INVITE_ENDED)
		return;
	obj_ref(invite);
	sip_invite_drop_incoming(invite, 487);
	sm_move(&invite->sm, INVITE_ENDED);
	release(invite);
	tell(invite, status, message);
	obj_unref(invite);
}

void sip_invite_check_done(struct sip_invite *invite)
{
	if (invite->sm.state == INVITE_ENDING && !busy(invite))
		sip_invite_conclude(invite, invite->end_status, NULL);
}

void sip_invite_forget(struct sip_invite *invite)
{
	sm_move(&invite->sm, INVITE_ENDED);
	invite->handlers = NULL;
	release(invite);
}

void sip_invite_start_ending(struct sip_invite *invite, unsigned status, uint64_t wait_ms)
{
	sm_move(&invite->sm, INVITE_ENDING);
	list_remove(&invite->node);
	list_append(&invite->agent->ending, &invite->node);
	invite->end_status = status;
	timer_stop(&invite->session_timer);
	sip_invite_drop_dial(invite);
	sip_invite_drop_offer(invite);
	sip_invite_drop_update(invite);
	sip_invite_drop_deferred(invite);
	timer_start_ms(&invite->retry_timer, invite->agent->timers, wait_ms);
}

/* ---- BYE --------------------------------------------------------------------------------------- */

/* Whatever the response says, or none, the dialog is over (15.1.1). */
static void bye_done(
	struct sip_uac *uac, unsigned status, const struct sip_msg *response, void *arg)
{
	struct sip_invite *invite = arg;

	sip_invite_conclude(invite, invite->end_status, NULL);
}

static const struct sip_uac_handlers bye_handlers = {.done = bye_done};

static int send_bye(struct sip_invite *invite, struct slice reason)
{
	struct sip_invite_request request = {.method = SIP_BYE, .dialog = invite->dialog};
	struct buf line;
	int err;

	buf_init(&line, 4096);
	if (reason.n)
		sip_write_header(&line, SIP_HDR_REASON, reason);
	request.lines = buf_view(&line);
	err = line.err;
	if (err == 0)
		err = sip_invite_request(invite, &request, &bye_handlers, &invite->bye);
	buf_free(&line);
	return err;
}

void sip_invite_bye(struct sip_invite *invite, unsigned status, struct slice reason)
{
	obj_ref(invite);
	sip_invite_send_ack(invite, NULL); /* a BYE before the ACK would cross it (13.2.2.4) */
	sip_invite_drop_incoming(invite, 487);
	if (invite->sm.state != INVITE_ENDING)
		sip_invite_start_ending(invite, status, END_WAIT_MS);
	/* Unsent, nothing will come; told from the timer, never from inside a call. */
	if (send_bye(invite, reason) < 0 && invite->agent)
		timer_start_ms(&invite->retry_timer, invite->agent->timers, 0);
	obj_unref(invite);
}

/* 15: who may not send BYE yet does so when the ACK is there, or will not come. */
static void end_after_ack(struct sip_invite *invite, struct slice reason)
{
	sip_invite_start_ending(invite, 200, END_WAIT_MS);
	invite->reason = reason.n ? mem_strndup(reason.p, reason.n) : NULL;
}

static struct slice reason_line(struct slice reason, struct buf *line)
{
	if (reason.n)
		sip_write_header(line, SIP_HDR_REASON, reason);
	return line->err ? SLICE_NONE : buf_view(line);
}

void sip_invite_end(struct sip_invite *invite, struct slice reason)
{
	struct buf line;

	buf_init(&line, 4096);
	switch (invite->sm.state) {
	case INVITE_RECEIVED:
		sip_invite_reject(invite, 480, reason_line(reason, &line));
		break;
	case INVITE_ANSWERED:
		end_after_ack(invite, reason);
		break;
	case INVITE_CALLING:
		/* Before it has been sent there is nobody to wait for. */
		sip_invite_start_ending(invite, 487, invite->outgoing ? END_WAIT_MS : 0);
		if (invite->outgoing)
			sip_client_transaction_cancel(invite->outgoing, reason_line(reason, &line));
		break;
	case INVITE_ESTABLISHED:
		sip_invite_bye(invite, 200, reason);
		break;
	default:
		break;
	}
	buf_free(&line);
}

/* ---- requests in the dialog -------------------------------------------------------------------- */

/* 15.1.2 */
static void receive_bye(
	struct sip_invite *invite, struct sip_server_transaction *txn, const struct sip_msg *bye)
{
	sip_server_transaction_reply(txn, 200, SLICE_NONE, SLICE_NONE, SLICE_NONE);
	if (sip_invite_lose_branch(invite, bye))
		return;
	if (invite->sm.state == INVITE_ENDING && invite->bye)
		tell(invite, invite->end_status, bye); /* they crossed: ours will be answered too */
	else
		sip_invite_conclude(invite, 200, bye);
}

static bool on_request(struct sip_server_transaction *txn, const struct sip_msg *request, void *arg)
{
	struct sip_invite *invite = obj_ref(arg);
	bool known = true;

	sip_invite_turn_to_sender(invite, request);
	switch (request->method) {
	case SIP_INVITE:
		sip_invite_receive_reinvite(invite, txn, request);
		break;
	case SIP_BYE:
		receive_bye(invite, txn, request);
		break;
	case SIP_PRACK:
		sip_invite_receive_prack(invite, txn, request);
		break;
	case SIP_UPDATE:
		sip_invite_receive_update(invite, txn, request);
		break;
	case SIP_INFO:
		sip_invite_receive_info(invite, txn, request);
		break;
	case SIP_MESSAGE: /* spec 1.5 */
		sip_server_transaction_reply(txn, 200, SLICE_NONE, SLICE_NONE, SLICE_NONE);
		break;
	default:
		known = false;
		break;
	}
	obj_unref(invite);
	return known;
}

static void on_ack(const struct sip_msg *ack, void *arg)
{
	struct sip_invite *invite = obj_ref(arg);

	sip_invite_receive_ack(invite, ack);
	obj_unref(invite);
}

const struct sip_dialog_handlers sip_invite_dialog_handlers = {
	.request = on_request,
	.ack = on_ack,
	.located = sip_invite_located,
};

/* ---- what both sides write --------------------------------------------------------------------- */

/* Headers that are the stack's own in every message. */
static bool is_ours(enum sip_header_id id)
{
	switch (id) {
	case SIP_HDR_TO:
	case SIP_HDR_FROM:
	case SIP_HDR_VIA:
	case SIP_HDR_CONTACT:
	case SIP_HDR_ROUTE:
	case SIP_HDR_RECORD_ROUTE:
	case SIP_HDR_CALL_ID:
	case SIP_HDR_CSEQ:
	case SIP_HDR_MAX_FORWARDS:
	case SIP_HDR_CONTENT_TYPE:
	case SIP_HDR_CONTENT_LENGTH:
		return true;
	default:
		return false;
	}
}

int sip_invite_check_extra(struct slice extra)
{
	struct slice line, name;

	while (slice_cut(&extra, '\n', &line)) {
		if (!slice_cut(&line, ':', &name) || is_ours(sip_header_id_of(slice_trim(name))))
			return -EINVAL;
	}
	return 0;
}

void sip_invite_write_contact(
	const struct sip_invite *invite, struct buf *out, const struct sip_flow *flow)
{
	sip_dialog_write_contact(
		invite->dialog, out, flow, slice_str(invite->contact_user), invite->focus);
}

/* ---- accessors --------------------------------------------------------------------------------- */

void sip_invite_set_handlers(
	struct sip_invite *invite, const struct sip_invite_handlers *handlers, void *arg)
{
	if (invite->told || invite->sm.state == INVITE_ENDED)
		return;
	invite->handlers = handlers;
	invite->arg = arg;
}

int sip_invite_set_contact(struct sip_invite *invite, struct slice user, bool focus)
{
	struct buf escaped;
	char *copy = NULL;
	int err;

	buf_init(&escaped, 1024);
	uri_escape_user(user, &escaped);
	err = escaped.err;
	if (err == 0 && user.n) {
		copy = mem_strndup(escaped.p, escaped.n);
		err = copy ? 0 : -ENOMEM;
	}
	buf_free(&escaped);
	if (err < 0)
		return err;
	mem_free(invite->contact_user);
	invite->contact_user = copy;
	invite->focus = focus;
	return 0;
}

enum sip_transport sip_invite_transport(const struct sip_invite *invite)
{
	const struct sip_flow *flow = sip_dialog_first_flow(invite->dialog);

	return flow ? flow->transport : SIP_UDP;
}

struct sip_invite *sip_invite_replaced(const struct sip_invite *invite)
{
	return invite->replaced;
}

void *sip_invite_arg(const struct sip_invite *invite, const struct sip_invite_handlers *handlers)
{
	return invite->handlers == handlers ? invite->arg : NULL;
}

const struct addr *sip_invite_peer(const struct sip_invite *invite)
{
	return &invite->peer;
}

const struct addr *sip_invite_local(const struct sip_invite *invite)
{
	static const struct addr nowhere;
	const struct sip_flow *flow = sip_dialog_first_flow(invite->dialog);

	return flow ? &flow->local : &nowhere;
}
