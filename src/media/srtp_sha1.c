/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * HMAC-SHA1 from saved states. OpenSSL 3 calls the functions used here deprecated; its new interface
 * looks algorithms up and allocates where these add to a struct on the stack, which costs as much
 * again as all the rest of a packet. They are used in this file only.
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "media/srtp_sha1.h"

#include <string.h>

#include <openssl/crypto.h>
#include <openssl/sha.h>

static void start_from(SHA_CTX *sha, const uint32_t state[5])
{
	sha->h0 = state[0];
	sha->h1 = state[1];
	sha->h2 = state[2];
	sha->h3 = state[3];
	sha->h4 = state[4];
	/* One block, the padded key, has been hashed. */
	sha->Nl = 8 * SHA_CBLOCK;
	sha->Nh = 0;
	sha->num = 0;
}

static void state_behind_key(const uint8_t *key, size_t n, uint8_t pad, uint32_t state[5])
{
	uint8_t block[SHA_CBLOCK];
	SHA_CTX sha;

	memset(block, pad, sizeof block);
	for (size_t i = 0; i < n; i++)
		block[i] ^= key[i];
	SHA1_Init(&sha);
	SHA1_Update(&sha, block, sizeof block);
	state[0] = sha.h0;
	state[1] = sha.h1;
	state[2] = sha.h2;
	state[3] = sha.h3;
	state[4] = sha.h4;
	OPENSSL_cleanse(block, sizeof block);
	OPENSSL_cleanse(&sha, sizeof sha);
}

void hmac_sha1_init(struct hmac_sha1 *hmac, const uint8_t *key, size_t n)
{
	state_behind_key(key, n, 0x36, hmac->inner);
	state_behind_key(key, n, 0x5c, hmac->outer);
}

void hmac_sha1(const struct hmac_sha1 *hmac, const uint8_t *p, size_t n, const uint8_t *more,
	size_t n_more, uint8_t out[HMAC_SHA1_SIZE])
{
	SHA_CTX sha;

	start_from(&sha, hmac->inner);
	SHA1_Update(&sha, p, n);
	SHA1_Update(&sha, more, n_more);
	SHA1_Final(out, &sha);
	start_from(&sha, hmac->outer);
	SHA1_Update(&sha, out, HMAC_SHA1_SIZE);
	SHA1_Final(out, &sha);
}
