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
	EXCHANGE_OFFERED,   /* our offer is in a 2xx; the ACK brings the answer */
};

/* Owns itself (one reference) until it has ended. */
struct sip_session {
	struct session base;
	struct list_node node; /* context->sessions, until it has ended */
	struct sip_session_context *context;
	struct sip_invite *invite; /* a reference */
	struct negotiation *negotiation;
	enum sip_session_exchange exchange;
	char *texts; /* the strings behind base.target, application and user_agent */
};

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

/* Undo a proposal that is not accepted: its streams go, the agreed descriptions stand. */
void sip_session_media_rollback(struct sip_session *s);

/* The same when the peer took its proposal back: the application is told. */
void sip_session_media_withdrawn(struct sip_session *s);

/* After the exchange: put all sections into effect. notify: tell the application what changed. */
int sip_session_media_apply(struct sip_session *s, bool notify);

/* The answer to our offer came in an ACK. Returns 0 or a negative errno. */
int sip_session_media_answered(struct sip_session *s, const struct sip_msg *ack);

/* Close all streams' media. */
void sip_session_media_close(struct sip_session *s);

#endif
