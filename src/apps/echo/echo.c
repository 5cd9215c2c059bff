/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Echo: audio goes straight back to whom it came from. */
#include "apps/echo/echo.h"

#include <errno.h>
#include <string.h>

#include "apps/echo/echo_message.h"
#include "core/log.h"
#include "core/mem.h"

#define LOG_NAME "echo"
#define ECHO_KINDS STREAM_BIT(STREAM_AUDIO)
#define SESSION_LIMIT_MS (600 * 1000)

struct echo {
	const struct app_context *context;
	struct list_node calls; /* call.node */
};

/* A session that this application has taken; it owns itself until the session has ended. */
struct call {
	struct list_node node;
	struct session *session; /* a reference */
	struct timer limit;
};

static int echo_start(const struct app_context *context, void **state)
{
	struct echo *e = mem_zalloc(sizeof *e);

	if (!e)
		return -ENOMEM;
	e->context = context;
	list_init(&e->calls);
	*state = e;
	return 0;
}

static void call_free(struct call *call)
{
	timer_stop(&call->limit);
	list_remove(&call->node);
	session_set_handlers(call->session, NULL, NULL);
	obj_unref(call->session);
	mem_free(call);
}

static void echo_stop(void *state)
{
	struct echo *e = state;

	while (!list_empty(&e->calls))
		call_free(CONTAINER_OF(e->calls.next, struct call, node));
	mem_free(e);
}

static void call_started(struct session *session, void *arg)
{
	struct call *call = arg;

	log_info(LOG_NAME, "Echo test of %s started", session->remote.address);
	timer_start_ms(&call->limit, loop_timers(session->loop), SESSION_LIMIT_MS);
}

static void limit_reached(void *arg)
{
	struct call *call = arg;

	session_end(call->session, "the echo test's time is over");
}

static void call_proposed(struct session *session, void *arg)
{
	session_accept(session, ECHO_KINDS, false);
}

static void call_stream_changed(struct session *session, struct session_stream *stream, void *arg)
{
	if (session_kinds(session, STREAM_ACTIVE) == 0)
		session_end(session, "no stream left");
	else if (stream->leg && media_leg_echo(stream->leg, true) < 0)
		session_end(session, "out of memory");
}

static void call_media_timeout(struct session *session, struct session_stream *stream, void *arg)
{
	session_end(session, "no media from the peer (see [RTP] timeout)");
}

/* The echo test is of keys too: they come back, the way that the telephone has agreed to. */
static void call_dtmf(struct session *session, char key, unsigned duration_ms, void *arg)
{
	char keys[] = {key, '\0'};
	int err;

	log_info(LOG_NAME, "DTMF key %c of %s, pressed for %u ms", key, session->remote.address,
		duration_ms);
	if (duration_ms < MEDIA_KEY_MIN_MS)
		duration_ms = MEDIA_KEY_MIN_MS;
	if (duration_ms > MEDIA_KEY_MAX_MS)
		duration_ms = MEDIA_KEY_MAX_MS;
	err = session_send_dtmf(session, keys, duration_ms);
	if (err < 0)
		log_info(LOG_NAME, "DTMF key %c does not go back to %s: %s", key,
			session->remote.address, strerror(-err));
}

static void call_ended(struct session *session, const char *reason, void *arg)
{
	log_info(LOG_NAME, "Echo test of %s ended: %s", session->remote.address, reason);
	call_free(arg);
}

static const struct session_handlers call_handlers = {
	.started = call_started,
	.proposed = call_proposed,
	.stream_changed = call_stream_changed,
	.media_timeout = call_media_timeout,
	.dtmf = call_dtmf,
	.ended = call_ended,
};

static void echo_incoming_session(void *state, struct session *session)
{
	struct echo *e = state;
	struct session_stream *audio;
	struct call *call;

	if (!(session_kinds(session, STREAM_PROPOSED) & ECHO_KINDS)) {
		session_reject(session, 488);
		return;
	}
	call = mem_zalloc(sizeof *call);
	if (!call) {
		session_reject(session, 500);
		return;
	}
	call->session = obj_ref(session);
	timer_init(&call->limit, limit_reached, call);
	list_append(&e->calls, &call->node);
	session_set_handlers(session, &call_handlers, call);
	session_ring(session);
	/* When accepting fails the session ends, and the call with it. */
	session_accept(session, ECHO_KINDS, false);
	audio = session_find(session, STREAM_AUDIO);
	if (session_state(session) != SESSION_ENDED && audio && audio->leg &&
		media_leg_echo(audio->leg, true) < 0)
		session_end(session, "out of memory");
}

static void echo_incoming_message(void *state, struct message *message)
{
	echo_message(message);
}

const struct app echo_app = {
	.name = "echo",
	.start = echo_start,
	.stop = echo_stop,
	.incoming_session = echo_incoming_session,
	.incoming_message = echo_incoming_message,
};
