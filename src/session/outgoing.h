/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Outgoing: what applications begin by themselves, whatever signalling carries it: calls, messages,
 * subscriptions to others' states, referrals. The scheme of the address says which signalling that
 * is. Signalling thread; good from an application's first incoming call until its stop, not yet in
 * its start.
 */
#ifndef SESSION_OUTGOING_H
#define SESSION_OUTGOING_H

#include "session/referrer.h"
#include "session/session.h"
#include "session/subscriber.h"

/* A call of ours. */
struct outgoing_call {
	const struct identity *from; /* in whose name: a room, say */
	struct slice to;             /* URI; one of a referral may hold a Replaces header */
	unsigned kinds;              /* STREAM_BITs of what is proposed */
	bool focus;                  /* he will speak with a conference (RFC 4579) */
	struct slice referred_by;    /* who asked for it (referral.referred_by), or empty */
	struct slice subject;        /* or empty */
};

/* A message of ours that stands for itself. */
struct outgoing_message {
	const struct identity *from;
	struct slice to;         /* URI */
	struct slice type, body; /* the content */
	bool automatic;          /* no machine should reply (RFC 3834) */
};

/* What became of a message, as a SIP status, once: 200 and 202: taken. Not when the server stops. */
typedef void outgoing_sent_fn(unsigned status, void *arg);

/* What a signalling implements; see the wrappers. */
struct outgoing_signalling {
	int (*call)(void *signalling, const struct outgoing_call *call,
		const struct session_handlers *handlers, void *arg, struct session **session);
	int (*message)(void *signalling, const struct outgoing_message *message,
		outgoing_sent_fn *sent, void *arg);
	int (*subscribe)(void *signalling, const struct subscriber_params *params,
		const struct subscriber_handlers *handlers, void *arg,
		struct subscriber **subscriber);
	int (*refer)(void *signalling, const struct referrer_params *params,
		const struct referrer_handlers *handlers, void *arg, struct referrer **referrer);
};

/* The way out. Of the server; all zero: there is none. */
struct outgoing {
	const struct outgoing_signalling *sip;
	void *sip_arg;
};

/*
 * Every function below copies what it is given and returns 0; -EPROTONOSUPPORT for an address of a
 * signalling that is not there; -EINVAL for a malformed one; or another negative errno. None of
 * them calls a handler.
 */

/*
 * Call: the session is SESSION_OUTGOING until it is answered, and "progress" tells how far it has
 * come. *session: a reference, the caller's, to be given back when "ended" has come.
 */
int outgoing_call(const struct outgoing *outgoing, const struct outgoing_call *call,
	const struct session_handlers *handlers, void *arg, struct session **session);

/* Send a message. sent may be NULL. */
int outgoing_message(const struct outgoing *outgoing, const struct outgoing_message *message,
	outgoing_sent_fn *sent, void *arg);

/* Subscribe (session/subscriber.h). *subscriber: a reference, the caller's. */
int outgoing_subscribe(const struct outgoing *outgoing, const struct subscriber_params *params,
	const struct subscriber_handlers *handlers, void *arg, struct subscriber **subscriber);

/* Refer somebody, outside a call (session/referrer.h). *referrer: a reference, the caller's. */
int outgoing_refer(const struct outgoing *outgoing, const struct referrer_params *params,
	const struct referrer_handlers *handlers, void *arg, struct referrer **referrer);

#endif
