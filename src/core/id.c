/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Random numbers and identifiers. */
#include "core/id.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

/* Bytes fetched in advance; getrandom gives up to 256 at once without being interrupted. */
static _Thread_local struct {
	uint8_t bytes[256];
	size_t left;   /* unused ones, at the end of bytes */
	uint64_t seed; /* not 0: the test generator's state */
} pool;

static pthread_once_t fork_once = PTHREAD_ONCE_INIT;

/* A child must not give out the bytes its parent will give out. */
static void forget_pool(void)
{
	pool.left = 0;
}

static void watch_forks(void)
{
	pthread_atfork(NULL, NULL, forget_pool);
}

/* splitmix64 (Steele, Lea, Flood 2014): good enough to vary tests, never used in a server. */
static uint64_t test_next(void)
{
	uint64_t z = pool.seed += 0x9e3779b97f4a7c15U;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
	return z ^ (z >> 31);
}

static void refill(void)
{
	size_t n = 0;

	pthread_once(&fork_once, watch_forks);
	if (pool.seed) {
		for (; n < sizeof pool.bytes; n += sizeof(uint64_t)) {
			uint64_t v = test_next();

			memcpy(pool.bytes + n, &v, sizeof v);
		}
	}
	while (n < sizeof pool.bytes) {
		ssize_t got = getrandom(pool.bytes + n, sizeof pool.bytes - n, 0);

		if (got < 0 && errno != EINTR)
			abort(); /* no kernel generator: no key of ours would be one */
		if (got > 0)
			n += (size_t)got;
	}
	pool.left = sizeof pool.bytes;
}

void random_bytes(void *p, size_t n)
{
	uint8_t *out = p;

	while (n > 0) {
		size_t take;
		uint8_t *from;

		if (pool.left == 0)
			refill();
		take = n < pool.left ? n : pool.left;
		from = pool.bytes + sizeof pool.bytes - pool.left;
		memcpy(out, from, take);
		/* What has been given out may be a key: keep no copy. */
		explicit_bzero(from, take);
		pool.left -= take;
		out += take;
		n -= take;
	}
}

uint32_t random_u32(void)
{
	uint32_t v;

	random_bytes(&v, sizeof v);
	return v;
}

uint64_t random_u64(void)
{
	uint64_t v;

	random_bytes(&v, sizeof v);
	return v;
}

uint32_t random_below(uint32_t n)
{
	/* 2^32 mod n values at the low end would make some results likelier: draw again. */
	uint32_t reject = (0U - n) % n;
	uint32_t v;

	do {
		v = random_u32();
	} while (v < reject);
	return v % n;
}

void random_seed_for_test(uint64_t seed)
{
	pool.seed = seed;
	pool.left = 0;
}

void id_token(char *text, size_t n)
{
	static const char letters[36] = "abcdefghijklmnopqrstuvwxyz0123456789";

	for (size_t i = 0; i < n;) {
		uint8_t byte;

		random_bytes(&byte, 1);
		/* 252 is the last multiple of 36: what lies above would favour some letters. */
		if (byte < 252)
			text[i++] = letters[byte % 36];
	}
	text[n] = '\0';
}

void id_uuid(char text[37])
{
	static const char digits[16] = "0123456789abcdef";
	uint8_t b[16];
	char *p = text;

	random_bytes(b, sizeof b);
	b[6] = (uint8_t)((b[6] & 0x0f) | 0x40); /* RFC 4122 4.4: version 4 */
	b[8] = (uint8_t)((b[8] & 0x3f) | 0x80); /* variant 1 0 x */
	for (size_t i = 0; i < sizeof b; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*p++ = '-';
		*p++ = digits[b[i] >> 4];
		*p++ = digits[b[i] & 15];
	}
	*p = '\0';
}
