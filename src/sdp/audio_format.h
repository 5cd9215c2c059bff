/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Audio formats: which of ours a peer's media section has too, under which payload types, and the
 * m-line, rtpmap and fmtp lines that offer or answer them (RFC 3264 5.1 and 6.1, RFC 3551 section
 * 6, RFC 4733). Knows no codec: what we support comes as a list. One thread at a time.
 */
#ifndef SDP_AUDIO_FORMAT_H
#define SDP_AUDIO_FORMAT_H

#include "sdp/draft.h"
#include "sdp/sdp.h"

#define AUDIO_FORMATS_MAX 16 /* formats in common that are looked at */

/* A format that we support. Lists of them stand in our order of preference. */
struct audio_format {
	const char *name;    /* encoding name: "opus", "PCMU" */
	uint32_t clock_rate; /* as in rtpmap: 8000 for G722, 48000 for Opus */
	unsigned channels;   /* as in rtpmap: 2 for Opus, else 1 */
	int static_payload;  /* RFC 3551 payload type, or -1: a dynamic one */
	const char *fmtp;    /* what we say in a=fmtp, or NULL */
};

/* telephone-event (RFC 4733); payload types are -1 when there is none. */
struct audio_events {
	int send, receive;
	uint32_t clock_rate;
};

/* One format that both have. */
struct audio_match {
	unsigned format;                       /* index in our list */
	uint8_t send_payload, receive_payload; /* in the packets we send; in those we get */
	struct slice fmtp; /* the peer's parameters; good as long as its section */
	struct audio_events
		events; /* of the same clock rate; if the peer has none, of another one */
};

struct audio_matches {
	struct audio_match items[AUDIO_FORMATS_MAX];
	unsigned n;
	unsigned ptime, maxptime; /* the peer's, in ms; 0: not said */
};

enum audio_order {
	AUDIO_ORDER_LOCAL, /* the formats in common in our order of preference */
	AUDIO_ORDER_PEER,  /* in the peer's, as RFC 3264 6.1 recommends for answers */
};

/*
 * What an offered section and our list have in common. The answer uses the offer's payload types,
 * so send and receive ones are the same. Returns 0, or -ENOENT when nothing is in common.
 */
int audio_match_offer(const struct sdp_media *offer, const struct audio_format *formats, size_t n,
	enum audio_order order, struct audio_matches *matches);

/*
 * What the answer to our offer chose: to be sent under the answer's payload types, and to be
 * received under those of the offer. Returns 0, or -ENOENT when nothing is in common.
 */
int audio_match_answer(const struct sdp_media *offer, const struct sdp_media *answer,
	const struct audio_format *formats, size_t n, enum audio_order order,
	struct audio_matches *matches);

/*
 * Offer the whole list: payload types on the m-line, rtpmap and fmtp lines, and telephone-event for
 * each clock rate (101 for 8000 Hz) if events is true. Payload types depend on the list
 * alone, so that a later offer does not change their meaning (RFC 3264 8.3.2). Errors stick in the
 * draft: -ERANGE when there are more formats than dynamic payload types.
 */
void audio_write_offer(
	struct sdp_draft *draft, const struct audio_format *formats, size_t n, bool events);

/* Answer with the first max of the matches (and the events that belong to them). */
void audio_write_answer(struct sdp_draft *draft, const struct audio_matches *matches, unsigned max,
	const struct audio_format *formats);

/*
 * What a payload type of a section means: by its rtpmap, else by RFC 3551 table 4. Returns 0, or
 * -ENOENT for a dynamic one without rtpmap.
 */
int audio_payload_meaning(
	const struct sdp_media *media, unsigned payload, struct sdp_rtpmap *meaning);

#endif
