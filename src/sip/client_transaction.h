/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Client transaction (RFC 3261 17.1, RFC 6026): sends a request until it is answered, acknowledges
 * a refused INVITE, and cancels (9.1).
 *
 * An object on the loop's thread. The agent holds a reference until it has terminated; whoever
 * started it owns another and gives it back whenever it likes, having set its handlers to NULL if
 * it does not want to hear of it any more.
 */
#ifndef SIP_CLIENT_TRANSACTION_H
#define SIP_CLIENT_TRANSACTION_H

#include "core/buf.h"
#include "sip/agent.h"

struct sip_client_transaction;

struct sip_client_transaction_handlers {
	/* Each provisional response, one final response; to an INVITE, each 2xx there is. */
	void (*response)(
		struct sip_client_transaction *txn, const struct sip_msg *response, void *arg);

	/* There will be no final response: 408 nobody answers, 503 it cannot be sent (8.1.3.1). */
	void (*failed)(struct sip_client_transaction *txn, unsigned status, void *arg);

	/* INVITE: no more repeated 2xx are to be expected (timer M). May be NULL. */
	void (*settled)(struct sip_client_transaction *txn, void *arg);
};

/*
 * Write the head of a request: request line, Via with a new branch, Max-Forwards. branch: at least
 * SIP_BRANCH_SIZE bytes, filled in. The buffer is the agent's; nothing else of the agent may be
 * called before sip_request_send.
 */
struct buf *sip_request_begin(struct sip_agent *agent, const struct sip_flow *flow,
	enum sip_method method, struct slice uri, char *branch);

/*
 * End what sip_request_begin began with User-Agent, the extra lines and the body (type empty:
 * none), and send it in a new transaction; ACK is sent without one (txn is then not touched).
 * Returns 0 and the caller's reference, or a negative errno: -EINVAL (a bad line), -EMSGSIZE,
 * -ENOTCONN, -ENOMEM; nothing has been sent then.
 */
struct sip_request {
	struct sip_flow *flow;
	enum sip_method method;
	const char *branch;
	struct slice extra, type, body;
	size_t limit; /* a larger message is not sent (-EMSGSIZE); 0: none */
};

/* RFC 3261 18.1.1: a request above this goes by UDP only if TCP does not. Bytes. */
#define SIP_UDP_LIMIT 1300

int sip_request_send(struct sip_agent *agent, const struct sip_request *request,
	const struct sip_client_transaction_handlers *handlers, void *arg,
	struct sip_client_transaction **txn);

void sip_client_transaction_set_handlers(struct sip_client_transaction *txn,
	const struct sip_client_transaction_handlers *handlers, void *arg);

/* The flow it goes by; borrowed. */
struct sip_flow *sip_client_transaction_flow(const struct sip_client_transaction *txn);

/*
 * INVITE: send CANCEL with these extra lines, at once or as soon as the first provisional response
 * is there (9.1). The final response is reported as always; when none comes within 64*T1, failed
 * with 408. Idempotent; nothing after a final response.
 */
void sip_client_transaction_cancel(struct sip_client_transaction *txn, struct slice extra);

/*
 * Its owner has given the target up (RFC 3263 4.3): no handler is called and nothing sent any more.
 * An INVITE stays to answer a provisional response, should one come yet, with CANCEL.
 */
void sip_client_transaction_abandon(struct sip_client_transaction *txn);

#endif
