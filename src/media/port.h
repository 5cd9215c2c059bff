/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Port: the socket pair of one leg (RTP, and RTCP on the next port), and with it the half of the
 * leg that never moves: whom we send to and hear from, our sequence numbers and timestamps, the
 * reports (RTCP), and the way to the thread on which the other half lives now. The port's thread is
 * the leg's *home*. port.c has its life and commands, port_receive.c, port_send.c and port_reports.c
 * what their names say.
 *
 * A port is born with its sockets bound on the signalling thread and from OP_PORT_OPEN on belongs
 * to its media thread, until MAIL_PORT_GONE gives it back.
 */
#ifndef MEDIA_PORT_H
#define MEDIA_PORT_H

#include <stdbool.h>
#include <stdint.h>

#include "core/list.h"
#include "core/timer.h"
#include "media/engine.h"
#include "media/media_io.h"
#include "media/media_mail.h"
#include "media/port_dtmf.h"
#include "media/port_peer.h"
#include "media/port_reports.h"
#include "media/port_srtp.h"

struct destination;
struct frame;
struct leg;
struct leg_event;
struct media_thread;
struct rtp_packet;

/* What we send, as one unbroken stream whoever made the frames (RFC 3550 5.1). */
struct port_send {
	uint32_t ssrc, timestamp; /* timestamp: of the next packet */
	uint16_t seq;             /* of the next packet */
	bool running;             /* next_us is known */
	uint64_t next_us;         /* when the next packet begins, by the mixers' clock */
	uint32_t packets, octets; /* under this SSRC, as reports count them (6.4.1) */
	uint64_t sent_us;         /* the last packet; 0: none */
	uint32_t sent_timestamp;  /* its timestamp, which was that of stamp_us */
	uint64_t stamp_us;
	uint32_t clock_rate; /* of the timestamps, Hz */
};

/* The peer's own numbers shifted to ours, while its packets go straight back. */
struct port_echo {
	bool on, running;
	uint32_t source; /* SSRC that the shifts belong to */
	uint16_t seq_shift;
	uint32_t timestamp_shift;
};

/* The clock of a payload type that we take. */
struct port_clock {
	uint8_t payload_type;
	uint32_t rate; /* Hz */
};

struct port {
	struct media_mail gone;
	struct media_command close; /* signalling posts it */
	struct list_node node;      /* media_thread.ports */
	struct media_socket rtcp;

	/* What every packet touches, side by side: in a large room each port is cold to the cache. */
	struct media_socket rtp;
	struct media_thread *thread;
	const struct destination *attached; /* whose frames are sent; NULL: none */
	bool closing, sending, receiving, muted;
	struct port_echo echo;
	struct port_send send;
	uint64_t tx_packets, rx_packets;
	struct port_srtp srtp;
	struct port_peer peer;
	uint64_t heard_us; /* the last packet taken, RTP or RTCP */

	struct leg *leg;                /* NULL: none, what comes in is dropped */
	struct media_thread *route;     /* where the leg lives, or is on its way to */
	struct media_thread *old_route; /* where it may still be until spare_until_us; or NULL */
	uint64_t spare_until_us;
	unsigned legs_out; /* closed legs that have not come home yet */

	uint64_t payloads[2]; /* bit set of the payload types we take */
	struct port_clock clocks[MEDIA_MAX_PAYLOADS];
	unsigned n_clocks;
	struct port_reports reports;
	struct port_dtmf dtmf;

	struct timer timeout, silence;
	bool silence_told;
	struct media_arrivals arrivals; /* what was not taken */
	bool started_due; /* the handler's last event is still on its way: tell again */
};

/* OP_PORT_OPEN and OP_PORT_CLOSE. */
void port_open(struct media_thread *t, struct port *port);
void port_close(struct port *port);

/* A command for the port's leg: the part that concerns the port; then it is handed on. */
void port_command(struct media_thread *t, struct media_command *command);

/* A datagram came on one of a port's sockets (media_received_fn). */
void port_received(
	struct media_socket *s, uint8_t *p, size_t n, const struct addr *from, void *arg);

/* A closed leg came home. */
void port_leg_home(struct leg *leg);

/* Frames for d are to be sent, or no longer. The one attached last counts. */
void port_attach(struct port *port, const struct destination *d);
void port_detach(struct port *port, const struct destination *d);

/* Send a mixer's frame to d's port, if d is the one attached. payload: frame->size bytes. */
void port_send_frame(struct media_thread *t, const struct destination *d, const struct frame *frame,
	const uint8_t *payload);

/* Fetch into the cache (cache.h) what sending a frame touches: the port; that being there, its SRTP. */
void port_fetch(const struct port *port);
void port_fetch_srtp(const struct port *port);

/* Send a packet of the peer's own numbers shifted to ours; port->echo.on. */
void port_echo_back(struct port *port, const struct rtp_packet *in);

/* One that does not go back leaves no gap among the numbers of those that do. */
void port_echo_skip(struct port *port, const struct rtp_packet *in);

/* A new SSRC, and with it numbers that begin anew (RFC 3550 5.1). */
void port_send_begin(struct port *port);

/* The timestamp of what is sent now, at rate Hz, by the row of our packets. */
uint32_t port_send_timestamp(struct port *port, uint32_t rate);

/* Send a packet that is no audio under our next number; its SSRC and number are filled in here. */
void port_send_event(struct port *port, const struct rtp_packet *packet);

/* An empty RTP packet, so that NATs on the way keep the path open (RFC 6263 4.6). */
void port_send_keepalive(struct port *port);

/* Whether the payload type was agreed on for what we receive. */
bool port_takes_payload(const struct port *port, uint8_t payload_type);

/* RTP clock of a payload type, Hz; 0: it has none that says when a packet was made. */
uint32_t port_clock_rate(const struct port *port, uint8_t payload_type);

/* Whether a packet from there is the peer's (port_peer.h), by the rule for RTP. */
bool port_hears(struct port *port, const struct addr *from);

/* Count a datagram that is not taken. */
void port_refuse(struct port *port, enum media_refusal why, const struct addr *from);

/* Post an event of the port's leg, unless the last one has not been read yet: false. */
bool port_tell(struct port *port, struct leg_event *event, enum media_mail_kind kind);

/* Watch over the silence of the peer, after every change of the configuration (port_watch.c). */
void port_watch_init(struct port *port);
void port_watch(struct port *port);
void port_watch_stop(struct port *port);

/* About once a second: publish the leg's figures, and an event that could not go out at once. */
void port_publish(struct port *port);

#endif
