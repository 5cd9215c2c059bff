/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Audio stream: an audio m-line and the port and leg behind it. Speaks SDP, not SIP: every
 * signalling whose descriptions are SDP (or are translated to it) uses it. Signalling thread.
 */
#ifndef SESSION_AUDIO_STREAM_H
#define SESSION_AUDIO_STREAM_H

#include "media/engine.h"
#include "sdp/draft.h"
#include "session/audio_formats.h"
#include "session/session.h"

/* Owned by its session; base.node links it there. */
struct audio_stream {
	struct session_stream base;
	const struct audio_formats *formats;
	unsigned index;          /* of its m-line */
	struct media_port *port; /* while the stream is active */
	struct srtp_key own_key; /* of SRTP that we send, as agreed */
	bool offered;            /* of the agreed sections, ours was the offer */
	/* All that was agreed to be received, also before: a change of codec finds packets of the
	 * old one still on their way, and numbers keep their meaning (RFC 3264 8.3.2). */
	struct media_payload receive[MEDIA_MAX_PAYLOADS];
	unsigned n_receive;
	struct addr address;   /* what our SDP says: the port's, or the advertised one */
	struct addr announced; /* what the peer's last SDP says */
};

/* Whether an offered m-line is audio that we can take: its transport, a codec in common, an address. */
bool audio_stream_usable(const struct audio_formats *formats, const struct sdp_media *offer);

/*
 * A stream of the session for this m-line, STREAM_PROPOSED: one that was removed, used again, so
 * that a session never has more streams than m-lines; or a new one. NULL without memory.
 */
struct audio_stream *audio_stream_new(
	struct session *session, const struct audio_formats *formats, unsigned index);
void audio_stream_free(struct audio_stream *stream);

/*
 * Open port and leg: at local's host, or, when the peer's media is of the other address family
 * (offer, may be NULL), at the address that leads there. advertised (len 0: none) goes into the SDP
 * instead. Returns 0, -EADDRINUSE (ports exhausted) or another negative errno.
 */
int audio_stream_open(struct audio_stream *stream, struct media_engine *media,
	const struct addr *local, const struct addr *advertised, const struct sdp_media *offer);

/* Whether an active stream can go on as this later offer for its m-line wants it. */
bool audio_stream_can_follow(const struct audio_stream *stream, const struct sdp_media *offer);

/* Write our section: the answer to an offer; or an offer. Returns 0 or the draft's error. */
int audio_stream_write_answer(
	struct audio_stream *stream, const struct sdp_media *offer, struct sdp_draft *draft);
int audio_stream_write_offer(struct audio_stream *stream, struct sdp_draft *draft);

/*
 * Offer an active stream anew, given the agreed sections: all its codecs under the payload types
 * that they have in this session (RFC 3264 8.3.2), both ways even if the peer held it so far
 * (RFC 6337 5.3). Returns 0 or the draft's error.
 */
int audio_stream_write_offer_again(struct audio_stream *stream, const struct sdp_media *ours,
	const struct sdp_media *theirs, struct sdp_draft *draft);

/*
 * Put the agreed pair of sections into effect. offered: ours was the offer. Returns 0, -ENOENT
 * (nothing in common), -EINVAL (no address that we can send to, another transport, no common key)
 * or -ENOMEM.
 */
int audio_stream_apply(struct audio_stream *stream, const struct sdp_media *ours,
	const struct sdp_media *theirs, bool offered);

/* Close leg and port; STREAM_REMOVED. Idempotent. */
void audio_stream_close(struct audio_stream *stream);

#endif
