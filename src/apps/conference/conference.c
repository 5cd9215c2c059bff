/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Conference: sessions into rooms. */
#include "apps/conference/conference.h"

#include <errno.h>
#include <stddef.h>

#include "apps/conference/conference_private.h"
#include "core/log.h"
#include "core/mem.h"

#define LOG_NAME "conference"

static void conference_free(struct conference *c)
{
	room_table_free(&c->rooms);
	music_free(&c->music);
	config_release(&conference_section, &c->settings);
	mem_free(c);
}

static int conference_start(const struct app_context *context, void **state)
{
	struct conference *c = mem_zalloc(sizeof *c);
	int err = -ENOMEM;

	if (!c)
		goto out;
	c->context = context;
	list_init(&c->calls);
	list_init(&c->dial_outs);
	err = room_table_init(&c->rooms, context->loop, context->media, &conference_room_handlers);
	if (err)
		goto out;
	err = config_load(context->config, &conference_section, NULL, &c->settings,
		context->config_error, context->config_error_arg);
	if (!err)
		err = conference_find_sounds(c);
	if (err)
		goto out;
	*state = c;
	return 0;
out:
	if (c)
		conference_free(c);
	return err;
}

static void call_free(struct call *call)
{
	timer_stop(&call->answer);
	greeting_end(&call->greeting);
	if (call->member)
		room_leave(call->member);
	list_remove(&call->node);
	session_set_handlers(call->session, NULL, NULL);
	obj_unref(call->session);
	mem_free(call);
}

static void conference_stop(void *state)
{
	struct conference *c = state;

	conference_close_dial_outs(c);
	while (!list_empty(&c->calls))
		call_free(CONTAINER_OF(c->calls.next, struct call, node));
	conference_free(c);
}

/* Into the room with a call that is up; when that does not work the session ends, and it with it. */
static void enter(struct call *call)
{
	struct session *session = call->session;
	struct session_stream *audio = session_find(session, STREAM_AUDIO);

	if (room_join(&call->conference->rooms, session->target, session, call, &call->member) < 0)
		session_end(session, "the room could not be joined");
	else if (audio && audio->leg)
		conference_greet(call, audio->leg, ARRIVAL_FIRST);
}

static void answer(void *arg)
{
	struct call *call = arg;
	struct session *session = obj_ref(call->session);

	/* When accepting fails the session ends, and the call with it. */
	session_accept(session, CONFERENCE_KINDS, true);
	if (session_state(session) != SESSION_ENDED)
		enter(call);
	obj_unref(session);
}

static void call_proposed(struct session *session, void *arg)
{
	struct session_stream *audio = session_find(session, STREAM_AUDIO);

	/* One stream of each kind: a second audio stream is refused. */
	session_accept(
		session, audio && audio->state == STREAM_PROPOSED ? CONFERENCE_KINDS : 0, true);
}

static void call_stream_changed(struct session *session, struct session_stream *stream, void *arg)
{
	struct call *call = arg;

	/* Spec 2.11: who has taken all streams out has left. */
	if (session_kinds(session, STREAM_ACTIVE) == 0) {
		session_end(session, "no stream left");
	} else if (call->member && stream->kind == STREAM_AUDIO) {
		if (!stream->leg) {
			greeting_end(&call->greeting);
			room_unmix(call->member);
		} else if (stream->leg != call->greeting.leg) {
			conference_greet(call, stream->leg, ARRIVAL_ADDED);
		}
	}
}

static void call_media_timeout(struct session *session, struct session_stream *stream, void *arg)
{
	/* A session that has more than its audio goes on with what it has. */
	if (session_kinds(session, STREAM_ACTIVE) == STREAM_BIT(stream->kind))
		session_end(session, "no media from the peer (see [RTP] timeout)");
}

static void call_ended(struct session *session, const char *reason, void *arg)
{
	log_debug(LOG_NAME, "Call of %s to %.*s ended: %s", session->remote.address,
		SLICE_ARG(session->target), reason);
	call_free(arg);
}

static void call_referred(struct session *session, struct referral *referral, void *arg)
{
	struct call *call = arg;

	conference_referral(call->conference, referral);
}

static const struct session_handlers call_handlers = {
	.referred = call_referred,
	.proposed = call_proposed,
	.stream_changed = call_stream_changed,
	.media_timeout = call_media_timeout,
	.ended = call_ended,
};

static struct call *new_call(struct conference *c, struct session *session)
{
	struct call *call = mem_zalloc(sizeof *call);

	if (!call)
		return NULL;
	call->conference = c;
	call->session = obj_ref(session);
	timer_init(&call->answer, answer, call);
	list_append(&c->calls, &call->node);
	session_set_handlers(session, &call_handlers, call);
	return call;
}

/* The call whose session this is, if it has come into a room. */
static struct call *call_in_room(const struct session *session)
{
	struct call *call = session && session->handlers == &call_handlers ? session->arg : NULL;

	return call && call->member ? call : NULL;
}

/* At the place of the call that it replaces: nobody is told that he has come or that one has gone. */
static void succeed(struct call *call, struct call *before)
{
	struct session_stream *audio = session_find(call->session, STREAM_AUDIO);

	greeting_end(&before->greeting);
	if (room_replace(before->member, call->session, call) < 0) {
		session_end(call->session, "out of memory");
		return;
	}
	call->member = before->member;
	before->member = NULL;
	if (audio && audio->leg)
		conference_greet(call, audio->leg, ARRIVAL_TAKES_OVER);
}

/* RFC 3891: answered at once, as the one whose place it takes had been. */
static void take_over(struct call *call)
{
	struct session *session = obj_ref(call->session);
	struct session *old = obj_ref(session->replaces);
	struct call *before;

	session_accept(session, CONFERENCE_KINDS, true);
	before = call_in_room(old);
	if (session_state(session) != SESSION_ENDED) {
		if (before)
			succeed(call, before);
		else
			enter(call);
	}
	obj_unref(old);
	obj_unref(session);
}

void conference_take(struct conference *conference, struct session *session)
{
	struct call *call = new_call(conference, session);

	if (call)
		enter(call);
	else
		session_end(session, "the room could not be joined");
}

static void conference_incoming_session(void *state, struct session *session)
{
	struct conference *c = state;
	unsigned kinds = session_kinds(session, STREAM_PROPOSED) & CONFERENCE_KINDS;
	struct call *call;

	if (!kinds) {
		session_reject(session, 488);
		return;
	}
	call = new_call(c, session);
	if (!call) {
		session_reject(session, 500);
		return;
	}
	if (call_in_room(session->replaces)) {
		take_over(call);
		return;
	}
	if (kinds & STREAM_BIT(STREAM_AUDIO))
		session_ring(session);
	if (c->settings.answer_delay && (kinds & STREAM_BIT(STREAM_AUDIO)))
		timer_start_ms(&call->answer, loop_timers(c->context->loop),
			(uint64_t)c->settings.answer_delay * 1000);
	else
		answer(call);
}

static void conference_incoming_referral(void *state, struct referral *referral)
{
	conference_referral(state, referral);
}

const struct app conference_app = {
	.name = "conference",
	.start = conference_start,
	.stop = conference_stop,
	.incoming_session = conference_incoming_session,
	.incoming_referral = conference_incoming_referral,
};
