/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A port's SRTP: what it sends and receives with, and how a new key takes the old one's place while
 * packets are on their way (RFC 4568 7.1.4). The port's thread.
 */
#ifndef MEDIA_PORT_SRTP_H
#define MEDIA_PORT_SRTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "media/srtp.h"

/* A change of keys, made on the signalling thread; from the command on the port owns what is in it. */
struct port_rekey {
	bool send_changes, receive_changes;
	struct srtp *send, *receive; /* NULL: plain RTP from now on */
};

/* Embedded in the port; zeroed: plain RTP. */
struct port_srtp {
	struct srtp *send, *receive; /* NULL: plain RTP */
	struct srtp *before;         /* what receive took the place of, or NULL */
	uint64_t before_ends_us;     /* when before is over; 0: once receive has been used */
};

/*
 * Whether what is sent under the new key should have an SSRC of its own. RFC 3711 3.3.1 has the
 * rollover counter go on under a new key; RFC 4568 7.1.4 lets the peer make a new context, where it
 * is 0. The counter of a new SSRC starts at 0 for both.
 */
bool port_srtp_wants_ssrc(const struct port_srtp *s, const struct port_rekey *rekey, uint32_t ssrc);

void port_srtp_change(struct port_srtp *s, const struct port_rekey *rekey);

/* Nothing that comes needs to be opened. */
static inline bool port_srtp_is_plain(const struct port_srtp *s)
{
	return !s->receive && !s->before;
}

/*
 * Open the received packet of *n bytes at p in place. Returns 0, also where it is plain and may be;
 * or a negative errno: refused, nothing has changed.
 */
int port_srtp_open(struct port_srtp *s, uint8_t *p, size_t *n, bool rtcp, uint64_t now_us);

/* Back to plain RTP. */
void port_srtp_close(struct port_srtp *s);

#endif
