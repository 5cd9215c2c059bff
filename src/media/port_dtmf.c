/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A port's DTMF: telephone-event packets, received and sent. */
#include "media/port_dtmf.h"

#include <string.h>

#include "media/leg.h"
#include "media/media_mail.h"
#include "media/media_thread.h"
#include "media/port.h"
#include "media/rtp.h"

#define STEP_MS 20 /* of one packet (RFC 4733 2.5.1.2 recommends 50, telephones send every 20) */
#define STEP_US (STEP_MS * 1000)

/* ---- receiving -------------------------------------------------------------------------- */

static void on_pressed(char key, uint32_t ms, void *arg)
{
	struct port *port = arg;

	if (port->leg)
		leg_keys_put(port->thread, &port->leg->events, key, ms);
}

static void watch(struct port *port)
{
	struct port_dtmf *d = &port->dtmf;
	uint64_t due = event_receiver_due(&d->receiver), now = port->thread->now;

	if (d->receiver.running && !timer_running(&d->lost))
		timer_start_us(&d->lost, &port->thread->timers, due > now ? due - now : 0);
}

static void on_lost(void *arg)
{
	struct port *port = arg;

	event_receiver_tick(&port->dtmf.receiver, port->thread->now);
	watch(port);
}

uint32_t port_dtmf_clock(const struct port *port, uint8_t payload_type)
{
	const struct port_dtmf *d = &port->dtmf;

	for (unsigned i = 0; i < d->n_events; i++) {
		if (d->events[i].payload_type == payload_type)
			return d->events[i].clock_rate;
	}
	return 0;
}

void port_dtmf_received(struct port *port, const struct rtp_packet *packet, uint32_t clock_rate)
{
	event_receiver_put(&port->dtmf.receiver, packet, clock_rate, port->thread->now);
	watch(port);
}

/* ---- sending ---------------------------------------------------------------------------- */

static void drop_keys(struct port *port)
{
	struct port_dtmf *d = &port->dtmf;

	if (port->leg)
		leg_keys_done(port->leg, d->sender.n);
	d->sender = (struct event_sender){0};
	d->sending = false;
	timer_stop(&d->pace);
}

static void send_packet(struct port *port, const struct event_packet *packet)
{
	struct port_dtmf *d = &port->dtmf;
	uint8_t payload[TELEPHONE_EVENT_SIZE];

	/* RFC 4733 2.2.1: all packets of an event have the timestamp of its beginning. */
	if (packet->marker)
		d->timestamp = port_send_timestamp(port, d->audio_rate);
	telephone_event_write(payload, &packet->event);
	port_send_event(port, &(struct rtp_packet){.payload_type = d->send.payload_type,
				      .marker = packet->marker,
				      .timestamp = d->timestamp,
				      .payload = payload,
				      .payload_size = sizeof payload});
}

static void on_pace(void *arg)
{
	struct port *port = arg;
	struct port_dtmf *d = &port->dtmf;
	uint32_t per_ms = d->send.clock_rate / 1000;
	unsigned before = d->sender.n;
	uint64_t now = port->thread->now;
	struct event_packet packet;

	if (!port_peer_address(&port->peer)) {
		drop_keys(port);
		return;
	}
	d->sending = event_sender_next(
		&d->sender, STEP_MS * per_ms, MEDIA_KEY_PAUSE_MS * per_ms, &packet);
	if (d->sending)
		send_packet(port, &packet);
	leg_keys_done(port->leg, before - d->sender.n);
	if (!d->sending && d->sender.n == 0)
		return;
	d->due_us += STEP_US;
	/* After a longer stop of the machine it goes on from now. */
	if (d->due_us + STEP_US < now)
		d->due_us = now;
	timer_start_us(&d->pace, &port->thread->timers, d->due_us > now ? d->due_us - now : 0);
}

bool port_dtmf_send(struct port *port, const struct media_keys *keys)
{
	struct port_dtmf *d = &port->dtmf;
	uint32_t duration = d->send.clock_rate / 1000 * keys->duration_ms;

	if (!port->sending) {
		leg_keys_done(port->leg, keys->n);
		return true;
	}
	if (!d->send.clock_rate)
		return false;
	for (unsigned i = 0; i < keys->n; i++) {
		if (event_sender_add(&d->sender, keys->events[i], duration) < 0)
			leg_keys_done(port->leg, 1);
	}
	if (!timer_running(&d->pace)) {
		/* At the boundaries at which the thread wakes up while it has rooms. */
		d->due_us = port->thread->now / MEDIA_SLOT_US * MEDIA_SLOT_US;
		on_pace(port);
	}
	return true;
}

/* ---- life ------------------------------------------------------------------------------- */

void port_dtmf_init(struct port *port)
{
	struct port_dtmf *d = &port->dtmf;

	event_receiver_init(&d->receiver, on_pressed, port);
	timer_init(&d->lost, on_lost, port);
	timer_init(&d->pace, on_pace, port);
}

void port_dtmf_configure(struct port *port, const struct media_leg_config *config)
{
	struct port_dtmf *d = &port->dtmf;
	const struct media_event_payload *send = &config->send_events;

	memcpy(d->events, config->events, sizeof d->events);
	d->n_events = config->n_events;
	if (!config->sending || send->clock_rate != d->send.clock_rate)
		drop_keys(port);
	d->send = *send;
	d->audio_rate = config->send.codec ? config->send.codec->clock_rate : 0;
}

void port_dtmf_stop(struct port *port)
{
	struct port_dtmf *d = &port->dtmf;

	drop_keys(port);
	timer_stop(&d->lost);
	event_receiver_init(&d->receiver, on_pressed, port);
}
