/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How much new work one source may bring per second. */
#include "sip/rate.h"

enum { SECOND_US = 1000000 };

bool sip_rate_take(struct sip_rate *rate, uint64_t hash, uint64_t now, unsigned per_second)
{
	uint64_t *full = &rate->full[hash % SIP_RATE_PLACES];
	uint64_t each = SECOND_US / per_second, begin = *full > now ? *full : now;

	if (begin + each > now + SECOND_US)
		return false;
	*full = begin + each;
	return true;
}
