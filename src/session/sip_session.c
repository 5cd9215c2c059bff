/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SIP session: life of a call between its INVITE usage and its application. */
#include "session/sip_session.h"

#include <errno.h>
#include <string.h>

#include "core/log.h"
#include "core/mem.h"
#include "session/sip_session_internal.h"
#include "sip/message.h"

#define LOG_NAME "sylk.core"

static const struct sip_invite_handlers no_handlers;

static struct sip_session *sip_session_of(struct session *session)
{
	return CONTAINER_OF(session, struct sip_session, base);
}

static void sip_session_destroy(void *obj)
{
	struct sip_session *s = obj;

	while (!list_empty(&s->base.streams)) {
		struct session_stream *base =
			CONTAINER_OF(s->base.streams.next, struct session_stream, node);

		audio_stream_free(CONTAINER_OF(base, struct audio_stream, base));
	}
	sip_session_call_free(s);
	obj_unref(s->negotiation);
	if (s->invite)
		sip_invite_set_handlers(s->invite, &no_handlers, NULL);
	obj_unref(s->invite);
	session_release(&s->base);
	mem_free(s->texts);
}

void sip_session_finish(struct sip_session *s, const char *reason)
{
	if (session_state(&s->base) == SESSION_ENDED)
		return;
	sip_invite_set_handlers(s->invite, &no_handlers, NULL);
	list_remove(&s->node);
	s->context->n_sessions--;
	session_set_ended(&s->base, reason);
	sip_session_media_close(s);
	obj_unref(s);
}

/* ---- refusing and ending ----------------------------------------------------------------------- */

/* Header lines for a refusal: RFC 3261 20.43 Warning, 20.1 Accept, 20.33 Retry-After. */
static void refusal_lines(const struct sip_refusal *refusal, struct buf *lines)
{
	if (refusal->warning) {
		buf_str(lines, "Warning: 399 - ");
		sip_write_quoted(lines, slice_str(refusal->warning));
		buf_str(lines, "\r\n");
	}
	if (refusal->status == 415)
		buf_str(lines, "Accept: application/sdp\r\n");
	if (refusal->status == 503)
		buf_str(lines, "Retry-After: 10\r\n");
}

static void refuse_invite(struct sip_invite *invite, const struct sip_refusal *refusal)
{
	struct buf lines;

	buf_init(&lines, 1024);
	refusal_lines(refusal, &lines);
	sip_invite_reject(invite, refusal->status, buf_view(&lines));
	buf_free(&lines);
}

static void sip_session_reject(struct session *session, unsigned status)
{
	struct sip_session *s = sip_session_of(session);

	if (session_state(session) != SESSION_INCOMING) {
		if (s->exchange == EXCHANGE_TO_ANSWER) {
			sip_session_media_rollback(s);
			refuse_invite(s->invite, &(struct sip_refusal){status, NULL});
		}
		return;
	}
	/* Disarmed first: what the refusal sets off is no news to us. */
	sip_invite_set_handlers(s->invite, &no_handlers, NULL);
	refuse_invite(s->invite, &(struct sip_refusal){status, NULL});
	sip_session_finish(s, "refused");
}

/* Spec 1.6 has 500 where media fails after the 200. */
void sip_session_end_with(struct sip_session *s, unsigned cause, const char *reason)
{
	struct buf value;

	buf_init(&value, 1024);
	if (reason) {
		buf_printf(&value, "SIP;cause=%u;text=", cause);
		sip_write_quoted(&value, slice_str(reason));
	}
	sip_invite_set_handlers(s->invite, &no_handlers, NULL);
	sip_invite_end(s->invite, value.err ? SLICE_NONE : buf_view(&value));
	buf_free(&value);
	sip_session_finish(s, reason ? reason : "ended by the server");
}

static void sip_session_end(struct session *session, const char *reason)
{
	sip_session_end_with(sip_session_of(session), 480, reason);
}

/* ---- accepting --------------------------------------------------------------------------------- */

static int sip_session_ring(struct session *session)
{
	return sip_invite_progress(sip_session_of(session)->invite, 180, NULL, SLICE_NONE);
}

static unsigned status_of_error(int err)
{
	switch (err) {
	case -ENOTSUP:
		return 488;
	case -EADDRINUSE:
	case -EMFILE:
	case -ENFILE:
		return 503;
	default:
		return 500;
	}
}

/* Why accepting a call, or what a re-INVITE asks for, did not work. */
static void log_failure(const struct sip_session *s, int err)
{
	const char *what = strerror(-err), *advice = "";

	if (err == -ENOTSUP)
		what = "it offers nothing that could be used";
	else if (err == -EADDRINUSE)
		advice = " (all ports of [RTP] port_range are taken: widen it)";
	else if (err == -EMFILE || err == -ENFILE)
		advice = " (raise the limit of open files, LimitNOFILE in the systemd unit)";
	log_warning(LOG_NAME, "Call of %s to %.*s could not be accepted: %s%s",
		s->base.remote.address, SLICE_ARG(s->base.target), what, advice);
}

static void log_refusal(
	const struct sip_session *s, const char *what, const struct sip_refusal *refusal)
{
	log_info(LOG_NAME, "%s of %s to %.*s refused: %u%s%s", what, s->base.remote.address,
		SLICE_ARG(s->base.target), refusal->status, refusal->warning ? " " : "",
		refusal->warning ? refusal->warning : "");
}

static int send_description(struct sip_session *s, struct sdp *description)
{
	struct sip_body body = {SLICE("application/sdp"), description->text};

	return sip_invite_accept(s->invite, &body, SLICE_NONE);
}

static int accept_call(struct sip_session *s, unsigned kinds, bool focus)
{
	struct sdp *description;
	int err;

	err = sip_invite_set_contact(s->invite, SLICE_NONE, focus);
	if (!err)
		err = sip_session_media_accept(s, kinds, &description);
	if (!err)
		err = send_description(s, description);
	s->base.replaces = obj_unref(s->base.replaces);
	if (err) {
		log_failure(s, err);
		sip_session_reject(&s->base, status_of_error(err));
		return err;
	}
	sm_move(&s->base.sm, SESSION_CONNECTING);
	/* With our answer sent, audio may flow; after our own offer the ACK tells how. */
	if (s->exchange == EXCHANGE_NONE)
		err = sip_session_media_apply(s, false);
	if (err)
		sip_session_end_with(s, 500, "media stream failed to start");
	return err;
}

/* Answer a re-INVITE, with those of its new streams whose kinds are given. */
static int answer_reinvite(struct sip_session *s, unsigned kinds)
{
	struct sdp *description;
	int err;

	err = sip_session_media_accept(s, kinds, &description);
	if (err) {
		/* 14.2: refused, the call goes on as it was. */
		log_failure(s, err);
		sip_session_media_rollback(s);
		refuse_invite(s->invite, &(struct sip_refusal){status_of_error(err), NULL});
		return err;
	}
	err = send_description(s, description);
	if (!err && s->exchange == EXCHANGE_NONE)
		err = sip_session_media_apply(s, true);
	if (err && session_state(&s->base) != SESSION_ENDED)
		sip_session_end_with(s, 500, "media stream failed to start");
	return err;
}

static int sip_session_accept(struct session *session, unsigned kinds, bool focus)
{
	struct sip_session *s = obj_ref(sip_session_of(session));
	int err = -EINVAL;

	if (session_state(session) == SESSION_INCOMING)
		err = accept_call(s, kinds, focus);
	else if (s->exchange == EXCHANGE_TO_ANSWER)
		err = answer_reinvite(s, kinds);
	obj_unref(s);
	return err;
}

const struct session_signalling sip_session_signalling = {
	.ring = sip_session_ring,
	.accept = sip_session_accept,
	.reject = sip_session_reject,
	.end = sip_session_end,
	.hold = sip_session_hold,
	.refer = sip_session_refer,
};

/* ---- what the usage tells ---------------------------------------------------------------------- */

static void on_acknowledged(struct sip_invite *invite, const struct sip_msg *ack, void *arg)
{
	struct sip_session *s = obj_ref(arg);

	if (s->exchange == EXCHANGE_OFFERED && sip_session_media_answered(s, ack) < 0)
		sip_session_end_with(s, 500, "the ACK brought no usable answer to our offer");
	else if (session_state(&s->base) == SESSION_CONNECTING)
		session_set_started(&s->base);
	sip_session_say_hold(s);
	obj_unref(s);
}

static void renegotiate(struct sip_session *s, const struct sip_msg *request)
{
	struct sip_refusal refusal;
	int decision = sip_session_media_reinvite(s, request, &refusal);

	if (decision < 0) {
		log_refusal(s, "Change of the call", &refusal);
		sip_session_media_rollback(s);
		refuse_invite(s->invite, &refusal);
	} else if (decision > 0 && s->base.handlers->proposed) {
		s->base.handlers->proposed(&s->base, s->base.arg);
	} else {
		answer_reinvite(s, 0);
	}
}

static void on_renegotiate(struct sip_invite *invite, const struct sip_msg *request, void *arg)
{
	struct sip_session *s = obj_ref(arg);

	/* RFC 3311 5.2: an offer while another one waits (in UPDATE; re-INVITE does not get here). */
	if (s->exchange != EXCHANGE_NONE)
		refuse_invite(invite, &(struct sip_refusal){491, NULL});
	else
		renegotiate(s, request);
	obj_unref(s);
}

/* The session timer, with a peer that has no UPDATE: the description that holds is offered again. */
static void on_refresh(struct sip_invite *invite, void *arg)
{
	sip_session_offer_again(arg);
}

static void on_answered(struct sip_invite *invite, const struct sip_msg *response, void *arg)
{
	struct sip_session *s = obj_ref(arg);

	if (session_state(&s->base) == SESSION_OUTGOING)
		sip_session_call_answered(s, response);
	else if (s->exchange == EXCHANGE_OFFERED && sip_session_media_answered(s, response) < 0)
		sip_session_end_with(s, 500, "the peer gave no usable answer to our offer");
	sip_session_say_hold(s);
	obj_unref(s);
}

/* A reliable provisional response: to our call, or with the answer to our re-INVITE. */
static void on_early(struct sip_invite *invite, const struct sip_msg *response, void *arg)
{
	struct sip_session *s = obj_ref(arg);

	if (session_state(&s->base) == SESSION_OUTGOING)
		sip_session_call_early(invite, response, arg);
	else if (s->exchange == EXCHANGE_OFFERED && sip_session_media_is_in(response) &&
		 sip_session_media_answered(s, response) < 0)
		sip_session_end_with(s, 500, "the peer gave no usable answer to our offer");
	obj_unref(s);
}

static void on_refused(struct sip_invite *invite, const struct sip_msg *response, void *arg)
{
	struct sip_session *s = arg;

	if (s->exchange == EXCHANGE_OFFERED)
		sip_session_media_rollback(s); /* RFC 6141: as it was */
	sip_session_hold_refused(s, response);
}

static void on_dtmf(struct sip_invite *invite, char key, unsigned duration_ms, void *arg)
{
	struct sip_session *s = arg;

	session_key_pressed(&s->base, DTMF_BY_INFO, key, duration_ms);
}

static void on_withdrawn(struct sip_invite *invite, void *arg)
{
	struct sip_session *s = obj_ref(arg);

	sip_session_media_withdrawn(s);
	sip_session_say_hold(s);
	obj_unref(s);
}

static void on_ended(
	struct sip_invite *invite, unsigned status, const struct sip_msg *message, void *arg)
{
	struct sip_session *s = arg;
	const char *reason;

	switch (status) {
	case 200:
		reason = "hung up";
		break;
	case 408:
		reason = "the peer does not answer any more (no ACK, or no response)";
		break;
	case 487:
		reason = "cancelled by the caller";
		break;
	default:
		reason = session_state(&s->base) == SESSION_OUTGOING && status >= 300
				 ? sip_reason_phrase(status)
				 : "ended by the signalling";
		break;
	}
	s->base.status = status;
	sip_session_finish(s, reason);
}

const struct sip_invite_handlers sip_session_invite_handlers = {
	.offer = sip_session_call_offer,
	.progress = sip_session_call_progress,
	.early = on_early,
	.answered = on_answered,
	.refused = on_refused,
	.acknowledged = on_acknowledged,
	.refresh = on_refresh,
	.dtmf = on_dtmf,
	.renegotiate = on_renegotiate,
	.withdrawn = on_withdrawn,
	.ended = on_ended,
};

/* ---- a new call -------------------------------------------------------------------------------- */

/* The session whose place a new one takes (Replaces), or NULL. */
static struct sip_session *replaced_session(const struct sip_session *s)
{
	const struct sip_invite *old = sip_invite_replaced(s->invite);

	return old ? sip_invite_arg(old, &sip_session_invite_handlers) : NULL;
}

int sip_session_keep_texts(
	struct sip_session *s, struct slice target, struct slice application, struct slice agent)
{
	struct buf b;
	size_t n_user = 0;
	ptrdiff_t at;
	int err;

	buf_init(&b, SIP_MAX_MESSAGE);
	buf_slice(&b, target);
	buf_slice(&b, application);
	buf_slice(&b, agent);
	err = b.err;
	if (!err) {
		s->texts = slice_dup(buf_view(&b));
		err = s->texts ? 0 : -ENOMEM;
	}
	buf_free(&b);
	if (err)
		return err;
	s->base.target = slice_of(s->texts, target.n);
	s->base.application = slice_of(s->texts + target.n, application.n);
	s->base.user_agent = slice_of(s->texts + target.n + application.n, agent.n);
	/* The host stands behind the last @: an unescaped user part may hold one too. */
	for (at = (ptrdiff_t)target.n - 1; at >= 0 && s->texts[at] != '@'; at--)
		;
	if (at >= 0)
		n_user = (size_t)at;
	s->base.user = slice_of(s->texts, n_user);
	s->base.host = slice_of(s->texts + (at + 1), target.n - (size_t)(at + 1));
	return 0;
}

/* Target, X-Sylk-App, User-Agent. */
static int read_texts(struct sip_session *s, const struct sip_msg *request)
{
	const struct sip_header *app = sip_msg_header_named(request, "X-Sylk-App", NULL);
	struct slice application = app ? app->value : SLICE_NONE;
	struct sip_session *old = replaced_session(s);
	struct buf target;
	int err;

	buf_init(&target, SIP_MAX_MESSAGE);
	if (old) { /* RFC 3891: it takes that one's place, and its request-URI is but our Contact */
		buf_slice(&target, old->base.target);
		application = old->base.application;
		s->base.replaces = obj_ref(&old->base);
	} else {
		uri_canonical(&request->uri, &target);
	}
	err = target.err;
	if (!err)
		err = sip_session_keep_texts(s, buf_view(&target), application,
			sip_msg_value(request, SIP_HDR_USER_AGENT));
	buf_free(&target);
	return err;
}

int sip_session_identity(
	struct identity *identity, const struct sip_name_addr *address, enum identity_proof proof)
{
	struct buf name;
	int err;

	buf_init(&name, SIP_MAX_MESSAGE);
	sip_unquote(address->display, &name);
	err = name.err ? name.err : identity_set(identity, &address->uri, buf_view(&name), proof);
	buf_free(&name);
	return err;
}

struct sip_session *sip_session_new(struct sip_session_context *context, enum session_state state)
{
	struct sip_session *s = obj_new(sizeof *s, sip_session_destroy);

	if (!s)
		return NULL;
	session_init(&s->base, context->loop, &sip_session_signalling, state);
	list_init(&s->node);
	s->context = context;
	return s;
}

void sip_session_enlist(struct sip_session *s)
{
	list_append(&s->context->sessions, &s->node);
	s->context->n_sessions++;
}

static struct sip_session *new_incoming(struct sip_session_context *context,
	struct sip_invite *invite, const struct sip_msg *request)
{
	enum identity_proof proof =
		context->prove ? context->prove(request, context->arg) : context->proof;
	struct sip_session *s = sip_session_new(context, SESSION_INCOMING);

	if (!s)
		return NULL;
	s->invite = obj_ref(invite);
	s->local = *sip_invite_local(invite);
	if (read_texts(s, request) < 0 ||
		sip_session_identity(&s->base.remote, &request->from, proof) < 0 ||
		sip_session_identity(&s->base.local, &request->to, IDENTITY_UNPROVED) < 0)
		return obj_unref(s);
	return s;
}

void sip_session_incoming(struct sip_session_context *context, struct sip_invite *invite,
	const struct sip_msg *request)
{
	struct sip_refusal refusal = {500, NULL};
	struct sip_session *s = new_incoming(context, invite, request);

	if (!s || sip_session_media_invite(s, request, &refusal) < 0) {
		if (s)
			log_refusal(s, "Call", &refusal);
		refuse_invite(invite, &refusal);
		obj_unref(s);
		return;
	}
	sip_session_enlist(s);
	sip_invite_set_handlers(invite, &sip_session_invite_handlers, s);
	obj_ref(s);
	context->incoming(&s->base, context->arg);
	obj_unref(s);
}

void sip_sessions_close(struct sip_session_context *context)
{
	while (!list_empty(&context->sessions))
		sip_session_finish(CONTAINER_OF(context->sessions.next, struct sip_session, node),
			"the server stops");
}
