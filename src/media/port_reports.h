/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Port reports: RTCP of one port (RFC 3550 section 6): what we tell the peer of both streams, and
 * what it tells us. The thread of the port.
 */
#ifndef MEDIA_PORT_REPORTS_H
#define MEDIA_PORT_REPORTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/timer.h"
#include "media/port_peer.h"
#include "media/rtcp.h"
#include "media/rtp_source.h"

struct media_leg_config;
struct media_socket;
struct port;

struct port_reports {
	struct timer timer;    /* the next report */
	bool mux;              /* over the RTP sockets (RFC 5761) */
	bool said;             /* a report has been sent: a BYE is due at the end */
	struct port_peer peer; /* of the RTCP socket */
	char cname[RTCP_CNAME_SIZE];
	struct rtp_source source; /* the peer's stream */
	uint64_t rx_reported;     /* port.rx_packets as of the last report */
	uint32_t tx_reported[2];  /* port.send.packets as of the last report, and the one before */
	uint64_t heard;           /* datagrams of the peer's since the last offer/answer */
	uint32_t lsr;             /* middle of the ntp of its last SR */
	uint64_t lsr_us;          /* which came then */
	struct rtcp_block told;   /* what it last said of our stream */
	uint64_t told_us;         /* when; 0: never */
	uint32_t rtt_us;
	uint64_t collided_us; /* when our SSRC was last found to be the peer's too; 0: never */
};

/* For a new leg: nothing is known of the peer. */
void port_reports_begin(struct port *port);

/* What offer/answer says of it. */
void port_reports_configure(struct port *port, const struct media_leg_config *config);

/* The leg ends: say BYE (6.6), and no more. */
void port_reports_end(struct port *port);

/* A datagram that looks like RTCP came on one of the sockets. */
void port_reports_received(struct port *port, const struct media_socket *s, const uint8_t *p,
	size_t n, const struct addr *from);

/* Take another SSRC, and say BYE for the old one. */
void port_reports_renumber(struct port *port);

/* The peer uses our SSRC (8.2): take another, and say BYE for the old one. */
void port_reports_collide(struct port *port);

/* About once a second: the leg's figures. */
void port_reports_publish(struct port *port);

#endif
