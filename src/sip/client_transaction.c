/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Client transaction (RFC 3261 17.1.1, 17.1.2, as amended by RFC 6026).
 *
 *   INVITE                                        any other request
 *
 *   calling -----1xx----> proceeding              trying ---1xx---> proceeding
 *     | | \                 | |                     |  \              |   |
 *     | |  '------2xx-------|-'--> accepted         |   '-- final ----'   | F
 *     | '-----300-699-------'        | M            |         v           |
 *     | B            v               |            F |     completed       |
 *     |          completed           |              |         | K         |
 *     v              | D             v              v         v           v
 *   terminated <-----'----------- terminated      terminated <------------'
 *
 * A transport error leads to terminated from calling, trying and proceeding. Timers A and E
 * (retransmission) are due at every interval, B and F at the deadline, all on one timer.
 */
#include "sip/client_transaction.h"

#include <errno.h>
#include <string.h>

#include "core/id.h"
#include "core/mem.h"
#include "sip/client_transaction_private.h"
#include "sip/flow.h"
#include "sip/message.h"

#define TIMER_D_MS 32000 /* RFC 3261 table 4: at least 32 s over an unreliable transport */

static const struct sm_state states[] = {
	[CLIENT_CALLING] = {"calling", SM_BIT(CLIENT_PROCEEDING) | SM_BIT(CLIENT_COMPLETED) |
					       SM_BIT(CLIENT_ACCEPTED) | SM_BIT(CLIENT_TERMINATED)},
	[CLIENT_TRYING] = {"trying",
		SM_BIT(CLIENT_PROCEEDING) | SM_BIT(CLIENT_COMPLETED) | SM_BIT(CLIENT_TERMINATED)},
	[CLIENT_PROCEEDING] = {"proceeding", SM_BIT(CLIENT_PROCEEDING) | SM_BIT(CLIENT_COMPLETED) |
						     SM_BIT(CLIENT_ACCEPTED) |
						     SM_BIT(CLIENT_TERMINATED)},
	[CLIENT_COMPLETED] = {"completed", SM_BIT(CLIENT_TERMINATED)},
	[CLIENT_ACCEPTED] = {"accepted", SM_BIT(CLIENT_TERMINATED)},
	[CLIENT_TERMINATED] = {"terminated", 0},
};

/* Timers B, F, M and the wait after CANCEL: 64*T1. */
static uint64_t lifetime_us(const struct sip_agent *agent)
{
	return 64 * (uint64_t)agent->timing.t1 * 1000;
}

static bool waiting(const struct sip_client_transaction *txn)
{
	return txn->sm.state <= CLIENT_PROCEEDING;
}

static void move(struct sip_client_transaction *txn, enum sip_client_state to)
{
	bool was_waiting = waiting(txn);

	if (sm_move(&txn->sm, to) == 0 && was_waiting && !waiting(txn))
		txn->agent->n_waiting--;
}

static void drop_bytes(struct sip_client_transaction *txn)
{
	mem_free(txn->bytes);
	txn->bytes = NULL;
	txn->n_bytes = 0;
	mem_free(txn->cancel);
	txn->cancel = NULL;
}

static void destroy(void *obj)
{
	struct sip_client_transaction *txn = obj;

	timer_stop(&txn->timer);
	sip_flow_unwatch(&txn->watch);
	drop_bytes(txn);
	obj_unref(txn->flow);
}

void sip_client_transaction_terminate(struct sip_client_transaction *txn)
{
	if (txn->sm.state == CLIENT_TERMINATED)
		return;
	move(txn, CLIENT_TERMINATED);
	timer_stop(&txn->timer);
	sip_flow_unwatch(&txn->watch);
	hash_remove(&txn->agent->client_transactions, &txn->key.node);
	txn->agent = NULL;
	txn->handlers = NULL;
	drop_bytes(txn);
	obj_unref(txn); /* the table's */
}

static void fail(struct sip_client_transaction *txn, unsigned status)
{
	const struct sip_client_transaction_handlers *handlers = txn->handlers;
	void *arg = txn->arg;

	obj_ref(txn);
	sip_client_transaction_terminate(txn);
	if (handlers)
		handlers->failed(txn, status, arg);
	obj_unref(txn);
}

static void settle(struct sip_client_transaction *txn)
{
	const struct sip_client_transaction_handlers *handlers = txn->handlers;
	void *arg = txn->arg;

	obj_ref(txn);
	sip_client_transaction_terminate(txn);
	if (handlers && handlers->settled)
		handlers->settled(txn, arg);
	obj_unref(txn);
}

/* The flow broke. With a final response there is nothing to send but an ACK that was asked for. */
static void on_flow_failed(int err, void *arg)
{
	struct sip_client_transaction *txn = arg;

	if (waiting(txn))
		fail(txn, 503);
}

static int send_bytes(struct sip_client_transaction *txn)
{
	int err = sip_flow_send(txn->flow, slice_of(txn->bytes, txn->n_bytes));

	/* A full queue is a lost packet where packets may be lost. */
	if (err == 0 || err == -EMSGSIZE || err == -ENOTCONN || sip_flow_reliable(txn->flow))
		return err;
	return 0;
}

/* Start the timer for the next retransmission or the deadline, whichever comes first. */
static void arm(struct sip_client_transaction *txn)
{
	struct timer_set *timers = txn->agent->timers;
	uint64_t due = txn->deadline;

	if (txn->interval && timers->now + txn->interval * 1000ULL < due)
		due = timers->now + txn->interval * 1000ULL;
	if (due == UINT64_MAX)
		timer_stop(&txn->timer);
	else
		timer_start_us(&txn->timer, timers, due > timers->now ? due - timers->now : 0);
}

/* Timer A doubles without end (17.1.1.2), E up to T2; in proceeding E is T2 (17.1.2.2). */
static void retransmit(struct sip_client_transaction *txn)
{
	unsigned t2 = txn->agent->timing.t2;

	if (txn->method == SIP_INVITE)
		txn->interval *= 2;
	else if (txn->sm.state == CLIENT_PROCEEDING || txn->interval > t2 / 2)
		txn->interval = t2;
	else
		txn->interval *= 2;
	arm(txn);
	if (send_bytes(txn) < 0)
		fail(txn, 503);
}

static void on_timer(void *arg)
{
	struct sip_client_transaction *txn = obj_ref(arg);

	if (txn->sm.state == CLIENT_ACCEPTED) /* timer M */
		settle(txn);
	else if (txn->sm.state == CLIENT_COMPLETED) /* timers D and K */
		sip_client_transaction_terminate(txn);
	else if (txn->agent->timers->now >= txn->deadline) /* timers B and F */
		fail(txn, 408);
	else
		retransmit(txn);
	obj_unref(txn);
}

struct buf *sip_request_begin(struct sip_agent *agent, const struct sip_flow *flow,
	enum sip_method method, struct slice uri, char *branch)
{
	struct buf *out = &agent->out;
	char host[ADDR_TEXT];

	memcpy(branch, SIP_BRANCH_COOKIE, sizeof SIP_BRANCH_COOKIE);
	id_token(branch + sizeof SIP_BRANCH_COOKIE - 1, SIP_BRANCH_SIZE - sizeof SIP_BRANCH_COOKIE);
	buf_reset(out);
	sip_write_request(out, slice_str(sip_method_name(method)), uri);
	/* rport: answers come back through a NAT (RFC 3581 section 3). */
	sip_write_header_f(out, SIP_HDR_VIA, "SIP/2.0/%s %s:%u;branch=%s;rport",
		sip_transport_name(flow->transport), addr_print_uri_host(&flow->local, host),
		addr_port(&flow->local), branch);
	sip_write_header_u32(out, SIP_HDR_MAX_FORWARDS, 70); /* 8.1.1.6 */
	return out;
}

/* Put it into the table and send it for the first time. */
static int start(struct sip_client_transaction *txn, struct sip_agent *agent)
{
	int err = send_bytes(txn);

	if (err < 0)
		return err;
	sip_key_insert(&agent->client_transactions, &txn->key,
		sip_key_client(slice_str(txn->branch), txn->method));
	agent->n_waiting++;
	obj_ref(txn); /* the table's */
	sip_flow_watch(txn->flow, &txn->watch);
	txn->deadline = agent->timers->now + lifetime_us(agent);
	txn->interval = sip_flow_reliable(txn->flow) ? 0 : agent->timing.t1;
	arm(txn);
	return 0;
}

static int new_transaction(struct sip_client_transaction **txnp, struct sip_agent *agent,
	const struct sip_request *request)
{
	struct sip_client_transaction *txn = obj_new(sizeof *txn, destroy);
	int err = -ENOMEM;

	if (!txn)
		goto out;
	timer_init(&txn->timer, on_timer, txn);
	list_init(&txn->watch.node);
	txn->watch.failed = on_flow_failed;
	txn->watch.arg = txn;
	txn->agent = agent;
	txn->flow = obj_ref(request->flow);
	txn->method = request->method;
	txn->sm = (struct sm){states,
		request->method == SIP_INVITE ? CLIENT_CALLING : CLIENT_TRYING,
		request->method == SIP_INVITE ? "INVITE client transaction" : "client transaction"};
	memcpy(txn->branch, request->branch, sizeof txn->branch);
	txn->bytes = mem_strndup(agent->out.p, agent->out.n);
	txn->n_bytes = agent->out.n;
	if (!txn->bytes)
		goto out;
	err = start(txn, agent);
	if (err < 0)
		goto out;
	*txnp = obj_ref(txn);
out:
	obj_unref(txn);
	return err;
}

int sip_request_send(struct sip_agent *agent, const struct sip_request *request,
	const struct sip_client_transaction_handlers *handlers, void *arg,
	struct sip_client_transaction **txn)
{
	struct buf *out = &agent->out;
	int err;

	sip_write_header_str(out, SIP_HDR_USER_AGENT, agent->product);
	sip_write_lines(out, request->extra);
	sip_write_end(out, request->type, request->body);
	if (out->err < 0)
		return out->err;
	if (agent->closed)
		return -ENOTCONN;
	if (request->limit && out->n > request->limit)
		return -EMSGSIZE;
	if (request->method == SIP_ACK)
		return sip_flow_send(request->flow, buf_view(out));
	err = new_transaction(txn, agent, request);
	if (err < 0)
		return err;
	(*txn)->handlers = handlers;
	(*txn)->arg = arg;
	return 0;
}

void sip_client_transaction_set_handlers(struct sip_client_transaction *txn,
	const struct sip_client_transaction_handlers *handlers, void *arg)
{
	if (txn->sm.state == CLIENT_TERMINATED)
		return;
	txn->handlers = handlers;
	txn->arg = arg;
	if (!handlers && waiting(txn) && txn->deadline == UINT64_MAX) {
		/* A ringing INVITE that nobody waits for any more does not wait for ever. */
		txn->deadline = txn->agent->timers->now + lifetime_us(txn->agent);
		arm(txn);
	}
}

struct sip_flow *sip_client_transaction_flow(const struct sip_client_transaction *txn)
{
	return txn->flow;
}

/* The bytes of the ACK to a final response above 299 (17.1.1.3) or of the CANCEL (9.1). */
static int write_hop(const struct sip_client_transaction *txn, enum sip_method method,
	const struct sip_msg *response, struct slice extra, struct buf *out)
{
	struct sip_msg *request = mem_zalloc(sizeof *request);
	const struct sip_header *via;
	size_t used;
	int err = -ENOMEM;

	if (!request)
		goto out;
	err = sip_msg_parse(slice_of(txn->bytes, txn->n_bytes), false, request, &used);
	if (err < 0)
		goto out;
	via = sip_msg_header(request, SIP_HDR_VIA);
	buf_reset(out);
	sip_write_request(out, slice_str(sip_method_name(method)), request->uri_text);
	sip_write_header(out, SIP_HDR_VIA, via->value); /* of ours there is one (9.1, 17.1.1.3) */
	sip_write_header_u32(out, SIP_HDR_MAX_FORWARDS, 70);
	sip_write_copy(out, request, SIP_HDR_ROUTE);
	sip_write_copy(out, request, SIP_HDR_FROM);
	sip_write_copy(out, response ? response : request, SIP_HDR_TO);
	sip_write_copy(out, request, SIP_HDR_CALL_ID);
	sip_write_cseq(out, request->cseq.number, slice_str(sip_method_name(method)));
	sip_write_header_str(out, SIP_HDR_USER_AGENT, txn->agent->product);
	sip_write_lines(out, extra);
	sip_write_end(out, SLICE_NONE, SLICE_NONE);
	err = out->err;
out:
	mem_free(request);
	return err;
}

/* The CANCEL lives a life of its own; its response means nothing (9.1). */
static void send_cancel(struct sip_client_transaction *txn, struct slice extra)
{
	struct sip_request cancel = {
		.flow = txn->flow, .method = SIP_CANCEL, .branch = txn->branch};
	struct sip_client_transaction *own = NULL;
	struct sip_agent *agent = txn->agent;

	txn->cancelled = true;
	/* 9.1: without a final response by then the transaction is to be given up. */
	txn->deadline = agent->timers->now + lifetime_us(agent);
	arm(txn);
	if (write_hop(txn, SIP_CANCEL, NULL, extra, &agent->out) == 0 &&
		new_transaction(&own, agent, &cancel) == 0)
		obj_unref(own);
}

void sip_client_transaction_cancel(struct sip_client_transaction *txn, struct slice extra)
{
	if (txn->cancelled || txn->cancel_wanted || !waiting(txn))
		return;
	if (txn->sm.state == CLIENT_PROCEEDING) {
		send_cancel(txn, extra);
		return;
	}
	txn->cancel_wanted = true;
	txn->cancel = mem_strndup(extra.p, extra.n);
}

void sip_client_transaction_abandon(struct sip_client_transaction *txn)
{
	sip_client_transaction_set_handlers(txn, NULL, NULL);
	if (txn->method != SIP_INVITE) {
		sip_client_transaction_terminate(txn);
	} else if (waiting(txn)) {
		sip_client_transaction_cancel(txn, SLICE_NONE);
		txn->interval = 0;
		arm(txn);
	}
}

/* 17.1.1.2: provisional responses end timers A and B of an INVITE, not those of others. */
static void receive_provisional(struct sip_client_transaction *txn, const struct sip_msg *response)
{
	if (txn->sm.state > CLIENT_PROCEEDING)
		return;
	if (txn->method == SIP_INVITE) {
		txn->interval = 0;
		if (!txn->cancelled)
			txn->deadline = UINT64_MAX;
		arm(txn);
	}
	move(txn, CLIENT_PROCEEDING);
	if (txn->cancel_wanted && !txn->cancelled)
		send_cancel(txn, slice_str(txn->cancel));
	if (txn->handlers)
		txn->handlers->response(txn, response, txn->arg);
}

/* 17.1.1.2: ACK each final response above 299, also repeated ones. */
static void acknowledge(struct sip_client_transaction *txn, const struct sip_msg *response)
{
	struct buf *out = &txn->agent->out;
	int err = write_hop(txn, SIP_ACK, response, SLICE_NONE, out);

	drop_bytes(txn);
	if (err < 0)
		return;
	txn->bytes = mem_strndup(out->p, out->n);
	txn->n_bytes = txn->bytes ? out->n : 0;
	sip_flow_send(txn->flow, buf_view(out));
}

/* A final response to INVITE above 299, or any to another request. */
static void complete(struct sip_client_transaction *txn, const struct sip_msg *response)
{
	struct sip_agent *agent = txn->agent;
	bool invite = txn->method == SIP_INVITE;

	obj_ref(txn);
	move(txn, CLIENT_COMPLETED);
	if (invite)
		acknowledge(txn, response);
	else
		drop_bytes(txn);
	timer_start_ms(&txn->timer, agent->timers, invite ? TIMER_D_MS : agent->timing.t4);
	if (txn->handlers)
		txn->handlers->response(txn, response, txn->arg);
	if (sip_flow_reliable(txn->flow)) /* D and K are 0 */
		sip_client_transaction_terminate(txn);
	obj_unref(txn);
}

/* RFC 6026 8.4: every 2xx goes up; timer M bounds how long. */
static void accept_2xx(struct sip_client_transaction *txn, const struct sip_msg *response)
{
	struct sip_agent *agent = txn->agent;

	if (txn->sm.state != CLIENT_ACCEPTED) {
		move(txn, CLIENT_ACCEPTED);
		drop_bytes(txn);
		timer_start_us(&txn->timer, agent->timers, lifetime_us(agent));
	}
	if (txn->handlers)
		txn->handlers->response(txn, response, txn->arg);
}

void sip_client_transaction_receive(
	struct sip_client_transaction *txn, const struct sip_msg *response)
{
	obj_ref(txn);
	if (response->status < 200)
		receive_provisional(txn, response);
	else if (txn->method == SIP_INVITE && response->status < 300 &&
		 txn->sm.state != CLIENT_COMPLETED)
		accept_2xx(txn, response);
	else if (waiting(txn))
		complete(txn, response);
	else if (txn->sm.state == CLIENT_COMPLETED && txn->method == SIP_INVITE &&
		 response->status >= 300 && txn->bytes)
		send_bytes(txn);
	obj_unref(txn);
}
