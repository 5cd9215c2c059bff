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
#include "sip/uac.h"

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

/* Something to be sent (again) later: our re-INVITE or UPDATE, a response. The bytes follow. */
struct sip_invite_offer {
	struct slice type, data, extra;
	unsigned status; /* of a response */
	bool update;     /* UPDATE, not re-INVITE */
	bool large;      /* a re-INVITE: by TCP because of its size (18.1.1) */
	bool udp;        /* by UDP, however large: there is no TCP */
	bool heard;      /* somebody has sent a provisional response */
	uint32_t cseq;
	unsigned tries; /* how often it was put off */
};

enum sip_invite_exchange { EXCHANGE_NONE, EXCHANGE_RECEIVED, EXCHANGE_SENT };

/* Where offer and answer stand in one dialog (RFC 3264), whatever messages carry them. */
struct sip_invite_terms {
	enum sip_invite_exchange exchange;
	bool agreed;       /* one exchange of offer and answer has been completed */
	bool offerless;    /* client: our INVITE asks for an offer */
	bool peer_updates; /* the peer allows UPDATE */
};

/* What we say to the peer about the session timer (RFC 4028 9). */
struct sip_invite_interval {
	uint32_t seconds; /* 0: none */
	bool known;       /* the peer knows session timers */
	bool peer_refreshes;
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
	char *contact_user;

	/* The peer's INVITE or re-INVITE: unanswered, or (awaiting_ack) answered with 2xx. */
	struct sip_server_transaction *incoming;
	struct timer answer_timer; /* long ringing, or the 2xx again */
	uint64_t answer_deadline;  /* microseconds */
	uint32_t answer_interval;  /* ms */
	uint32_t answer_cseq;

	/* Our INVITE or re-INVITE without a final response; the last one that got 2xx; our BYE. */
	struct sip_client_transaction *outgoing, *accepted;
	struct sip_uac *bye;
	struct sip_auth_client *auth;      /* ours: answers challenges; NULL: none came yet */
	char *auth_lines;                  /* those of our last INVITE, for its ACK (22.1) */
	struct sip_flow *ack_flow;         /* how our last ACK went, and its bytes */
	struct sip_invite_offer *late_ack; /* the body of one that waits for its way to be found */
	char *ack;
	size_t ack_n;
	uint32_t ack_cseq;

	/* Our UPDATE, or PRACK with an offer, without a final response; the peer's likewise. */
	struct sip_uac *update;
	struct sip_server_transaction *asking;
	struct sip_invite_early *early;  /* client: early dialogs, ours */
	struct sip_invite_early *branch; /* the one at hand, whose terms are above; NULL: none */
	struct sip_invite_early *asking_in, *update_in; /* those that these two are in, likewise */
	struct sip_invite_terms unbranched;             /* before any branch has said a word */
	struct sip_invite_early *pracking; /* the one whose response the user is being told of */
	struct sip_invite_offer *deferred; /* server: a response that waits for PRACK */
	struct sip_invite *replaced; /* RFC 3891: ends when this one is accepted; a reference */
	uint32_t rseq;               /* of our last reliable response; 0: none */

	struct timer session_timer;
	uint64_t session_expiry;               /* microseconds */
	uint32_t session_seconds, session_min; /* 0: no session timer; what the peer asked for */
	struct sip_invite_terms terms;         /* of the dialog, or of the branch at hand */

	struct sip_invite_dial *dial;   /* of our first INVITE, until it is answered */
	struct sip_invite_offer *offer; /* of a re-INVITE under way */
	struct sip_msg *glare;          /* the 491 that it got; it waits to be sent again */
	struct timer retry_timer; /* that wait; while ending, how long until "ended" is told */

	char *reason;           /* of a BYE that waits for the ACK */
	unsigned end_status;    /* while ending: what "ended" will say */
	unsigned last_progress; /* the provisional response sent last for incoming; 0: none */
	bool focus;
	bool stray; /* an answer that nobody waited for */
	bool awaiting_ack;
	bool connected; /* the dialog is established; from the start for who was called */
	bool need_ack;  /* client: a 2xx is not acknowledged yet */
	bool told;      /* "ended" has been told */
	bool executed;  /* RFC 6141 3.3: one has been within the re-INVITE under way */
	bool described; /* server: a reliable response to incoming has our description */
	bool requires_100rel, knows_100rel; /* the peer, of incoming */
	bool unacknowledged;                /* our last reliable response */
	bool refresher;                     /* of the session timer: we are */
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

/* Whether there is an INVITE to answer. */
bool sip_invite_answerable(const struct sip_invite *invite);

/* Write and send a response to incoming. rseq: of a reliable one, else 0. */
int sip_invite_respond(struct sip_invite *invite, unsigned status, uint32_t rseq,
	const struct sip_body *body, struct slice extra);

/* Refuse incoming with this status and tell of it: the call ends, or the re-INVITE is off. */
void sip_invite_give_up_incoming(struct sip_invite *invite, unsigned status);

/* 500 with a Retry-After of up to 10 s (14.2, RFC 3311 5.2). */
void sip_invite_refuse_for_now(struct sip_server_transaction *txn);

/* ---- invite_provisional.c ---------------------------------------------------------------------- */

/* A new INVITE of the peer: can it have reliable responses? */
void sip_invite_note_100rel(struct sip_invite *invite, const struct sip_msg *request);

/* answer_timer: until it must be said again that it rings. */
void sip_invite_start_ringing(struct sip_invite *invite);

void sip_invite_receive_prack(
	struct sip_invite *invite, struct sip_server_transaction *txn, const struct sip_msg *prack);

/* answer_timer while incoming has no final response. */
void sip_invite_provisional_timer(struct sip_invite *invite);

/* Keep a response until PRACK is there; send it if nothing is in its way any more; forget it. */
int sip_invite_defer(struct sip_invite *invite, unsigned status, const struct sip_body *body,
	struct slice extra);
void sip_invite_send_deferred(struct sip_invite *invite);
void sip_invite_drop_deferred(struct sip_invite *invite);

/* ---- invite_client.c, invite_reinvite.c -------------------------------------------------------- */

/*
 * Send INVITE in the dialog; -> outgoing. Not (-EMSGSIZE) if it is larger than limit (0: none).
 */
int sip_invite_send(struct sip_invite *invite, struct sip_flow *flow, uint32_t cseq, size_t limit,
	const struct sip_body *body, struct slice extra);

/* Send the ACK that is due, if one is. */
void sip_invite_send_ack(struct sip_invite *invite, const struct sip_body *body);

/* A 2xx that has been acknowledged came again. */
void sip_invite_repeat_ack(struct sip_invite *invite, const struct sip_msg *response);

/* Our re-INVITE or UPDATE was not accepted: response, or NULL when none came. */
void sip_invite_reinvite_refused(struct sip_invite *invite, const struct sip_msg *response);

/*
 * Once more, after a challenge or a 422; or because nothing came of the attempt by TCP. False: that
 * is not possible.
 */
bool sip_invite_reinvite_again(struct sip_invite *invite);
bool sip_invite_reinvite_by_udp(struct sip_invite *invite);

/* The peer's own re-INVITE came while ours waits after 491: ours is off. */
void sip_invite_yield(struct sip_invite *invite);

/*
 * The wait after 491 is over; or our re-INVITE has been without a final response for so long that it
 * is taken back.
 */
void sip_invite_retry(struct sip_invite *invite);

void sip_invite_drop_offer(struct sip_invite *invite);

/* Copy a body (or NULL) and header lines, for later; freed with mem_free. NULL without memory. */
struct sip_invite_offer *sip_invite_keep_offer(const struct sip_body *body, struct slice extra);

/* For the dialog: where its requests go is known. */
void sip_invite_located(void *arg);

/* ---- invite_request.c -------------------------------------------------------------------------- */

/*
 * Send a request of ours in the dialog (sip/uac.h): not INVITE. contact: a target refresh. uac as for
 * sip_uac_start. Returns 0 or a negative errno.
 */
struct sip_invite_request {
	enum sip_method method;
	struct sip_dialog *dialog;
	const struct sip_body *body; /* or NULL */
	struct slice lines;
	bool contact;
};

int sip_invite_request(struct sip_invite *invite, const struct sip_invite_request *request,
	const struct sip_uac_handlers *handlers, struct sip_uac **uac);

/* Nobody is told of it any more. *uac is NULL then. */
void sip_invite_drop_request(struct sip_uac **uac);

/* Our INVITE got 401 or 407 (22.2): whether it may be sent again, with credentials. */
bool sip_invite_challenged(struct sip_invite *invite, const struct sip_msg *response);

/* Write the credentials that challenges have asked for into an INVITE, and keep them for its ACK. */
void sip_invite_write_auth(struct sip_invite *invite, struct buf *out);

/* ---- invite_early.c ---------------------------------------------------------------------------- */

/* A provisional response to our INVITE. */
void sip_invite_receive_provisional(struct sip_invite *invite, const struct sip_msg *response);

/* Acknowledge the reliable response at hand, with this body (or NULL). 0, -EINVAL: none is. */
int sip_invite_prack(struct sip_invite *invite, const struct sip_body *body);

/* The first 2xx: its dialog becomes the call's. Returns 0 or -ENOMEM. */
int sip_invite_confirm_dialog(struct sip_invite *invite, const struct sip_msg *response);

/* 12.2.1.1: this dialog, made by response, takes the numbers of its branch's early dialog. */
void sip_invite_go_on_counting(
	const struct sip_invite *invite, struct sip_dialog *dialog, const struct sip_msg *response);

/* The dialog that requests go in: confirmed, or the branch at hand; NULL: none yet. Borrowed. */
struct sip_dialog *sip_invite_live_dialog(const struct sip_invite *invite);

/* What follows is about the branch of an unanswered INVITE of ours that is given, or that msg is of. */
void sip_invite_turn_to(struct sip_invite *invite, struct sip_invite_early *branch);
void sip_invite_turn_to_sender(struct sip_invite *invite, const struct sip_msg *msg);

/* BYE of one of several branches, the others going on: true, and it is no more. */
bool sip_invite_lose_branch(struct sip_invite *invite, const struct sip_msg *bye);

void sip_invite_drop_early(struct sip_invite *invite);

/* ---- invite_stray.c ---------------------------------------------------------------------------- */

/*
 * Acknowledge and end what this 2xx has established: a branch of of's INVITE, or NULL. flow: by which
 * the INVITE went.
 */
void sip_invite_send_away(struct sip_agent *agent, struct sip_flow *flow,
	const struct sip_msg *response, const struct sip_invite *of);

/*
 * The transaction of our INVITE to a target that stays silent: should it answer yet, it is sent away.
 */
void sip_invite_give_up_target(struct sip_agent *agent, struct sip_client_transaction *txn);

/* ---- invite_update.c --------------------------------------------------------------------------- */

void sip_invite_receive_update(struct sip_invite *invite, struct sip_server_transaction *txn,
	const struct sip_msg *request);

/* RFC 3311 5.1, 5.2: whether one more offer could begin, of either side. */
bool sip_invite_may_offer(const struct sip_invite *invite);

/* An offer of the peer in a request that is not INVITE: ask the user, and answer it. */
void sip_invite_ask(struct sip_invite *invite, struct sip_server_transaction *txn,
	const struct sip_msg *request);
int sip_invite_answer_asking(struct sip_invite *invite, unsigned status,
	const struct sip_body *body, struct slice extra);

/* An offer has its answer. */
void sip_invite_agree(struct sip_invite *invite);

/* Send the UPDATE in invite->offer. */
int sip_invite_send_update(struct sip_invite *invite);

/* UPDATE without an offer, if no other request is under way. */
void sip_invite_refresh(struct sip_invite *invite);

/* Let go of UPDATEs of both sides. */
void sip_invite_drop_update(struct sip_invite *invite);

/* The peer's UPDATE or PRACK that waits for an answer, if there is one, gets 487. */
void sip_invite_refuse_asking(struct sip_invite *invite);

extern const struct sip_uac_handlers sip_invite_update_handlers;

/* ---- invite_timer.c ---------------------------------------------------------------------------- */

void sip_invite_session_timer(void *arg);

/* Note whether the peer allows UPDATE. */
void sip_invite_note_abilities(struct sip_invite *invite, const struct sip_msg *msg);

/* Answer 422 if the peer's interval is too small. True: that was done. */
bool sip_invite_refuse_interval(
	struct sip_agent *agent, struct sip_server_transaction *txn, const struct sip_msg *request);

/* Answering INVITE or UPDATE with 2xx: decide, write, and, when it has been sent, start. */
void sip_invite_read_interval(struct sip_invite *invite, const struct sip_msg *request,
	struct sip_invite_interval *grant);
void sip_invite_write_granted(const struct sip_invite_interval *grant, struct buf *out);
void sip_invite_start_granted(struct sip_invite *invite, const struct sip_invite_interval *grant);

/* In our INVITE or UPDATE, and what its 2xx says. */
void sip_invite_write_interval(const struct sip_invite *invite, struct buf *out);
void sip_invite_take_interval(struct sip_invite *invite, const struct sip_msg *response);

/* After 422: true when the request may be sent again with a larger interval. */
bool sip_invite_raise_interval(struct sip_invite *invite, const struct sip_msg *response);

/* ---- invite_info.c, invite_replaces.c ---------------------------------------------------------- */

void sip_invite_receive_info(
	struct sip_invite *invite, struct sip_server_transaction *txn, const struct sip_msg *info);

/* The call that an INVITE wants to replace, borrowed; NULL: none. 0, or the status to refuse with. */
unsigned sip_invite_find_replaced(
	struct sip_agent *agent, const struct sip_msg *request, struct sip_invite **old);

/* It has been accepted: end the one it replaces, if it does. */
void sip_invite_end_replaced(struct sip_invite *invite);

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

/* Send it again to the target that refused it, with a new CSeq. False: that was not possible. */
bool sip_invite_dial_again(struct sip_invite *invite);

/* Answered, or given up: no other target is tried any more. */
void sip_invite_drop_dial(struct sip_invite *invite);

#endif
