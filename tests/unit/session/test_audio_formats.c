/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Audio formats: what the operator wants and what the peer says about its receiver. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "session/audio_formats.h"

static struct codec_settings opus_settings(const char *fmtp)
{
	struct codec_settings settings;

	audio_format_settings(audio_codec_find(SLICE("opus"), 48000), slice_str(fmtp), &settings);
	return settings;
}

static struct codec_settings speex_settings(unsigned rate, const char *fmtp)
{
	struct codec_settings settings;

	audio_format_settings(audio_codec_find(SLICE("speex"), rate), slice_str(fmtp), &settings);
	return settings;
}

static void speex_modes_of_the_peer_are_obeyed(void **state)
{
	/* RFC 5574 5.1 to 5.5. */
	assert_int_equal(speex_settings(8000, "mode=\"4,any\"").bitrate, 11000);
	assert_int_equal(speex_settings(8000, "mode=\"3,5\"").bitrate, 8000);
	assert_int_equal(speex_settings(8000, "mode=\"0, 8\"").bitrate, 3950);
	assert_int_equal(speex_settings(16000, "mode=\"10,any\"").bitrate, 42200);
	assert_int_equal(speex_settings(32000, "mode=8").bitrate, 29600);
	assert_int_equal(speex_settings(8000, "mode=\"any\"").bitrate, 0);
	assert_int_equal(speex_settings(8000, "mode=\"99,x,\"").bitrate, 0);
	assert_int_equal(speex_settings(8000, "mode=\"").bitrate, 0);
	assert_int_equal(speex_settings(8000, "").bitrate, 0);
}

static void speex_pauses_are_left_out_only_for_who_says_so(void **state)
{
	assert_false(speex_settings(8000, "").dtx);
	assert_false(speex_settings(8000, "mode=\"1,any\";vbr=on").dtx);
	assert_true(speex_settings(8000, "vbr=vad").dtx);
	assert_true(speex_settings(8000, "vbr=on").cbr);
}

static void speex_is_offered_at_its_three_rates(void **state)
{
	char *names[] = {"speex", "GSM", "G722"};
	struct rtp_settings rtp = {.audio_codecs = {names, 3}};
	struct audio_formats formats;

	assert_int_equal(audio_formats_init(&formats, &rtp), 0);
	assert_int_equal(formats.n, 5);
	assert_int_equal(formats.items[0].clock_rate, 32000);
	assert_int_equal(formats.items[1].clock_rate, 16000);
	assert_int_equal(formats.items[2].clock_rate, 8000);
	assert_int_equal(formats.items[3].static_payload, 3);
	assert_int_equal(formats.items[4].static_payload, 9);
	assert_int_equal(formats.items[4].clock_rate, 8000);
	assert_int_equal(formats.codecs[4]->default_rate, 16000);
}

static void no_more_band_is_encoded_than_the_peer_plays(void **state)
{
	struct codec_settings s = opus_settings("maxplaybackrate=16000");

	assert_int_equal(s.sample_rate, 16000);
	assert_int_equal(s.band, 16000);
	s = opus_settings("maxplaybackrate=44100");
	assert_int_equal(s.sample_rate, 48000);
	assert_int_equal(s.band, 24000);
	s = opus_settings("maxplaybackrate=15999");
	assert_int_equal(s.sample_rate, 16000);
	assert_int_equal(s.band, 12000);
	s = opus_settings("maxplaybackrate=8000");
	assert_int_equal(s.sample_rate, 8000);
	assert_int_equal(s.band, 8000);
	s = opus_settings("maxplaybackrate=48000");
	assert_int_equal(s.sample_rate, 48000);
	assert_int_equal(s.band, 0);
	/* RFC 7587 6.1: from 8000 on. */
	assert_int_equal(opus_settings("maxplaybackrate=7999").band, 0);
}

static void what_the_peer_does_not_capture_is_not_decoded(void **state)
{
	const struct audio_codec *opus = audio_codec_find(SLICE("opus"), 48000);
	const struct audio_codec *g722 = audio_codec_find(SLICE("G722"), 0);

	assert_int_equal(
		audio_format_decoded_rate(opus, SLICE("sprop-maxcapturerate=16000")), 16000);
	assert_int_equal(audio_format_decoded_rate(opus, SLICE("sprop-maxcapturerate=8000")), 8000);
	assert_int_equal(
		audio_format_decoded_rate(opus, SLICE("sprop-maxcapturerate=24000")), 48000);
	assert_int_equal(audio_format_decoded_rate(opus, SLICE("sprop-maxcapturerate=x")), 48000);
	assert_int_equal(audio_format_decoded_rate(opus, SLICE_NONE), 48000);
	assert_int_equal(
		audio_format_decoded_rate(g722, SLICE("sprop-maxcapturerate=8000")), 16000);
}

static void opus_says_what_the_mixers_leave_of_it(void **state)
{
	char *names[] = {"opus"};
	struct rtp_settings rtp = {.audio_codecs = {names, 1}};
	struct audio_formats formats;

	for (rtp.sample_rate = 0; rtp_sample_rates[rtp.sample_rate] != 48000; rtp.sample_rate++) {
		char expected[80];

		snprintf(expected, sizeof expected,
			"useinbandfec=1;maxplaybackrate=%u;sprop-maxcapturerate=%u",
			rtp_sample_rates[rtp.sample_rate], rtp_sample_rates[rtp.sample_rate]);
		assert_int_equal(audio_formats_init(&formats, &rtp), 0);
		assert_string_equal(formats.items[0].fmtp, expected);
	}
	assert_int_equal(audio_formats_init(&formats, &rtp), 0);
	assert_string_equal(formats.items[0].fmtp, "useinbandfec=1");
}

static void operator_order_is_kept_and_unknown_names_dropped(void **state)
{
	char *names[] = {"PCMU", "G729", "opus", "pcmu"};
	struct rtp_settings rtp = {.audio_codecs = {names, 4}};
	struct audio_formats formats;

	assert_int_equal(audio_formats_init(&formats, &rtp), 0);
	assert_int_equal(formats.n, 2);
	assert_string_equal(formats.items[0].name, "PCMU");
	assert_int_equal(formats.items[0].static_payload, 0);
	assert_string_equal(formats.items[1].name, "opus");
	assert_int_equal(formats.items[1].channels, 2);
}

static void no_codec_at_all_is_an_error(void **state)
{
	char *names[] = {"G729"};
	struct rtp_settings rtp = {.audio_codecs = {names, 1}};
	struct audio_formats formats;

	assert_int_equal(audio_formats_init(&formats, &rtp), -ENOENT);
}

static void opus_parameters_of_the_peer_are_obeyed(void **state)
{
	struct codec_settings s = opus_settings(
		"maxplaybackrate=16000; maxaveragebitrate=20000;useinbandfec=1;usedtx=1;cbr=1");

	assert_int_equal(s.bitrate, 16000);
	assert_true(s.dtx && s.cbr && s.fec);
}

static void limits_are_kept_and_nearly_the_same_ones_share_an_encoder(void **state)
{
	assert_int_equal(opus_settings("maxaveragebitrate=30000").bitrate,
		opus_settings("maxaveragebitrate=25000").bitrate);
	assert_int_equal(opus_settings("maxaveragebitrate=510000").bitrate, 0);
	assert_int_equal(opus_settings("maxaveragebitrate=6000").bitrate, 6000);
}

static void senseless_opus_parameters_are_no_wish(void **state)
{
	struct codec_settings s = opus_settings("maxaveragebitrate=1;useinbandfec=2;usedtx");

	assert_int_equal(s.bitrate, 0);
	assert_false(s.fec || s.dtx || s.cbr);
	s = opus_settings("maxaveragebitrate=99999999999999999999");
	assert_int_equal(s.bitrate, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(operator_order_is_kept_and_unknown_names_dropped),
		cmocka_unit_test(no_codec_at_all_is_an_error),
		cmocka_unit_test(speex_modes_of_the_peer_are_obeyed),
		cmocka_unit_test(speex_pauses_are_left_out_only_for_who_says_so),
		cmocka_unit_test(speex_is_offered_at_its_three_rates),
		cmocka_unit_test(no_more_band_is_encoded_than_the_peer_plays),
		cmocka_unit_test(what_the_peer_does_not_capture_is_not_decoded),
		cmocka_unit_test(opus_says_what_the_mixers_leave_of_it),
		cmocka_unit_test(opus_parameters_of_the_peer_are_obeyed),
		cmocka_unit_test(limits_are_kept_and_nearly_the_same_ones_share_an_encoder),
		cmocka_unit_test(senseless_opus_parameters_are_no_wish),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
