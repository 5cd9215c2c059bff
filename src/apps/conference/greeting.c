/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Greeting: prompts and music for one participant alone. */
#include "apps/conference/greeting.h"

#include <errno.h>
#include <string.h>

#include "apps/conference/prompts.h"
#include "core/log.h"
#include "core/mem.h"

#define LOG_NAME "conference"

/* Spec 2.5: half and a fifth of the files' own volume. The room is heard 10 dB lower under prompts. */
#define PROMPT_VOLUME 0.5F
#define MUSIC_VOLUME 0.2F
#define ROOM_UNDER_PROMPTS 0.3F

/* Telephones take a moment from the answer until they play. */
#define LEAD_MS 200

static void stop_player(struct greeting *g)
{
	media_player_close(g->player);
	g->player = NULL;
	g->prompting = false;
}

static void on_music_finished(int err, void *arg)
{
	/* Its reasons are in the log. */
	stop_player(arg);
}

static const struct media_player_handlers music_handlers = {.finished = on_music_finished};

/* Take over a player that was made, and let the leg hear it; errors are logged. */
static void play(struct greeting *g, int err, const char *what)
{
	if (!err)
		err = media_player_play(g->player, g->leg);
	if (!err)
		return;
	stop_player(g);
	log_warning(LOG_NAME, "%s cannot be played: %s", what, strerror(-err));
}

static void update_music(struct greeting *g)
{
	static const struct media_player_settings settings = {
		.volume = MUSIC_VOLUME, .room = 1, .loop = true};

	if (g->prompting || !g->leg || !g->music || g->music->n == 0)
		return;
	if (g->player && !g->alone)
		stop_player(g);
	if (g->player || !g->alone)
		return;
	music_shuffle(g->music);
	play(g,
		media_player_new(g->media, &settings, g->music->sounds, g->music->n,
			&music_handlers, g, &g->player),
		"Music on hold");
}

/* From the lobby into the room. */
static void let_in(struct greeting *g)
{
	struct media_mixer *lobby = g->lobby;

	g->lobby = NULL;
	if (!lobby)
		return;
	media_mixer_close(lobby);
	g->admit(g->arg); /* which may end the call, and g with it */
}

static void on_prompts_finished(int err, void *arg)
{
	struct greeting *g = arg;

	stop_player(g);
	update_music(g);
	let_in(g);
}

static const struct media_player_handlers prompt_handlers = {.finished = on_prompts_finished};

static int prepare_prompts(
	struct greeting *g, const struct greeting_settings *settings, unsigned others, bool first)
{
	struct media_player_settings player = {
		.volume = PROMPT_VOLUME, .room = ROOM_UNDER_PROMPTS, .lead_ms = LEAD_MS};
	struct prompts *prompts = mem_zalloc(sizeof *prompts);
	char folder[PATH_MAX];
	int err = prompts ? 0 : -ENOMEM;

	if (!err)
		err = prompts_folder(settings->sounds, settings->language, folder);
	if (!err)
		err = prompts_choose(prompts, folder, others, first);
	if (!err)
		err = media_player_new(settings->media, &player, prompts->sounds, prompts->n,
			&prompt_handlers, g, &g->player);
	mem_free(prompts);
	return err;
}

/* Where he is until the prompts are over. Without it he is let into the room at once. */
static void open_lobby(struct greeting *g)
{
	if (media_mixer_new(g->media, -1, &g->lobby) < 0)
		return;
	if (media_leg_join(g->leg, g->lobby) == 0)
		return;
	media_mixer_close(g->lobby);
	g->lobby = NULL;
}

void greeting_begin(struct greeting *g, const struct greeting_settings *settings,
	struct media_leg *leg, unsigned others, bool first, void (*admit)(void *arg), void *arg)
{
	greeting_end(g);
	g->media = settings->media;
	g->music = settings->music;
	g->leg = leg;
	g->admit = admit;
	g->arg = arg;
	if (settings->when != GREETING_OFF) {
		int err = prepare_prompts(g, settings, others, first);

		g->prompting = !err;
		play(g, err, "The welcome prompts");
	}
	if (g->prompting && settings->when == GREETING_BEFORE)
		open_lobby(g);
	if (!g->lobby)
		admit(arg); /* the same */
}

void greeting_alone(struct greeting *g, bool alone)
{
	g->alone = alone;
	update_music(g);
}

void greeting_end(struct greeting *g)
{
	stop_player(g);
	media_mixer_close(g->lobby);
	g->lobby = NULL;
	g->leg = NULL;
}
