/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * How long packets of one source are under way, as far as it can be known: the clocks of sender and
 * receiver have no common zero, so a transit time (arrival minus timestamp) means something only
 * compared with others. All in RTP time units, extended to 64 bit. For src/media/jitter_*.c only;
 * same thread as its jitter buffer.
 */
#ifndef MEDIA_JITTER_DELAY_H
#define MEDIA_JITTER_DELAY_H

#include <stdbool.h>
#include <stdint.h>

struct jitter_delay {
	uint32_t clock_rate;               /* Hz */
	bool measured;                     /* a packet has come */
	int64_t base;                      /* shortest transit of the last seconds */
	int64_t current_min, previous_min; /* of the window now running and the one before */
	uint64_t window_end_us, last_us;
	unsigned window_packets;
	bool strange; /* transits are over the limit */
	uint64_t strange_since_us;
	int64_t spread_q10; /* how far over base nearly all transits stay, in 1/1024 */
	int64_t last_transit;
	int64_t jitter_q4; /* RFC 3550 6.4.1, in 1/16 */
};

void jitter_delay_init(struct jitter_delay *delay, uint32_t clock_rate);

/* The monotonic clock in RTP time units. */
int64_t jitter_delay_clock(const struct jitter_delay *delay, uint64_t now_us);

/*
 * A packet with the given extended timestamp arrived. limit: by how much a transit may exceed base
 * and still be jitter that a buffer can help against; more is not learned from, and if it lasts, or
 * the buffer is idle, timestamps were set anew and measuring begins anew.
 */
void jitter_delay_arrival(
	struct jitter_delay *delay, int64_t time, uint64_t now_us, int64_t limit, bool idle);

/* Time units over base within which nearly all packets arrive. */
int64_t jitter_delay_spread(const struct jitter_delay *delay);

/* RFC 3550 6.4.1 interarrival jitter. */
uint32_t jitter_delay_jitter(const struct jitter_delay *delay);

#endif
