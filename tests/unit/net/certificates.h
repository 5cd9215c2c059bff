/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Certificates for tests, made on the spot in a folder of their own. */
#ifndef TESTS_CERTIFICATES_H
#define TESTS_CERTIFICATES_H

#include <openssl/x509.h>

struct certificates {
	char folder[64];
	X509 *ca;
	EVP_PKEY *ca_key;
	long serial;
};

/* A fresh authority; its certificate is the file ca.pem. Any failure ends the program. */
void certificates_init(struct certificates *c);
void certificates_free(struct certificates *c);

/* Path of a file in the folder; good until the next call but three. */
const char *certificates_path(const struct certificates *c, const char *file);

/*
 * Write a certificate with its key, valid from a day ago for so many days. common_name and names
 * ("DNS:example.com,URI:sip:example.com,IP:127.0.0.1") may be NULL.
 */
void certificates_issue(struct certificates *c, const char *file, const char *common_name,
	const char *names, int days);

/* Write any text. */
void certificates_write(const struct certificates *c, const char *file, const char *text);

#endif
