/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * INVITE usage: the session timer (RFC 4028). A call whose refresher falls silent is ended. Every
 * INVITE and UPDATE of either side agrees anew on the interval and on who refreshes.
 */
#include <errno.h>

#include "core/mem.h"
#include "sip/flow.h"
#include "sip/invite_private.h"

/* Section 10: who does not refresh gives up this long, or a third, before the end. Seconds. */
enum { EARLY_END = 32 };

static uint32_t max_u32(uint32_t a, uint32_t b)
{
	return a > b ? a : b;
}

static uint32_t least(const struct sip_invite *invite)
{
	return max_u32(invite->agent->session_min, invite->session_min);
}

/* What we ask for: what holds already, else what is configured. 0: nothing. */
static uint32_t wanted(const struct sip_invite *invite)
{
	uint32_t seconds = invite->session_seconds;

	if (!seconds)
		seconds = invite->agent->session_expires;
	return seconds ? max_u32(seconds, least(invite)) : 0;
}

static bool knows_timer(const struct sip_msg *msg)
{
	return sip_msg_has_token(msg, SIP_HDR_SUPPORTED, "timer") ||
	       sip_msg_has_token(msg, SIP_HDR_REQUIRE, "timer");
}

void sip_invite_note_abilities(struct sip_invite *invite, const struct sip_msg *msg)
{
	if (sip_msg_header(msg, SIP_HDR_ALLOW))
		invite->terms.peer_updates = sip_msg_has_token(msg, SIP_HDR_ALLOW, "UPDATE");
}

/* ---- the clock --------------------------------------------------------------------------------- */

static void start(struct sip_invite *invite, uint32_t seconds, bool refresher)
{
	struct timer_set *timers = invite->agent->timers;
	uint32_t early = seconds / 3 < EARLY_END ? seconds / 3 : EARLY_END;
	uint64_t wait = (seconds - early) * 1000000ULL;

	invite->session_seconds = seconds;
	invite->refresher = refresher;
	invite->session_expiry = timers->now + wait;
	timer_start_us(&invite->session_timer, timers, refresher ? seconds * 500000ULL : wait);
}

static void stop(struct sip_invite *invite)
{
	invite->session_seconds = 0;
	timer_stop(&invite->session_timer);
}

/* Sections 7.4, 9: a refresh by UPDATE if the peer knows it, else by re-INVITE. */
static void refresh(struct sip_invite *invite)
{
	if (invite->terms.peer_updates)
		sip_invite_refresh(invite);
	else if (invite->handlers && invite->handlers->refresh)
		invite->handlers->refresh(invite, invite->arg);
}

void sip_invite_session_timer(void *arg)
{
	struct sip_invite *invite = obj_ref(arg);
	struct timer_set *timers = invite->agent->timers;
	uint64_t again = invite->session_seconds * 1000000ULL / 8;

	if (timers->now >= invite->session_expiry && invite->sm.state == INVITE_ESTABLISHED) {
		sip_invite_bye(invite, 408, SLICE("SIP;cause=408;text=\"Session expired\""));
		goto out;
	}
	/* Tried again before the end: it may be refused, or another request is under way. */
	if (timers->now + again > invite->session_expiry)
		again = timers->now < invite->session_expiry ? invite->session_expiry - timers->now
							     : 1000000;
	timer_start_us(&invite->session_timer, timers, again);
	if (invite->refresher && invite->sm.state == INVITE_ESTABLISHED)
		refresh(invite);
out:
	obj_unref(invite);
}

/* ---- the side that answers --------------------------------------------------------------------- */

bool sip_invite_refuse_interval(
	struct sip_agent *agent, struct sip_server_transaction *txn, const struct sip_msg *request)
{
	struct slice value = sip_msg_value(request, SIP_HDR_SESSION_EXPIRES);
	struct sip_session_expires asked;
	struct buf line;

	if (value.n == 0 || sip_session_expires_parse(value, &asked) < 0)
		return false;
	/* Section 9: to who does not know the header, 422 would say nothing. */
	if (asked.seconds >= agent->session_min || !knows_timer(request))
		return false;
	buf_init(&line, 64);
	buf_printf(&line, "Min-SE: %u\r\n", agent->session_min);
	sip_server_transaction_reply(txn, 422, buf_view(&line), SLICE_NONE, SLICE_NONE);
	buf_free(&line);
	return true;
}

void sip_invite_read_interval(
	struct sip_invite *invite, const struct sip_msg *request, struct sip_invite_interval *grant)
{
	struct slice value = sip_msg_value(request, SIP_HDR_SESSION_EXPIRES);
	struct sip_session_expires asked;
	uint32_t floor = 0;

	*grant = (struct sip_invite_interval){.known = knows_timer(request)};
	sip_number_parse(sip_msg_value(request, SIP_HDR_MIN_SE), &floor);
	floor = max_u32(floor, least(invite));
	if (value.n == 0 || sip_session_expires_parse(value, &asked) < 0) {
		asked = (struct sip_session_expires){wanted(invite), SIP_REFRESHER_NONE};
	} else if (invite->agent->session_expires &&
		   invite->agent->session_expires < asked.seconds) {
		asked.seconds = invite->agent->session_expires;
	}
	if (asked.seconds)
		grant->seconds = max_u32(asked.seconds, floor);
	/* Table 2: who does not know it cannot refresh; who has no wish leaves it to us. */
	grant->peer_refreshes = grant->known && asked.refresher == SIP_REFRESHER_UAC;
}

void sip_invite_write_granted(const struct sip_invite_interval *grant, struct buf *out)
{
	if (!grant->seconds)
		return;
	sip_write_header_f(out, SIP_HDR_SESSION_EXPIRES, "%u;refresher=%s", grant->seconds,
		grant->peer_refreshes ? "uac" : "uas");
	if (grant->known)
		sip_write_header_str(out, SIP_HDR_REQUIRE, "timer");
}

void sip_invite_start_granted(struct sip_invite *invite, const struct sip_invite_interval *grant)
{
	if (grant->seconds)
		start(invite, grant->seconds, !grant->peer_refreshes);
	else
		stop(invite);
}

/* ---- the side that asks ------------------------------------------------------------------------ */

void sip_invite_write_interval(const struct sip_invite *invite, struct buf *out)
{
	uint32_t seconds = wanted(invite);
	const char *refresher = "";

	if (!seconds)
		return;
	if (invite->session_seconds) /* section 7.4: it stays who it is */
		refresher = invite->refresher ? ";refresher=uac" : ";refresher=uas";
	sip_write_header_f(out, SIP_HDR_SESSION_EXPIRES, "%u%s", seconds, refresher);
	if (least(invite) != SIP_SESSION_MIN)
		sip_write_header_u32(out, SIP_HDR_MIN_SE, least(invite));
}

void sip_invite_take_interval(struct sip_invite *invite, const struct sip_msg *response)
{
	struct slice value = sip_msg_value(response, SIP_HDR_SESSION_EXPIRES);
	struct sip_session_expires granted;

	if (value.n == 0 || sip_session_expires_parse(value, &granted) < 0) {
		stop(invite); /* section 7.2: without the header the session does not expire */
		return;
	}
	/* One that keeps refreshing too often is not taken at its word. */
	start(invite, max_u32(granted.seconds, invite->agent->session_min),
		granted.refresher != SIP_REFRESHER_UAS);
}

bool sip_invite_raise_interval(struct sip_invite *invite, const struct sip_msg *response)
{
	uint32_t floor = 0;

	if (response->status != 422 ||
		sip_number_parse(sip_msg_value(response, SIP_HDR_MIN_SE), &floor) < 0 ||
		floor <= least(invite) || floor > INT32_MAX)
		return false;
	invite->session_min = floor;
	return true;
}
