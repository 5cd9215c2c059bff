/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Fuzz: RTCP datagrams. Of what is taken every packet is read in every way, nothing outside the
 * datagram; and what is read of a first report survives being written and read again.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "media/rtcp.h"

/* Touch every byte that was handed out. */
static unsigned sum(const uint8_t *p, size_t n)
{
	unsigned s = 0;

	for (size_t i = 0; i < n; i++)
		s += p[i];
	return s;
}

static void write_and_read(const struct rtcp_block *block)
{
	struct rtcp_report report = {.ssrc = 1, .has_block = true, .block = *block, .cname = "c"};
	uint8_t out[RTCP_MAX_REPORT];
	const uint8_t *p = out;
	size_t n = rtcp_write_report(&report, out);
	struct rtcp_packet packet;
	struct rtcp_block again;

	if (rtcp_check(p, n) < 0 || !rtcp_next(&p, &n, &packet) ||
		!rtcp_read_block(&packet, 0, &again) || again.ssrc != block->ssrc ||
		again.lost != block->lost || again.fraction_lost != block->fraction_lost ||
		again.highest_seq != block->highest_seq || again.jitter != block->jitter ||
		again.lsr != block->lsr || again.dlsr != block->dlsr)
		abort();
}

static unsigned read_packet(const struct rtcp_packet *packet)
{
	const uint8_t *cname = NULL;
	struct rtcp_sender sender;
	struct rtcp_block block;
	uint32_t ssrc = 0x01020304;
	size_t length = 0;
	unsigned s = sum(packet->body, packet->size);

	rtcp_read_ssrc(packet, &ssrc);
	rtcp_read_sender(packet, &sender);
	for (unsigned i = 0; rtcp_read_block(packet, i, &block); i++)
		write_and_read(&block);
	if (rtcp_read_cname(packet, ssrc, &cname, &length))
		s += sum(cname, length);
	return s + rtcp_is_bye_of(packet, ssrc);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rtcp_packet packet;
	size_t n = 0, left = size;
	unsigned s = 0;

	if (rtcp_check(data, size) < 0)
		return 0;
	for (const uint8_t *p = data; rtcp_next(&p, &left, &packet); n++)
		s += read_packet(&packet);
	/* What passed the check is packets to its end. */
	if (left || n == 0)
		abort();
	return s == UINT32_MAX;
}
