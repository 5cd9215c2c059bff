/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SIP sessions with keys for SRTP in their descriptions (RFC 4568 5 and 7; spec 1.6). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "session_fixture.h"

#define SHORT_SUITE "AES_CM_128_HMAC_SHA1_32"
#define USUAL_SUITE "AES_CM_128_HMAC_SHA1_80"
#define STRONG_SUITE "AEAD_AES_256_GCM"
#define KEY_30 "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFB"
#define OTHER_KEY_30 "QkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJC"
#define KEY_44 "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE="

static int open_session(void **state)
{
	int err = session_open(state);

	script.world.context.audio.srtp = true;
	return err;
}

/* An audio section with these crypto lines ("" or each with \n). */
static const char *section(const char *transport, unsigned port, const char *lines)
{
	static char text[2][1024];
	static unsigned next;

	next = !next;
	snprintf(text[next], sizeof text[0], "m=audio %u %s 8\nc=IN IP4 127.0.0.2\n%s", port,
		transport, lines);
	return text[next];
}

/* Values of the crypto lines in our last description: how many, and a copy of the first. */
static unsigned crypto_lines(const struct caller *c, char first[160])
{
	unsigned n = 0;

	first[0] = '\0';
	for (const char *at = c->answer; (at = strstr(at, "a=crypto:")) != NULL; at++) {
		if (n++ == 0)
			sscanf(at, "a=crypto:%159[^\r\n]", first);
	}
	return n;
}

static void assert_answer(const struct caller *c, const char *transport, const char *line)
{
	char m_line[32], first[160];

	snprintf(m_line, sizeof m_line, " %s ", transport);
	assert_int_equal(caller_status(c), 200);
	assert_non_null(strstr(c->answer, m_line));
	assert_int_equal(crypto_lines(c, first), line != NULL);
	if (line)
		assert_memory_equal(first, line, strlen(line));
}

static struct caller *secure_call(const char *lines)
{
	struct caller *c = caller_new(&script.world, "room");

	caller_call(c, caller_sdp(section("RTP/SAVP", 40000, lines)));
	assert_int_equal(caller_status(c), 200);
	return c;
}

/* ---- the first answer -------------------------------------------------------------------------- */

static void the_first_line_that_we_support_is_answered(void **state)
{
	struct caller *c =
		secure_call("a=crypto:1 F8_128_HMAC_SHA1_80 inline:" KEY_30 "\n"
			    "a=crypto:2 " USUAL_SUITE " inline:" KEY_44 "\n"
			    "a=crypto:3 " USUAL_SUITE " inline:" KEY_30 " UNENCRYPTED_SRTP\n"
			    "a=crypto:70 " STRONG_SUITE " inline:" KEY_44 "|2^31|1:4\n"
			    "a=crypto:5 " USUAL_SUITE " inline:" KEY_30 "\n");

	assert_answer(c, "RTP/SAVP", "70 " STRONG_SUITE " inline:");
	assert_null(strstr(c->answer, KEY_44));
}

static void a_key_beside_plain_rtp_is_taken_up(void **state)
{
	struct caller *c = caller_new(&script.world, "room");

	caller_call(c, caller_sdp(section("RTP/AVP", 40000,
			       "a=crypto:9 " SHORT_SUITE " inline:" KEY_30 "\n")));
	assert_answer(c, "RTP/AVP", "9 " SHORT_SUITE " inline:");
}

static void an_unusable_key_beside_plain_rtp_is_passed_over(void **state)
{
	struct caller *c = caller_new(&script.world, "room");

	caller_call(c, caller_sdp(section("RTP/AVP", 40000, "a=crypto:1 X inline:" KEY_30 "\n")));
	assert_answer(c, "RTP/AVP", NULL);
}

static void secure_audio_without_a_usable_key_is_refused(void **state)
{
	struct caller *c = caller_new(&script.world, "room");
	char media[1024];

	caller_call(c, caller_sdp(section("RTP/SAVP", 40000, "")));
	assert_int_equal(caller_status(c), 488);
	caller_call(c, caller_sdp(section("RTP/SAVP", 40000, "a=crypto:1 X inline:" KEY_30 "\n")));
	assert_int_equal(caller_status(c), 488);
	snprintf(media, sizeof media, "%s%s", section("RTP/SAVP", 40000, ""),
		section("RTP/AVP", 40004, ""));
	caller_call(c, caller_sdp(media));
	assert_answer(c, "RTP/AVP", NULL);
	assert_m_line(c, 0, "audio", false);
	assert_m_line(c, 1, "audio", true);
}

static void switched_off_nothing_is_encrypted(void **state)
{
	struct caller *c = caller_new(&script.world, "room");
	static const char line[] = "a=crypto:1 " USUAL_SUITE " inline:" KEY_30 "\n";

	script.world.context.audio.srtp = false;
	caller_call(c, caller_sdp(section("RTP/SAVP", 40000, line)));
	assert_int_equal(caller_status(c), 488);
	caller_call(c, caller_sdp(section("RTP/AVP", 40000, line)));
	assert_answer(c, "RTP/AVP", NULL);
}

/* ---- our offers -------------------------------------------------------------------------------- */

static struct caller *late_offer(void)
{
	struct caller *c = caller_new(&script.world, "room");

	caller_invite(c, NULL);
	assert_answer(c, "RTP/AVP", "1 " USUAL_SUITE " inline:");
	return c;
}

static void our_offer_may_be_answered_with_a_key_or_without(void **state)
{
	caller_ack(late_offer(), caller_sdp(section("RTP/AVP", 40000, "")));
	assert_int_equal(session_state(script.session), SESSION_CONNECTED);
	caller_ack(late_offer(), caller_sdp(section("RTP/AVP", 40000,
					 "a=crypto:1 " USUAL_SUITE " inline:" KEY_30 "\n")));
	assert_int_equal(session_state(script.session), SESSION_CONNECTED);
}

static void an_answer_that_picks_what_was_not_offered_ends_the_call(void **state)
{
	static const char *const wrong[] = {"a=crypto:2 " USUAL_SUITE " inline:" KEY_30 "\n",
		"a=crypto:1 " SHORT_SUITE " inline:" KEY_30 "\n", "a=crypto:1 nonsense\n"};

	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		caller_ack(late_offer(), caller_sdp(section("RTP/AVP", 40000, wrong[i])));
		assert_null(script.session);
	}
}

/* RFC 4568 7.1.1: with the same key for both there would be no secret. */
static void an_answer_with_our_own_key_ends_the_call(void **state)
{
	struct caller *c = late_offer();
	char first[160], line[200];

	crypto_lines(c, first);
	snprintf(line, sizeof line, "a=crypto:%s\n", first);
	caller_ack(c, caller_sdp(section("RTP/AVP", 40000, line)));
	assert_null(script.session);
}

/* ---- changes ----------------------------------------------------------------------------------- */

static void our_key_stays_when_the_peers_changes(void **state)
{
	char before[160];
	struct caller *c = secure_call("a=crypto:1 " USUAL_SUITE " inline:" KEY_30 "\n");

	crypto_lines(c, before);
	caller_call(c, caller_sdp(section("RTP/SAVP", 40000,
			       "a=crypto:1 " USUAL_SUITE " inline:" OTHER_KEY_30 "\n")));
	assert_answer(c, "RTP/SAVP", before);
}

static void our_key_is_new_with_another_suite_or_another_address(void **state)
{
	char first[160], second[160], third[160];
	struct caller *c = secure_call("a=crypto:1 " USUAL_SUITE " inline:" KEY_30 "\n");

	crypto_lines(c, first);
	caller_call(c, caller_sdp(section("RTP/SAVP", 40010,
			       "a=crypto:1 " USUAL_SUITE " inline:" OTHER_KEY_30 "\n")));
	assert_int_equal(crypto_lines(c, second), 1);
	assert_string_not_equal(first, second);
	caller_call(c, caller_sdp(section("RTP/SAVP", 40010,
			       "a=crypto:1 " SHORT_SUITE " inline:" OTHER_KEY_30 "\n")));
	assert_int_equal(crypto_lines(c, third), 1);
	assert_memory_equal(third, "1 " SHORT_SUITE " ", 26);
	assert_string_not_equal(strchr(second, ':'), strchr(third, ':'));
}

static void encryption_may_begin_and_end_in_a_call(void **state)
{
	struct caller *c = caller_new(&script.world, "room");

	caller_call(c, caller_sdp(section("RTP/AVP", 40000, "")));
	assert_answer(c, "RTP/AVP", NULL);
	caller_call(c, caller_sdp(section("RTP/SAVP", 40000,
			       "a=crypto:1 " STRONG_SUITE " inline:" KEY_44 "\n")));
	assert_answer(c, "RTP/SAVP", "1 " STRONG_SUITE " inline:");
	caller_call(c, caller_sdp(section("RTP/AVP", 40000, "")));
	assert_answer(c, "RTP/AVP", NULL);
	assert_int_equal(session_state(script.session), SESSION_CONNECTED);
}

static void a_change_without_a_usable_key_is_refused_and_the_call_goes_on(void **state)
{
	char before[160];
	struct caller *c = secure_call("a=crypto:1 " USUAL_SUITE " inline:" KEY_30 "\n");

	crypto_lines(c, before);
	caller_call(c, caller_sdp(section("RTP/SAVP", 40000, "a=crypto:1 X inline:" KEY_30 "\n")));
	assert_int_equal(caller_status(c), 488);
	caller_call(c, caller_sdp(section("RTP/SAVP", 40000,
			       "a=crypto:1 " USUAL_SUITE " inline:" KEY_30 "\n")));
	assert_answer(c, "RTP/SAVP", before);
}

static void what_was_agreed_is_offered_again(void **state)
{
	char before[160];
	struct caller *c = secure_call("a=crypto:4 " STRONG_SUITE " inline:" KEY_44 "\n");

	crypto_lines(c, before);
	caller_invite(c, NULL);
	assert_answer(c, "RTP/SAVP", before);
	caller_ack(c, caller_sdp(section("RTP/SAVP", 40000,
			      "a=crypto:4 " STRONG_SUITE " inline:" KEY_44 "\n")));
	assert_int_equal(session_state(script.session), SESSION_CONNECTED);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_session, session_close)
	const struct CMUnitTest tests[] = {
		TEST(the_first_line_that_we_support_is_answered),
		TEST(a_key_beside_plain_rtp_is_taken_up),
		TEST(an_unusable_key_beside_plain_rtp_is_passed_over),
		TEST(secure_audio_without_a_usable_key_is_refused),
		TEST(switched_off_nothing_is_encrypted),
		TEST(our_offer_may_be_answered_with_a_key_or_without),
		TEST(an_answer_that_picks_what_was_not_offered_ends_the_call),
		TEST(an_answer_with_our_own_key_ends_the_call),
		TEST(our_key_stays_when_the_peers_changes),
		TEST(our_key_is_new_with_another_suite_or_another_address),
		TEST(encryption_may_begin_and_end_in_a_call),
		TEST(a_change_without_a_usable_key_is_refused_and_the_call_goes_on),
		TEST(what_was_agreed_is_offered_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
