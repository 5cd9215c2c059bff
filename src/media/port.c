/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Port: the sockets of a leg and the half of it that never moves.
 *
 * Symmetric RTP (RFC 4961): we send from the port we receive on, and to where the peer really
 * sends from. The first valid packet after a change of the signalled address fixes that ("latching",
 * RFC 7362 section 4); from then on nobody else is heard, so a stranger can neither speak nor
 * draw our packets to himself.
 */
#include "media/port.h"

#include <string.h>

#include "core/id.h"
#include "core/log.h"
#include "core/mem.h"
#include "media/fan_out.h"
#include "media/leg.h"
#include "media/media_thread.h"
#include "media/mixer.h"
#include "media/rtp.h"

/* What the timestamp goes on by when an echo's source changes: 20 ms at 8 kHz. */
#define ECHO_STEP 160

static void report_started(struct port *port)
{
	struct leg_event *event = &port->leg->started;

	/* The signalling loop has not read the last one yet: it is written again later. */
	if (atomic_load_explicit(&event->busy, memory_order_acquire)) {
		port->started_due = true;
		return;
	}
	port->started_due = false;
	event->from = port->source;
	atomic_store_explicit(&event->busy, true, memory_order_relaxed);
	media_thread_report(port->thread, &event->mail, MAIL_STARTED);
}

static void start_timeout(struct port *port, uint64_t after_us)
{
	timer_start_us(&port->timeout, &port->thread->timers, after_us);
}

/* Runs at most once per period: a packet costs no timer, only the time it came. */
static void on_timeout(void *arg)
{
	struct port *port = arg;
	uint64_t period = (uint64_t)port->thread->settings->timeout_s * 1000000;
	uint64_t silence = port->thread->now - port->heard_us;
	struct leg_event *event;

	if (silence < period) {
		start_timeout(port, period - silence);
		return;
	}
	event = &port->leg->timed_out;
	if (!atomic_load_explicit(&event->busy, memory_order_acquire)) {
		atomic_store_explicit(&event->busy, true, memory_order_relaxed);
		media_thread_report(port->thread, &event->mail, MAIL_TIMEOUT);
	}
	start_timeout(port, period);
}

void port_open(struct media_thread *t, struct port *port)
{
	port->rtp.owner = port->rtcp.owner = port;
	port->rtcp.rtcp = true;
	list_init(&port->node);
	list_append(&t->ports, &port->node);
	timer_init(&port->timeout, on_timeout, port);
	port->send.ssrc = random_u32();
	port->send.timestamp = random_u32();
	port->send.seq = (uint16_t)random_u32();
	if (media_io_add(t->io, &port->rtp) < 0 || media_io_add(t->io, &port->rtcp) < 0)
		log_error("sylk.core", "a media port cannot receive: too many descriptors are open "
				       "(raise LimitNOFILE)");
}

static void gone_if_unused(struct port *port)
{
	if (!port->closing || port->legs_out)
		return;
	media_thread_report(port->thread, &port->gone, MAIL_PORT_GONE);
}

void port_close(struct port *port)
{
	struct media_thread *t = port->thread;

	media_io_remove(t->io, &port->rtp);
	media_io_remove(t->io, &port->rtcp);
	timer_stop(&port->timeout);
	list_remove(&port->node);
	port->closing = true;
	gone_if_unused(port);
}

void port_leg_home(struct leg *leg)
{
	struct port *port = leg->port;

	port->legs_out--;
	leg_fence(port->thread, leg);
	gone_if_unused(port);
}

/* ---- commands --------------------------------------------------------------------------- */

static void take_payload(struct port *port, int payload_type)
{
	if (payload_type >= 0 && payload_type < 128)
		port->payloads[payload_type / 64] |= 1ULL << (payload_type % 64);
}

static void configure(struct port *port, const struct media_leg_config *config)
{
	bool was_receiving = port->receiving;

	port->payloads[0] = port->payloads[1] = 0;
	for (unsigned i = 0; i < config->n_receive; i++)
		take_payload(port, config->receive[i].payload_type);
	take_payload(port, config->event_payload);
	port->sending = config->sending;
	port->receiving = config->receiving;
	/* The same address again (a hold, a new codec) is the same peer: it stays latched. */
	if (!addr_equal(&port->remote, &config->remote_rtp)) {
		port->latched = false;
		port->echo.running = false;
	}
	port->remote = config->remote_rtp;
	if (!port->receiving || port->thread->settings->timeout_s == 0) {
		timer_stop(&port->timeout);
	} else if (!was_receiving) {
		port->heard_us = port->thread->now;
		start_timeout(port, (uint64_t)port->thread->settings->timeout_s * 1000000);
	}
}

/* Hand the command to the thread that the leg lives on, behind the packets it was sent before. */
static void hand_on(struct media_thread *t, struct port *port, struct media_command *command)
{
	if (port->route == t) {
		leg_command(t, command);
		return;
	}
	crossing_flush(&t->crossings[port->route->index]);
	media_thread_post(port->route, &command->mail);
}

static void forget_leg(struct port *port)
{
	port->leg = NULL;
	port->old_route = NULL;
	port->legs_out++;
	port->receiving = port->sending = port->latched = port->started_due = false;
	port->remote = (struct addr){0};
	port->echo = (struct port_echo){0};
	timer_stop(&port->timeout);
}

/* Where the leg is to be found once it has carried out the command. */
static struct media_thread *route_after(struct port *port, const struct media_command *command)
{
	if (command->op != OP_LEG_JOIN)
		return port->route;
	return command->mixer ? command->mixer->thread : port->thread;
}

void port_command(struct media_thread *t, struct media_command *command)
{
	struct port *port = command->port;
	struct media_thread *route;

	switch (command->op) {
	case OP_LEG_OPEN:
		port->leg = command->leg;
		port->route = t;
		leg_arrive(t, command->leg);
		mem_free(command);
		return;
	case OP_LEG_CONFIGURE:
		configure(port, command->config);
		break;
	case OP_LEG_ECHO:
		port->echo = (struct port_echo){.on = command->on};
		if (!command->on) {
			mem_free(command);
			return;
		}
		command->op = OP_LEG_JOIN; /* of no mixer: to the leg it means to leave its own */
		break;
	case OP_LEG_JOIN:
		port->echo.on = false;
		break;
	case OP_LEG_CLOSE:
		forget_leg(port);
		break;
	default:
		break;
	}
	route = route_after(port, command);
	if (route != port->route) {
		port->old_route = port->route;
		port->spare_until_us = t->now + MEDIA_TICK_US + MEDIA_SLOT_US;
		port->leg->had_spares = true;
	}
	hand_on(t, port, command); /* which may free it */
	port->route = route;
}

/* ---- receiving -------------------------------------------------------------------------- */

static bool takes_payload(const struct port *port, uint8_t payload_type)
{
	return port->payloads[payload_type / 64 % 2] >> (payload_type % 64) & 1;
}

/* The first source after a change of the signalled address is the peer; no other is heard. */
static bool is_peer(struct port *port, const struct addr *from)
{
	if (port->latched)
		return addr_equal(&port->source, from);
	port->latched = true;
	port->source = *from;
	report_started(port);
	return true;
}

static const struct addr *send_to(const struct port *port)
{
	const struct addr *to = port->latched ? &port->source : &port->remote;

	/* No address yet, or 0.0.0.0: the old way to put on hold (RFC 3264 8.4). */
	return to->len && addr_port(to) && !addr_is_any(to) ? to : NULL;
}

static void send_packet(struct port *port, const struct addr *to, const struct rtp_packet *packet)
{
	struct media_io *io = port->thread->io;
	size_t size = RTP_HEADER_SIZE + packet->payload_size;
	uint8_t *p = media_io_prepare(io, size);

	rtp_write_header(p, packet->marker, packet->payload_type, packet->seq, packet->timestamp,
		packet->ssrc);
	memcpy(p + RTP_HEADER_SIZE, packet->payload, packet->payload_size);
	media_io_send(io, &port->rtp, size, to);
	port->tx_packets++;
}

/* Gaps and reordering in what the peer sends come back to it as they are. */
static void echo_back(struct port *port, const struct rtp_packet *in)
{
	const struct addr *to = send_to(port);
	struct port_echo *echo = &port->echo;
	struct port_send *send = &port->send;
	struct rtp_packet out = *in;

	if (!port->sending || !to)
		return;
	if (!echo->running || echo->source != in->ssrc) {
		echo->running = true;
		echo->source = in->ssrc;
		echo->seq_shift = (uint16_t)(send->seq - in->seq);
		echo->timestamp_shift = send->timestamp - in->timestamp;
	}
	out.ssrc = send->ssrc;
	out.seq = (uint16_t)(in->seq + echo->seq_shift);
	out.timestamp = in->timestamp + echo->timestamp_shift;
	send_packet(port, to, &out);
	if (rtp_seq_diff(out.seq, send->seq) >= 0) {
		send->seq = (uint16_t)(out.seq + 1);
		send->timestamp = out.timestamp + ECHO_STEP;
	}
	send->running = false;
}

static void cross(struct media_thread *t, struct media_thread *to, struct leg *leg, bool spare,
	const uint8_t *p, size_t n)
{
	if (crossing_put(&t->crossings[to->index], leg, spare, p, n) < 0)
		media_count(&t->counters.dropped, 1);
	else
		media_count(&t->counters.crossed, 1);
}

/* Hand the packet to the thread that the leg lives on, or is on its way to. */
static void forward(struct media_thread *t, struct port *port, const uint8_t *p, size_t n)
{
	if (port->route == t)
		leg_packet(t, port->leg, p, n);
	else
		cross(t, port->route, port->leg, false, p, n);
	if (!port->old_route)
		return;
	if (t->now >= port->spare_until_us)
		port->old_route = NULL;
	else if (port->old_route == t)
		leg_spare_packet(t, port->leg, p, n);
	else
		cross(t, port->old_route, port->leg, true, p, n);
}

void port_received(
	struct media_socket *s, const uint8_t *p, size_t n, const struct addr *from, void *arg)
{
	struct media_thread *t = arg;
	struct port *port = s->owner;
	struct rtp_packet packet;

	t->busy = true;
	media_count(&t->counters.received, 1);
	if (s->rtcp || !port->receiving || rtp_is_rtcp(p, n))
		return;
	if (n > RTP_MAX_PACKET || rtp_parse(p, n, &packet) < 0 ||
		!takes_payload(port, packet.payload_type) || !is_peer(port, from)) {
		media_count(&t->counters.refused, 1);
		return;
	}
	port->heard_us = t->now;
	port->rx_packets++;
	if (port->echo.on)
		echo_back(port, &packet);
	else
		forward(t, port, p, n);
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

void port_send_frame(struct media_thread *t, const struct destination *d, const struct frame *frame,
	const uint8_t *payload)
{
	struct port *port = d->port;
	struct port_send *send = &port->send;
	const struct addr *to;
	bool marker;

	if (port->attached != d || port->closing || !port->sending || port->echo.on || !frame->size)
		return;
	to = send_to(port);
	if (!to || !place_frame(send, d, frame->time_us, &marker))
		return;
	send_packet(port, to,
		&(struct rtp_packet){.seq = send->seq,
			.payload_type = d->payload_type,
			.marker = marker,
			.timestamp = send->timestamp,
			.ssrc = send->ssrc,
			.payload = payload,
			.payload_size = frame->size});
	media_count(&t->counters.sent, 1);
	send->seq++;
	send->timestamp += d->packet_units;
	send->next_us += d->packet_us;
}

void port_publish(struct port *port)
{
	if (!port->leg)
		return;
	atomic_store_explicit(
		&port->leg->figures.rx_packets, port->rx_packets, memory_order_relaxed);
	atomic_store_explicit(
		&port->leg->figures.tx_packets, port->tx_packets, memory_order_relaxed);
	if (port->started_due)
		report_started(port);
}
