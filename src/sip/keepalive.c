/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Keep-alive of flows (RFC 5626 4.4, 8). */
#include "sip/keepalive.h"

#include <errno.h>

#include "core/id.h"
#include "core/mem.h"

enum {
	PONG_MS = 10000,       /* 4.4.1 */
	RTO_MS = 500,          /* RFC 8489 6.2.1: the first wait, which then doubles */
	SENDINGS = 7,          /* Rc */
	LAST_WAIT = 16,        /* Rm: times RTO behind the last sending */
	CONNECTION_MIN_S = 95, /* 4.4.1: where the server names no time */
	CONNECTION_MAX_S = 120,
	UDP_MIN_S = 24, /* 4.4.2 */
	UDP_MAX_S = 29,
	FLOW_TIMER_MAX_S = 7200
};

static void schedule(struct sip_keepalive *k)
{
	bool udp = !sip_flow_reliable(k->flow);
	uint32_t max = (udp ? UDP_MAX_S : CONNECTION_MAX_S) * 1000U;
	uint32_t min = (udp ? UDP_MIN_S : CONNECTION_MIN_S) * 1000U;

	/* 4.4: with Flow-Timer, between 80 and 100 % of it; a NAT on UDP's way stays what it is. */
	if (k->seconds && (!udp || k->seconds < UDP_MAX_S)) {
		max = k->seconds * 1000;
		min = max / 5 * 4;
	}
	timer_start_ms(&k->timer, k->timers, min + random_below(max - min + 1));
}

static void fail(struct sip_keepalive *k, int err)
{
	sip_keepalive_stop(k);
	k->failed(err, k->arg);
}

static int send_request(struct sip_keepalive *k)
{
	struct stun_writer w;

	stun_begin(&w, STUN_REQUEST, STUN_BINDING, &k->id);
	return w.err ? w.err : sip_flow_send(k->flow, stun_view(&w));
}

/* RFC 8489 6.2.1: send, and again, waiting twice as long each time. */
static void send_stun(struct sip_keepalive *k)
{
	int err;

	if (k->sent == SENDINGS) {
		fail(k, -ETIMEDOUT);
		return;
	}
	if (k->sent == 0)
		random_bytes(k->id.bytes, sizeof k->id.bytes);
	err = send_request(k);
	if (err < 0 && err != -EAGAIN && err != -ENOBUFS) {
		fail(k, err);
		return;
	}
	timer_start_ms(&k->timer, k->timers,
		k->sent + 1 == SENDINGS ? LAST_WAIT * RTO_MS : (uint64_t)RTO_MS << k->sent);
	k->sent++;
}

static void prove(struct sip_keepalive *k)
{
	schedule(k);
	k->proved(k->arg);
}

/* 4.4.1. Whatever comes by the connection shows that it works as well as the pong would. */
static void send_crlf(struct sip_keepalive *k)
{
	int err;

	if (k->pinged) {
		k->pinged = false;
		if (k->flow->heard == k->heard)
			fail(k, -ETIMEDOUT);
		else
			prove(k);
		return;
	}
	k->heard = k->flow->heard;
	err = sip_flow_send(k->flow, SLICE("\r\n\r\n"));
	if (err < 0 && err != -EAGAIN) {
		fail(k, err);
		return;
	}
	k->pinged = true;
	timer_start_ms(&k->timer, k->timers, PONG_MS);
}

static void on_timer(void *arg)
{
	struct sip_keepalive *k = arg;

	if (sip_flow_reliable(k->flow))
		send_crlf(k);
	else
		send_stun(k);
}

void sip_keepalive_init(struct sip_keepalive *k, struct timer_set *timers,
	void (*failed)(int err, void *arg), void (*proved)(void *arg), void *arg)
{
	*k = (struct sip_keepalive){
		.timers = timers, .failed = failed, .proved = proved, .arg = arg};
	timer_init(&k->timer, on_timer, k);
}

void sip_keepalive_start(struct sip_keepalive *k, struct sip_flow *flow, unsigned seconds)
{
	obj_ref(flow);
	sip_keepalive_stop(k);
	k->flow = flow;
	k->seconds = seconds < FLOW_TIMER_MAX_S ? seconds : FLOW_TIMER_MAX_S;
	schedule(k);
}

void sip_keepalive_stop(struct sip_keepalive *k)
{
	timer_stop(&k->timer);
	k->flow = obj_unref(k->flow);
	k->sent = 0;
	k->pinged = false;
	k->mapped.len = 0;
}

bool sip_keepalive_receive(
	struct sip_keepalive *k, const struct sip_flow *flow, const struct stun_message *response)
{
	bool moved;

	if (!k->flow || k->sent == 0 || !addr_equal(&flow->remote, &k->flow->remote) ||
		!stun_id_equal(&response->id, &k->id))
		return false;
	k->sent = 0;
	/* 4.4.2: an error response means a flow that does not work, and so does a new address. */
	moved = k->mapped.len && response->mapped.len && !addr_equal(&k->mapped, &response->mapped);
	if (response->class == STUN_ERROR || moved) {
		fail(k, -EPIPE);
		return true;
	}
	if (response->mapped.len)
		k->mapped = response->mapped;
	prove(k);
	return true;
}

void sip_keepalive_answer(struct sip_flow *flow, const struct stun_message *request)
{
	struct stun_writer w;

	/* RFC 8489 6.3.1: 420 names what is not understood. */
	stun_begin(&w, request->n_unknown ? STUN_ERROR : STUN_SUCCESS, STUN_BINDING, &request->id);
	if (request->n_unknown) {
		stun_add_error(&w, 420, SLICE("Unknown Attribute"));
		stun_add_unknown(&w, request);
	} else {
		stun_add_mapped(&w, &flow->remote);
	}
	if (request->has_fingerprint)
		stun_add_fingerprint(&w);
	if (!w.err)
		sip_flow_send(flow, stun_view(&w));
}
