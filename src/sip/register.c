/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Registration: when to register, refresh, try again and take back (RFC 3261 10.2, RFC 5626 4.2,
 * 4.5).
 *
 *     start --> REGISTER --2xx--> registered --time--> REGISTER by the same flow
 *                ^    |               |
 *                |    | refused,      | flow broken, or a refresh was not answered
 *                |    | no answer     v
 *                '- wait W        REGISTER by a new flow
 */
#include "sip/register.h"

#include <errno.h>

#include "core/id.h"
#include "core/mem.h"
#include "sip/flow.h"
#include "sip/message.h"
#include "sip/register_private.h"

enum {
	MAX_WAIT_S = 1800,  /* RFC 5626 4.5 */
	BASE_S = 30,        /* when no other flow works */
	BASE_BACKED_S = 90, /* when one does */
	MAX_ASKED = 7 * 86400,
	LONG_S = 1200, /* RFC 5626 has no word on it: 10 minutes before the end, */
	EARLY_S = 600, /* or half way of what is shorter */
};

static void attempt(struct sip_register *reg);

/* ---- the end ----------------------------------------------------------------------------------- */

static void drop_flow(struct sip_register *reg)
{
	sip_flow_unwatch(&reg->watch);
	sip_keepalive_stop(&reg->keepalive);
	reg->flow = obj_unref(reg->flow);
	reg->proved = false;
}

static void drop_uac(struct sip_register *reg)
{
	if (reg->uac)
		sip_uac_abandon(reg->uac);
	reg->uac = obj_unref(reg->uac);
}

/* Over: the agent's reference goes. */
static void conclude(struct sip_register *reg)
{
	if (!reg->agent)
		return;
	timer_stop(&reg->timer);
	drop_uac(reg);
	drop_flow(reg);
	list_remove(&reg->node);
	reg->agent = NULL;
	reg->changed = NULL;
	obj_unref(reg);
}

static void destroy(void *obj)
{
	struct sip_register *reg = obj;

	if (reg->text)
		explicit_bzero((void *)(uintptr_t)reg->password.p, reg->password.n);
	mem_free(reg->text);
	mem_free(reg->gruus);
	mem_free(reg->routes);
}

void sip_register_forget_all(struct sip_agent *agent)
{
	while (!list_empty(&agent->registers))
		conclude(CONTAINER_OF(agent->registers.next, struct sip_register, node));
}

/* ---- failures ---------------------------------------------------------------------------------- */

static void tell(struct sip_register *reg)
{
	if (reg->changed)
		reg->changed(reg, &reg->state, reg->arg);
}

/* 4.5: a random time between half and all of W. */
static uint64_t next_wait_ms(const struct sip_register *reg)
{
	uint64_t w = reg->backed ? BASE_BACKED_S : BASE_S;

	for (unsigned i = 0; i < reg->failures && w < MAX_WAIT_S; i++)
		w *= 2;
	if (w > MAX_WAIT_S)
		w = MAX_WAIT_S;
	return w * 500 + random_below((uint32_t)(w * 500 + 1));
}

/* Not registered: once more in wait_ms. */
static void fail(struct sip_register *reg, unsigned status, uint64_t wait_ms)
{
	drop_flow(reg);
	reg->state.registered = false;
	reg->state.status = status;
	reg->state.retry_ms = wait_ms;
	timer_start_ms(&reg->timer, reg->agent->timers, wait_ms);
	tell(reg);
}

static void fail_and_wait(struct sip_register *reg, unsigned status, uint64_t at_least_ms)
{
	uint64_t wait_ms;

	reg->failures++;
	wait_ms = next_wait_ms(reg);
	fail(reg, status, wait_ms > at_least_ms ? wait_ms : at_least_ms);
}

/*
 * 4.5: a flow that has worked is made anew at once; only when that fails it is waited. One that
 * never worked counts as a failure.
 */
static void lose_flow(struct sip_register *reg)
{
	struct sip_flow *flow = obj_ref(reg->flow);
	bool again = reg->proved;

	drop_uac(reg);
	if (reg->closing)
		conclude(reg);
	else if (again)
		fail(reg, 503, 0);
	else
		fail_and_wait(reg, 503, 0);
	if (flow)
		sip_flow_abandon(flow, -ETIMEDOUT);
	obj_unref(flow);
}

static void on_flow_failed(int err, void *arg)
{
	struct sip_register *reg = obj_ref(arg);

	lose_flow(reg);
	obj_unref(reg);
}

static void on_proved(void *arg)
{
	struct sip_register *reg = arg;

	reg->proved = true;
	reg->failures = 0;
}

/* ---- responses --------------------------------------------------------------------------------- */

static void keep_flow(struct sip_register *reg, struct sip_flow *flow)
{
	bool same = flow == reg->flow;

	if (!same) {
		obj_ref(flow);
		drop_flow(reg);
		reg->flow = flow;
		reg->watch = (struct sip_flow_watch){.failed = on_flow_failed, .arg = reg};
		list_init(&reg->watch.node);
		sip_flow_watch(flow, &reg->watch);
	}
	if (!reg->state.outbound && !reg->flow_timer) {
		on_proved(reg);
		sip_keepalive_stop(&reg->keepalive);
	} else if (!same || !reg->keepalive.flow) {
		sip_keepalive_start(&reg->keepalive, flow, reg->flow_timer);
	}
}

static uint64_t refresh_ms(uint32_t expires)
{
	uint64_t ms;

	if (expires > LONG_S)
		ms = (uint64_t)(expires - EARLY_S) * 1000;
	else
		ms = (uint64_t)expires * 500;
	return ms > 1000 ? ms : 1000;
}

static void receive_success(struct sip_register *reg, const struct sip_msg *response)
{
	struct sip_flow *flow = sip_uac_flow(reg->uac);

	if (sip_register_learn(reg, response) < 0) {
		fail_and_wait(reg, 500, 0);
		return;
	}
	reg->raised = false;
	reg->state.registered = true;
	reg->state.status = response->status;
	reg->state.retry_ms = 0;
	if (flow->closed) {
		lose_flow(reg);
		return;
	}
	keep_flow(reg, flow);
	timer_start_ms(&reg->timer, reg->agent->timers, refresh_ms(reg->state.expires));
	tell(reg);
}

/* 10.2.8: the registrar names the shortest time that it takes. True: asked again. */
static bool obey_interval(struct sip_register *reg, const struct sip_msg *response)
{
	uint32_t min;

	if (reg->raised ||
		sip_number_parse(sip_msg_value(response, SIP_HDR_MIN_EXPIRES), &min) < 0 ||
		min <= reg->asked || min > MAX_ASKED)
		return false;
	reg->raised = true;
	reg->asked = min;
	attempt(reg);
	return true;
}

static uint64_t retry_after_ms(const struct sip_msg *response)
{
	struct sip_word_params value;
	struct slice number;
	uint32_t seconds;

	/* 20.33: a comment may follow the number. */
	if (sip_word_params_parse(sip_msg_value(response, SIP_HDR_RETRY_AFTER), &value) < 0)
		return 0;
	slice_cut(&value.word, '(', &number);
	if (sip_number_parse(number, &seconds) < 0)
		return 0;
	return (uint64_t)(seconds < MAX_ASKED ? seconds : MAX_ASKED) * 1000;
}

static void receive_refusal(
	struct sip_register *reg, unsigned status, const struct sip_msg *response)
{
	if (response && status == 423 && obey_interval(reg, response))
		return;
	/* RFC 5626 11.6: the first hop does not take part; it works without. */
	if (status == 439 && reg->reg_id) {
		reg->reg_id = 0;
		attempt(reg);
		return;
	}
	/* 4.2.1, 11.5: the old flow is dead, though nobody has said so. */
	if (reg->by_old_flow && (status == 408 || status == 503 || status == 430) &&
		!(response && retry_after_ms(response))) {
		lose_flow(reg);
		return;
	}
	fail_and_wait(reg, status, response ? retry_after_ms(response) : 0);
}

static void on_done(struct sip_uac *uac, unsigned status, const struct sip_msg *response, void *arg)
{
	struct sip_register *reg = obj_ref(arg);

	reg->cseq = sip_uac_cseq(uac);
	if (reg->closing && reg->asked > 0 && reg->state.registered) {
		/* What was under way when it was closed is done: now it is taken back. */
		reg->asked = 0;
		drop_uac(reg);
		attempt(reg);
	} else if (reg->closing) {
		conclude(reg);
	} else {
		if (response && status < 300)
			receive_success(reg, response);
		if (reg->uac == uac)
			drop_uac(reg);
		if (!response || status >= 300)
			receive_refusal(reg, status, response);
	}
	obj_unref(reg);
}

static const struct sip_uac_handlers uac_handlers = {.done = on_done};

/* ---- sending ----------------------------------------------------------------------------------- */

static void attempt(struct sip_register *reg)
{
	int err;

	timer_stop(&reg->timer);
	reg->by_old_flow = reg->flow && !reg->flow->closed;
	err = sip_register_send(reg, &uac_handlers);
	if (err < 0 && reg->closing)
		conclude(reg);
	else if (err < 0)
		fail_and_wait(reg, err == -ENOMEM ? 500 : 503, 0);
}

static void on_timer(void *arg)
{
	struct sip_register *reg = obj_ref(arg);

	attempt(reg);
	obj_unref(reg);
}

/* ---- for its user ------------------------------------------------------------------------------ */

int sip_register_start(struct sip_register **regp, struct sip_agent *agent,
	const struct sip_register_params *params, sip_register_changed_fn *changed, void *arg)
{
	struct sip_register *reg = NULL;
	int err = -ENOTCONN;

	if (agent->closed || agent->shutting_down)
		goto out;
	err = -ENOMEM;
	reg = obj_new(sizeof *reg, destroy);
	if (!reg)
		goto out;
	list_init(&reg->node);
	list_init(&reg->watch.node);
	timer_init(&reg->timer, on_timer, reg);
	sip_keepalive_init(&reg->keepalive, agent->timers, on_flow_failed, on_proved, reg);
	err = sip_register_copy(reg, params);
	if (err < 0)
		goto out;
	id_token(reg->call_id, sizeof reg->call_id - 1);
	id_token(reg->tag, SIP_TAG_LETTERS);
	reg->agent = agent;
	reg->changed = changed;
	reg->arg = arg;
	list_append(&agent->registers, &reg->node);
	obj_ref(reg); /* the list's */
	timer_start_ms(&reg->timer, agent->timers, 0);
	if (regp)
		*regp = obj_ref(reg);
out:
	obj_unref(reg);
	return err;
}

void sip_register_close(struct sip_register *reg)
{
	if (reg->closing || !reg->agent)
		return;
	obj_ref(reg);
	reg->closing = true;
	reg->changed = NULL;
	timer_stop(&reg->timer);
	sip_keepalive_stop(&reg->keepalive);
	if (reg->uac) {
		/* 10.2: one at a time; on_done goes on. It may bind us, so it is taken back. */
		reg->state.registered = true;
	} else if (reg->state.registered) {
		reg->asked = 0;
		attempt(reg);
	} else {
		conclude(reg);
	}
	obj_unref(reg);
}

const struct sip_register_state *sip_register_state(const struct sip_register *reg)
{
	return &reg->state;
}

void sip_register_set_backed(struct sip_register *reg, bool backed)
{
	reg->backed = backed;
}

struct sip_flow *sip_register_flow(const struct sip_register *reg)
{
	return reg->flow;
}

void sip_register_receive_stun(
	struct sip_agent *agent, struct sip_flow *flow, struct slice datagram)
{
	struct stun_message msg;
	struct list_node *it, *next;

	if (agent->closed || stun_parse(datagram, &msg) < 0 || msg.method != STUN_BINDING)
		return;
	if (msg.class == STUN_REQUEST)
		sip_keepalive_answer(flow, &msg);
	if (msg.class != STUN_SUCCESS && msg.class != STUN_ERROR)
		return;
	LIST_FOR_EACH(it, next, &agent->registers) {
		struct sip_register *reg = CONTAINER_OF(it, struct sip_register, node);

		if (sip_keepalive_receive(&reg->keepalive, flow, &msg))
			return;
	}
}
