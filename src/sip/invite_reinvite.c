/* SPDX-License-Identifier: GPL-3.0-or-later */
/* INVITE usage: our own re-INVITEs, and what happens when both sides send one (RFC 3261 14.1). */
#include <errno.h>
#include <string.h>

#include "core/id.h"
#include "core/mem.h"
#include "sip/dialog_private.h"
#include "sip/flow.h"
#include "sip/invite_private.h"
#include "sip/locate.h"

enum {
	PATIENCE_MS = 180000, /* as proxies have for an INVITE (16.6 item 11) */
	MAX_RETRY_AFTER_S = 10,
	MAX_TRIES = 8,
};

void sip_invite_drop_offer(struct sip_invite *invite)
{
	if (!invite->offer)
		return;
	timer_stop(&invite->retry_timer);
	mem_free(invite->offer);
	invite->offer = NULL;
	invite->glare = obj_unref(invite->glare);
}

static struct slice put(char **at, struct slice s)
{
	struct slice copy = slice_of(*at, s.n);

	if (s.n)
		memcpy(*at, s.p, s.n);
	*at += s.n;
	return copy;
}

struct sip_invite_offer *sip_invite_keep_offer(const struct sip_body *body, struct slice extra)
{
	struct slice type = body ? body->type : SLICE_NONE;
	struct slice data = body ? body->data : SLICE_NONE;
	struct sip_invite_offer *offer = mem_zalloc(sizeof *offer + type.n + data.n + extra.n);
	char *at = (char *)(offer + 1);

	if (!offer)
		return NULL;
	offer->type = put(&at, type);
	offer->data = put(&at, data);
	offer->extra = put(&at, extra);
	return offer;
}

static int send_by(struct sip_invite *invite, struct sip_flow *flow, size_t limit)
{
	struct sip_body body = {invite->offer->type, invite->offer->data};

	return sip_invite_send(
		invite, flow, invite->offer->cseq, limit, &body, invite->offer->extra);
}

static int send_by_tcp(struct sip_invite *invite, const struct sip_flow *flow)
{
	struct sip_flow *tcp;
	int err = sip_flow_tcp_instead(invite->agent, flow, &tcp);

	if (err < 0)
		return err;
	err = send_by(invite, tcp, 0);
	obj_unref(tcp);
	return err;
}

/* By this flow; what is too large for UDP by TCP if there is TCP (18.1.1). */
static int send_reinvite(struct sip_invite *invite, struct sip_flow *flow)
{
	struct sip_invite_offer *offer = invite->offer;
	bool may_switch =
		flow->transport == SIP_UDP && !offer->udp && !sip_dialog_keeps_flow(invite->dialog);
	int err = send_by(invite, flow, may_switch ? SIP_UDP_LIMIT : 0);

	offer->heard = false;
	if (err != -EMSGSIZE || !may_switch)
		return err;
	offer->large = true;
	if (send_by_tcp(invite, flow) == 0)
		return 0;
	offer->udp = true;
	return send_by(invite, flow, 0);
}

static int send_offer(struct sip_invite *invite)
{
	struct sip_flow *flow;
	int err;

	if (invite->offer->update)
		return sip_invite_send_update(invite);
	err = sip_dialog_flow(invite->dialog, &flow);
	if (err < 0)
		return err;
	invite->offer->cseq = sip_dialog_next_cseq(invite->dialog);
	err = send_reinvite(invite, flow);
	if (err == 0)
		timer_start_ms(&invite->retry_timer, invite->agent->timers, PATIENCE_MS);
	obj_unref(flow);
	return err;
}

bool sip_invite_reinvite_again(struct sip_invite *invite)
{
	return invite->offer && send_offer(invite) == 0;
}

bool sip_invite_reinvite_by_udp(struct sip_invite *invite)
{
	struct sip_invite_offer *offer = invite->offer;
	struct sip_flow *flow;
	bool sent;

	if (!offer || !offer->large || offer->udp || offer->heard ||
		sip_dialog_flow(invite->dialog, &flow) < 0)
		return false;
	offer->udp = true;
	sent = send_reinvite(invite, flow) == 0;
	obj_unref(flow);
	return sent;
}

int sip_invite_renegotiate(
	struct sip_invite *invite, const struct sip_body *body, struct slice extra)
{
	int err;

	if (invite->sm.state == INVITE_ANSWERED)
		return -EBUSY;
	if (invite->sm.state != INVITE_ESTABLISHED)
		return -EINVAL;
	if (invite->incoming || invite->outgoing || invite->need_ack || invite->offer ||
		invite->update || invite->asking)
		return -EBUSY;
	err = sip_invite_check_extra(extra);
	if (err == 0) {
		invite->offer = sip_invite_keep_offer(body, extra);
		err = invite->offer ? send_offer(invite) : -ENOMEM;
	}
	if (err < 0)
		sip_invite_drop_offer(invite);
	return err;
}

static void tell_refused(struct sip_invite *invite, const struct sip_msg *response)
{
	/* Nobody has asked for an UPDATE that only refreshes; the session timer tries again. */
	bool silent = invite->offer && invite->offer->update && invite->offer->type.n == 0;
	bool executed = invite->executed && invite->offer && !invite->offer->update;

	sip_invite_drop_offer(invite);
	if (!silent && invite->handlers && invite->handlers->refused)
		invite->handlers->refused(invite, response, invite->arg);
	/* RFC 6141 3.4: was what it undoes not done on both sides? */
	if (executed && invite->sm.state == INVITE_ESTABLISHED && invite->handlers &&
		invite->handlers->refresh)
		invite->handlers->refresh(invite, invite->arg);
}

/* 14.1: who made the Call-ID waits 2.1 to 4 s, the other one up to 2 s, so that they miss. */
static uint64_t glare_wait_ms(const struct sip_invite *invite)
{
	if (sip_dialog_is_caller(invite->dialog))
		return 2100 + 10 * (uint64_t)random_below(191);
	return 10 * (uint64_t)random_below(201);
}

/* 14.2, RFC 3311 5.2: it has another one of ours in hand, or one of its own. */
static bool is_busy(const struct sip_msg *response, uint64_t *wait_ms)
{
	struct sip_word_params value;
	struct slice number;
	uint32_t seconds;

	if (response->status != 500 ||
		sip_word_params_parse(sip_msg_value(response, SIP_HDR_RETRY_AFTER), &value) < 0)
		return false;
	slice_cut(&value.word, '(', &number); /* 20.33: a comment may follow */
	if (slice_u32(slice_trim(number), MAX_RETRY_AFTER_S, &seconds) < 0)
		return false;
	*wait_ms = seconds * 1000ULL;
	return true;
}

/* Whether it may be sent again as it is, and after how long. */
static bool is_put_off(
	const struct sip_invite *invite, const struct sip_msg *response, uint64_t *wait_ms)
{
	if (!invite->offer || invite->offer->tries >= MAX_TRIES)
		return false;
	if (response->status != 491)
		return is_busy(response, wait_ms);
	*wait_ms = glare_wait_ms(invite);
	return true;
}

static void put_off(struct sip_invite *invite, const struct sip_msg *response, uint64_t wait_ms)
{
	invite->offer->tries++;
	invite->glare = sip_msg_keep(response);
	if (invite->glare)
		timer_start_ms(&invite->retry_timer, invite->agent->timers, wait_ms);
	else
		tell_refused(invite, response);
}

void sip_invite_reinvite_refused(struct sip_invite *invite, const struct sip_msg *response)
{
	bool gone = !response || response->status == 408 || response->status == 481;
	uint64_t wait_ms;

	timer_stop(&invite->retry_timer);
	if (response && is_put_off(invite, response, &wait_ms)) {
		put_off(invite, response, wait_ms);
	} else if (response && invite->offer && sip_invite_raise_interval(invite, response)) {
		if (send_offer(invite) < 0)
			tell_refused(invite, response);
	} else if (gone && invite->sm.state != INVITE_ESTABLISHED) {
		sip_invite_end(
			invite, SLICE_NONE); /* an early dialog knows no BYE of who was called */
	} else if (response && response->status == 481) {
		sip_invite_conclude(invite, 481, response); /* 14.1: there is no such call there */
	} else if (!response || response->status == 408) {
		sip_invite_bye(invite, 408, SLICE_NONE); /* 14.1, 12.2.1.2 */
	} else {
		tell_refused(invite, response);
	}
}

/* Tell of the 491 that was being waited out. */
static void give_up(struct sip_invite *invite)
{
	struct sip_msg *response = obj_ref(invite->glare);

	timer_stop(&invite->retry_timer);
	tell_refused(invite, response);
	obj_unref(response);
}

void sip_invite_yield(struct sip_invite *invite)
{
	if (invite->glare)
		give_up(invite);
}

void sip_invite_retry(struct sip_invite *invite)
{
	if (!invite->glare) {
		if (invite->outgoing)
			sip_client_transaction_cancel(invite->outgoing, SLICE_NONE);
		return;
	}
	if (send_offer(invite) < 0)
		give_up(invite);
	else
		invite->glare = obj_unref(invite->glare);
}
