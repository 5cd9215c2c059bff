/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Audio formats: what the operator wants and what the peer says about its receiver. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "session/audio_formats.h"

static struct codec_settings opus_settings(const char *fmtp)
{
	struct codec_settings settings;

	audio_format_settings(audio_codec_find(SLICE("opus"), 48000), slice_str(fmtp), &settings);
	return settings;
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
	assert_true(s.dtx && s.cbr);
	assert_false(s.fec); /* what it could decode, not what it needs */
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
		cmocka_unit_test(opus_parameters_of_the_peer_are_obeyed),
		cmocka_unit_test(limits_are_kept_and_nearly_the_same_ones_share_an_encoder),
		cmocka_unit_test(senseless_opus_parameters_are_no_wish),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
