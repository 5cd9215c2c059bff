/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Conference: sessions into rooms. */
#include "apps/conference/conference.h"

#include <errno.h>
#include <stddef.h>

#include "apps/conference/conference_private.h"
#include "core/log.h"
#include "core/mem.h"

#define LOG_NAME "conference"

static const struct config_option conference_options[] = {
	{"answer_delay", CONFIG_INT, offsetof(struct conference_settings, answer_delay), "0",
		"Seconds between ringing (180) and answering (200) a call with audio; callers are "
		"answered at once by default.",
		.min = 0, .max = 60},
	{"dial_out", CONFIG_BOOL, offsetof(struct conference_settings, dial_out), "yes",
		"Whether who is in a room may have others called into it, or put out of it "
		"(REFER)."},
	{"history_size", CONFIG_UNSUPPORTED},
	{"file_transfer_dir", CONFIG_UNSUPPORTED},
	{"push_file_transfer", CONFIG_UNSUPPORTED},
	{"screensharing_images_dir", CONFIG_UNSUPPORTED},
	{"advertise_xmpp_support", CONFIG_UNSUPPORTED},
	{"pstn_access_numbers", CONFIG_UNSUPPORTED},
	{"webrtc_gateway_url", CONFIG_UNSUPPORTED},
	{"zrtp_auto_verify", CONFIG_UNSUPPORTED},
	{"access_policy", CONFIG_UNSUPPORTED},
	{"allow", CONFIG_UNSUPPORTED},
	{"deny", CONFIG_UNSUPPORTED},
	{"disable_music_on_hold", CONFIG_UNSUPPORTED},
	{NULL},
};

const struct config_section conference_section = {"conference.ini", "Conference",
	"Conference rooms.", conference_options, sizeof(struct conference_settings)};

static int conference_start(const struct app_context *context, void **state)
{
	struct conference *c = mem_zalloc(sizeof *c);
	int err = -ENOMEM;

	if (!c)
		goto out;
	c->context = context;
	list_init(&c->calls);
	list_init(&c->dial_outs);
	err = room_table_init(&c->rooms, context->loop, context->media);
	if (err)
		goto out;
	err = config_load(context->config, &conference_section, NULL, &c->settings,
		context->config_error, context->config_error_arg);
	if (err)
		goto out;
	*state = c;
	return 0;
out:
	if (c)
		room_table_free(&c->rooms);
	mem_free(c);
	return err;
}

static void call_free(struct call *call)
{
	timer_stop(&call->answer);
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
	room_table_free(&c->rooms);
	config_release(&conference_section, &c->settings);
	mem_free(c);
}

static void answer(void *arg)
{
	struct call *call = arg;
	struct session *session = obj_ref(call->session);

	/* When accepting fails the session ends, and the call with it. */
	session_accept(session, CONFERENCE_KINDS, true);
	if (session_state(session) != SESSION_ENDED &&
		room_join(&call->conference->rooms, session->target, session, &call->member) < 0)
		session_end(session, "the room could not be joined");
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
	if (session_kinds(session, STREAM_ACTIVE) == 0)
		session_end(session, "no stream left");
	else if (call->member && room_stream_changed(call->member, stream) < 0)
		session_end(session, "out of memory");
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

void conference_take(struct conference *conference, struct session *session)
{
	struct call *call = new_call(conference, session);

	if (!call || room_join(&conference->rooms, session->target, session, &call->member) < 0)
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
