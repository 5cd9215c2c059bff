/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Referrer: a REFER of ours, outside a dialog or in a call (RFC 3515), and what we hear of it, by the implicit
 * subscription's message/sipfrag.
 *
 * An object on the loop's thread, of whoever holds it; when the last reference goes, nothing more is
 * heard of it and the peer is told so.
 */
#ifndef SIP_REFERRER_H
#define SIP_REFERRER_H

#include "sip/invite.h"
#include "sip/uac.h"

struct sip_referrer;

struct sip_referrer_handlers {
	/* How far it has come: 100 ... 699, as the other side sees it. May be NULL. */
	void (*progress)(
		struct sip_referrer *referrer, unsigned status, struct slice phrase, void *arg);

	/*
	 * The end, once; never from inside a function of this header. status: what came of it (the
	 * last that was told, or that of the response that refused the REFER); 202 when nobody says.
	 */
	void (*ended)(struct sip_referrer *referrer, unsigned status, void *arg);
};

struct sip_referrer_params {
	struct slice uri;         /* request-URI: who is to act */
	struct slice from, to;    /* name-addr without tag */
	struct slice refer_to;    /* URI of whom to call */
	enum sip_method method;   /* what is to be sent there: INVITE, BYE ... */
	struct slice referred_by; /* name-addr (RFC 3892), or empty */
	struct slice route, extra;
	bool no_subscription;                      /* ask to be spared the NOTIFYs (RFC 4488) */
	const struct sip_credentials *credentials; /* outlives it; or NULL */
};

/* Copied. Returns 0 and the caller's reference, or a negative errno. */
int sip_referrer_start(struct sip_referrer **referrer, struct sip_agent *agent,
	const struct sip_referrer_params *params, const struct sip_referrer_handlers *handlers,
	void *arg);

/*
 * In a call that is up: uri, from, to and route are not looked at. -EINVAL: it is not up.
 */
int sip_referrer_start_in(struct sip_referrer **referrer, struct sip_invite *invite,
	const struct sip_referrer_params *params, const struct sip_referrer_handlers *handlers,
	void *arg);

#endif
