/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Estimates of transit times.
 *
 * base is the minimum over two windows, so it forgets a route that is no more, and follows the
 * drift between the two clocks (200 ppm make 1 ms in both windows together).
 *
 * spread is an asymmetric average (an expectile): a packet that comes later pulls it up by a
 * quarter of the difference, one that comes earlier down by a thousandth. It settles where about 2 %
 * of the packets of an exponentially distributed delay are later; it follows a spell of jitter
 * within a few packets and forgets it in some 20 s. When base rises, what it rises by had been
 * counted as spread, and is taken off; when it falls, the spread over it is likely the same.
 */
#include "media/jitter_delay.h"

#include <stdlib.h>

#define WINDOW_US 2500000U
#define WINDOW_PACKETS 32

/* Clocks may have drifted apart by more than the jitter in such a pause. */
#define LONG_PAUSE_US 10000000U

/* A stalled line delivers what it held at once; timestamps set anew stay as they are. */
#define STRANGE_US 500000U

#define GROW_SHIFT 2
#define SHRINK_SHIFT 10
#define MAX_SPREAD_S 10

void jitter_delay_init(struct jitter_delay *delay, uint32_t clock_rate)
{
	*delay = (struct jitter_delay){.clock_rate = clock_rate};
}

int64_t jitter_delay_clock(const struct jitter_delay *delay, uint64_t now_us)
{
	/* In two parts: the product of a long uptime and the rate would overflow. */
	return (int64_t)(now_us / 1000000 * delay->clock_rate +
			 now_us % 1000000 * delay->clock_rate / 1000000);
}

static int64_t limit_spread(const struct jitter_delay *delay, int64_t spread_q10)
{
	int64_t max = ((int64_t)delay->clock_rate * MAX_SPREAD_S) << SHRINK_SHIFT;

	if (spread_q10 < 0)
		return 0;
	return spread_q10 < max ? spread_q10 : max;
}

/* Measure anew from this packet; what is known of the spread remains likely. */
static void restart(struct jitter_delay *delay, int64_t transit, uint64_t now_us)
{
	delay->base = delay->current_min = delay->previous_min = transit;
	delay->window_end_us = now_us + WINDOW_US;
	delay->window_packets = 0;
	delay->last_transit = transit;
	delay->measured = true;
	delay->strange = false;
}

static void update_base(struct jitter_delay *delay, int64_t transit, uint64_t now_us)
{
	int64_t base;

	if (now_us >= delay->window_end_us && delay->window_packets >= WINDOW_PACKETS) {
		delay->previous_min = delay->current_min;
		delay->current_min = transit;
		delay->window_end_us = now_us + WINDOW_US;
		delay->window_packets = 0;
	}
	delay->window_packets++;
	if (transit < delay->current_min)
		delay->current_min = transit;
	base = delay->current_min < delay->previous_min ? delay->current_min : delay->previous_min;
	if (base > delay->base) {
		int64_t risen = (base - delay->base) * (1 << SHRINK_SHIFT);

		delay->spread_q10 = limit_spread(delay, delay->spread_q10 - risen);
	}
	delay->base = base;
}

static void update_spread(struct jitter_delay *delay, int64_t transit)
{
	int64_t over = (transit - delay->base) * (1 << SHRINK_SHIFT) - delay->spread_q10;

	over = over > 0 ? over >> GROW_SHIFT : -(-over >> SHRINK_SHIFT);
	delay->spread_q10 = limit_spread(delay, delay->spread_q10 + over);
}

/* RFC 3550 6.4.1: J += (|D| - J) / 16, as in A.8. */
static void update_jitter(struct jitter_delay *delay, int64_t transit)
{
	int64_t difference = llabs(transit - delay->last_transit);

	delay->last_transit = transit;
	delay->jitter_q4 += difference - ((delay->jitter_q4 + 8) >> 4);
}

/* Whether a transit so far over base cannot be jitter. */
static bool is_strange(struct jitter_delay *delay, int64_t over, int64_t limit, uint64_t now_us)
{
	if (over <= limit) {
		delay->strange = false;
		return false;
	}
	if (!delay->strange) {
		delay->strange = true;
		delay->strange_since_us = now_us;
	}
	return true;
}

void jitter_delay_arrival(
	struct jitter_delay *delay, int64_t time, uint64_t now_us, int64_t limit, bool idle)
{
	int64_t transit = jitter_delay_clock(delay, now_us) - time;
	bool paused = delay->measured && now_us - delay->last_us > LONG_PAUSE_US;

	delay->last_us = now_us;
	if (!delay->measured || paused) {
		restart(delay, transit, now_us);
	} else if (is_strange(delay, transit - delay->base, limit, now_us)) {
		if (idle || now_us - delay->strange_since_us > STRANGE_US)
			restart(delay, transit, now_us);
	} else {
		update_base(delay, transit, now_us);
		update_spread(delay, transit);
		update_jitter(delay, transit);
	}
}

int64_t jitter_delay_spread(const struct jitter_delay *delay)
{
	return delay->spread_q10 >> SHRINK_SHIFT;
}

uint32_t jitter_delay_jitter(const struct jitter_delay *delay)
{
	int64_t jitter = delay->jitter_q4 >> 4;

	return jitter < UINT32_MAX ? (uint32_t)jitter : UINT32_MAX;
}
