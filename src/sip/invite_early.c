/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * INVITE usage, the side that calls: reliable provisional responses (RFC 3262 4) and the early
 * dialogs that they make, one for each branch of a forked INVITE (RFC 3261 13.2.2.1). Each has its own
 * offers and answers; the branch heard last is at hand, until one answers and is the call's.
 */
#include <errno.h>

#include "core/mem.h"
#include "sip/dialog_private.h"
#include "sip/flow.h"
#include "sip/invite_private.h"

enum { MAX_EARLY = 8 };

/* Owned by its usage. */
struct sip_invite_early {
	struct sip_invite_early *next;
	struct sip_dialog *dialog;     /* a reference; of a re-INVITE the call's own */
	uint32_t rseq;                 /* of the last response in order; 0: none yet */
	uint32_t cseq;                 /* of the INVITE */
	struct sip_invite_terms terms; /* while it is not at hand */
};

static void drop(struct sip_invite *invite, struct sip_invite_early *early)
{
	if (early->dialog != invite->dialog)
		sip_dialog_close(early->dialog);
	obj_unref(early->dialog);
	mem_free(early);
}

/* What is under way with this branch, or (but) with any but this, comes to nothing. */
static void stop_talking(struct sip_invite *invite, const struct sip_invite_early *branch, bool but)
{
	const struct sip_invite_handlers *handlers = invite->handlers;

	if (invite->update_in && (invite->update_in == branch) != but) {
		sip_invite_drop_request(&invite->update);
		sip_invite_drop_offer(invite);
		invite->update_in = NULL;
	}
	if (invite->asking_in && (invite->asking_in == branch) != but) {
		sip_invite_refuse_asking(invite);
		if (handlers && handlers->withdrawn)
			handlers->withdrawn(invite, invite->arg);
	}
}

void sip_invite_drop_early(struct sip_invite *invite)
{
	struct sip_invite_early *early;

	stop_talking(invite, NULL, true);
	if (invite->branch)
		invite->terms = invite->unbranched; /* of an INVITE that may be sent again */
	invite->pracking = invite->branch = NULL;
	while ((early = invite->early)) {
		invite->early = early->next;
		drop(invite, early);
	}
}

static struct sip_invite_early *find(const struct sip_invite *invite, const struct sip_msg *msg)
{
	struct sip_invite_early *early = invite->early;

	while (early && !sip_dialog_matches(early->dialog, msg))
		early = early->next;
	return early;
}

static int new_dialog(
	struct sip_invite *invite, const struct sip_msg *response, struct sip_dialog **dialog)
{
	int err;

	if (invite->connected) {
		if (!sip_dialog_matches(invite->dialog, response))
			return -EINVAL;
		*dialog = obj_ref(invite->dialog);
		return 0;
	}
	err = sip_dialog_fork(dialog, invite->dialog, response);
	if (err == 0) {
		(*dialog)->handlers = &sip_invite_dialog_handlers;
		(*dialog)->arg = invite;
	}
	return err;
}

/* The early dialog of this response, made if it is new; NULL at the cap or without memory. */
static struct sip_invite_early *take(struct sip_invite *invite, const struct sip_msg *response)
{
	struct sip_invite_early *early = find(invite, response), **end = &invite->early;
	unsigned n = 0;

	if (early)
		return early;
	for (; *end; end = &(*end)->next)
		n++;
	early = n < MAX_EARLY ? mem_zalloc(sizeof *early) : NULL;
	if (!early || new_dialog(invite, response, &early->dialog) < 0) {
		mem_free(early);
		return NULL;
	}
	if (!invite->early)
		invite->unbranched = invite->terms;
	early->terms = invite->unbranched;
	*end = early;
	return early;
}

void sip_invite_turn_to(struct sip_invite *invite, struct sip_invite_early *branch)
{
	if (invite->connected || !invite->early || invite->branch == branch)
		return;
	if (invite->branch)
		invite->branch->terms = invite->terms;
	invite->terms = branch ? branch->terms : invite->unbranched;
	invite->branch = branch;
}

void sip_invite_turn_to_sender(struct sip_invite *invite, const struct sip_msg *msg)
{
	sip_invite_turn_to(invite, find(invite, msg));
}

struct sip_dialog *sip_invite_live_dialog(const struct sip_invite *invite)
{
	if (invite->connected)
		return invite->dialog;
	return invite->branch ? invite->branch->dialog : NULL;
}

bool sip_invite_lose_branch(struct sip_invite *invite, const struct sip_msg *bye)
{
	struct sip_invite_early *early = find(invite, bye), **at = &invite->early;

	if (invite->connected || !early || (early == invite->early && !early->next))
		return false;
	while (*at != early)
		at = &(*at)->next;
	*at = early->next;
	stop_talking(invite, early, false);
	if (invite->pracking == early)
		invite->pracking = NULL;
	sip_invite_turn_to(invite, invite->early);
	drop(invite, early);
	return true;
}

void sip_invite_go_on_counting(
	const struct sip_invite *invite, struct sip_dialog *dialog, const struct sip_msg *response)
{
	const struct sip_invite_early *early = find(invite, response);

	if (!early)
		return;
	dialog->local_cseq = early->dialog->local_cseq;
	dialog->remote_cseq = early->dialog->remote_cseq;
	dialog->remote_cseq_known = early->dialog->remote_cseq_known;
}

/* 13.2.2.4: the route set is that of the 2xx, whatever the early dialog had. */
int sip_invite_confirm_dialog(struct sip_invite *invite, const struct sip_msg *response)
{
	struct sip_invite_early *early;
	struct sip_dialog *dialog;
	int err;

	if (!invite->early)
		return sip_dialog_establish(invite->dialog, response);
	sip_invite_turn_to_sender(invite, response);
	stop_talking(invite, invite->branch, true);
	err = sip_dialog_fork(&dialog, invite->dialog, response);
	if (err < 0)
		return err;
	sip_invite_go_on_counting(invite, dialog, response);
	dialog->handlers = &sip_invite_dialog_handlers;
	dialog->arg = invite;
	/* The others stay for their numbers: one that answers as well gets its BYE. */
	for (early = invite->early; early; early = early->next)
		sip_dialog_close(early->dialog);
	sip_dialog_close(invite->dialog);
	obj_unref(invite->dialog);
	invite->dialog = dialog;
	invite->branch = invite->asking_in = invite->update_in = NULL;
	return 0;
}

/* ---- PRACK ------------------------------------------------------------------------------------- */

/* body: the answer to the response's offer, or an offer of ours, or NULL. */
static int send_prack(
	struct sip_invite *invite, struct sip_invite_early *early, const struct sip_body *body)
{
	bool offer = body && invite->terms.exchange == EXCHANGE_NONE;
	struct sip_invite_request request = {
		.method = SIP_PRACK, .dialog = early->dialog, .body = body};
	struct buf line;
	int err;

	buf_init(&line, 64);
	sip_write_header_f(&line, SIP_HDR_RACK, "%u %u INVITE", early->rseq, early->cseq);
	request.lines = buf_view(&line);
	/* The response to one without an offer says nothing that would matter. */
	err = line.err ? line.err
		       : sip_invite_request(invite, &request,
				 offer ? &sip_invite_update_handlers : NULL,
				 offer ? &invite->update : NULL);
	buf_free(&line);
	if (err < 0)
		return err;
	if (offer) {
		invite->terms.exchange = EXCHANGE_SENT;
		invite->update_in = invite->branch;
	} else if (body) {
		sip_invite_agree(invite);
	}
	return 0;
}

int sip_invite_prack(struct sip_invite *invite, const struct sip_body *body)
{
	struct sip_invite_early *early = invite->pracking;

	sip_invite_turn_to(invite, early);
	/* RFC 3311 5.1: one offer at a time. */
	if (!early || (body && (invite->terms.exchange == EXCHANGE_SENT || invite->update)))
		return -EINVAL;
	invite->pracking = NULL;
	return send_prack(invite, early, body);
}

/* RFC 3262 4: in order, each once; a later one before its turn is left for its retransmission. */
static bool in_order(struct sip_invite_early *early, const struct sip_msg *response, uint32_t rseq)
{
	if (early->cseq != response->cseq.number)
		early->rseq = 0; /* another INVITE counts anew */
	if (rseq == 0 || (early->rseq && rseq != early->rseq + 1))
		return false;
	early->cseq = response->cseq.number;
	early->rseq = rseq;
	return true;
}

static void note_description(struct sip_invite *invite)
{
	if (invite->terms.exchange == EXCHANGE_SENT)
		sip_invite_agree(invite);
	else if (invite->terms.offerless)
		invite->terms.exchange = EXCHANGE_RECEIVED;
	invite->terms.offerless = false;
}

static void tell(struct sip_invite *invite, const struct sip_msg *response, bool reliable)
{
	const struct sip_invite_handlers *handlers = invite->handlers;

	if (!handlers || invite->sm.state == INVITE_ENDING)
		return;
	if (reliable && handlers->early)
		handlers->early(invite, response, invite->arg);
	else if (handlers->progress && !invite->connected)
		handlers->progress(invite, response, invite->arg);
}

static void receive_reliable(
	struct sip_invite *invite, const struct sip_msg *response, uint32_t rseq)
{
	struct sip_invite_early *early = take(invite, response);

	if (!early || !in_order(early, response, rseq))
		return;
	sip_invite_turn_to(invite, early);
	sip_invite_note_abilities(invite, response);
	sip_dialog_refresh(early->dialog, response); /* RFC 6141 4.7 */
	if (response->body.n)
		note_description(invite);
	invite->pracking = early;
	tell(invite, response, true);
	if (invite->agent && invite->pracking)
		sip_invite_prack(invite, NULL);
}

void sip_invite_receive_provisional(struct sip_invite *invite, const struct sip_msg *response)
{
	uint32_t rseq;

	if (response->status == 100)
		return;
	if (!sip_msg_has_token(response, SIP_HDR_REQUIRE, "100rel"))
		tell(invite, response, false);
	else if (response->to.tag.n &&
		 sip_number_parse(sip_msg_value(response, SIP_HDR_RSEQ), &rseq) == 0)
		receive_reliable(invite, response, rseq);
}
