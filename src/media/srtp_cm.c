/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * AES in counter mode with HMAC-SHA1 (RFC 3711 4.1.1 and 4.2.1; 256 bits: RFC 6188).
 *
 * The counter blocks are made here and encrypted many at a time: that way OpenSSL needs no new IV
 * for each packet, which would cost more than the encryption.
 */
#include "media/srtp_cipher.h"

#include <errno.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/modes.h>

enum {
	BLOCK = 16,
	BLOCKS = 32, /* at a time */
};

EVP_CIPHER_CTX *srtp_aes_new(const uint8_t *key, size_t key_size)
{
	EVP_CIPHER_CTX *aes = EVP_CIPHER_CTX_new();

	if (!aes)
		return NULL;
	if (!EVP_EncryptInit_ex(
		    aes, key_size == 32 ? EVP_aes_256_ecb() : EVP_aes_128_ecb(), NULL, key, NULL)) {
		EVP_CIPHER_CTX_free(aes);
		return NULL;
	}
	EVP_CIPHER_CTX_set_padding(aes, 0);
	return aes;
}

static void exclusive_or(uint8_t *out, const uint8_t *stream, size_t n)
{
	size_t i = 0;

	for (; i + sizeof(uint64_t) <= n; i += sizeof(uint64_t)) {
		uint64_t a, b;

		memcpy(&a, out + i, sizeof a);
		memcpy(&b, stream + i, sizeof b);
		a ^= b;
		memcpy(out + i, &a, sizeof a);
	}
	for (; i < n; i++)
		out[i] ^= stream[i];
}

int srtp_aes_cm(
	EVP_CIPHER_CTX *aes, const uint8_t start[BLOCK], unsigned counter, uint8_t *out, size_t n)
{
	uint8_t stream[BLOCKS * BLOCK];

	while (n) {
		size_t blocks = (n + BLOCK - 1) / BLOCK, part;
		int written;

		blocks = blocks < BLOCKS ? blocks : BLOCKS;
		part = n < blocks * BLOCK ? n : blocks * BLOCK;
		for (size_t i = 0; i < blocks; i++, counter++) {
			memcpy(stream + i * BLOCK, start, BLOCK - 2);
			stream[i * BLOCK + BLOCK - 2] = (uint8_t)(counter >> 8);
			stream[i * BLOCK + BLOCK - 1] = (uint8_t)counter;
		}
		if (!EVP_EncryptUpdate(aes, stream, &written, stream, (int)(blocks * BLOCK)))
			return -EIO;
		exclusive_or(out, stream, part);
		out += part;
		n -= part;
	}
	return 0;
}

static int cm_init(struct srtp_cipher *c, const struct srtp_session_key *key, bool sending)
{
	c->aes = srtp_aes_new(key->key, key->key_size);
	if (!c->aes)
		return -ENOMEM;
	memcpy(c->salt, key->salt, SRTP_SALT_SIZE);
	hmac_sha1_init(&c->auth, key->auth, SRTP_AUTH_KEY_SIZE);
	return 0;
}

/* 4.1.1: IV = (salt * 2^16) XOR (SSRC * 2^64) XOR (index * 2^16). */
static int crypt(struct srtp_cipher *c, const struct srtp_text *text)
{
	uint8_t start[BLOCK] = {0};

	memcpy(start, c->salt, SRTP_SALT_SIZE);
	for (unsigned i = 0; i < 4; i++)
		start[4 + i] ^= (uint8_t)(text->ssrc >> (24 - 8 * i));
	for (unsigned i = 0; i < 6; i++)
		start[8 + i] ^= (uint8_t)(text->index >> (40 - 8 * i));
	return srtp_aes_cm(c->aes, start, 0, text->p + text->head, text->size - text->head);
}

static void make_tag(
	const struct srtp_cipher *c, const struct srtp_text *text, uint8_t out[HMAC_SHA1_SIZE])
{
	hmac_sha1(&c->auth, text->p, text->size, text->word, sizeof text->word, out);
}

static int cm_seal(
	struct srtp_cipher *c, const struct srtp_text *text, uint8_t *tag, size_t tag_size)
{
	uint8_t made[HMAC_SHA1_SIZE];
	int err = crypt(c, text);

	if (err)
		return err;
	make_tag(c, text, made);
	memcpy(tag, made, tag_size);
	return 0;
}

static int cm_open(
	struct srtp_cipher *c, const struct srtp_text *text, const uint8_t *tag, size_t tag_size)
{
	uint8_t made[HMAC_SHA1_SIZE];

	make_tag(c, text, made);
	if (CRYPTO_memcmp(made, tag, tag_size) != 0)
		return -EBADMSG;
	return crypt(c, text);
}

const struct srtp_cipher_ops srtp_cm_ops = {
	.init = cm_init,
	.seal = cm_seal,
	.open = cm_open,
};

void srtp_cipher_free(struct srtp_cipher *c)
{
	EVP_CIPHER_CTX_free(c->aes);
	CRYPTO_gcm128_release(c->gcm);
	OPENSSL_cleanse(c, sizeof *c);
}
