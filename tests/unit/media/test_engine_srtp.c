/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SRTP at the ports of the media engine, in simulated time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "media/port_srtp.h"
#include "media/rtp.h"
#include "phone.h"

#define LOUD 6000.0

static struct media_srtp make_keys(enum srtp_suite suite)
{
	struct media_srtp keys;

	srtp_key_make(&keys.send, suite);
	srtp_key_make(&keys.receive, suite);
	return keys;
}

static struct phone *secure_phone(
	struct world *w, struct media_mixer *mixer, double tone, enum srtp_suite suite)
{
	struct phone *p = world_phone(w, "PCMU", 20, tone, LOUD);
	struct media_srtp keys = make_keys(suite);

	phone_secure(p, &keys);
	assert_int_equal(media_leg_join(p->leg, mixer), 0);
	return p;
}

static struct media_mixer *open_room(struct world *w, unsigned threads)
{
	struct media_engine_settings settings = world_settings(threads);
	struct media_mixer *mixer;

	world_open_simulated(w, &settings);
	assert_int_equal(media_mixer_new(w->engine, -1, &mixer), 0);
	return mixer;
}

static bool hears(const struct phone *p, double tone)
{
	return phone_level(p, tone, p->n_pcm - PHONE_RATE / 4, PHONE_RATE / 4) > LOUD / 2;
}

static uint64_t refused(struct world *w)
{
	struct media_counters c;

	media_engine_counters(w->engine, &c);
	return c.refused;
}

/* Every phone's own sequence number turns over within the first second. */
static void telephones_of_all_suites_and_without_hear_each_other(void **state)
{
	struct world w;
	struct media_mixer *mixer = open_room(&w, 2);
	struct phone *p[SRTP_SUITES];

	p[0] = world_phone(&w, "PCMU", 20, 400, LOUD);
	assert_int_equal(media_leg_join(p[0]->leg, mixer), 0);
	for (unsigned i = 1; i < SRTP_SUITES; i++)
		p[i] = secure_phone(&w, mixer, 400 + 200.0 * i, (enum srtp_suite)i);
	world_run(&w, 1500);
	for (unsigned i = 0; i < SRTP_SUITES; i++) {
		for (unsigned k = 0; k < SRTP_SUITES; k++)
			assert_int_equal(hears(p[i], 400 + 200.0 * k), i != k);
		assert_int_equal(p[i]->n_unreadable, 0);
	}
	assert_int_equal(refused(&w), 0);
	media_mixer_close(mixer);
	world_close(&w);
}

static void the_echo_is_protected_too(void **state)
{
	struct world w;
	struct media_mixer *mixer = open_room(&w, 1);
	struct phone *p = secure_phone(&w, mixer, 500, SRTP_AEAD_AES_128_GCM);

	assert_int_equal(media_leg_echo(p->leg, true), 0);
	world_run(&w, 800);
	assert_true(hears(p, 500));
	assert_int_equal(p->n_unreadable, 0);
	media_mixer_close(mixer);
	world_close(&w);
}

/* A stranger's packets, plain or under a key of his own, neither latch nor are heard. */
static void what_is_not_authentic_neither_latches_nor_is_heard(void **state)
{
	struct world w;
	struct media_mixer *mixer = open_room(&w, 1);
	struct phone *p = secure_phone(&w, mixer, 0, SRTP_AES_CM_128_HMAC_SHA1_80);
	struct phone *listener = secure_phone(&w, mixer, 0, SRTP_AES_CM_128_HMAC_SHA1_32);
	struct phone *plain = world_phone(&w, "PCMU", 20, 700, LOUD);
	struct phone *other = world_phone(&w, "PCMU", 20, 900, LOUD);
	struct media_srtp keys = make_keys(SRTP_AES_CM_128_HMAC_SHA1_80);

	phone_secure(other, &keys);
	plain->to = other->to = p->to;
	world_run(&w, 500);
	assert_true(plain->n_sent > 20 && other->n_sent > 20);
	assert_int_equal(p->n_started, 0);
	assert_int_equal(refused(&w), plain->n_sent + other->n_sent);
	p->tone = 500;
	world_run(&w, 1000);
	assert_int_equal(p->n_started, 1);
	assert_true(hears(listener, 500));
	assert_false(hears(listener, 700) || hears(listener, 900));
	media_mixer_close(mixer);
	world_close(&w);
}

/* Again and again, in both directions; with every second change the server's side comes first. */
static void a_new_key_leaves_no_gap(void **state)
{
	struct world w;
	struct media_mixer *mixer = open_room(&w, 2);
	struct phone *talker = secure_phone(&w, mixer, 500, SRTP_AES_CM_128_HMAC_SHA1_80);
	struct phone *listener = secure_phone(&w, mixer, 0, SRTP_AES_CM_128_HMAC_SHA1_80);
	unsigned changes = 0;

	world_run(&w, 400);
	phone_forget(listener);
	for (unsigned i = 0; i < 8; i++) {
		struct media_srtp keys =
			make_keys(i % 2 ? SRTP_AEAD_AES_256_GCM : SRTP_AES_256_CM_HMAC_SHA1_80);

		phone_secure(talker, &keys);
		keys = make_keys(keys.send.suite);
		phone_secure(listener, &keys);
		world_run(&w, 300);
	}
	assert_int_equal(talker->n_unreadable, 0);
	assert_int_equal(listener->n_unreadable, 0);
	assert_int_equal(refused(&w), 0);
	assert_true(listener->n_packets >= 115);
	for (unsigned i = 1; i < listener->n_packets; i++) {
		assert_int_equal(
			(uint16_t)(listener->packets[i].seq - listener->packets[i - 1].seq), 1);
		changes += listener->packets[i].ssrc != listener->packets[i - 1].ssrc;
	}
	assert_int_equal(changes, 0); /* no turn of our sequence number yet: one SSRC will do */
	for (size_t at = 0; at + 800 <= listener->n_pcm; at += 800)
		assert_true(phone_level(listener, 500, at, 800) > LOUD / 2);
	media_mixer_close(mixer);
	world_close(&w);
}

/* Packets under the old key that come behind the first one under the new key are still taken. */
static void packets_under_the_old_key_are_still_taken(void **state)
{
	struct world w;
	struct media_mixer *mixer = open_room(&w, 1);
	struct phone *p = secure_phone(&w, mixer, 0, SRTP_AES_CM_128_HMAC_SHA1_80);
	struct media_srtp keys = make_keys(SRTP_AES_CM_128_HMAC_SHA1_80);
	struct srtp *old;
	uint8_t packet[64] = {0};
	size_t n;

	assert_int_equal(srtp_new(&old, &p->keys.receive, true), 0);
	phone_secure(p, &keys);
	for (uint16_t seq = 10; seq < 14; seq++) {
		n = 32;
		rtp_write_header(packet, false, 0, seq, 160U * seq, 5);
		assert_int_equal(srtp_seal(seq % 2 ? p->seal : old, packet, &n), 0);
		phone_send_raw(p, packet, n);
		world_run(&w, 30);
	}
	assert_int_equal(refused(&w), 0);
	world_run(&w, 3000);
	n = 32;
	rtp_write_header(packet, false, 0, 15, 160, 5);
	assert_int_equal(srtp_seal(old, packet, &n), 0);
	phone_send_raw(p, packet, n);
	world_run(&w, 30);
	assert_int_equal(refused(&w), 1);
	srtp_free(old);
	media_mixer_close(mixer);
	world_close(&w);
}

/* The phone has but one context for each key: with another counter it could not read the server. */
static void the_same_key_again_changes_nothing(void **state)
{
	struct world w;
	struct media_mixer *mixer = open_room(&w, 1);
	struct phone *p = secure_phone(&w, mixer, 500, SRTP_AEAD_AES_128_GCM);
	uint8_t packet[64] = {0};
	struct media_srtp keys = p->keys;
	size_t n = 32;

	world_run(&w, 600);
	phone_secure(p, &keys);
	/* A replay of what was taken before is one still. */
	p->tone = 0;
	rtp_write_header(packet, false, 0, 30, 160, 77);
	assert_int_equal(srtp_seal(p->seal, packet, &n), 0);
	phone_send_raw(p, packet, n);
	world_run(&w, 30);
	assert_int_equal(refused(&w), 0);
	phone_secure(p, &keys);
	phone_send_raw(p, packet, n);
	world_run(&w, 30);
	assert_int_equal(refused(&w), 1);
	assert_int_equal(p->n_unreadable, 0);
	media_mixer_close(mixer);
	world_close(&w);
}

/* RFC 3711 3.3.1 and RFC 4568 7.1.4 do not agree on the counter: a new SSRC starts at 0 for both. */
static void a_new_key_behind_a_turn_of_our_numbers_wants_another_ssrc(void **state)
{
	struct media_srtp keys = make_keys(SRTP_AES_CM_128_HMAC_SHA1_80);
	struct port_srtp port = {0};
	struct port_rekey first = {.send_changes = true}, second = first;
	uint8_t packet[64] = {0};

	assert_int_equal(srtp_new(&first.send, &keys.send, true), 0);
	assert_int_equal(srtp_new(&second.send, &keys.receive, true), 0);
	assert_false(port_srtp_wants_ssrc(&port, &first, 5));
	port_srtp_change(&port, &first);
	for (uint32_t seq = 20000; seq <= 80000; seq += 15000) {
		size_t n = 32;

		assert_false(port_srtp_wants_ssrc(&port, &second, 5));
		rtp_write_header(packet, false, 0, (uint16_t)seq, 0, 5);
		assert_int_equal(srtp_seal(port.send, packet, &n), 0);
	}
	assert_true(port_srtp_wants_ssrc(&port, &second, 5));
	assert_false(port_srtp_wants_ssrc(&port, &second, 6));
	port_srtp_change(&port, &second);
	assert_int_equal(srtp_rollovers(port.send, 5), 1);
	port_srtp_close(&port);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(telephones_of_all_suites_and_without_hear_each_other),
		cmocka_unit_test(the_echo_is_protected_too),
		cmocka_unit_test(what_is_not_authentic_neither_latches_nor_is_heard),
		cmocka_unit_test(a_new_key_leaves_no_gap),
		cmocka_unit_test(packets_under_the_old_key_are_still_taken),
		cmocka_unit_test(the_same_key_again_changes_nothing),
		cmocka_unit_test(a_new_key_behind_a_turn_of_our_numbers_wants_another_ssrc),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
