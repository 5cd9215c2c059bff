/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Port, sending: one unbroken stream whoever made the frames. */
#include <string.h>

#include "core/id.h"
#include "media/cache.h"
#include "media/fan_out.h"
#include "media/media_thread.h"
#include "media/port.h"
#include "media/rtp.h"
#include "media/rtp_extension.h"

/* What the timestamp goes on by when an echo's source changes: 20 ms at 8 kHz. */
#define ECHO_STEP 160

void port_send_begin(struct port *port)
{
	/* RFC 4568 6.4: so low that the number does not turn over among the first packets. */
	port->send = (struct port_send){
		.ssrc = random_u32(), .timestamp = random_u32(), .seq = random_u32() & 0x7fff};
	port->echo.running = false;
}

static void send_packet(struct port *port, const struct addr *to, const struct rtp_packet *packet)
{
	struct media_io *io = port->thread->io;
	size_t head = rtp_head_size(packet), size = head + packet->payload_size;
	uint8_t *p = media_io_prepare(io, size + SRTP_MAX_OVERHEAD);

	rtp_write_head(p, packet);
	memcpy(p + head, packet->payload, packet->payload_size);
	if (port->srtp.send && srtp_seal(port->srtp.send, p, &size) < 0) {
		media_count(&port->thread->counters.dropped, 1);
		return;
	}
	media_io_send(io, &port->rtp, size, to);
	port->tx_packets++;
	port->send.sent_us = port->thread->now;
}

/* For reports: a packet was sent whose timestamp stands for time_us. */
static void note_sent(
	struct port_send *send, const struct rtp_packet *packet, uint64_t time_us, uint32_t rate)
{
	send->packets++;
	send->octets += (uint32_t)packet->payload_size;
	send->sent_timestamp = packet->timestamp;
	send->stamp_us = time_us;
	send->clock_rate = rate;
}

/* A packet that does not belong to the audio, but shares its numbers. */
static void send_apart(struct port *port, const struct rtp_packet *packet)
{
	const struct addr *to = port_peer_address(&port->peer);
	struct rtp_packet out = *packet;

	if (!to)
		return;
	out.seq = port->send.seq++;
	out.ssrc = port->send.ssrc;
	send_packet(port, to, &out);
	port->echo.running = false;
}

uint32_t port_send_timestamp(struct port *port, uint32_t rate)
{
	struct port_send *send = &port->send;
	uint64_t now = port->thread->now, steps;

	if (!send->running) {
		send->running = true;
		send->next_us = now;
	}
	/* Of a pause only whole packets, so that the row stays in step with the mixers' frames. */
	steps = now > send->next_us ? (now - send->next_us) / MEDIA_TICK_US : 0;
	send->timestamp += (uint32_t)steps * (rate / (1000000 / MEDIA_TICK_US));
	send->next_us += steps * MEDIA_TICK_US;
	return send->timestamp;
}

void port_send_event(struct port *port, const struct rtp_packet *packet)
{
	send_apart(port, packet);
	port->send.packets++;
	port->send.octets += (uint32_t)packet->payload_size;
}

/* Gaps and reordering in what the peer sends come back to it as they are. */
void port_echo_back(struct port *port, const struct rtp_packet *in)
{
	const struct addr *to = port_peer_address(&port->peer);
	uint32_t rate = port_clock_rate(port, in->payload_type);
	struct port_echo *echo = &port->echo;
	struct port_send *send = &port->send;
	struct rtp_packet out = *in;

	if (!port->sending || !to || port->dtmf.sending)
		return;
	if (!echo->running || echo->source != in->ssrc) {
		/* Behind a key of ours; else the row has ended with the last packet. */
		if (send->running)
			port_send_timestamp(port, rate);
		echo->running = true;
		echo->source = in->ssrc;
		echo->seq_shift = (uint16_t)(send->seq - in->seq);
		echo->timestamp_shift = send->timestamp - in->timestamp;
	}
	out.ssrc = send->ssrc;
	out.extension = NULL; /* of what the peer says there, we have agreed to send nothing */
	out.seq = (uint16_t)(in->seq + echo->seq_shift);
	out.timestamp = in->timestamp + echo->timestamp_shift;
	send_packet(port, to, &out);
	note_sent(send, &out, port->thread->now, rate ? rate : send->clock_rate);
	if (rtp_seq_diff(out.seq, send->seq) >= 0) {
		send->seq = (uint16_t)(out.seq + 1);
		send->timestamp = out.timestamp + ECHO_STEP;
	}
	send->running = false;
}

void port_echo_skip(struct port *port, const struct rtp_packet *in)
{
	struct port_echo *echo = &port->echo;
	uint16_t seq = (uint16_t)(in->seq + echo->seq_shift);

	if (echo->running && echo->source == in->ssrc && rtp_seq_diff(seq, port->send.seq) >= 0)
		echo->seq_shift--;
}

/* A dynamic payload type that means nothing to the peer: the packet is not to be heard. */
static uint8_t unknown_payload(const struct port *port)
{
	uint8_t payload_type = 127;

	while (payload_type > 96 && port_takes_payload(port, payload_type))
		payload_type--;
	return payload_type;
}

void port_send_keepalive(struct port *port)
{
	send_apart(port, &(struct rtp_packet){.payload_type = unknown_payload(port),
				 .timestamp = port->send.timestamp,
				 .payload = (const uint8_t *)""});
}

/* ---- sending a mixer's frames ----------------------------------------------------------- */

void port_attach(struct port *port, const struct destination *d)
{
	port->attached = d;
}

void port_detach(struct port *port, const struct destination *d)
{
	if (port->attached == d)
		port->attached = NULL;
}

/*
 * Put a frame that begins at time_us into the unbroken row of our packets. Frames of one mixer
 * follow exactly one another; those of the next mixer, after a move, begin up to half a packet
 * earlier or later and take the nearest place in the row. A frame whose place is taken is left
 * out (false); places that stay empty are a jump of the timestamp and a marker (RFC 3551 4.1).
 */
static bool place_frame(
	struct port_send *send, const struct destination *d, uint64_t time_us, bool *marker)
{
	int64_t half = d->packet_us / 2, late;
	uint64_t empty = 0;

	*marker = !send->running;
	if (!send->running)
		send->next_us = time_us;
	send->running = true;
	late = (int64_t)(time_us - send->next_us);
	if (late < -half)
		return false;
	if (late > half)
		empty = ((uint64_t)late + d->packet_us / 2 - 1) / d->packet_us;
	if (empty)
		*marker = true;
	send->timestamp += (uint32_t)empty * d->packet_units;
	send->next_us += empty * d->packet_us;
	return true;
}

void port_fetch(const struct port *port)
{
	cache_fetch(&port->rtp, offsetof(struct port, heard_us) - offsetof(struct port, rtp));
}

void port_fetch_srtp(const struct port *port)
{
	if (port->srtp.send)
		srtp_fetch(port->srtp.send);
}

void port_send_frame(struct media_thread *t, const struct destination *d, const struct frame *frame,
	const uint8_t *payload)
{
	struct port *port = d->port;
	struct port_send *send = &port->send;
	uint8_t level[RTP_AUDIO_LEVEL_SIZE];
	struct rtp_packet packet;
	const struct addr *to;
	bool marker;

	if (port->attached != d || port->closing || !port->sending || port->echo.on || !frame->size)
		return;
	to = port_peer_address(&port->peer);
	if (!to || !place_frame(send, d, frame->time_us, &marker))
		return;
	if (port->dtmf.sending)
		goto out; /* its place stays empty: a key is being sent instead */
	packet = (struct rtp_packet){.seq = send->seq,
		.payload_type = d->payload_type,
		.marker = marker,
		.timestamp = send->timestamp,
		.ssrc = send->ssrc,
		.payload = payload,
		.payload_size = frame->size};
	if (d->level_id)
		rtp_set_audio_level(&packet, d->level_id, &frame->level, level);
	send_packet(port, to, &packet);
	note_sent(send, &packet, send->next_us, d->clock_rate);
	media_count(&t->counters.sent, 1);
	send->seq++;
out:
	send->timestamp += d->packet_units;
	send->next_us += d->packet_us;
}
