/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Referrer: a referral of ours: we ask somebody to call, or put out, somebody else (the other
 * direction: session/referral.h), and hear what came of it. An object on the signalling thread, of
 * the application that made it (session/outgoing.h, session_refer); when the last reference goes,
 * nothing more is heard.
 */
#ifndef SESSION_REFERRER_H
#define SESSION_REFERRER_H

#include "session/referral.h"

struct referrer;

struct referrer_params {
	const struct identity *from; /* who asks */
	struct slice to; /* URI: who is asked. In a call: its peer, whatever stands here */
	enum referral_action action; /* REFERRAL_CALL or REFERRAL_LEAVE */
	struct slice uri;            /* of whom it is about */

	/*
	 * REFERRAL_CALL in a call: he is to take our place in this other call (an attended transfer):
	 * uri may then be empty: the other call's peer. NULL: not so.
	 */
	const struct session *replaces;
};

struct referrer_handlers {
	/* How far it has come, as the one who was asked sees it: SIP status and phrase. */
	void (*progress)(
		struct referrer *referrer, unsigned status, struct slice phrase, void *arg);

	/*
	 * The end, once and last. status: what came of it; that of a refusal; or 202: he has agreed
	 * and does not say more.
	 */
	void (*ended)(struct referrer *referrer, unsigned status, void *arg);
};

/* The common head of every signalling's referrer. */
struct referrer {
	const struct referrer_handlers *handlers; /* NULL: it has ended */
	void *arg;
};

/* For signallings: tell the application. */
void referrer_set_progress(struct referrer *referrer, unsigned status, struct slice phrase);
void referrer_set_ended(struct referrer *referrer, unsigned status);

#endif
