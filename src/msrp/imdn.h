/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Disposition notifications of messages (IMDN, RFC 5438): that one was delivered. Any thread. */
#ifndef MSRP_IMDN_H
#define MSRP_IMDN_H

#include "msrp/cpim.h"

#define IMDN_CONTENT_TYPE "message/imdn+xml"

/*
 * Whether the sender of a message wants to hear that it was delivered (RFC 5438 6.2). *id: what the
 * message is called; without an id there is nothing to notify of.
 */
bool imdn_wants_delivery(const struct cpim_message *msg, struct slice *id);

/* Write "delivered" (RFC 5438 7.2.1). recipient: the URI that got it. Appended to out. */
struct imdn_delivery {
	struct slice id, date_time, recipient;
};

void imdn_write_delivered(const struct imdn_delivery *delivery, struct buf *out);

#endif
