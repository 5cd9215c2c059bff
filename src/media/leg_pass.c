/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Leg, the receiving half: what nobody hears is passed over without being decoded. */
#include <string.h>

#include "media/leg_rx.h"
#include "media/media_thread.h"

/* How long a packet's sound is, in microseconds; 0: not to be known. */
static uint32_t length_of(const struct leg *leg, const struct rtp_packet *packet)
{
	const struct media_payload *payload = leg_payload(leg, packet->payload_type);
	unsigned rate = payload ? payload->settings.sample_rate : 0;
	int n = payload ? payload->codec->payload_samples(
				  packet->payload, packet->payload_size, rate)
			: 0;

	return n > 0 ? (uint32_t)((uint64_t)n * 1000000 / rate) : 0;
}

/* Pass over the next span. Delay is taken back or added at once: nobody hears it. Returns its length. */
static uint32_t pass_span(struct leg *leg, uint64_t time_us)
{
	struct leg_rx *rx = leg->rx;
	struct rtp_packet packet;
	enum jitter_result result = jitter_buffer_get(rx->jitter, time_us, &packet);
	uint64_t excess, shortage;
	uint32_t us;

	if (result == JITTER_WAIT)
		return 0;
	us = result == JITTER_PACKET ? length_of(leg, &packet) : 0;
	if (us > 0)
		rx->passed_span_us = us;
	us = rx->passed_span_us;
	if (result != JITTER_PACKET)
		return us;
	excess = leg_in_us(jitter_buffer_excess(rx->jitter, time_us));
	shortage = leg_in_us(jitter_buffer_shortage(rx->jitter, time_us));
	return us - (uint32_t)leg_smaller(excess, us / 2) + (uint32_t)leg_smaller(shortage, us);
}

bool leg_pass(struct media_thread *t, struct leg *leg, uint64_t time_us)
{
	struct leg_rx *rx = leg->rx;
	uint32_t us, got;

	leg->played_us = time_us;
	if (!rx)
		return false;
	/* What comes after a while has nothing to do with what was before. */
	if (!rx->passing) {
		memset(rx->resampler.history, 0, sizeof rx->resampler.history);
		leg_listen_for_keys(t, leg, NULL, 0, false);
	}
	rx->passing = true;
	rx->sounding = false;
	rx->passed_us += (uint32_t)((uint64_t)rx->n_ahead * 1000000 / rx->rate);
	rx->n_ahead = 0;
	us = rx->passed_us;
	while (us < MEDIA_TICK_US) {
		got = pass_span(leg, time_us + us);
		if (got == 0)
			break;
		us += got;
	}
	rx->passed_us = us > MEDIA_TICK_US ? us - MEDIA_TICK_US : 0;
	return us > 0;
}
