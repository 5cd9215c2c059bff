/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Strangers: requests from sources that [SIP] trusted_peers does not name. With [SIP] digest_realm
 * they are let in when they prove a password by digest, and are who they say they are: the user of
 * the credentials and the realm must be user and host of From. Signalling thread.
 */
#ifndef STRANGERS_H
#define STRANGERS_H

#include "settings.h"
#include "sip/message.h"

struct strangers;

/*
 * Read the users. An object, or NULL (and 0) when digest_realm is not set. Returns 0 or a negative
 * errno, which has been logged.
 */
int strangers_new(struct strangers **strangers, const struct sip_settings *settings);

/*
 * Returns 0 when the request is let in, else the status to refuse it with; header lines for the
 * response are appended to lines. now: microseconds, monotonic.
 */
unsigned strangers_check(struct strangers *strangers, const struct sip_msg *request, uint64_t now,
	struct buf *lines);

#endif
