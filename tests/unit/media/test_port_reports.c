/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One port and its peer, in simulated time: reports both ways (RFC 3550 section 6). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <sys/socket.h>
#include <unistd.h>

#include "port_world.h"

static void reports_come_at_the_randomised_interval_the_first_one_sooner(void **state)
{
	uint64_t start, before;
	struct phone *p;
	bool differ = false;

	open_world(0);
	start = w.now;
	p = open_phone("PCMU", 400);
	assert_true(world_wait(&w, &p->n_reports, 8, 80000));
	/* 6.2, 6.3.1: half the minimum at first; 0.5 to 1.5 times, by e - 3/2. */
	assert_in_range(p->reports[0].time_us - start, 1026000, 3090000);
	before = p->reports[0].time_us;
	for (unsigned i = 1; i < 8; i++) {
		uint64_t gap = p->reports[i].time_us - before;

		assert_in_range(gap, 2040000, 6170000);
		differ |= gap / 100000 != (p->reports[1].time_us - p->reports[0].time_us) / 100000;
		before = p->reports[i].time_us;
	}
	assert_true(differ);
	world_close(&w);
}

static void who_sends_tells_of_both_streams(void **state)
{
	struct reading r, next;
	struct phone *p;
	uint64_t ntp_us;

	open_world(0);
	p = open_phone("PCMU", 400);
	p->seq = 65500; /* wraps before the first report */
	assert_true(world_wait(&w, &p->n_reports, 2, 20000));
	r = read_report(&p->reports[0]);
	next = read_report(&p->reports[1]);
	assert_true(r.is_sr && r.has_block && !r.bye);
	assert_int_equal(r.ssrc, p->packets[0].ssrc);
	assert_int_equal(r.block.ssrc, p->ssrc);
	assert_in_range(r.block.highest_seq, 65500 + 40, 65500 + 160);
	assert_int_equal(r.block.lost, 0);
	assert_int_equal(r.block.lsr, 0);
	assert_in_range(next.sender.packets, p->n_packets - 3, p->n_packets);
	assert_int_equal(next.sender.octets, 160 * next.sender.packets);
	/* Both clocks go on alike between the two. */
	ntp_us = ((next.sender.ntp - r.sender.ntp) * 1000000) >> 32;
	assert_in_range(ntp_us, p->reports[1].time_us - p->reports[0].time_us - 15000,
		p->reports[1].time_us - p->reports[0].time_us + 15000);
	assert_in_range(
		next.sender.timestamp - r.sender.timestamp, ntp_us / 125 - 80, ntp_us / 125 + 80);
	assert_string_equal(r.cname, next.cname);
	world_close(&w);
}

static void who_only_listens_sends_receiver_reports(void **state)
{
	struct media_leg_config config;
	struct reading r;
	struct phone *p;

	open_world(0);
	p = open_phone("PCMU", 400);
	config = phone_config_mux(p);
	config.sending = false;
	media_leg_configure(p->leg, &config);
	assert_true(world_wait(&w, &p->n_reports, 1, 5000));
	r = read_report(&p->reports[0]);
	assert_true(!r.is_sr && r.has_block);
	/* The peer pauses: there is nothing to report of it any more. */
	p->tone = 0;
	world_run(&w, 100);
	phone_forget(p);
	assert_true(world_wait(&w, &p->n_reports, 2, 20000));
	assert_false(read_report(&p->reports[1]).has_block);
	world_close(&w);
}

static void losses_are_reported_and_published(void **state)
{
	struct reading r;
	struct phone *p;

	open_world(0);
	p = open_phone("PCMU", 400);
	world_run(&w, 500);
	p->seq = (uint16_t)(p->seq + 10);
	p->timestamp += 1600;
	assert_true(world_wait(&w, &p->n_reports, 1, 5000));
	r = read_report(&p->reports[0]);
	assert_int_equal(r.block.lost, 10);
	assert_in_range(r.block.fraction_lost, 256 * 10 / 170, 256 * 10 / 55);
	world_run(&w, 1200);
	assert_int_equal(stats_of(p).rx_lost, 10);
	assert_in_range(stats_of(p).rx_jitter_us, 0, 5000);
	world_close(&w);
}

static void peers_report_gives_loss_jitter_and_round_trip_time(void **state)
{
	struct rtcp_block block = {.fraction_lost = 51, .lost = 7, .jitter = 80};
	struct reading r;
	struct phone *p;

	open_world(0);
	p = open_phone("PCMU", 400);
	assert_true(world_wait(&w, &p->n_reports, 1, 5000));
	r = read_report(&p->reports[0]);
	/* It was kept for half a second, and 50 ms on its way. */
	world_run(&w, 550);
	block.ssrc = r.ssrc;
	block.lsr = (uint32_t)(r.sender.ntp >> 16);
	block.dlsr = 65536 / 2;
	send_report(p, 0, &block, false);
	world_run(&w, 1200);
	assert_int_equal(stats_of(p).remote_lost, 7);
	assert_int_equal(stats_of(p).remote_loss, 20);
	assert_int_equal(stats_of(p).remote_jitter_us, 10000);
	assert_in_range(stats_of(p).rtt_us, 45000, 65000);
	/* A report that is old says nothing of how the network is now. */
	world_run(&w, 32000);
	assert_int_equal(stats_of(p).remote_loss, 0);
	world_close(&w);
}

static void times_in_a_report_that_make_no_sense_are_left_out(void **state)
{
	struct rtcp_block block = {.lsr = 0x12345678, .dlsr = 0x10000};
	struct reading r;
	struct phone *p;

	open_world(0);
	p = open_phone("PCMU", 400);
	assert_true(world_wait(&w, &p->n_reports, 1, 5000));
	r = read_report(&p->reports[0]);
	block.ssrc = r.ssrc;
	send_report(p, 0, &block, false);
	block.ssrc = r.ssrc + 1; /* of somebody else's stream */
	block.lost = 99;
	send_report(p, 0, &block, false);
	world_run(&w, 1200);
	assert_int_equal(stats_of(p).rtt_us, 0);
	assert_int_equal(stats_of(p).remote_lost, 0);
	world_close(&w);
}

static void our_report_says_when_the_peers_came(void **state)
{
	struct reading r;
	struct phone *p;
	uint64_t sent;

	open_world(0);
	p = open_phone("PCMU", 400);
	world_run(&w, 200);
	sent = w.now;
	send_report(p, 0x1122334455667788, NULL, false);
	assert_true(world_wait(&w, &p->n_reports, 1, 5000));
	r = read_report(&p->reports[0]);
	assert_int_equal(r.block.lsr, 0x33445566);
	assert_in_range(r.block.dlsr, (p->reports[0].time_us - sent - 10000) * 65536 / SECOND,
		(p->reports[0].time_us - sent) * 65536 / SECOND);
	world_close(&w);
}

static void end_of_a_leg_is_said_and_the_peers_is_told(void **state)
{
	struct reading r;
	struct phone *p;

	open_world(0);
	p = open_phone("PCMU", 400);
	world_run(&w, 300);
	send_report(p, 0, NULL, true);
	assert_true(world_wait(&w, &p->n_left, 1, 1000));
	/* It ends nothing. */
	phone_forget(p);
	assert_true(world_wait(&w, &p->n_packets, 5, 1000));
	media_leg_close(p->leg);
	assert_true(world_wait(&w, &p->n_reports, 1, 1000));
	r = read_report(&p->reports[0]);
	assert_true(r.bye && r.is_sr);
	world_close(&w);
}

static void who_has_said_nothing_says_no_bye(void **state)
{
	struct phone *p;

	open_world(0);
	p = open_phone("PCMU", 0);
	world_run(&w, 300);
	media_leg_close(p->leg);
	world_run(&w, 300);
	assert_int_equal(p->n_reports, 0);
	world_close(&w);
}

/* A second socket, for RTCP of a peer that does not multiplex. */
static int rtcp_socket(struct addr *local)
{
	socklen_t len = sizeof local->u;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(addr_parse(slice_str("127.0.0.1"), 0, local), 0);
	assert_int_equal(bind(fd, &local->u.sa, local->len), 0);
	assert_int_equal(getsockname(fd, &local->u.sa, &len), 0);
	return fd;
}

static void without_multiplexing_reports_use_the_next_port(void **state)
{
	struct phone *p;
	struct media_leg_config config;
	struct addr local, from, wanted;
	uint8_t bytes[RTCP_MAX_REPORT], out[RTCP_MAX_REPORT];
	struct rtcp_block block = {.lost = 3};
	struct rtcp_report report = {.ssrc = 5, .cname = "phone", .has_block = true};
	socklen_t len = sizeof from.u;
	ssize_t n = -1;
	int fd;

	open_world(0);
	p = open_phone("PCMU", 400);
	fd = rtcp_socket(&local);
	config = phone_config(p);
	config.remote_rtcp = local;
	media_leg_configure(p->leg, &config);
	for (int i = 0; i < 40 && n < 0; i++) {
		world_run(&w, 100);
		n = recvfrom(fd, bytes, sizeof bytes, 0, &from.u.sa, &len);
	}
	assert_true(n > 0 && rtcp_check(bytes, (size_t)n) == 0);
	wanted = p->to;
	addr_set_port(&wanted, (uint16_t)(addr_port(&p->to) + 1));
	from.len = len;
	assert_true(addr_equal(&from, &wanted));
	assert_int_equal(p->n_reports, 0);
	report.block = block;
	report.block.ssrc = p->packets[0].ssrc;
	sendto(fd, out, rtcp_write_report(&report, out), 0, &wanted.u.sa, wanted.len);
	world_run(&w, 1200);
	assert_int_equal(stats_of(p).remote_lost, 3);
	close(fd);
	world_close(&w);
}

static void report_of_a_stranger_is_not_believed(void **state)
{
	struct rtcp_block block = {.lost = 1000};
	struct phone *p, *stranger;

	open_world(0);
	p = open_phone("PCMU", 400);
	stranger = world_phone(&w, "PCMU", 20, 0, 0);
	world_run(&w, 200);
	stranger->to = p->to;
	block.ssrc = p->packets[0].ssrc;
	send_report(stranger, 0, &block, true);
	world_run(&w, 1200);
	assert_int_equal(stats_of(p).remote_lost, 0);
	assert_int_equal(p->n_left, 0);
	world_close(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reports_come_at_the_randomised_interval_the_first_one_sooner),
		cmocka_unit_test(who_sends_tells_of_both_streams),
		cmocka_unit_test(who_only_listens_sends_receiver_reports),
		cmocka_unit_test(losses_are_reported_and_published),
		cmocka_unit_test(peers_report_gives_loss_jitter_and_round_trip_time),
		cmocka_unit_test(times_in_a_report_that_make_no_sense_are_left_out),
		cmocka_unit_test(our_report_says_when_the_peers_came),
		cmocka_unit_test(end_of_a_leg_is_said_and_the_peers_is_told),
		cmocka_unit_test(who_has_said_nothing_says_no_bye),
		cmocka_unit_test(without_multiplexing_reports_use_the_next_port),
		cmocka_unit_test(report_of_a_stranger_is_not_believed),
	};

	return cmocka_run_group_tests(tests, port_world_set_up, NULL);
}
