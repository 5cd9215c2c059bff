/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * RTP source: what is counted of one stream that comes in, for reports and for people (RFC 3550
 * 6.4.1, A.1, A.3, A.8). It judges nobody: packets that it finds odd are played all the same, the
 * jitter buffer sees to them. A plain value; one thread at a time.
 */
#ifndef MEDIA_RTP_SOURCE_H
#define MEDIA_RTP_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

struct rtp_source {
	uint32_t ssrc;
	bool active;             /* ssrc is known */
	uint16_t base_seq;       /* of the first packet counted */
	uint32_t max_seq;        /* highest, with the cycles in the upper half */
	uint32_t bad_seq;        /* the next one after a jump; above 16 bits: none */
	uint32_t received;       /* since base_seq */
	uint32_t expected_prior; /* as of the last report, as the next */
	uint32_t received_prior;
	uint64_t lost_before; /* by earlier SSRCs, and before jumps */
	uint32_t clock_rate;  /* of transit and jitter, Hz; 0: no packet has told */
	uint32_t transit, timestamp;
	uint32_t jitter; /* in timestamp units, times 16 (A.8) */
};

/*
 * A packet came at time_us. clock_rate: of its payload type, in Hz; 0: its timestamp says nothing
 * about its time (RFC 4733).
 */
void rtp_source_count(struct rtp_source *s, uint32_t ssrc, uint16_t seq, uint32_t timestamp,
	uint32_t clock_rate, uint64_t time_us);

/* Packets that never came, of all SSRCs; duplicates count as negative (6.4.1). */
int64_t rtp_source_lost(const struct rtp_source *s);

/* The same of the present SSRC, for a report. */
int32_t rtp_source_lost_now(const struct rtp_source *s);

/* In 256ths, since the last call of this function (6.4.1 "fraction lost"). */
uint8_t rtp_source_fraction_lost(struct rtp_source *s);

/* Jitter in timestamp units, and in microseconds. */
uint32_t rtp_source_jitter(const struct rtp_source *s);
uint32_t rtp_source_jitter_us(const struct rtp_source *s);

#endif
