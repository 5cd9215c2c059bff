/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Subscriber: one subscription of ours to a state of somebody else's (RFC 6665 4.1). It sends
 * SUBSCRIBE, takes NOTIFYs (also those that come before the response), refreshes in time, and says
 * when and why it is over. The first NOTIFY makes the dialog; what a forked SUBSCRIBE brings beside
 * it gets 481 (RFC 6665 5.4.9: one subscription, as for conference, presence and refer).
 *
 * An object on the loop's thread. The usage keeps itself alive until it has ended; whoever else
 * holds it owns a reference. After "ended" no handler is called any more.
 */
#ifndef SIP_SUBSCRIBER_H
#define SIP_SUBSCRIBER_H

#include "sip/event.h"
#include "sip/invite.h"
#include "sip/uac.h"

struct sip_subscriber;

struct sip_subscriber_end {
	unsigned status; /* of the response that ended it, 408; 200: by NOTIFY */
	enum sip_subscription_reason reason; /* what the NOTIFY said */
	int64_t retry_ms;                    /* when one may try again; -1: not at all */
};

struct sip_subscriber_handlers {
	/* The SUBSCRIBE or REFER was accepted with this 2xx; NOTIFYs may have come before. */
	void (*accepted)(
		struct sip_subscriber *subscriber, const struct sip_msg *response, void *arg);

	/* A NOTIFY; 200 has been sent. Also the last one, with state terminated: ended follows. */
	void (*notified)(struct sip_subscriber *subscriber,
		const struct sip_subscription_status *status, const struct sip_msg *notify,
		void *arg);

	/* The end, once; never called from inside a function of this header. */
	void (*ended)(
		struct sip_subscriber *subscriber, const struct sip_subscriber_end *end, void *arg);
};

struct sip_subscriber_params {
	struct slice uri;          /* request-URI */
	struct slice from, to;     /* name-addr without tag */
	struct slice route;        /* pre-loaded Route values, or empty */
	struct slice event;        /* value of Event: "conference" */
	struct slice accept;       /* value of Accept, or empty */
	uint32_t expires;          /* seconds, above 0 */
	struct slice contact_user; /* user part of our Contact; empty: "sylkserver" */
	struct slice extra;        /* further header lines, each ended by CRLF */
	struct sip_body body;
	const struct sip_credentials
		*credentials; /* copied by every request; outlives it; or NULL */
};

/* Everything in params but the credentials is copied. 0 and the caller's reference, or an errno. */
int sip_subscriber_start(struct sip_subscriber **subscriber, struct sip_agent *agent,
	const struct sip_subscriber_params *params, const struct sip_subscriber_handlers *handlers,
	void *arg);

/* Unsubscribe. No handler is called any more. Idempotent. */
void sip_subscriber_end(struct sip_subscriber *subscriber);

#endif
