/* SPDX-License-Identifier: GPL-3.0-or-later */
/* An application for tests. */
#include "script.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/mem.h"

static void say(struct script *s, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void say(struct script *s, const char *format, ...)
{
	size_t n = strlen(s->log);
	va_list ap;

	n += (size_t)snprintf(s->log + n, sizeof s->log - n, "%s", n ? "; " : "");
	if (n >= sizeof s->log)
		return;
	va_start(ap, format);
	vsnprintf(s->log + n, sizeof s->log - n, format, ap);
	va_end(ap);
}

static void on_started(struct session *session, void *arg)
{
	struct script *s = arg;

	say(s, "started");
	if (s->ends == SCRIPT_END_STARTED)
		session_end(session, "enough");
}

static void on_proposed(struct session *session, void *arg)
{
	struct script *s = arg;

	say(s, "proposed");
	if (s->ends == SCRIPT_END_PROPOSED)
		session_end(session, "enough");
	else if (s->reject)
		session_reject(session, s->reject);
	else if (!s->later)
		session_accept(session, s->take, s->focus);
}

static void on_stream_changed(struct session *session, struct session_stream *stream, void *arg)
{
	static const char *const states[] = {"proposed", "active", "removed"};
	struct script *s = arg;

	say(s, "changed %s%s%s", states[stream->state], stream->on_hold ? " held" : "",
		(stream->state == STREAM_ACTIVE) == (stream->leg != NULL) ? "" : " (leg wrong)");
	if (s->ends == SCRIPT_END_CHANGED)
		session_end(session, "enough");
}

static void on_talking(struct session *session, struct session_stream *stream, void *arg)
{
	say(arg, stream->talking ? "talks" : "silent");
}

static void on_media_timeout(struct session *session, struct session_stream *stream, void *arg)
{
	say(arg, "media timeout");
}

static void on_ended(struct session *session, const char *reason, void *arg)
{
	struct script *s = arg;

	say(s, "ended %s", reason);
	if (s->session == session)
		s->session = obj_unref(session);
}

static void on_dtmf(struct session *session, char key, unsigned duration_ms, void *arg)
{
	say(arg, "key %c", key);
}

static const struct session_handlers handlers = {
	.started = on_started,
	.proposed = on_proposed,
	.stream_changed = on_stream_changed,
	.dtmf = on_dtmf,
	.talking = on_talking,
	.media_timeout = on_media_timeout,
	.ended = on_ended,
};

static void on_incoming(struct session *session, void *arg)
{
	struct script *s = arg;

	say(s, "incoming");
	session_set_handlers(session, &handlers, s);
	obj_unref(s->session);
	s->session = obj_ref(session);
	if (s->ends == SCRIPT_END_INCOMING)
		session_end(session, "enough");
	else if (s->reject)
		session_reject(session, s->reject);
	else if (!s->later)
		session_accept(session, s->take, s->focus);
}

void script_open(struct script *s, const char *host, unsigned pairs)
{
	memset(s, 0, sizeof *s);
	s->take = STREAM_BIT(STREAM_AUDIO);
	caller_world_open(&s->world, host, pairs, on_incoming, s);
}

size_t script_close(struct script *s)
{
	caller_world_close_agent(&s->world);
	obj_unref(s->session);
	caller_world_close_media(&s->world);
	return obj_alive() - s->world.alive;
}

void script_forget(struct script *s)
{
	s->log[0] = '\0';
}
