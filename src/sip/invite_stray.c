/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * INVITE usage: answers that nobody waits for (RFC 3261 13.2.2.4): of another branch of a forked
 * INVITE than the first that answered, and of a target that was given up. Each becomes a call of its
 * own, which is acknowledged and ended; until its BYE is answered it acknowledges repeated answers.
 */
#include "core/mem.h"
#include "sip/dialog_private.h"
#include "sip/flow.h"
#include "sip/invite_private.h"

enum { MAX_STRAYS = 1024 };

/* The call that an earlier copy of this answer has made; borrowed, NULL: none. */
static struct sip_invite *find(struct sip_agent *agent, const struct sip_msg *response)
{
	struct sip_dialog *dialog = (struct sip_dialog *)(void *)sip_key_find(&agent->dialogs,
		sip_key_dialog(response->call_id, response->from.tag, response->to.tag));

	return dialog && dialog->handlers == &sip_invite_dialog_handlers ? dialog->arg : NULL;
}

static struct sip_invite *make(
	struct sip_agent *agent, struct sip_flow *flow, const struct sip_msg *response)
{
	struct sip_invite *invite;

	if (agent->n_strays >= MAX_STRAYS)
		return NULL; /* it comes again */
	invite = sip_invite_alloc(agent, INVITE_ESTABLISHED);
	if (!invite)
		return NULL;
	invite->stray = true;
	agent->n_strays++;
	if (sip_dialog_new_answered(&invite->dialog, agent, flow, response,
		    &sip_invite_dialog_handlers, invite) < 0) {
		sip_invite_forget(invite);
		return obj_unref(invite);
	}
	return invite;
}

void sip_invite_send_away(struct sip_agent *agent, struct sip_flow *flow,
	const struct sip_msg *response, const struct sip_invite *of)
{
	struct sip_invite *invite = find(agent, response);

	if (invite) {
		sip_invite_repeat_ack(invite, response);
		return;
	}
	invite = make(agent, flow, response);
	if (!invite)
		return;
	invite->connected = invite->need_ack = true;
	invite->ack_cseq = response->cseq.number;
	if (of) {
		invite->auth = obj_ref(of->auth);
		sip_invite_go_on_counting(of, invite->dialog, response);
	}
	sip_invite_bye(invite, 487, SLICE_NONE);
	obj_unref(invite);
}

/* ---- of a target that was given up ------------------------------------------------------------- */

static void on_response(
	struct sip_client_transaction *txn, const struct sip_msg *response, void *arg)
{
	if (response->status >= 200 && response->status < 300)
		sip_invite_send_away(arg, sip_client_transaction_flow(txn), response, NULL);
}

static void on_failed(struct sip_client_transaction *txn, unsigned status, void *arg)
{
	/* Silent to the end: as was expected of it. */
}

void sip_invite_give_up_target(struct sip_agent *agent, struct sip_client_transaction *txn)
{
	static const struct sip_client_transaction_handlers handlers = {
		.response = on_response, .failed = on_failed};

	sip_client_transaction_abandon(txn);
	sip_client_transaction_set_handlers(txn, &handlers, agent);
}
