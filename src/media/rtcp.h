/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * RTCP packets (RFC 3550 section 6; reduced-size ones, RFC 5506, are read too): reading what came,
 * writing reports. Any thread.
 */
#ifndef MEDIA_RTCP_H
#define MEDIA_RTCP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum rtcp_type { RTCP_SR = 200, RTCP_RR, RTCP_SDES, RTCP_BYE, RTCP_APP };

#define RTCP_CNAME_SIZE 24  /* bytes of a CNAME of ours, with NUL */
#define RTCP_MAX_REPORT 128 /* bytes of what rtcp_write_report writes */

/* One packet of a datagram. */
struct rtcp_packet {
	uint8_t type, count; /* count: of report blocks, chunks or SSRCs; or the subtype */
	const uint8_t *body; /* behind the first word, padding taken off */
	size_t size;         /* bytes of it, a multiple of 4 */
};

/* 6.4.1, "sender information". */
struct rtcp_sender {
	uint64_t ntp; /* seconds since 1900 and their fraction, 32 bits each */
	uint32_t timestamp, packets, octets;
};

/* 6.4.1, "report block". */
struct rtcp_block {
	uint32_t ssrc;
	uint8_t fraction_lost; /* 256ths, since the last report */
	int32_t lost;          /* 24 bits on the wire */
	uint32_t highest_seq, jitter;
	uint32_t lsr,
		dlsr; /* of our last report: middle of its ntp; delay in 65536ths of a second */
};

/*
 * Check a datagram as a whole (A.2, but for the demand that a report comes first). Returns 0 or
 * -EBADMSG; only what passed goes to the functions below.
 */
int rtcp_check(const uint8_t *p, size_t n);

/* Cut the next packet off the datagram *p, *n. False at the end. */
bool rtcp_next(const uint8_t **p, size_t *n, struct rtcp_packet *packet);

/* The SSRC of a report's or APP's sender; false when the packet is another or too short. */
bool rtcp_read_ssrc(const struct rtcp_packet *packet, uint32_t *ssrc);

/* What an SR says of its sender. */
bool rtcp_read_sender(const struct rtcp_packet *packet, struct rtcp_sender *sender);

/* Report block i of an SR or RR; false when there is none. */
bool rtcp_read_block(const struct rtcp_packet *packet, unsigned i, struct rtcp_block *block);

/* The CNAME of this SSRC in an SDES (size bytes at *cname, no NUL); false: not there. */
bool rtcp_read_cname(
	const struct rtcp_packet *packet, uint32_t ssrc, const uint8_t **cname, size_t *size);

/* Whether a BYE is for this SSRC. */
bool rtcp_is_bye_of(const struct rtcp_packet *packet, uint32_t ssrc);

struct rtcp_report {
	uint32_t ssrc;
	bool is_sender; /* SR, else RR */
	struct rtcp_sender sender;
	bool has_block;
	struct rtcp_block block;
	const char *cname; /* shorter than RTCP_CNAME_SIZE */
	bool bye;
};

/* Write a compound packet: SR or RR, SDES with the CNAME, BYE if wanted. Returns its bytes. */
size_t rtcp_write_report(const struct rtcp_report *report, uint8_t out[RTCP_MAX_REPORT]);

#endif
