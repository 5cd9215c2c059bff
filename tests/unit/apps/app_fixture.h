/* SPDX-License-Identifier: GPL-3.0-or-later */
/* An application with callers, on a virtual clock. */
#ifndef TESTS_APP_FIXTURE_H
#define TESTS_APP_FIXTURE_H

#include "apps/app.h"
#include "call.h"

struct app_fixture {
	struct caller_world world;
	const struct app *app;
	void *state;
	struct config *config;
	struct app_context context;
	struct session *session; /* the latest, a reference */
};

/*
 * settings: text of the file; NULL: none. Resources are what lies in the folder app_resources, if that
 * is set. Aborts on an error.
 */
void app_open(struct app_fixture *f, const struct app *app, const char *file, const char *settings);

extern const char *app_resources;

/* Returns how many objects have leaked. */
size_t app_close(struct app_fixture *f);

#endif
