/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Server transaction (RFC 3261 17.2.1, 17.2.2, as amended by RFC 6026 and RFC 4320).
 *
 *   INVITE                              any other request
 *
 *   .------------. 300-699             .--------. final
 *   | proceeding |--------> completed  | trying |---------> completed
 *   '------------'           | ACK     '--------'             ^  | J
 *         | 2xx              v   H         | 100 (3.5 s)      |  v
 *         v              confirmed |       v            final | terminated
 *     accepted               | I   |   proceeding ------------'
 *         | L                v     |
 *         '-----------> terminated <
 *
 * One timer serves them all, as no state needs two at once but completed, where G is due at every
 * interval and H at the deadline.
 */
#include "sip/server_transaction.h"

#include <errno.h>
#include <string.h>

#include "core/id.h"
#include "core/mem.h"
#include "sip/flow.h"
#include "sip/message.h"
#include "sip/response_route.h"
#include "sip/server_transaction_private.h"

static const struct sm_state states[] = {
	[SERVER_TRYING] = {"trying",
		SM_BIT(SERVER_PROCEEDING) | SM_BIT(SERVER_COMPLETED) | SM_BIT(SERVER_TERMINATED)},
	[SERVER_PROCEEDING] = {"proceeding", SM_BIT(SERVER_PROCEEDING) | SM_BIT(SERVER_COMPLETED) |
						     SM_BIT(SERVER_ACCEPTED) |
						     SM_BIT(SERVER_TERMINATED)},
	[SERVER_COMPLETED] = {"completed", SM_BIT(SERVER_CONFIRMED) | SM_BIT(SERVER_TERMINATED)},
	[SERVER_CONFIRMED] = {"confirmed", SM_BIT(SERVER_TERMINATED)},
	[SERVER_ACCEPTED] = {"accepted", SM_BIT(SERVER_TERMINATED)},
	[SERVER_TERMINATED] = {"terminated", 0},
};

/*
 * In this part of a lifetime, 8 s, nearly all repetitions of a request come; only at the cap is a
 * transaction ended sooner than the RFC has it.
 */
#define REPEATED_PART 4

/* Timers B, F, H, J, L and what RFC 3261 table 4 calls 64*T1. */
static uint64_t lifetime_ms(const struct sip_agent *agent)
{
	return 64 * (uint64_t)agent->timing.t1;
}

static void drop_request(struct sip_server_transaction *txn)
{
	if (txn->kept)
		obj_unref((void *)(uintptr_t)txn->request);
	txn->request = NULL;
	txn->kept = false;
}

static void destroy(void *obj)
{
	struct sip_server_transaction *txn = obj;

	timer_stop(&txn->timer);
	drop_request(txn);
	mem_free(txn->response);
	obj_unref(txn->flow);
}

void sip_server_transaction_terminate(struct sip_server_transaction *txn)
{
	if (txn->sm.state == SERVER_TERMINATED)
		return;
	sm_move(&txn->sm, SERVER_TERMINATED);
	timer_stop(&txn->timer);
	hash_remove(&txn->agent->server_transactions, &txn->key.node);
	if (txn->in_merged)
		hash_remove(&txn->agent->merged, &txn->merged.node);
	list_remove(&txn->finished);
	sip_source_release(txn->agent, txn->source);
	txn->agent = NULL;
	txn->source = NULL;
	txn->handlers = NULL;
	drop_request(txn);
	obj_unref(txn); /* the table's */
}

static void fail(struct sip_server_transaction *txn, int err)
{
	const struct sip_server_transaction_handlers *handlers = txn->handlers;
	void *arg = txn->arg;

	obj_ref(txn);
	sip_server_transaction_terminate(txn);
	if (handlers && handlers->failed)
		handlers->failed(txn, err, arg);
	obj_unref(txn);
}

/* RFC 4320 4.1: 100 to a request that is not INVITE once the client's timer E has reached T2. */
static uint64_t late_100_ms(const struct sip_agent *agent)
{
	uint64_t elapsed = 0;
	uint64_t interval = agent->timing.t1;

	while (interval && interval < agent->timing.t2) {
		elapsed += interval;
		interval *= 2;
	}
	return elapsed;
}

static void send_late_100(struct sip_server_transaction *txn)
{
	struct timer_set *timers = txn->agent->timers;
	uint64_t left = txn->deadline > timers->now ? txn->deadline - timers->now : 0;

	timer_start_us(&txn->timer, timers, left);
	sip_server_transaction_reply(txn, 100, SLICE_NONE, SLICE_NONE, SLICE_NONE);
}

/* Timer G: the response again, at twice the interval, until H is due (17.2.1). */
static void timer_g(struct sip_server_transaction *txn)
{
	struct sip_agent *agent = txn->agent;
	uint64_t left = txn->deadline - agent->timers->now;

	txn->interval = txn->interval < agent->timing.t2 / 2 ? 2 * txn->interval : agent->timing.t2;
	if (txn->interval * 1000ULL < left)
		left = txn->interval * 1000ULL;
	timer_start_us(&txn->timer, agent->timers, left);
	sip_server_transaction_resend(txn);
}

static void on_timer(void *arg)
{
	struct sip_server_transaction *txn = arg;
	bool late = txn->agent->timers->now >= txn->deadline;

	switch (txn->sm.state) {
	case SERVER_TRYING:
	case SERVER_PROCEEDING:
		/* RFC 4320 4.2: no 408; a client's timer F has long fired by now. */
		if (late)
			fail(txn, -ETIMEDOUT);
		else
			send_late_100(txn);
		break;
	case SERVER_COMPLETED:
		if (txn->invite && !late)
			timer_g(txn);
		else if (txn->invite) /* timer H: no ACK came */
			fail(txn, -ETIMEDOUT);
		else /* timer J */
			sip_server_transaction_terminate(txn);
		break;
	default: /* timers I and L */
		sip_server_transaction_terminate(txn);
		break;
	}
}

static void start_lifetime(struct sip_server_transaction *txn)
{
	txn->deadline = txn->agent->timers->now + lifetime_ms(txn->agent) * 1000;
	timer_start_ms(&txn->timer, txn->agent->timers, lifetime_ms(txn->agent));
}

int sip_server_transaction_new(struct sip_server_transaction **txnp, struct sip_agent *agent,
	const struct sip_msg *request, struct sip_key_value key, struct sip_source *source)
{
	struct sip_server_transaction *txn = obj_new(sizeof *txn, destroy);
	int err = -ENOMEM;

	if (!txn)
		goto out;
	err = sip_flow_for_response(request, &txn->flow);
	if (err < 0)
		goto out;
	txn->invite = request->method == SIP_INVITE;
	txn->sm = (struct sm){states, txn->invite ? SERVER_PROCEEDING : SERVER_TRYING,
		txn->invite ? "INVITE server transaction" : "server transaction"};
	txn->agent = agent;
	txn->source = source;
	txn->request = request;
	id_token(txn->tag, SIP_TAG_LETTERS);
	list_init(&txn->finished);
	timer_init(&txn->timer, on_timer, txn);
	start_lifetime(txn);
	if (!txn->invite)
		timer_start_ms(&txn->timer, agent->timers, late_100_ms(agent));
	sip_key_insert(&agent->server_transactions, &txn->key, key);
	if (request->to.tag.n == 0 && request->method != SIP_CANCEL) {
		sip_key_insert(&agent->merged, &txn->merged, sip_key_merged(request));
		txn->in_merged = true;
	}
	*txnp = obj_ref(txn);
	txn = NULL;
out:
	if (err < 0)
		sip_source_release(agent, source);
	obj_unref(txn);
	return err;
}

void sip_server_transaction_settle(struct sip_server_transaction *txn)
{
	const struct sip_server_transaction_handlers *handlers;
	const struct sip_msg *copy;
	void *arg;

	if (txn->sm.state > SERVER_PROCEEDING || txn->kept || !txn->request)
		return;
	copy = sip_msg_keep(txn->request);
	if (copy) {
		txn->request = copy;
		txn->kept = true;
		return;
	}
	handlers = txn->handlers;
	arg = txn->arg;
	txn->handlers = NULL; /* told now, and not again by timer H */
	if (sip_server_transaction_reply(txn, 500, SLICE_NONE, SLICE_NONE, SLICE_NONE) < 0)
		sip_server_transaction_terminate(txn);
	if (handlers && handlers->failed)
		handlers->failed(txn, -ENOMEM, arg);
}

/* Whether this is no loss such as networks have, but the way itself that is gone. */
static bool is_gone(const struct sip_flow *flow, int err)
{
	return sip_flow_reliable(flow) ? err == -ENOTCONN
				       : err == -ENETUNREACH || err == -EHOSTUNREACH;
}

static int transmit(struct sip_server_transaction *txn, struct slice response)
{
	int err = sip_flow_send(txn->flow, response);
	struct sip_flow *other;

	if (txn->agent && is_gone(txn->flow, err)) {
		sip_response_reroute(txn->agent, txn->flow, response, &other);
		if (other) {
			obj_unref(txn->flow);
			txn->flow = other;
		}
	}
	/* Anything but a size that will never pass is a lost packet, as networks lose them. */
	return err == -EMSGSIZE ? err : 0;
}

void sip_server_transaction_resend(struct sip_server_transaction *txn)
{
	if (txn->response)
		transmit(txn, slice_of(txn->response, txn->response_n));
}

void sip_server_transaction_forget(struct sip_server_transaction *txn)
{
	mem_free(txn->response);
	txn->response = NULL;
	txn->response_n = 0;
}

/* 17.2.1, 17.2.2; RFC 6026: in accepted a retransmission is absorbed. */
void sip_server_transaction_repeat(struct sip_server_transaction *txn)
{
	if (txn->sm.state == SERVER_PROCEEDING || txn->sm.state == SERVER_COMPLETED)
		sip_server_transaction_resend(txn);
}

bool sip_server_transaction_ack(struct sip_server_transaction *txn)
{
	struct sip_agent *agent = txn->agent;

	if (txn->sm.state == SERVER_ACCEPTED)
		return false;
	if (txn->sm.state != SERVER_COMPLETED)
		return true;
	sm_move(&txn->sm, SERVER_CONFIRMED);
	sip_server_transaction_forget(txn);
	if (sip_flow_reliable(txn->flow))
		sip_server_transaction_terminate(txn);
	else
		timer_start_ms(&txn->timer, agent->timers, agent->timing.t4); /* timer I */
	return true;
}

void sip_server_transaction_cancel(struct sip_server_transaction *txn, const struct sip_msg *cancel)
{
	if (txn->sm.state == SERVER_PROCEEDING && txn->handlers && txn->handlers->cancelled)
		txn->handlers->cancelled(txn, cancel, txn->arg);
}

void sip_server_transaction_set_handlers(struct sip_server_transaction *txn,
	const struct sip_server_transaction_handlers *handlers, void *arg)
{
	if (txn->sm.state == SERVER_TERMINATED)
		return;
	txn->handlers = handlers;
	txn->arg = arg;
	if (!txn->invite || txn->sm.state != SERVER_PROCEEDING)
		return;
	/* An INVITE may ring as long as somebody means to answer it, and else not for ever. */
	if (handlers)
		timer_stop(&txn->timer);
	else
		start_lifetime(txn);
}

const struct sip_msg *sip_server_transaction_request(const struct sip_server_transaction *txn)
{
	return txn->request;
}

struct sip_flow *sip_server_transaction_flow(const struct sip_server_transaction *txn)
{
	return txn->flow;
}

const char *sip_server_transaction_tag(const struct sip_server_transaction *txn)
{
	return txn->tag;
}

/* Whether a response with this status may be given now. */
static int check_reply(const struct sip_server_transaction *txn, unsigned status)
{
	if (txn->sm.state == SERVER_TERMINATED)
		return -ETIMEDOUT;
	if (txn->sm.state > SERVER_PROCEEDING || !txn->request)
		return -EALREADY;
	if (status < 100 || status > 699 || (!txn->invite && status > 100 && status < 200))
		return -EINVAL;
	return 0;
}

struct buf *sip_server_transaction_begin(
	struct sip_server_transaction *txn, unsigned status, const char *reason)
{
	struct buf *out;

	if (check_reply(txn, status) < 0)
		return NULL;
	out = &txn->agent->out;
	buf_reset(out);
	sip_write_response(out, txn->request, status, reason, status > 100 ? txn->tag : NULL);
	sip_write_header_str(out, SIP_HDR_SERVER, txn->agent->product);
	return out;
}

/* Whether this response may be wanted again: by a retransmission, timer G or the 2xx's owner. */
static bool wanted_again(const struct sip_server_transaction *txn)
{
	return txn->invite || !sip_flow_reliable(txn->flow);
}

bool sip_server_transaction_make_room(struct sip_agent *agent, struct sip_source *source)
{
	struct sip_server_transaction *oldest;
	uint64_t lifetime = lifetime_ms(agent) * 1000;

	if (list_empty(&source->finished))
		return false;
	oldest = CONTAINER_OF(source->finished.next, struct sip_server_transaction, finished);
	if (agent->timers->now + lifetime < oldest->deadline + lifetime / REPEATED_PART)
		return false;
	sip_server_transaction_terminate(oldest);
	return true;
}

/* A final response has been sent. */
static void complete(struct sip_server_transaction *txn, unsigned status)
{
	struct sip_agent *agent = txn->agent;

	drop_request(txn);
	if (txn->invite && status < 300) {
		sm_move(&txn->sm, SERVER_ACCEPTED);
		start_lifetime(txn); /* timer L */
		list_append(&txn->source->finished, &txn->finished);
		return;
	}
	sm_move(&txn->sm, SERVER_COMPLETED);
	start_lifetime(txn); /* timer H or J */
	if (sip_flow_reliable(txn->flow)) {
		if (!txn->invite)
			sip_server_transaction_terminate(txn); /* J is 0 */
	} else if (txn->invite) {
		txn->interval = agent->timing.t1;
		timer_start_ms(&txn->timer, agent->timers, agent->timing.t1); /* timer G */
	} else {
		list_append(&txn->source->finished, &txn->finished);
	}
}

int sip_server_transaction_send(
	struct sip_server_transaction *txn, unsigned status, struct slice type, struct slice body)
{
	struct buf *out;
	char *copy = NULL;
	int err = check_reply(txn, status);

	if (err < 0)
		return err;
	out = &txn->agent->out;
	sip_write_end(out, type, body);
	if (out->err < 0)
		return out->err;
	err = transmit(txn, buf_view(out));
	if (err < 0)
		return err;
	/* Without memory for the copy it has been sent once all the same. */
	if (wanted_again(txn))
		copy = mem_strndup(out->p, out->n);
	mem_free(txn->response);
	txn->response = copy;
	txn->response_n = copy ? (uint32_t)out->n : 0;
	if (status >= 200)
		complete(txn, status);
	else
		sm_move(&txn->sm, SERVER_PROCEEDING);
	return 0;
}

int sip_server_transaction_reply(struct sip_server_transaction *txn, unsigned status,
	struct slice extra, struct slice type, struct slice body)
{
	int err = check_reply(txn, status);
	struct buf *out;

	if (err < 0)
		return err;
	out = sip_server_transaction_begin(txn, status, NULL);
	sip_write_lines(out, extra);
	return sip_server_transaction_send(txn, status, type, body);
}
