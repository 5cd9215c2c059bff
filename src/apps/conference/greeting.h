/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Greeting: what one participant hears that nobody else does: prompts when his audio begins, over the
 * room or before he is let into it, and music while he is alone. Signalling thread.
 *
 *     begin --prompts--> over --alone--> music
 *                         ^                |
 *                         '--not alone-----'
 */
#ifndef APPS_CONFERENCE_GREETING_H
#define APPS_CONFERENCE_GREETING_H

#include <stdbool.h>

#include "apps/conference/music.h"
#include "media/engine.h"
#include "media/player.h"

enum greeting_when { GREETING_OVER, GREETING_BEFORE, GREETING_OFF };

/* As the room has it. */
struct greeting_settings {
	struct media_engine *media;
	const char *sounds;   /* folder of the prompts of all languages */
	const char *language; /* "en" */
	enum greeting_when when;
	struct music *music; /* NULL: none in this room */
};

/* Part of a call; zeroed is one that has not begun. */
struct greeting {
	struct media_player *player;
	struct media_mixer *lobby; /* where he hears the prompts before the room; NULL: he is in */
	struct media_leg *leg;     /* his audio; NULL: none */
	bool prompting, alone;
	struct music *music;
	struct media_engine *media;
	void (*admit)(void *arg); /* he is to be mixed with the others from now on */
	void *arg;
};

/*
 * His audio has begun. others: how many more there are; first: with it he came into the room. admit
 * is called when he may be heard: at once, in here, or when the prompts before it are over; it may
 * end the call.
 * Whatever fails is logged: it is worth no call.
 */
void greeting_begin(struct greeting *g, const struct greeting_settings *settings,
	struct media_leg *leg, unsigned others, bool first, void (*admit)(void *arg), void *arg);

/* He is alone in the room's mix, or no longer. */
void greeting_alone(struct greeting *g, bool alone);

/* His audio has gone, or the call. Idempotent. */
void greeting_end(struct greeting *g);

#endif
