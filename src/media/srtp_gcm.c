/* SPDX-License-Identifier: GPL-3.0-or-later */
/* AES-GCM (RFC 7714), with its full tag of 16 bytes. */
#include "media/srtp_cipher.h"

#include <errno.h>
#include <string.h>

#include <openssl/evp.h>

enum {
	IV_SIZE = 12,
};

static int gcm_init(struct srtp_cipher *c, const struct srtp_session_key *key, bool sending)
{
	const EVP_CIPHER *type = key->key_size == 32 ? EVP_aes_256_gcm() : EVP_aes_128_gcm();

	c->aes = EVP_CIPHER_CTX_new();
	if (!c->aes || !EVP_CipherInit_ex(c->aes, type, NULL, key->key, NULL, sending))
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
	int n;

	memcpy(iv, c->salt, sizeof iv);
	for (unsigned i = 0; i < 4; i++)
		iv[2 + i] ^= (uint8_t)(text->ssrc >> (24 - 8 * i));
	for (unsigned i = 0; i < 6; i++)
		iv[6 + i] ^= (uint8_t)(text->index >> (40 - 8 * i));
	if (!EVP_CipherInit_ex(c->aes, NULL, NULL, NULL, iv, -1) ||
		!EVP_CipherUpdate(c->aes, NULL, &n, text->p, (int)text->head) ||
		(text->rtcp && !EVP_CipherUpdate(c->aes, NULL, &n, text->word, sizeof text->word)))
		return -EIO;
	return 0;
}

static int gcm_seal(
	struct srtp_cipher *c, const struct srtp_text *text, uint8_t *tag, size_t tag_size)
{
	uint8_t *body = text->p + text->head;
	int n, err = start(c, text);

	if (err)
		return err;
	if (!EVP_CipherUpdate(c->aes, body, &n, body, (int)(text->size - text->head)) ||
		!EVP_CipherFinal_ex(c->aes, body + n, &n) ||
		!EVP_CIPHER_CTX_ctrl(c->aes, EVP_CTRL_AEAD_GET_TAG, (int)tag_size, tag))
		return -EIO;
	return 0;
}

/* GCM decrypts before it knows: so elsewhere, and only what is authentic is put in its place. */
static int gcm_open(
	struct srtp_cipher *c, const struct srtp_text *text, const uint8_t *tag, size_t tag_size)
{
	uint8_t plain[SRTP_MAX_PACKET], expected[SRTP_MAX_TAG];
	size_t size = text->size - text->head;
	int n, err = start(c, text);

	if (err)
		return err;
	memcpy(expected, tag, tag_size);
	if (!EVP_CipherUpdate(c->aes, plain, &n, text->p + text->head, (int)size) ||
		!EVP_CIPHER_CTX_ctrl(c->aes, EVP_CTRL_AEAD_SET_TAG, (int)tag_size, expected) ||
		!EVP_CipherFinal_ex(c->aes, plain + n, &n))
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
