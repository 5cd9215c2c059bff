/* SPDX-License-Identifier: GPL-3.0-or-later */
/* An application with callers. */
#include "app_fixture.h"

#include <stdlib.h>
#include <string.h>

#include "core/mem.h"

const char *app_resources;

static void on_incoming(struct session *session, void *arg)
{
	struct app_fixture *f = arg;

	obj_unref(f->session);
	f->session = obj_ref(session);
	f->app->incoming_session(f->state, session);
}

static void complain(void *arg, const char *file, unsigned line, const char *text)
{
	abort();
}

void app_open(struct app_fixture *f, const struct app *app, const char *file, const char *settings)
{
	memset(f, 0, sizeof *f);
	f->app = app;
	caller_world_open(&f->world, "127.0.0.1", 8, on_incoming, f);
	if (config_new(&f->config) < 0)
		abort();
	if (settings &&
		config_read_text(f->config, file, file, slice_str(settings), complain, NULL) < 0)
		abort();
	f->context = (struct app_context){.loop = f->world.loop,
		.media = f->world.media,
		.config = f->config,
		.resources = app_resources ? app_resources : "/nonexistent",
		.config_error = complain};
	if (app->start(&f->context, &f->state) < 0)
		abort();
}

size_t app_close(struct app_fixture *f)
{
	f->session = obj_unref(f->session);
	caller_world_close_agent(&f->world);
	f->app->stop(f->state);
	caller_world_close_media(&f->world);
	config_free(f->config);
	return obj_alive() - f->world.alive;
}
