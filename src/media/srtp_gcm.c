/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * AES-GCM (RFC 7714), with its full tag of 16 bytes.
 *
 * OpenSSL's GCM is used from below, by its CRYPTO_gcm128 functions over AES in single blocks: through
 * EVP, the IV and the tag of each packet go by named parameters, which costs as much as the encryption.
 */
#include "media/srtp_cipher.h"

#include <errno.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/modes.h>

enum {
	IV_SIZE = 12,
	BLOCK = 16,
};

/* block128_f; key: the cipher. */
static void encrypt_block(const uint8_t in[BLOCK], uint8_t out[BLOCK], const void *key)
{
	struct srtp_cipher *c = (struct srtp_cipher *)key;
	int n;

	if (!EVP_EncryptUpdate(c->aes, out, &n, in, BLOCK))
		c->failed = true;
}

/* ctr128_f; no packet has so many blocks that more than the last two bytes of counter would count. */
static void encrypt_blocks(const uint8_t *in, uint8_t *out, size_t blocks, const void *key,
	const uint8_t counter[BLOCK])
{
	struct srtp_cipher *c = (struct srtp_cipher *)key;
	unsigned first = (unsigned)counter[BLOCK - 2] << 8 | counter[BLOCK - 1];

	if (in != out)
		memcpy(out, in, blocks * BLOCK);
	if (srtp_aes_cm(c->aes, counter, first, out, blocks * BLOCK) < 0)
		c->failed = true;
}

static int gcm_init(struct srtp_cipher *c, const struct srtp_session_key *key, bool sending)
{
	c->aes = srtp_aes_new(key->key, key->key_size);
	if (!c->aes)
		return -ENOMEM;
	c->gcm = CRYPTO_gcm128_new(c, encrypt_block);
	if (!c->gcm || c->failed)
		return -ENOMEM;
	memcpy(c->salt, key->salt, SRTP_SALT_SIZE);
	return 0;
}

/*
 * 8.1 and 9.1: two zero bytes, the SSRC, the index in 48 bits (SRTCP's has no more than 31), all
 * exclusive-ored with the salt. Then the associated data: what stays in the clear, and SRTCP's
 * trailer word (8.2, 9.2 and 9.3).
 */
static int start(struct srtp_cipher *c, const struct srtp_text *text)
{
	uint8_t iv[IV_SIZE];

	memcpy(iv, c->salt, sizeof iv);
	for (unsigned i = 0; i < 4; i++)
		iv[2 + i] ^= (uint8_t)(text->ssrc >> (24 - 8 * i));
	for (unsigned i = 0; i < 6; i++)
		iv[6 + i] ^= (uint8_t)(text->index >> (40 - 8 * i));
	c->failed = false;
	CRYPTO_gcm128_setiv(c->gcm, iv, sizeof iv);
	if (CRYPTO_gcm128_aad(c->gcm, text->p, text->head) != 0 ||
		(text->rtcp && CRYPTO_gcm128_aad(c->gcm, text->word, sizeof text->word) != 0))
		return -EIO;
	return 0;
}

static int gcm_seal(
	struct srtp_cipher *c, const struct srtp_text *text, uint8_t *tag, size_t tag_size)
{
	uint8_t *body = text->p + text->head;
	int err = start(c, text);

	if (err)
		return err;
	if (CRYPTO_gcm128_encrypt_ctr32(
		    c->gcm, body, body, text->size - text->head, encrypt_blocks) != 0)
		return -EIO;
	CRYPTO_gcm128_tag(c->gcm, tag, tag_size);
	return c->failed ? -EIO : 0;
}

/* GCM decrypts before it knows: so elsewhere, and only what is authentic is put in its place. */
static int gcm_open(
	struct srtp_cipher *c, const struct srtp_text *text, const uint8_t *tag, size_t tag_size)
{
	uint8_t plain[SRTP_MAX_PACKET];
	size_t size = text->size - text->head;
	int err = start(c, text);

	if (err)
		return err;
	if (CRYPTO_gcm128_decrypt_ctr32(
		    c->gcm, text->p + text->head, plain, size, encrypt_blocks) != 0 ||
		CRYPTO_gcm128_finish(c->gcm, tag, tag_size) != 0 || c->failed)
		return -EBADMSG;
	memcpy(text->p + text->head, plain, size);
	return 0;
}

const struct srtp_cipher_ops srtp_gcm_ops = {
	.tag_first = true,
	.init = gcm_init,
	.seal = gcm_seal,
	.open = gcm_open,
};
