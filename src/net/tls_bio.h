/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Between tls.c and OpenSSL: where a connection's ciphertext comes from and goes to. OpenSSL's own
 * memory BIOs keep the largest block they ever held; these hold nothing. Loop thread.
 */
#ifndef NET_TLS_BIO_H
#define NET_TLS_BIO_H

#include <openssl/bio.h>

#include "core/buf.h"

/* Owned by the link, and outlives the BIO. */
struct tls_bytes {
	struct slice in; /* received and not yet read; the memory is the lower link's */
	struct buf out;  /* to be sent; at its cap the connection fails */
};

/* The caller, or the SSL it is given to, owns the BIO. NULL without memory. */
BIO *tls_bio_new(struct tls_bytes *bytes);

#endif
