/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Keep-alive of a flow of ours, and whether it still works (RFC 5626 4.4): a double CRLF on
 * connections, which the peer answers with a CRLF; STUN binding requests over UDP. A core: the
 * agent's clock. Loop thread.
 */
#ifndef SIP_KEEPALIVE_H
#define SIP_KEEPALIVE_H

#include "core/timer.h"
#include "net/stun.h"
#include "sip/flow.h"

struct sip_agent;

/* Embedded in its owner, whose destructor stops it. */
struct sip_keepalive {
	struct timer_set *timers;
	struct timer timer;
	struct sip_flow *flow; /* a reference while running */
	unsigned seconds;      /* between two: at most; 0: the defaults of 4.4 */
	unsigned sent;         /* how often the STUN request under way was sent; 0: none is */
	bool pinged;           /* a CRLF ping waits for something to come back */
	unsigned long heard;   /* flow's, when it was sent */
	struct stun_id id;
	struct addr mapped; /* where the peer sees us; len 0: not known yet */
	void (*failed)(int err, void *arg);
	void (*proved)(void *arg); /* an answer came */
	void *arg;
};

/*
 * failed: the flow does not work any more: -ETIMEDOUT, -EPIPE (the peer sees us elsewhere: a NAT
 * on the way was restarted), or what sending returned; the keep-alive has stopped then. proved: an
 * answer has come. Never called from within start.
 */
void sip_keepalive_init(struct sip_keepalive *keepalive, struct timer_set *timers,
	void (*failed)(int err, void *arg), void (*proved)(void *arg), void *arg);

/* Start anew on this flow. seconds: the server's Flow-Timer (4.4), 0: it has not named any. */
void sip_keepalive_start(struct sip_keepalive *keepalive, struct sip_flow *flow, unsigned seconds);

void sip_keepalive_stop(struct sip_keepalive *keepalive);

/* A STUN response came by this flow: whether it was for this keep-alive. */
bool sip_keepalive_receive(struct sip_keepalive *keepalive, const struct sip_flow *flow,
	const struct stun_message *response);

/* Answer a binding request (RFC 5626 8, RFC 8489 6.3.1). */
void sip_keepalive_answer(struct sip_flow *flow, const struct stun_message *request);

#endif
