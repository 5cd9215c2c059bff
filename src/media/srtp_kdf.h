/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Derivation of SRTP's session keys (RFC 3711 4.3, RFC 6188 section 3, RFC 7714 section 11). */
#ifndef MEDIA_SRTP_KDF_H
#define MEDIA_SRTP_KDF_H

#include <stddef.h>
#include <stdint.h>

#include <openssl/types.h>

#define SRTP_MASTER_SALT_SIZE 14

/* 4.3.1 and 4.3.2; SRTCP's are those of SRTP and 3 more. */
enum srtp_label {
	SRTP_LABEL_KEY = 0,
	SRTP_LABEL_AUTH = 1,
	SRTP_LABEL_SALT = 2,
	SRTP_LABEL_RTCP = 3,
};

/* A master key and salt to derive from. Embedded; the caller frees it. */
struct srtp_kdf {
	EVP_CIPHER_CTX *aes;
	uint8_t salt[SRTP_MASTER_SALT_SIZE];
};

/* key_size: 16 or 32. A salt shorter than 14 bytes is filled up with zeros. 0 or -ENOMEM. */
int srtp_kdf_init(struct srtp_kdf *kdf, const uint8_t *key, size_t key_size, const uint8_t *salt,
	size_t salt_size);
void srtp_kdf_free(struct srtp_kdf *kdf);

/* n bytes of the session key with this label, for a key derivation rate of 0. 0 or -EIO. */
int srtp_kdf_derive(struct srtp_kdf *kdf, unsigned label, uint8_t *out, size_t n);

#endif
