/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Player: sound files, one behind the other, to one leg alone, over what it hears of its room, which
 * is turned down meanwhile. The others in the room hear nothing of it.
 *
 *     signalling loop ---- "read on" ----> pool: files -> rate, mono
 *           ^                                       |
 *           | mail: half empty, or finished    sound ring
 *           |                                       v
 *           '----------------------------- media thread of the leg: mixed in at each tick
 *
 * Files are read by threads of the pool. One that hangs or cannot be read makes the player pause or
 * skip it; the media thread never waits. A player has handles on three sides, counted in refs:
 * the last one frees it.
 */
#ifndef MEDIA_PLAYER_H
#define MEDIA_PLAYER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct leg;
struct media_engine;
struct media_leg;
struct media_mail;
struct media_player;
struct media_thread;

#define MEDIA_PLAYER_MAX_FILES 1024

struct media_sound {
	const char *path;  /* copied */
	unsigned pause_ms; /* silence behind it */
};

struct media_player_settings {
	float volume;     /* of the files: 1 as they are */
	float room;       /* of what the leg hears besides: 1 as it is, 0 not at all */
	bool loop;        /* from the beginning again when the last file is over, until closed */
	unsigned lead_ms; /* silence before the first file */
};

struct media_player_handlers {
	/*
	 * Everything has been heard (err 0), or none of the files could be played (err: what the
	 * first one failed of). It may close the player.
	 */
	void (*finished)(int err, void *arg);
};

/* ---- signalling thread ------------------------------------------------------------------ */

/*
 * A player of n files, at most MEDIA_PLAYER_MAX_FILES. Reading begins at once. A file that cannot
 * be played is logged and skipped. Returns 0, -EINVAL or -ENOMEM.
 */
int media_player_new(struct media_engine *engine, const struct media_player_settings *settings,
	const struct media_sound *sounds, size_t n, const struct media_player_handlers *handlers,
	void *arg, struct media_player **player);

/*
 * Begin to play to the leg; time passes only while the leg is in a mixer. Once per player. A leg
 * hears one player: the one given last. When the leg is closed first, nothing is heard of the
 * player any more. Returns 0 or -ENOMEM.
 */
int media_player_play(struct media_player *player, struct media_leg *leg);

/* Fade out and forget the handle; no handler is called any more. NULL is allowed. */
void media_player_close(struct media_player *player);

/* For the engine: a player's mail has come; its leg's handle is closed. */
void media_player_on_mail(struct media_mail *mail);
void media_player_leg_closed(struct media_player *player);

/* ---- the thread of the leg -------------------------------------------------------------- */

/* NULL is allowed. */
void player_unref(struct media_player *player);

/*
 * A frame of 20 ms at the mixer's rate: out = room's volume * (sum - own) + the files' sound;
 * own may be NULL.
 */
void player_mix(struct media_player *player, struct media_thread *t, unsigned rate,
	const int32_t *sum, const int16_t *own, int32_t *out);

/* End with the frames that it takes to fade out. */
void player_stop(struct media_player *player);

/* Whether the last frame has been mixed; from then on the room is as loud as ever. */
bool player_is_over(const struct media_player *player);

/* The leg lets go of it. */
void player_release(struct media_player *player, struct media_thread *t);

#endif
