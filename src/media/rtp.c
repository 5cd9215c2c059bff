/* SPDX-License-Identifier: GPL-3.0-or-later */
/* RTP packets: reading and writing the header of RFC 3550 section 5.1. */
#include "media/rtp.h"

#include <errno.h>
#include <string.h>

#include "media/bytes.h"

#define RTP_VERSION 2
#define RTP_PADDING 0x20
#define RTP_EXTENSION 0x10
#define RTP_CSRC_COUNT 0x0f
#define RTP_MARKER 0x80
#define RTP_PAYLOAD_TYPE 0x7f

/* Section 5.3.1: 16 bits of the profile's choice, the length in words, the words. */
static int parse_extension(const uint8_t **p, size_t *n, struct rtp_packet *packet)
{
	size_t size;

	if (*n < 4)
		return -EBADMSG;
	size = (size_t)get_u16(*p + 2) * 4;
	if (*n - 4 < size)
		return -EBADMSG;
	packet->extension_profile = get_u16(*p);
	packet->extension = *p + 4;
	packet->extension_size = size;
	*p += 4 + size;
	*n -= 4 + size;
	return 0;
}

int rtp_parse(const uint8_t *p, size_t n, struct rtp_packet *packet)
{
	uint8_t flags;
	int err;

	if (n < RTP_HEADER_SIZE || p[0] >> 6 != RTP_VERSION)
		return -EBADMSG;
	flags = p[0];
	*packet = (struct rtp_packet){
		.marker = p[1] & RTP_MARKER,
		.payload_type = p[1] & RTP_PAYLOAD_TYPE,
		.seq = get_u16(p + 2),
		.timestamp = get_u32(p + 4),
		.ssrc = get_u32(p + 8),
		.n_csrcs = flags & RTP_CSRC_COUNT,
	};
	p += RTP_HEADER_SIZE;
	n -= RTP_HEADER_SIZE;
	if (n < packet->n_csrcs * 4)
		return -EBADMSG;
	packet->csrcs = p;
	p += packet->n_csrcs * 4;
	n -= packet->n_csrcs * 4;
	if (flags & RTP_EXTENSION) {
		err = parse_extension(&p, &n, packet);
		if (err)
			return err;
	}
	/* Section 5.1, "padding": the last byte counts all of it, itself included. */
	if (flags & RTP_PADDING) {
		if (n == 0 || p[n - 1] == 0 || p[n - 1] > n)
			return -EBADMSG;
		n -= p[n - 1];
	}
	packet->payload = p;
	packet->payload_size = n;
	return 0;
}

bool rtp_is_rtcp(const uint8_t *p, size_t n)
{
	return n >= 2 && p[0] >> 6 == RTP_VERSION && (p[1] & RTP_PAYLOAD_TYPE) >= 64 &&
	       (p[1] & RTP_PAYLOAD_TYPE) <= 95;
}

void rtp_write_header(uint8_t out[RTP_HEADER_SIZE], bool marker, uint8_t payload_type, uint16_t seq,
	uint32_t timestamp, uint32_t ssrc)
{
	out[0] = RTP_VERSION << 6;
	out[1] = (uint8_t)((marker ? RTP_MARKER : 0) | (payload_type & RTP_PAYLOAD_TYPE));
	put_u16(out + 2, seq);
	put_u32(out + 4, timestamp);
	put_u32(out + 8, ssrc);
}

void rtp_write_head(uint8_t *out, const struct rtp_packet *packet)
{
	rtp_write_header(out, packet->marker, packet->payload_type, packet->seq, packet->timestamp,
		packet->ssrc);
	if (!packet->extension)
		return;
	out[0] |= RTP_EXTENSION;
	put_u16(out + RTP_HEADER_SIZE, packet->extension_profile);
	put_u16(out + RTP_HEADER_SIZE + 2, (uint16_t)(packet->extension_size / 4));
	memcpy(out + RTP_HEADER_SIZE + 4, packet->extension, packet->extension_size);
}
