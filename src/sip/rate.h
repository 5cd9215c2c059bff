/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * How much new work one source may bring per second: a token bucket each, of one second's worth. The
 * table has a fixed size; sources that fall onto one place share its bucket. Loop thread.
 */
#ifndef SIP_RATE_H
#define SIP_RATE_H

#include <stdbool.h>
#include <stdint.h>

enum { SIP_RATE_PLACES = 4096 };

/* full: when the bucket will be full again, microseconds; so a zeroed one is full. */
struct sip_rate {
	uint64_t full[SIP_RATE_PLACES];
};

/*
 * Whether a source with this hash may bring one more at this time; sip_rate_take: if so, it is counted.
 * per_second is not 0.
 */
bool sip_rate_has(const struct sip_rate *rate, uint64_t hash, uint64_t now, unsigned per_second);
bool sip_rate_take(struct sip_rate *rate, uint64_t hash, uint64_t now, unsigned per_second);

#endif
