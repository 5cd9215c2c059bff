/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The two ways to encrypt and authenticate a packet of SRTP or SRTCP, behind one table: AES in
 * counter mode with HMAC-SHA1 (RFC 3711 4.1.1 and 4.2.1, RFC 6188), and AES-GCM (RFC 7714). They are
 * given session keys, and know nothing of sequence numbers, windows or where tags stand.
 *
 * One thread at a time for each cipher. Nothing is allocated but in init.
 */
#ifndef MEDIA_SRTP_CIPHER_H
#define MEDIA_SRTP_CIPHER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <openssl/types.h>

#include "media/srtp_sha1.h"

#define SRTP_MAX_PACKET 2048 /* bytes, with all that is added */
#define SRTP_SALT_SIZE 14    /* of counter mode; GCM uses the first 12 bytes (RFC 7714 8.1) */
#define SRTP_AUTH_KEY_SIZE 20
#define SRTP_MAX_TAG 16

/* Session keys of one direction and one of SRTP and SRTCP. Embedded; zeroed before init. */
struct srtp_cipher {
	EVP_CIPHER_CTX *aes;
	struct gcm128_context *gcm; /* GCM */
	struct hmac_sha1 auth;      /* counter mode */
	uint8_t salt[SRTP_SALT_SIZE];
	bool failed; /* GCM: OpenSSL could not encrypt a block */
};

struct srtp_session_key {
	const uint8_t *key, *salt, *auth;
	size_t key_size; /* 16 or 32; the others are as long as said above */
};

/* A packet as the ciphers see it. */
struct srtp_text {
	uint8_t *p;
	size_t head, size; /* bytes that stay in the clear; of all, without tag and trailer */
	uint32_t ssrc;
	uint64_t index; /* 48 bits of SRTP, or SRTCP's 31 */
	bool rtcp;
	uint8_t word[4]; /* authenticated too: the ROC, or SRTCP's trailer word (E bit and index) */
};

struct srtp_cipher_ops {
	bool tag_first; /* the tag stands before trailer word and MKI (RFC 7714 figures 3 and 5) */

	/* 0, or -ENOMEM. In any case the caller ends with srtp_cipher_free. */
	int (*init)(struct srtp_cipher *c, const struct srtp_session_key *key, bool sending);

	/* Encrypt in place, and write the tag. 0 or -EIO. */
	int (*seal)(
		struct srtp_cipher *c, const struct srtp_text *text, uint8_t *tag, size_t tag_size);

	/* Check the tag, then decrypt in place. -EBADMSG: not authentic, text is as it was. */
	int (*open)(struct srtp_cipher *c, const struct srtp_text *text, const uint8_t *tag,
		size_t tag_size);
};

extern const struct srtp_cipher_ops srtp_cm_ops, srtp_gcm_ops;

/* Free and wipe; also what was never initialised. */
void srtp_cipher_free(struct srtp_cipher *c);

/*
 * AES in counter mode by itself: n bytes (up to 2^20) of the keystream that starts with this block,
 * whose last two bytes are counter's, are exclusive-ored into out. aes: of srtp_aes_new. 0 or -EIO.
 */
int srtp_aes_cm(
	EVP_CIPHER_CTX *aes, const uint8_t start[16], unsigned counter, uint8_t *out, size_t n);

/* A context that encrypts single blocks; key_size 16 or 32. The caller frees it. NULL: no memory. */
EVP_CIPHER_CTX *srtp_aes_new(const uint8_t *key, size_t key_size);

#endif
