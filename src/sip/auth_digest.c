/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Digest: hashes, and the response that proves a password (RFC 7616 3.4, RFC 3261 22.4). */
#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "sip/auth_private.h"

#define SESSION_SUFFIX "-sess"

static const char *const names[][2] = {
	[SIP_DIGEST_MD5] = {"MD5", "MD5" SESSION_SUFFIX},
	[SIP_DIGEST_SHA256] = {"SHA-256", "SHA-256" SESSION_SUFFIX},
	[SIP_DIGEST_SHA512_256] = {"SHA-512-256", "SHA-512-256" SESSION_SUFFIX},
};

int sip_digest_of(struct slice name, enum sip_digest *digest, bool *session)
{
	*digest = SIP_DIGEST_MD5;
	*session = false;
	if (name.n == 0)
		return 0;
	for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++) {
		for (unsigned j = 0; j < 2; j++) {
			if (!slice_eq_nocase(name, slice_str(names[i][j])))
				continue;
			*digest = (enum sip_digest)i;
			*session = j == 1;
			return 0;
		}
	}
	return -ENOTSUP;
}

const char *sip_digest_name(enum sip_digest digest, bool session)
{
	return names[digest][session];
}

size_t sip_digest_hex_length(enum sip_digest digest)
{
	return digest == SIP_DIGEST_MD5 ? 32 : 64;
}

static const EVP_MD *library_digest(enum sip_digest digest)
{
	switch (digest) {
	case SIP_DIGEST_SHA256:
		return EVP_sha256();
	case SIP_DIGEST_SHA512_256:
		return EVP_sha512_256();
	default:
		return EVP_md5();
	}
}

static void write_hex(const unsigned char *p, size_t n, char *hex)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < n; i++) {
		*hex++ = digits[p[i] >> 4];
		*hex++ = digits[p[i] & 15];
	}
	*hex = '\0';
}

int sip_digest_hash(
	enum sip_digest digest, const struct slice *parts, size_t n, char hex[SIP_DIGEST_HEX + 1])
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	unsigned char value[EVP_MAX_MD_SIZE];
	unsigned length = 0;
	int err = -ENOMEM;

	hex[0] = '\0';
	if (!ctx || !EVP_DigestInit_ex(ctx, library_digest(digest), NULL))
		goto out;
	for (size_t i = 0; i < n; i++) {
		if (i > 0 && !EVP_DigestUpdate(ctx, ":", 1))
			goto out;
		if (parts[i].n && !EVP_DigestUpdate(ctx, parts[i].p, parts[i].n))
			goto out;
	}
	if (!EVP_DigestFinal_ex(ctx, value, &length) || 2 * length > SIP_DIGEST_HEX)
		goto out;
	write_hex(value, length, hex);
	err = 0;
out:
	EVP_MD_CTX_free(ctx);
	return err;
}

int sip_digest_response(const struct sip_digest_input *in, char hex[SIP_DIGEST_HEX + 1])
{
	char session[SIP_DIGEST_HEX + 1], request[SIP_DIGEST_HEX + 1];
	struct slice ha1 = in->ha1;
	int err = 0;

	/* 3.4.2: with -sess, the nonces of the session's begin go into it. */
	if (in->session) {
		err = sip_digest_hash(
			in->digest, (struct slice[]){in->ha1, in->nonce, in->cnonce}, 3, session);
		ha1 = slice_str(session);
	}
	/* 3.4.3, for qop auth and none. */
	if (!err)
		err = sip_digest_hash(
			in->digest, (struct slice[]){in->method, in->uri}, 2, request);
	if (err)
		return err;
	if (in->qop.n == 0) /* RFC 2617 3.2.2.1: what RFC 2069 had */
		return sip_digest_hash(
			in->digest, (struct slice[]){ha1, in->nonce, slice_str(request)}, 3, hex);
	return sip_digest_hash(in->digest,
		(struct slice[]){ha1, in->nonce, in->nc, in->cnonce, in->qop, slice_str(request)},
		6, hex);
}

bool sip_digest_equal(struct slice a, struct slice b)
{
	char x[SIP_DIGEST_HEX] = {0}, y[SIP_DIGEST_HEX] = {0};

	if (a.n != b.n || a.n > sizeof x)
		return false;
	for (size_t i = 0; i < a.n; i++) {
		x[i] = ascii_lower(a.p[i]);
		y[i] = ascii_lower(b.p[i]);
	}
	return CRYPTO_memcmp(x, y, sizeof x) == 0;
}

struct slice sip_digest_bare(struct slice value)
{
	if (value.n < 2 || value.p[0] != '"' || value.p[value.n - 1] != '"')
		return value;
	return slice_of(value.p + 1, value.n - 2);
}
