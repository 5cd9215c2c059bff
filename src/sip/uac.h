/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * UAC: one request of ours, other than INVITE, from its URI to its final response (RFC 3261 8.1).
 * It finds the targets (sip/locate.h; RFC 3263), tries them in order until one answers (RFC 3263
 * 4.3: a transport error, no response, or 503 goes on to the next), answers a challenge (401, 407;
 * sip/auth.h), goes over to TCP when the request is too large for UDP (RFC 3261 18.1.1), and
 * reports. Usages (REGISTER, SUBSCRIBE, NOTIFY, REFER, MESSAGE, PUBLISH, OPTIONS) stand on it.
 *
 * An object on the loop's thread: it lives until it has reported its end, and as long as somebody
 * holds a reference.
 */
#ifndef SIP_UAC_H
#define SIP_UAC_H

#include "sip/auth.h"
#include "sip/invite.h"

struct sip_dialog;
struct sip_uac;

struct sip_uac_handlers {
	/* A provisional response. May be NULL. */
	void (*provisional)(struct sip_uac *uac, const struct sip_msg *response, void *arg);

	/*
	 * The end, once and last: the final response, or NULL when there is none; status is then 408
	 * (nobody answered), 503 (nobody can be reached) or 500 (out of memory).
	 */
	void (*done)(
		struct sip_uac *uac, unsigned status, const struct sip_msg *response, void *arg);
};

struct sip_uac_params {
	enum sip_method method;

	/* Inside this dialog; uri, from, to, call_id, cseq, route and write are then not looked at. */
	struct sip_dialog *dialog;

	struct slice uri;      /* request-URI */
	struct slice from, to; /* name-addr; a tag in From is kept, else one is made */
	struct slice call_id;  /* empty: a new one */
	uint32_t cseq;         /* 0: 1 */
	struct slice route;    /* pre-loaded Route values, comma-separated, or empty */
	struct sip_flow *flow; /* send by this one and no other (RFC 5626), or NULL */
	struct slice extra;    /* further header lines, each ended by CRLF */
	struct sip_body body;
	bool contact; /* write a Contact of ours */
	bool focus;   /* with ;isfocus (RFC 4579); in a dialog */
	struct slice contact_user;

	/* Header lines that depend on the flow, written anew for each sending; or NULL. */
	void (*write)(struct buf *out, const struct sip_flow *flow, void *arg);
	void *write_arg;

	/*
	 * What answers a challenge: auth, which several requests may share (a reference is taken);
	 * else credentials, copied; else those of the registration by whose flow it goes.
	 */
	struct sip_auth_client *auth;
	const struct sip_credentials *credentials;
};

/* Everything in params is copied. *uac may be NULL when nobody wants it. 0 or a negative errno. */
int sip_uac_start(struct sip_uac **uac, struct sip_agent *agent,
	const struct sip_uac_params *params, const struct sip_uac_handlers *handlers, void *arg);

/* No handler is called any more; the transaction runs to its end by itself. Idempotent. */
void sip_uac_abandon(struct sip_uac *uac);

/* CSeq number of the request last sent (a challenge answered counts it up), and its flow. */
uint32_t sip_uac_cseq(const struct sip_uac *uac);
struct sip_flow *sip_uac_flow(const struct sip_uac *uac);

#endif
