/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Playback: who calls one of its addresses hears the file of that address, once. */
#include "apps/playback/playback.h"

#include <errno.h>
#include <string.h>

#include "apps/playback/playback_message.h"
#include "apps/playback/playback_settings.h"
#include "core/log.h"
#include "core/mem.h"
#include "media/player.h"

#define LOG_NAME "playback"
#define PLAYBACK_KINDS STREAM_BIT(STREAM_AUDIO)

struct playback {
	const struct app_context *context;
	struct playback_settings settings;
	struct list_node calls; /* call.node */
};

/* A session that this application has taken; it owns itself until the session has ended. */
struct call {
	struct list_node node;
	struct playback *playback;
	struct session *session;   /* a reference */
	struct media_mixer *mixer; /* that carries the player to the peer; nobody else is in it */
	struct media_player *player;
	struct timer answer;
	struct playback_file file;
};

static int playback_start(const struct app_context *context, void **state)
{
	struct playback *p = mem_zalloc(sizeof *p);
	int err;

	if (!p)
		return -ENOMEM;
	p->context = context;
	list_init(&p->calls);
	err = config_load(context->config, &playback_section, NULL, &p->settings,
		context->config_error, context->config_error_arg);
	if (err) {
		config_release(&playback_section, &p->settings);
		mem_free(p);
		return err;
	}
	*state = p;
	return 0;
}

static void call_free(struct call *call)
{
	timer_stop(&call->answer);
	media_player_close(call->player);
	media_mixer_close(call->mixer);
	list_remove(&call->node);
	session_set_handlers(call->session, NULL, NULL);
	obj_unref(call->session);
	mem_free(call);
}

static void playback_stop(void *state)
{
	struct playback *p = state;

	while (!list_empty(&p->calls))
		call_free(CONTAINER_OF(p->calls.next, struct call, node));
	config_release(&playback_section, &p->settings);
	mem_free(p);
}

static void on_finished(int err, void *arg)
{
	struct call *call = arg;

	session_end(call->session, err ? "the file could not be played" : "the file is over");
}

static const struct media_player_handlers player_handlers = {.finished = on_finished};

/* The mixer carries what is played, with no other voice in it, to the one leg that is there. */
static int play(struct call *call, struct media_leg *leg)
{
	static const struct media_player_settings settings = {.volume = 1, .room = 1};
	struct media_sound sound = {.path = call->file.path};
	struct media_engine *media = call->playback->context->media;
	int err = media_mixer_new(media, -1, &call->mixer);

	if (!err)
		err = media_leg_join(leg, call->mixer);
	if (!err)
		err = media_player_new(
			media, &settings, &sound, 1, &player_handlers, call, &call->player);
	return err ? err : media_player_play(call->player, leg);
}

/* Only now: before the peer's confirmation nobody might be listening yet. */
static void call_started(struct session *session, void *arg)
{
	struct call *call = arg;
	struct session_stream *audio = session_find(session, STREAM_AUDIO);

	log_info(LOG_NAME, "Playing %s to %s", call->file.path, session->remote.address);
	if (!audio || !audio->leg)
		session_end(session, "no stream left");
	else if (play(call, audio->leg) < 0)
		session_end(session, "out of memory");
}

static void call_proposed(struct session *session, void *arg)
{
	/* There is audio already: a second stream of it would be silent. */
	session_accept(session, 0, false);
}

static void call_stream_changed(struct session *session, struct session_stream *stream, void *arg)
{
	if (session_kinds(session, STREAM_ACTIVE) == 0)
		session_end(session, "no stream left");
}

static void call_ended(struct session *session, const char *reason, void *arg)
{
	log_info(LOG_NAME, "Playback to %s ended: %s", session->remote.address, reason);
	call_free(arg);
}

static const struct session_handlers call_handlers = {
	.started = call_started,
	.proposed = call_proposed,
	.stream_changed = call_stream_changed,
	.ended = call_ended,
};

static void answer(void *arg)
{
	struct call *call = arg;

	/* When accepting fails the session ends, and the call with it. */
	session_accept(call->session, PLAYBACK_KINDS, false);
}

/* 0, or the status to refuse the call with. */
static unsigned look_up(
	struct playback *p, const struct session *session, struct playback_file *file)
{
	int err;

	if (!(session_kinds(session, STREAM_PROPOSED) & PLAYBACK_KINDS))
		return 488;
	err = playback_find(p->context, &p->settings, session->target, session->user, file);
	if (err == -ENOENT)
		log_info(LOG_NAME,
			"Call to %.*s refused: playback.ini has no section with a file for it",
			SLICE_ARG(session->target));
	return err == -ENOENT ? 488 : err ? 500 : 0;
}

static void playback_incoming_session(void *state, struct session *session)
{
	struct playback *p = state;
	struct call *call = mem_zalloc(sizeof *call);
	unsigned status = call ? look_up(p, session, &call->file) : 500;

	if (status) {
		mem_free(call);
		session_reject(session, status);
		return;
	}
	call->playback = p;
	call->session = obj_ref(session);
	timer_init(&call->answer, answer, call);
	list_append(&p->calls, &call->node);
	session_set_handlers(session, &call_handlers, call);
	session_ring(session);
	if (call->file.answer_delay)
		timer_start_ms(&call->answer, loop_timers(session->loop),
			(uint64_t)call->file.answer_delay * 1000);
	else
		answer(call);
}

static void playback_incoming_message(void *state, struct message *message)
{
	struct playback *p = state;
	struct playback_file *file = mem_zalloc(sizeof *file);
	int err = file ? playback_find(p->context, &p->settings, message->parties.target,
				 message->parties.user, file)
		       : -ENOMEM;

	if (err)
		message_answer(message, err == -ENOENT ? 404 : 500);
	else if (!file->reply)
		message_answer(message, 404);
	else
		playback_message(message);
	mem_free(file);
}

const struct app playback_app = {
	.name = "playback",
	.start = playback_start,
	.stop = playback_stop,
	.incoming_session = playback_incoming_session,
	.incoming_message = playback_incoming_message,
};
