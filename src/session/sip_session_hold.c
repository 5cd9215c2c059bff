/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SIP session: offers of ours in a running call, and putting the peer on hold by one (RFC 3264 8.4). */
#include <errno.h>
#include <string.h>

#include "core/log.h"
#include "session/sip_session_internal.h"
#include "sip/message.h"

#define LOG_NAME "sylk.core"

int sip_session_offer_again(struct sip_session *s)
{
	struct sdp *description;
	struct sip_body body;
	int err;

	if (session_state(&s->base) != SESSION_CONNECTED)
		return -EINVAL;
	if (s->exchange != EXCHANGE_NONE)
		return -EBUSY;
	s->exchange = EXCHANGE_TO_OFFER;
	err = sip_session_media_accept(s, 0, &description);
	if (!err) {
		body = (struct sip_body){SLICE("application/sdp"), description->text};
		err = sip_invite_renegotiate(s->invite, &body, SLICE_NONE);
	}
	if (err)
		sip_session_media_rollback(s);
	return err;
}

static void mark(struct sip_session *s, bool hold)
{
	struct list_node *it;

	for (it = s->base.streams.next; it != &s->base.streams; it = it->next)
		CONTAINER_OF(it, struct session_stream, node)->held = hold;
}

/* It cannot be had: as it was. */
static void give_up(struct sip_session *s, const char *why)
{
	log_info(LOG_NAME, "%s cannot be %s: %s", s->base.remote.address,
		s->holds ? "put on hold" : "taken back from hold", why);
	s->holds = s->says_hold;
	mark(s, s->holds);
}

void sip_session_say_hold(struct sip_session *s)
{
	int err;

	if (s->holds == s->says_hold || session_state(&s->base) != SESSION_CONNECTED)
		return;
	err = sip_session_offer_again(s);
	/* Busy: said by whatever is under way, or after it. */
	if (err && err != -EBUSY)
		give_up(s, strerror(-err));
}

int sip_session_hold(struct session *session, bool hold)
{
	struct sip_session *s = CONTAINER_OF(session, struct sip_session, base);

	s->holds = hold;
	mark(s, hold);
	sip_session_say_hold(s);
	return 0;
}

void sip_session_hold_refused(struct sip_session *s, const struct sip_msg *response)
{
	if (!response || s->holds == s->says_hold)
		return;
	/* 491: the peer's own offer is here, and will be answered with what we wish. */
	if (response->status != 491)
		give_up(s, sip_reason_phrase(response->status));
}
