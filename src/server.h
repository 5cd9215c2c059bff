/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Server: puts the parts together. Media engine, SIP agent and applications on one loop.
 * Signalling thread.
 */
#ifndef SERVER_H
#define SERVER_H

#include "core/config.h"
#include "core/loop.h"
#include "settings.h"

struct server;

/*
 * Start on the loop: open all ports, start media threads and applications. config and settings
 * outlive the server. What fails is logged, with the setting to change.
 * Returns 0 or a negative errno.
 */
int server_new(struct server **server, struct loop *loop, const struct config *config,
	const struct settings *settings, config_error_fn *config_error, void *config_error_arg);

/* Say on standard output what it listens on and what to call. */
void server_announce(const struct server *server);

/* Log how many sessions, objects and media threads there are. */
void server_log_figures(const struct server *server);

/* End all calls; done is called when they have ended, or after limit_ms. */
void server_stop(struct server *server, uint64_t limit_ms, loop_fn *done, void *arg);

/* Close everything and free. */
void server_free(struct server *server);

#endif
