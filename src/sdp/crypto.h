/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * a=crypto: security descriptions for SRTP (RFC 4568), one attribute at a time. Knows no suite: a
 * suite is a name, and a key so many bytes. One thread at a time.
 */
#ifndef SDP_CRYPTO_H
#define SDP_CRYPTO_H

#include "sdp/draft.h"
#include "sdp/sdp.h"

#define SDP_CRYPTO_MAX_KEY 64 /* bytes of key and salt together */
#define SDP_CRYPTO_MAX_MKI 128

struct sdp_crypto {
	uint32_t tag;                    /* 0 .. 999999999 */
	struct slice suite;              /* "AES_CM_128_HMAC_SHA1_80" */
	uint8_t key[SDP_CRYPTO_MAX_KEY]; /* key and salt: secret, whoever holds it wipes it */
	size_t key_size;
	unsigned mki_size; /* bytes of MKI in every packet; 0: none */
};

/*
 * Take the value of a crypto attribute apart. A lifetime is checked and left at that; of the session
 * parameters, WSH, the default FEC order and those that one may pass over (6.3.7) are. Returns 0;
 * -EINVAL: malformed, the attribute is void; -ENOTSUP: it asks for what we do not do (another key
 * method, several keys, a key derivation rate, packets in the clear, FEC, what is not known).
 */
int sdp_crypto_parse(struct slice value, struct sdp_crypto *crypto);
void sdp_crypto_wipe(struct sdp_crypto *crypto);

/* Append a=crypto with one key and no parameters. Errors stick in the draft. */
void sdp_crypto_write(struct sdp_draft *draft, uint32_t tag, const char *suite, const uint8_t *key,
	size_t key_size);

#endif
