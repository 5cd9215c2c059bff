/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The application interface: an application gets sessions, messages, subscriptions and referrals and
 * decides what becomes of them. It touches no socket and
 * never asks by what protocol something came. One folder per application under apps/.
 *
 * Signalling thread.
 */
#ifndef APPS_APP_H
#define APPS_APP_H

#include "core/config.h"
#include "core/loop.h"
#include "media/engine.h"
#include "session/message.h"
#include "session/outgoing.h"
#include "session/referral.h"
#include "session/session.h"
#include "session/subscription.h"

/* What the server lends to applications; outlives them. */
struct app_context {
	struct loop *loop;
	struct media_engine *media;
	const struct outgoing *outgoing; /* what applications begin by themselves goes out here */
	const struct config *config;
	const char *resources;         /* folder of the files that come with the server */
	config_error_fn *config_error; /* where complaints about settings go */
	void *config_error_arg;
};

/* One application: a constant table that its folder exports. */
struct app {
	const char *name; /* as in application_map and X-Sylk-App */

	/* Start with the context; *state is handed to the other functions. 0 or a negative errno. */
	int (*start)(const struct app_context *context, void **state);

	/* All sessions have ended: free the state. */
	void (*stop)(void *state);

	/*
	 * A session was proposed. The application takes it (session_set_handlers, obj_ref,
	 * session_accept now or later) or rejects it. The caller holds a reference across the call.
	 */
	void (*incoming_session)(void *state, struct session *session);

	/*
	 * What comes outside sessions; NULL: it takes none (405). The application answers now or
	 * later; it takes a reference to what it keeps. The caller holds one across the call.
	 */
	void (*incoming_message)(void *state, struct message *message);
	void (*incoming_subscription)(void *state, struct subscription *subscription);
	void (*incoming_referral)(void *state, struct referral *referral);

	/* Event packages that incoming_subscription knows: "conference, presence"; or NULL. */
	const char *events;
};

#endif
