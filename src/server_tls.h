/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The server's TLS context, from [Server] and [SIP]. Signalling thread. */
#ifndef SERVER_TLS_H
#define SERVER_TLS_H

#include "core/loop.h"
#include "settings.h"

struct tls_context;

/*
 * *context NULL: there is no TLS, either because no port is set for it, or because a file is missing
 * (a warning says which) or no good (an error line says why); the server starts without it. Returns 0
 * or -ENOMEM. The caller owns one reference and ends with tls_context_close.
 */
int server_tls_new(
	struct tls_context **context, struct loop *loop, const struct settings *settings);

/* For --check: report what is wrong with the files that [Server] names. */
void server_tls_check(const struct config *config, const struct settings *settings,
	config_error_fn *error, void *arg);

#endif
