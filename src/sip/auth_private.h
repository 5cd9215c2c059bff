/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What client and server of digest authentication share (RFC 7616 3.4). Loop thread. */
#ifndef SIP_AUTH_PRIVATE_H
#define SIP_AUTH_PRIVATE_H

#include "sip/auth.h"

/* The stronger the later. SHA-512/256 is for the client alone. */
enum sip_digest { SIP_DIGEST_MD5, SIP_DIGEST_SHA256, SIP_DIGEST_SHA512_256 };

#define SIP_DIGEST_HEX 64 /* letters of the longest one */

/* What stands behind algorithm=. Returns 0 or -ENOTSUP. An empty value means MD5. */
int sip_digest_of(struct slice name, enum sip_digest *digest, bool *session);

/* "MD5", "SHA-256-sess" ... */
const char *sip_digest_name(enum sip_digest digest, bool session);

/* How many letters its hexadecimal form has. */
size_t sip_digest_hex_length(enum sip_digest digest);

/*
 * The hash of the parts with a colon between each two, in hexadecimal with a NUL.
 * Returns 0 or -ENOMEM (the library could not).
 */
int sip_digest_hash(
	enum sip_digest digest, const struct slice *parts, size_t n, char hex[SIP_DIGEST_HEX + 1]);

/* What a response is made of; qop empty: as RFC 2069 had it, without cnonce and nc. */
struct sip_digest_input {
	enum sip_digest digest;
	bool session;     /* algorithm "-sess" */
	struct slice ha1; /* hex of username:realm:password */
	struct slice nonce, cnonce, nc, qop;
	struct slice method, uri;
};

/* RFC 7616 3.4.1 to 3.4.3. Returns 0 or -ENOMEM. */
int sip_digest_response(const struct sip_digest_input *input, char hex[SIP_DIGEST_HEX + 1]);

/* Equal, hexadecimal letters in either case, in a time that does not tell where they differ. */
bool sip_digest_equal(struct slice a, struct slice b);

/* What stands between the quotes, byte for byte; a token as it is. */
struct slice sip_digest_bare(struct slice value);

#endif
