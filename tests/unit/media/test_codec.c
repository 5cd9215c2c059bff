/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <opus.h>

#include "media/codec.h"

#define MAX_SAMPLES 5760

static const struct audio_codec *find(const char *name)
{
	const struct audio_codec *codec = audio_codec_find(slice_str(name), 0);

	assert_non_null(codec);
	return codec;
}

/* States exactly as large as said, so that the sanitizer sees a step outside. */
static void *encoder_of(const struct audio_codec *codec, const struct codec_settings *settings)
{
	void *state = malloc(codec->encoder_size);

	assert_non_null(state);
	memset(state, 0xa5, codec->encoder_size);
	assert_int_equal(codec->encoder_init(state, settings), 0);
	return state;
}

static void *decoder_of(const struct audio_codec *codec, unsigned rate)
{
	void *state = malloc(codec->decoder_size);

	assert_non_null(state);
	memset(state, 0xa5, codec->decoder_size);
	assert_int_equal(codec->decoder_init(state, rate), 0);
	return state;
}

static void tone(int16_t *pcm, size_t samples, size_t from, unsigned rate, double hz)
{
	for (size_t i = 0; i < samples; i++)
		pcm[i] = (int16_t)lrint(8000 * sin(2 * M_PI * hz * (double)(from + i) / rate));
}

/* Something like a voice: a buzz of 120 Hz that swells. */
static void voice(int16_t *pcm, size_t samples, size_t from, unsigned rate)
{
	for (size_t i = 0; i < samples; i++) {
		double t = (double)(from + i) / rate, x = 0;

		for (unsigned k = 1; k < 30; k++)
			x += sin(2 * M_PI * 120 * k * t) / k;
		pcm[i] = (int16_t)lrint(4000 * x * (0.6 + 0.4 * sin(2 * M_PI * 3 * t)));
	}
}

static double power(const int16_t *pcm, size_t samples)
{
	double sum = 0;

	for (size_t i = 0; i < samples; i++)
		sum += (double)pcm[i] * pcm[i];
	return sum / (double)samples;
}

static void codecs_are_found_by_name_and_number(void **state)
{
	assert_string_equal(find("OPUS")->name, "opus");
	assert_string_equal(find("pcmu")->name, "PCMU");
	assert_ptr_equal(audio_codec_find(SLICE("opus"), 48000), find("opus"));
	assert_null(audio_codec_find(SLICE("opus"), 8000));
	assert_null(audio_codec_find(SLICE("opu"), 0));
	assert_null(audio_codec_find(SLICE_NONE, 0));
	assert_ptr_equal(audio_codec_static(0), find("PCMU"));
	assert_ptr_equal(audio_codec_static(8), find("PCMA"));
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
	assert_int_equal(find("opus")->clock_rate, 48000);
	assert_int_equal(find("opus")->sdp_channels, 2);
}

/* Every codec carries a second of tone, frame by frame, at its own level. */
static void a_tone_comes_through_every_codec(void **state)
{
	int16_t pcm[960], out[MAX_SAMPLES];
	uint8_t payload[CODEC_MAX_PAYLOAD];

	for (size_t i = 0; audio_codecs[i]; i++) {
		const struct audio_codec *codec = audio_codecs[i];
		struct codec_settings settings = {.sample_rate = codec->default_rate};
		size_t samples = codec->default_rate / 50;
		void *encoder = encoder_of(codec, &settings);
		void *decoder = decoder_of(codec, codec->default_rate);
		double heard = 0;
		int n;

		for (size_t frame = 0; frame < 50; frame++) {
			tone(pcm, samples, frame * samples, codec->default_rate, 1000);
			n = codec->encode(encoder, pcm, samples, payload, sizeof payload);
			assert_in_range(n, 3, CODEC_MAX_PAYLOAD);
			assert_int_equal(
				codec->payload_samples(payload, (size_t)n, codec->default_rate),
				samples);
			assert_int_equal(
				codec->decode(decoder, payload, (size_t)n, out, MAX_SAMPLES),
				samples);
			if (frame >= 25)
				heard += power(out, samples) / 25;
		}
		/* 8000 amplitude; within 1 dB. */
		assert_true(fabs(10 * log10(heard / 32e6)) < 1);
		free(encoder);
		free(decoder);
	}
}

/* ITU-T G.711: what every implementation must agree on. */
static void g711_codes_are_those_of_the_standard(void **state)
{
	static const int16_t pcm[] = {0, -1, 32767, -32768, 1000};
	static const uint8_t ulaw[] = {0xff, 0x7f, 0x80, 0x00, 0xce};
	static const uint8_t alaw[] = {0xd5, 0x55, 0xaa, 0x2a, 0xfa};
	uint8_t out[5];

	assert_int_equal(find("PCMU")->encode(NULL, pcm, 5, out, 5), 5);
	assert_memory_equal(out, ulaw, 5);
	assert_int_equal(find("PCMA")->encode(NULL, pcm, 5, out, 5), 5);
	assert_memory_equal(out, alaw, 5);
}

/* Decoding and encoding again gives the same byte (but for mu-law's two zeroes). */
static void g711_is_stable_over_hops(void **state)
{
	static const char *const names[] = {"PCMU", "PCMA"};

	for (unsigned k = 0; k < 2; k++) {
		const struct audio_codec *codec = find(names[k]);
		void *decoder = decoder_of(codec, 8000);

		for (unsigned value = 0; value < 256; value++) {
			uint8_t in = (uint8_t)value, out;
			int16_t pcm;

			assert_int_equal(codec->decode(decoder, &in, 1, &pcm, 1), 1);
			assert_int_equal(codec->encode(NULL, &pcm, 1, &out, 1), 1);
			assert_true(out == in || (k == 0 && in == 0x7f && out == 0xff));
		}
		free(decoder);
	}
}

static void g711_refuses_what_does_not_fit(void **state)
{
	const struct audio_codec *codec = find("PCMU");
	struct codec_settings settings = {.sample_rate = 16000};
	static uint8_t payload[2000];
	static int16_t pcm[2000];
	void *decoder = decoder_of(codec, 8000);

	assert_int_equal(codec->encoder_init(NULL, &settings), -EINVAL);
	assert_int_equal(codec->decoder_init(decoder, 48000), -EINVAL);
	assert_int_equal(codec->encode(NULL, pcm, 160, payload, 159), -EMSGSIZE);
	assert_int_equal(codec->encode(NULL, pcm, 0, payload, 159), -EINVAL);
	assert_int_equal(codec->decode(decoder, payload, 160, pcm, 159), -EMSGSIZE);
	assert_int_equal(codec->decode(decoder, payload, 0, pcm, 159), -EBADMSG);
	assert_int_equal(codec->decode(decoder, payload, 961, pcm, 2000), -EBADMSG);
	assert_int_equal(codec->payload_samples(payload, 0, 8000), -EBADMSG);
	free(decoder);
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
		void *encoder = encoder_of(codec, &settings);
		void *decoder = decoder_of(codec, codec->default_rate);
		double before = 0;
		int n;

		for (size_t frame = 0; frame < 20; frame++) {
			voice(pcm, samples, frame * samples, codec->default_rate);
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
		free(encoder);
		free(decoder);
	}
}

static double difference(const int16_t *a, const int16_t *b, size_t n)
{
	double sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += (double)(a[i] - b[i]) * (a[i] - b[i]);
	return sum / (double)n;
}

/*
 * Encode a voice whose pitch steps, lose every fifth packet, and say how far the decoded frames
 * that stand for the lost ones are from those without loss.
 */
static double loss_error(bool use_fec)
{
	const struct audio_codec *codec = find("opus");
	struct codec_settings settings = {.sample_rate = 48000, .fec = true};
	void *encoder = encoder_of(codec, &settings);
	void *whole = decoder_of(codec, 48000), *broken = decoder_of(codec, 48000);
	int16_t pcm[960], good[960], out[960], lost[960];
	uint8_t payload[CODEC_MAX_PAYLOAD];
	double error = 0;
	int n;

	for (size_t frame = 0; frame < 300; frame++) {
		voice(pcm, 960, frame * 960 + frame / 7 * 131, 48000);
		n = codec->encode(encoder, pcm, 960, payload, sizeof payload);
		if (frame % 5 == 4) {
			codec->decode(whole, payload, (size_t)n, lost, 960);
			continue;
		}
		if (frame % 5 == 0 && frame > 0) {
			assert_int_equal(codec->conceal(broken, use_fec ? payload : NULL,
						 use_fec ? (size_t)n : 0, out, 960),
				960);
			error += difference(out, lost, 960);
		}
		codec->decode(whole, payload, (size_t)n, good, 960);
		codec->decode(broken, payload, (size_t)n, out, 960);
	}
	free(encoder);
	free(whole);
	free(broken);
	return error;
}

static void opus_fec_restores_what_was_lost(void **state)
{
	assert_true(loss_error(true) < loss_error(false) / 2);
}

static void opus_conceals_when_the_next_packet_is_rubbish(void **state)
{
	const struct audio_codec *codec = find("opus");
	static const uint8_t rubbish[] = {0xff, 0xff, 0xff, 0xff};
	void *decoder = decoder_of(codec, 48000);
	int16_t out[960];

	assert_int_equal(codec->conceal(decoder, rubbish, sizeof rubbish, out, 960), 960);
	assert_int_equal(codec->conceal(decoder, rubbish, 0, out, 960), 960);
	assert_int_equal(codec->conceal(decoder, NULL, 0, out, 961), -EINVAL);
	free(decoder);
}

static size_t opus_bytes(const struct codec_settings *settings, bool silent, size_t *smallest,
	size_t *largest, unsigned *not_sent)
{
	const struct audio_codec *codec = find("opus");
	void *encoder = encoder_of(codec, settings);
	size_t samples = settings->sample_rate / 50, total = 0;
	uint8_t payload[CODEC_MAX_PAYLOAD];
	int16_t pcm[960] = {0};
	int n;

	*smallest = SIZE_MAX;
	*largest = 0;
	*not_sent = 0;
	for (size_t frame = 0; frame < 250; frame++) {
		if (!silent)
			voice(pcm, samples, frame * samples, settings->sample_rate);
		n = codec->encode(encoder, pcm, samples, payload, sizeof payload);
		assert_true(n >= 0);
		*not_sent += n == 0;
		total += (size_t)n;
		*smallest = (size_t)n < *smallest ? (size_t)n : *smallest;
		*largest = (size_t)n > *largest ? (size_t)n : *largest;
	}
	free(encoder);
	return total;
}

static void opus_keeps_its_bit_rate(void **state)
{
	struct codec_settings settings = {.sample_rate = 48000};
	size_t smallest, largest, total;
	unsigned not_sent;

	/* By default 32 kbit/s: 20,000 bytes in these five seconds. */
	total = opus_bytes(&settings, false, &smallest, &largest, &not_sent);
	assert_in_range(total, 16000, 24000);
	settings.bitrate = 64000;
	total = opus_bytes(&settings, false, &smallest, &largest, &not_sent);
	assert_in_range(total, 32000, 48000);
	settings.cbr = true;
	opus_bytes(&settings, false, &smallest, &largest, &not_sent);
	assert_int_equal(smallest, 160);
	assert_int_equal(largest, 160);
	settings.bitrate = UINT32_MAX;
	opus_bytes(&settings, false, &smallest, &largest, &not_sent);
	assert_in_range(largest, 700, CODEC_MAX_PAYLOAD);
}

static void opus_with_dtx_falls_silent(void **state)
{
	struct codec_settings settings = {.sample_rate = 48000};
	size_t smallest, largest;
	unsigned not_sent;

	opus_bytes(&settings, true, &smallest, &largest, &not_sent);
	assert_int_equal(not_sent, 0);
	settings.dtx = true;
	opus_bytes(&settings, true, &smallest, &largest, &not_sent);
	assert_true(not_sent > 200);
	opus_bytes(&settings, false, &smallest, &largest, &not_sent);
	assert_int_equal(not_sent, 0);
}

/* The default must be the coder that a mixer can afford; see the head of codec_opus.c. */
static void opus_encodes_full_band_in_celt_by_default(void **state)
{
	const struct audio_codec *codec = find("opus");
	struct codec_settings settings = {.sample_rate = 48000};
	void *encoder = encoder_of(codec, &settings);
	uint8_t payload[CODEC_MAX_PAYLOAD];
	int16_t pcm[960];

	for (size_t frame = 0; frame < 50; frame++) {
		voice(pcm, 960, frame * 960, 48000);
		codec->encode(encoder, pcm, 960, payload, sizeof payload);
		/* RFC 6716 table 2: configurations 28 to 31 are CELT, full band. */
		if (frame > 5)
			assert_in_range(payload[0] >> 3, 28, 31);
		assert_int_equal(opus_packet_get_nb_channels(payload), 1);
	}
	free(encoder);
}

static void opus_decodes_stereo_to_mono(void **state)
{
	OpusEncoder *stereo = opus_encoder_create(48000, 2, OPUS_APPLICATION_AUDIO, NULL);
	void *decoder = decoder_of(find("opus"), 48000);
	int16_t pcm[960 * 2], left[960], out[960];
	uint8_t payload[CODEC_MAX_PAYLOAD];
	int n;

	assert_non_null(stereo);
	opus_encoder_ctl(stereo, OPUS_SET_FORCE_CHANNELS(2));
	for (size_t frame = 0; frame < 20; frame++) {
		tone(left, 960, frame * 960, 48000, 500);
		for (unsigned i = 0; i < 960; i++)
			pcm[2 * i] = pcm[2 * i + 1] = left[i];
		n = opus_encode(stereo, pcm, 960, payload, sizeof payload);
		assert_int_equal(opus_packet_get_nb_channels(payload), 2);
		assert_int_equal(find("opus")->decode(decoder, payload, (size_t)n, out, 960), 960);
	}
	assert_true(fabs(10 * log10(power(out, 960) / 32e6)) < 1);
	opus_encoder_destroy(stereo);
	free(decoder);
}

static void opus_refuses_what_does_not_fit(void **state)
{
	const struct audio_codec *codec = find("opus");
	struct codec_settings settings = {.sample_rate = 44100};
	void *memory = malloc(codec->encoder_size), *decoder = decoder_of(codec, 48000), *encoder;
	static const uint8_t code3_without_count[] = {0x03};
	uint8_t payload[CODEC_MAX_PAYLOAD];
	int16_t pcm[MAX_SAMPLES] = {0};
	int n;

	assert_int_equal(codec->encoder_init(memory, &settings), -EINVAL);
	free(memory);
	assert_int_equal(codec->decode(decoder, payload, 0, pcm, MAX_SAMPLES), -EBADMSG);
	assert_int_equal(
		codec->decode(decoder, code3_without_count, 1, pcm, MAX_SAMPLES), -EBADMSG);
	assert_int_equal(codec->payload_samples(code3_without_count, 1, 48000), -EBADMSG);
	assert_int_equal(codec->payload_samples(payload, 0, 48000), -EBADMSG);
	settings.sample_rate = 48000;
	encoder = encoder_of(codec, &settings);
	assert_int_equal(codec->encode(encoder, pcm, 961, payload, sizeof payload), -EINVAL);
	voice(pcm, 2880, 0, 48000);
	n = codec->encode(encoder, pcm, 2880, payload, sizeof payload);
	assert_true(n > 0);
	assert_int_equal(codec->payload_samples(payload, (size_t)n, 48000), 2880);
	assert_int_equal(codec->payload_samples(payload, (size_t)n, 16000), 960);
	assert_int_equal(codec->decode(decoder, payload, (size_t)n, pcm, 2879), -EMSGSIZE);
	assert_int_equal(codec->decode(decoder, payload, (size_t)n, pcm, SIZE_MAX), 2880);
	free(encoder);
	free(decoder);
}

static void random_payloads_harm_nothing(void **state)
{
	uint8_t payload[200];
	int16_t pcm[MAX_SAMPLES];

	srand(1);
	for (size_t i = 0; audio_codecs[i]; i++) {
		const struct audio_codec *codec = audio_codecs[i];
		void *decoder = decoder_of(codec, codec->default_rate);

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
		free(decoder);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(codecs_are_found_by_name_and_number),
		cmocka_unit_test(every_codec_says_what_sdp_needs),
		cmocka_unit_test(a_tone_comes_through_every_codec),
		cmocka_unit_test(g711_codes_are_those_of_the_standard),
		cmocka_unit_test(g711_is_stable_over_hops),
		cmocka_unit_test(g711_refuses_what_does_not_fit),
		cmocka_unit_test(gaps_are_filled_and_fade),
		cmocka_unit_test(opus_fec_restores_what_was_lost),
		cmocka_unit_test(opus_conceals_when_the_next_packet_is_rubbish),
		cmocka_unit_test(opus_keeps_its_bit_rate),
		cmocka_unit_test(opus_with_dtx_falls_silent),
		cmocka_unit_test(opus_encodes_full_band_in_celt_by_default),
		cmocka_unit_test(opus_decodes_stereo_to_mono),
		cmocka_unit_test(opus_refuses_what_does_not_fit),
		cmocka_unit_test(random_payloads_harm_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
