/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Leg, the receiving half: its life, and what arrives for it. leg_play.c plays that. */
#include "media/leg.h"

#include <errno.h>
#include <string.h>

#include "media/leg_rx.h"
#include "media/media_thread.h"
#include "media/tone_receiver.h"

enum {
	JITTER_PACKETS = LEG_TOLD_PACKETS,
	JITTER_MIN_MS = 20,
	DEFAULT_RATE = 8000, /* until there is a codec */
	/* Comfort noise lasts so long behind the packet that describes it: peers need not repeat it. */
	DESCRIBED_NOISE_US = 5000000,
};

static size_t rx_size(void)
{
	return sizeof(struct leg_rx) + jitter_buffer_size(JITTER_PACKETS);
}

void leg_init(struct leg *leg, struct media_thread *home, struct port *port)
{
	leg->home = home;
	leg->port = port;
	leg->started.leg = leg->timed_out.leg = leg->silent.leg = leg->left.leg = leg;
	leg_keys_init(&leg->events, leg, MEDIA_KEY_EVENT);
	leg_keys_init(&leg->tones, leg, MEDIA_KEY_TONE);
	leg->talking.leg = leg;
	list_init(&leg->member);
	list_init(&leg->talker);
	list_init(&leg->listener);
}

void leg_drop_tones(struct leg *leg)
{
	leg_keys_done(leg, leg->tone_sender.n);
	leg->tone_sender = (struct tone_sender){0};
}

void leg_configure(struct leg *leg, const struct media_leg_config *config)
{
	memcpy(leg->receive, config->receive, sizeof leg->receive);
	leg->n_receive = config->n_receive;
	leg->send = config->send;
	leg->ptime_ms = config->ptime_ms;
	memcpy(leg->events_taken, config->events, sizeof leg->events_taken);
	leg->n_events_taken = config->n_events;
	if (leg->level_in != config->level_in)
		leg->told = (struct leg_told){0};
	leg->level_in = config->level_in;
	leg->level_out = config->level_out;
	leg->sending = config->sending && config->send.codec;
	if (!leg->sending || config->send_events.clock_rate)
		leg_drop_tones(leg);
}

const struct media_payload *leg_payload(const struct leg *leg, uint8_t payload_type)
{
	for (unsigned i = 0; i < leg->n_receive; i++) {
		if (leg->receive[i].payload_type == payload_type)
			return &leg->receive[i];
	}
	return NULL;
}

static bool is_event(const struct leg *leg, uint8_t payload_type)
{
	for (unsigned i = 0; i < leg->n_events_taken; i++) {
		if (leg->events_taken[i].payload_type == payload_type)
			return true;
	}
	return false;
}

static struct leg_rx *rx_new(struct media_thread *t)
{
	struct leg_rx *rx = media_pool_get(&t->pool, rx_size());

	if (!rx)
		return NULL;
	*rx = (struct leg_rx){.jitter = (struct jitter_buffer *)(void *)(rx + 1),
		.rate = DEFAULT_RATE,
		.passed_span_us = LEG_DEFAULT_SPAN_MS * 1000};
	resampler_init(&rx->resampler, DEFAULT_RATE, DEFAULT_RATE);
	jitter_buffer_init(rx->jitter, &(struct jitter_settings){.capacity = JITTER_PACKETS,
					       .clock_rate = LEG_JITTER_CLOCK,
					       .min_delay_ms = JITTER_MIN_MS,
					       .max_delay_ms = LEG_JITTER_MAX_MS});
	return rx;
}

void leg_free_decoder(struct media_thread *t, struct leg_rx *rx)
{
	if (rx->decoder)
		audio_decoder_free(&t->pool, rx->codec, rx->decoder);
	rx->decoder = NULL;
}

void leg_release_rx(struct media_thread *t, struct leg *leg)
{
	struct leg_rx *rx = leg->rx;

	if (!rx)
		return;
	leg->rx = NULL;
	leg_free_decoder(t, rx);
	media_pool_put(&t->pool, rx->tones, tone_receiver_size());
	media_pool_put(&t->pool, rx->ahead, leg_ahead_size(rx));
	media_pool_put(&t->pool, rx, rx_size());
}

/*
 * A packet's timestamp on LEG_JITTER_CLOCK. The first packet of another clock begins where its
 * forerunner ends: the two clocks need not have anything to do with each other.
 */
static uint32_t jitter_time(struct leg_rx *rx, const struct rtp_packet *packet, uint32_t clock_rate)
{
	uint32_t units = LEG_JITTER_CLOCK / clock_rate;
	int ahead = rtp_seq_diff(packet->seq, rx->seq);
	uint32_t step = (packet->timestamp - rx->timestamp) * units;

	if (rx->clock_rate && rx->clock_rate != clock_rate)
		step = (uint32_t)ahead * rx->step;
	else if (ahead == 1 && step <= LEG_JITTER_CLOCK / 1000 * CODEC_MAX_FRAME_MS)
		rx->step = step;
	rx->clock_rate = clock_rate;
	rx->timestamp = packet->timestamp;
	rx->seq = packet->seq;
	rx->jitter_time += step;
	return rx->jitter_time;
}

/*
 * RFC 3389: the peer falls silent, and this is what it is silent like. Gateways send it whether or not it
 * was agreed on. Before any sound there is no pause to fill.
 */
static int put_noise(struct leg *leg, const struct rtp_packet *packet, uint64_t time_us)
{
	struct leg_rx *rx = leg->rx;

	if (!rx || !rx->clock_rate)
		return -ENOENT;
	jitter_buffer_skip(rx->jitter, packet);
	comfort_noise_describe(&rx->noise, packet->payload, packet->payload_size);
	rx->described_us = time_us;
	rx->noise_until_us = time_us + DESCRIBED_NOISE_US;
	return 0;
}

int leg_put(
	struct media_thread *t, struct leg *leg, const struct rtp_packet *packet, uint64_t time_us)
{
	const struct media_payload *payload = leg_payload(leg, packet->payload_type);
	struct rtp_packet timed = *packet;
	int err;

	if (!payload && packet->payload_type == COMFORT_NOISE_PAYLOAD)
		return put_noise(leg, packet, time_us);
	if (!payload) {
		if (leg->rx && leg->rx->clock_rate && is_event(leg, packet->payload_type))
			jitter_buffer_skip(leg->rx->jitter, packet);
		return -ENOENT;
	}
	if (!leg->rx)
		leg->rx = rx_new(t);
	if (!leg->rx)
		return -ENOMEM;
	timed.timestamp = jitter_time(leg->rx, packet, payload->codec->clock_rate);
	err = jitter_buffer_put(leg->rx->jitter, &timed, time_us);
	if (!err)
		leg_told_packet(&leg->told, leg->level_in, packet);
	return err;
}

void leg_tell_talking(struct media_thread *t, struct leg *leg, bool talking)
{
	struct leg_event *event = &leg->talking;

	leg->voice.talking = talking;
	leg->voice.spell = 0;
	atomic_store_explicit(&leg->figures.talking, talking, memory_order_relaxed);
	/* Still busy: who reads that event then sees what was just written. */
	if (!atomic_exchange_explicit(&event->busy, true, memory_order_acq_rel))
		media_thread_report(t, &event->mail, MAIL_TALKING);
}

uint64_t leg_excess_us(const struct leg *leg, uint64_t time_us)
{
	return leg->rx ? leg_in_us(jitter_buffer_excess(leg->rx->jitter, time_us)) : 0;
}

bool leg_is_drained(const struct leg *leg)
{
	return !leg->rx || (leg->rx->n_ahead == 0 && jitter_buffer_empty(leg->rx->jitter));
}
