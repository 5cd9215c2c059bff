/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The INVITE usage: one call as SIP sees it, either side (RFC 3261 13, 14, 15; CANCEL 9). Offers
 * and answers pass through as bodies; what they mean is the session layer's business. ACK, PRACK,
 * retransmissions of 2xx, CANCEL races and the dialog are handled here.
 *
 * An object on the loop's thread. The usage keeps itself alive until it has ended; whoever else
 * holds it owns a reference. After "ended" no handler is called any more.
 */
#ifndef SIP_INVITE_H
#define SIP_INVITE_H

#include "sip/agent.h"
#include "sip/auth.h"

struct sip_body {
	struct slice type; /* "application/sdp"; empty: no body */
	struct slice data;
};

struct sip_invite_handlers {
	/*
	 * Client, when sip_invite_connect was given no body: the INVITE is about to go out from this
	 * address of ours, perhaps once more or to another target: the offer for it, which must last
	 * until the INVITE has been answered. An empty one asks for a late offer. An error counts as
	 * that of sending. The handler may not end the usage. NULL: a late offer.
	 */
	int (*offer)(struct sip_invite *invite, const struct addr *local, struct sip_body *body,
		void *arg);

	/* Client: a provisional response (101..199). */
	void (*progress)(struct sip_invite *invite, const struct sip_msg *response, void *arg);

	/*
	 * Client: a reliable provisional response (RFC 3262) to our INVITE or re-INVITE. An answer is
	 * in its body (the 2xx of the same branch then has none that counts), or an offer when ours
	 * had none: then the handler calls sip_invite_acknowledge with the answer; else PRACK is
	 * sent for it when it returns. With a body where none is due, that function makes a new
	 * offer in the PRACK. NULL: progress is called, and no INVITE without an offer says that
	 * it can have reliable responses.
	 */
	void (*early)(struct sip_invite *invite, const struct sip_msg *response, void *arg);

	/*
	 * Client: 2xx to our INVITE or re-INVITE. An answer is in its body, or an offer when ours had
	 * none: then the handler calls sip_invite_acknowledge with the answer; else ACK is sent for
	 * it when it returns. Also 2xx to our UPDATE or PRACK with an offer: the answer is in its
	 * body.
	 */
	void (*answered)(struct sip_invite *invite, const struct sip_msg *response, void *arg);

	/*
	 * Client: our re-INVITE or UPDATE was refused with this final response; the call goes on as
	 * it was (RFC 6141). Where descriptions had been exchanged within the re-INVITE, the two sides
	 * may see that differently: refresh is called after it (3.4).
	 * A 491, or a 500 with Retry-After, is waited out and the same offer sent again (RFC 3261 14,
	 * RFC 3311 5.2), unless the peer's own re-INVITE comes first: then this is called with that
	 * response, and renegotiate after it. A re-INVITE that has no final response after three
	 * minutes is taken back.
	 */
	void (*refused)(struct sip_invite *invite, const struct sip_msg *response, void *arg);

	/* Server: the PRACK to our reliable provisional response that carried an offer: the answer. */
	void (*acknowledged_early)(
		struct sip_invite *invite, const struct sip_msg *prack, void *arg);

	/* Server: the ACK to our 2xx; it carries the answer when our 2xx carried the offer. */
	void (*acknowledged)(struct sip_invite *invite, const struct sip_msg *ack, void *arg);

	/*
	 * Server: a re-INVITE, or an UPDATE or PRACK with an offer, which may come before the INVITE
	 * is answered. Answered with sip_invite_accept or sip_invite_reject, now or (in case of
	 * UPDATE and PRACK within some seconds) later; until then they are about this request alone.
	 * A re-INVITE without a body asks for an offer.
	 */
	void (*renegotiate)(struct sip_invite *invite, const struct sip_msg *request, void *arg);

	/*
	 * Server: the re-INVITE that renegotiate brought needs no answer any more: the peer took it
	 * back (CANCEL), or its transaction broke. The call goes on as it was, or as has been agreed
	 * within the re-INVITE (RFC 6141 3.8).
	 */
	void (*withdrawn)(struct sip_invite *invite, void *arg);

	/*
	 * The session timer is to be refreshed, and the peer does not know UPDATE; or the two sides
	 * may have come to see the session differently (RFC 6141 3.4): call sip_invite_renegotiate
	 * with the description that holds. NULL: the session expires, or they differ.
	 */
	void (*refresh)(struct sip_invite *invite, void *arg);

	/* The peer has sent a key by INFO: 0 to 9, *, #, A to D, or ! (hook flash). May be NULL. */
	void (*dtmf)(struct sip_invite *invite, char key, unsigned duration_ms, void *arg);

	/*
	 * The end, once: BYE, CANCEL, a refusal (theirs or ours), no ACK, time-out or sip_invite_end.
	 * message: the request or response that ended it, or NULL. status: the SIP status that says
	 * why (200 for BYE, 487 for CANCEL, 408 ...). Never called from inside a function of this
	 * header; after sip_invite_end it comes when the peer has answered, at the latest after 1 s
	 * (what is then still to be done goes on without its user).
	 */
	void (*ended)(struct sip_invite *invite, unsigned status, const struct sip_msg *message,
		void *arg);
};

void sip_invite_set_handlers(
	struct sip_invite *invite, const struct sip_invite_handlers *handlers, void *arg);

/*
 * extra, in the functions below: further header lines, each ended by CRLF, or the empty slice.
 * They may not name To, From, Via, Contact, Route, Record-Route, Call-ID, CSeq (-EINVAL).
 */

/*
 * Server: send a provisional response (180, 183 with a body ...); body may be NULL. It is repeated
 * every minute until there is a final one. It is a reliable one (RFC 3262) if the peer requires
 * that, or supports it and there is a body, which then is the answer, or the offer when the INVITE
 * had none. While a reliable one is not acknowledged, further responses wait for that, the last one
 * counting. Returns 0, -EINVAL (nothing to answer, bad extra) ...
 */
int sip_invite_progress(struct sip_invite *invite, unsigned status, const struct sip_body *body,
	struct slice extra);

/*
 * Server: 200 to the INVITE or re-INVITE, or to what renegotiate brought. body: the answer, or the
 * offer when the request had none; left out when a reliable provisional response has had it. When
 * the call replaces another (sip_invite_replaced), that one is ended.
 * Returns 0, -EINVAL when there is nothing to answer (it was cancelled meanwhile).
 */
int sip_invite_accept(struct sip_invite *invite, const struct sip_body *body, struct slice extra);

/*
 * Server: a final response 300..699 to the INVITE (the usage ends) or re-INVITE (it goes on).
 * -EALREADY: descriptions have been exchanged within the re-INVITE, which holds (RFC 6141 3.3): offer
 * by UPDATE what is to be otherwise, and accept it.
 */
int sip_invite_reject(struct sip_invite *invite, unsigned status, struct slice extra);

/*
 * End it, whatever state it is in: CANCEL, a rejection (480), or BYE, with this Reason header's
 * value if not empty (RFC 3326). "ended" follows. Idempotent.
 */
void sip_invite_end(struct sip_invite *invite, struct slice reason);

struct sip_invite_target {
	struct slice uri;          /* request-URI */
	struct slice from, to;     /* name-addr without tag */
	struct slice contact_user; /* user part of our Contact */
	bool focus;                /* ;isfocus on our Contact */
	/*
	 * Copied; they answer challenges to every request of the call (RFC 3261 22). NULL: those of
	 * the registration by whose flow it goes, if there is one.
	 */
	const struct sip_credentials *credentials;
	enum sip_transport transport;
	struct addr next_hop; /* where to send; len 0: where the URI leads (sip/locate.h) */
};

/*
 * Client: call. body empty: what "offer" says. Without a next_hop, targets are tried in their order until
 * one answers (RFC 3263 4.3); the functions below then know of transport and addresses only when it
 * has been sent. Returns 0 or a negative errno; the caller's reference.
 */
int sip_invite_connect(struct sip_invite **invite, struct sip_agent *agent,
	const struct sip_invite_target *target, const struct sip_body *body, struct slice extra,
	const struct sip_invite_handlers *handlers, void *arg);

/* Client, in "answered" or "early" to a late offer: the body for the ACK or PRACK. */
int sip_invite_acknowledge(struct sip_invite *invite, const struct sip_body *body);

/* Send a re-INVITE with this offer. -EBUSY while one is under way in either direction. */
int sip_invite_renegotiate(
	struct sip_invite *invite, const struct sip_body *body, struct slice extra);

/*
 * Send UPDATE with this offer, or without one (NULL) to refresh the session, also before the call is
 * answered, as soon as a reliable response has been acknowledged (RFC 3311). "answered" or "refused"
 * follows for an offer. -EBUSY while another request or offer is under way; -ENOTSUP: the peer does
 * not allow UPDATE; -EINVAL: not in this state.
 */
int sip_invite_update(struct sip_invite *invite, const struct sip_body *body, struct slice extra);

/*
 * Server: the call whose place this one is to take (Replaces, RFC 3891); borrowed, NULL: none. It
 * is good until this one is answered.
 */
struct sip_invite *sip_invite_replaced(const struct sip_invite *invite);

/*
 * What a third party must know to take our place in this call (RFC 3891): the peer's URI, if wanted,
 * and "?Replaces=..." for it. Appended to out. Returns 0, -EINVAL when the call is not up, or the
 * buffer's error.
 */
int sip_invite_write_replaces(const struct sip_invite *invite, bool with_uri, struct buf *out);

/* The arg of these handlers, if they are the usage's; else NULL. */
void *sip_invite_arg(const struct sip_invite *invite, const struct sip_invite_handlers *handlers);

/* Our Contact: its user part (default "sylkserver") and whether it carries ;isfocus (RFC 4579). */
int sip_invite_set_contact(struct sip_invite *invite, struct slice user, bool focus);

/* How the call goes. */
enum sip_transport sip_invite_transport(const struct sip_invite *invite);
const struct addr *sip_invite_peer(const struct sip_invite *invite);  /* packets' source */
const struct addr *sip_invite_local(const struct sip_invite *invite); /* ours towards the peer */

#endif
