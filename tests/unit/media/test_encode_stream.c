/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Encode stream: packet times, copies that go on without a click, silence. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "media/encode_stream.h"
#include "media/resampler.h"

#define RATE 48000
#define FRAME (RATE / 50)

static const struct mixer_rate rate = {RATE, RATE};
static struct media_pool pool;

static struct encode_stream *stream(const char *name, unsigned ptime_ms)
{
	const struct audio_codec *codec = audio_codec_find(slice_str(name), 0);
	struct media_payload payload = {
		.codec = codec, .settings.sample_rate = codec->default_rate};
	struct encode_format format;
	struct encode_stream *s;

	encode_format_set(&format, &payload, ptime_ms);
	assert_int_equal(format.ptime_ms, ptime_ms);
	s = encode_stream_new(&pool, &format);
	assert_non_null(s);
	return s;
}

static void tone(int16_t pcm[FRAME], unsigned frame)
{
	for (unsigned i = 0; i < FRAME; i++)
		pcm[i] = (int16_t)(8000 * sin(2 * M_PI * 440 * (frame * FRAME + i) / RATE));
}

static void packets_of_any_time_carry_all_samples(void **state)
{
	static const unsigned ptimes[] = {10, 20, 30, 40, 50, 60};
	struct encoded out[ENCODE_MAX_PACKETS];
	int16_t pcm[FRAME];

	for (size_t k = 0; k < sizeof ptimes / sizeof ptimes[0]; k++) {
		struct encode_stream *s = stream("PCMU", ptimes[k]);
		unsigned bytes = 0, encodes = 0;

		for (unsigned i = 0; i < 60; i++) {
			unsigned n;

			tone(pcm, i);
			n = encode_stream_push(s, &rate, pcm, false, out, &encodes);
			for (unsigned j = 0; j < n; j++) {
				assert_int_equal(out[j].size, ptimes[k] * 8);
				assert_int_equal(out[j].after_us, j * ptimes[k] * 1000);
				bytes += (unsigned)out[j].size;
			}
		}
		/* 1200 ms of 8 kHz: a whole number of packets of each kind. */
		assert_int_equal(bytes, 9600);
		assert_int_equal(encodes, 1200 / ptimes[k]);
		encode_stream_free(&pool, s);
	}
}

static void a_copy_goes_on_exactly_as_the_original(void **state)
{
	static const struct {
		const char *codec;
		unsigned ptime_ms;
	} cases[] = {{"PCMU", 20}, {"PCMA", 30}, {"PCMU", 60}, {"opus", 20}, {"opus", 40}};
	struct encoded a[ENCODE_MAX_PACKETS], b[ENCODE_MAX_PACKETS];
	int16_t pcm[FRAME];
	unsigned encodes = 0;

	for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
		struct encode_stream *s = stream(cases[k].codec, cases[k].ptime_ms), *copy;

		for (unsigned i = 0; i < 31; i++) {
			tone(pcm, i);
			encode_stream_push(s, &rate, pcm, false, a, &encodes);
		}
		copy = encode_stream_copy(&pool, s);
		assert_non_null(copy);
		for (unsigned i = 31; i < 60; i++) {
			unsigned n;

			tone(pcm, i);
			n = encode_stream_push(s, &rate, pcm, false, a, &encodes);
			assert_int_equal(
				encode_stream_push(copy, &rate, pcm, false, b, &encodes), n);
			for (unsigned j = 0; j < n; j++) {
				assert_int_equal(a[j].size, b[j].size);
				assert_memory_equal(a[j].p, b[j].p, a[j].size);
			}
		}
		encode_stream_free(&pool, copy);
		encode_stream_free(&pool, s);
	}
}

static void silence_is_encoded_at_its_beginning_only(void **state)
{
	struct encode_stream *s = stream("opus", 20);
	struct encoded out[ENCODE_MAX_PACKETS];
	int16_t pcm[FRAME];
	unsigned encodes = 0;

	tone(pcm, 0);
	encode_stream_push(s, &rate, pcm, false, out, &encodes);
	memset(pcm, 0, sizeof pcm);
	for (unsigned i = 0; i < 100; i++) {
		assert_int_equal(encode_stream_push(s, &rate, pcm, true, out, &encodes), 1);
		assert_true(out[0].size > 0);
	}
	assert_int_equal(encodes, 11);
	tone(pcm, 0);
	encode_stream_push(s, &rate, pcm, false, out, &encodes);
	assert_int_equal(encodes, 12);
	encode_stream_free(&pool, s);
}

static void packet_times_are_made_such_as_the_codec_can_do(void **state)
{
	struct media_payload opus = {.codec = audio_codec_find(slice_str("opus"), 0)};
	struct media_payload pcmu = {.codec = audio_codec_static(0)};
	struct encode_format format;

	encode_format_set(&format, &opus, 30);
	assert_int_equal(format.ptime_ms, 40);
	encode_format_set(&format, &opus, 60);
	assert_int_equal(format.ptime_ms, 60);
	encode_format_set(&format, &pcmu, 30);
	assert_int_equal(format.ptime_ms, 30);
	encode_format_set(&format, &pcmu, 0);
	assert_int_equal(format.ptime_ms, 20);
	encode_format_set(&format, &pcmu, 4000000000U);
	assert_int_equal(format.ptime_ms, 60);
}

static int set_up(void **state)
{
	resampler_setup();
	return 0;
}

static int tear_down(void **state)
{
	media_pool_free(&pool);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packets_of_any_time_carry_all_samples),
		cmocka_unit_test(a_copy_goes_on_exactly_as_the_original),
		cmocka_unit_test(silence_is_encoded_at_its_beginning_only),
		cmocka_unit_test(packet_times_are_made_such_as_the_codec_can_do),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
