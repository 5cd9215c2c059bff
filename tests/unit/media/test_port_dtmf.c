/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Keys at the ports of the media engine, both ways, in simulated time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "core/id.h"
#include "media/resampler.h"
#include "media/telephone_event.h"
#include "media/tone_receiver.h"
#include "media/tone_sender.h"
#include "phone.h"

#define LOUD 6000.0
#define EVENTS 101

static struct world w;
static struct media_mixer *mixer;

static void open_room(unsigned threads)
{
	struct media_engine_settings settings = world_settings(threads);

	world_open_simulated(&w, &settings);
	assert_int_equal(media_mixer_new(w.engine, -1, &mixer), 0);
}

static void close_room(void)
{
	media_mixer_close(mixer);
	world_close(&w);
}

static struct phone *open_phone(const char *codec, double tone)
{
	struct phone *p = world_phone(&w, codec, 20, tone, LOUD);

	assert_int_equal(media_leg_join(p->leg, mixer), 0);
	return p;
}

/* One that did not agree to telephone-event. */
static struct phone *open_old_phone(const char *codec, double tone)
{
	struct phone *p = open_phone(codec, tone);
	struct media_leg_config config = phone_config(p);

	config.n_events = 0;
	config.send_events.clock_rate = 0;
	assert_int_equal(media_leg_configure(p->leg, &config), 0);
	return p;
}

/* One packet of an event of 20 ms packets at 8 kHz. */
static void send_event(struct phone *p, uint32_t timestamp, char key, bool end, uint16_t duration)
{
	uint8_t payload[TELEPHONE_EVENT_SIZE];

	telephone_event_write(
		payload, &(struct telephone_event){.event = (uint8_t)telephone_event_of_key(key),
				 .end = end,
				 .volume = 10,
				 .duration = duration});
	phone_send_packet(p, EVENTS, duration == 160, timestamp, payload, sizeof payload);
}

/* ---- received --------------------------------------------------------------------------- */

static void press_all_ways(struct phone *p)
{
	/* As it should be. */
	for (uint16_t i = 1; i <= 5; i++) {
		send_event(p, 1000, '1', false, (uint16_t)(160 * i));
		world_run(&w, 20);
	}
	for (unsigned i = 0; i < 3; i++)
		send_event(p, 1000, '1', true, 800);
	/* Only the last of its ends. */
	send_event(p, 3000, '2', true, 400);
	world_run(&w, 100);
	/* No end at all. */
	send_event(p, 5000, '#', false, 320);
	world_run(&w, 300);
	assert_int_equal(p->n_keys, 3);
	/* An end, and what is late, and the end of the one before again. */
	send_event(p, 9000, 'A', true, 1600);
	send_event(p, 9000, 'A', false, 160);
	send_event(p, 5000, '#', true, 800);
	world_run(&w, 100);
}

static void check_all_ways(struct phone *p)
{
	press_all_ways(p);
	assert_string_equal(p->pressed, "12#A");
	assert_int_equal(p->key_ms[0], 100);
	assert_int_equal(p->key_ms[1], 50);
	assert_int_equal(p->key_ms[2], 40);
	assert_int_equal(p->key_ms[3], 200);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(p->key_ways[i], MEDIA_KEY_EVENT);
}

static void keys_are_told_once_whatever_is_lost_or_repeated(void **state)
{
	struct phone *p, *echoed, *secure, *muted;
	struct media_leg_config config;
	struct media_srtp keys;

	open_room(2);
	p = open_phone("PCMU", 0);
	check_all_ways(p);
	echoed = open_phone("PCMU", 0);
	media_leg_echo(echoed->leg, true);
	check_all_ways(echoed);
	/* A key is not sent back as it came. */
	assert_int_equal(echoed->n_packets, 0);
	secure = open_phone("PCMU", 0);
	srtp_key_make(&keys.send, SRTP_AES_CM_128_HMAC_SHA1_80);
	srtp_key_make(&keys.receive, SRTP_AES_CM_128_HMAC_SHA1_80);
	phone_secure(secure, &keys);
	check_all_ways(secure);
	/* Of one who has us on hold only the audio is not meant for us. */
	muted = open_phone("PCMU", 0);
	config = phone_config(muted);
	config.sending = false;
	config.muted = true;
	media_leg_configure(muted->leg, &config);
	check_all_ways(muted);
	close_room();
}

static void each_payload_type_has_its_clock(void **state)
{
	struct media_leg_config config;
	struct phone *p;

	open_room(1);
	p = open_phone("opus", 0);
	config = phone_config(p);
	config.events[0] = (struct media_event_payload){EVENTS, 8000};
	config.events[1] = (struct media_event_payload){102, 48000};
	config.n_events = 2;
	media_leg_configure(p->leg, &config);
	world_run(&w, 10);
	phone_send_packet(p, EVENTS, true, 1000, "\x05\x8a\x03\x20", 4);
	phone_send_packet(p, 102, true, 60000, "\x06\x8a\x12\xc0", 4);
	world_run(&w, 20);
	assert_string_equal(p->pressed, "56");
	assert_int_equal(p->key_ms[0], 100);
	assert_int_equal(p->key_ms[1], 100);
	close_room();
}

static void what_makes_no_sense_is_no_key(void **state)
{
	struct media_leg_config config;
	struct phone *p;

	open_room(1);
	p = open_phone("PCMU", 0);
	phone_send_packet(p, EVENTS, true, 1000, "\x05\x8a\x03", 3);
	phone_send_packet(p, EVENTS, true, 2000, "", 0);
	phone_send_packet(p, EVENTS, true, 3000, "\x28\x8a\x03\x20", 4); /* a fax's tone */
	phone_send_packet(p, 105, true, 4000, "\x05\x8a\x03\x20", 4);    /* not agreed on */
	world_run(&w, 500);
	assert_int_equal(p->n_keys, 0);
	/* Pressed when the call ends: nobody is left to be told. */
	send_event(p, 5000, '5', false, 160);
	world_run(&w, 10);
	media_leg_close(p->leg);
	world_run(&w, 500);
	assert_int_equal(p->n_keys, 0);
	/* Not received at all. */
	p = open_phone("PCMU", 0);
	config = phone_config(p);
	config.receiving = false;
	media_leg_configure(p->leg, &config);
	world_run(&w, 10);
	send_event(p, 5000, '5', true, 160);
	world_run(&w, 500);
	assert_int_equal(p->n_keys, 0);
	close_room();
}

/* Faster than anybody presses: some are told, nothing grows, and later all is well again. */
static void a_flood_of_keys_is_cut(void **state)
{
	struct phone *p;
	unsigned before;

	open_room(1);
	p = open_phone("PCMU", 0);
	for (uint32_t i = 0; i < 1000; i++) {
		send_event(p, 1000 * i, '5', true, 400);
		if (i % 100 == 0)
			world_run(&w, 10);
	}
	world_run(&w, 100);
	assert_in_range(p->n_keys, 16, 22);
	world_run(&w, 2000);
	before = p->n_keys;
	send_event(p, 1001000, '6', true, 400);
	world_run(&w, 50);
	assert_int_equal(p->n_keys, before + 1);
	assert_int_equal(p->pressed[before], '6');
	close_room();
}

/* ---- heard ------------------------------------------------------------------------------ */

/* Send keys as tones in packets of the phone's own codec, in real time. */
static void dial(struct phone *p, const char *keys, unsigned ms)
{
	const struct audio_codec *codec = p->format.codec;
	struct tone_sender s = {0};
	uint32_t timestamp = 0;

	for (; *keys; keys++)
		tone_sender_add(&s, (uint8_t)telephone_event_of_key(*keys), ms);
	for (unsigned i = 0; i < 20 || tone_sender_is_busy(&s); i++) {
		int16_t pcm[PHONE_RATE / 50] = {0};
		uint8_t payload[400];
		int n;

		if (i >= 10)
			tone_sender_next(&s, PHONE_RATE, pcm);
		n = codec->encode(p->encoder, pcm, PHONE_RATE / 50, payload, sizeof payload);
		assert_true(n > 0);
		/* One is lost on the way, in the middle of the first key. */
		if (i != 14)
			phone_send_packet(
				p, p->format.payload_type, i == 0, timestamp, payload, (size_t)n);
		else
			p->seq++;
		timestamp += codec->clock_rate / 50;
		world_run(&w, 20);
	}
	world_run(&w, 300);
}

static void tones_are_heard_of_those_who_know_no_events(void **state)
{
	static const char *const codecs[] = {"PCMU", "GSM", "opus"};
	struct phone *p;

	for (unsigned i = 0; i < 3; i++) {
		open_room(2);
		p = open_old_phone(codecs[i], 0);
		dial(p, "159#", 200);
		assert_string_equal(p->pressed, "159#");
		for (unsigned k = 0; k < 4; k++) {
			assert_int_equal(p->key_ways[k], MEDIA_KEY_TONE);
			assert_in_range(p->key_ms[k], 140, 230);
		}
		close_room();
	}
	open_room(1);
	p = open_phone("PCMU", 0);
	dial(p, "159#", 100);
	assert_string_equal(p->pressed, "");
	close_room();
}

/* ---- sent ------------------------------------------------------------------------------- */

/* What a phone was sent: every packet one number behind the last, events by the book, keys as expected. */
static void check_events(const struct phone *p, const char *keys, unsigned duration)
{
	unsigned n_keys = 0, ends = 0;
	uint32_t timestamp = 0;

	for (unsigned i = 0; i < p->n_packets; i++) {
		const struct phone_packet *packet = &p->packets[i];
		struct telephone_event e;

		if (i > 0) {
			assert_int_equal((uint16_t)(packet->seq - packet[-1].seq), 1);
			assert_int_equal(packet->ssrc, packet[-1].ssrc);
		}
		if (packet->payload_type != EVENTS)
			continue;
		assert_int_equal(telephone_event_parse(packet->payload, packet->size, &e), 0);
		if (packet->marker) {
			assert_int_equal(e.event, telephone_event_of_key(keys[n_keys]));
			assert_int_equal(ends, 3 * n_keys);
			assert_true(n_keys == 0 || rtp_ts_diff(packet->timestamp, timestamp) >=
							   (int)duration + 800);
			timestamp = packet->timestamp;
			n_keys++;
		}
		assert_int_equal(packet->timestamp, timestamp);
		assert_int_equal(e.event, telephone_event_of_key(keys[n_keys - 1]));
		ends += e.end;
		assert_true(e.end ? e.duration == duration : e.duration < duration);
	}
	assert_int_equal(n_keys, strlen(keys));
	assert_int_equal(ends, 3 * n_keys);
}

/* Audio before and behind an event is in step with the time that went by. */
static void check_clock(const struct phone *p)
{
	const struct phone_packet *first = NULL, *last = NULL;
	int64_t sound, time;

	for (unsigned i = 0; i < p->n_packets; i++) {
		if (p->packets[i].payload_type == EVENTS)
			continue;
		first = first ? first : &p->packets[i];
		last = &p->packets[i];
	}
	assert_non_null(first);
	sound = rtp_ts_diff(last->timestamp, first->timestamp) / 8 * 1000;
	time = (int64_t)(last->time_us - first->time_us);
	assert_in_range(sound - time + 30000, 0, 60000);
}

static void keys_are_sent_instead_of_audio_and_nobody_else_notices(void **state)
{
	struct phone *talker, *p, *other, *secure;
	struct media_srtp keys;
	size_t at;

	open_room(2);
	talker = open_phone("PCMU", 500);
	p = open_phone("PCMU", 0);
	other = open_phone("PCMU", 0);
	secure = open_phone("PCMU", 0);
	srtp_key_make(&keys.send, SRTP_AEAD_AES_128_GCM);
	srtp_key_make(&keys.receive, SRTP_AEAD_AES_128_GCM);
	phone_secure(secure, &keys);
	world_run(&w, 500);
	phone_forget(p);
	phone_forget(other);
	phone_forget(secure);
	assert_int_equal(media_leg_send_keys(p->leg, "1*D1", 100), 0);
	assert_int_equal(media_leg_send_keys(secure->leg, "99", 60), 0);
	world_run(&w, 2000);
	check_events(p, "1*D1", 800);
	check_clock(p);
	check_events(secure, "99", 480);
	assert_int_equal(secure->n_unreadable, 0);
	check_events(other, "", 0);
	assert_in_range(other->n_packets, 99, 101);
	for (at = 0; at + 800 <= other->n_pcm; at += 800)
		assert_true(phone_level(other, 500, at, 800) > LOUD / 2);
	/* Four times eight packets were of keys. */
	assert_in_range(p->n_pcm / 160 + 4 * 8, 95, 105);
	assert_true(phone_level(p, 500, p->n_pcm - 800, 800) > LOUD / 2);
	assert_true(talker->n_keys == 0);
	close_room();
}

static void keys_are_sent_where_there_is_no_room(void **state)
{
	struct phone *p;
	unsigned n;

	open_room(1);
	p = open_phone("PCMU", 500);
	media_leg_echo(p->leg, true);
	world_run(&w, 500);
	phone_forget(p);
	assert_int_equal(media_leg_send_keys(p->leg, "22", 100), 0);
	world_run(&w, 1500);
	check_events(p, "22", 800);
	check_clock(p);
	media_leg_join(p->leg, NULL);
	world_run(&w, 100);
	n = p->n_packets;
	assert_int_equal(media_leg_send_keys(p->leg, "3", 100), 0);
	world_run(&w, 500);
	assert_int_equal(p->n_packets, n + 7);
	close_room();
}

static void what_waits_is_bounded_and_goes_with_a_hold(void **state)
{
	struct media_leg_config config;
	struct phone *p, *old;

	open_room(2);
	p = open_phone("PCMU", 0);
	old = open_old_phone("PCMU", 0);
	world_run(&w, 100);
	for (unsigned i = 0; i < 2; i++) {
		struct media_leg *leg = i ? old->leg : p->leg;

		assert_int_equal(media_leg_send_keys(leg, "12x", 100), -EINVAL);
		assert_int_equal(media_leg_send_keys(leg, "1", 39), -EINVAL);
		assert_int_equal(media_leg_send_keys(leg, "1", 1001), -EINVAL);
		assert_int_equal(media_leg_send_keys(leg, "", 100), 0);
		assert_int_equal(
			media_leg_send_keys(leg, "01234567890123456789012345678901", 100), 0);
		assert_int_equal(media_leg_send_keys(leg, "1", 100), -ENOSPC);
		world_run(&w, 500);
		assert_int_equal(media_leg_send_keys(leg, "1", 100), 0);
	}
	for (unsigned i = 0; i < 2; i++) {
		struct phone *phone = i ? old : p;

		config = phone_config(phone);
		if (i)
			config.n_events = config.send_events.clock_rate = 0;
		config.sending = false;
		media_leg_configure(phone->leg, &config);
		world_run(&w, 100);
		phone_forget(phone);
		/* Nobody hears it. */
		assert_int_equal(media_leg_send_keys(phone->leg, "5", 100), 0);
		world_run(&w, 100);
		config.sending = true;
		media_leg_configure(phone->leg, &config);
		world_run(&w, 1000);
		for (unsigned k = 0; k < phone->n_packets; k++)
			assert_int_equal(phone->packets[k].payload_type, 0);
		assert_int_equal(
			media_leg_send_keys(phone->leg, "01234567890123456789012345678901", 100),
			0);
	}
	close_room();
}

static void on_pressed(char key, uint32_t ms, void *arg)
{
	char *keys = arg;

	assert_true(strlen(keys) < 39);
	keys[strlen(keys)] = key;
}

/* What is to be heard of keys in what a phone has heard. */
static void check_heard(const struct phone *p, const char *keys)
{
	static _Alignas(16) uint8_t memory[4096];
	char heard[40] = "";

	assert_true(tone_receiver_size() <= sizeof memory);
	tone_receiver_init((struct tone_receiver *)(void *)memory);
	for (size_t at = 0; at + 160 <= p->n_pcm; at += 160)
		tone_receiver_put((struct tone_receiver *)(void *)memory, p->pcm + at, 160,
			PHONE_RATE, on_pressed, heard);
	assert_string_equal(heard, keys);
}

static void who_knows_no_events_hears_tones_and_nobody_else_does(void **state)
{
	struct phone *talker, *p, *opus, *other;

	open_room(2);
	talker = open_phone("PCMU", 500);
	p = open_old_phone("PCMU", 0);
	opus = open_old_phone("opus", 300);
	other = open_phone("PCMU", 0);
	world_run(&w, 300);
	phone_forget(other);
	assert_int_equal(media_leg_send_keys(p->leg, "147*", 80), 0);
	assert_int_equal(media_leg_send_keys(opus->leg, "2D", 100), 0);
	world_run(&w, 1500);
	check_heard(p, "147*");
	check_heard(opus, "2D");
	check_heard(other, "");
	assert_true(phone_level(p, 500, p->n_pcm - 800, 800) > LOUD / 2);
	assert_true(phone_level(opus, 500, opus->n_pcm - 800, 800) > LOUD / 2);
	for (size_t at = 0; at + 800 <= other->n_pcm; at += 800)
		assert_true(phone_level(other, 500, at, 800) > LOUD / 2);
	assert_int_equal(talker->n_keys, 0);
	close_room();
}

/* The rest is heard where he goes to, and who goes nowhere is sent nothing. */
static void tones_go_on_in_the_next_room(void **state)
{
	struct media_mixer *next;
	struct phone *p;

	open_room(2);
	assert_int_equal(media_mixer_new(w.engine, 1, &next), 0);
	p = open_old_phone("PCMU", 0);
	world_run(&w, 100);
	assert_int_equal(media_leg_send_keys(p->leg, "123456", 100), 0);
	world_run(&w, 500);
	media_leg_join(p->leg, next);
	world_run(&w, 1500);
	check_heard(p, "123456");
	assert_int_equal(media_leg_send_keys(p->leg, "99999999999999999999999999999999", 100), 0);
	media_leg_join(p->leg, NULL);
	world_run(&w, 200);
	assert_int_equal(media_leg_send_keys(p->leg, "99999999999999999999999999999999", 100), 0);
	media_mixer_close(next);
	close_room();
}

static int set_up(void **state)
{
	random_seed_for_test(1);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_are_told_once_whatever_is_lost_or_repeated),
		cmocka_unit_test(each_payload_type_has_its_clock),
		cmocka_unit_test(what_makes_no_sense_is_no_key),
		cmocka_unit_test(a_flood_of_keys_is_cut),
		cmocka_unit_test(tones_are_heard_of_those_who_know_no_events),
		cmocka_unit_test(keys_are_sent_instead_of_audio_and_nobody_else_notices),
		cmocka_unit_test(keys_are_sent_where_there_is_no_room),
		cmocka_unit_test(what_waits_is_bounded_and_goes_with_a_hold),
		cmocka_unit_test(who_knows_no_events_hears_tones_and_nobody_else_does),
		cmocka_unit_test(tones_go_on_in_the_next_room),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
