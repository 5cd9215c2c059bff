/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Port: the socket pair of one leg (RTP, and RTCP on the next port), and with it the half of the
 * leg that never moves: whom we send to and hear from, our sequence numbers and timestamps, and
 * the way to the thread on which the other half lives now. The port's thread is the leg's *home*.
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

struct destination;
struct frame;
struct leg;
struct media_thread;

/* What we send, as one unbroken stream whoever made the frames (RFC 3550 5.1). */
struct port_send {
	uint32_t ssrc, timestamp; /* timestamp: of the next packet */
	uint16_t seq;             /* of the next packet */
	bool running;             /* next_us is known */
	uint64_t next_us;         /* when the next packet begins, by the mixers' clock */
};

/* The peer's own numbers shifted to ours, while its packets go straight back. */
struct port_echo {
	bool on, running;
	uint32_t source; /* SSRC that the shifts belong to */
	uint16_t seq_shift;
	uint32_t timestamp_shift;
};

struct port {
	struct media_mail gone;
	struct media_command close; /* signalling posts it */
	struct media_thread *thread;
	struct list_node node; /* media_thread.ports */
	struct media_socket rtp, rtcp;
	bool closing;
	unsigned legs_out; /* closed legs that have not come home yet */

	struct leg *leg;                /* NULL: none, what comes in is dropped */
	struct media_thread *route;     /* where the leg lives, or is on its way to */
	struct media_thread *old_route; /* where it may still be until spare_until_us; or NULL */
	uint64_t spare_until_us;

	uint64_t payloads[2]; /* bit set of the payload types we take */
	bool sending, receiving;
	struct addr remote; /* as signalled */
	struct addr source; /* as latched: heard from, and sent to */
	bool latched;
	struct port_send send;
	struct port_echo echo;
	const struct destination *attached; /* whose frames are sent; NULL: none */

	uint64_t heard_us; /* the last RTP packet taken */
	struct timer timeout;
	uint64_t rx_packets, tx_packets;
	bool started_due; /* the handler's last event is still on its way: tell again */
};

/* OP_PORT_OPEN and OP_PORT_CLOSE. */
void port_open(struct media_thread *t, struct port *port);
void port_close(struct port *port);

/* A command for the port's leg: the part that concerns the port; then it is handed on. */
void port_command(struct media_thread *t, struct media_command *command);

/* A datagram came on one of a port's sockets (media_received_fn). */
void port_received(
	struct media_socket *s, const uint8_t *p, size_t n, const struct addr *from, void *arg);

/* A closed leg came home. */
void port_leg_home(struct leg *leg);

/* Frames for d are to be sent, or no longer. The one attached last counts. */
void port_attach(struct port *port, const struct destination *d);
void port_detach(struct port *port, const struct destination *d);

/* Send a mixer's frame to d's port, if d is the one attached. payload: frame->size bytes. */
void port_send_frame(struct media_thread *t, const struct destination *d, const struct frame *frame,
	const uint8_t *payload);

/* About once a second: publish the leg's figures, and an event that could not go out at once. */
void port_publish(struct port *port);

#endif
