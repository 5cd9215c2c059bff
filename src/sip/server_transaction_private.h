/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Server transactions, as the agent's dispatcher sees them. Loop thread. */
#ifndef SIP_SERVER_TRANSACTION_PRIVATE_H
#define SIP_SERVER_TRANSACTION_PRIVATE_H

#include "core/sm.h"
#include "sip/agent_private.h"
#include "sip/server_transaction.h"

enum sip_server_state {
	SERVER_TRYING, /* not INVITE; an INVITE begins in proceeding */
	SERVER_PROCEEDING,
	SERVER_COMPLETED,
	SERVER_CONFIRMED,
	SERVER_ACCEPTED,
	SERVER_TERMINATED,
};

/* Owned by the agent's table until terminated, and by whoever holds it. */
struct sip_server_transaction {
	struct sip_key key;        /* first: found by it */
	struct sip_key merged;     /* in the table only when the request began outside a dialog */
	struct sip_agent *agent;   /* good until terminated */
	struct sip_source *source; /* likewise */
	struct sip_flow *flow;     /* ours; responses go by it */
	struct list_node finished; /* source->finished, once nothing but repetitions may come */
	const struct sip_msg *request; /* until a final response */
	char *response;                /* the last one */
	uint32_t response_n;
	uint32_t interval; /* ms, of timer G */
	struct timer timer;
	uint64_t deadline; /* of timer H, or of the request; microseconds */
	struct sm sm;
	const struct sip_server_transaction_handlers *handlers;
	void *arg;
	char tag[SIP_TAG_SIZE];
	bool invite;
	bool in_merged;
	bool kept; /* request is ours; else it is borrowed from the dispatcher */
};

/*
 * A transaction for this request, in its table. source: taken for it; its place is the
 * transaction's from here on, also on error. The caller owns a reference. Returns 0 or a negative
 * errno.
 */
int sip_server_transaction_new(struct sip_server_transaction **txn, struct sip_agent *agent,
	const struct sip_msg *request, struct sip_key_value key, struct sip_source *source);

/*
 * End the source's oldest transaction that finished so long ago that hardly any repetition will come.
 * False: there is none.
 */
bool sip_server_transaction_make_room(struct sip_agent *agent, struct sip_source *source);

/* The request came again. */
void sip_server_transaction_repeat(struct sip_server_transaction *txn);

/* An ACK with its branch. True: it was for us; false: it is for the dialog (RFC 6026). */
bool sip_server_transaction_ack(struct sip_server_transaction *txn);

/* A CANCEL for it came and has been answered. */
void sip_server_transaction_cancel(
	struct sip_server_transaction *txn, const struct sip_msg *cancel);

/* The dispatcher is done with the request: keep a copy if it is not answered yet. */
void sip_server_transaction_settle(struct sip_server_transaction *txn);

/* End it at once, telling nobody. */
void sip_server_transaction_terminate(struct sip_server_transaction *txn);

#endif
