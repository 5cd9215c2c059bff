/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Derivation of SRTP's session keys. */
#include "media/srtp_kdf.h"

#include <errno.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "media/srtp_cipher.h"

int srtp_kdf_init(struct srtp_kdf *kdf, const uint8_t *key, size_t key_size, const uint8_t *salt,
	size_t salt_size)
{
	memset(kdf, 0, sizeof *kdf);
	kdf->aes = srtp_aes_new(key, key_size);
	if (!kdf->aes)
		return -ENOMEM;
	memcpy(kdf->salt, salt, salt_size);
	return 0;
}

void srtp_kdf_free(struct srtp_kdf *kdf)
{
	EVP_CIPHER_CTX_free(kdf->aes);
	OPENSSL_cleanse(kdf, sizeof *kdf);
}

/* 4.3.1 and 4.3.3: counter mode from (label * 2^48 XOR salt) * 2^16. */
int srtp_kdf_derive(struct srtp_kdf *kdf, unsigned label, uint8_t *out, size_t n)
{
	uint8_t start[16] = {0};

	memcpy(start, kdf->salt, sizeof kdf->salt);
	start[7] ^= (uint8_t)label;
	memset(out, 0, n);
	return srtp_aes_cm(kdf->aes, start, 0, out, n);
}
