/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files of the SIP session share; not for others. */
#ifndef SESSION_SIP_SESSION_INTERNAL_H
#define SESSION_SIP_SESSION_INTERNAL_H

#include "sdp/negotiation.h"
#include "session/audio_stream.h"
#include "session/sip_session.h"

/* Where offer and answer stand between us and the peer. */
enum sip_session_exchange {
	EXCHANGE_NONE,
	EXCHANGE_TO_ANSWER, /* the peer's offer waits for the application's word */
	EXCHANGE_TO_OFFER,  /* an INVITE without a body waits for our offer */
	EXCHANGE_OFFERED,   /* our offer is in a 2xx, or in an INVITE: the ACK or 2xx answers it */
};

/* Owns itself (one reference) until it has ended. */
struct sip_session {
	struct session base;
	struct list_node node; /* context->sessions, until it has ended */
	struct sip_session_context *context;
	struct sip_invite *invite; /* a reference */
	struct addr local;         /* ours towards the peer */
	struct negotiation *negotiation;
	struct sip_call *call; /* a call of ours that is not answered; sip_session_call.c's */
	enum sip_session_exchange exchange;
	/* Whether the peer is to be on hold; our last description says so; the one in effect does. */
	bool holds, says_hold, agreed_hold;
	char *texts; /* the strings behind base.target, application and user_agent */
};

extern const struct session_signalling sip_session_signalling;
extern const struct sip_invite_handlers sip_session_invite_handlers;

/* ---- sip_session.c ----------------------------------------------------------------------------- */

/* A session of this kind, not yet in the context's list; the caller owns it. NULL: no memory. */
struct sip_session *sip_session_new(struct sip_session_context *context, enum session_state state);

/* The strings that the application may look at later. Returns 0 or -ENOMEM. */
int sip_session_keep_texts(
	struct sip_session *s, struct slice target, struct slice application, struct slice agent);

/* It has begun: the list keeps it until it has ended. */
void sip_session_enlist(struct sip_session *s);

/* End with BYE or CANCEL; cause: of the Reason header (RFC 3326). */
void sip_session_end_with(struct sip_session *s, unsigned cause, const char *reason);

/* The end, whoever brought it about: media stops, the application learns it, once. */
void sip_session_finish(struct sip_session *s, const char *reason);

/* ---- sip_session_hold.c ------------------------------------------------------------------------ */

/*
 * Offer the streams that there are anew, by re-INVITE. Returns 0; -EBUSY: an exchange is under way;
 * or another negative errno.
 */
int sip_session_offer_again(struct sip_session *s);

int sip_session_hold(struct session *session, bool hold);

/* An exchange is over: say what has not been said yet. */
void sip_session_say_hold(struct sip_session *s);

/* An offer of ours was refused, and rolled back. response may be NULL. */
void sip_session_hold_refused(struct sip_session *s, const struct sip_msg *response);

/* ---- sip_referrer.c ---------------------------------------------------------------------------- */

int sip_session_refer(struct session *session, const struct referrer_params *params,
	const struct referrer_handlers *handlers, void *arg, struct referrer **referrer);

/* ---- sip_session_call.c: until a call of ours is answered -------------------------------------- */

/* The handlers "offer", "progress" and "early" of its usage. */
int sip_session_call_offer(
	struct sip_invite *invite, const struct addr *local, struct sip_body *body, void *arg);
void sip_session_call_progress(
	struct sip_invite *invite, const struct sip_msg *response, void *arg);
void sip_session_call_early(struct sip_invite *invite, const struct sip_msg *response, void *arg);

/* 2xx to the INVITE. */
void sip_session_call_answered(struct sip_session *s, const struct sip_msg *response);

/* Forget what belongs to this time; idempotent. */
void sip_session_call_free(struct sip_session *s);

/* ---- sip_session_media.c ----------------------------------------------------------------------- */

/* A refusal of an offer: the status, and a text for the Warning header (RFC 3261 20.43) or NULL. */
struct sip_refusal {
	unsigned status;
	const char *warning;
};

/*
 * The INVITE's body: remember the offer, or that we have to make one, and make the streams that it
 * proposes. Returns 0, or -EINVAL with *refusal filled in.
 */
int sip_session_media_invite(
	struct sip_session *s, const struct sip_msg *request, struct sip_refusal *refusal);

/*
 * Likewise for a re-INVITE. Returns 1 when the application has to decide (streams were added), 0
 * when the answer can be made at once.
 */
int sip_session_media_reinvite(
	struct sip_session *s, const struct sip_msg *request, struct sip_refusal *refusal);

/*
 * Write the answer (or offer) with the streams of these kinds, opening what is new.
 * *description belongs to the negotiation. Returns 0; -ENOTSUP: no stream would be left; or another
 * negative errno.
 */
int sip_session_media_accept(struct sip_session *s, unsigned kinds, struct sdp **description);

/*
 * Our first offer, with one stream of each of these kinds, from this address of ours; what an
 * earlier one opened is closed. Errors as above.
 */
int sip_session_media_offer(
	struct sip_session *s, const struct addr *local, unsigned kinds, struct sdp **description);

/* Undo a proposal that is not accepted: its streams go, the agreed descriptions stand. */
void sip_session_media_rollback(struct sip_session *s);

/* The same when the peer took its proposal back: the application is told. */
void sip_session_media_withdrawn(struct sip_session *s);

/* After the exchange: put all sections into effect. notify: tell the application what changed. */
int sip_session_media_apply(struct sip_session *s, bool notify);

/* The answer to our offer came in an ACK or a response. Returns 0 or a negative errno. */
int sip_session_media_answered(struct sip_session *s, const struct sip_msg *msg);

/* Whether this message carries a description. */
bool sip_session_media_is_in(const struct sip_msg *msg);

/* Close all streams' media. */
void sip_session_media_close(struct sip_session *s);

#endif
