/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * SIP session: a call of ours until it is answered. The offer is made when the way of the INVITE is
 * known, as it names our address; answers in reliable provisional responses (RFC 3262 5) are kept for
 * the 2xx of their branch, which need not repeat them.
 */
#include <errno.h>

#include "core/mem.h"
#include "session/sip_requests.h"
#include "session/sip_session_internal.h"
#include "sip/message.h"
#include "sip/message_write.h"

enum { MAX_EARLY = 8 }; /* branches whose answers are kept: as many as the usage follows */

/* Owned by its session. */
struct sip_call {
	unsigned kinds;
	struct sdp *description; /* the negotiation's; NULL: not made yet */
	struct sip_msg *early[MAX_EARLY];
	unsigned n_early;
};

void sip_session_call_free(struct sip_session *s)
{
	if (!s->call)
		return;
	for (unsigned i = 0; i < s->call->n_early; i++)
		obj_unref(s->call->early[i]);
	mem_free(s->call);
	s->call = NULL;
}

/* ---- offer and answer -------------------------------------------------------------------------- */

int sip_session_call_offer(
	struct sip_invite *invite, const struct addr *local, struct sip_body *body, void *arg)
{
	struct sip_session *s = arg;
	int err = 0;

	/* To another target, or again after a challenge: the same as long as our address is. */
	if (!s->call->description || !addr_equal_host(local, &s->local))
		err = sip_session_media_offer(s, local, s->call->kinds, &s->call->description);
	if (err)
		s->call->description = NULL;
	else
		*body = (struct sip_body){SLICE("application/sdp"), s->call->description->text};
	return err;
}

void sip_session_call_progress(struct sip_invite *invite, const struct sip_msg *response, void *arg)
{
	struct sip_session *s = obj_ref(arg);

	if (session_state(&s->base) == SESSION_OUTGOING && s->base.handlers->progress)
		s->base.handlers->progress(&s->base, response->status, s->base.arg);
	obj_unref(s);
}

static struct sip_msg *find_early(const struct sip_call *call, const struct sip_msg *response)
{
	for (unsigned i = 0; i < call->n_early; i++) {
		if (slice_eq(call->early[i]->to.tag, response->to.tag))
			return call->early[i];
	}
	return NULL;
}

void sip_session_call_early(struct sip_invite *invite, const struct sip_msg *response, void *arg)
{
	struct sip_session *s = arg;

	/* RFC 3262 5: the first description of a branch is the answer. */
	if (s->call && s->call->n_early < MAX_EARLY && sip_session_media_is_in(response) &&
		!find_early(s->call, response)) {
		struct sip_msg *kept = sip_msg_keep(response);

		if (kept)
			s->call->early[s->call->n_early++] = kept;
	}
	sip_session_call_progress(invite, response, arg);
}

void sip_session_call_answered(struct sip_session *s, const struct sip_msg *response)
{
	const struct sip_msg *early = find_early(s->call, response);
	int err = sip_session_media_answered(s, early ? early : response);

	sip_session_call_free(s);
	if (session_state(&s->base) == SESSION_ENDED)
		return;
	if (err || session_kinds(&s->base, STREAM_ACTIVE) == 0)
		sip_session_end_with(s, 500, "the peer gave no usable answer to our offer");
	else
		session_set_started(&s->base);
}

/* ---- calling ----------------------------------------------------------------------------------- */

/* A header field of the URI that we were asked to call (RFC 3261 19.1.5), as a line; the rest not. */
static void write_uri_headers(struct slice to, struct buf *lines)
{
	struct slice name, value;
	struct buf text;
	struct uri uri;

	if (uri_parse(to, &uri) < 0)
		return;
	buf_init(&text, SIP_MAX_MESSAGE);
	while (uri_next_header(&uri.headers, &name, &value)) {
		if (!slice_eq_nocase(name, SLICE("Replaces")))
			continue;
		buf_reset(&text);
		uri_unescape(value, &text);
		sip_write_header(lines, SIP_HDR_REPLACES, buf_view(&text));
		sip_write_header_str(lines, SIP_HDR_REQUIRE, "replaces");
		break;
	}
	if (text.err && !lines->err)
		lines->err = text.err;
	buf_free(&text);
}

static int connect_invite(struct sip_session *s, const struct sip_request_context *context,
	const struct outgoing_call *call)
{
	struct sip_invite_target target = {
		.focus = call->focus, .credentials = context->credentials};
	struct sip_addresses addresses;
	struct buf lines;
	int err;

	buf_init(&lines, SIP_MAX_MESSAGE);
	write_uri_headers(call->to, &lines);
	if (call->referred_by.n)
		sip_write_header(&lines, SIP_HDR_REFERRED_BY, call->referred_by);
	if (call->subject.n)
		sip_write_header(&lines, SIP_HDR_SUBJECT, call->subject);
	err = sip_addresses_set(&addresses, call->from, call->to);
	if (!err)
		err = lines.err;
	target.uri = buf_view(&addresses.uri);
	target.from = buf_view(&addresses.from);
	target.to = buf_view(&addresses.to);
	if (!err)
		err = sip_invite_connect(&s->invite, context->agent, &target, NULL,
			buf_view(&lines), &sip_session_invite_handlers, s);
	sip_addresses_free(&addresses);
	buf_free(&lines);
	return err;
}

static int set_identities(struct sip_session *s, const struct outgoing_call *call)
{
	struct slice name = slice_str(call->from->display_name);
	struct buf text;
	struct uri uri;
	int err;

	buf_init(&text, SIP_MAX_MESSAGE);
	buf_printf(&text, "sip:%s", call->from->address);
	err = text.err ? text.err : uri_parse(buf_view(&text), &uri);
	if (!err)
		err = identity_set(&s->base.local, &uri, name, call->from->proof);
	if (!err)
		err = uri_parse(call->to, &uri);
	if (!err)
		err = identity_set(&s->base.remote, &uri, SLICE_NONE, IDENTITY_UNPROVED);
	buf_free(&text);
	return err;
}

int sip_call_start(void *context, const struct outgoing_call *call,
	const struct session_handlers *handlers, void *arg, struct session **session)
{
	const struct sip_request_context *c = context;
	struct sip_session *s = sip_session_new(c->sessions, SESSION_OUTGOING);
	int err = -ENOMEM;

	if (!s)
		return err;
	s->call = mem_zalloc(sizeof *s->call);
	if (!s->call)
		goto out;
	s->call->kinds = call->kinds;
	err = set_identities(s, call);
	if (!err)
		err = sip_session_keep_texts(
			s, slice_str(s->base.local.address), SLICE_NONE, SLICE_NONE);
	if (!err)
		err = connect_invite(s, c, call);
	if (err)
		goto out;
	session_set_handlers(&s->base, handlers, arg);
	sip_session_enlist(s);
	*session = obj_ref(&s->base);
	return 0;
out:
	obj_unref(s);
	return err;
}
