/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files of the conference share; not for others. Signalling thread. */
#ifndef APPS_CONFERENCE_PRIVATE_H
#define APPS_CONFERENCE_PRIVATE_H

#include <limits.h>

#include "apps/conference/conference.h"
#include "apps/conference/greeting.h"
#include "apps/conference/music.h"
#include "room/room.h"

/* What a conference takes part in; further kinds join as the streams learn them. */
#define CONFERENCE_KINDS STREAM_BIT(STREAM_AUDIO)

struct conference_settings {
	int answer_delay; /* seconds */
	bool dial_out;
	int welcome_prompts; /* enum greeting_when */
	char *language;
	bool disable_music_on_hold;
};

/* As [Conference] has it where the room says nothing. */
struct room_settings {
	char *language;
	bool disable_music_on_hold;
};

struct conference {
	const struct app_context *context;
	struct room_table rooms;
	struct conference_settings settings;
	char sounds[PATH_MAX]; /* folder */
	struct music music;
	struct list_node calls;     /* call.node */
	struct list_node dial_outs; /* dial_out.node */
};

/* A session that this application has taken; it owns itself until the session has ended. */
struct call {
	struct list_node node;
	struct conference *conference;
	struct session *session;    /* a reference */
	struct room_member *member; /* NULL until answered */
	struct greeting greeting;
	struct timer answer;
};

/* ---- conference.c ------------------------------------------------------------------------------ */

/*
 * Take a session that is up into the room of its target, as one that called. When that does not work
 * the session is ended.
 */
void conference_take(struct conference *conference, struct session *session);

/* ---- conference_audio.c ------------------------------------------------------------------------ */

/* To be told who is alone in a room; the members' argument is their call. */
extern const struct room_handlers conference_room_handlers;

/* Look what sounds there are. Returns 0, -ENOMEM or -ENAMETOOLONG. */
int conference_find_sounds(struct conference *conference);

enum conference_arrival {
	ARRIVAL_ADDED,     /* audio added to a call that had none */
	ARRIVAL_FIRST,     /* with audio he came */
	ARRIVAL_TAKES_OVER /* of another call, which had been greeted */
};

/*
 * The call's audio has begun. He is greeted, unless he takes over, and mixed. Without memory the
 * session is ended.
 */
void conference_greet(struct call *call, struct media_leg *leg, enum conference_arrival arrival);

/* ---- dial_out.c -------------------------------------------------------------------------------- */

/*
 * Somebody asks that somebody else be called into a room, or put out of it (RFC 4579 5.5, 5.11); in
 * a call: into the room that the call is in. It is answered, now or later.
 */
void conference_referral(struct conference *conference, struct referral *referral);

/* Forget those that are being called: the server stops. */
void conference_close_dial_outs(struct conference *conference);

#endif
