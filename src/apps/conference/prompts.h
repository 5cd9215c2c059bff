/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Prompts: what a participant is told when his audio begins (spec 2.5): a welcome, how many others are
 * there, and a tone. Sound files in the folder of a language, under the names that SylkServer's have
 * always had. Any thread.
 */
#ifndef APPS_CONFERENCE_PROMPTS_H
#define APPS_CONFERENCE_PROMPTS_H

#include <limits.h>
#include <stdbool.h>

#include "media/player.h"

#define PROMPTS_MAX 6

struct prompts {
	struct media_sound sounds[PROMPTS_MAX]; /* they point to paths below */
	unsigned n;
	char paths[PROMPTS_MAX][PATH_MAX];
};

/*
 * The folder of a language: sounds/LANGUAGE, or, without such a one and for English, sounds itself.
 * Returns 0 or -ENAMETOOLONG.
 */
int prompts_folder(const char *sounds, const char *language, char folder[PATH_MAX]);

/*
 * What to say to one who finds so many others; first: he has just come. A number is one file
 * (bi_25.wav) or, where that is missing, one of tens and one of units. Returns 0 or -ENAMETOOLONG.
 */
int prompts_choose(struct prompts *prompts, const char *folder, unsigned others, bool first);

#endif
