/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Media engine, with real sockets on loopback: what the participants of rooms hear. Most of it in
 * simulated time; where threads matter, in real time with nothing measured that a busy machine
 * could change.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/id.h"
#include "core/mem.h"
#include "media/rtp.h"
#include "phone.h"

#define LOUD 6000.0

static bool is_about(double value, double wanted)
{
	return value > wanted * 0.7 && value < wanted * 1.3;
}

static struct media_mixer *room(struct world *w, int thread)
{
	struct media_mixer *mixer;

	assert_int_equal(media_mixer_new(w->engine, thread, &mixer), 0);
	return mixer;
}

static struct media_counters counters(struct world *w)
{
	struct media_counters c;

	media_engine_counters(w->engine, &c);
	return c;
}

/* Whether the packets form one unbroken row, at the codec's clock. */
static void assert_unbroken(const struct phone *p, uint32_t step)
{
	for (unsigned i = 1; i < p->n_packets; i++) {
		assert_int_equal((uint16_t)(p->packets[i].seq - p->packets[i - 1].seq), 1);
		assert_int_equal(p->packets[i].timestamp - p->packets[i - 1].timestamp, step);
		assert_int_equal(p->packets[i].ssrc, p->packets[0].ssrc);
	}
}

static void three_in_a_room(
	const char *const codecs[3], const unsigned ptimes[3], unsigned threads, bool epoll)
{
	static const double tones[3] = {400, 700, 1100};
	struct media_engine_settings settings = world_settings(threads);
	struct world w;
	struct media_mixer *mixer;
	struct phone *p[3];

	settings.no_io_uring |= epoll;
	world_open_simulated(&w, &settings);
	mixer = room(&w, -1);
	for (int i = 0; i < 3; i++) {
		p[i] = world_phone(&w, codecs[i], ptimes[i], tones[i], LOUD);
		assert_int_equal(media_leg_join(p[i]->leg, mixer), 0);
	}
	world_run(&w, 1500);
	for (int i = 0; i < 3; i++) {
		/* The last half second: everybody has long begun to speak. */
		size_t from = p[i]->n_pcm - PHONE_RATE / 2;

		assert_true(p[i]->n_pcm > PHONE_RATE);
		for (int k = 0; k < 3; k++) {
			double level = phone_level(p[i], tones[k], from, PHONE_RATE / 2);

			if (k == i)
				assert_true(level < LOUD / 20);
			else
				assert_true(is_about(level, LOUD));
		}
	}
	media_mixer_close(mixer);
	world_close(&w);
}

static void each_hears_the_others_and_not_himself(void **state)
{
	three_in_a_room(
		(const char *[]){"PCMU", "PCMA", "PCMU"}, (unsigned[]){20, 20, 20}, 1, false);
}

static void packets_go_the_same_way_without_io_uring(void **state)
{
	three_in_a_room(
		(const char *[]){"PCMU", "PCMA", "PCMU"}, (unsigned[]){20, 20, 20}, 2, true);
}

static void telephones_and_opus_are_mixed(void **state)
{
	three_in_a_room(
		(const char *[]){"PCMU", "opus", "opus"}, (unsigned[]){20, 20, 20}, 2, false);
}

static void any_packet_time_is_mixed(void **state)
{
	three_in_a_room(
		(const char *[]){"PCMU", "opus", "PCMA"}, (unsigned[]){30, 10, 60}, 2, false);
	three_in_a_room(
		(const char *[]){"PCMU", "opus", "opus"}, (unsigned[]){10, 40, 60}, 1, false);
}

static void rooms_work_on_threads_of_their_own(void **state)
{
	struct media_engine_settings settings = world_settings(3);
	struct world w;
	struct media_mixer *mixer;
	struct phone *talker, *listener;

	world_open(&w, &settings);
	mixer = room(&w, 2);
	talker = world_phone(&w, "opus", 20, 400, LOUD);
	listener = world_phone(&w, "PCMU", 20, 0, 0);
	media_leg_join(talker->leg, mixer);
	media_leg_join(listener->leg, mixer);
	assert_true(world_wait(&w, &listener->n_packets, 100, 20000));
	assert_true(phone_level(listener, 400, listener->n_pcm - 800, 800) > LOUD / 4);
	media_mixer_close(mixer);
	world_close(&w);
}

static void the_mix_is_encoded_once_for_all_who_listen(void **state)
{
	enum { LISTENERS = 20 };
	struct media_engine_settings settings = world_settings(2);
	struct media_counters before, after;
	struct world w;
	struct media_mixer *mixer;
	uint64_t ticks;

	world_open_simulated(&w, &settings);
	mixer = room(&w, 0);
	for (int i = 0; i < LISTENERS; i++)
		media_leg_join(world_phone(&w, "PCMU", 20, 0, 0)->leg, mixer);
	media_leg_join(world_phone(&w, "PCMU", 20, 400, LOUD)->leg, mixer);
	world_run(&w, 300);
	before = counters(&w);
	world_run(&w, 700);
	after = counters(&w);
	ticks = after.ticks - before.ticks;
	assert_true(ticks >= 34 && ticks <= 36);
	assert_true(after.shared_encodes - before.shared_encodes <= ticks);
	/* The talker's own mix is silence, which was encoded ten times at first. */
	assert_true(after.encodes - before.encodes <= ticks + 1);
	assert_true(after.sent - before.sent >= (ticks - 1) * LISTENERS);
	for (unsigned i = 0; i < LISTENERS; i++)
		assert_unbroken(w.phones[i], 160);
	media_mixer_close(mixer);
	world_close(&w);
}

static void a_silent_room_sends_on_and_encodes_nothing(void **state)
{
	struct media_engine_settings settings = world_settings(1);
	struct world w;
	struct media_mixer *mixer;
	struct phone *p;
	struct media_counters before, after;

	world_open_simulated(&w, &settings);
	mixer = room(&w, 0);
	p = world_phone(&w, "opus", 20, 0, 0);
	media_leg_join(p->leg, mixer);
	assert_true(world_wait(&w, &p->n_packets, 15, 5000));
	before = counters(&w);
	assert_true(world_wait(&w, &p->n_packets, 40, 5000));
	after = counters(&w);
	assert_int_equal(after.encodes, before.encodes);
	assert_true(after.ticks - before.ticks >= 24);
	assert_unbroken(p, 960);
	for (size_t i = 0; i < p->n_pcm; i++)
		assert_true(abs(p->pcm[i]) < 50);
	media_mixer_close(mixer);
	world_close(&w);
}

static void an_idle_room_costs_no_tick(void **state)
{
	struct media_engine_settings settings = world_settings(1);
	struct world w;
	struct media_mixer *mixer;
	struct media_leg_config config;
	struct phone *p;
	uint64_t ticks;

	world_open_simulated(&w, &settings);
	mixer = room(&w, 0);
	world_run(&w, 100);
	assert_int_equal(counters(&w).ticks, 0);
	p = world_phone(&w, "PCMU", 20, 0, 0);
	media_leg_join(p->leg, mixer);
	assert_true(world_wait(&w, &p->n_packets, 3, 5000));
	/* On hold: nobody is sent to, nobody sends. */
	config = phone_config(p);
	config.sending = false;
	media_leg_configure(p->leg, &config);
	world_run(&w, 100);
	ticks = counters(&w).ticks;
	world_run(&w, 200);
	assert_int_equal(counters(&w).ticks, ticks);
	media_mixer_close(mixer);
	world_close(&w);
}

static void threads_sleep_while_nothing_goes_on(void **state)
{
	struct media_engine_settings settings = world_settings(2);
	struct world w;
	struct media_mixer *mixer;
	struct media_leg_config config;
	struct phone *p;
	uint64_t turns;

	world_open(&w, &settings);
	mixer = room(&w, 0);
	p = world_phone(&w, "PCMU", 20, 0, 0);
	media_leg_join(p->leg, mixer);
	assert_true(world_wait(&w, &p->n_packets, 3, 20000));
	config = phone_config(p);
	config.sending = false;
	media_leg_configure(p->leg, &config);
	/* The figures are published once more; then nothing is left to do. */
	do {
		turns = counters(&w).turns;
		world_run(&w, 1500);
	} while (counters(&w).turns > turns + 10);
	assert_true(counters(&w).turns > 0);
	turns = counters(&w).turns;
	world_run(&w, 300);
	/* An RTCP report may fall into it, with figures behind it; ticks would be 15. */
	assert_in_range(counters(&w).turns, turns, turns + 3);
	media_mixer_close(mixer);
	world_close(&w);
}

static void echo_returns_the_payload_in_our_own_stream(void **state)
{
	struct media_engine_settings settings = world_settings(2);
	struct world w;
	struct phone *p;

	world_open_simulated(&w, &settings);
	p = world_phone(&w, "PCMU", 20, 500, LOUD);
	assert_int_equal(media_leg_echo(p->leg, true), 0);
	assert_true(world_wait(&w, &p->n_packets, 30, 5000));
	assert_unbroken(p, 160);
	assert_int_not_equal(p->packets[0].ssrc, p->ssrc);
	assert_int_equal(p->packets[0].payload_type, 0);
	assert_true(p->packets[0].marker);
	assert_true(is_about(phone_level(p, 500, 800, 1600), LOUD));
	assert_int_equal(media_leg_echo(p->leg, false), 0);
	world_run(&w, 60);
	phone_forget(p);
	world_run(&w, 100);
	assert_int_equal(p->n_packets, 0);
	world_close(&w);
}

static void we_send_to_where_the_peer_really_is_and_hear_nobody_else(void **state)
{
	struct media_engine_settings settings = world_settings(1);
	struct world w;
	struct media_mixer *mixer;
	struct media_leg_config config;
	struct phone *p, *stranger;
	struct media_counters c;

	world_open_simulated(&w, &settings);
	mixer = room(&w, 0);
	p = world_phone(&w, "PCMU", 20, 400, LOUD);
	stranger = world_phone(&w, "PCMU", 20, 0, 0);
	config = phone_config(p);
	/* The address that was signalled is a private one behind a NAT. */
	addr_parse(slice_str("192.0.2.1"), 9, &config.remote_rtp);
	media_leg_configure(p->leg, &config);
	media_leg_join(p->leg, mixer);
	assert_true(world_wait(&w, &p->n_packets, 5, 5000));
	assert_int_equal(p->n_started, 1);
	assert_true(addr_equal(&p->started_from, &p->local));
	/* A stranger sends to the same port: he is neither heard nor answered. */
	stranger->to = p->to;
	stranger->tone = 900;
	stranger->amplitude = LOUD;
	phone_forget(stranger);
	world_run(&w, 300);
	c = counters(&w);
	assert_true(c.refused >= 5);
	assert_int_equal(stranger->n_packets, 0);
	assert_int_equal(p->n_started, 1);
	/* The same address again changes nothing; a new one makes us listen anew. */
	media_leg_configure(p->leg, &config);
	stranger->tone = 0;
	world_run(&w, 100);
	assert_int_equal(p->n_started, 1);
	config.remote_rtp = p->local;
	media_leg_configure(p->leg, &config);
	assert_true(world_wait(&w, &p->n_started, 2, 5000));
	media_mixer_close(mixer);
	world_close(&w);
}

static void a_peer_that_falls_silent_is_reported_each_period(void **state)
{
	struct media_engine_settings settings = world_settings(1);
	struct world w;
	struct phone *p;

	settings.timeout_s = 1;
	world_open_simulated(&w, &settings);
	p = world_phone(&w, "PCMU", 20, 400, LOUD);
	world_run(&w, 1500);
	assert_int_equal(p->n_timeouts, 0);
	p->tone = 0;
	assert_true(world_wait(&w, &p->n_timeouts, 2, 10000));
	world_close(&w);
}

static void stats_tell_what_came_and_went(void **state)
{
	struct media_engine_settings settings = world_settings(2);
	struct media_leg_stats stats;
	struct world w;
	struct media_mixer *mixer;
	struct phone *p;

	world_open_simulated(&w, &settings);
	mixer = room(&w, 1);
	p = world_phone(&w, "PCMU", 20, 400, LOUD);
	media_leg_join(p->leg, mixer);
	p->seq = 100;
	world_run(&w, 400);
	p->seq = (uint16_t)(p->seq + 3);
	p->timestamp += 3 * 160;
	world_run(&w, 2000);
	media_leg_stats(p->leg, &stats);
	assert_true(stats.rx_packets >= 20 && stats.rx_packets <= p->n_sent);
	assert_true(stats.tx_packets >= 20);
	assert_true(stats.rx_lost >= 3);
	assert_true(stats.rx_jitter_us < 20000);
	assert_int_equal(stats.thread, 1);
	media_mixer_close(mixer);
	world_close(&w);
}

static void only_the_loudest_are_mixed(void **state)
{
	struct media_engine_settings settings = world_settings(1);
	struct world w;
	struct media_mixer *mixer;
	struct phone *listener;
	size_t from;

	settings.mixed_talkers = 2;
	world_open_simulated(&w, &settings);
	mixer = room(&w, 0);
	listener = world_phone(&w, "PCMU", 20, 0, 0);
	media_leg_join(listener->leg, mixer);
	for (int i = 0; i < 4; i++)
		media_leg_join(
			world_phone(&w, "PCMU", 20, 400 + 300 * i, i >= 2 ? LOUD : LOUD / 4)->leg,
			mixer);
	world_run(&w, 1200);
	assert_true(listener->n_pcm > PHONE_RATE / 2);
	from = listener->n_pcm - PHONE_RATE / 4;
	for (int i = 0; i < 4; i++) {
		double level = phone_level(listener, 400 + 300 * i, from, PHONE_RATE / 4);

		assert_true(i >= 2 ? is_about(level, LOUD) : level < LOUD / 40);
	}
	media_mixer_close(mixer);
	world_close(&w);
}

static void a_new_codec_takes_over_in_the_middle(void **state)
{
	struct media_engine_settings settings = world_settings(2);
	struct media_leg_config config;
	struct world w;
	struct media_mixer *mixer;
	struct phone *talker, *p;
	uint16_t last;

	world_open_simulated(&w, &settings);
	mixer = room(&w, 0);
	talker = world_phone(&w, "PCMU", 20, 400, LOUD);
	p = world_phone(&w, "PCMU", 20, 0, 0);
	media_leg_join(talker->leg, mixer);
	media_leg_join(p->leg, mixer);
	assert_true(world_wait(&w, &p->n_packets, 10, 5000));
	config = phone_config(p);
	config.send.codec = audio_codec_static(8);
	config.send.payload_type = 8;
	media_leg_configure(p->leg, &config);
	world_run(&w, 300);
	assert_unbroken(p, 160);
	last = p->packets[p->n_packets - 1].payload_type;
	assert_int_equal(last, 8);
	media_mixer_close(mixer);
	world_close(&w);
}

static void ports_are_even_and_run_out_in_order(void **state)
{
	struct media_engine_settings settings = world_settings(1);
	struct media_port *ports[4], *one_more;
	struct addr local;
	struct world w;
	unsigned n = 0;

	settings.port_min = 41001;
	settings.port_max = 41009;
	world_open_simulated(&w, &settings);
	addr_parse(slice_str("127.0.0.1"), 0, &local);
	while (n < 4 && media_port_open(w.engine, &local, &ports[n]) == 0) {
		uint16_t port = addr_port(media_port_local(ports[n++]));

		assert_int_equal(port % 2, 0);
		assert_true(port >= 41002 && port < 41008);
	}
	assert_true(n <= 3); /* 41002, 41004, 41006: the pair of 41008 is outside */
	assert_int_equal(media_port_open(w.engine, &local, &one_more), -EADDRINUSE);
	for (unsigned i = 0; i < n; i++)
		media_port_close(ports[i]);
	world_close(&w);
}

static struct world *closing;

static void close_everything(const struct addr *from, void *arg)
{
	media_engine_close(closing->engine);
	closing->engine = NULL;
}

static void the_engine_may_be_closed_by_a_handler(void **state)
{
	static const struct media_leg_handlers handlers = {.started = close_everything};
	struct media_engine_settings settings = world_settings(2);
	struct media_leg_config config;
	struct media_leg *leg;
	struct media_mixer *mixer;
	struct phone *p;
	struct world w;

	world_open(&w, &settings);
	closing = &w;
	p = world_phone(&w, "PCMU", 20, 400, LOUD);
	media_leg_close(p->leg);
	assert_int_equal(media_leg_new(p->port, &handlers, NULL, &leg), 0);
	config = phone_config(p);
	media_leg_configure(leg, &config);
	mixer = room(&w, 1);
	media_leg_join(leg, mixer);
	for (int i = 0; i < 500 && w.engine; i++)
		world_run(&w, 10);
	assert_null(w.engine);
	world_close(&w);
}

static void settings_that_make_no_sense_are_refused(void **state)
{
	struct media_engine_settings settings = world_settings(1);
	struct media_engine *engine;
	struct loop *loop;

	assert_int_equal(loop_new(&loop), 0);
	settings.sample_rate = 44100;
	assert_int_equal(media_engine_new(&engine, loop, &settings), -EINVAL);
	settings = world_settings(1);
	settings.port_max = settings.port_min;
	assert_int_equal(media_engine_new(&engine, loop, &settings), -EINVAL);
	loop_close(loop);
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
		cmocka_unit_test(each_hears_the_others_and_not_himself),
		cmocka_unit_test(packets_go_the_same_way_without_io_uring),
		cmocka_unit_test(telephones_and_opus_are_mixed),
		cmocka_unit_test(any_packet_time_is_mixed),
		cmocka_unit_test(rooms_work_on_threads_of_their_own),
		cmocka_unit_test(the_mix_is_encoded_once_for_all_who_listen),
		cmocka_unit_test(a_silent_room_sends_on_and_encodes_nothing),
		cmocka_unit_test(an_idle_room_costs_no_tick),
		cmocka_unit_test(threads_sleep_while_nothing_goes_on),
		cmocka_unit_test(echo_returns_the_payload_in_our_own_stream),
		cmocka_unit_test(we_send_to_where_the_peer_really_is_and_hear_nobody_else),
		cmocka_unit_test(a_peer_that_falls_silent_is_reported_each_period),
		cmocka_unit_test(stats_tell_what_came_and_went),
		cmocka_unit_test(only_the_loudest_are_mixed),
		cmocka_unit_test(a_new_codec_takes_over_in_the_middle),
		cmocka_unit_test(ports_are_even_and_run_out_in_order),
		cmocka_unit_test(the_engine_may_be_closed_by_a_handler),
		cmocka_unit_test(settings_that_make_no_sense_are_refused),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
