/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * TLS context: the certificate we show, whom we believe, and how (TLS 1.2 and 1.3, forward secrecy,
 * no renegotiation), for both roles. The files are looked at every few seconds: when one has changed,
 * new connections get the new contents and old ones go on with what they have; contents that are no
 * good are reported once and change nothing.
 *
 * An object on the loop's thread; connections hold references.
 */
#ifndef NET_TLS_CONTEXT_H
#define NET_TLS_CONTEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/loop.h"

struct tls_context;

/* All strings are copied. */
struct tls_settings {
	const char *certificate; /* PEM file: our certificate, intermediates, key; NULL: none */
	const char *ca_file;     /* PEM file of the authorities we believe; NULL: none */
	bool verify_server;      /* whom we connect to must prove the name we connect to */
	uint64_t watch_ms;       /* how often the files are looked at; 0: 5000 */
};

/*
 * Read the files. Returns 0, -ENOMEM, the errno of opening a file, or -EINVAL for its contents; error
 * then says which setting and file and what is wrong ("certificate /a/b: ..."). The caller owns one
 * reference and ends with tls_context_close.
 */
int tls_context_new(struct tls_context **context, struct loop *loop,
	const struct tls_settings *settings, char *error, size_t error_size);

/* Stop watching the files; connections may still be made. Idempotent. */
void tls_context_close(struct tls_context *context);

bool tls_context_verifies(const struct tls_context *context);

/* Look at the files now, as the timer does. */
void tls_context_refresh(struct tls_context *context);

#endif
