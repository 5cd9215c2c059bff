/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The agent without sockets: its tables, and which of them a message is for (RFC 3261 17, 18). */
#include "sip/agent_core.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/id.h"
#include "core/mem.h"
#include "net/dns.h"
#include "sip/agent_private.h"
#include "sip/client_transaction_private.h"
#include "sip/dialog_private.h"
#include "sip/invite_private.h"
#include "sip/locate_private.h"
#include "sip/message.h"
#include "sip/register_private.h"
#include "sip/response_route.h"
#include "sip/server_transaction_private.h"
#include "sip/transport.h"
#include "sip/usage.h"

enum { MAX_PROXY = 1024 };

/* ---- sources ---------------------------------------------------------------------------------- */

struct addr sip_source_address(const struct addr *addr)
{
	struct addr source = *addr;

	addr_set_port(&source, 0);
	if (addr_family(&source) == AF_INET6)
		memset(source.u.in6.sin6_addr.s6_addr + 8, 0, 8);
	return source;
}

static struct sip_source *find_source(
	struct sip_agent *agent, const struct addr *key, uint64_t hash)
{
	struct hash_node *node;

	for (node = hash_first(&agent->sources, hash); node; node = hash_next(node)) {
		struct sip_source *source = (struct sip_source *)(void *)node;

		if (addr_equal(&source->addr, key))
			return source;
	}
	return NULL;
}

struct sip_source *sip_source_take(struct sip_agent *agent, const struct addr *addr)
{
	struct addr key = sip_source_address(addr);
	uint64_t hash = addr_hash(&key);
	struct sip_source *source = find_source(agent, &key, hash);
	bool full = agent->server_transactions.n >= agent->limits.transactions;

	if (!source && !full) {
		source = mem_zalloc(sizeof *source);
		if (!source)
			return NULL;
		source->addr = key;
		list_init(&source->finished);
		hash_insert(&agent->sources, &source->node, hash);
	}
	if (!source)
		return NULL;
	/* Counted first, so that the source outlives the one that makes room. */
	source->n++;
	if ((full || source->n > agent->limits.per_source) &&
		!sip_server_transaction_make_room(agent, source)) {
		sip_source_release(agent, source);
		return NULL;
	}
	return source;
}

void sip_source_release(struct sip_agent *agent, struct sip_source *source)
{
	if (--source->n > 0)
		return;
	hash_remove(&agent->sources, &source->node);
	mem_free(source);
}

/* ---- receiving --------------------------------------------------------------------------------- */

static void receive_response(struct sip_agent *agent, struct sip_msg *msg)
{
	struct sip_client_transaction *txn;

	/* 17.1.3. What matches nothing is a stray one: dropped (RFC 6026 8.9). */
	txn = (struct sip_client_transaction *)(void *)sip_key_find(
		&agent->client_transactions, sip_key_client(msg->via.branch, msg->cseq.method));
	if (txn && sip_msg_check(msg) == 0)
		sip_client_transaction_receive(txn, msg);
}

/* Whether a request from a source that was not admitted is let in; if not, it has been refused. */
static bool authenticated(struct sip_agent *agent, const struct sip_msg *msg)
{
	struct buf lines;
	unsigned status;

	if (msg->method == SIP_CANCEL || sip_dialog_find(agent, msg))
		return true;
	buf_init(&lines, 4096);
	status = agent->handlers.authenticate(msg, &lines, agent->arg);
	/* Without a transaction (8.2.7): strangers are many. */
	if (status)
		sip_reply_stateless(
			agent, msg, status, NULL, lines.err ? SLICE_NONE : buf_view(&lines));
	buf_free(&lines);
	return status == 0;
}

static void receive_new(
	struct sip_agent *agent, struct sip_msg *msg, struct sip_key_value key, bool admitted)
{
	struct sip_server_transaction *txn;
	struct sip_source *source;

	if (sip_msg_check(msg) < 0) {
		sip_reply_stateless(agent, msg, msg->error_status, msg->error, SLICE_NONE);
		return;
	}
	if (sip_put_off(agent, msg, key.hash) || (!admitted && !authenticated(agent, msg)))
		return;
	source = sip_source_take(agent, &msg->source);
	if (!source || sip_server_transaction_new(&txn, agent, msg, key, source) < 0) {
		sip_reply_stateless(agent, msg, 503, NULL, SLICE("Retry-After: 10\r\n"));
		return;
	}
	sip_dispatch_request(agent, txn, msg);
	sip_server_transaction_settle(txn);
	obj_unref(txn);
}

static void receive_request(struct sip_agent *agent, struct sip_msg *msg)
{
	bool ack = msg->method == SIP_ACK;
	struct sip_key_value key = sip_key_server(msg, ack ? SIP_INVITE : msg->method);
	bool admitted = !agent->handlers.admit || agent->handlers.admit(&msg->source, agent->arg);
	struct sip_server_transaction *txn;

	if (!admitted && !agent->handlers.authenticate) {
		sip_reply_stateless(agent, msg, 403, NULL, SLICE_NONE);
		return;
	}
	txn = (struct sip_server_transaction *)(void *)sip_key_find(
		&agent->server_transactions, key);
	if (txn && !ack)
		sip_server_transaction_repeat(txn);
	else if (ack && (!txn || !sip_server_transaction_ack(txn)))
		sip_dispatch_ack(agent, msg);
	else if (!ack)
		receive_new(agent, msg, key, admitted);
}

void sip_agent_receive(struct sip_agent *agent, struct sip_msg *msg)
{
	if (agent->closed)
		return;
	obj_ref(agent);
	if (msg->is_request)
		receive_request(agent, msg);
	else
		receive_response(agent, msg);
	obj_unref(agent);
}

void sip_agent_receive_malformed(struct sip_agent *agent, const struct sip_msg *msg)
{
	if (agent->closed || !msg->answerable)
		return;
	if (agent->handlers.admit && !agent->handlers.admit(&msg->source, agent->arg))
		sip_reply_stateless(agent, msg, 403, NULL, SLICE_NONE);
	else
		sip_reply_stateless(agent, msg, msg->error_status, msg->error, SLICE_NONE);
}

struct sip_agent_load sip_agent_load(const struct sip_agent *agent)
{
	return (struct sip_agent_load){
		.server_transactions = agent->server_transactions.n,
		.client_transactions = agent->client_transactions.n,
		.dialogs = agent->dialogs.n,
		.invites = agent->n_invites,
	};
}

/* ---- life -------------------------------------------------------------------------------------- */

static void end_server_transaction(struct hash_node *node, void *arg)
{
	sip_server_transaction_terminate((struct sip_server_transaction *)(void *)node);
}

static void end_client_transaction(struct hash_node *node, void *arg)
{
	sip_client_transaction_terminate((struct sip_client_transaction *)(void *)node);
}

/* Dialogs are their usages' and usages are gone by now; one of a foreign layer is cut off. */
static void end_dialog(struct hash_node *node, void *arg)
{
	sip_dialog_close((struct sip_dialog *)(void *)node);
}

static void forget_invites(struct list_node *list)
{
	while (!list_empty(list))
		sip_invite_forget(CONTAINER_OF(list->next, struct sip_invite, node));
}

void sip_agent_close(struct sip_agent *agent)
{
	if (agent->closed)
		return;
	agent->closed = true;
	timer_stop(&agent->shutdown_timer);
	forget_invites(&agent->invites);
	forget_invites(&agent->ending);
	sip_register_forget_all(agent);
	sip_usages_forget(agent);
	sip_uac_forget_all(agent);
	sip_response_reroute_forget_all(agent);
	sip_locate_cancel_all(agent);
	hash_each(&agent->client_transactions, end_client_transaction, NULL);
	hash_each(&agent->server_transactions, end_server_transaction, NULL);
	hash_each(&agent->dialogs, end_dialog, NULL);
	if (agent->transports)
		sip_transports_close(agent->transports);
}

static void destroy(void *obj)
{
	struct sip_agent *agent = obj;

	sip_agent_close(agent);
	obj_unref(agent->transports);
	obj_unref(agent->locator.dns);
	mem_free(agent->locator.proxy);
	hash_free(&agent->server_transactions);
	hash_free(&agent->merged);
	hash_free(&agent->client_transactions);
	hash_free(&agent->dialogs);
	hash_free(&agent->sources);
	hash_free(&agent->subscribers);
	buf_free(&agent->out);
	mem_free(agent->product);
	mem_free(agent->events);
	mem_free(agent->rate);
}

static int init_tables(struct sip_agent *agent)
{
	struct hash_table *tables[] = {&agent->server_transactions, &agent->merged,
		&agent->client_transactions, &agent->dialogs, &agent->sources, &agent->subscribers};
	int err = 0;

	for (size_t i = 0; i < sizeof tables / sizeof tables[0] && err == 0; i++)
		err = hash_init(tables[i]);
	return err;
}

/* "host:port;transport=tcp" is the part of a URI behind its scheme. Returns 0, -EINVAL or -ENOMEM. */
static int read_proxy(struct slice text, struct buf *whole)
{
	enum sip_transport transport;
	struct slice name;
	struct uri uri;

	if (!slice_starts_nocase(text, SLICE("sip:")) && !slice_starts_nocase(text, SLICE("sips:")))
		buf_str(whole, "sip:");
	buf_slice(whole, text);
	if (whole->err < 0)
		return whole->err == -ENOMEM ? -ENOMEM : -EINVAL;
	if (uri_parse(buf_view(whole), &uri) < 0 || uri.user.n)
		return -EINVAL;
	if (uri_param(&uri, "transport", &name) &&
		sip_uri_transport(uri.scheme, name, &transport) < 0)
		return -EINVAL;
	return 0;
}

int sip_agent_proxy_check(struct slice text)
{
	struct buf whole;
	int err;

	buf_init(&whole, MAX_PROXY);
	err = read_proxy(text, &whole);
	buf_free(&whole);
	return err;
}

static int set_proxy(struct sip_agent *agent, struct slice text)
{
	struct buf whole;
	int err;

	if (text.n == 0)
		return 0;
	buf_init(&whole, MAX_PROXY);
	err = read_proxy(text, &whole);
	if (err == 0) {
		agent->locator.proxy = mem_strndup(whole.p, whole.n);
		err = agent->locator.proxy ? 0 : -ENOMEM;
	}
	buf_free(&whole);
	return err;
}

bool sip_agent_reaches(const struct sip_agent *agent, enum sip_transport transport, int family)
{
	if (agent->io->reaches)
		return agent->io->reaches(agent->io_arg, transport, family);
	return transport == SIP_UDP || transport == SIP_TCP;
}

static void set_presets(struct sip_agent *agent)
{
	struct sip_timing *timing = &agent->timing;
	struct sip_limits *limits = &agent->limits;

	timing->t1 = timing->t1 ? timing->t1 : 500;
	timing->t2 = timing->t2 ? timing->t2 : 4000;
	timing->t4 = timing->t4 ? timing->t4 : 5000;
	/* 10,000 calls a second are 640,000 transactions, and a carrier's proxy is one source. */
	limits->transactions = limits->transactions ? limits->transactions : 1000000;
	limits->per_source = limits->per_source ? limits->per_source : 800000;
}

int sip_agent_new_with(struct sip_agent **agentp, const struct sip_agent_core *core,
	const struct sip_agent_settings *settings, const struct sip_agent_handlers *handlers,
	void *arg)
{
	struct sip_agent *agent = obj_new(sizeof *agent, destroy);
	int err = -ENOMEM;

	if (!agent)
		goto out;
	agent->timers = core->timers;
	agent->io = core->io;
	agent->io_arg = core->io_arg;
	agent->timing = core->timing;
	agent->limits = core->limits;
	set_presets(agent);
	agent->session_expires = settings->session_expires;
	agent->session_min = settings->session_min ? settings->session_min : SIP_SESSION_MIN;
	agent->handlers = *handlers;
	agent->arg = arg;
	agent->locator.dns = obj_ref(core->dns);
	list_init(&agent->locator.running);
	list_init(&agent->uacs);
	list_init(&agent->usages);
	list_init(&agent->rerouted);
	list_init(&agent->registers);
	list_init(&agent->invites);
	list_init(&agent->ending);
	timer_init(&agent->shutdown_timer, sip_shutdown_timer, agent);
	buf_init(&agent->out, settings->max_message ? settings->max_message : SIP_MAX_MESSAGE);
	agent->product = slice_dup(slice_str(settings->product));
	agent->events = slice_dup(slice_str(settings->events));
	if (!agent->product || !agent->events)
		goto out;
	if (agent->limits.rate_per_source) {
		agent->rate = mem_zalloc(sizeof *agent->rate);
		if (!agent->rate)
			goto out;
	}
	err = init_tables(agent);
	if (err == 0)
		err = set_proxy(agent, slice_str(settings->outbound_proxy));
	if (err < 0)
		goto out;
	*agentp = obj_ref(agent);
out:
	obj_unref(agent);
	return err;
}
