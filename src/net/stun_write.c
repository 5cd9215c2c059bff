/* SPDX-License-Identifier: GPL-3.0-or-later */
/* STUN: writing messages (RFC 8489 5, 14). */
#include <errno.h>
#include <string.h>

#include "net/stun.h"
#include "net/stun_crypto.h"

static void put16(uint8_t *p, unsigned value)
{
	p[0] = (uint8_t)(value >> 8);
	p[1] = (uint8_t)value;
}

static void put32(uint8_t *p, uint32_t value)
{
	put16(p, value >> 16);
	put16(p + 2, value & 0xffff);
}

void stun_begin(
	struct stun_writer *w, enum stun_class class, uint16_t method, const struct stun_id *id)
{
	unsigned m = method, c = class;

	w->n = STUN_HEADER;
	w->err = 0;
	put16(w->p, (m & 0xf) | (m & 0x70) << 1 | (m & 0xf80) << 2 | (c & 1) << 4 | (c & 2) << 7);
	put16(w->p + 2, 0);
	put32(w->p + 4, STUN_MAGIC);
	memcpy(w->p + 8, id->bytes, sizeof id->bytes);
}

void stun_add(struct stun_writer *w, enum stun_attribute type, struct slice value)
{
	size_t padded = (value.n + 3) & ~(size_t)3;

	if (!w->err && (value.n > STUN_MAX || padded + 4 > STUN_MAX - w->n))
		w->err = -ENOBUFS;
	if (w->err)
		return;
	put16(w->p + w->n, type);
	put16(w->p + w->n + 2, (unsigned)value.n);
	memset(w->p + w->n + 4, 0, padded);
	if (value.n)
		memcpy(w->p + w->n + 4, value.p, value.n);
	w->n += 4 + padded;
	put16(w->p + 2, (unsigned)(w->n - STUN_HEADER));
}

void stun_add_u32(struct stun_writer *w, enum stun_attribute type, uint32_t value)
{
	uint8_t bytes[4];

	put32(bytes, value);
	stun_add(w, type, slice_of((const char *)bytes, sizeof bytes));
}

void stun_add_u64(struct stun_writer *w, enum stun_attribute type, uint64_t value)
{
	uint8_t bytes[8];

	put32(bytes, (uint32_t)(value >> 32));
	put32(bytes + 4, (uint32_t)value);
	stun_add(w, type, slice_of((const char *)bytes, sizeof bytes));
}

void stun_add_mapped(struct stun_writer *w, const struct addr *addr)
{
	bool six = addr_family(addr) == AF_INET6;
	const void *from =
		six ? (const void *)&addr->u.in6.sin6_addr : (const void *)&addr->u.in4.sin_addr;
	size_t n = six ? 16 : 4;
	uint8_t bytes[20] = {0, six ? 2 : 1};

	/* 14.2: xored with the cookie and the transaction ID. */
	put16(bytes + 2, addr_port(addr) ^ (STUN_MAGIC >> 16));
	memcpy(bytes + 4, from, n);
	for (size_t i = 0; i < n; i++)
		bytes[4 + i] ^= w->p[4 + i];
	stun_add(w, STUN_XOR_MAPPED_ADDRESS, slice_of((const char *)bytes, 4 + n));
}

void stun_add_error(struct stun_writer *w, unsigned status, struct slice reason)
{
	char value[4 + 128] = {0, 0, (char)(status / 100), (char)(status % 100)};
	size_t n = reason.n < sizeof value - 4 ? reason.n : sizeof value - 4;

	if (n)
		memcpy(value + 4, reason.p, n);
	stun_add(w, STUN_ERROR_CODE, slice_of(value, 4 + n));
}

void stun_add_unknown(struct stun_writer *w, const struct stun_message *request)
{
	uint8_t value[2 * STUN_MAX_UNKNOWN];

	for (unsigned i = 0; i < request->n_unknown; i++)
		put16(value + 2 * i, request->unknown[i]);
	stun_add(w, STUN_UNKNOWN_ATTRIBUTES,
		slice_of((const char *)value, 2 * (size_t)request->n_unknown));
}

void stun_add_integrity(struct stun_writer *w, struct slice key)
{
	uint8_t mac[STUN_HMAC];

	if (!w->err)
		w->err = stun_hmac((const char *)w->p, w->n, key, mac);
	if (!w->err)
		stun_add(w, STUN_MESSAGE_INTEGRITY, slice_of((const char *)mac, sizeof mac));
}

void stun_add_fingerprint(struct stun_writer *w)
{
	/* 14.7: the length already counts it. */
	put16(w->p + 2, (unsigned)(w->n - STUN_HEADER + 8));
	stun_add_u32(w, STUN_FINGERPRINT, stun_fingerprint((const char *)w->p, w->n));
}
