/* SPDX-License-Identifier: GPL-3.0-or-later */
/* RTP packets (RFC 3550 section 5.1, header extensions RFC 8285): reading and writing. Any thread. */
#ifndef MEDIA_RTP_H
#define MEDIA_RTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RTP_HEADER_SIZE 12
#define RTP_MAX_PACKET 1500

struct rtp_packet {
	uint16_t seq;
	uint8_t payload_type;
	bool marker;
	uint32_t timestamp, ssrc;
	const uint8_t *csrcs; /* n_csrcs words in network order */
	size_t n_csrcs;
	uint16_t extension_profile; /* 0xBEDE: one-byte elements; 0 with extension NULL: none */
	const uint8_t *extension;
	size_t extension_size;
	const uint8_t *payload; /* padding already taken off */
	size_t payload_size;
};

/* Pointers go into p. Returns 0, or -EBADMSG for what is no RTP packet. */
int rtp_parse(const uint8_t *p, size_t n, struct rtp_packet *packet);

/* Whether a datagram on a multiplexed port is RTCP: payload type 64..95 (RFC 5761 section 4). */
bool rtp_is_rtcp(const uint8_t *p, size_t n);

/* Bytes in front of a packet's payload: the header, and the extension if it has one. No CSRCs. */
static inline size_t rtp_head_size(const struct rtp_packet *packet)
{
	return RTP_HEADER_SIZE + (packet->extension ? 4 + packet->extension_size : 0);
}

/* Write them; extension_size is a multiple of 4 bytes. */
void rtp_write_head(uint8_t *out, const struct rtp_packet *packet);

void rtp_write_header(uint8_t out[RTP_HEADER_SIZE], bool marker, uint8_t payload_type, uint16_t seq,
	uint32_t timestamp, uint32_t ssrc);

/* Signed distance a - b of sequence numbers and timestamps, across the wrap. */
static inline int16_t rtp_seq_diff(uint16_t a, uint16_t b)
{
	return (int16_t)(uint16_t)(a - b);
}

static inline int32_t rtp_ts_diff(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b);
}

#endif
