/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Conference: greeting whose audio begins, by the settings of the room; music for who is alone. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "apps/conference/conference_private.h"
#include "apps/conference/prompts.h"
#include "core/log.h"

#define LOG_NAME "conference"

static void on_alone(struct room_member *member, bool alone, void *arg)
{
	struct call *call = arg;

	greeting_alone(&call->greeting, alone);
}

const struct room_handlers conference_room_handlers = {.alone = on_alone};

/* English lies in the folder of sounds itself; another language has one of its own there. */
static void check_language(const struct conference *c)
{
	char folder[PATH_MAX];

	if (strcmp(c->settings.language, "en") != 0 &&
		prompts_folder(c->sounds, c->settings.language, folder) == 0 &&
		strcmp(folder, c->sounds) == 0)
		log_warning(LOG_NAME,
			"[Conference] language: there is no folder %s in %s, English is spoken",
			c->settings.language, c->sounds);
}

int conference_find_sounds(struct conference *c)
{
	char folder[PATH_MAX];
	int n = snprintf(c->sounds, sizeof c->sounds, "%s/sounds", c->context->resources);

	if (n < 0 || n >= PATH_MAX)
		return -ENAMETOOLONG;
	check_language(c);
	n = snprintf(folder, sizeof folder, "%s/moh", c->sounds);
	if (n < 0 || n >= PATH_MAX)
		return -ENAMETOOLONG;
	if (music_find(&c->music, folder) < 0)
		return -ENOMEM;
	if (c->music.n == 0 && !c->settings.disable_music_on_hold)
		log_info(LOG_NAME, "No music on hold: there are no sound files in %s", folder);
	return 0;
}

static void admit(void *arg)
{
	struct call *call = arg;

	if (room_mix(call->member) < 0)
		session_end(call->session, "out of memory");
}

void conference_greet(struct call *call, struct media_leg *leg, enum conference_arrival arrival)
{
	struct conference *c = call->conference;
	struct slice name = room_name(room_member_room(call->member));
	struct greeting_settings settings = {.media = c->context->media,
		.sounds = c->sounds,
		.language = c->settings.language,
		.when = (enum greeting_when)c->settings.welcome_prompts};
	bool silent = c->settings.disable_music_on_hold;
	struct room_settings room = {0};
	const char *own = name.p;

	if (config_load(c->context->config, &conference_room_section, own, &room,
		    c->context->config_error, c->context->config_error_arg) == 0) {
		if (room.language)
			settings.language = room.language;
		if (config_is_set(c->context->config, &conference_room_section, own,
			    "disable_music_on_hold"))
			silent = room.disable_music_on_hold;
	}
	if (arrival == ARRIVAL_TAKES_OVER)
		settings.when = GREETING_OFF;
	settings.music = silent ? NULL : &c->music;
	greeting_begin(&call->greeting, &settings, leg, room_others_with_audio(call->member),
		arrival == ARRIVAL_FIRST, admit, call);
	config_release(&conference_room_section, &room);
}
