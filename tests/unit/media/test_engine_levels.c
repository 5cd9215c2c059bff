/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Audio levels in the packets of rooms (RFC 6464), with real sockets on loopback, in simulated time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "media/rtp_extension.h"
#include "phone.h"

#define LOUD 6000.0
#define CODES 16

static struct media_mixer *room(struct world *w)
{
	struct media_mixer *mixer;

	assert_int_equal(media_mixer_new(w->engine, 0, &mixer), 0);
	return mixer;
}

/* A world of one thread with one room in it. */
static struct media_mixer *open_room(struct world *w)
{
	struct media_engine_settings settings = world_settings(1);

	world_open_simulated(w, &settings);
	return room(w);
}

static void close_room(struct world *w, struct media_mixer *mixer)
{
	media_mixer_close(mixer);
	world_close(w);
}

static struct phone *member(struct world *w, struct media_mixer *mixer, const char *codec,
	unsigned ptime_ms, double tone)
{
	struct phone *p = world_phone(w, codec, ptime_ms, tone, LOUD);

	assert_int_equal(media_leg_join(p->leg, mixer), 0);
	return p;
}

/* -dBov of a tone with this amplitude. */
static int level_of_tone(double amplitude)
{
	return (int)lround(-20 * log10(amplitude / 32768 / sqrt(2)));
}

/* ---- sent ---------------------------------------------------------------------------------- */

static void packets_say_how_loud_the_mix_in_them_is(void **state)
{
	static const char *const codecs[] = {"PCMU", "PCMU", "opus", "PCMU", "opus"};
	static const unsigned ptimes[] = {20, 60, 20, 10, 40};
	static const uint8_t ids[] = {1, 14, 1, 15, 255};
	struct world w;
	struct media_mixer *mixer;
	struct phone *listeners[5];

	mixer = open_room(&w);
	for (int i = 0; i < 5; i++) {
		listeners[i] = member(&w, mixer, codecs[i], ptimes[i], 0);
		phone_use_levels(listeners[i], ids[i]);
	}
	world_run(&w, 500);
	member(&w, mixer, "PCMU", 20, 440);
	world_run(&w, 700);
	for (int i = 0; i < 5; i++) {
		const struct phone *p = listeners[i];

		assert_true(p->n_packets > 10);
		assert_int_equal(p->packets[0].level, 127);
		assert_in_range(p->packets[p->n_packets - 1].level, level_of_tone(LOUD) - 1,
			level_of_tone(LOUD) + 1);
	}
	close_room(&w, mixer);
}

static void one_who_speaks_is_told_the_level_of_what_he_hears(void **state)
{
	struct world w;
	struct media_mixer *mixer;
	struct phone *a, *b;

	mixer = open_room(&w);
	a = member(&w, mixer, "PCMU", 20, 440);
	b = member(&w, mixer, "PCMU", 20, 700);
	b->amplitude = LOUD / 4;
	phone_use_levels(a, 1);
	phone_use_levels(b, 3);
	world_run(&w, 800);
	assert_in_range(a->packets[a->n_packets - 1].level, level_of_tone(LOUD / 4) - 1,
		level_of_tone(LOUD / 4) + 1);
	assert_in_range(b->packets[b->n_packets - 1].level, level_of_tone(LOUD) - 1,
		level_of_tone(LOUD) + 1);
	close_room(&w, mixer);
}

static void levels_are_sent_to_those_only_who_agreed_and_as_long(void **state)
{
	struct world w;
	struct media_mixer *mixer;
	struct phone *with, *without;

	mixer = open_room(&w);
	with = member(&w, mixer, "PCMU", 20, 0);
	without = member(&w, mixer, "PCMU", 20, 0);
	phone_use_levels(with, 1);
	without->level_id = 1; /* would see it */
	world_run(&w, 300);
	for (unsigned i = 0; i < without->n_packets; i++)
		assert_int_equal(without->packets[i].level, PHONE_NO_LEVEL);
	assert_int_equal(with->packets[with->n_packets - 1].level, 127);
	phone_use_levels(with, 0);
	with->level_id = 1;
	world_run(&w, 100);
	assert_int_equal(with->packets[with->n_packets - 1].level, PHONE_NO_LEVEL);
	close_room(&w, mixer);
}

/* ---- who is decoded and mixed ------------------------------------------------------------------ */

static uint64_t decodes(struct world *w)
{
	struct media_counters c;

	media_engine_counters(w->engine, &c);
	return c.decodes;
}

/* Decodes in a hundredth of the next second's ticks. */
static unsigned decodes_a_tick(struct world *w)
{
	uint64_t before = decodes(w);

	world_run(w, 1000);
	return (unsigned)((decodes(w) - before + 25) / 50);
}

static double loudest(const struct phone *p, size_t from)
{
	int most = 0;

	for (size_t i = from; i < p->n_pcm; i++)
		most = abs(p->pcm[i]) > most ? abs(p->pcm[i]) : most;
	return most;
}

static void those_who_tell_silence_are_not_decoded(void **state)
{
	enum { SILENT = 12 };
	struct media_engine_settings settings = world_settings(2);
	struct media_srtp keys = {0};
	struct world w;
	struct media_mixer *mixer;
	struct phone *listener, *speaker;

	world_open_simulated(&w, &settings);
	mixer = room(&w);
	for (unsigned i = 0; i < SILENT; i++) {
		struct phone *p = member(&w, mixer, i % 3 ? "PCMU" : "opus", i % 2 ? 20 : 60, 300);

		p->amplitude = 0;
		phone_use_levels(p, 1);
		if (i % 4)
			continue;
		srtp_key_make(&keys.send, SRTP_AES_CM_128_HMAC_SHA1_80);
		srtp_key_make(&keys.receive, SRTP_AES_CM_128_HMAC_SHA1_80);
		phone_secure(p, &keys);
	}
	listener = member(&w, mixer, "PCMU", 20, 0);
	speaker = member(&w, mixer, "PCMU", 20, 440);
	phone_use_levels(speaker, 5);
	world_run(&w, 500);
	assert_int_equal(decodes_a_tick(&w), 1);
	assert_true(phone_level(listener, 440, listener->n_pcm - 4000, 4000) > LOUD * 0.7);
	/* Without the extension one is decoded as ever. */
	phone_use_levels(speaker, 0);
	world_run(&w, 200);
	assert_int_equal(decodes_a_tick(&w), 1);
	speaker->amplitude = 0;
	assert_int_equal(decodes_a_tick(&w), 1);
	close_room(&w, mixer);
}

static void of_those_who_tell_speech_the_loudest_are_decoded(void **state)
{
	enum { SPEAKERS = 9, MIXED = 3 };
	struct media_engine_settings settings = world_settings(1);
	struct world w;
	struct media_mixer *mixer;
	struct phone *listener, *p[SPEAKERS];

	settings.mixed_talkers = MIXED;
	world_open_simulated(&w, &settings);
	mixer = room(&w);
	listener = member(&w, mixer, "PCMU", 20, 0);
	for (int i = 0; i < SPEAKERS; i++) {
		p[i] = member(&w, mixer, "PCMU", 20, 400 + 100 * i);
		p[i]->amplitude = i < MIXED ? LOUD / 2 : LOUD / 8;
		phone_use_levels(p[i], 1);
	}
	world_run(&w, 1500);
	assert_int_equal(decodes_a_tick(&w), MIXED);
	for (int i = 0; i < SPEAKERS; i++) {
		double level = phone_level(listener, 400 + 100 * i, listener->n_pcm - 4000, 4000);

		assert_true(i < MIXED ? level > LOUD / 2 * 0.7 : level < LOUD / 80);
	}
	close_room(&w, mixer);
}

/* When the listener heard this tone first, in ms from the time of his first packet. */
static size_t first_heard(const struct phone *listener, double tone)
{
	size_t step = PHONE_RATE / 100, at = 0;

	while (at + step < listener->n_pcm && phone_level(listener, tone, at, step) < LOUD / 2)
		at += step;
	assert_true(at + step < listener->n_pcm);
	return at * 1000 / PHONE_RATE;
}

/*
 * Two rooms, alike but for one thing: whether the peer, which has been silent for long on a line that
 * stalls, tells his levels. Then he speaks: it is heard as soon.
 */
static void assert_same_onset(const char *codec, unsigned ptime_ms)
{
	struct media_engine_settings settings = world_settings(1);
	struct world w;
	struct media_mixer *mixers[2];
	struct phone *p[2], *listener[2];
	size_t heard[2];

	world_open_simulated(&w, &settings);
	for (int i = 0; i < 2; i++) {
		mixers[i] = room(&w);
		p[i] = member(&w, mixers[i], codec, ptime_ms, 440);
		p[i]->amplitude = 0;
		phone_use_levels(p[i], i ? 1 : 0);
		listener[i] = member(&w, mixers[i], "PCMU", 20, 0);
	}
	world_run(&w, 1000);
	for (int i = 0; i < 2; i++)
		p[i]->due_us += 100000;
	world_run(&w, 100);
	for (int i = 0; i < 2; i++)
		p[i]->due_us -= 100000;
	world_run(&w, 3000);
	assert_int_equal(p[1]->n_sent, p[0]->n_sent);
	for (int i = 0; i < 2; i++) {
		phone_forget(listener[i]);
		p[i]->amplitude = LOUD;
	}
	world_run(&w, 1000);
	for (int i = 0; i < 2; i++) {
		size_t begin = heard[i] = first_heard(listener[i], 440);

		/* Whole from there on. */
		for (size_t ms = begin + 30; ms < begin + 500; ms += 10)
			assert_true(phone_level(listener[i], 440, ms * 8, 80) > LOUD / 2);
		/* By then all that he does not yet tell of is heard. */
		assert_true(heard[i] < 200);
	}
	assert_in_range(heard[1] + 100, heard[0] + 100 - 45, heard[0] + 100 + 45);
	for (int i = 0; i < 2; i++)
		media_mixer_close(mixers[i]);
	world_close(&w);
}

static void who_begins_to_speak_is_heard_from_his_first_packet_on(void **state)
{
	assert_same_onset("PCMU", 20);
	assert_same_onset("opus", 20);
	assert_same_onset("opus", 60);
	assert_same_onset("PCMA", 10);
}

/* Of CODES tones, the one that is heard in the first block as loud as it was sent. */
static unsigned first_code(const struct phone *listener)
{
	size_t block = PHONE_RATE / 50;

	for (size_t at = 0; at + block <= listener->n_pcm; at += block / 4) {
		for (unsigned code = 0; code < CODES; code++) {
			if (phone_level(listener, 400 + 100 * code, at, block) > LOUD * 0.7)
				return code;
		}
	}
	fail();
	return 0;
}

/*
 * Somebody whose clock is five per cent fast is passed over for seconds. Chosen at last, he is heard
 * with what he sent just now.
 */
static void what_is_passed_over_makes_no_delay(void **state)
{
	struct world w;
	struct media_mixer *mixer;
	struct phone *listener, *p;
	unsigned before;

	mixer = open_room(&w);
	listener = member(&w, mixer, "PCMU", 20, 0);
	p = member(&w, mixer, "PCMU", 20, 400);
	p->n_codes = CODES;
	p->level_claim = 127;
	phone_use_levels(p, 1);
	for (int i = 0; i < 300; i++) {
		world_run(&w, 20);
		p->due_us -= 1000;
	}
	phone_forget(listener);
	before = p->n_sent;
	p->level_claim = 0;
	world_run(&w, 500);
	assert_in_range((before - first_code(listener)) % CODES, 0, 4);
	close_room(&w, mixer);
}

/* One who spoke on while others were louder comes back without a click. */
static void who_is_heard_again_amidst_his_speech_does_not_click(void **state)
{
	static const char *const codecs[] = {"opus", "PCMA", "GSM"};

	for (int i = 0; i < 3; i++) {
		struct media_engine_settings settings = world_settings(1);
		struct world w;
		struct media_mixer *mixer;
		struct phone *soft, *loud, *listener;

		settings.mixed_talkers = 1;
		world_open_simulated(&w, &settings);
		mixer = room(&w);
		listener = member(&w, mixer, "PCMU", 20, 0);
		soft = member(&w, mixer, codecs[i], 20, 440);
		loud = member(&w, mixer, "PCMU", 20, 700);
		soft->amplitude = LOUD / 4;
		phone_use_levels(soft, 1);
		phone_use_levels(loud, 1);
		world_run(&w, 1500);
		loud->amplitude = 0;
		world_run(&w, 100);
		phone_forget(listener);
		world_run(&w, 1000);
		assert_true(loudest(listener, 0) < LOUD / 4 * 1.4);
		assert_true(
			phone_level(listener, 440, listener->n_pcm - 800, 800) > LOUD / 4 * 0.7);
		media_mixer_close(mixer);
		world_close(&w);
	}
}

static void one_who_claims_to_be_loud_takes_no_place_for_long(void **state)
{
	struct media_engine_settings settings = world_settings(1);
	struct world w;
	struct media_mixer *mixer;
	struct phone *listener, *speaker, *liar;

	settings.mixed_talkers = 1;
	world_open_simulated(&w, &settings);
	mixer = room(&w);
	listener = member(&w, mixer, "PCMU", 20, 0);
	speaker = member(&w, mixer, "PCMU", 20, 440);
	phone_use_levels(speaker, 1);
	world_run(&w, 500);
	liar = member(&w, mixer, "PCMU", 20, 700);
	liar->amplitude = 30;
	liar->level_claim = 1;
	phone_use_levels(liar, 1);
	world_run(&w, 1500);
	phone_forget(listener);
	world_run(&w, 3000);
	assert_true(listener->n_pcm > 20000);
	for (size_t at = 0; at + 800 < listener->n_pcm; at += 800)
		assert_true(phone_level(listener, 440, at, 800) > LOUD * 0.7);
	close_room(&w, mixer);
}

/* Whatever the claims come with: packets that cannot be decoded, or that are never due. */
static void claims_without_sound_take_no_place_for_long(void **state)
{
	for (int other_source = 0; other_source < 2; other_source++) {
		struct media_engine_settings settings = world_settings(1);
		struct world w;
		struct media_mixer *mixer;
		struct phone *listener, *speaker, *liar;
		unsigned ms = other_source ? 5 : 20;

		settings.mixed_talkers = 1;
		world_open_simulated(&w, &settings);
		mixer = room(&w);
		listener = member(&w, mixer, "PCMU", 20, 0);
		speaker = member(&w, mixer, "PCMU", 20, 440);
		phone_use_levels(speaker, 1);
		liar = member(&w, mixer, other_source ? "PCMU" : "opus", 20, 0);
		phone_use_levels(liar, 1);
		for (uint16_t i = 0; i < 4000 / ms; i++) {
			/* To Opus: a frame count that is missing (RFC 6716 3.2.5). */
			uint8_t packet[RTP_HEADER_SIZE + 4 + RTP_AUDIO_LEVEL_SIZE + 1], element[4];
			struct rtp_packet head = {.payload_type = liar->format.payload_type,
				.seq = i,
				.timestamp = liar->format.codec->clock_rate / 50 * i,
				.ssrc = other_source ? i : 1};

			rtp_set_audio_level(&head, 1, &(struct audio_level){.level = 1}, element);
			rtp_write_head(packet, &head);
			packet[sizeof packet - 1] = 0xff;
			phone_send_raw(liar, packet, sizeof packet);
			world_run(&w, ms);
			if (i == 2000 / ms)
				phone_forget(listener);
		}
		assert_true(listener->n_pcm > 10000);
		for (size_t at = 0; at + 800 < listener->n_pcm; at += 800)
			assert_true(phone_level(listener, 440, at, 800) > LOUD * 0.7);
		media_mixer_close(mixer);
		world_close(&w);
	}
}

static void one_who_claims_to_be_silent_is_not_heard(void **state)
{
	struct world w;
	struct media_mixer *mixer;
	struct phone *listener, *liar;

	mixer = open_room(&w);
	listener = member(&w, mixer, "PCMU", 20, 0);
	liar = member(&w, mixer, "PCMU", 20, 700);
	liar->level_claim = 127;
	phone_use_levels(liar, 1);
	world_run(&w, 1000);
	assert_int_equal(decodes(&w), 0);
	assert_true(loudest(listener, 0) < 50);
	close_room(&w, mixer);
}

/* ---- who talks --------------------------------------------------------------------------------- */

static void talking_is_told_with_its_begin_and_end(void **state)
{
	struct media_engine_settings settings = world_settings(2);
	struct world w;
	struct media_mixer *mixer;
	struct phone *p[3];

	world_open_simulated(&w, &settings);
	mixer = room(&w);
	for (int i = 0; i < 3; i++) {
		p[i] = member(&w, mixer, "PCMU", i ? 20 : 60, 440);
		p[i]->amplitude = 60; /* the surroundings */
		phone_use_levels(p[i], (uint8_t)(i % 2 ? 0 : 1));
	}
	world_run(&w, 1000);
	for (int i = 0; i < 3; i++)
		assert_int_equal(p[i]->n_talks, 0);
	/* A cough of 40 ms. */
	p[1]->amplitude = p[2]->amplitude = LOUD;
	world_run(&w, 40);
	p[1]->amplitude = p[2]->amplitude = 60;
	world_run(&w, 1000);
	assert_int_equal(p[1]->n_talks + p[2]->n_talks, 0);
	p[0]->amplitude = p[1]->amplitude = LOUD;
	world_run(&w, 500);
	assert_true(p[0]->talking && p[1]->talking && !p[2]->talking);
	/* For a breath. */
	p[0]->amplitude = p[1]->amplitude = 60;
	world_run(&w, 300);
	p[0]->amplitude = p[1]->amplitude = LOUD;
	world_run(&w, 500);
	assert_int_equal(p[0]->n_talks, 1);
	assert_int_equal(p[1]->n_talks, 1);
	p[0]->amplitude = p[1]->amplitude = 60;
	world_run(&w, 1500);
	for (int i = 0; i < 2; i++) {
		assert_false(p[i]->talking);
		assert_int_equal(p[i]->n_talks, 2);
	}
	close_room(&w, mixer);
}

static void talking_ends_with_leaving_the_room(void **state)
{
	struct world w;
	struct media_mixer *mixer;
	struct phone *p;

	mixer = open_room(&w);
	p = member(&w, mixer, "PCMU", 20, 440);
	world_run(&w, 500);
	assert_true(p->talking);
	assert_int_equal(media_leg_join(p->leg, NULL), 0);
	world_run(&w, 200);
	assert_false(p->talking);
	close_room(&w, mixer);
}

static void changes_of_talking_are_few_whatever_is_said(void **state)
{
	struct world w;
	struct media_mixer *mixer;
	struct phone *p;

	mixer = open_room(&w);
	p = member(&w, mixer, "PCMU", 20, 440);
	phone_use_levels(p, 1);
	for (int i = 0; i < 300; i++) {
		p->level_claim = i % 8 < 5 ? 20 : 90;
		world_run(&w, 20);
	}
	assert_true(p->n_talks <= 18);
	close_room(&w, mixer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packets_say_how_loud_the_mix_in_them_is),
		cmocka_unit_test(one_who_speaks_is_told_the_level_of_what_he_hears),
		cmocka_unit_test(levels_are_sent_to_those_only_who_agreed_and_as_long),
		cmocka_unit_test(those_who_tell_silence_are_not_decoded),
		cmocka_unit_test(of_those_who_tell_speech_the_loudest_are_decoded),
		cmocka_unit_test(who_begins_to_speak_is_heard_from_his_first_packet_on),
		cmocka_unit_test(what_is_passed_over_makes_no_delay),
		cmocka_unit_test(who_is_heard_again_amidst_his_speech_does_not_click),
		cmocka_unit_test(one_who_claims_to_be_loud_takes_no_place_for_long),
		cmocka_unit_test(claims_without_sound_take_no_place_for_long),
		cmocka_unit_test(one_who_claims_to_be_silent_is_not_heard),
		cmocka_unit_test(talking_is_told_with_its_begin_and_end),
		cmocka_unit_test(talking_ends_with_leaving_the_room),
		cmocka_unit_test(changes_of_talking_are_few_whatever_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
