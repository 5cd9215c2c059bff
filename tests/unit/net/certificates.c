/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "certificates.h"

#include <dirent.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { DAY = 86400 };

static void demand(int condition, const char *what)
{
	if (condition)
		return;
	fprintf(stderr, "certificates: %s\n", what);
	exit(1);
}

const char *certificates_path(const struct certificates *c, const char *file)
{
	static char paths[4][256];
	static unsigned next;
	char *path = paths[next++ % 4];

	snprintf(path, sizeof paths[0], "%s/%s", c->folder, file);
	return path;
}

static void extend(X509 *cert, int nid, const char *value)
{
	X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);

	demand(extension && X509_add_ext(cert, extension, -1), value);
	X509_EXTENSION_free(extension);
}

static X509 *make(struct certificates *c, EVP_PKEY *key, const char *common_name, int days)
{
	X509 *cert = X509_new();

	X509_set_version(cert, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(cert), ++c->serial);
	X509_gmtime_adj(X509_getm_notBefore(cert), -DAY);
	X509_gmtime_adj(X509_getm_notAfter(cert), (long)(days - 1) * DAY);
	X509_set_pubkey(cert, key);
	if (common_name)
		X509_NAME_add_entry_by_txt(X509_get_subject_name(cert), "CN", MBSTRING_UTF8,
			(const unsigned char *)common_name, -1, -1, 0);
	return cert;
}

static void save(const struct certificates *c, const char *file, X509 *cert, EVP_PKEY *key)
{
	FILE *f = fopen(certificates_path(c, file), "w");

	demand(f && PEM_write_X509(f, cert), file);
	if (key)
		demand(PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL), file);
	demand(fclose(f) == 0, file);
}

void certificates_init(struct certificates *c)
{
	memset(c, 0, sizeof *c);
	strcpy(c->folder, "/tmp/sylk-certificates-XXXXXX");
	demand(mkdtemp(c->folder) != NULL, "mkdtemp");
	c->ca_key = EVP_EC_gen("P-256");
	c->ca = make(c, c->ca_key, "Test authority", 30);
	X509_set_issuer_name(c->ca, X509_get_subject_name(c->ca));
	extend(c->ca, NID_basic_constraints, "critical,CA:TRUE");
	demand(X509_sign(c->ca, c->ca_key, EVP_sha256()) > 0, "X509_sign");
	save(c, "ca.pem", c->ca, NULL);
}

void certificates_free(struct certificates *c)
{
	DIR *dir = opendir(c->folder);
	struct dirent *entry;

	while (dir && (entry = readdir(dir)))
		unlink(certificates_path(c, entry->d_name));
	if (dir)
		closedir(dir);
	rmdir(c->folder);
	X509_free(c->ca);
	EVP_PKEY_free(c->ca_key);
}

void certificates_issue(struct certificates *c, const char *file, const char *common_name,
	const char *names, int days)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *cert = make(c, key, common_name, days);

	X509_set_issuer_name(cert, X509_get_subject_name(c->ca));
	if (names)
		extend(cert, NID_subject_alt_name, names);
	demand(X509_sign(cert, c->ca_key, EVP_sha256()) > 0, "X509_sign");
	save(c, file, cert, key);
	X509_free(cert);
	EVP_PKEY_free(key);
}

void certificates_write(const struct certificates *c, const char *file, const char *text)
{
	FILE *f = fopen(certificates_path(c, file), "w");

	demand(f && fputs(text, f) >= 0 && fclose(f) == 0, file);
}
