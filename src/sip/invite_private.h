/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The INVITE usage's struct and what its files share: invite.c, invite_*.c. Loop thread. */
#ifndef SIP_INVITE_PRIVATE_H
#define SIP_INVITE_PRIVATE_H

#include "core/sm.h"
#include "sip/agent_private.h"
#include "sip/client_transaction.h"
#include "sip/dialog.h"
#include "sip/invite.h"
#include "sip/server_transaction.h"

/*
 *   server                          client
 *
 *   received ---------.             calling ----------.
 *      | 2xx sent     |                |              |
 *      v              |                | 2xx          |
 *   answered -----.   |                |              |
 *      | ACK      |   |                |              |
 *      v          |   |                |              |
 *   established <-+---+----------------'              |
 *      |          v   v                               |
 *      '-------> ending <-----------------------------'
 *                  |
 *                  v    ended is also reached at once from each: BYE, CANCEL, a refusal
 *                ended
 *
 * Ending: told to end (or there was no ACK), and something is still to be done or answered: the
 * ACK before our BYE, the final response to a cancelled INVITE, the response to BYE.
 */
enum sip_invite_state {
	INVITE_RECEIVED,
	INVITE_ANSWERED,
	INVITE_CALLING,
	INVITE_ESTABLISHED,
	INVITE_ENDING,
	INVITE_ENDED,
};

/* A re-INVITE of ours, kept to be sent again after 491 (14.1). The bytes follow. */
struct sip_invite_offer {
	struct slice type, data, extra;
};

/* Owned by the agent's list until ended, and by whoever holds it. */
struct sip_invite {
	struct list_node node;
	struct sip_agent *agent; /* good until ended */
	const struct sip_invite_handlers *handlers;
	void *arg;
	struct sm sm;
	struct sip_dialog *dialog; /* ours */
	struct addr peer;
	char *contact_user, *user_agent;

	/* The peer's INVITE or re-INVITE: unanswered, or (awaiting_ack) answered with 2xx. */
	struct sip_server_transaction *incoming;
	struct timer answer_timer; /* long ringing, or the 2xx again */
	uint64_t answer_deadline;  /* microseconds */
	uint32_t answer_interval;  /* ms */
	uint32_t answer_cseq;

	/* Our INVITE or re-INVITE without a final response; the last one that got 2xx; our BYE. */
	struct sip_client_transaction *outgoing, *accepted, *bye;
	struct sip_flow *ack_flow; /* how our last ACK went, and its bytes */
	struct sip_invite_offer *late_ack; /* the body of one that waits for its way to be found */
	char *ack;
	size_t ack_n;
	uint32_t ack_cseq;
	uint64_t forked; /* tag of the last dialog that was sent away, hashed */

	struct sip_invite_dial *dial;   /* of our first INVITE, until it is answered */
	struct sip_invite_offer *offer; /* of a re-INVITE under way */
	struct sip_msg *glare;          /* the 491 that it got; it waits to be sent again */
	struct timer retry_timer; /* that wait; while ending, how long until "ended" is told */

	char *reason;        /* of a BYE that waits for the ACK */
	unsigned end_status; /* while ending: what "ended" will say */
	bool focus;
	bool awaiting_ack;
	bool progressed; /* a provisional response above 100 was sent for incoming */
	bool connected;  /* the dialog is established; from the start for who was called */
	bool need_ack;   /* client: a 2xx is not acknowledged yet */
	bool told;       /* "ended" has been told */
};

extern const struct sip_dialog_handlers sip_invite_dialog_handlers;

/* ---- invite.c ---------------------------------------------------------------------------------- */

/* A usage in the given state, in the agent's list; the caller owns a reference. NULL: no memory. */
struct sip_invite *sip_invite_alloc(struct sip_agent *agent, enum sip_invite_state state);

/* Done with the protocol: let go of all, tell of the end if that has not been done. */
void sip_invite_conclude(struct sip_invite *invite, unsigned status, const struct sip_msg *message);

/* Begin to end: told with this status in wait_ms at the latest. */
void sip_invite_start_ending(struct sip_invite *invite, unsigned status, uint64_t wait_ms);

/* End an established call with BYE; reason: value of Reason, or empty. */
void sip_invite_bye(struct sip_invite *invite, unsigned status, struct slice reason);

/* While ending: conclude if nothing is outstanding. */
void sip_invite_check_done(struct sip_invite *invite);

/* Close without a word to anybody (the agent closes). */
void sip_invite_forget(struct sip_invite *invite);

/* Whether the lines may be added to a message of ours: 0 or -EINVAL. */
int sip_invite_check_extra(struct slice extra);

void sip_invite_write_contact(
	const struct sip_invite *invite, struct buf *out, const struct sip_flow *flow);

/* Keep the peer's User-Agent or Server; without memory it stays unknown. */
void sip_invite_note_peer(struct sip_invite *invite, const struct sip_msg *msg);

/* ---- invite_server.c --------------------------------------------------------------------------- */

/* An INVITE outside a dialog, for the agent's handler. */
void sip_invite_new_server(
	struct sip_agent *agent, struct sip_server_transaction *txn, const struct sip_msg *request);

/* An INVITE inside the dialog, and the ACK to our 2xx. */
void sip_invite_receive_reinvite(struct sip_invite *invite, struct sip_server_transaction *txn,
	const struct sip_msg *request);
void sip_invite_receive_ack(struct sip_invite *invite, const struct sip_msg *ack);

/* Refuse incoming if it is unanswered, and forget it. */
void sip_invite_drop_incoming(struct sip_invite *invite, unsigned status);

void sip_invite_answer_timer(void *arg);

/* ---- invite_client.c, invite_reinvite.c -------------------------------------------------------- */

/* Send INVITE in the dialog; -> outgoing. */
int sip_invite_send(struct sip_invite *invite, struct sip_flow *flow, const struct sip_body *body,
	struct slice extra);

/* The same with this CSeq, and not (-EMSGSIZE) if it is larger than limit (0: none). */
int sip_invite_send_as(struct sip_invite *invite, struct sip_flow *flow, uint32_t cseq, size_t limit,
	const struct sip_body *body, struct slice extra);

/* Send the ACK that is due, if one is. */
void sip_invite_send_ack(struct sip_invite *invite, const struct sip_body *body);

/* Our re-INVITE was not accepted: response, or NULL when none came. */
void sip_invite_reinvite_refused(struct sip_invite *invite, const struct sip_msg *response);

/* The peer's own re-INVITE came while ours waits after 491: ours is off. */
void sip_invite_yield(struct sip_invite *invite);

/* The wait after 491 is over. */
void sip_invite_retry(struct sip_invite *invite);

void sip_invite_drop_offer(struct sip_invite *invite);

/* Copy a body (or NULL) and header lines, for later; freed with mem_free. NULL without memory. */
struct sip_invite_offer *sip_invite_keep_offer(const struct sip_body *body, struct slice extra);

/* For the dialog: where its requests go is known. */
void sip_invite_located(void *arg);

/* ---- invite_dial.c ----------------------------------------------------------------------------- */

/*
 * Begin to send the first INVITE: to target's next hop at once, or to where its URI leads, later.
 * Returns 0 or a negative errno.
 */
int sip_invite_dial(struct sip_invite *invite, const struct sip_invite_target *target,
	const struct sip_body *body, struct slice extra);

/* A provisional response is there: this target is alive. */
void sip_invite_dial_heard(struct sip_invite *invite);

/*
 * It was refused with this status (503 is the one that matters), or failed: true when it has been
 * sent to another target.
 */
bool sip_invite_dial_refused(struct sip_invite *invite, unsigned status);
bool sip_invite_dial_failed(struct sip_invite *invite, unsigned status);

/* Answered, or given up: no other target is tried any more. */
void sip_invite_drop_dial(struct sip_invite *invite);

#endif
