/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Client transactions, as the agent's dispatcher sees them. Loop thread. */
#ifndef SIP_CLIENT_TRANSACTION_PRIVATE_H
#define SIP_CLIENT_TRANSACTION_PRIVATE_H

#include "core/sm.h"
#include "sip/agent_private.h"
#include "sip/client_transaction.h"

enum sip_client_state {
	CLIENT_CALLING, /* INVITE; any other request begins in trying */
	CLIENT_TRYING,
	CLIENT_PROCEEDING,
	CLIENT_COMPLETED,
	CLIENT_ACCEPTED,
	CLIENT_TERMINATED,
};

/* Owned by the agent's table until terminated, and by whoever holds it. */
struct sip_client_transaction {
	struct sip_key key;      /* first: found by it */
	struct sip_agent *agent; /* good until terminated */
	struct sip_flow *flow;   /* ours */
	struct sip_flow_watch watch;
	char *bytes; /* the request; of a refused INVITE, the ACK */
	size_t n_bytes;
	char *cancel; /* extra lines for a CANCEL that waits for a provisional response */
	struct timer timer;
	uint64_t deadline; /* of timers B and F; microseconds, UINT64_MAX: none */
	uint32_t interval; /* ms, of timers A and E; 0: no retransmissions */
	struct sm sm;
	const struct sip_client_transaction_handlers *handlers;
	void *arg;
	enum sip_method method;
	bool cancel_wanted; /* by its owner */
	bool cancelled;     /* CANCEL has been sent */
	char branch[SIP_BRANCH_SIZE];
};

/* A response for it. */
void sip_client_transaction_receive(
	struct sip_client_transaction *txn, const struct sip_msg *response);

/* End it at once, telling nobody. */
void sip_client_transaction_terminate(struct sip_client_transaction *txn);

#endif
