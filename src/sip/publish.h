/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Publication: one state of ours kept at an event state compositor (RFC 3903, the client): published,
 * refreshed in time, modified and removed. 412 (our entity-tag is unknown there) publishes anew, 423
 * asks for longer. One request at a time; a newer state waits and replaces what waits.
 *
 * An object on the loop's thread. It keeps itself alive until it has ended; whoever else holds it
 * owns a reference. After "ended" no handler is called any more.
 */
#ifndef SIP_PUBLISH_H
#define SIP_PUBLISH_H

#include "sip/invite.h"
#include "sip/uac.h"

struct sip_publication;

struct sip_publication_handlers {
	/* The compositor has taken the state given last, or its refresh. May be NULL. */
	void (*published)(struct sip_publication *publication, void *arg);

	/*
	 * The end, once, unless sip_publication_remove brought it about: the status that it was
	 * refused with, and in how many ms one may try again (Retry-After; -1: not said). Never
	 * called from inside a function of this header.
	 */
	void (*ended)(
		struct sip_publication *publication, unsigned status, int64_t retry_ms, void *arg);
};

struct sip_publication_params {
	struct slice uri;                          /* whose state: request-URI and To */
	struct slice from;                         /* name-addr without tag */
	struct slice event;                        /* value of Event: "presence" */
	uint32_t expires;                          /* seconds, above 0 */
	struct slice route, extra;                 /* as in sip/uac.h */
	const struct sip_credentials *credentials; /* outlives it; or NULL */
};

/* Publish for the first time. Copied. 0 and the caller's reference, or a negative errno. */
int sip_publication_start(struct sip_publication **publication, struct sip_agent *agent,
	const struct sip_publication_params *params, const struct sip_body *state,
	const struct sip_publication_handlers *handlers, void *arg);

/* A new state. Returns 0, -ENOTCONN when it has ended, -ENOMEM (the old one stays). */
int sip_publication_modify(struct sip_publication *publication, const struct sip_body *state);

/* Take it back. No handler is called any more. Idempotent. */
void sip_publication_remove(struct sip_publication *publication);

#endif
