/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What every codec must do, and G.711's own. */
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "coder.h"

static void codecs_are_found_by_name_and_number(void **state)
{
	assert_string_equal(find_codec("OPUS", 0)->name, "opus");
	assert_string_equal(find_codec("pcmu", 0)->name, "PCMU");
	assert_ptr_equal(audio_codec_find(SLICE("opus"), 48000), find_codec("opus", 0));
	assert_null(audio_codec_find(SLICE("opus"), 8000));
	assert_null(audio_codec_find(SLICE("opu"), 0));
	assert_null(audio_codec_find(SLICE_NONE, 0));
	assert_ptr_equal(audio_codec_static(0), find_codec("PCMU", 0));
	assert_ptr_equal(audio_codec_static(8), find_codec("PCMA", 0));
	assert_null(audio_codec_static(-1));
	assert_null(audio_codec_static(96));
}

static void every_codec_says_what_sdp_needs(void **state)
{
	for (size_t i = 0; audio_codecs[i]; i++) {
		const struct audio_codec *c = audio_codecs[i];

		assert_true(c->encoder_size > 0 && c->decoder_size > 0);
		assert_true(c->clock_rate >= 8000 && c->default_rate >= 8000);
		assert_true(c->static_payload >= -1 && c->static_payload < 96);
	}
	assert_int_equal(find_codec("opus", 0)->clock_rate, 48000);
	assert_int_equal(find_codec("opus", 0)->sdp_channels, 2);
}

/*
 * Carry a second of tone in packets of so many ms, and keep the second half. Returns the number of
 * samples heard.
 */
static size_t carry_tone(
	const struct audio_codec *codec, unsigned ptime, double hz, int16_t heard[48000])
{
	struct codec_settings settings = {.sample_rate = codec->default_rate, .cbr = true};
	size_t samples = codec->default_rate / 1000 * ptime, n_heard = 0;
	void *encoder = make_encoder(codec, &settings);
	void *decoder = make_decoder(codec, codec->default_rate);
	int16_t pcm[MAX_SAMPLES], out[MAX_SAMPLES];
	uint8_t payload[CODEC_MAX_PAYLOAD];
	int n;

	for (size_t packet = 0; packet * ptime < 1000; packet++) {
		make_tone(pcm, samples, packet * samples, codec->default_rate, hz);
		n = codec->encode(encoder, pcm, samples, payload, sizeof payload);
		assert_in_range(n, 3, CODEC_MAX_PAYLOAD);
		assert_int_equal(
			codec->payload_samples(payload, (size_t)n, codec->default_rate), samples);
		assert_int_equal(
			codec->decode(decoder, payload, (size_t)n, out, MAX_SAMPLES), samples);
		if (packet * ptime < 500 || n_heard + samples > 24000)
			continue;
		memcpy(heard + n_heard, out, samples * sizeof *out);
		n_heard += samples;
	}
	end_encoder(codec, encoder);
	end_decoder(codec, decoder);
	return n_heard;
}

/* Every codec, at every packet time it has: as loud as sent within 2 dB, and little else in it. */
static void a_tone_comes_through_every_codec_at_every_packet_time(void **state)
{
	static int16_t heard[48000];
	double sent = TONE_AMPLITUDE * TONE_AMPLITUDE / 2;

	for (size_t i = 0; audio_codecs[i]; i++) {
		const struct audio_codec *codec = audio_codecs[i];

		assert_true(codec->ptimes & 1 << 2); /* RFC 3551 4.2: 20 ms */
		for (unsigned ptime = 10; ptime <= 60; ptime += 10) {
			size_t n;
			double level, rest;

			if (!(codec->ptimes >> (ptime / 10) & 1))
				continue;
			n = carry_tone(codec, ptime, 600, heard);
			level = power_at(heard, n, codec->default_rate, 600);
			rest = power(heard, n) - level;
			assert_true(fabs(decibels(level / sent)) < 2);
			assert_true(rest < level / 30);
		}
	}
}

static double power_of_band(const int16_t *pcm, size_t samples, unsigned rate)
{
	double sum = 0;

	for (double hz = 5000; hz <= 7000; hz += 20)
		sum += power_at(pcm, samples, rate, hz);
	return sum;
}

/* Music on hold, a dial tone: at no time are 50 ms of it 6 dB too faint, whatever the settings. */
static void a_steady_tone_is_never_taken_for_noise(void **state)
{
	uint8_t payload[CODEC_MAX_PAYLOAD];
	int16_t pcm[960], out[960];

	for (size_t i = 0; audio_codecs[i]; i++) {
		const struct audio_codec *codec = audio_codecs[i];
		struct codec_settings settings = {.sample_rate = codec->default_rate, .dtx = true};
		size_t samples = codec->default_rate / 50;
		void *encoder = make_encoder(codec, &settings);
		void *decoder = make_decoder(codec, codec->default_rate);

		for (size_t frame = 0; frame < 150; frame++) {
			int n;

			make_tone(pcm, samples, frame * samples, codec->default_rate, 1910);
			n = codec->encode(encoder, pcm, samples, payload, sizeof payload);
			assert_true(n > 0);
			codec->decode(decoder, payload, (size_t)n, out, samples);
			if (frame > 5)
				assert_true(power(out, samples) > power(pcm, samples) / 4);
		}
		end_encoder(codec, encoder);
		end_decoder(codec, decoder);
	}
}

/* Those of 16 kHz and more carry of a hiss what a telephone does not: 5 to 7 kHz. */
static void wide_band_codecs_carry_what_is_above_4_khz(void **state)
{
	static int16_t sent[32 * 960], heard[32 * 960];
	uint8_t payload[CODEC_MAX_PAYLOAD];

	srand(2);
	for (size_t i = 0; i < sizeof sent / sizeof *sent; i++)
		sent[i] = (int16_t)(rand() % 8000 - 4000);
	for (size_t i = 0; audio_codecs[i]; i++) {
		const struct audio_codec *codec = audio_codecs[i];
		struct codec_settings settings = {.sample_rate = codec->default_rate, .cbr = true};
		size_t samples = codec->default_rate / 50;
		void *encoder = make_encoder(codec, &settings);
		void *decoder = make_decoder(codec, codec->default_rate);
		double gain;
		int n;

		for (size_t at = 0; at < 32 * samples; at += samples) {
			n = codec->encode(encoder, sent + at, samples, payload, sizeof payload);
			codec->decode(decoder, payload, (size_t)n, heard + at, samples);
		}
		gain = power_of_band(heard, 32 * samples, codec->default_rate) /
		       power_of_band(sent, 32 * samples, codec->default_rate);
		if (codec->default_rate >= 16000)
			assert_true(fabs(decibels(gain)) < 5);
		end_encoder(codec, encoder);
		end_decoder(codec, decoder);
	}
}

/* A copied encoder goes on where the original is: who hears the change hears no click. */
static void a_copied_encoder_goes_on_without_a_click(void **state)
{
	int16_t pcm[960], out[960], before[960];
	uint8_t payload[CODEC_MAX_PAYLOAD];
	struct media_pool pool = {0};

	for (size_t i = 0; audio_codecs[i]; i++) {
		const struct audio_codec *codec = audio_codecs[i];
		struct codec_settings settings = {.sample_rate = codec->default_rate};
		size_t samples = codec->default_rate / 50;
		void *encoder = audio_encoder_new(&pool, codec, &settings);
		void *whole = audio_decoder_new(&pool, codec, codec->default_rate);
		void *moved = audio_decoder_new(&pool, codec, codec->default_rate);
		double error = 0, sound = 0;
		void *copy = NULL;
		int n;

		assert_true(encoder && whole && moved);
		for (size_t frame = 0; frame < 60; frame++) {
			make_voice(pcm, samples, frame * samples, codec->default_rate);
			if (frame == 30)
				copy = audio_encoder_copy(&pool, codec, encoder);
			n = codec->encode(encoder, pcm, samples, payload, sizeof payload);
			codec->decode(whole, payload, (size_t)n, before, samples);
			if (copy)
				n = codec->encode(copy, pcm, samples, payload, sizeof payload);
			codec->decode(moved, payload, (size_t)n, out, samples);
			if (frame < 30)
				assert_memory_equal(before, out, samples * sizeof *out);
			error += difference(before, out, samples);
			sound += power(before, samples);
		}
		assert_true(error < sound / 100);
		audio_encoder_free(&pool, codec, encoder);
		audio_encoder_free(&pool, codec, copy);
		audio_decoder_free(&pool, codec, whole);
		audio_decoder_free(&pool, codec, moved);
	}
	media_pool_free(&pool);
}

static void packet_times_are_those_that_the_codec_has(void **state)
{
	const struct audio_codec *pcmu = find_codec("PCMU", 0), *opus = find_codec("opus", 0);
	const struct audio_codec *gsm = find_codec("GSM", 0);

	assert_int_equal(audio_codec_ptime(pcmu, 0, 0), 20);
	assert_int_equal(audio_codec_ptime(pcmu, 30, 0), 30);
	assert_int_equal(audio_codec_ptime(pcmu, 1, 0), 10);
	assert_int_equal(audio_codec_ptime(pcmu, 25, 0), 30);
	assert_int_equal(audio_codec_ptime(pcmu, 25, 20), 20);
	assert_int_equal(audio_codec_ptime(pcmu, 120, 0), 60);
	assert_int_equal(audio_codec_ptime(pcmu, UINT_MAX, 0), 60);
	assert_int_equal(audio_codec_ptime(pcmu, 0, 10), 10);
	assert_int_equal(audio_codec_ptime(opus, 30, 0), 40);
	assert_int_equal(audio_codec_ptime(opus, 30, 30), 20);
	assert_int_equal(audio_codec_ptime(opus, 60, 120), 60);
	assert_int_equal(audio_codec_ptime(opus, 3, 3), 10);
	/* RFC 5574 5.6 rounds up; a frame is the least. */
	assert_int_equal(audio_codec_ptime(gsm, 30, 0), 40);
	assert_int_equal(audio_codec_ptime(gsm, 10, 10), 20);
}

/* ITU-T G.711: what every implementation must agree on. */
static void g711_codes_are_those_of_the_standard(void **state)
{
	static const int16_t pcm[] = {0, -1, 32767, -32768, 1000};
	static const uint8_t ulaw[] = {0xff, 0x7f, 0x80, 0x00, 0xce};
	static const uint8_t alaw[] = {0xd5, 0x55, 0xaa, 0x2a, 0xfa};
	uint8_t out[5];

	assert_int_equal(find_codec("PCMU", 0)->encode(NULL, pcm, 5, out, 5), 5);
	assert_memory_equal(out, ulaw, 5);
	assert_int_equal(find_codec("PCMA", 0)->encode(NULL, pcm, 5, out, 5), 5);
	assert_memory_equal(out, alaw, 5);
}

/* Decoding and encoding again gives the same byte (but for mu-law's two zeroes). */
static void g711_is_stable_over_hops(void **state)
{
	static const char *const names[] = {"PCMU", "PCMA"};

	for (unsigned k = 0; k < 2; k++) {
		const struct audio_codec *codec = find_codec(names[k], 0);
		void *decoder = make_decoder(codec, 8000);

		for (unsigned value = 0; value < 256; value++) {
			uint8_t in = (uint8_t)value, out;
			int16_t pcm;

			assert_int_equal(codec->decode(decoder, &in, 1, &pcm, 1), 1);
			assert_int_equal(codec->encode(NULL, &pcm, 1, &out, 1), 1);
			assert_true(out == in || (k == 0 && in == 0x7f && out == 0xff));
		}
		end_decoder(codec, decoder);
	}
}

static void g711_refuses_what_does_not_fit(void **state)
{
	const struct audio_codec *codec = find_codec("PCMU", 0);
	struct codec_settings settings = {.sample_rate = 16000};
	static uint8_t payload[2000];
	static int16_t pcm[2000];
	void *decoder = make_decoder(codec, 8000);

	assert_int_equal(codec->encoder_init(NULL, &settings), -EINVAL);
	assert_int_equal(codec->decoder_init(decoder, 48000), -EINVAL);
	assert_int_equal(codec->encode(NULL, pcm, 160, payload, 159), -EMSGSIZE);
	assert_int_equal(codec->encode(NULL, pcm, 0, payload, 159), -EINVAL);
	assert_int_equal(codec->decode(decoder, payload, 160, pcm, 159), -EMSGSIZE);
	assert_int_equal(codec->decode(decoder, payload, 0, pcm, 159), -EBADMSG);
	assert_int_equal(codec->decode(decoder, payload, 961, pcm, 2000), -EBADMSG);
	assert_int_equal(codec->payload_samples(payload, 0, 8000), -EBADMSG);
	end_decoder(codec, decoder);
}

/* A gap in a voice is filled with something of its kind, which then fades. */
static void gaps_are_filled_and_fade(void **state)
{
	int16_t pcm[960], out[MAX_SAMPLES];
	uint8_t payload[CODEC_MAX_PAYLOAD];

	for (size_t i = 0; audio_codecs[i]; i++) {
		const struct audio_codec *codec = audio_codecs[i];
		struct codec_settings settings = {.sample_rate = codec->default_rate};
		size_t samples = codec->default_rate / 50;
		void *encoder = make_encoder(codec, &settings);
		void *decoder = make_decoder(codec, codec->default_rate);
		double before = 0;
		int n;

		for (size_t frame = 0; frame < 20; frame++) {
			make_voice(pcm, samples, frame * samples, codec->default_rate);
			n = codec->encode(encoder, pcm, samples, payload, sizeof payload);
			codec->decode(decoder, payload, (size_t)n, out, MAX_SAMPLES);
			before = power(out, samples);
		}
		assert_int_equal(codec->conceal(decoder, NULL, 0, out, samples), samples);
		assert_true(power(out, samples) > before / 10);
		for (unsigned k = 0; k < 20; k++)
			codec->conceal(decoder, NULL, 0, out, samples);
		/* Opus leaves a comfort noise. */
		assert_true(power(out, samples) < before / 20);
		end_encoder(codec, encoder);
		end_decoder(codec, decoder);
	}
}

static void gsm_frames_are_told_by_size_and_signature(void **state)
{
	const struct audio_codec *codec = find_codec("GSM", 0);
	struct codec_settings settings = {.sample_rate = 8000};
	void *encoder = make_encoder(codec, &settings), *decoder = make_decoder(codec, 8000);
	uint8_t payload[7 * 33] = {0};
	int16_t pcm[7 * 160] = {0};

	assert_int_equal(codec->encode(encoder, pcm, 320, payload, sizeof payload), 66);
	assert_int_equal(payload[0] >> 4, 0xd);
	assert_int_equal(payload[33] >> 4, 0xd);
	assert_int_equal(codec->decode(decoder, payload, 66, pcm, 320), 320);
	assert_int_equal(codec->decode(decoder, payload, 65, pcm, 320), -EBADMSG);
	assert_int_equal(codec->decode(decoder, payload, 99, pcm, 480), -EBADMSG);
	assert_int_equal(codec->decode(decoder, payload, 66, pcm, 319), -EMSGSIZE);
	assert_int_equal(codec->decode(decoder, payload, 0, pcm, 320), -EBADMSG);
	memset(payload, 0xd0, sizeof payload);
	assert_int_equal(codec->decode(decoder, payload, 7 * 33, pcm, 7 * 160), -EBADMSG);
	assert_int_equal(codec->encode(encoder, pcm, 161, payload, sizeof payload), -EINVAL);
	assert_int_equal(codec->encode(encoder, pcm, 160, payload, 32), -EMSGSIZE);
	end_encoder(codec, encoder);
	end_decoder(codec, decoder);
}

static void g722_refuses_what_does_not_fit(void **state)
{
	const struct audio_codec *codec = find_codec("G722", 0);
	struct codec_settings settings = {.sample_rate = 8000};
	void *decoder = make_decoder(codec, 16000), *encoder;
	static uint8_t payload[1000];
	static int16_t pcm[2000];

	assert_int_equal(codec->encoder_init(NULL, &settings), -EINVAL);
	assert_int_equal(codec->decoder_init(NULL, 8000), -EINVAL);
	settings.sample_rate = 16000;
	encoder = make_encoder(codec, &settings);
	assert_int_equal(codec->encode(encoder, pcm, 320, payload, 160), 160);
	assert_int_equal(codec->encode(encoder, pcm, 320, payload, 159), -EMSGSIZE);
	assert_int_equal(codec->encode(encoder, pcm, 321, payload, 320), -EINVAL);
	assert_int_equal(codec->decode(decoder, payload, 160, pcm, 320), 320);
	assert_int_equal(codec->decode(decoder, payload, 160, pcm, 319), -EMSGSIZE);
	assert_int_equal(codec->decode(decoder, payload, 961, pcm, 2000), -EBADMSG);
	assert_int_equal(codec->decode(decoder, payload, 0, pcm, 320), -EBADMSG);
	assert_int_equal(codec->conceal(decoder, NULL, 0, pcm, 1921), -EINVAL);
	end_encoder(codec, encoder);
	end_decoder(codec, decoder);
}

static void random_payloads_harm_nothing(void **state)
{
	uint8_t payload[200];
	int16_t pcm[MAX_SAMPLES];

	srand(1);
	for (size_t i = 0; audio_codecs[i]; i++) {
		const struct audio_codec *codec = audio_codecs[i];
		void *decoder = make_decoder(codec, codec->default_rate);

		for (unsigned k = 0; k < 3000; k++) {
			size_t n = (size_t)rand() % sizeof payload;
			int done;

			for (size_t b = 0; b < n; b++)
				payload[b] = (uint8_t)rand();
			done = codec->decode(decoder, payload, n, pcm, MAX_SAMPLES);
			assert_true(done <= MAX_SAMPLES && done != 0);
			if (k % 10 == 0)
				codec->conceal(decoder, payload, n, pcm, 480);
		}
		end_decoder(codec, decoder);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(codecs_are_found_by_name_and_number),
		cmocka_unit_test(every_codec_says_what_sdp_needs),
		cmocka_unit_test(a_tone_comes_through_every_codec_at_every_packet_time),
		cmocka_unit_test(a_steady_tone_is_never_taken_for_noise),
		cmocka_unit_test(wide_band_codecs_carry_what_is_above_4_khz),
		cmocka_unit_test(a_copied_encoder_goes_on_without_a_click),
		cmocka_unit_test(packet_times_are_those_that_the_codec_has),
		cmocka_unit_test(gsm_frames_are_told_by_size_and_signature),
		cmocka_unit_test(g722_refuses_what_does_not_fit),
		cmocka_unit_test(g711_codes_are_those_of_the_standard),
		cmocka_unit_test(g711_is_stable_over_hops),
		cmocka_unit_test(g711_refuses_what_does_not_fit),
		cmocka_unit_test(gaps_are_filled_and_fade),
		cmocka_unit_test(random_payloads_harm_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
