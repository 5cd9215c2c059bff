/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Where a response goes when the way of its request is gone (RFC 3261 18.2.2, RFC 3263 5): to where
 * the packets came from, at the port of the topmost Via's sent-by; and when that fails, to where the
 * sent-by itself leads. Loop thread.
 */
#ifndef SIP_RESPONSE_ROUTE_H
#define SIP_RESPONSE_ROUTE_H

#include "sip/agent.h"

/*
 * Send this response (copied), whose flow has failed. *other: the flow that it went by in the first
 * place, for what follows, with a reference; NULL: none, it is still being looked for. Returns 0 or a
 * negative errno; then it is lost.
 */
int sip_response_reroute(struct sip_agent *agent, struct sip_flow *flow, struct slice response,
	struct sip_flow **other);

/* The agent closes: forget those under way. */
void sip_response_reroute_forget_all(struct sip_agent *agent);

#endif
