/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which file is played for which address, as playback.ini has it. Signalling thread. */
#ifndef APPS_PLAYBACK_SETTINGS_H
#define APPS_PLAYBACK_SETTINGS_H

#include <limits.h>
#include <stdbool.h>

#include "apps/app.h"

struct playback_settings {
	char *files_dir;  /* NULL or empty: sounds of the resources */
	int answer_delay; /* seconds */
	bool reply;       /* to messages */
};

/* What holds for one address. */
struct playback_file {
	char path[PATH_MAX];
	int answer_delay; /* seconds */
	bool reply;
};

/*
 * What user@host (target) or, failing that, user has a section for. settings: of [Playback]. Returns 0,
 * -ENOENT (no section, or none with a file), -ENAMETOOLONG or -ENOMEM.
 */
int playback_find(const struct app_context *context, const struct playback_settings *settings,
	struct slice target, struct slice user, struct playback_file *file);

#endif
