/* SPDX-License-Identifier: GPL-3.0-or-later */
/* PEM files: reading, and saying what is wrong with them. */
#include "net/tls_files.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { DATE_TEXT = 64 };

/* A key that needs a passphrase is an error; nobody is there to be asked for one. */
static int no_passphrase(char *to, int size, int writing, void *asked)
{
	*(bool *)asked = true;
	return -1;
}

static int say(char *error, size_t size, const char *path, const char *what)
{
	snprintf(error, size, "%s: %s", path, what);
	return -EINVAL;
}

/* OpenSSL's own words, where we have none. */
static int say_openssl(char *error, size_t size, const char *path, const char *what)
{
	const char *reason = ERR_reason_error_string(ERR_peek_last_error());

	snprintf(error, size, "%s: %s (%s)", path, what, reason ? reason : "no reason given");
	return -EINVAL;
}

/* Returns 0, or the errno of opening it, said. */
static int open_file(const char *path, BIO **file, char *error, size_t size)
{
	int err;

	errno = 0;
	*file = BIO_new_file(path, "r");
	if (*file)
		return 0;
	err = errno ? -errno : -ENOMEM;
	snprintf(error, size, "%s: %s", path, strerror(-err));
	return err;
}

static bool has_no_more(void)
{
	unsigned long last = ERR_peek_last_error();

	return ERR_GET_LIB(last) == ERR_LIB_PEM && ERR_GET_REASON(last) == PEM_R_NO_START_LINE;
}

static int read_chain(SSL_CTX *ctx, BIO *file, const char *path, char *error, size_t size)
{
	X509 *certificate = PEM_read_bio_X509_AUX(file, NULL, NULL, NULL);
	int err = 0;

	if (!certificate)
		return has_no_more()
			       ? say(error, size, path, "holds no certificate")
			       : say_openssl(error, size, path, "its certificate cannot be read");
	if (SSL_CTX_use_certificate(ctx, certificate) != 1)
		err = say_openssl(error, size, path, "its certificate cannot be used");
	X509_free(certificate);
	SSL_CTX_clear_chain_certs(ctx);
	while (!err && (certificate = PEM_read_bio_X509(file, NULL, NULL, NULL))) {
		if (SSL_CTX_add1_chain_cert(ctx, certificate) != 1)
			err = say_openssl(
				error, size, path, "an intermediate certificate cannot be used");
		X509_free(certificate);
	}
	if (!err && !has_no_more())
		err = say_openssl(error, size, path, "an intermediate certificate cannot be read");
	return err;
}

static int read_key(SSL_CTX *ctx, BIO *file, const char *path, char *error, size_t size)
{
	bool asked = false;
	EVP_PKEY *key = PEM_read_bio_PrivateKey(file, NULL, no_passphrase, &asked);
	int err = 0;

	if (asked)
		err = say(error, size, path,
			"its key has a passphrase, which nobody is there to type");
	else if (!key) /* OpenSSL says no more of one that is damaged than of none */
		err = say(error, size, path,
			"holds no private key, or a damaged one: it belongs behind the "
			"certificates");
	else if (X509_check_private_key(SSL_CTX_get0_certificate(ctx), key) != 1)
		err = say(
			error, size, path, "its private key is not that of its first certificate");
	else if (SSL_CTX_use_PrivateKey(ctx, key) != 1)
		err = say_openssl(error, size, path, "its private key cannot be used");
	EVP_PKEY_free(key);
	return err;
}

int tls_files_certificate(SSL_CTX *ctx, const char *path, char *error, size_t size)
{
	BIO *file;
	int err;

	ERR_clear_error();
	err = open_file(path, &file, error, size);
	if (err)
		return err;
	err = read_chain(ctx, file, path, error, size);
	/* Wherever it stands in the file. */
	ERR_clear_error();
	if (!err && BIO_seek(file, 0) != 0)
		err = say(error, size, path, "is no ordinary file");
	if (!err)
		err = read_key(ctx, file, path, error, size);
	BIO_free(file);
	ERR_clear_error();
	return err;
}

static bool holds_none(unsigned long last)
{
	return ERR_GET_LIB(last) == ERR_LIB_X509 &&
	       ERR_GET_REASON(last) == X509_R_NO_CERTIFICATE_OR_CRL_FOUND;
}

int tls_files_authorities(SSL_CTX *ctx, const char *path, char *error, size_t size)
{
	BIO *file;
	int err;

	ERR_clear_error();
	err = open_file(path, &file, error, size);
	if (err)
		return err;
	BIO_free(file);
	if (SSL_CTX_load_verify_file(ctx, path) != 1)
		err = holds_none(ERR_peek_last_error())
			      ? say(error, size, path, "holds no certificate")
			      : say_openssl(error, size, path, "its certificates cannot be read");
	ERR_clear_error();
	return err;
}

static void print_date(const ASN1_TIME *date, char text[DATE_TEXT])
{
	struct tm tm;

	if (ASN1_TIME_to_tm(date, &tm) != 1 || !strftime(text, DATE_TEXT, "%Y-%m-%d", &tm))
		snprintf(text, DATE_TEXT, "an unreadable date");
}

int tls_files_check_time(const SSL_CTX *ctx, const char *path, char *error, size_t size)
{
	const X509 *certificate = SSL_CTX_get0_certificate(ctx);
	const ASN1_TIME *from = X509_get0_notBefore(certificate);
	const ASN1_TIME *until = X509_get0_notAfter(certificate);
	char date[DATE_TEXT];

	if (X509_cmp_current_time(until) < 0) {
		print_date(until, date);
		snprintf(error, size, "%s: its certificate has expired, on %s", path, date);
		return -EINVAL;
	}
	if (X509_cmp_current_time(from) > 0) {
		print_date(from, date);
		snprintf(error, size, "%s: its certificate is not good before %s", path, date);
		return -EINVAL;
	}
	return 0;
}

static int new_context(SSL_CTX **ctx, char *error, size_t size)
{
	*ctx = SSL_CTX_new(TLS_method());
	if (*ctx)
		return 0;
	snprintf(error, size, "%s", strerror(ENOMEM));
	return -ENOMEM;
}

int tls_files_examine_certificate(const char *path, char *error, size_t size)
{
	SSL_CTX *ctx;
	int err = new_context(&ctx, error, size);

	if (!err)
		err = tls_files_certificate(ctx, path, error, size);
	if (!err)
		err = tls_files_check_time(ctx, path, error, size);
	SSL_CTX_free(ctx);
	return err;
}

int tls_files_examine_authorities(const char *path, char *error, size_t size)
{
	SSL_CTX *ctx;
	int err = new_context(&ctx, error, size);

	if (!err)
		err = tls_files_authorities(ctx, path, error, size);
	SSL_CTX_free(ctx);
	return err;
}
