/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Speex: packets of several frames, padding, pauses, bit rates, and what libspeex is not to see. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <math.h>
#include <speex/speex.h>

#include "coder.h"
#include "media/speex_frames.h"

static const unsigned rates[] = {8000, 16000, 32000};
#define N_RATES (sizeof rates / sizeof rates[0])

static void frames_are_counted_with_their_padding(void **state)
{
	/* RFC 5574 3.3: 43 bits, then 0 and ones to the end of the byte. */
	uint8_t one[6] = {0x08, 0, 0, 0, 0, 0x0f};
	/* Two of 5 bits (mode 0, a pause), then 01 1111. */
	uint8_t two[2] = {0x00, 0x1f};
	uint16_t starts[6];

	assert_int_equal(speex_frames_find(one, sizeof one, NULL, 6), 1);
	assert_int_equal(speex_frames_find(two, sizeof two, starts, 6), 2);
	assert_int_equal(starts[0], 0);
	assert_int_equal(starts[1], 5);
}

static void what_libspeex_complains_of_is_kept_from_it(void **state)
{
	static const uint8_t layer_first[] = {0x80, 0};
	static const uint8_t mode_12[] = {0x60, 0, 0};
	static const uint8_t cut_off[] = {0x08, 0, 0, 0};
	static const uint8_t nothing[] = {0x7f};
	static const uint8_t layer_of_mode_7[] = {0x07, 0xff, 0, 0, 0, 0, 0, 0, 0};
	static const uint8_t three_layers[] = {0x04, 0x44, 0x3f};
	static const uint8_t long_request[] = {0x6f, 0x80, 0};
	static const uint8_t zeroes[SPEEX_FRAMES_MAX_BYTES + 1];

	assert_int_equal(speex_frames_find(layer_first, sizeof layer_first, NULL, 6), -EBADMSG);
	assert_int_equal(speex_frames_find(mode_12, sizeof mode_12, NULL, 6), -EBADMSG);
	assert_int_equal(speex_frames_find(cut_off, sizeof cut_off, NULL, 6), -EBADMSG);
	assert_int_equal(speex_frames_find(nothing, sizeof nothing, NULL, 6), -EBADMSG);
	assert_int_equal(speex_frames_find(nothing, 0, NULL, 6), -EBADMSG);
	assert_int_equal(
		speex_frames_find(layer_of_mode_7, sizeof layer_of_mode_7, NULL, 6), -EBADMSG);
	assert_int_equal(speex_frames_find(three_layers, sizeof three_layers, NULL, 6), -EBADMSG);
	assert_int_equal(speex_frames_find(long_request, sizeof long_request, NULL, 6), -EBADMSG);
	assert_int_equal(speex_frames_find(zeroes, sizeof zeroes, NULL, 6), -EBADMSG);
}

/* A request between frames (RFC 5574 leaves them to libspeex) is passed over. */
static void requests_between_frames_are_passed_over(void **state)
{
	/* 0 1110 0001 x: a request of one bit; then a pause of 5 bits. */
	static const uint8_t request[] = {0x70, 0x80};
	int16_t pcm[160];
	void *decoder = make_decoder(find_codec("speex", 8000), 8000);

	assert_int_equal(speex_frames_find(request, 2, NULL, 6), 1);
	assert_int_equal(find_codec("speex", 8000)->decode(decoder, request, 2, pcm, 160), 160);
	end_decoder(find_codec("speex", 8000), decoder);
}

/* libspeex cannot skip a layer without contents: a wide stream's pause, heard by a narrow decoder. */
static void empty_layers_are_no_obstacle(void **state)
{
	/* Twice: 0 0000, 1 000, 1 000. */
	static const uint8_t pauses[] = {0x04, 0x40, 0x22, 0x1f};
	int16_t pcm[320];
	void *decoder = make_decoder(find_codec("speex", 8000), 8000);

	assert_int_equal(find_codec("speex", 8000)->decode(decoder, pauses, 4, pcm, 320), 320);
	end_decoder(find_codec("speex", 8000), decoder);
}

/* What a decoder of one rate is sent in another is decoded too: the layers are optional. */
static void a_wider_stream_is_heard_by_a_narrower_decoder(void **state)
{
	struct codec_settings settings = {.sample_rate = 32000, .cbr = true};
	const struct audio_codec *wide = find_codec("speex", 32000);
	void *encoder = make_encoder(wide, &settings);
	int16_t pcm[640], out[640];
	uint8_t payload[CODEC_MAX_PAYLOAD];

	for (size_t r = 0; r < N_RATES; r++) {
		const struct audio_codec *codec = find_codec("speex", rates[r]);
		void *decoder = make_decoder(codec, rates[r]);

		for (size_t frame = 0; frame < 25; frame++) {
			int n;

			make_tone(pcm, 640, frame * 640, 32000, 600);
			n = wide->encode(encoder, pcm, 640, payload, sizeof payload);
			assert_int_equal(codec->decode(decoder, payload, (size_t)n, out, 640),
				rates[r] / 50);
		}
		assert_true(power(out, rates[r] / 50) > TONE_AMPLITUDE * TONE_AMPLITUDE / 4.0);
		end_decoder(codec, decoder);
	}
	end_encoder(wide, encoder);
}

/* Bytes of a second of voice in packets of 20 ms, and how many packets were not needed. */
static size_t second_of(const struct codec_settings *settings, bool silent, unsigned *not_sent)
{
	const struct audio_codec *codec = find_codec("speex", settings->sample_rate);
	void *encoder = make_encoder(codec, settings);
	size_t samples = settings->sample_rate / 50, total = 0;
	uint8_t payload[CODEC_MAX_PAYLOAD];
	int16_t pcm[640] = {0};

	*not_sent = 0;
	for (size_t frame = 0; frame < 50; frame++) {
		int n;

		if (!silent)
			make_voice(pcm, samples, frame * samples, settings->sample_rate);
		n = codec->encode(encoder, pcm, samples, payload, sizeof payload);
		assert_true(n >= 0);
		*not_sent += n == 0;
		total += (size_t)n;
	}
	end_encoder(codec, encoder);
	return total;
}

/* Another quality with each frame, as libspeex's variable bit rate makes them, and two frames in a packet. */
static int encode_changing(
	void *libspeex, size_t frame, unsigned rate, unsigned at, uint8_t *out, size_t size)
{
	SpeexBits bits;
	int16_t pcm[640];
	int n;

	speex_bits_init(&bits);
	for (unsigned i = 0; i < 2; i++) {
		spx_int32_t quality = (spx_int32_t)((2 * at + i) * 7 % 11);

		speex_encoder_ctl(libspeex, SPEEX_SET_QUALITY, &quality);
		make_voice(pcm, frame, (2 * at + i) * frame, rate);
		speex_encode_int(libspeex, pcm, &bits);
	}
	n = speex_bits_write(&bits, (char *)out, (int)size);
	speex_bits_destroy(&bits);
	return n;
}

static void check_changing_modes(unsigned rate, const SpeexMode *mode)
{
	const struct audio_codec *codec = find_codec("speex", rate);
	size_t frame = rate / 50;
	void *decoder = make_decoder(codec, rate), *libspeex = speex_encoder_init(mode);
	int16_t said[2 * 640], heard[2 * 640];
	double power_said = 0, power_heard = 0;
	bool sizes_differ = false;
	int n = 0, before;

	for (unsigned at = 0; at < 50; at++) {
		uint8_t out[400];

		before = n;
		n = encode_changing(libspeex, frame, rate, at, out, sizeof out);
		sizes_differ |= at > 0 && n != before;
		assert_int_equal(codec->decode(decoder, out, (size_t)n, heard, 2 * 640), 2 * frame);
		make_voice(said, 2 * frame, 2 * at * frame, rate);
		power_said += power(said, 2 * frame);
		power_heard += power(heard, 2 * frame);
	}
	assert_true(sizes_differ);
	/* The worst qualities are rough. */
	assert_true(fabs(decibels(power_heard / power_said)) < 4);
	speex_encoder_destroy(libspeex);
	end_decoder(codec, decoder);
}

static void modes_may_change_within_a_stream_and_a_packet(void **state)
{
	check_changing_modes(8000, &speex_nb_mode);
	check_changing_modes(16000, &speex_wb_mode);
	check_changing_modes(32000, &speex_uwb_mode);
}

static void bit_rates_are_those_of_rfc_5574(void **state)
{
	struct codec_settings settings = {.sample_rate = 8000, .cbr = true};
	unsigned not_sent;

	/* Table 1: quality 8 is 15 kbit/s, 300 bits in 38 bytes; mode 3 is 8 kbit/s, 20 bytes. */
	assert_int_equal(second_of(&settings, false, &not_sent), 50 * 38);
	settings.bitrate = 8000;
	assert_int_equal(second_of(&settings, false, &not_sent), 50 * 20);
	/* Table 2: mode 5 of wide band, 16.8 kbit/s. */
	settings.sample_rate = 16000;
	settings.bitrate = 16800;
	assert_int_equal(second_of(&settings, false, &not_sent), 50 * 42);
}

static void pauses_need_not_be_sent_when_the_peer_says_so(void **state)
{
	struct codec_settings settings = {.sample_rate = 16000, .cbr = true};
	unsigned not_sent;

	second_of(&settings, true, &not_sent);
	assert_int_equal(not_sent, 0);
	settings.dtx = true;
	second_of(&settings, true, &not_sent);
	assert_true(not_sent > 20);
	second_of(&settings, false, &not_sent);
	assert_int_equal(not_sent, 0);
}

static void what_does_not_fit_is_refused(void **state)
{
	struct codec_settings settings = {.sample_rate = 48000};
	const struct audio_codec *codec = find_codec("speex", 16000);
	void *decoder = make_decoder(codec, 16000), *encoder;
	uint8_t payload[CODEC_MAX_PAYLOAD];
	int16_t pcm[7 * 320] = {0};
	uint8_t pauses[5] = {0, 0, 0, 0, 0}; /* eight frames of 5 bits */
	int n;

	assert_int_equal(codec->encoder_init(payload, &settings), -EINVAL);
	assert_int_equal(codec->decoder_init(payload, 48000), -EINVAL);
	settings.sample_rate = 16000;
	encoder = make_encoder(codec, &settings);
	assert_int_equal(codec->encode(encoder, pcm, 321, payload, sizeof payload), -EINVAL);
	assert_int_equal(codec->encode(encoder, pcm, 0, payload, sizeof payload), -EINVAL);
	assert_int_equal(codec->encode(encoder, pcm, 7 * 320, payload, sizeof payload), -EINVAL);
	assert_int_equal(codec->encode(encoder, pcm, 320, payload, 2), -EMSGSIZE);
	n = codec->encode(encoder, pcm, 3 * 320, payload, sizeof payload);
	assert_int_equal(codec->payload_samples(payload, (size_t)n, 16000), 3 * 320);
	assert_int_equal(codec->decode(decoder, payload, (size_t)n, pcm, 3 * 320 - 1), -EMSGSIZE);
	assert_int_equal(codec->decode(decoder, payload, (size_t)n, pcm, 3 * 320), 3 * 320);
	assert_int_equal(codec->decode(decoder, pauses, sizeof pauses, pcm, 7 * 320), -EBADMSG);
	assert_int_equal(codec->conceal(decoder, NULL, 0, pcm, 321), -EINVAL);
	end_encoder(codec, encoder);
	end_decoder(codec, decoder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_are_counted_with_their_padding),
		cmocka_unit_test(what_libspeex_complains_of_is_kept_from_it),
		cmocka_unit_test(requests_between_frames_are_passed_over),
		cmocka_unit_test(empty_layers_are_no_obstacle),
		cmocka_unit_test(a_wider_stream_is_heard_by_a_narrower_decoder),
		cmocka_unit_test(modes_may_change_within_a_stream_and_a_packet),
		cmocka_unit_test(bit_rates_are_those_of_rfc_5574),
		cmocka_unit_test(pauses_need_not_be_sent_when_the_peer_says_so),
		cmocka_unit_test(what_does_not_fit_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
