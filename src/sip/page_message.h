/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * MESSAGE outside calls, both roles (RFC 3428): each stands for itself and makes no dialog.
 * Receiving is the agent's request handler and sip_page_message_check; the answer goes through the
 * transaction. Loop thread.
 */
#ifndef SIP_PAGE_MESSAGE_H
#define SIP_PAGE_MESSAGE_H

#include "sip/invite.h"
#include "sip/uac.h"

/*
 * Whether a MESSAGE can be handed to somebody. Returns 0 or the status to answer it with: 400 (no
 * body, or one without Content-Type).
 */
unsigned sip_page_message_check(const struct sip_msg *request);

/* What became of one of ours: 202 and 200 are success (RFC 3428 section 7). Once, and last. */
typedef void sip_page_message_done_fn(unsigned status, void *arg);

struct sip_page_message {
	struct slice uri;      /* request-URI */
	struct slice from, to; /* name-addr without tag */
	struct slice extra;    /* further header lines, each ended by CRLF */
	struct sip_body body;
	const struct sip_credentials *credentials; /* or NULL */
};

/*
 * Send one; everything is copied. done may be NULL; it is not called when the agent closes. Large
 * ones go by TCP (RFC 3428 section 8, through sip/uac.h). Returns 0 or a negative errno.
 */
int sip_page_message_send(struct sip_agent *agent, const struct sip_page_message *message,
	sip_page_message_done_fn *done, void *arg);

#endif
