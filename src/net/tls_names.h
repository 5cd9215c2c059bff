/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The SIP domains that a certificate speaks for (RFC 5922 section 7). Any thread. */
#ifndef NET_TLS_NAMES_H
#define NET_TLS_NAMES_H

#include <openssl/x509.h>

#include "core/buf.h"

/*
 * Whether the certificate, whose validity others have checked, proves this domain. A literal address
 * (IPv6 with or without brackets) is proved by an iPAddress name.
 */
bool tls_cert_proves(const X509 *cert, struct slice domain);

/* All its identities, separated by commas, for the log; "nobody" when there is none. */
void tls_cert_print_names(const X509 *cert, struct buf *out);

#endif
