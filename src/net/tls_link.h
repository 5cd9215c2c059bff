/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Between tls.c and tls_context.c: OpenSSL's part of a connection. Loop thread. */
#ifndef NET_TLS_LINK_H
#define NET_TLS_LINK_H

#include <openssl/ssl.h>

#include "net/tls_context.h"

/*
 * name: NULL for the server's role; else we are the client, and the peer is to prove it (which
 * matters when the context verifies). The name and the context must outlive the SSL. NULL without
 * memory.
 */
SSL *tls_context_ssl(struct tls_context *context, const char *name);

#endif
