/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One port and its peer, in simulated time: reports both ways, odd streams, whom it hears, what is
 * said of silence, and what keeps a path open.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/id.h"
#include "media/rtcp.h"
#include "media/rtp.h"
#include "phone.h"

#define LOUD 6000.0
#define SECOND 1000000

static struct world w;

static void open_world(unsigned timeout_s)
{
	struct media_engine_settings settings = world_settings(2);

	settings.timeout_s = timeout_s;
	world_open_simulated(&w, &settings);
}

/* A phone that is echoed, with RTCP on its socket. */
static struct phone *open_phone(const char *codec, double tone)
{
	struct phone *p = world_phone(&w, codec, 20, tone, LOUD);
	struct media_leg_config config = phone_config_mux(p);

	media_leg_configure(p->leg, &config);
	media_leg_echo(p->leg, true);
	return p;
}

static struct media_leg_stats stats_of(const struct phone *p)
{
	struct media_leg_stats stats;

	media_leg_stats(p->leg, &stats);
	return stats;
}

/* What a report says, taken apart. */
struct reading {
	bool is_sr, has_block, bye;
	uint32_t ssrc;
	struct rtcp_sender sender;
	struct rtcp_block block;
	char cname[64];
};

static struct reading read_report(const struct phone_report *r)
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

/* Send a report of the phone's: as a sender when ntp is not 0; with a block if not NULL. */
static void send_report(struct phone *p, uint64_t ntp, const struct rtcp_block *block, bool bye)
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

/* ---- reports ---------------------------------------------------------------------------- */

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

/* ---- odd streams ------------------------------------------------------------------------ */

static void peer_with_our_ssrc_makes_us_take_another(void **state)
{
	struct reading r;
	struct phone *p;
	uint32_t old;

	open_world(0);
	p = open_phone("PCMU", 400);
	world_run(&w, 300);
	old = p->packets[p->n_packets - 1].ssrc;
	p->ssrc = old;
	world_run(&w, 40);
	assert_int_equal(p->n_reports, 1);
	r = read_report(&p->reports[0]);
	assert_true(r.bye && r.ssrc == old);
	phone_forget(p);
	world_run(&w, 200);
	assert_true(p->n_packets > 5);
	assert_int_not_equal(p->packets[p->n_packets - 1].ssrc, old);
	world_close(&w);
}

/* 8.2: it is a loop then, and not to be taken for one collision after the other. */
static void peer_that_sends_our_own_packets_back_changes_our_ssrc_once(void **state)
{
	struct phone *p;
	unsigned changes = 0;

	open_world(0);
	p = open_phone("PCMU", 400);
	world_run(&w, 300);
	for (int i = 0; i < 50; i++) {
		uint32_t last = p->packets[p->n_packets - 1].ssrc;

		p->ssrc = last;
		world_run(&w, 20);
		p->ssrc = 1;
		world_run(&w, 20);
		changes += p->packets[p->n_packets - 1].ssrc != last;
	}
	assert_int_equal(changes, 1);
	world_close(&w);
}

/* Two echoes would keep one packet going for ever. */
static void own_packet_sent_back_is_not_echoed(void **state)
{
	struct phone *p;

	open_world(0);
	p = open_phone("PCMU", 400);
	world_run(&w, 300);
	p->tone = 0;
	world_run(&w, 100);
	for (int i = 0; i < 3; i++) {
		uint8_t packet[RTP_HEADER_SIZE + 160] = {0};

		rtp_write_header(packet, false, 0, 7, 7, p->packets[p->n_packets - 1].ssrc);
		phone_forget(p);
		phone_send_raw(p, packet, sizeof packet);
		world_run(&w, 100);
		assert_int_equal(p->n_packets, 0);
		/* One of its own tells our SSRC. */
		rtp_write_header(packet, false, 0, (uint16_t)(8 + i), 8, 5);
		phone_send_raw(p, packet, sizeof packet);
		assert_true(world_wait(&w, &p->n_packets, 1, 1000));
	}
	world_close(&w);
}

static void own_report_sent_back_is_no_collision(void **state)
{
	struct phone *p;
	uint32_t ssrc;

	open_world(0);
	p = open_phone("PCMU", 400);
	assert_true(world_wait(&w, &p->n_reports, 1, 5000));
	ssrc = p->packets[p->n_packets - 1].ssrc;
	phone_send_raw(p, p->reports[0].bytes, p->reports[0].size);
	world_run(&w, 100);
	assert_int_equal(p->packets[p->n_packets - 1].ssrc, ssrc);
	/* The same SSRC with another CNAME is one. */
	p->ssrc = ssrc;
	send_report(p, 1, NULL, false);
	p->ssrc = 1;
	world_run(&w, 100);
	assert_int_not_equal(p->packets[p->n_packets - 1].ssrc, ssrc);
	world_close(&w);
}

/* Level of the talker's tone in what the listener heard in the last quarter of a second. */
static double level_of(const struct phone *listener, double tone)
{
	size_t n = PHONE_RATE / 4;

	return listener->n_pcm > n ? phone_level(listener, tone, listener->n_pcm - n, n) : 0;
}

static void new_ssrc_wrap_and_jump_of_a_talker_are_heard_through(void **state)
{
	struct media_mixer *mixer;
	struct phone *talker, *listener;

	open_world(0);
	assert_int_equal(media_mixer_new(w.engine, 0, &mixer), 0);
	talker = world_phone(&w, "PCMU", 20, 400, LOUD);
	listener = world_phone(&w, "PCMU", 20, 0, 0);
	media_leg_join(talker->leg, mixer);
	media_leg_join(listener->leg, mixer);
	talker->seq = 65530;
	talker->timestamp = UINT32_MAX - 800;
	world_run(&w, 1000);
	assert_true(level_of(listener, 400) > LOUD / 2);
	talker->ssrc += 77;
	talker->seq = 9;
	talker->timestamp = 123456;
	world_run(&w, 1000);
	assert_true(level_of(listener, 400) > LOUD / 2);
	assert_int_equal(talker->n_started, 1);
	media_mixer_close(mixer);
	world_close(&w);
}

/* Packets of the phone in the order given, as number from the start; echoed as they come. */
static void send_in_order(struct phone *p, const unsigned *order, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		uint8_t packet[RTP_HEADER_SIZE + 160] = {0};

		rtp_write_header(
			packet, i == 0, 0, (uint16_t)(65534 + order[i]), 160 * order[i], 7);
		phone_send_raw(p, packet, sizeof packet);
		world_run(&w, 20);
	}
}

static void reordering_and_duplicates_come_back_as_they_are(void **state)
{
	static const unsigned order[] = {0, 1, 3, 2, 4, 4, 5};
	struct phone *p;

	open_world(0);
	p = open_phone("PCMU", 0);
	world_run(&w, 50);
	send_in_order(p, order, 7);
	assert_int_equal(p->n_packets, 7);
	assert_true(p->packets[0].marker && !p->packets[1].marker);
	for (unsigned i = 0; i < 7; i++) {
		assert_int_equal((uint16_t)(p->packets[i].seq - p->packets[0].seq), order[i]);
		assert_int_equal(p->packets[i].timestamp - p->packets[0].timestamp, 160 * order[i]);
	}
	world_run(&w, 1200);
	assert_int_equal(stats_of(p).rx_packets, 7);
	assert_int_equal(stats_of(p).rx_lost, 0);
	world_close(&w);
}

/* ---- silence ---------------------------------------------------------------------------- */

static void nothing_at_all_is_told_once(void **state)
{
	struct phone *p;

	open_world(0);
	p = open_phone("PCMU", 0);
	world_run(&w, 4900);
	assert_int_equal(p->n_silent, 0);
	assert_true(world_wait(&w, &p->n_silent, 1, 300));
	assert_int_equal(p->arrivals.reports, 0);
	for (int i = 0; i < MEDIA_REFUSALS; i++)
		assert_int_equal(p->arrivals.refused[i], 0);
	world_run(&w, 7000);
	assert_int_equal(p->n_silent, 1);
	world_close(&w);
}

static void what_came_instead_of_audio_is_counted_by_kind(void **state)
{
	static const uint8_t stun[20] = {0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42};
	static const uint8_t dtls[14] = {22, 0xfe, 0xfd};
	static const uint8_t zrtp[12] = {0x10, 0, 0, 1, 'Z', 'R', 'T', 'P'};
	static const uint8_t other[12] = {0x40, 1};
	static const uint8_t payload[12] = {0x80, 96};
	struct phone *p;

	open_world(0);
	p = open_phone("PCMU", 0);
	world_run(&w, 50);
	phone_send_raw(p, stun, sizeof stun);
	phone_send_raw(p, dtls, sizeof dtls);
	phone_send_raw(p, zrtp, sizeof zrtp);
	phone_send_raw(p, other, sizeof other);
	for (int i = 0; i < 2; i++)
		phone_send_raw(p, payload, sizeof payload);
	send_report(p, 0, NULL, false);
	assert_true(world_wait(&w, &p->n_silent, 1, 6000));
	assert_int_equal(p->arrivals.refused[MEDIA_REFUSED_STUN], 1);
	assert_int_equal(p->arrivals.refused[MEDIA_REFUSED_DTLS], 1);
	assert_int_equal(p->arrivals.refused[MEDIA_REFUSED_ZRTP], 1);
	assert_int_equal(p->arrivals.refused[MEDIA_REFUSED_OTHER], 1);
	assert_int_equal(p->arrivals.refused[MEDIA_REFUSED_PAYLOAD], 2);
	assert_int_equal(p->arrivals.payload_type, 96);
	assert_true(addr_equal(&p->arrivals.from, &p->local));
	assert_int_equal(p->arrivals.reports, 1);
	world_close(&w);
}

static void who_speaks_is_not_called_silent(void **state)
{
	struct phone *p;

	open_world(0);
	p = open_phone("PCMU", 400);
	world_run(&w, 500);
	p->tone = 0;
	world_run(&w, 7000);
	assert_int_equal(p->n_silent, 0);
	world_close(&w);
}

static void reports_are_a_sign_of_life(void **state)
{
	struct media_leg_config config;
	struct phone *p;

	open_world(2);
	p = open_phone("PCMU", 0);
	/* Told to speak or not: reports are enough. */
	for (int receiving = 1; receiving >= 0; receiving--) {
		config = phone_config_mux(p);
		config.receiving = receiving;
		media_leg_configure(p->leg, &config);
		for (int i = 0; i < 20; i++) {
			send_report(p, 0, NULL, false);
			world_run(&w, 1500);
		}
		assert_int_equal(p->n_timeouts, 0);
	}
	/* Who only listens and stops to report is gone after five intervals. */
	world_run(&w, 22000);
	assert_int_equal(p->n_timeouts, 0);
	assert_true(world_wait(&w, &p->n_timeouts, 1, 4000));
	world_close(&w);
}

static void hold_is_no_reason_to_time_out(void **state)
{
	struct media_leg_config config;
	struct phone *p;

	open_world(1);
	p = open_phone("PCMU", 400);
	world_run(&w, 500);
	p->tone = 0;
	config = phone_config_mux(p);
	/* The peer holds us; then all is inactive; then it only listens, and never reports. */
	config.sending = false;
	media_leg_configure(p->leg, &config);
	world_run(&w, 3000);
	config.receiving = false;
	media_leg_configure(p->leg, &config);
	world_run(&w, 3000);
	config.sending = true;
	media_leg_configure(p->leg, &config);
	world_run(&w, 30000);
	assert_int_equal(p->n_timeouts, 0);
	config.receiving = true;
	media_leg_configure(p->leg, &config);
	world_run(&w, 900);
	assert_int_equal(p->n_timeouts, 0);
	assert_true(world_wait(&w, &p->n_timeouts, 1, 300));
	world_close(&w);
}

/* ---- keeping the path open --------------------------------------------------------------- */

static void who_sends_nothing_keeps_the_path_open_with_empty_packets(void **state)
{
	struct media_leg_config config;
	struct phone *p;
	unsigned n;

	open_world(0);
	p = open_phone("PCMU", 400);
	config = phone_config(p); /* RTCP goes another way, to a port where nobody is */
	config.remote_rtcp = p->local;
	addr_set_port(&config.remote_rtcp, 9);
	config.sending = false;
	media_leg_configure(p->leg, &config);
	world_run(&w, 100);
	phone_forget(p);
	world_run(&w, 44000);
	n = p->n_packets;
	assert_in_range(n, 2, 4);
	for (unsigned i = 0; i < n; i++) {
		assert_int_equal(p->packets[i].size, 0);
		assert_int_equal(p->packets[i].payload_type, 127);
		assert_int_equal((uint16_t)(p->packets[i].seq - p->packets[0].seq), i);
	}
	/* 0.0.0.0: there is nowhere to send to. */
	addr_parse(slice_str("0.0.0.0"), 9, &config.remote_rtp);
	config.remote_rtcp = config.remote_rtp;
	media_leg_configure(p->leg, &config);
	world_run(&w, 44000);
	assert_int_equal(p->n_packets, n);
	world_close(&w);
}

static void reports_on_the_same_path_need_no_empty_packets(void **state)
{
	struct media_leg_config config;
	struct phone *p;

	open_world(0);
	p = open_phone("PCMU", 0);
	config = phone_config_mux(p);
	config.sending = false;
	media_leg_configure(p->leg, &config);
	world_run(&w, 30000);
	assert_int_equal(p->n_packets, 0);
	assert_in_range(p->n_reports, 4, 15);
	world_close(&w);
}

/* The same simulated time in every run. */
static int set_up(void **state)
{
	random_seed_for_test(1);
	return 0;
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
		cmocka_unit_test(peer_with_our_ssrc_makes_us_take_another),
		cmocka_unit_test(peer_that_sends_our_own_packets_back_changes_our_ssrc_once),
		cmocka_unit_test(own_packet_sent_back_is_not_echoed),
		cmocka_unit_test(own_report_sent_back_is_no_collision),
		cmocka_unit_test(new_ssrc_wrap_and_jump_of_a_talker_are_heard_through),
		cmocka_unit_test(reordering_and_duplicates_come_back_as_they_are),
		cmocka_unit_test(nothing_at_all_is_told_once),
		cmocka_unit_test(what_came_instead_of_audio_is_counted_by_kind),
		cmocka_unit_test(who_speaks_is_not_called_silent),
		cmocka_unit_test(reports_are_a_sign_of_life),
		cmocka_unit_test(hold_is_no_reason_to_time_out),
		cmocka_unit_test(who_sends_nothing_keeps_the_path_open_with_empty_packets),
		cmocka_unit_test(reports_on_the_same_path_need_no_empty_packets),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
