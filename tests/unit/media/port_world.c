/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One port and its peer, in simulated time: what the tests of it share. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <string.h>

#include "core/id.h"
#include "port_world.h"

struct world w;

void open_world(unsigned timeout_s)
{
	struct media_engine_settings settings = world_settings(2);

	settings.timeout_s = timeout_s;
	world_open_simulated(&w, &settings);
}

struct phone *open_phone(const char *codec, double tone)
{
	struct phone *p = world_phone(&w, codec, 20, tone, LOUD);
	struct media_leg_config config = phone_config_mux(p);

	media_leg_configure(p->leg, &config);
	media_leg_echo(p->leg, true);
	return p;
}

struct media_leg_stats stats_of(const struct phone *p)
{
	struct media_leg_stats stats;

	media_leg_stats(p->leg, &stats);
	return stats;
}

struct reading read_report(const struct phone_report *r)
{
	const uint8_t *p = r->bytes, *cname;
	struct reading out = {0};
	struct rtcp_packet packet;
	size_t n = r->size, length;

	assert_int_equal(rtcp_check(p, n), 0);
	assert_true(rtcp_next(&p, &n, &packet));
	assert_true(rtcp_read_ssrc(&packet, &out.ssrc));
	out.is_sr = rtcp_read_sender(&packet, &out.sender);
	out.has_block = rtcp_read_block(&packet, 0, &out.block);
	/* 6.1: a compound packet holds a report and the CNAME. */
	assert_true(rtcp_next(&p, &n, &packet));
	assert_true(rtcp_read_cname(&packet, out.ssrc, &cname, &length));
	assert_in_range(length, 16, sizeof out.cname - 1); /* RFC 7022 4.2: 96 random bits */
	memcpy(out.cname, cname, length);
	out.bye = rtcp_next(&p, &n, &packet) && rtcp_is_bye_of(&packet, out.ssrc);
	return out;
}

void send_report(struct phone *p, uint64_t ntp, const struct rtcp_block *block, bool bye)
{
	struct rtcp_report report = {.ssrc = p->ssrc,
		.is_sender = ntp != 0,
		.sender = {.ntp = ntp},
		.has_block = block != NULL,
		.cname = "phone",
		.bye = bye};
	uint8_t out[RTCP_MAX_REPORT];

	if (block)
		report.block = *block;
	phone_send_raw(p, out, rtcp_write_report(&report, out));
}

/* The same simulated time in every run. */

int port_world_set_up(void **state)
{
	random_seed_for_test(1);
	return 0;
}
