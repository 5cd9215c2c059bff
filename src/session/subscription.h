/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Subscription of somebody to a state that an application has: an event package. An object on the
 * signalling thread: the application that accepts one keeps a reference until "ended" has come or
 * it has ended it itself; when the last one goes, an unanswered one is refused and a running one
 * ended.
 */
#ifndef SESSION_SUBSCRIPTION_H
#define SESSION_SUBSCRIPTION_H

#include <stdbool.h>

#include "session/parties.h"

struct subscription;

/* A document of the package. */
struct subscription_state {
	struct slice type; /* "application/conference-info+xml"; empty: there is none */
	struct slice body;
};

struct subscription_handlers {
	/* The subscriber has gone, or time is over; once and last. */
	void (*ended)(struct subscription *subscription, void *arg);
};

/* Why an application ends one: whether the subscriber may come back (RFC 6665 4.1.3). */
enum subscription_end {
	SUBSCRIPTION_GONE,    /* there is nothing to subscribe to any more */
	SUBSCRIPTION_REFUSED, /* he may not */
	SUBSCRIPTION_AGAIN,   /* he may subscribe anew at once */
	SUBSCRIPTION_OVER,    /* nothing is said */
};

/* What a signalling implements; see the wrappers. */
struct subscription_signalling {
	int (*accept)(struct subscription *subscription, const struct subscription_state *state);
	void (*reject)(struct subscription *subscription, unsigned status);
	int (*notify)(struct subscription *subscription, const struct subscription_state *state);
	void (*end)(struct subscription *subscription, enum subscription_end why);
};

/* The common head of every signalling's subscription. */
struct subscription {
	const struct subscription_signalling *signalling;
	struct parties parties;
	struct slice package; /* "conference" */
	const struct subscription_handlers *handlers;
	void *arg;
	bool answered, ended;
};

void subscription_set_handlers(
	struct subscription *subscription, const struct subscription_handlers *handlers, void *arg);

/*
 * Accept it with the state as it is now. Returns 0; -ENODATA: the subscriber only wanted the state
 * once, and nothing is held (no handler will be called); or a negative errno: it was refused.
 */
int subscription_accept(struct subscription *subscription, const struct subscription_state *state);

/* Refuse it with a SIP status. Nothing when it has been answered. */
void subscription_reject(struct subscription *subscription, unsigned status);

/* The state has changed. Returns 0, -ENOTCONN when it is over, -ENOMEM. */
int subscription_notify(struct subscription *subscription, const struct subscription_state *state);

/* End it; no handler is called. Idempotent. */
void subscription_end(struct subscription *subscription, enum subscription_end why);

/* For signallings: it is over; tell the application, once. */
void subscription_set_ended(struct subscription *subscription);

#endif
