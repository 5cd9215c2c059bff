/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Subscriber: a subscription of ours to a state of somebody else's (the other direction:
 * session/subscription.h). It is kept up until either side ends it. An object on the signalling
 * thread, of the application that made it (session/outgoing.h); when the last reference goes, it is
 * ended.
 */
#ifndef SESSION_SUBSCRIBER_H
#define SESSION_SUBSCRIBER_H

#include <stdint.h>

#include "session/subscription.h"

struct subscriber;

struct subscriber_params {
	const struct identity *from; /* who subscribes */
	struct slice to;             /* URI: to whose state */
	struct slice package;        /* "conference" */
	struct slice accept;         /* types of documents, comma-separated; empty: the package's */
	unsigned expires;            /* seconds between refreshes; 0: 3600 */
};

/* Why it is over. */
struct subscriber_end {
	unsigned status;  /* SIP status that refused it, 408; 200: the other side ended it */
	int64_t retry_ms; /* when one may try again; -1: not at all */
};

struct subscriber_handlers {
	/*
	 * The state as it is now: soon after the beginning, and when it has changed. pending: the
	 * other side is still to consent; the document may then be missing or untrue.
	 */
	void (*state)(struct subscriber *subscriber, const struct subscription_state *state,
		bool pending, void *arg);

	/* The end, once and last; not after subscriber_end. */
	void (*ended)(struct subscriber *subscriber, const struct subscriber_end *end, void *arg);
};

/* What a signalling implements; see the wrapper. */
struct subscriber_signalling {
	void (*end)(struct subscriber *subscriber);
};

/* The common head of every signalling's subscriber. */
struct subscriber {
	const struct subscriber_signalling *signalling;
	const struct subscriber_handlers *handlers; /* NULL: it has ended */
	void *arg;
};

/* Unsubscribe; no handler is called any more. Idempotent. */
void subscriber_end(struct subscriber *subscriber);

/* For signallings: tell the application. */
void subscriber_set_state(
	struct subscriber *subscriber, const struct subscription_state *state, bool pending);
void subscriber_set_ended(struct subscriber *subscriber, const struct subscriber_end *end);

#endif
