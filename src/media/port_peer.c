/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Port peer: the safe rule of symmetric RTP. */
#include "media/port_peer.h"

bool port_peer_announce(struct port_peer *peer, const struct addr *address)
{
	bool nowhere = addr_is_any(address) || addr_port(address) == 0;
	bool announced_is_source = peer->heard && addr_equal(&peer->source, &peer->announced);

	/* 0.0.0.0 is a hold in the old style (RFC 3264 8.4): the peer has not moved. */
	peer->unreachable = nowhere;
	if (peer->announced.len && (nowhere || addr_equal(&peer->announced, address))) {
		peer->open = !announced_is_source;
		return false;
	}
	*peer = (struct port_peer){.announced = *address, .open = true, .unreachable = nowhere};
	return true;
}

static bool may_replace(const struct port_peer *peer, uint64_t now, uint64_t quiet_us)
{
	return peer->open && (!peer->heard || now - peer->heard_us >= quiet_us);
}

static bool is_source(const struct port_peer *peer, const struct addr *from)
{
	return peer->heard && addr_equal(&peer->source, from);
}

bool port_peer_refuses(
	const struct port_peer *peer, const struct addr *from, uint64_t now, uint64_t quiet_us)
{
	return !is_source(peer, from) && !addr_equal(&peer->announced, from) &&
	       !may_replace(peer, now, quiet_us);
}

enum port_peer_verdict port_peer_hear(
	struct port_peer *peer, const struct addr *from, uint64_t now, uint64_t quiet_us)
{
	if (is_source(peer, from)) {
		peer->heard_us = now;
		return PEER_KNOWN;
	}
	if (port_peer_refuses(peer, from, now, quiet_us))
		return PEER_REFUSED;
	peer->source = *from;
	peer->heard = true;
	peer->open = false;
	peer->heard_us = now;
	return PEER_NEW;
}

const struct addr *port_peer_address(const struct port_peer *peer)
{
	const struct addr *to = peer->heard ? &peer->source : &peer->announced;

	return to->len && !peer->unreachable && addr_port(to) ? to : NULL;
}
