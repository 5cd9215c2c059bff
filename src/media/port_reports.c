/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Port reports: RTCP of one port.
 *
 * A session has two members here, we and the peer, whatever stands behind it. Two members who
 * share 5 % of the bandwidth of even the leanest codec could report every four seconds (6.2), so
 * the interval is always the minimum that 6.2 sets.
 */
#include "media/port_reports.h"

#include <string.h>

#include "core/id.h"
#include "media/leg.h"
#include "media/media_thread.h"
#include "media/port.h"
#include "media/rtp.h"

#define INTERVAL_US 5000000
/* 8.2 wants ten intervals until a source that collided once is no loop any more. */
#define COLLISION_US (10 * (uint64_t)INTERVAL_US)
#define TOLD_US (6 * (uint64_t)INTERVAL_US) /* older reports say nothing of the network now */
#define MAX_RTT (10 << 16)                  /* 65536ths of a second; more is a mistake */
/* A source of RTCP that is silent for four intervals may be replaced (port_peer.h). */
#define QUIET_US (4 * (uint64_t)INTERVAL_US)
#define KEEPALIVE_US 15000000 /* RFC 6263 section 4.6, Tr */
#define NTP_1970 2208988800U  /* seconds from 1900 to 1970 */

/* ---- sending ---------------------------------------------------------------------------- */

static const struct addr *reports_address(const struct port *port)
{
	return port_peer_address(port->reports.mux ? &port->peer : &port->reports.peer);
}

static uint64_t ntp_time(const struct media_thread *t)
{
	uint64_t us = t->now + t->wall_us;

	return ((us / 1000000 + NTP_1970) << 32) | ((us % 1000000 << 32) / 1000000);
}

/* 6.4: sent something since the last report but one. */
static bool is_sender(const struct port *port)
{
	return port->send.packets != port->reports.tx_reported[1];
}

/* 6.4.1: the timestamp is that of the same instant as the ntp, not of the last packet. */
static void fill_sender(const struct port *port, struct rtcp_sender *sender)
{
	const struct port_send *send = &port->send;
	int64_t since_us = (int64_t)(port->thread->now - send->stamp_us);

	sender->ntp = ntp_time(port->thread);
	sender->timestamp =
		send->sent_timestamp + (uint32_t)(since_us * (int64_t)send->clock_rate / 1000000);
	sender->packets = send->packets;
	sender->octets = send->octets;
}

static void fill_block(struct port *port, struct rtcp_block *block)
{
	struct port_reports *r = &port->reports;

	*block = (struct rtcp_block){
		.ssrc = r->source.ssrc,
		.fraction_lost = rtp_source_fraction_lost(&r->source),
		.lost = rtp_source_lost_now(&r->source),
		.highest_seq = r->source.max_seq,
		.jitter = rtp_source_jitter(&r->source),
		.lsr = r->lsr,
	};
	if (r->lsr)
		block->dlsr = (uint32_t)(((port->thread->now - r->lsr_us) << 16) / 1000000);
}

static void send_report(struct port *port, bool bye)
{
	struct port_reports *r = &port->reports;
	const struct addr *to = reports_address(port);
	struct media_io *io = port->thread->io;
	struct rtcp_report report = {.ssrc = port->send.ssrc, .cname = r->cname, .bye = bye};
	uint8_t *p;
	size_t size;

	if (!to)
		return;
	report.is_sender = is_sender(port);
	if (report.is_sender)
		fill_sender(port, &report.sender);
	report.has_block = r->source.active && port->rx_packets != r->rx_reported;
	if (report.has_block)
		fill_block(port, &report.block);
	p = media_io_prepare(io, RTCP_MAX_REPORT + SRTP_MAX_OVERHEAD);
	size = rtcp_write_report(&report, p);
	if (port->srtp.send && srtp_seal_rtcp(port->srtp.send, p, &size) < 0)
		return;
	media_io_send(io, r->mux ? &port->rtp : &port->rtcp, size, to);
	r->said = true;
	r->rx_reported = port->rx_packets;
	r->tx_reported[1] = r->tx_reported[0];
	r->tx_reported[0] = port->send.packets;
}

/* 6.3.1: half to one and a half of the interval, made up for the bias of reconsideration. */
static void schedule(struct port *port, uint32_t interval_us)
{
	uint64_t us = interval_us / 2 + random_below(interval_us);

	timer_start_us(&port->reports.timer, &port->thread->timers, us * 100000 / 121828);
}

/* Without mux the reports do not keep the path of the packets open. */
static void keep_alive(struct port *port)
{
	if (!port->reports.mux && port->thread->now - port->send.sent_us >= KEEPALIVE_US)
		port_send_keepalive(port);
}

static void on_timer(void *arg)
{
	struct port *port = arg;

	send_report(port, false);
	keep_alive(port);
	schedule(port, INTERVAL_US);
}

void port_reports_begin(struct port *port)
{
	struct port_reports *r = &port->reports;

	*r = (struct port_reports){0};
	timer_init(&r->timer, on_timer, port);
	/* RFC 7022 4.2: random, so that nobody can tell from it who or where we are. */
	id_token(r->cname, RTCP_CNAME_SIZE - 1);
}

void port_reports_configure(struct port *port, const struct media_leg_config *config)
{
	struct port_reports *r = &port->reports;

	r->mux = config->rtcp_mux;
	r->heard = 0;
	port_peer_announce(&r->peer, &config->remote_rtcp);
	/* 6.2: the first report comes after half the interval. */
	if (!timer_running(&r->timer))
		schedule(port, INTERVAL_US / 2);
}

void port_reports_end(struct port *port)
{
	/* 6.3.7: who has sent nothing says nothing. */
	if (port->reports.said || port->send.packets)
		send_report(port, true);
	timer_stop(&port->reports.timer);
}

void port_reports_renumber(struct port *port)
{
	struct port_reports *r = &port->reports;

	if (r->said || port->send.packets)
		send_report(port, true);
	port_send_begin(port);
	r->tx_reported[0] = r->tx_reported[1] = 0;
}

void port_reports_collide(struct port *port)
{
	struct port_reports *r = &port->reports;
	uint64_t now = port->thread->now, last = r->collided_us;

	r->collided_us = now;
	/* 8.2: a second time is a loop: the peer sends our own packets back to us. */
	if (last && now - last < COLLISION_US)
		return;
	port_reports_renumber(port);
}

/* ---- receiving -------------------------------------------------------------------------- */

/* What a report block says of our stream. */
static void take_block(struct port *port, const struct rtcp_block *block)
{
	struct port_reports *r = &port->reports;
	uint32_t now = (uint32_t)(ntp_time(port->thread) >> 16);
	uint32_t rtt = now - block->lsr - block->dlsr; /* 6.4.1, figure 2 */

	r->told = *block;
	r->told_us = port->thread->now;
	if (block->lsr && rtt < MAX_RTT)
		r->rtt_us = (uint32_t)(((uint64_t)rtt * 1000000) >> 16);
}

static void take_report(struct port *port, const struct rtcp_packet *packet)
{
	struct port_reports *r = &port->reports;
	struct rtcp_sender sender;
	struct rtcp_block block;

	if (rtcp_read_sender(packet, &sender)) {
		r->lsr = (uint32_t)(sender.ntp >> 16);
		r->lsr_us = port->thread->now;
	}
	for (unsigned i = 0; rtcp_read_block(packet, i, &block); i++) {
		if (block.ssrc == port->send.ssrc)
			take_block(port, &block);
	}
}

/* 8.2: our own CNAME behind our SSRC is our own packet, sent back to us. */
static bool is_looped(const struct port *port, const struct rtcp_packet *packet)
{
	const uint8_t *cname;
	size_t n;

	return rtcp_read_cname(packet, port->send.ssrc, &cname, &n) &&
	       n == strlen(port->reports.cname) && memcmp(cname, port->reports.cname, n) == 0;
}

/* What the datagram has to do with our SSRC: nothing, or it is looped, or its sender's too. */
static bool is_loop_or_collision(
	const struct port *port, const uint8_t *p, size_t n, bool *collision)
{
	struct rtcp_packet packet;
	bool looped = false;
	uint32_t ssrc;

	*collision = false;
	while (rtcp_next(&p, &n, &packet)) {
		*collision |= rtcp_read_ssrc(&packet, &ssrc) && ssrc == port->send.ssrc;
		looped |= is_looped(port, &packet);
	}
	*collision &= !looped;
	return looped || *collision;
}

/*
 * Whether it may be the peer that sends this. On the RTCP socket there is a rule of its own, as a
 * NAT gives each socket another port; but the host must be the one that RTP comes from.
 */
static bool is_from_peer(struct port *port, const struct media_socket *s, const struct addr *from)
{
	struct port_reports *r = &port->reports;
	struct media_thread *t = port->thread;

	if (!s->rtcp)
		return r->mux && port_hears(port, from);
	if (port->peer.heard && !addr_equal_host(&port->peer.source, from) &&
		!addr_equal(&r->peer.announced, from))
		return false;
	return port_peer_hear(&r->peer, from, t->now, QUIET_US) != PEER_REFUSED;
}

static void take_packets(struct port *port, const uint8_t *p, size_t n)
{
	struct rtcp_packet packet;
	uint32_t ssrc = port->reports.source.ssrc;

	while (rtcp_next(&p, &n, &packet)) {
		rtcp_read_ssrc(&packet, &ssrc);
		take_report(port, &packet);
		if (rtcp_is_bye_of(&packet, ssrc))
			port_tell(port, &port->leg->left, MAIL_LEFT);
	}
}

void port_reports_received(struct port *port, const struct media_socket *s, const uint8_t *p,
	size_t n, const struct addr *from)
{
	struct port_reports *r = &port->reports;
	bool collision;

	if (rtcp_check(p, n) < 0) {
		port_refuse(port, MEDIA_REFUSED_OTHER, from);
		return;
	}
	if (!is_from_peer(port, s, from)) {
		port_refuse(port, MEDIA_REFUSED_SOURCE, from);
		return;
	}
	if (is_loop_or_collision(port, p, n, &collision)) {
		if (collision)
			port_reports_collide(port);
		return;
	}
	r->heard++;
	port->arrivals.reports++;
	port->heard_us = port->thread->now;
	take_packets(port, p, n);
	port_watch(port);
}

/* ---- figures ---------------------------------------------------------------------------- */

/* Percent of our packets that the peer lost lately, rounded up. */
static unsigned loss_percent(const struct port *port)
{
	const struct port_reports *r = &port->reports;

	if (!r->told_us || port->thread->now - r->told_us > TOLD_US)
		return 0;
	return (r->told.fraction_lost * 100U + 255) / 256;
}

void port_reports_publish(struct port *port)
{
	const struct port_reports *r = &port->reports;
	struct leg_figures *f = &port->leg->figures;
	int64_t lost = rtp_source_lost(&r->source);
	uint32_t clock_rate = port->send.clock_rate;

	atomic_store_explicit(&f->rx_lost, lost > 0 ? (uint64_t)lost : 0, memory_order_relaxed);
	atomic_store_explicit(
		&f->rx_jitter_us, rtp_source_jitter_us(&r->source), memory_order_relaxed);
	atomic_store_explicit(&f->remote_lost, r->told.lost > 0 ? (uint64_t)r->told.lost : 0,
		memory_order_relaxed);
	if (clock_rate)
		atomic_store_explicit(&f->remote_jitter_us,
			(uint32_t)((uint64_t)r->told.jitter * 1000000 / clock_rate),
			memory_order_relaxed);
	atomic_store_explicit(&f->remote_loss, loss_percent(port), memory_order_relaxed);
	atomic_store_explicit(&f->rtt_us, r->rtt_us, memory_order_relaxed);
}
