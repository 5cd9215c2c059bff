/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The sums that protect STUN messages (RFC 8489 14.5, 14.7). Private to net/stun*.c. Any thread. */
#ifndef NET_STUN_CRYPTO_H
#define NET_STUN_CRYPTO_H

#include <stddef.h>
#include <stdint.h>

#include "core/slice.h"

#define STUN_HMAC 20 /* bytes of MESSAGE-INTEGRITY */

/*
 * MESSAGE-INTEGRITY for the message whose first n bytes are at p: the length in the header counts
 * as if the message ended with it. Returns 0 or -ENOMEM, also for a message over 2,048 bytes.
 */
int stun_hmac(const char *p, size_t n, struct slice key, uint8_t mac[STUN_HMAC]);

/* FINGERPRINT over n bytes. */
uint32_t stun_fingerprint(const char *p, size_t n);

#endif
