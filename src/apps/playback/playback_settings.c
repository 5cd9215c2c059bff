/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Playback's settings: [Playback], and a section for each address. */
#include "apps/playback/playback_settings.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>

#include "apps/playback/playback.h"
#include "core/mem.h"

static const struct config_option playback_options[] = {
	{"files_dir", CONFIG_STRING, offsetof(struct playback_settings, files_dir), NULL,
		"Folder of the files to play that are named without one; empty: sounds in the "
		"resources."},
	{"answer_delay", CONFIG_INT, offsetof(struct playback_settings, answer_delay), "1",
		"Seconds between ringing (180) and answering (200).", .min = 0, .max = 60},
	{"enable_chuck_norris_reply", CONFIG_BOOL, offsetof(struct playback_settings, reply), "yes",
		"Whether a message is answered with a joke; if not, it is refused with 404. The "
		"jokes are the server's own: no other site is asked."},
	{"enable_video", CONFIG_UNSUPPORTED},
	{NULL},
};

const struct config_section playback_section = {"playback.ini", "Playback",
	"Playing files to callers; [Server] application_map in config.ini says which calls come "
	"here.",
	playback_options, sizeof(struct playback_settings)};

struct file_settings {
	char *file;
	int answer_delay;
	bool reply;
};

static const struct config_option file_options[] = {
	{"file", CONFIG_STRING, offsetof(struct file_settings, file), NULL,
		"Sound file to play: WAV, Ogg/Opus, FLAC or MP3, with its full path or in "
		"files_dir."},
	{"answer_delay", CONFIG_INT, offsetof(struct file_settings, answer_delay), "1",
		"As in [Playback], whose value holds where this is not written.", .min = 0,
		.max = 60},
	{"enable_chuck_norris_reply", CONFIG_BOOL, offsetof(struct file_settings, reply), "yes",
		"As in [Playback], whose value holds where this is not written."},
	{"enable_video", CONFIG_UNSUPPORTED},
	{NULL},
};

const struct config_section playback_file_section = {"playback.ini", NULL,
	"What one address plays: its user@host, or its user alone, stands for name.", file_options,
	sizeof(struct file_settings)};

static int make_path(const struct app_context *context, const struct playback_settings *settings,
	const char *name, char path[PATH_MAX])
{
	const char *folder = settings->files_dir;
	int n;

	if (!name || !name[0])
		return -ENOENT;
	if (name[0] == '/')
		n = snprintf(path, PATH_MAX, "%s", name);
	else if (!folder || !folder[0])
		n = snprintf(path, PATH_MAX, "%s/sounds/%s", context->resources, name);
	else if (folder[0] == '/')
		n = snprintf(path, PATH_MAX, "%s/%s", folder, name);
	else
		n = snprintf(path, PATH_MAX, "%s/%s/%s", context->resources, folder, name);
	return n < 0 || n >= PATH_MAX ? -ENAMETOOLONG : 0;
}

static int load(const struct app_context *context, const struct playback_settings *settings,
	const char *name, struct playback_file *file)
{
	const struct config *config = context->config;
	struct file_settings own = {0};
	int err;

	err = config_load(config, &playback_file_section, name, &own, context->config_error,
		context->config_error_arg);
	if (!err)
		err = make_path(context, settings, own.file, file->path);
	file->answer_delay = settings->answer_delay;
	file->reply = settings->reply;
	if (config_is_set(config, &playback_file_section, name, "answer_delay"))
		file->answer_delay = own.answer_delay;
	if (config_is_set(config, &playback_file_section, name, "enable_chuck_norris_reply"))
		file->reply = own.reply;
	config_release(&playback_file_section, &own);
	return err;
}

int playback_find(const struct app_context *context, const struct playback_settings *settings,
	struct slice target, struct slice user, struct playback_file *file)
{
	const struct slice names[] = {target, user};
	int err = -ENOENT;

	for (int i = 0; i < 2 && err == -ENOENT; i++) {
		/* The general section is nobody's address. */
		bool general = slice_eq(names[i], slice_str(playback_section.section));
		char *name = slice_dup(names[i]);

		if (!name)
			return -ENOMEM;
		if (name[0] && !general &&
			config_has(context->config, &playback_file_section, name))
			err = load(context, settings, name, file);
		mem_free(name);
	}
	return err;
}
