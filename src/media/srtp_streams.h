/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The streams (SSRCs) of one direction of SRTP: each one's packet index and rollover counter
 * (RFC 3711 3.3.1) and its windows against replay (3.3.2). Only what was authenticated gets in here.
 * One thread at a time.
 */
#ifndef MEDIA_SRTP_STREAMS_H
#define MEDIA_SRTP_STREAMS_H

#include <stdbool.h>
#include <stdint.h>

#define SRTP_STREAMS 16             /* at once, of one direction */
#define SRTP_WINDOW 128             /* packets that may come late */
#define SRTP_INDEX_END (1ULL << 48) /* 9.2: no packet of SRTP has this index or a higher one */
#define SRTCP_INDEX_END (1U << 31)
#define SRTP_CANDIDATES 3

/* Which of the indices up to top were seen. */
struct srtp_window {
	uint64_t top;
	uint64_t bits
		[2]; /* bit i: top - i; all clear: nothing was seen yet, top is where to start */
};

struct srtp_stream {
	uint32_t ssrc;
	bool inherited; /* from an earlier key: nothing was seen under this one yet */
	struct srtp_window rtp, rtcp;
	uint32_t rtcp_next; /* index of the next SRTCP packet that we send */
	uint64_t used;      /* the order in which streams were last heard */
};

/* Zeroed is empty. */
struct srtp_streams {
	unsigned n;
	uint64_t serial;
	struct srtp_stream items[SRTP_STREAMS];
};

/* NULL: not known. */
struct srtp_stream *srtp_streams_find(struct srtp_streams *streams, uint32_t ssrc);

/*
 * Find it, or make it. When there is no room, replace says whether the one that was silent for the
 * longest time goes; NULL if not.
 */
struct srtp_stream *srtp_streams_get(struct srtp_streams *streams, uint32_t ssrc, bool replace);

/*
 * The indices that a received sequence number may mean, the likeliest first; stream may be NULL.
 * Beyond the estimate of 3.3.1: a turn of the sequence number of which nothing was heard, and,
 * after a change of the key, a sender that counts from 0 again (RFC 4568 6.4) where RFC 3711 3.3.1
 * has it count on. Which of them is right, the tag tells.
 */
unsigned srtp_index_candidates(
	const struct srtp_stream *stream, uint16_t seq, uint64_t out[SRTP_CANDIDATES]);

/* The index of a packet to be sent. */
uint64_t srtp_index_to_send(const struct srtp_stream *stream, uint16_t seq);

/* Whether an index was seen, or is too far behind to tell. */
bool srtp_window_seen(const struct srtp_window *window, uint64_t index);
void srtp_window_mark(struct srtp_window *window, uint64_t index);

/*
 * A new key goes on where the old one was. received: what the old one saw is no replay under the new
 * one, it only tells where the sequence numbers are.
 */
void srtp_streams_inherit(
	struct srtp_streams *streams, const struct srtp_streams *old, bool received);

#endif
