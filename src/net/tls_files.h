/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The PEM files that TLS is made of: read into an OpenSSL context, with errors in words that tell the
 * operator what to do. Any thread.
 */
#ifndef NET_TLS_FILES_H
#define NET_TLS_FILES_H

#include <openssl/ssl.h>
#include <stddef.h>

/*
 * Our certificate, its intermediates and its key, all in one file. Returns 0, the errno of opening
 * it, or -EINVAL for its contents; error then says "PATH: what is wrong".
 */
int tls_files_certificate(SSL_CTX *ctx, const char *path, char *error, size_t size);

/* The authorities we believe. Likewise. */
int tls_files_authorities(SSL_CTX *ctx, const char *path, char *error, size_t size);

/*
 * What is wrong with the time that a context's own certificate is good for: -EINVAL and error ("PATH:
 * has expired on ..."), or 0.
 */
int tls_files_check_time(const SSL_CTX *ctx, const char *path, char *error, size_t size);

/*
 * For a check of the configuration: whether a certificate's file, or authorities', is good, now.
 * Returns and says the same, expiry included, or -ENOMEM.
 */
int tls_files_examine_certificate(const char *path, char *error, size_t size);
int tls_files_examine_authorities(const char *path, char *error, size_t size);

#endif
