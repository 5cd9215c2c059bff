/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * SRTP and SRTCP (RFC 3711) with the suites of RFC 4568, RFC 6188 and RFC 7714: packets are
 * protected and unprotected in place, without allocation; the cost of a packet does not depend on
 * how many sessions there are.
 *
 * A struct srtp is one direction under one master key. It belongs to one thread at a time; making
 * and freeing one allocates, and takes some 10 us.
 */
#ifndef MEDIA_SRTP_H
#define MEDIA_SRTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/slice.h"

#define SRTP_MAX_MASTER 46   /* bytes of a master key and its salt */
#define SRTP_MAX_MKI 128     /* bytes (RFC 4568 6.1) */
#define SRTP_MAX_OVERHEAD 20 /* bytes that protecting adds */

enum srtp_suite {
	SRTP_NONE, /* plain RTP */
	SRTP_AES_CM_128_HMAC_SHA1_80,
	SRTP_AES_CM_128_HMAC_SHA1_32,
	SRTP_AES_256_CM_HMAC_SHA1_80,
	SRTP_AES_256_CM_HMAC_SHA1_32,
	SRTP_AEAD_AES_128_GCM,
	SRTP_AEAD_AES_256_GCM,
	SRTP_SUITES, /* how many there are */
};

/* The name in SDP; of SRTP_NONE "". */
const char *srtp_suite_name(enum srtp_suite suite);

/* Names are compared without regard to case. SRTP_NONE: not one of ours. */
enum srtp_suite srtp_suite_find(struct slice name);

/* Bytes of master key and salt together; 0 for SRTP_NONE. */
size_t srtp_suite_master_size(enum srtp_suite suite);

/* A secret: whoever holds one wipes it with srtp_key_wipe. All bytes zero: plain RTP. */
struct srtp_key {
	enum srtp_suite suite;
	uint8_t mki_size; /* bytes of MKI in each received packet; what we send has none */
	uint8_t master[SRTP_MAX_MASTER]; /* key, then salt */
};

void srtp_key_make(struct srtp_key *key, enum srtp_suite suite); /* a new random one */
void srtp_key_wipe(struct srtp_key *key);
bool srtp_key_equal(const struct srtp_key *a, const struct srtp_key *b);

struct srtp;

/* sending: for protect, else for unprotect. 0, -EINVAL (no such suite) or -ENOMEM. */
int srtp_new(struct srtp **srtp, const struct srtp_key *key, bool sending);
void srtp_free(struct srtp *srtp); /* keys are wiped; NULL is allowed */

/*
 * Take over where old, of the same direction, has come to: for a change of the key in the middle of
 * a stream (RFC 3711 3.3.1: the rollover counter goes on).
 */
void srtp_inherit(struct srtp *srtp, const struct srtp *old);

/* How often the sequence number of this SSRC has turned over; 0 if there was no packet of it. */
uint32_t srtp_rollovers(const struct srtp *srtp, uint32_t ssrc);

/*
 * Protect the packet of *n bytes at p, behind which SRTP_MAX_OVERHEAD bytes are free; *n becomes its
 * new size. 0; -EBADMSG: no RTP (RTCP) packet, or over SRTP_MAX_PACKET (srtp_cipher.h) in the end;
 * -EALREADY: this index was sent before, and a keystream is never used twice; -ENOSPC: too many
 * SSRCs; -EOVERFLOW: the key is used up; -EIO: OpenSSL failed. On error the bytes are worthless.
 */
int srtp_seal(struct srtp *srtp, uint8_t *p, size_t *n);
int srtp_seal_rtcp(struct srtp *srtp, uint8_t *p, size_t *n);

/* Fetch into the cache (cache.h) what sealing a packet of the first SSRC touches. */
void srtp_fetch(const struct srtp *srtp);

/*
 * Unprotect the packet of *n bytes at p; *n becomes its new size. 0; -EBADMSG: malformed or not
 * authentic; -EALREADY: a replay, or too late. On error neither bytes nor state have changed.
 */
int srtp_open(struct srtp *srtp, uint8_t *p, size_t *n);
int srtp_open_rtcp(struct srtp *srtp, uint8_t *p, size_t *n);

#endif
