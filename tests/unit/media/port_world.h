/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One port and its peer, in simulated time: what the tests of it share. */
#ifndef TEST_PORT_WORLD_H
#define TEST_PORT_WORLD_H

#include <stdbool.h>
#include <stdint.h>

#include "media/rtcp.h"
#include "phone.h"

#define LOUD 6000.0
#define SECOND 1000000

extern struct world w;

void open_world(unsigned timeout_s);

/* A phone that is echoed, with RTCP on its socket. */
struct phone *open_phone(const char *codec, double tone);

struct media_leg_stats stats_of(const struct phone *p);

/* What a report says, taken apart. */
struct reading {
	bool is_sr, has_block, bye;
	uint32_t ssrc;
	struct rtcp_sender sender;
	struct rtcp_block block;
	char cname[64];
};

struct reading read_report(const struct phone_report *r);

/* Send a report of the phone's: as a sender when ntp is not 0; with a block if not NULL. */
void send_report(struct phone *p, uint64_t ntp, const struct rtcp_block *block, bool bye);

/* The same simulated time in every run; for a group of tests to begin with. */
int port_world_set_up(void **state);

#endif
