/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Music on hold: the files of a folder, in an order that is new every time. Signalling thread. */
#ifndef APPS_CONFERENCE_MUSIC_H
#define APPS_CONFERENCE_MUSIC_H

#include <stddef.h>

#include "media/player.h"

struct music {
	struct media_sound *sounds; /* n paths, each its own block */
	size_t n;
};

/*
 * Find the sound files in a folder; none, or no folder, is no music. Files beyond
 * MEDIA_PLAYER_MAX_FILES are left out. Returns 0 or -ENOMEM. Freed with music_free in any case.
 */
int music_find(struct music *music, const char *folder);
void music_free(struct music *music);

void music_shuffle(struct music *music);

#endif
