/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One port and its peer, in simulated time: what is said of silence, and what keeps a path open. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "port_world.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_at_all_is_told_once),
		cmocka_unit_test(what_came_instead_of_audio_is_counted_by_kind),
		cmocka_unit_test(who_speaks_is_not_called_silent),
		cmocka_unit_test(reports_are_a_sign_of_life),
		cmocka_unit_test(hold_is_no_reason_to_time_out),
		cmocka_unit_test(who_sends_nothing_keeps_the_path_open_with_empty_packets),
		cmocka_unit_test(reports_on_the_same_path_need_no_empty_packets),
	};

	return cmocka_run_group_tests(tests, port_world_set_up, NULL);
}
