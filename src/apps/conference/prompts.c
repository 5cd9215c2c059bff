/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Prompts: what a participant is told when his audio begins. */
#include "apps/conference/prompts.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { MAX_SPOKEN = 99 };

/* Silence behind each file, ms. */
enum {
	AFTER_WELCOME = 1000,
	AFTER_COUNT = 500,
	BEFORE_NUMBER = 200,
	AFTER_NUMBER = 100,
	AFTER_TONE = 100,
};

static int join(char path[PATH_MAX], const char *folder, const char *name)
{
	int n = snprintf(path, PATH_MAX, "%s/%s", folder, name);

	return n < 0 || n >= PATH_MAX ? -ENAMETOOLONG : 0;
}

int prompts_folder(const char *sounds, const char *language, char folder[PATH_MAX])
{
	int err = join(folder, sounds, language);

	if (!err && access(folder, X_OK) < 0)
		snprintf(folder, PATH_MAX, "%s", sounds);
	return err;
}

static int add(struct prompts *p, const char *folder, const char *name, unsigned pause_ms)
{
	p->sounds[p->n] = (struct media_sound){p->paths[p->n], pause_ms};
	return join(p->paths[p->n++], folder, name);
}

static int add_number(struct prompts *p, const char *folder, unsigned n)
{
	char name[32], path[PATH_MAX];
	int err;

	snprintf(name, sizeof name, "bi_%u.wav", n);
	err = join(path, folder, name);
	if (err || n <= 20 || n % 10 == 0 || access(path, R_OK) == 0)
		return err ? err : add(p, folder, name, AFTER_NUMBER);
	snprintf(name, sizeof name, "bi_%u0.wav", n / 10);
	err = add(p, folder, name, AFTER_NUMBER);
	snprintf(name, sizeof name, "bi_%u.wav", n % 10);
	return err ? err : add(p, folder, name, AFTER_NUMBER);
}

/* How many there are; of a hundred and more nothing is said. */
static int add_count(struct prompts *p, const char *folder, unsigned others)
{
	int err;

	if (others > MAX_SPOKEN)
		return 0;
	if (others == 0)
		return add(p, folder, "co_only_one.wav", AFTER_COUNT);
	if (others == 1)
		return add(p, folder, "co_there_is_one.wav", AFTER_COUNT);
	err = add(p, folder, "co_there_are.wav", BEFORE_NUMBER);
	if (!err)
		err = add_number(p, folder, others);
	return err ? err : add(p, folder, "co_more_participants.wav", 0);
}

int prompts_choose(struct prompts *p, const char *folder, unsigned others, bool first)
{
	int err = 0;

	p->n = 0;
	if (first)
		err = add(p, folder, "co_welcome_conference.wav", AFTER_WELCOME);
	if (!err)
		err = add_count(p, folder, others);
	return err ? err : add(p, folder, "connected_tone.wav", AFTER_TONE);
}
