/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * STUN messages (RFC 8489 5, 6, 14; RFC 8445 7.1 for ICE's attributes): parsing and writing, no
 * transactions. Works on the caller's memory alone, allocates nothing; any thread.
 */
#ifndef NET_STUN_H
#define NET_STUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/slice.h"
#include "net/addr.h"

#define STUN_HEADER 20 /* bytes */
#define STUN_MAX 1280  /* bytes of a message of ours */
#define STUN_MAGIC 0x2112a442U
#define STUN_MAX_UNKNOWN 16 /* unknown attributes of one message that are named back */

enum stun_class { STUN_REQUEST, STUN_INDICATION, STUN_SUCCESS, STUN_ERROR };

enum { STUN_BINDING = 1 }; /* method */

/* Attributes (RFC 8489 18.3, RFC 8445 20.2, RFC 5780). */
enum stun_attribute {
	STUN_MAPPED_ADDRESS = 0x0001,
	STUN_USERNAME = 0x0006,
	STUN_MESSAGE_INTEGRITY = 0x0008,
	STUN_ERROR_CODE = 0x0009,
	STUN_UNKNOWN_ATTRIBUTES = 0x000a,
	STUN_REALM = 0x0014,
	STUN_NONCE = 0x0015,
	STUN_XOR_MAPPED_ADDRESS = 0x0020,
	STUN_PRIORITY = 0x0024,
	STUN_USE_CANDIDATE = 0x0025,
	STUN_SOFTWARE = 0x8022,
	STUN_FINGERPRINT = 0x8028,
	STUN_ICE_CONTROLLED = 0x8029,
	STUN_ICE_CONTROLLING = 0x802a,
};

struct stun_id {
	uint8_t bytes[12];
};

/* A message; slices point into the packet it was parsed from. */
struct stun_message {
	enum stun_class class;
	uint16_t method;
	struct stun_id id;
	struct slice raw;
	struct addr mapped; /* XOR-MAPPED-ADDRESS, else MAPPED-ADDRESS; len 0: none */
	struct slice username, realm, nonce, software;
	unsigned error; /* 300..699; 0: none */
	struct slice reason;
	bool has_priority, use_candidate, controlling, controlled;
	uint32_t priority;
	uint64_t tie_breaker; /* with controlling or controlled */
	size_t integrity;     /* offset of MESSAGE-INTEGRITY; 0: none */
	bool has_fingerprint; /* and it is right: a wrong one makes the message -EBADMSG */
	unsigned n_unknown;   /* attributes that must be understood (14) and are not */
	uint16_t unknown[STUN_MAX_UNKNOWN];
};

/* Whether a packet is STUN and no SIP, RTP or DTLS (RFC 8489 5, RFC 7983): a look at its header. */
bool stun_is(struct slice packet);

/* Returns 0, or -EBADMSG. What stands behind MESSAGE-INTEGRITY is ignored (14.5). */
int stun_parse(struct slice packet, struct stun_message *msg);

/* Whether MESSAGE-INTEGRITY is there and right under this key (14.5): constant time. */
bool stun_verify(const struct stun_message *msg, struct slice key);

/* The key of long-term credentials (9.2.2, MD5), password already prepared. 0 or -ENOMEM. */
int stun_long_term_key(
	struct slice username, struct slice realm, struct slice password, uint8_t key[16]);

bool stun_id_equal(const struct stun_id *a, const struct stun_id *b);

/* ---- writing ----------------------------------------------------------------------------------- */

/* A message being written; err sticks: -ENOBUFS, or -ENOMEM (the cipher library). */
struct stun_writer {
	uint8_t p[STUN_MAX];
	size_t n;
	int err;
};

void stun_begin(
	struct stun_writer *w, enum stun_class class, uint16_t method, const struct stun_id *id);

/* Append an attribute with its padding. */
void stun_add(struct stun_writer *w, enum stun_attribute type, struct slice value);
void stun_add_u32(struct stun_writer *w, enum stun_attribute type, uint32_t value);
void stun_add_u64(struct stun_writer *w, enum stun_attribute type, uint64_t value);
void stun_add_mapped(struct stun_writer *w, const struct addr *addr);
void stun_add_error(struct stun_writer *w, unsigned status, struct slice reason);
void stun_add_unknown(struct stun_writer *w, const struct stun_message *request);

/* The last two, in this order: MESSAGE-INTEGRITY under a key; FINGERPRINT. */
void stun_add_integrity(struct stun_writer *w, struct slice key);
void stun_add_fingerprint(struct stun_writer *w);

static inline struct slice stun_view(const struct stun_writer *w)
{
	return slice_of((const char *)w->p, w->n);
}

#endif
