/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any datagram: what is parsed lies within it, and its parts add up; header extensions too. */
#include <stdlib.h>

#include "media/rtp.h"
#include "media/rtp_extension.h"

static unsigned sum;

static void touch(const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		sum += p[i];
}

static void touch_elements(const struct rtp_packet *packet)
{
	struct rtp_element element;
	size_t at = 0;

	while (rtp_next_element(packet, &at, &element)) {
		if (at > packet->extension_size)
			abort();
		touch(element.data, element.size);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rtp_packet packet;

	if (rtp_is_rtcp(data, size))
		sum++;
	if (rtp_parse(data, size, &packet) < 0)
		return 0;
	touch(packet.csrcs, packet.n_csrcs * 4);
	touch(packet.extension, packet.extension_size);
	touch_elements(&packet);
	touch(packet.payload, packet.payload_size);
	if (RTP_HEADER_SIZE + packet.n_csrcs * 4 + packet.extension_size + packet.payload_size >
		size)
		abort();
	return 0;
}
