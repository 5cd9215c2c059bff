/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Notifier: one subscription of a peer to a state of ours (RFC 6665 4.2). It answers SUBSCRIBE,
 * sends NOTIFY (the first at once, one at a time, the latest state only), answers refreshes, ends
 * when the time is over, the peer unsubscribes or its NOTIFYs fail.
 *
 * An object on the loop's thread. The usage keeps itself alive until it has ended; whoever else
 * holds it owns a reference. After "ended" no handler is called any more.
 */
#ifndef SIP_NOTIFIER_H
#define SIP_NOTIFIER_H

#include "sip/event.h"
#include "sip/invite.h"

struct sip_notifier;

struct sip_notifier_handlers {
	/*
	 * The peer has refreshed it; a NOTIFY with the last state follows, or with the one given to
	 * sip_notifier_notify in here. May be NULL.
	 */
	void (*refreshed)(struct sip_notifier *notifier, void *arg);

	/*
	 * The end, once, unless sip_notifier_end brought it about: the peer unsubscribed (timeout
	 * is then the reason on the wire too), time is over, or a NOTIFY failed. status: 200 or that
	 * failure. Never called from inside a function of this header.
	 */
	void (*ended)(struct sip_notifier *notifier, unsigned status, void *arg);
};

struct sip_notifier_params {
	uint32_t min_expires;      /* seconds; shorter ones get 423 */
	uint32_t max_expires;      /* longer ones get this; 0: 3600 */
	uint32_t default_expires;  /* of who does not say; 0: 3600 */
	bool pending;              /* it waits for somebody's consent (sip_notifier_activate) */
	struct slice contact_user; /* user part of our Contact; empty: "sylkserver" */
};

/*
 * Answer a SUBSCRIBE outside a dialog: 200, and NOTIFY with the state (NULL or empty: none). With
 * Expires: 0 the state is sent once and *notifier is NULL: there is nothing to hold.
 * Returns 0 and the caller's reference. An error has been answered: -EBADMSG (400: no Contact),
 * -ENOENT (489: no Event), -ENOTSUP (406: the state's type is not in Accept), -ERANGE (423), -EMFILE
 * (503) or -ENOMEM (500).
 */
int sip_notifier_accept(struct sip_notifier **notifier, struct sip_agent *agent,
	struct sip_server_transaction *txn, const struct sip_notifier_params *params,
	const struct sip_body *state, const struct sip_notifier_handlers *handlers, void *arg);

/*
 * The state has changed. While a NOTIFY is unanswered the newest state waits for that. Copied.
 * Returns 0; -ENOTCONN when it has ended; -ENOMEM (the old state stays).
 */
int sip_notifier_notify(struct sip_notifier *notifier, const struct sip_body *state);

/* Consent was given: pending becomes active, and the state is sent. */
int sip_notifier_activate(struct sip_notifier *notifier, const struct sip_body *state);

/*
 * End it with NOTIFY terminated, this reason, retry-after (seconds; -1: not said) and a last state
 * (NULL: none). No handler is called any more. Idempotent.
 */
void sip_notifier_end(struct sip_notifier *notifier, enum sip_subscription_reason reason,
	int64_t retry_after, const struct sip_body *state);

/* Seconds left. */
uint32_t sip_notifier_expires(const struct sip_notifier *notifier);

#endif
