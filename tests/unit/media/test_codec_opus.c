/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Opus: its modes, loss, pauses, and what it refuses. */
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

#include "coder.h"

/*
 * Encode a voice whose pitch steps, lose every fifth packet, and say how far the decoded frames
 * that stand for the lost ones are from those without loss.
 */
static double loss_error(bool use_fec)
{
	const struct audio_codec *codec = find_codec("opus", 0);
	struct codec_settings settings = {.sample_rate = 48000, .fec = true};
	void *encoder = make_encoder(codec, &settings);
	void *whole = make_decoder(codec, 48000), *broken = make_decoder(codec, 48000);
	int16_t pcm[960], good[960], out[960], lost[960];
	uint8_t payload[CODEC_MAX_PAYLOAD];
	double error = 0;
	int n;

	for (size_t frame = 0; frame < 300; frame++) {
		make_voice(pcm, 960, frame * 960 + frame / 7 * 131, 48000);
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
	end_encoder(codec, encoder);
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
	const struct audio_codec *codec = find_codec("opus", 0);
	static const uint8_t rubbish[] = {0xff, 0xff, 0xff, 0xff};
	void *decoder = make_decoder(codec, 48000);
	int16_t out[960];

	assert_int_equal(codec->conceal(decoder, rubbish, sizeof rubbish, out, 960), 960);
	assert_int_equal(codec->conceal(decoder, rubbish, 0, out, 960), 960);
	assert_int_equal(codec->conceal(decoder, NULL, 0, out, 961), -EINVAL);
	end_decoder(codec, decoder);
}

static size_t opus_bytes(const struct codec_settings *settings, bool silent, size_t *smallest,
	size_t *largest, unsigned *not_sent)
{
	const struct audio_codec *codec = find_codec("opus", 0);
	void *encoder = make_encoder(codec, settings);
	size_t samples = settings->sample_rate / 50, total = 0;
	uint8_t payload[CODEC_MAX_PAYLOAD];
	int16_t pcm[960] = {0};
	int n;

	*smallest = SIZE_MAX;
	*largest = 0;
	*not_sent = 0;
	for (size_t frame = 0; frame < 250; frame++) {
		if (!silent)
			make_voice(pcm, samples, frame * samples, settings->sample_rate);
		n = codec->encode(encoder, pcm, samples, payload, sizeof payload);
		assert_true(n >= 0);
		*not_sent += n == 0;
		total += (size_t)n;
		*smallest = (size_t)n < *smallest ? (size_t)n : *smallest;
		*largest = (size_t)n > *largest ? (size_t)n : *largest;
	}
	end_encoder(codec, encoder);
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

/* RFC 6716 3.2.1: a frame without content is one that was not sent; the decoder makes up its sound. */
static void opus_dtx_frames_are_quiet_frames_of_their_length(void **state)
{
	const struct audio_codec *opus = find_codec("opus", 0);
	struct codec_settings settings = {.sample_rate = 48000, .fec = true};
	void *encoder = make_encoder(opus, &settings), *decoder = make_decoder(opus, 48000);
	int16_t pcm[960];
	uint8_t payload[CODEC_MAX_PAYLOAD];
	double speech = 0;
	int n;

	/* Speech, then a pause of little noise. */
	for (unsigned i = 0; i < 50; i++) {
		make_voice(pcm, 960, i * 960, 48000);
		for (unsigned k = 0; k < 960 && i >= 40; k++)
			pcm[k] = (int16_t)(pcm[k] / 200);
		n = opus->encode(encoder, pcm, 960, payload, sizeof payload);
		assert_true(n > 2);
		assert_int_equal(opus->decode(decoder, payload, (size_t)n, pcm, 960), 960);
		speech += i < 40 ? power(pcm, 960) / 40 : 0;
	}
	for (unsigned i = 0; i < 50; i++) {
		/* In one byte, and in two: so many frames (3.2.5). */
		payload[0] = (uint8_t)((payload[0] & 0xfc) | (i % 2 ? 3 : 0));
		payload[1] = 1;
		assert_int_equal(opus->decode(decoder, payload, 1 + i % 2, pcm, 960), 960);
		assert_true(power(pcm, 960) < speech / 100);
	}
	end_encoder(opus, encoder);
	end_decoder(opus, decoder);
}

/* The default must be the coder that a mixer can afford; see the head of codec_opus.c. */
static void opus_encodes_full_band_in_celt_by_default(void **state)
{
	const struct audio_codec *codec = find_codec("opus", 0);
	struct codec_settings settings = {.sample_rate = 48000};
	void *encoder = make_encoder(codec, &settings);
	uint8_t payload[CODEC_MAX_PAYLOAD];
	int16_t pcm[960];

	for (size_t frame = 0; frame < 50; frame++) {
		make_voice(pcm, 960, frame * 960, 48000);
		codec->encode(encoder, pcm, 960, payload, sizeof payload);
		/* RFC 6716 table 2: configurations 28 to 31 are CELT, full band. */
		if (frame > 5)
			assert_in_range(payload[0] >> 3, 28, 31);
		assert_int_equal(opus_packet_get_nb_channels(payload), 1);
	}
	end_encoder(codec, encoder);
}

static void opus_decodes_stereo_to_mono(void **state)
{
	OpusEncoder *stereo = opus_encoder_create(48000, 2, OPUS_APPLICATION_AUDIO, NULL);
	void *decoder = make_decoder(find_codec("opus", 0), 48000);
	int16_t pcm[960 * 2], left[960], out[960];
	uint8_t payload[CODEC_MAX_PAYLOAD];
	int n;

	assert_non_null(stereo);
	opus_encoder_ctl(stereo, OPUS_SET_FORCE_CHANNELS(2));
	for (size_t frame = 0; frame < 20; frame++) {
		make_tone(left, 960, frame * 960, 48000, 500);
		for (unsigned i = 0; i < 960; i++)
			pcm[2 * i] = pcm[2 * i + 1] = left[i];
		n = opus_encode(stereo, pcm, 960, payload, sizeof payload);
		assert_int_equal(opus_packet_get_nb_channels(payload), 2);
		assert_int_equal(
			find_codec("opus", 0)->decode(decoder, payload, (size_t)n, out, 960), 960);
	}
	assert_true(fabs(10 * log10(power(out, 960) / 32e6)) < 1);
	opus_encoder_destroy(stereo);
	end_decoder(find_codec("opus", 0), decoder);
}

static void opus_refuses_what_does_not_fit(void **state)
{
	const struct audio_codec *codec = find_codec("opus", 0);
	struct codec_settings settings = {.sample_rate = 44100};
	void *memory = malloc(codec->encoder_size), *decoder = make_decoder(codec, 48000), *encoder;
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
	encoder = make_encoder(codec, &settings);
	assert_int_equal(codec->encode(encoder, pcm, 961, payload, sizeof payload), -EINVAL);
	make_voice(pcm, 2880, 0, 48000);
	n = codec->encode(encoder, pcm, 2880, payload, sizeof payload);
	assert_true(n > 0);
	assert_int_equal(codec->payload_samples(payload, (size_t)n, 48000), 2880);
	assert_int_equal(codec->payload_samples(payload, (size_t)n, 16000), 960);
	assert_int_equal(codec->decode(decoder, payload, (size_t)n, pcm, 2879), -EMSGSIZE);
	assert_int_equal(codec->decode(decoder, payload, (size_t)n, pcm, SIZE_MAX), 2880);
	end_encoder(codec, encoder);
	end_decoder(codec, decoder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(opus_fec_restores_what_was_lost),
		cmocka_unit_test(opus_conceals_when_the_next_packet_is_rubbish),
		cmocka_unit_test(opus_keeps_its_bit_rate),
		cmocka_unit_test(opus_with_dtx_falls_silent),
		cmocka_unit_test(opus_dtx_frames_are_quiet_frames_of_their_length),
		cmocka_unit_test(opus_encodes_full_band_in_celt_by_default),
		cmocka_unit_test(opus_decodes_stereo_to_mono),
		cmocka_unit_test(opus_refuses_what_does_not_fit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
