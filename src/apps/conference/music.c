/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Music on hold: the files of a folder. */
#include "apps/conference/music.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "core/id.h"
#include "core/mem.h"

/* Silence between two pieces, ms. */
#define BETWEEN 1000

static bool is_sound(const char *name)
{
	static const char *const endings[] = {".wav", ".ogg", ".opus", ".flac", ".mp3"};
	const char *dot = strrchr(name, '.');

	for (size_t i = 0; dot && dot != name && i < sizeof endings / sizeof endings[0]; i++) {
		if (strcasecmp(dot, endings[i]) == 0)
			return true;
	}
	return false;
}

static int add(struct music *music, const char *folder, const char *name)
{
	struct media_sound *sounds =
		mem_realloc(music->sounds, (music->n + 1) * sizeof *music->sounds);
	char path[PATH_MAX];
	int n = snprintf(path, sizeof path, "%s/%s", folder, name);

	if (!sounds)
		return -ENOMEM;
	music->sounds = sounds;
	if (n < 0 || n >= PATH_MAX)
		return 0;
	sounds[music->n].path = mem_strndup(path, (size_t)n);
	sounds[music->n].pause_ms = BETWEEN;
	if (!sounds[music->n].path)
		return -ENOMEM;
	music->n++;
	return 0;
}

int music_find(struct music *music, const char *folder)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;
	int err = 0;

	*music = (struct music){0};
	while (dir && !err && music->n < MEDIA_PLAYER_MAX_FILES && (entry = readdir(dir))) {
		if (is_sound(entry->d_name))
			err = add(music, folder, entry->d_name);
	}
	if (dir)
		closedir(dir);
	return err;
}

void music_free(struct music *music)
{
	for (size_t i = 0; i < music->n; i++)
		mem_free((void *)(uintptr_t)music->sounds[i].path);
	mem_free(music->sounds);
	*music = (struct music){0};
}

void music_shuffle(struct music *music)
{
	for (size_t i = music->n; i > 1; i--) {
		size_t k = random_below((uint32_t)i);
		struct media_sound last = music->sounds[i - 1];

		music->sounds[i - 1] = music->sounds[k];
		music->sounds[k] = last;
	}
}
