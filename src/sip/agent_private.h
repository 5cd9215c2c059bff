/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The agent's struct and what its files, the transactions, dialogs and usages share. Loop thread. */
#ifndef SIP_AGENT_PRIVATE_H
#define SIP_AGENT_PRIVATE_H

#include "core/hash.h"
#include "core/list.h"
#include "core/timer.h"
#include "sip/agent_core.h"
#include "sip/key.h"
#include "sip/rate.h"

struct dns;
struct sip_transports;

#define SIP_TAG_LETTERS 12 /* 62 bits; RFC 3261 19.3 asks for 32 */
#define SIP_TAG_SIZE (SIP_TAG_LETTERS + 1)
#define SIP_BRANCH_COOKIE "z9hG4bK"
#define SIP_BRANCH_SIZE (sizeof SIP_BRANCH_COOKIE + 16)

/* The server transactions of one source; lives as long as it has one. Owned by the agent. */
struct sip_source {
	struct hash_node node; /* first: hash_each hands it out */
	struct addr addr;
	size_t n;
	struct list_node finished; /* those that only wait for repetitions, oldest first */
};

#define SIP_DEAD_TARGETS 32

/* A target that did not answer (sip/locate.h). */
struct sip_dead_target {
	enum sip_transport transport;
	struct addr addr;
	uint64_t until; /* microseconds */
};

/* What sip/locate.h keeps in the agent. */
struct sip_locator {
	struct dns *dns;          /* a reference; NULL: names lead nowhere */
	char *proxy;              /* URI of the outbound proxy, or NULL */
	struct list_node running; /* struct sip_locate; each is its own */
	struct sip_dead_target dead[SIP_DEAD_TARGETS];
};

/* An object, owned by whoever made it. Everything in its tables holds a borrowed pointer to it. */
struct sip_agent {
	struct timer_set *timers;
	const struct sip_agent_io *io;
	void *io_arg;
	struct sip_timing timing;
	struct sip_limits limits;
	struct sip_agent_handlers handlers;
	void *arg;
	char *product;
	uint32_t session_expires, session_min; /* seconds; session_expires 0: only if asked */
	char *events; /* packages that one may subscribe to: value of Allow-Events */
	struct sip_transports *transports; /* NULL in a simulation */

	struct hash_table server_transactions; /* each holds a reference until it has terminated */
	struct hash_table merged;              /* the same ones, by sip_key_merged */
	struct hash_table client_transactions; /* likewise */
	struct hash_table dialogs;             /* borrowed from their usages */
	struct hash_table sources;
	struct sip_rate *rate;         /* NULL: limits.rate_per_source is 0 */
	struct hash_table subscribers; /* that wait for their first NOTIFY; each is its own */
	struct sip_locator locator;
	struct list_node invites;   /* running ones; each holds a reference until it has ended */
	struct list_node ending;    /* those told to end */
	struct list_node uacs;      /* running requests; likewise */
	struct list_node registers; /* struct sip_register, those that are not over; likewise */
	struct list_node rerouted;  /* sip/response_route.h; each is its own */
	size_t n_rerouted;
	struct list_node usages; /* subscriptions, publications (sip/usage.h); likewise */
	size_t n_usages;
	size_t n_invites;
	size_t n_strays;  /* of them: sip/invite_stray.c */
	size_t n_waiting; /* client transactions without a final response */

	/* Until when ACKs to answers without a transaction are awaited (stateless.c). */
	uint64_t ack_until; /* microseconds */

	/* Every message is written here; nothing is called between the first and the last byte. */
	struct buf out;

	struct timer shutdown_timer;
	uint64_t shutdown_limit; /* microseconds on the timers' clock */
	loop_fn *shutdown_done;
	void *shutdown_arg;
	bool shutting_down;
	bool closed;
};

/* What is handled, and so what Allow and Supported say (RFC 3261 20.5, 20.37). */
#define SIP_ALLOW                                                                              \
	"INVITE, ACK, BYE, CANCEL, OPTIONS, PRACK, UPDATE, INFO, SUBSCRIBE, NOTIFY, MESSAGE, " \
	"REFER"
#define SIP_SUPPORTED "100rel, timer, replaces, norefersub, tdialog"

#define SIP_SESSION_MIN 90 /* seconds; RFC 4028 5 */

/* dispatch.c: a request that belongs to no transaction yet (RFC 3261 8.2, 12.2.2). */
struct sip_server_transaction;
void sip_dispatch_request(
	struct sip_agent *agent, struct sip_server_transaction *txn, const struct sip_msg *request);
void sip_dispatch_ack(struct sip_agent *agent, const struct sip_msg *ack);

/* stateless.c: answer without a transaction (8.2.7). extra: as in sip/invite.h. */
void sip_reply_stateless(struct sip_agent *agent, const struct sip_msg *request, unsigned status,
	const char *reason, struct slice extra);

/*
 * stateless.c: whether the request begins something and must come again later, as the server is
 * overloaded or its source beyond its rate; then it has been told so. hash: of its transaction.
 */
bool sip_put_off(struct sip_agent *agent, const struct sip_msg *request, uint64_t hash);

/* Whether a listener of ours could send to this family by this transport (AF_UNSPEC: to any). */
bool sip_agent_reaches(const struct sip_agent *agent, enum sip_transport transport, int family);

/* locate.c: forget every search. */
void sip_locate_cancel_all(struct sip_agent *agent);

/* uac.c: end every request without a word. */
void sip_uac_forget_all(struct sip_agent *agent);

/* shutdown.c */
void sip_shutdown_timer(void *arg);

/* Who counts as one source: an address without its port; of IPv6, the /64 that one site has. */
struct addr sip_source_address(const struct addr *addr);

/*
 * Count one more transaction of this source, at a cap in the place of one that finished long ago. NULL:
 * there is none such, or no memory.
 */
struct sip_source *sip_source_take(struct sip_agent *agent, const struct addr *addr);
void sip_source_release(struct sip_agent *agent, struct sip_source *source);

#endif
