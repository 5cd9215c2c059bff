/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Server transaction (RFC 3261 17.2, RFC 6026, RFC 4320): answers a request's retransmissions and
 * repeats a final response to INVITE until its ACK has come.
 *
 * An object on the loop's thread. The agent holds a reference until it has terminated; whoever
 * wants to answer later than in the handler that got it takes another. What it keeps of itself in
 * its last 32 s is the bytes of the final response.
 */
#ifndef SIP_SERVER_TRANSACTION_H
#define SIP_SERVER_TRANSACTION_H

#include "core/buf.h"
#include "sip/agent.h"

struct sip_server_transaction;

struct sip_server_transaction_handlers {
	/* INVITE: a CANCEL came while it has no final response; it has been answered (9.2). */
	void (*cancelled)(
		struct sip_server_transaction *txn, const struct sip_msg *cancel, void *arg);

	/*
	 * It ended without doing its work: -ETIMEDOUT (no final response was given in time, or no
	 * ACK came to one above 299), -ENOMEM.
	 */
	void (*failed)(struct sip_server_transaction *txn, int err, void *arg);
};

/* handlers may be NULL: nobody is told any more. */
void sip_server_transaction_set_handlers(struct sip_server_transaction *txn,
	const struct sip_server_transaction_handlers *handlers, void *arg);

/* The request; NULL once a final response has been sent. */
const struct sip_msg *sip_server_transaction_request(const struct sip_server_transaction *txn);

/* The flow its responses go by; borrowed. */
struct sip_flow *sip_server_transaction_flow(const struct sip_server_transaction *txn);

/* The tag that its responses carry in To when the request had none there. */
const char *sip_server_transaction_tag(const struct sip_server_transaction *txn);

/*
 * Answer: extra header lines (each ended by CRLF, or the empty slice), and a body when type is not
 * empty. Returns 0; -EALREADY after a final response; -ETIMEDOUT when it has terminated; -EINVAL
 * for a bad line in extra, or a provisional status other than 100 to a request that is not INVITE
 * (RFC 4320 4.1); -EMSGSIZE; -ENOMEM. After an error nothing has been sent and another answer may
 * be tried.
 */
int sip_server_transaction_reply(struct sip_server_transaction *txn, unsigned status,
	struct slice extra, struct slice type, struct slice body);

/*
 * The same in two steps, for those who write headers themselves. begin writes the part that is
 * copied from the request and Server, and gives the buffer to go on with; send ends it. Nothing
 * else of the agent may be called in between. begin returns NULL where reply returns an error.
 */
struct buf *sip_server_transaction_begin(
	struct sip_server_transaction *txn, unsigned status, const char *reason);
int sip_server_transaction_send(
	struct sip_server_transaction *txn, unsigned status, struct slice type, struct slice body);

/* Send the last response once more (a 2xx not yet acknowledged, a 1xx of long ringing). */
void sip_server_transaction_resend(struct sip_server_transaction *txn);

/* The 2xx has been acknowledged: it need not be kept. */
void sip_server_transaction_forget(struct sip_server_transaction *txn);

#endif
