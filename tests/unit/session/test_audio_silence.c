/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is said when no audio comes: what it is, and what to do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <string.h>

#include "session/audio_silence.h"

static const char *text_of(const struct media_arrivals *arrivals)
{
	static char text[AUDIO_SILENCE_TEXT];
	struct addr ours, announced;

	addr_parse(slice_str("203.0.113.5"), 50000, &ours);
	addr_parse(slice_str("10.0.0.1"), 4000, &announced);
	return audio_silence_text(arrivals, &ours, &announced, text);
}

static void nothing_at_all_names_the_address_and_the_settings(void **state)
{
	struct media_arrivals arrivals = {0};
	const char *text = text_of(&arrivals);

	assert_non_null(strstr(text, "203.0.113.5:50000"));
	assert_non_null(strstr(text, "[RTP] port_range"));
	assert_non_null(strstr(text, "[SIP] advertised_ip"));
	assert_int_equal(audio_silence_level(&arrivals), LOG_LEVEL_WARNING);
}

static void reports_without_audio_are_somebody_muted(void **state)
{
	struct media_arrivals arrivals = {.reports = 2};

	assert_non_null(strstr(text_of(&arrivals), "muted"));
	assert_int_equal(audio_silence_level(&arrivals), LOG_LEVEL_INFO);
	arrivals.refused[MEDIA_REFUSED_DTLS] = 1;
	assert_int_equal(audio_silence_level(&arrivals), LOG_LEVEL_WARNING);
}

static void what_came_most_is_what_is_named(void **state)
{
	static const char *const words[MEDIA_REFUSALS] = {
		[MEDIA_REFUSED_SOURCE] = "announced 10.0.0.1:4000",
		[MEDIA_REFUSED_PAYLOAD] = "payload type 96",
		[MEDIA_REFUSED_STUN] = "ICE",
		[MEDIA_REFUSED_ZRTP] = "ZRTP",
		[MEDIA_REFUSED_DTLS] = "DTLS",
		[MEDIA_REFUSED_KEY] = "not encrypted",
		[MEDIA_REFUSED_OTHER] = "no RTP",
	};

	for (int i = 0; i < MEDIA_REFUSALS; i++) {
		struct media_arrivals arrivals = {.payload_type = 96};

		addr_parse(slice_str("198.51.100.7"), 61000, &arrivals.from);
		for (int k = 0; k < MEDIA_REFUSALS; k++)
			arrivals.refused[k] = k == i ? 9 : 1;
		assert_non_null(strstr(text_of(&arrivals), words[i]));
		assert_non_null(strstr(text_of(&arrivals), "198.51.100.7:61000"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_at_all_names_the_address_and_the_settings),
		cmocka_unit_test(reports_without_audio_are_somebody_muted),
		cmocka_unit_test(what_came_most_is_what_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
