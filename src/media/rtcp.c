/* SPDX-License-Identifier: GPL-3.0-or-later */
/* RTCP packets: reading and writing (RFC 3550 section 6). */
#include "media/rtcp.h"

#include <errno.h>
#include <string.h>

#include "media/bytes.h"

#define RTCP_VERSION 2
#define RTCP_PADDING 0x20
#define RTCP_COUNT 0x1f
#define HEADER_SIZE 4U
#define SENDER_SIZE 20U /* sender information */
#define BLOCK_SIZE 24U
/* RFC 5761 section 4: what RTCP packet types may be, assigned or not. */
#define MIN_TYPE 192
#define MAX_TYPE 223
#define SDES_END 0
#define SDES_CNAME 1
#define MAX_LOST 0x7fffff /* 24 bits, signed */

/* ---- reading ---------------------------------------------------------------------------- */

/* Bytes of the packet at p with its header, or 0. */
static size_t packet_size(const uint8_t *p, size_t n)
{
	size_t size;

	if (n < HEADER_SIZE || p[0] >> 6 != RTCP_VERSION || p[1] < MIN_TYPE || p[1] > MAX_TYPE)
		return 0;
	size = ((size_t)get_u16(p + 2) + 1) * 4;
	return size <= n ? size : 0;
}

/* 6.4.1 "padding": the last byte counts it all; multiples of four. */
static bool padding_is_good(const uint8_t *p, size_t size)
{
	uint8_t padding = p[size - 1];

	return padding && padding % 4 == 0 && padding <= size - HEADER_SIZE;
}

int rtcp_check(const uint8_t *p, size_t n)
{
	if (n == 0)
		return -EBADMSG;
	while (n) {
		size_t size = packet_size(p, n);

		if (size == 0)
			return -EBADMSG;
		/* Only the last one may be padded. */
		if ((p[0] & RTCP_PADDING) && (size < n || !padding_is_good(p, size)))
			return -EBADMSG;
		p += size;
		n -= size;
	}
	return 0;
}

bool rtcp_next(const uint8_t **p, size_t *n, struct rtcp_packet *packet)
{
	size_t size = packet_size(*p, *n);

	if (size == 0)
		return false;
	packet->type = (*p)[1];
	packet->count = (*p)[0] & RTCP_COUNT;
	packet->body = *p + HEADER_SIZE;
	packet->size = size - HEADER_SIZE;
	if ((*p)[0] & RTCP_PADDING)
		packet->size -= (*p)[size - 1];
	*p += size;
	*n -= size;
	return true;
}

bool rtcp_read_ssrc(const struct rtcp_packet *packet, uint32_t *ssrc)
{
	bool has_one =
		packet->type == RTCP_SR || packet->type == RTCP_RR || packet->type == RTCP_APP;

	if (!has_one || packet->size < 4)
		return false;
	*ssrc = get_u32(packet->body);
	return true;
}

bool rtcp_read_sender(const struct rtcp_packet *packet, struct rtcp_sender *sender)
{
	const uint8_t *p = packet->body + 4;

	if (packet->type != RTCP_SR || packet->size < 4 + SENDER_SIZE)
		return false;
	*sender = (struct rtcp_sender){
		.ntp = (uint64_t)get_u32(p) << 32 | get_u32(p + 4),
		.timestamp = get_u32(p + 8),
		.packets = get_u32(p + 12),
		.octets = get_u32(p + 16),
	};
	return true;
}

/* 24 bits in two's complement. */
static int32_t get_lost(const uint8_t *p)
{
	uint32_t v = (uint32_t)p[0] << 16 | get_u16(p + 1);

	return v & 0x800000 ? (int32_t)v - 0x1000000 : (int32_t)v;
}

bool rtcp_read_block(const struct rtcp_packet *packet, unsigned i, struct rtcp_block *block)
{
	size_t at = 4 + (packet->type == RTCP_SR ? SENDER_SIZE : 0) + (size_t)i * BLOCK_SIZE;
	const uint8_t *p = packet->body + at;

	if ((packet->type != RTCP_SR && packet->type != RTCP_RR) || i >= packet->count ||
		packet->size < at + BLOCK_SIZE)
		return false;
	*block = (struct rtcp_block){
		.ssrc = get_u32(p),
		.fraction_lost = p[4],
		.lost = get_lost(p + 5),
		.highest_seq = get_u32(p + 8),
		.jitter = get_u32(p + 12),
		.lsr = get_u32(p + 16),
		.dlsr = get_u32(p + 20),
	};
	return true;
}

/*
 * One chunk of an SDES (6.5): the items up to the zero byte, then on to the next word. Returns its
 * bytes, or 0 when it is cut off; *cname stays when there is none.
 */
static size_t read_chunk(const uint8_t *p, size_t n, const uint8_t **cname, size_t *size)
{
	size_t at = 4;

	while (at < n && p[at] != SDES_END) {
		if (n - at < 2 || n - at - 2 < p[at + 1])
			return 0;
		if (p[at] == SDES_CNAME) {
			*cname = p + at + 2;
			*size = p[at + 1];
		}
		at += 2 + (size_t)p[at + 1];
	}
	return at < n ? (at / 4 + 1) * 4 : 0;
}

bool rtcp_read_cname(
	const struct rtcp_packet *packet, uint32_t ssrc, const uint8_t **cname, size_t *size)
{
	const uint8_t *p = packet->body;
	size_t n = packet->size;

	if (packet->type != RTCP_SDES)
		return false;
	for (unsigned i = 0; i < packet->count && n >= 4; i++) {
		const uint8_t *found = NULL;
		size_t chunk = read_chunk(p, n, &found, size);

		if (chunk == 0)
			return false;
		if (get_u32(p) == ssrc && found) {
			*cname = found;
			return true;
		}
		p += chunk;
		n -= chunk;
	}
	return false;
}

bool rtcp_is_bye_of(const struct rtcp_packet *packet, uint32_t ssrc)
{
	for (size_t i = 0; packet->type == RTCP_BYE && i < packet->count; i++) {
		if (packet->size < (i + 1) * 4)
			return false;
		if (get_u32(packet->body + i * 4) == ssrc)
			return true;
	}
	return false;
}

/* ---- writing ---------------------------------------------------------------------------- */

/* size: of the packet with its header, a multiple of 4. */
static uint8_t *put_header(uint8_t *p, enum rtcp_type type, unsigned count, size_t size)
{
	p[0] = (uint8_t)(RTCP_VERSION << 6 | count);
	p[1] = (uint8_t)type;
	put_u16(p + 2, (uint16_t)(size / 4 - 1));
	return p + HEADER_SIZE;
}

static uint8_t *put_sender(uint8_t *p, const struct rtcp_sender *sender)
{
	put_u32(p, (uint32_t)(sender->ntp >> 32));
	put_u32(p + 4, (uint32_t)sender->ntp);
	put_u32(p + 8, sender->timestamp);
	put_u32(p + 12, sender->packets);
	put_u32(p + 16, sender->octets);
	return p + SENDER_SIZE;
}

static uint8_t *put_block(uint8_t *p, const struct rtcp_block *block)
{
	int32_t lost = block->lost;

	/* A.3: clamped to what 24 bits hold. */
	if (lost > MAX_LOST)
		lost = MAX_LOST;
	if (lost < -MAX_LOST - 1)
		lost = -MAX_LOST - 1;
	put_u32(p, block->ssrc);
	put_u32(p + 4, (uint32_t)lost & 0xffffff);
	p[4] = block->fraction_lost;
	put_u32(p + 8, block->highest_seq);
	put_u32(p + 12, block->jitter);
	put_u32(p + 16, block->lsr);
	put_u32(p + 20, block->dlsr);
	return p + BLOCK_SIZE;
}

static uint8_t *put_report(uint8_t *p, const struct rtcp_report *r)
{
	size_t size = HEADER_SIZE + 4 + (r->is_sender ? SENDER_SIZE : 0) +
		      (r->has_block ? BLOCK_SIZE : 0);

	p = put_header(p, r->is_sender ? RTCP_SR : RTCP_RR, r->has_block, size);
	put_u32(p, r->ssrc);
	p += 4;
	if (r->is_sender)
		p = put_sender(p, &r->sender);
	return r->has_block ? put_block(p, &r->block) : p;
}

static uint8_t *put_cname(uint8_t *p, const struct rtcp_report *r)
{
	size_t length = strnlen(r->cname, RTCP_CNAME_SIZE - 1);
	/* At least one zero byte ends the chunk. */
	size_t chunk = (4 + 2 + length) / 4 * 4 + 4;

	p = put_header(p, RTCP_SDES, 1, HEADER_SIZE + chunk);
	memset(p, 0, chunk);
	put_u32(p, r->ssrc);
	p[4] = SDES_CNAME;
	p[5] = (uint8_t)length;
	memcpy(p + 6, r->cname, length);
	return p + chunk;
}

size_t rtcp_write_report(const struct rtcp_report *report, uint8_t out[RTCP_MAX_REPORT])
{
	uint8_t *p = put_cname(put_report(out, report), report);

	if (report->bye) {
		p = put_header(p, RTCP_BYE, 1, HEADER_SIZE + 4);
		put_u32(p, report->ssrc);
		p += 4;
	}
	return (size_t)(p - out);
}
