/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Registry: which applications are loaded, and which one gets a request: by name (the header
 * X-Sylk-App), else the first entry of application_map that names the target's user@host, host or
 * user, else default_application. Signalling thread.
 */
#ifndef APPS_REGISTRY_H
#define APPS_REGISTRY_H

#include "apps/app.h"
#include "core/config.h"

struct app_registry;

struct app_registry_settings {
	const char *default_application;
	struct config_list application_map;       /* "key:application" */
	struct config_list disabled_applications; /* names not to load */
};

/*
 * Load and start the built-in applications; one that does not start is logged and left out.
 * Returns 0, -EINVAL when application_map is malformed (reported through the context), or -ENOMEM.
 */
int app_registry_new(struct app_registry **registry, const struct app_context *context,
	const struct app_registry_settings *settings);

/* Stop all applications and free. */
void app_registry_free(struct app_registry *registry);

/* Hand a session to its application; 404 when that is not loaded. */
void app_registry_session(struct app_registry *registry, struct session *session);

/* The same for what comes outside sessions; 405 when the application takes no such thing. */
void app_registry_message(struct app_registry *registry, struct message *message);
void app_registry_subscription(struct app_registry *registry, struct subscription *subscription);
void app_registry_referral(struct app_registry *registry, struct referral *referral);

/* The event packages of all loaded applications, each once: "conference, presence". */
void app_registry_events(const struct app_registry *registry, struct buf *out);

/*
 * The name of the application that a request gets, loaded or not: asked (X-Sylk-App) if not empty,
 * else by application_map and default_application. Good as long as the registry and asked.
 */
struct slice app_registry_select(const struct app_registry *registry, struct slice asked,
	struct slice target, struct slice user, struct slice host);

#endif
