/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Registry: loading and selection of applications (spec: "application selection"). */
#include "apps/registry.h"

#include <errno.h>
#include <string.h>

#include "apps/conference/conference.h"
#include "apps/echo/echo.h"
#include "apps/playback/playback.h"
#include "core/log.h"
#include "core/mem.h"

#define LOG_NAME "sylk.core"
#define FALLBACK "conference"

/* The built-in applications. */
static const struct app *const built_in[] = {&conference_app, &echo_app, &playback_app};

#define N_BUILT_IN (sizeof built_in / sizeof built_in[0])

struct loaded {
	const struct app *app; /* NULL: disabled, or it did not start */
	void *state;
};

struct mapping {
	struct slice key, application; /* into the settings' strings, copied below */
};

struct app_registry {
	struct loaded loaded[N_BUILT_IN];
	const char *default_application;
	struct mapping *map;
	size_t n_map;
	char *names; /* the strings behind map and default_application */
};

static bool listed(const struct config_list *list, const char *name)
{
	for (size_t i = 0; i < list->n; i++) {
		if (strcmp(list->items[i], name) == 0)
			return true;
	}
	return false;
}

static const struct loaded *find(const struct app_registry *registry, struct slice name)
{
	for (size_t i = 0; i < N_BUILT_IN; i++) {
		const struct loaded *l = &registry->loaded[i];

		if (l->app && slice_eq(slice_str(l->app->name), name))
			return l;
	}
	return NULL;
}

/* Cut "key:application" items; the strings stay in registry->names. */
static int parse_map(struct app_registry *registry, const struct app_context *context,
	const struct app_registry_settings *settings)
{
	const struct config_list *items = &settings->application_map;
	size_t size = strlen(settings->default_application) + 1;
	char *at;

	for (size_t i = 0; i < items->n; i++)
		size += strlen(items->items[i]) + 1;
	registry->names = at = mem_zalloc(size);
	registry->map = mem_zalloc(items->n * sizeof *registry->map);
	if (!registry->names || !registry->map)
		return -ENOMEM;
	for (size_t i = 0; i < items->n; i++) {
		struct mapping *m = &registry->map[i];
		size_t n = strlen(items->items[i]) + 1;
		struct slice rest = slice_of(memcpy(at, items->items[i], n), n - 1);

		at += n;
		if (!slice_cut(&rest, ':', &m->key) || slice_find(rest, ':') >= 0)
			rest = SLICE_NONE;
		m->key = slice_trim(m->key);
		m->application = slice_trim(rest);
		if (!m->key.n || !m->application.n) {
			context->config_error(context->config_error_arg, "config.ini", 0,
				"[Server] application_map: every item must read key:application");
			return -EINVAL;
		}
	}
	registry->n_map = items->n;
	registry->default_application = memcpy(
		at, settings->default_application, strlen(settings->default_application) + 1);
	return 0;
}

static void start_applications(struct app_registry *registry, const struct app_context *context,
	const struct app_registry_settings *settings)
{
	for (size_t i = 0; i < N_BUILT_IN; i++) {
		struct loaded *l = &registry->loaded[i];
		int err;

		if (listed(&settings->disabled_applications, built_in[i]->name))
			continue;
		err = built_in[i]->start(context, &l->state);
		if (err)
			log_error(LOG_NAME, "Application %s did not start: %s", built_in[i]->name,
				strerror(-err));
		else
			l->app = built_in[i];
	}
	if (!find(registry, slice_str(registry->default_application))) {
		log_warning(LOG_NAME,
			"[Server] default_application: no application %s is loaded, "
			"using " FALLBACK,
			registry->default_application);
		registry->default_application = FALLBACK;
	}
}

int app_registry_new(struct app_registry **registry, const struct app_context *context,
	const struct app_registry_settings *settings)
{
	struct app_registry *r = mem_zalloc(sizeof *r);
	int err;

	if (!r)
		return -ENOMEM;
	err = parse_map(r, context, settings);
	if (err) {
		app_registry_free(r);
		return err;
	}
	start_applications(r, context, settings);
	*registry = r;
	return 0;
}

void app_registry_free(struct app_registry *registry)
{
	if (!registry)
		return;
	for (size_t i = 0; i < N_BUILT_IN; i++) {
		if (registry->loaded[i].app)
			registry->loaded[i].app->stop(registry->loaded[i].state);
	}
	mem_free(registry->map);
	mem_free(registry->names);
	mem_free(registry);
}

struct slice app_registry_select(const struct app_registry *registry, struct slice asked,
	struct slice target, struct slice user, struct slice host)
{
	const struct slice keys[] = {target, host, user};

	if (asked.n)
		return asked;
	for (size_t k = 0; k < sizeof keys / sizeof keys[0]; k++) {
		for (size_t i = 0; i < registry->n_map && keys[k].n; i++) {
			if (slice_eq(registry->map[i].key, keys[k]))
				return registry->map[i].application;
		}
	}
	return slice_str(registry->default_application);
}

/* The application for this, or NULL, logged. */
static const struct loaded *find_for(
	const struct app_registry *registry, const struct parties *parties, const char *what)
{
	struct slice name = app_registry_select(
		registry, parties->application, parties->target, parties->user, parties->host);
	const struct loaded *l = find(registry, name);

	if (!l)
		log_info(LOG_NAME, "%s to %.*s refused: application %.*s is not loaded", what,
			SLICE_ARG(parties->target), SLICE_ARG(name));
	return l;
}

void app_registry_message(struct app_registry *registry, struct message *message)
{
	const struct loaded *l = find_for(registry, &message->parties, "Message");

	if (!l)
		message_answer(message, 404);
	else if (!l->app->incoming_message)
		message_answer(message, 405);
	else
		l->app->incoming_message(l->state, message);
}

void app_registry_subscription(struct app_registry *registry, struct subscription *subscription)
{
	const struct loaded *l = find_for(registry, &subscription->parties, "Subscription");

	if (!l)
		subscription_reject(subscription, 404);
	else if (!l->app->incoming_subscription)
		subscription_reject(subscription, 405);
	else
		l->app->incoming_subscription(l->state, subscription);
}

void app_registry_referral(struct app_registry *registry, struct referral *referral)
{
	const struct loaded *l = find_for(registry, &referral->parties, "Referral");

	if (!l)
		referral_reject(referral, 404);
	else if (!l->app->incoming_referral)
		referral_reject(referral, 405);
	else
		l->app->incoming_referral(l->state, referral);
}

static bool names(struct slice list, struct slice name)
{
	struct slice each;

	while (slice_cut(&list, ',', &each)) {
		if (slice_eq(slice_trim(each), name))
			return true;
	}
	return false;
}

void app_registry_events(const struct app_registry *registry, struct buf *out)
{
	for (size_t i = 0; i < N_BUILT_IN; i++) {
		const struct app *app = registry->loaded[i].app;
		struct slice rest = slice_str(app ? app->events : NULL), each;

		while (slice_cut(&rest, ',', &each)) {
			if (names(buf_view(out), slice_trim(each)))
				continue;
			if (out->n)
				buf_str(out, ", ");
			buf_slice(out, slice_trim(each));
		}
	}
}

void app_registry_session(struct app_registry *registry, struct session *session)
{
	struct slice name = app_registry_select(
		registry, session->application, session->target, session->user, session->host);
	const struct loaded *l = find(registry, name);

	if (!l) {
		log_info(LOG_NAME, "Call to %.*s refused: application %.*s is not loaded",
			SLICE_ARG(session->target), SLICE_ARG(name));
		session_reject(session, 404);
		return;
	}
	l->app->incoming_session(l->state, session);
}
