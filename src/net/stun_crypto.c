/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The sums that protect STUN messages. */
#include "net/stun_crypto.h"

#include <errno.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

#include "net/stun.h"

enum { MAX_PROTECTED = 2048 }; /* bytes; STUN keeps within a datagram of 1,500 (RFC 8489 6.1) */

int stun_hmac(const char *p, size_t n, struct slice key, uint8_t mac[STUN_HMAC])
{
	uint8_t copy[MAX_PROTECTED];
	size_t length = n - STUN_HEADER + 4 + STUN_HMAC;

	if (n > sizeof copy || key.n > INT32_MAX)
		return -ENOMEM;
	memcpy(copy, p, n);
	copy[2] = (uint8_t)(length >> 8);
	copy[3] = (uint8_t)length;
	if (!HMAC(EVP_sha1(), key.n ? key.p : "", (int)key.n, copy, n, mac, NULL))
		return -ENOMEM;
	return 0;
}

/* CRC-32 of ITU V.42, bit by bit: messages are short. */
static uint32_t crc32_of(const char *p, size_t n)
{
	uint32_t crc = UINT32_MAX;

	for (size_t i = 0; i < n; i++) {
		crc ^= (uint8_t)p[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320U : 0);
	}
	return ~crc;
}

uint32_t stun_fingerprint(const char *p, size_t n)
{
	return crc32_of(p, n) ^ 0x5354554eU; /* 14.7: "STUN" */
}

int stun_long_term_key(
	struct slice username, struct slice realm, struct slice password, uint8_t key[16])
{
	const struct slice parts[] = {username, SLICE(":"), realm, SLICE(":"), password};
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	int err = -ENOMEM;

	if (!ctx || !EVP_DigestInit_ex(ctx, EVP_md5(), NULL))
		goto out;
	for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
		if (parts[i].n && !EVP_DigestUpdate(ctx, parts[i].p, parts[i].n))
			goto out;
	}
	if (EVP_DigestFinal_ex(ctx, key, NULL))
		err = 0;
out:
	EVP_MD_CTX_free(ctx);
	return err;
}
