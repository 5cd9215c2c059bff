/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Port, receiving: whose packets are taken, and the way to the thread on which the leg lives. */
#include "media/comfort_noise.h"
#include "media/bytes.h"
#include "media/leg.h"
#include "media/media_thread.h"
#include "media/port.h"
#include "media/rtp.h"

/* A source of RTP that is silent for so long may be replaced (port_peer.h). */
#define QUIET_US 2000000

#define ZRTP_COOKIE 0x5a525450 /* RFC 6189 5 */

bool port_takes_payload(const struct port *port, uint8_t payload_type)
{
	return port->payloads[payload_type / 64 % 2] >> (payload_type % 64) & 1;
}

uint32_t port_clock_rate(const struct port *port, uint8_t payload_type)
{
	for (unsigned i = 0; i < port->n_clocks; i++) {
		if (port->clocks[i].payload_type == payload_type)
			return port->clocks[i].rate;
	}
	return 0;
}

void port_refuse(struct port *port, enum media_refusal why, const struct addr *from)
{
	media_count(&port->thread->counters.refused, 1);
	port->arrivals.refused[why]++;
	port->arrivals.from = *from;
}

/* What it is that is no RTP packet (RFC 7983 section 7). */
static enum media_refusal kind_of(const uint8_t *p, size_t n)
{
	if (n > 0 && p[0] <= 3)
		return MEDIA_REFUSED_STUN;
	if (n >= 8 && p[0] >= 16 && p[0] <= 19 && get_u32(p + 4) == ZRTP_COOKIE)
		return MEDIA_REFUSED_ZRTP;
	if (n > 0 && p[0] >= 20 && p[0] <= 63)
		return MEDIA_REFUSED_DTLS;
	return MEDIA_REFUSED_OTHER;
}

static void tell_started(struct port *port)
{
	/* When the signalling loop has not read the last one yet, it is told later. */
	port->started_due = true;
	if (atomic_load_explicit(&port->leg->started.busy, memory_order_acquire))
		return;
	port->leg->started.from = port->peer.source;
	port->started_due = !port_tell(port, &port->leg->started, MAIL_STARTED);
}

bool port_hears(struct port *port, const struct addr *from)
{
	switch (port_peer_hear(&port->peer, from, port->thread->now, QUIET_US)) {
	case PEER_KNOWN:
		return true;
	case PEER_NEW:
		tell_started(port);
		return true;
	default:
		return false;
	}
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

/* Before anything else looks into a datagram: only what is authentic counts, where that was agreed. */
static bool open_packet(
	struct port *port, uint8_t *p, size_t *n, bool rtcp, const struct addr *from)
{
	uint64_t now = port->thread->now;

	if (port_srtp_is_plain(&port->srtp))
		return true;
	if (*n == 0 || p[0] >> 6 != 2) {
		port_refuse(port, kind_of(p, *n), from);
		return false;
	}
	if (!rtcp && port_peer_refuses(&port->peer, from, now, QUIET_US)) {
		port_refuse(port, MEDIA_REFUSED_SOURCE, from);
		return false;
	}
	if (port_srtp_open(&port->srtp, p, n, rtcp, now) < 0) {
		port_refuse(port, MEDIA_REFUSED_KEY, from);
		return false;
	}
	return true;
}

/* Parse and judge an RTP packet; what is refused is counted. */
static bool accept_packet(struct port *port, const uint8_t *p, size_t n, const struct addr *from,
	struct rtp_packet *packet)
{
	if (n > RTP_MAX_PACKET || rtp_parse(p, n, packet) < 0) {
		port_refuse(port, kind_of(p, n), from);
		return false;
	}
	if (!port_takes_payload(port, packet->payload_type)) {
		port_refuse(port, MEDIA_REFUSED_PAYLOAD, from);
		port->arrivals.payload_type = packet->payload_type;
		return false;
	}
	if (!port_hears(port, from)) {
		port_refuse(port, MEDIA_REFUSED_SOURCE, from);
		return false;
	}
	return true;
}

void port_received(struct media_socket *s, uint8_t *p, size_t n, const struct addr *from, void *arg)
{
	struct media_thread *t = arg;
	struct port *port = s->owner;
	struct rtp_packet packet;
	bool collides, rtcp = s->rtcp || rtp_is_rtcp(p, n);
	uint32_t event_clock;

	t->busy = true;
	media_count(&t->counters.received, 1);
	if (!port->leg || (!rtcp && !port->receiving) || !open_packet(port, p, &n, rtcp, from))
		return;
	if (rtcp) {
		port_reports_received(port, s, p, n, from);
		return;
	}
	if (!accept_packet(port, p, n, from, &packet))
		return;
	port->heard_us = t->now;
	port->rx_packets++;
	rtp_source_count(&port->reports.source, packet.ssrc, packet.seq, packet.timestamp,
		port_clock_rate(port, packet.payload_type), t->now);
	collides = packet.ssrc == port->send.ssrc;
	if (collides)
		port_reports_collide(port);
	event_clock = port_dtmf_clock(port, packet.payload_type);
	if (event_clock)
		port_dtmf_received(port, &packet, event_clock);
	if (port->muted)
		return;
	/* Two echoes would keep one packet going for ever. */
	if (!port->echo.on)
		forward(t, port, p, n);
	else if (event_clock || packet.payload_type == COMFORT_NOISE_PAYLOAD)
		port_echo_skip(port, &packet);
	else if (!collides)
		port_echo_back(port, &packet);
}

void port_publish(struct port *port)
{
	if (!port->leg)
		return;
	atomic_store_explicit(
		&port->leg->figures.rx_packets, port->rx_packets, memory_order_relaxed);
	atomic_store_explicit(
		&port->leg->figures.tx_packets, port->tx_packets, memory_order_relaxed);
	port_reports_publish(port);
	if (port->started_due)
		tell_started(port);
}
