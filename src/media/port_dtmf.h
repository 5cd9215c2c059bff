/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A port's DTMF: telephone-event packets (RFC 4733), those that the peer sends and those that it is
 * sent instead of audio. The port's thread.
 */
#ifndef MEDIA_PORT_DTMF_H
#define MEDIA_PORT_DTMF_H

#include <stdbool.h>
#include <stdint.h>

#include "core/timer.h"
#include "media/engine.h"
#include "media/telephone_event.h"

struct media_keys;
struct port;
struct rtp_packet;

/* Embedded in the port. */
struct port_dtmf {
	struct media_event_payload events[MEDIA_MAX_EVENTS]; /* that we take */
	unsigned n_events;
	struct event_receiver receiver;
	struct timer lost; /* a key that is pressed may be heard of no more */

	struct media_event_payload send; /* clock_rate 0: the peer knows no events */
	uint32_t audio_rate;             /* Hz of the audio's timestamps */
	struct event_sender sender;
	struct timer pace;  /* the next packet */
	uint64_t due_us;    /* its time, */
	uint32_t timestamp; /* and its timestamp */
	bool sending;       /* a key just now: audio is silent meanwhile */
};

void port_dtmf_init(struct port *port);

/* What was negotiated; keys that can no longer be sent are dropped. */
void port_dtmf_configure(struct port *port, const struct media_leg_config *config);

/* The clock of a payload type that carries events, Hz; 0: it is none. */
uint32_t port_dtmf_clock(const struct port *port, uint8_t payload_type);

/* An event packet of the peer's. */
void port_dtmf_received(struct port *port, const struct rtp_packet *packet, uint32_t clock_rate);

/* Send keys, or drop them where nothing may be sent. false: the peer wants them as tones. */
bool port_dtmf_send(struct port *port, const struct media_keys *keys);

/* The leg goes: nothing is sent or waited for any more. */
void port_dtmf_stop(struct port *port);

#endif
