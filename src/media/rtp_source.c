/* SPDX-License-Identifier: GPL-3.0-or-later */
/* RTP source: counting one stream that comes in (RFC 3550 appendix A). */
#include "media/rtp_source.h"

/* A.1 */
#define MAX_DROPOUT 3000
#define MAX_MISORDER 100
#define SEQ_MOD 0x10000U
#define NO_BAD_SEQ (SEQ_MOD + 1)

static uint32_t expected(const struct rtp_source *s)
{
	return s->active ? s->max_seq - s->base_seq + 1 : 0;
}

/* Begin to count anew, at this packet. */
static void restart(struct rtp_source *s, uint16_t seq)
{
	s->lost_before = (uint64_t)rtp_source_lost(s);
	s->base_seq = seq;
	s->max_seq = seq;
	s->bad_seq = NO_BAD_SEQ;
	s->received = s->expected_prior = s->received_prior = 0;
}

/* A.1, update_seq; without the probation, which is for those who do not know their peer. */
static void count_seq(struct rtp_source *s, uint16_t seq)
{
	uint16_t ahead = (uint16_t)(seq - (uint16_t)s->max_seq);

	if (ahead < MAX_DROPOUT) {
		s->max_seq += ahead; /* the carry counts the cycles */
	} else if (ahead <= SEQ_MOD - MAX_MISORDER) {
		/* A great jump: only a second packet in a row tells that the peer began anew. */
		if (seq != s->bad_seq) {
			s->bad_seq = (seq + 1) & (SEQ_MOD - 1);
			return;
		}
		restart(s, seq);
	}
	s->received++;
}

/* A.8 */
static void count_transit(
	struct rtp_source *s, uint32_t timestamp, uint32_t clock_rate, uint64_t time_us)
{
	uint32_t transit = (uint32_t)(time_us * clock_rate / 1000000) - timestamp;
	int32_t d = (int32_t)(transit - s->transit);

	if (s->clock_rate != clock_rate) {
		s->jitter = 0;
	} else if (timestamp != s->timestamp) { /* pieces of one frame say nothing */
		uint32_t distance = d < 0 ? 0U - (uint32_t)d : (uint32_t)d;

		/* A stream that jumps (a new talkspurt's offset) is no jitter of the network. */
		if (distance < clock_rate)
			s->jitter += distance - ((s->jitter + 8) >> 4);
	}
	s->clock_rate = clock_rate;
	s->transit = transit;
	s->timestamp = timestamp;
}

void rtp_source_count(struct rtp_source *s, uint32_t ssrc, uint16_t seq, uint32_t timestamp,
	uint32_t clock_rate, uint64_t time_us)
{
	if (!s->active || s->ssrc != ssrc) {
		restart(s, seq);
		s->active = true;
		s->ssrc = ssrc;
		s->clock_rate = 0;
	}
	count_seq(s, seq);
	if (clock_rate)
		count_transit(s, timestamp, clock_rate, time_us);
}

int32_t rtp_source_lost_now(const struct rtp_source *s)
{
	return (int32_t)(expected(s) - s->received);
}

int64_t rtp_source_lost(const struct rtp_source *s)
{
	return (int64_t)s->lost_before + rtp_source_lost_now(s);
}

uint8_t rtp_source_fraction_lost(struct rtp_source *s)
{
	uint32_t expected_interval = expected(s) - s->expected_prior;
	uint32_t received_interval = s->received - s->received_prior;
	int32_t lost = (int32_t)(expected_interval - received_interval);

	s->expected_prior = expected(s);
	s->received_prior = s->received;
	if (expected_interval == 0 || lost <= 0)
		return 0;
	return (uint8_t)(((uint64_t)lost << 8) / expected_interval > 255
				 ? 255
				 : ((uint64_t)lost << 8) / expected_interval);
}

uint32_t rtp_source_jitter(const struct rtp_source *s)
{
	return s->jitter >> 4;
}

uint32_t rtp_source_jitter_us(const struct rtp_source *s)
{
	return s->clock_rate ? (uint32_t)((uint64_t)rtp_source_jitter(s) * 1000000 / s->clock_rate)
			     : 0;
}
