/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Session: the neutral part of a call. */
#include "session/session.h"

#include <errno.h>

#include "core/mem.h"

static const struct sm_state session_states[] = {
	[SESSION_INCOMING] = {"incoming", SM_BIT(SESSION_CONNECTING) | SM_BIT(SESSION_ENDED)},
	[SESSION_OUTGOING] = {"outgoing", SM_BIT(SESSION_CONNECTED) | SM_BIT(SESSION_ENDED)},
	[SESSION_CONNECTING] = {"connecting", SM_BIT(SESSION_CONNECTED) | SM_BIT(SESSION_ENDED)},
	[SESSION_CONNECTED] = {"connected", SM_BIT(SESSION_ENDED)},
	[SESSION_ENDED] = {"ended", 0},
};

static const struct session_handlers no_handlers;

const char *stream_kind_name(enum stream_kind kind)
{
	static const char *const names[] = {
		[STREAM_AUDIO] = "audio",
		[STREAM_VIDEO] = "video",
		[STREAM_CHAT] = "chat",
		[STREAM_FILE_TRANSFER] = "file-transfer",
		[STREAM_SCREEN] = "screen-sharing",
	};

	return names[kind];
}

void session_init(struct session *session, struct loop *loop,
	const struct session_signalling *signalling, enum session_state state)
{
	session->signalling = signalling;
	session->loop = loop;
	session->sm = (struct sm){session_states, state, "session"};
	session->handlers = &no_handlers;
	list_init(&session->streams);
}

void session_release(struct session *session)
{
	session->replaces = obj_unref(session->replaces);
	identity_free(&session->local);
	identity_free(&session->remote);
}

void session_set_started(struct session *session)
{
	enum session_state state = session_state(session);

	if ((state != SESSION_CONNECTING && state != SESSION_OUTGOING) ||
		sm_move(&session->sm, SESSION_CONNECTED) < 0)
		return;
	session->started_at = loop_now(session->loop);
	if (session->handlers->started)
		session->handlers->started(session, session->arg);
}

void session_set_ended(struct session *session, const char *reason)
{
	const struct session_handlers *handlers = session->handlers;

	if (session_state(session) == SESSION_ENDED || sm_move(&session->sm, SESSION_ENDED) < 0)
		return;
	session->handlers = &no_handlers;
	if (handlers->ended)
		handlers->ended(session, reason, session->arg);
}

void session_set_handlers(
	struct session *session, const struct session_handlers *handlers, void *arg)
{
	session->handlers = handlers ? handlers : &no_handlers;
	session->arg = arg;
}

unsigned session_kinds(const struct session *session, enum stream_state state)
{
	const struct list_node *it;
	unsigned kinds = 0;

	for (it = session->streams.next; it != &session->streams; it = it->next) {
		const struct session_stream *stream = CONTAINER_OF(it, struct session_stream, node);

		if (stream->state == state)
			kinds |= STREAM_BIT(stream->kind);
	}
	return kinds;
}

struct session_stream *session_find(const struct session *session, enum stream_kind kind)
{
	struct session_stream *proposed = NULL;
	struct list_node *it;

	for (it = session->streams.next; it != &session->streams; it = it->next) {
		struct session_stream *stream = CONTAINER_OF(it, struct session_stream, node);

		if (stream->kind != kind)
			continue;
		if (stream->state == STREAM_ACTIVE)
			return stream;
		if (stream->state == STREAM_PROPOSED && !proposed)
			proposed = stream;
	}
	return proposed;
}

int session_ring(struct session *session)
{
	if (session_state(session) != SESSION_INCOMING)
		return -EINVAL;
	return session->signalling->ring(session);
}

int session_accept(struct session *session, unsigned kinds, bool focus)
{
	if (session_state(session) == SESSION_ENDED)
		return -EINVAL;
	return session->signalling->accept(session, kinds, focus);
}

void session_reject(struct session *session, unsigned status)
{
	if (session_state(session) != SESSION_ENDED)
		session->signalling->reject(session, status);
}

void session_end(struct session *session, const char *reason)
{
	if (session_state(session) != SESSION_ENDED)
		session->signalling->end(session, reason);
}

int session_hold(struct session *session, bool hold)
{
	enum session_state state = session_state(session);

	if (state != SESSION_CONNECTED && state != SESSION_CONNECTING)
		return -EINVAL;
	if (!session->signalling->hold)
		return -ENOTSUP;
	return session->signalling->hold(session, hold);
}

int session_refer(struct session *session, const struct referrer_params *params,
	const struct referrer_handlers *handlers, void *arg, struct referrer **referrer)
{
	if (session_state(session) != SESSION_CONNECTED)
		return -EINVAL;
	if (!session->signalling->refer)
		return -ENOTSUP;
	return session->signalling->refer(session, params, handlers, arg, referrer);
}
