/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One port and its peer, in simulated time: odd streams. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "media/rtp.h"
#include "port_world.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(peer_with_our_ssrc_makes_us_take_another),
		cmocka_unit_test(peer_that_sends_our_own_packets_back_changes_our_ssrc_once),
		cmocka_unit_test(own_packet_sent_back_is_not_echoed),
		cmocka_unit_test(own_report_sent_back_is_no_collision),
		cmocka_unit_test(new_ssrc_wrap_and_jump_of_a_talker_are_heard_through),
		cmocka_unit_test(reordering_and_duplicates_come_back_as_they_are),
	};

	return cmocka_run_group_tests(tests, port_world_set_up, NULL);
}
