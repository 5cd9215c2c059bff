/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Port peer: whom a socket hears and where it sends, by the safe rule of symmetric RTP (RFC 4961;
 * docs/threat-model.md says against whom).
 *
 *  - The announced address, that of the SDP, always counts: with its first packet it is heard, and
 *    nobody else from then on.
 *  - Until then the first other source takes its place (a peer behind NAT), once per offer/answer;
 *    we send to where it sends from. Every later source is refused.
 *  - An offer/answer that names the same address lets another source take the place of one that was
 *    not announced, but only when that one has fallen silent: an attacker cannot oust it.
 *
 * A plain value with the time handed in; one thread at a time.
 */
#ifndef MEDIA_PORT_PEER_H
#define MEDIA_PORT_PEER_H

#include <stdbool.h>
#include <stdint.h>

#include "net/addr.h"

struct port_peer {
	struct addr announced; /* len 0: nothing has been negotiated yet */
	struct addr source;    /* heard from, and sent to, if heard */
	bool heard;
	bool open;         /* a source that was not announced may still come in */
	bool unreachable;  /* the last offer/answer named 0.0.0.0 or port 0: nothing may be sent */
	uint64_t heard_us; /* the last datagram taken */
};

/* An offer/answer named this address. Returns whether it is another than before. */
bool port_peer_announce(struct port_peer *peer, const struct addr *address);

enum port_peer_verdict {
	PEER_REFUSED,
	PEER_KNOWN,
	PEER_NEW, /* taken, and from now on the source */
};

/* Whether a valid datagram from there would be refused: looked at before the work of opening it. */
bool port_peer_refuses(
	const struct port_peer *peer, const struct addr *from, uint64_t now, uint64_t quiet_us);

/* A datagram came, valid in itself. quiet_us: a source silent for so long may be replaced. */
enum port_peer_verdict port_peer_hear(
	struct port_peer *peer, const struct addr *from, uint64_t now, uint64_t quiet_us);

/* Where to send, or NULL: nowhere. */
const struct addr *port_peer_address(const struct port_peer *peer);

#endif
