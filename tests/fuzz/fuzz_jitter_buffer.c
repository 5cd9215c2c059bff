/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Any sequence of packets and calls. Each step is six bytes: what happens, how far sequence number
 * and timestamp go, and how much time passes. At the end of any input the buffer must run empty.
 */
#include <stdlib.h>
#include <string.h>

#include "media/jitter_buffer.h"

#define CAPACITY 16
#define STEP 6

static unsigned sum;

static void check(bool ok)
{
	if (!ok)
		abort();
}

static enum jitter_result get(struct jitter_buffer *jb, uint64_t now)
{
	struct rtp_packet packet;
	enum jitter_result result = jitter_buffer_get(jb, now, &packet);

	check(result != JITTER_PACKET || packet.payload);
	check(result != JITTER_WAIT || !packet.payload);
	for (size_t i = 0; i < packet.payload_size; i++)
		sum += packet.payload[i];
	sum += jitter_buffer_excess(jb, now) + jitter_buffer_shortage(jb, now);
	return result;
}

static void drain(struct jitter_buffer *jb, uint64_t now)
{
	struct jitter_stats stats;
	unsigned calls = 0;

	while (!jitter_buffer_empty(jb)) {
		now += 20000;
		get(jb, now);
		check(++calls < 1000);
	}
	jitter_buffer_stats(jb, &stats);
	check(stats.delay_ms <= 200);
	check(stats.duplicate + stats.late <= stats.received);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint32_t timestamp_units[] = {0, 160, 1U << 20, 1U << 28};
	static uint8_t payload[RTP_MAX_PACKET];
	struct jitter_settings settings = {
		.capacity = CAPACITY, .clock_rate = 8000, .min_delay_ms = 20, .max_delay_ms = 200};
	struct jitter_buffer *jb = malloc(jitter_buffer_size(CAPACITY));
	struct rtp_packet packet = {.payload = payload};
	uint64_t now = 1000000;

	if (!jb)
		return 0;
	memset(jb, 0xa5, jitter_buffer_size(CAPACITY));
	jitter_buffer_init(jb, &settings);
	for (; size >= STEP; data += STEP, size -= STEP) {
		uint16_t seq_step = (uint16_t)(int8_t)data[1];

		packet.seq = (uint16_t)(packet.seq + (data[0] & 1 ? seq_step * 64 : seq_step));
		packet.timestamp += (uint32_t)(int8_t)data[2] * timestamp_units[data[0] >> 1 & 3];
		packet.ssrc = data[0] >> 3 & 1;
		packet.payload_size = data[3] * 6U;
		now += data[4] * (data[0] & 16 ? UINT64_C(1000000) : 500);
		if (data[0] & 32)
			jitter_buffer_put(jb, &packet, now);
		else if (data[0] & 64)
			jitter_buffer_skip(jb, &packet);
		for (unsigned i = 0; i < (data[5] & 7U); i++)
			get(jb, now);
	}
	drain(jb, now);
	free(jb);
	return 0;
}
