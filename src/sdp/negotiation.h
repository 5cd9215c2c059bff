/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Offer and answer (RFC 3264): the state of one session.
 *
 *      offer made     .-------------. answer came, or rollback
 *          .--------> | LOCAL_OFFER | ---------.
 *          |          '-------------'          v
 *      .--------.                          .--------.
 *      | STABLE |                          | STABLE |
 *      '--------'                          '--------'
 *          |          .--------------.         ^
 *          '--------> | REMOTE_OFFER | --------'
 *      offer came     '--------------' answer made, or rollback
 *
 * It knows nothing of codecs or kinds of media. Its user supplies our media section for each m-line
 * (as a draft) or leaves the m-line out; the engine keeps every m-line in its place, writes the
 * session part (spec: "o=- id version IN IP4 address", s=product, t=0 0, no session-level c=),
 * supplies a missing c= of a section, counts the version up when, and only when, what we send has
 * changed, and checks what comes against what was.
 *
 * An answer to an offer:
 *     negotiation_remote_offer(n, offer, &reason);
 *     for each index below negotiation_n_media(n): look at negotiation_change(n, index) and at
 *             negotiation_pending(n)->media[index]; negotiation_set(n, index, &draft) to accept
 *     negotiation_answer(n, &answer);          body: answer->text
 *     for each index: act on negotiation_change(n, index)
 *
 * An offer (the first, a later one, or one asked for by an INVITE without a body):
 *     negotiation_add, negotiation_set, negotiation_disable for what is to be different
 *     negotiation_offer(n, &offer);            body: offer->text
 *     negotiation_remote_answer(n, answer, &reason), or negotiation_rollback(n)
 *     for each index: act on negotiation_change(n, index)
 *
 * An object (core/mem.h) on the signalling loop's thread. Descriptions handed out belong to it and
 * are good until its next call that is not const, unless the caller takes a reference.
 */
#ifndef SDP_NEGOTIATION_H
#define SDP_NEGOTIATION_H

#include "sdp/draft.h"
#include "sdp/sdp.h"

struct negotiation;

enum negotiation_state {
	NEGOTIATION_STABLE,
	NEGOTIATION_LOCAL_OFFER,
	NEGOTIATION_REMOTE_OFFER,
};

/*
 * What becomes of an m-line. A change of the media type on an m-line in use (RFC 3264 8.3.3) is
 * REMOVED and ADDED at once; otherwise exactly one bit is set. In use: the port of neither side is
 * 0 (see negotiation_set_bundle).
 */
enum negotiation_change {
	NEGOTIATION_KEPT = 1,     /* in use as before, to the letter */
	NEGOTIATION_CHANGED = 2,  /* in use; formats, addresses, direction or the like changed */
	NEGOTIATION_ADDED = 4,    /* not in use before; also a slot that is used again (8.1) */
	NEGOTIATION_REMOVED = 8,  /* in use before (8.2) */
	NEGOTIATION_DISABLED = 16 /* not in use, as before; or offered and refused */
};

/*
 * product: our s= line; address: the one for o= and, where a section has none, for c=; copied.
 * unix_seconds: the time now; session id and first version are the seconds since 1900.
 * Returns 0, -EINVAL (CR or LF in the texts, no address) or -ENOMEM. One reference, the caller's.
 */
int negotiation_new(struct negotiation **negotiation, struct slice product, struct slice address,
	uint64_t unix_seconds);

/*
 * Lines for the session part of what we send from now on (a=group, a=ice-options ...): a draft
 * without m-line, copied; v=, o=, s= and t= stay ours (-EINVAL). NULL: none. Returns 0 or an error.
 */
int negotiation_set_session(struct negotiation *n, const struct sdp_draft *lines);

/* Whether m-lines with port 0 and a=bundle-only count as in use (RFC 9143). At first: no. */
void negotiation_set_bundle(struct negotiation *n, bool bundle);

enum negotiation_state negotiation_state(const struct negotiation *n);

/* The agreed pair; NULL before the first answer. */
struct sdp *negotiation_local(const struct negotiation *n);
struct sdp *negotiation_remote(const struct negotiation *n);

/* The offer that waits for its answer, ours or the peer's; NULL in STABLE. */
struct sdp *negotiation_pending(const struct negotiation *n);

/* m-lines: of the pending offer, else agreed. With negotiation_add, counted at once. */
unsigned negotiation_n_media(const struct negotiation *n);

/*
 * A mask of enum negotiation_change. In STABLE: what the last exchange did; in REMOTE_OFFER and
 * LOCAL_OFFER: what the offer asks for. 0 for an index beyond the last m-line.
 */
unsigned negotiation_change(const struct negotiation *n, unsigned index);

/* In STABLE: the m-line is in use; the sections are those of the agreed pair. */
bool negotiation_in_use(const struct negotiation *n, unsigned index);

/*
 * In REMOTE_OFFER: this m-line is ADDED only in that the peer offers again, with the same media
 * type and transport, what was refused in the last exchange (peers that repeat their first offer
 * do so): no reason to refuse the whole offer.
 */
bool negotiation_offered_again(const struct negotiation *n, unsigned index);

/*
 * Supply our section for an m-line of the offer to be made (STABLE: the index is an agreed
 * m-line's, or came from negotiation_add), or of the answer to be made (REMOTE_OFFER). The draft is
 * copied.
 * Returns 0; -EBUSY in LOCAL_OFFER; -EINVAL: no such m-line, no m-line in the draft, or, answering,
 * the m-line is offered with port 0 or has another media type; the draft's error; -ENOMEM.
 */
int negotiation_set(struct negotiation *n, unsigned index, const struct sdp_draft *draft);

/*
 * Add an m-line to the offer to be made: in the slot of a disabled one (RFC 3264 8.1), else at the
 * end. Returns 0 and its index; as negotiation_set; -E2BIG beyond SDP_MAX_MEDIA.
 */
int negotiation_add(struct negotiation *n, const struct sdp_draft *draft, unsigned *index);

/*
 * Take a stream out of the offer to be made, or refuse it in the answer. Errors as above; -EINVAL
 * also for an m-line at the end that negotiation_add has just made (which negotiation_rollback
 * undoes).
 */
int negotiation_disable(struct negotiation *n, unsigned index);

/*
 * Make the offer: what was set or added, and every other m-line as it was agreed. Goes to
 * LOCAL_OFFER. Returns 0; -EBUSY unless STABLE; -E2BIG; -ENOMEM (nothing has changed then).
 */
int negotiation_offer(struct negotiation *n, struct sdp **offer);

/*
 * Make the answer: what was set; every other m-line is refused. Goes to STABLE. Returns 0; -EPROTO
 * unless REMOTE_OFFER; -E2BIG; -ENOMEM (nothing has changed then).
 */
int negotiation_answer(struct negotiation *n, struct sdp **answer);

/*
 * An offer came. Goes to REMOTE_OFFER and takes a reference. What was prepared for an offer of ours
 * is dropped. Returns 0; -EBUSY: another offer is under way (RFC 6337 4.3: 491, or 500 when it is
 * the peer's); -EINVAL: fewer m-lines than before (8). *reason: static text for the Warning header.
 */
int negotiation_remote_offer(struct negotiation *n, struct sdp *offer, const char **reason);

/*
 * The answer to our offer came. Goes to STABLE and takes a reference. Returns 0; -EPROTO unless
 * LOCAL_OFFER; -EINVAL: not an m-line for each of ours, of the same media types (6); the offer is
 * then still pending. *reason: static text.
 */
int negotiation_remote_answer(struct negotiation *n, struct sdp *answer, const char **reason);

/*
 * Drop the pending offer, and what was prepared: the agreed pair holds on. The version of a
 * description that was sent is not given out again. Harmless in STABLE.
 */
void negotiation_rollback(struct negotiation *n);

#endif
