/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * HMAC-SHA1 (RFC 2104) for many short messages under one key: the two states of SHA-1 behind the
 * padded key are kept, 40 bytes, and every message starts from them. Any thread.
 */
#ifndef MEDIA_SRTP_SHA1_H
#define MEDIA_SRTP_SHA1_H

#include <stddef.h>
#include <stdint.h>

#define HMAC_SHA1_SIZE 20
#define HMAC_SHA1_MAX_KEY 64

/* As secret as the key; the owner wipes it. */
struct hmac_sha1 {
	uint32_t inner[5], outer[5];
};

/* n: at most HMAC_SHA1_MAX_KEY. */
void hmac_sha1_init(struct hmac_sha1 *hmac, const uint8_t *key, size_t n);

/* Of the n bytes at p with the n_more at more behind them. */
void hmac_sha1(const struct hmac_sha1 *hmac, const uint8_t *p, size_t n, const uint8_t *more,
	size_t n_more, uint8_t out[HMAC_SHA1_SIZE]);

#endif
