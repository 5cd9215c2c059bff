/* SPDX-License-Identifier: GPL-3.0-or-later */
/* STUN: reading messages (RFC 8489 5, 14), and what reading and writing share. */
#include "net/stun.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <string.h>

#include "net/stun_crypto.h"

enum {
	FAMILY_IPV4 = 1,
	FAMILY_IPV6 = 2,
	MUST_UNDERSTAND = 0x8000, /* 14: below it, what is unknown is an error */
};

static uint16_t get16(const char *p)
{
	const uint8_t *b = (const uint8_t *)p;

	return (uint16_t)(b[0] << 8 | b[1]);
}

static uint32_t get32(const char *p)
{
	return (uint32_t)get16(p) << 16 | get16(p + 2);
}

bool stun_is(struct slice packet)
{
	/* 5: two zero bits, the cookie, and a length in whole words that is the packet's. */
	return packet.n >= STUN_HEADER && ((uint8_t)packet.p[0] & 0xc0) == 0 &&
	       get32(packet.p + 4) == STUN_MAGIC && packet.n % 4 == 0 &&
	       get16(packet.p + 2) == packet.n - STUN_HEADER;
}

bool stun_id_equal(const struct stun_id *a, const struct stun_id *b)
{
	return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

/* 14.1, 14.2. mask: what the address is xored with, 16 bytes; zeros for MAPPED-ADDRESS. */
static int read_address(struct slice value, const uint8_t mask[16], struct addr *addr)
{
	struct addr a = {0};
	uint8_t *to;
	size_t n;
	uint16_t port;

	if (value.n < 4)
		return -EBADMSG;
	port = (uint16_t)(get16(value.p + 2) ^ (mask[0] << 8 | mask[1]));
	if (value.p[1] == FAMILY_IPV4 && value.n == 8) {
		a.u.in4.sin_family = AF_INET;
		a.len = sizeof a.u.in4;
		to = (uint8_t *)&a.u.in4.sin_addr;
		n = 4;
	} else if (value.p[1] == FAMILY_IPV6 && value.n == 20) {
		a.u.in6.sin6_family = AF_INET6;
		a.len = sizeof a.u.in6;
		to = a.u.in6.sin6_addr.s6_addr;
		n = 16;
	} else {
		return -EBADMSG;
	}
	for (size_t i = 0; i < n; i++)
		to[i] = (uint8_t)value.p[4 + i] ^ mask[i];
	addr_set_port(&a, port);
	*addr = a;
	return 0;
}

/* 14.8 */
static int read_error(struct slice value, struct stun_message *msg)
{
	unsigned class, number;

	if (value.n < 4)
		return -EBADMSG;
	class = (unsigned)value.p[2] & 7;
	number = (uint8_t)value.p[3];
	if (class < 3 || class > 6 || number > 99)
		return -EBADMSG;
	msg->error = class * 100 + number;
	msg->reason = slice_of(value.p + 4, value.n - 4);
	return 0;
}

/* RFC 8445 7.1.3 */
static int read_tie_breaker(struct slice value, struct stun_message *msg, bool *role)
{
	if (value.n != 8)
		return -EBADMSG;
	*role = true;
	msg->tie_breaker = (uint64_t)get32(value.p) << 32 | get32(value.p + 4);
	return 0;
}

static int read_mapped(uint16_t type, struct slice value, struct stun_message *msg)
{
	uint8_t mask[16] = {0};
	struct addr addr;
	int err;

	/* The cookie and the transaction ID, as they stand in the header. */
	if (type == STUN_XOR_MAPPED_ADDRESS)
		memcpy(mask, msg->raw.p + 4, sizeof mask);
	err = read_address(value, mask, &addr);
	if (!err && (type == STUN_XOR_MAPPED_ADDRESS || msg->mapped.len == 0))
		msg->mapped = addr;
	return err;
}

static void note_unknown(uint16_t type, struct stun_message *msg)
{
	if (type < MUST_UNDERSTAND && msg->n_unknown < STUN_MAX_UNKNOWN)
		msg->unknown[msg->n_unknown++] = type;
}

static int read_attribute(uint16_t type, struct slice value, struct stun_message *msg)
{
	switch (type) {
	case STUN_MAPPED_ADDRESS:
	case STUN_XOR_MAPPED_ADDRESS:
		return read_mapped(type, value, msg);
	case STUN_ERROR_CODE:
		return read_error(value, msg);
	case STUN_USERNAME:
		msg->username = value;
		break;
	case STUN_REALM:
		msg->realm = value;
		break;
	case STUN_NONCE:
		msg->nonce = value;
		break;
	case STUN_SOFTWARE:
		msg->software = value;
		break;
	case STUN_PRIORITY:
		if (value.n != 4)
			return -EBADMSG;
		msg->has_priority = true;
		msg->priority = get32(value.p);
		break;
	case STUN_USE_CANDIDATE:
		msg->use_candidate = true;
		break;
	case STUN_ICE_CONTROLLED:
		return read_tie_breaker(value, msg, &msg->controlled);
	case STUN_ICE_CONTROLLING:
		return read_tie_breaker(value, msg, &msg->controlling);
	case STUN_UNKNOWN_ATTRIBUTES:
		break;
	default:
		note_unknown(type, msg);
	}
	return 0;
}

/* 14.7: the last attribute; over all bytes before it. */
static int read_fingerprint(struct slice value, size_t offset, struct stun_message *msg)
{
	if (value.n != 4 || offset + 8 != msg->raw.n ||
		get32(value.p) != stun_fingerprint(msg->raw.p, offset))
		return -EBADMSG;
	msg->has_fingerprint = true;
	return 0;
}

/* What stands behind MESSAGE-INTEGRITY is not protected: nothing but FINGERPRINT is read there. */
static int read_protected(
	uint16_t type, struct slice value, size_t offset, struct stun_message *msg)
{
	if (type == STUN_FINGERPRINT)
		return read_fingerprint(value, offset, msg);
	if (msg->integrity)
		return 0;
	if (type != STUN_MESSAGE_INTEGRITY)
		return read_attribute(type, value, msg);
	if (value.n != STUN_HMAC)
		return -EBADMSG;
	msg->integrity = offset;
	return 0;
}

int stun_parse(struct slice packet, struct stun_message *msg)
{
	size_t at = STUN_HEADER;
	unsigned type;

	*msg = (struct stun_message){.raw = packet};
	if (!stun_is(packet))
		return -EBADMSG;
	/* 5: the class's two bits stand among the method's twelve. */
	type = get16(packet.p);
	msg->class = (enum stun_class)((type >> 4 & 1) | (type >> 7 & 2));
	msg->method = (uint16_t)((type & 0xf) | (type >> 1 & 0x70) | (type >> 2 & 0xf80));
	memcpy(msg->id.bytes, packet.p + 8, sizeof msg->id.bytes);
	while (at < packet.n) {
		size_t n = get16(packet.p + at + 2), padded = (n + 3) & ~(size_t)3;
		int err;

		if (padded > packet.n - at - 4)
			return -EBADMSG;
		err = read_protected(get16(packet.p + at), slice_of(packet.p + at + 4, n), at, msg);
		if (err)
			return err;
		at += 4 + padded;
	}
	return 0;
}

bool stun_verify(const struct stun_message *msg, struct slice key)
{
	uint8_t mac[STUN_HMAC];

	if (!msg->integrity || stun_hmac(msg->raw.p, msg->integrity, key, mac) < 0)
		return false;
	return CRYPTO_memcmp(mac, msg->raw.p + msg->integrity + 4, STUN_HMAC) == 0;
}
