/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Referral: somebody asks that somebody else be called, or put out (SIP REFER). An object on the
 * signalling thread: the application that takes one keeps a reference as long as it works on it;
 * when the last one goes, an unanswered one is refused and an unfinished one is reported as failed.
 */
#ifndef SESSION_REFERRAL_H
#define SESSION_REFERRAL_H

#include <stdbool.h>

#include "session/parties.h"

struct referral;
struct session;

enum referral_action {
	REFERRAL_CALL,  /* call him */
	REFERRAL_LEAVE, /* end his calls here */
	REFERRAL_OTHER, /* something that we do not know */
};

struct referral_handlers {
	/* Nobody listens any more; what was begun may go on. Once. */
	void (*ended)(struct referral *referral, void *arg);
};

/* What a signalling implements; see the wrappers. */
struct referral_signalling {
	int (*accept)(struct referral *referral);
	void (*reject)(struct referral *referral, unsigned status);
	void (*progress)(struct referral *referral, unsigned status, struct slice phrase);
	void (*finish)(struct referral *referral, unsigned status, struct slice phrase);
};

/* The common head of every signalling's referral. */
struct referral {
	const struct referral_signalling *signalling;
	struct parties parties;
	struct session *session; /* it came in this call and is accepted already; NULL: in none */
	enum referral_action action;
	struct slice uri;         /* of whom it is about, as written */
	struct identity whom;     /* the same, canonical */
	struct slice referred_by; /* as the referrer says who he is (RFC 3892), or empty */
	bool in_dialog;           /* the referrer has proved to be in a call here (RFC 4538) */
	const struct referral_handlers *handlers;
	void *arg;
	bool answered, finished;
};

void referral_set_handlers(
	struct referral *referral, const struct referral_handlers *handlers, void *arg);

/* Take it; the referrer hears "100 Trying". Returns 0 or a negative errno: it was refused. */
int referral_accept(struct referral *referral);

/* Refuse it with a SIP status. Nothing when it has been answered. */
void referral_reject(struct referral *referral, unsigned status);

/* How far it has come, as a SIP status and its phrase (empty: the standard one). */
void referral_progress(struct referral *referral, unsigned status, struct slice phrase);

/* What came of it, the last word. Nothing after the first. */
void referral_finish(struct referral *referral, unsigned status, struct slice phrase);

/* For signallings: nobody listens any more. */
void referral_set_ended(struct referral *referral);

#endif
