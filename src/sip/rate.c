/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How much new work one source may bring per second. */
#include "sip/rate.h"

enum { SECOND_US = 1000000 };

/* When the bucket will be full again if one more is taken. */
static uint64_t full_after(uint64_t full, uint64_t now, unsigned per_second)
{
	return (full > now ? full : now) + SECOND_US / per_second;
}

bool sip_rate_has(const struct sip_rate *rate, uint64_t hash, uint64_t now, unsigned per_second)
{
	return full_after(rate->full[hash % SIP_RATE_PLACES], now, per_second) <= now + SECOND_US;
}

bool sip_rate_take(struct sip_rate *rate, uint64_t hash, uint64_t now, unsigned per_second)
{
	uint64_t *full = &rate->full[hash % SIP_RATE_PLACES];

	if (!sip_rate_has(rate, hash, now, per_second))
		return false;
	*full = full_after(*full, now, per_second);
	return true;
}
