/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * SDES: keys for SRTP in the session descriptions (RFC 4568 5 and 7). Crypto lines are chosen and
 * written here; what was agreed is read from the two sections, so an exchange that comes to nothing
 * leaves nothing behind. On RTP/AVP a key is an offer to encrypt that may be passed over. Signalling
 * thread.
 */
#ifndef SESSION_SDES_H
#define SESSION_SDES_H

#include "media/engine.h"
#include "sdp/draft.h"

/*
 * Whether an offered section's transport is one of ours and, where it must be encrypted (RTP/SAVP),
 * one of its crypto lines is too. allowed: SRTP may be used at all.
 */
bool sdes_usable(const struct sdp_media *offer, bool allowed);

/* The transport of the answer to a usable offer, or of an offer that follows an agreed section. */
const char *sdes_transport(const struct sdp_media *media);

/*
 * Answer with the first crypto line that we support (5.1.2), if there is one. own: the key that we
 * send with so far, kept if its suite is chosen; zeroed: a new one. Errors stick in the draft.
 */
void sdes_write_answer(struct sdp_draft *draft, const struct sdp_media *offer, bool allowed,
	const struct srtp_key *own);

/* Offer one line, with a new key. */
void sdes_write_offer(struct sdp_draft *draft);

/* Offer again the line that was agreed, ours being that section; nothing where there was none. */
void sdes_write_offer_again(
	struct sdp_draft *draft, const struct sdp_media *ours, const struct srtp_key *own);

/*
 * The keys of two agreed sections; suite SRTP_NONE in both: plain RTP. The caller wipes *srtp.
 * Returns 0, or -EINVAL (5.1.3, 7.1.3): encryption was agreed on, but not with a line of the offer, or
 * with the same key for both.
 */
int sdes_read(
	const struct sdp_media *ours, const struct sdp_media *theirs, struct media_srtp *srtp);

#endif
