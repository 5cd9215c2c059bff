/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SIP sessions: new calls, their offers and answers, refusals, identities. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "session_fixture.h"

/* ---- new calls --------------------------------------------------------------------------------- */

static void answer_has_one_codec_and_the_keys(void **state)
{
	struct caller *c = caller_new(&script.world, "room");

	caller_call(
		c, caller_sdp("m=audio 40000 RTP/AVP 0 107 8 101\nc=IN IP4 127.0.0.2\n"
			      "a=rtpmap:107 opus/48000/2\na=rtpmap:101 telephone-event/8000\n"));
	assert_string_equal(c->seen, "200");
	assert_m_line(c, 0, "audio", true);
	assert_non_null(strstr(c->answer, " RTP/AVP 107 101\r\n"));
	assert_non_null(strstr(c->answer, "a=rtpmap:107 opus/48000/2\r\n"));
	assert_null(strstr(c->answer, "PCMU"));
	assert_non_null(strstr(c->answer, "\r\nc=IN IP4 127.0.0.1\r\n"));
	assert_string_equal(script.log, "incoming; started");
}

static void other_media_and_second_audio_get_port_0(void **state)
{
	struct caller *c = caller_new(&script.world, "room");

	caller_call(c, caller_sdp(VIDEO "m=audio 40000 RTP/AVP 8\nc=IN IP4 127.0.0.2\n"
					"m=audio 40004 RTP/AVP 8\nc=IN IP4 127.0.0.2\n"));
	assert_int_equal(caller_status(c), 200);
	assert_m_line(c, 0, "video", false);
	assert_m_line(c, 1, "audio", true);
	assert_m_line(c, 2, "audio", false);
	assert_int_equal(session_kinds(script.session, STREAM_PROPOSED), 0);
	assert_int_equal(session_kinds(script.session, STREAM_REMOVED), STREAM_BIT(STREAM_AUDIO));
}

static void offer_without_usable_stream_gets_488(void **state)
{
	static const char *const bad[] = {
		VIDEO,
		"m=audio 0 RTP/AVP 8\nc=IN IP4 127.0.0.2\n",
		"m=audio 40000 RTP/SAVP 8\nc=IN IP4 127.0.0.2\n",
		"m=audio 40000 RTP/AVP 18\nc=IN IP4 127.0.0.2\n",
		"m=audio 40000 RTP/AVP 8\nc=IN IP4 phone.example.org\n",
		"m=audio 40000 RTP/AVP 8\nc=IN IP4 224.2.1.1/127\n",
		"m=audio 40000 RTP/AVP 8\n",
	};

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct caller *c = caller_new(&script.world, "room");

		caller_invite(c, caller_sdp(bad[i]));
		assert_refused(c, 488, "399 - \"No stream of this offer can be used here\"");
	}
	assert_string_equal(script.log, "");
}

static void body_that_is_no_description_gets_415_and_what_would_do(void **state)
{
	struct caller *c = caller_new(&script.world, "room");

	snprintf(c->type, sizeof c->type, "text/plain");
	caller_invite(c, "hello\n");
	assert_int_equal(caller_status(c), 415);
	assert_string_equal(caller_header(c->last, "Accept"), "application/sdp");
	assert_string_equal(script.log, "");
}

/* RFC 5621: the description is looked for in the parts of a body. */
static void description_may_be_a_part_of_the_body(void **state)
{
	static const char *const types[] = {"multipart/mixed;boundary=b",
		"multipart/alternative;boundary=\"b\"", "multipart/related; boundary=b"};

	for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
		struct caller *c = caller_new(&script.world, "room");
		char body[CALLER_TEXT];

		snprintf(c->type, sizeof c->type, "%s", types[i]);
		snprintf(body, sizeof body,
			"--b\nContent-Type: text/plain\n\nhello\n"
			"--b\nContent-Type: application/sdp\n\n%s\n--b--\n",
			caller_sdp(audio(40000)));
		caller_call(c, body);
		assert_int_equal(caller_status(c), 200);
		assert_m_line(c, 0, "audio", true);
		assert_string_equal(caller_header(c->last, "Content-Type"), "application/sdp");
		caller_bye(c);
	}
}

static void parts_without_a_description_or_an_end_are_refused(void **state)
{
	struct caller *c = caller_new(&script.world, "room");

	snprintf(c->type, sizeof c->type, "multipart/mixed;boundary=b");
	caller_invite(c, "--b\nContent-Type: text/plain\n\nhello\n--b--\n");
	assert_int_equal(caller_status(c), 415);
	c = caller_new(&script.world, "room");
	snprintf(c->type, sizeof c->type, "multipart/mixed;boundary=b");
	caller_invite(c, "--b\nContent-Type: application/sdp\n\nv=0\n");
	assert_int_equal(caller_status(c), 400);
	assert_string_equal(script.log, "");
}

static void broken_description_gets_400_with_the_reason(void **state)
{
	struct caller *c = caller_new(&script.world, "room");

	caller_invite(c, "v=0\nm=audio\n");
	assert_int_equal(caller_status(c), 400);
	assert_non_null(strstr(caller_header(c->last, "Warning"), "399 - \""));
	assert_string_equal(script.log, "");
}

static void exhausted_ports_get_503_until_one_is_free(void **state)
{
	struct caller *c[4];

	script_close(&script);
	script_open(&script, "127.0.0.1", 2);
	for (int i = 0; i < 3; i++) {
		c[i] = caller_new(&script.world, "room");
		caller_call(c[i], caller_sdp(audio(40000)));
	}
	assert_int_equal(caller_status(c[1]), 200);
	assert_int_equal(caller_status(c[2]), 503);
	assert_string_equal(caller_header(c[2]->last, "Retry-After"), "10");
	caller_bye(c[0]);
	caller_world_settle(&script.world);
	c[3] = caller_new(&script.world, "room");
	caller_call(c[3], caller_sdp(audio(40000)));
	assert_int_equal(caller_status(c[3]), 200);
}

static void rtcp_address_that_is_a_name_costs_no_call(void **state)
{
	struct caller *c = caller_new(&script.world, "room");

	caller_call(c, caller_sdp("m=audio 40000 RTP/AVP 8\nc=IN IP4 127.0.0.2\n"
				  "a=rtcp:40001 IN IP4 phone.example.org\n"));
	caller_world_run(&script.world, 0);
	assert_string_equal(c->seen, "200");
	assert_int_equal(session_state(script.session), SESSION_CONNECTED);
}

static void reports_share_the_port_of_audio_when_the_offer_says_so(void **state)
{
	struct caller *c = caller_new(&script.world, "room");
	char own[32];
	unsigned port;

	caller_call(c, caller_sdp("m=audio 40000 RTP/AVP 8\nc=IN IP4 127.0.0.2\na=rtcp-mux\n"));
	assert_non_null(strstr(c->answer, "\r\na=rtcp-mux\r\n"));
	assert_null(strstr(c->answer, "a=rtcp:"));
	/* Else they have the next one, which is named (RFC 3605). */
	c = caller_new(&script.world, "room");
	caller_call(c, caller_sdp(audio(40000)));
	assert_null(strstr(c->answer, "rtcp-mux"));
	port = (unsigned)strtoul(strstr(c->answer, "m=audio ") + 8, NULL, 10);
	snprintf(own, sizeof own, "\r\na=rtcp:%u\r\n", port + 1);
	assert_non_null(strstr(c->answer, own));
	/* An offer of ours leaves the choice to the peer. */
	c = caller_new(&script.world, "room");
	caller_invite(c, NULL);
	assert_non_null(strstr(c->answer, "\r\na=rtcp-mux\r\n"));
	assert_non_null(strstr(c->answer, "\r\na=rtcp:"));
}

static void media_of_the_other_family_gets_an_address_of_it(void **state)
{
	struct caller *c = caller_new(&script.world, "room");

	caller_call(c, caller_sdp(caller_audio(40000, "::1", "sendrecv")));
	assert_int_equal(caller_status(c), 200);
	assert_non_null(strstr(c->answer, "\r\nc=IN IP6 ::1\r\n"));
}

static void advertised_address_stands_in_the_description(void **state)
{
	struct caller *c = caller_new(&script.world, "room");

	script.world.context.advertised = wire_addr("203.0.113.5", 0);
	caller_call(c, caller_sdp(audio(40000)));
	assert_non_null(strstr(c->answer, "\r\nc=IN IP4 203.0.113.5\r\n"));
	assert_non_null(strstr(c->answer, " IN IP4 203.0.113.5\r\ns=Test\r\n"));
}

static void cancelled_call_is_told_once(void **state)
{
	struct caller *c = caller_new(&script.world, "room");

	script.later = true;
	caller_invite(c, caller_sdp(audio(40000)));
	assert_int_equal(session_ring(script.session), 0);
	caller_cancel(c);
	assert_string_equal(c->seen, "180 200 487");
	assert_string_equal(script.log, "incoming; ended cancelled by the caller");
	assert_null(script.session);
}

static void call_without_ack_is_ended(void **state)
{
	struct caller *c = caller_new(&script.world, "room");

	caller_invite(c, caller_sdp(audio(40000)));
	assert_int_equal(session_state(script.session), SESSION_CONNECTING);
	caller_world_run(&script.world, 33000);
	assert_string_equal(
		caller_header(c->asked, "Reason"), "SIP;cause=500;text=\"Missing ACK\"");
	caller_world_run(&script.world, 1000);
	assert_null(script.session);
	assert_non_null(strstr(script.log, "ended the peer does not answer any more"));
}

/* ---- late offers ------------------------------------------------------------------------------- */

static void late_offer_is_answered_in_the_ack(void **state)
{
	struct caller *c = caller_new(&script.world, "room");

	caller_invite(c, NULL);
	assert_int_equal(caller_status(c), 200);
	assert_non_null(strstr(c->answer, "a=rtpmap:96 opus/48000/2\r\n"));
	assert_non_null(strstr(c->answer, "a=rtpmap:8 PCMA/8000\r\n"));
	assert_non_null(strstr(c->answer, "a=rtpmap:101 telephone-event/8000\r\n"));
	caller_ack(c, caller_sdp(audio(40000)));
	assert_string_equal(script.log, "incoming; changed active; started");
}

static void bad_answer_in_the_ack_ends_the_call(void **state)
{
	static const char *const bad[] = {
		NULL,
		"hello\n",
		"v=0\no=- 1 1 IN IP4 127.0.0.2\ns=-\nt=0 0\n",
		"v=0\no=- 1 1 IN IP4 127.0.0.2\ns=-\nt=0 0\n" VIDEO,
		"v=0\no=- 1 1 IN IP4 127.0.0.2\ns=-\nc=IN IP4 127.0.0.2\nt=0 0\n"
		"m=audio 40000 RTP/SAVP 8\n",
		"v=0\no=- 1 1 IN IP4 127.0.0.2\ns=-\nc=IN IP4 127.0.0.2\nt=0 0\n"
		"m=audio 40000 RTP/AVP 18\n",
		"v=0\no=- 1 1 IN IP4 127.0.0.2\ns=-\nc=IN IP4 phone\nt=0 0\n"
		"m=audio 40000 RTP/AVP 8\n",
		"v=0\no=- 1 1 IN IP4 127.0.0.2\ns=-\nc=IN IP6 ::1\nt=0 0\n"
		"m=audio 40000 RTP/AVP 8\n",
	};

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct caller *c = caller_new(&script.world, "room");

		script_forget(&script);
		caller_invite(c, NULL);
		caller_ack(c, bad[i]);
		assert_string_equal(c->seen, "200 BYE");
		assert_non_null(strstr(caller_header(c->asked, "Reason"), "SIP;cause=500;text="));
		assert_string_equal(script.log,
			"incoming; ended the ACK brought no usable answer to our offer");
		caller_world_run(&script.world, 0);
	}
}

static void answer_that_refuses_all_leaves_no_stream(void **state)
{
	struct caller *c = caller_new(&script.world, "room");

	caller_invite(c, NULL);
	caller_ack(c, caller_sdp("m=audio 0 RTP/AVP 8\nc=IN IP4 127.0.0.2\n"));
	assert_string_equal(script.log, "incoming; changed removed; started");
	assert_int_equal(session_kinds(script.session, STREAM_ACTIVE), 0);
}

/* RFC 6337 5.2.5, 5.3 and RFC 3264 8.3.2 */
static void reinvite_without_offer_gets_all_codecs_both_ways_under_their_numbers(void **state)
{
	struct caller *c = caller_new(&script.world, "room");

	caller_call(c, caller_sdp("m=audio 40000 RTP/AVP 0 107 8\nc=IN IP4 127.0.0.2\n"
				  "a=rtpmap:107 opus/48000/2\na=sendonly\n"));
	assert_non_null(strstr(c->answer, "a=recvonly"));
	script_forget(&script);
	caller_invite(c, NULL);
	assert_int_equal(caller_status(c), 200);
	assert_non_null(strstr(c->answer, " RTP/AVP 107 8 0\r\n"));
	assert_non_null(strstr(c->answer, "a=sendrecv"));
	assert_null(strstr(c->answer, "a=recvonly"));
	caller_ack(c, caller_sdp("m=audio 40000 RTP/AVP 107\nc=IN IP4 127.0.0.2\n"
				 "a=rtpmap:107 opus/48000/2\n"));
	assert_string_equal(script.log, "changed active");
	/* Once more: what one answer left out is offered again. */
	caller_invite(c, NULL);
	assert_non_null(strstr(c->answer, " RTP/AVP 107 8 0\r\n"));
}

static void reinvite_without_offer_reuses_no_refused_line(void **state)
{
	struct caller *c = caller_new(&script.world, "room");

	caller_call(c, two(VIDEO, audio(40000)));
	caller_invite(c, NULL);
	assert_m_line(c, 0, "video", false);
	assert_m_line(c, 1, "audio", true);
}

/* ---- identities -------------------------------------------------------------------------------- */

static void identities_and_target_are_canonical(void **state)
{
	struct caller *c = caller_new(&script.world, "room");
	struct session *s;

	snprintf(c->from, sizeof c->from,
		"\"Alice \\\"the\\\\first\\\"\" <sip:%%61lice%%40home@Example.ORG:5070;x=y>");
	snprintf(c->to, sizeof c->to, "<sip:Room@[2001:DB8::1]:5060>");
	snprintf(c->uri, sizeof c->uri, "sip:R%%6fom@[2001:DB8:0::1]:5060;transport=udp");
	snprintf(c->lines, sizeof c->lines, "X-Sylk-App:  echo \nUser-Agent: Phone 1.0\n");
	script.later = true;
	caller_invite(c, caller_sdp(audio(40000)));
	s = script.session;
	assert_non_null(s);
	assert_string_equal(s->remote.address, "alice%40home@example.org");
	assert_string_equal(s->remote.display_name, "Alice \"the\\first\"");
	assert_int_equal(s->remote.proof, IDENTITY_UNPROVED);
	assert_string_equal(s->local.address, "Room@[2001:db8::1]");
	assert_true(slice_eq(s->target, SLICE("Room@[2001:db8::1]")));
	assert_true(slice_eq(s->user, SLICE("Room")));
	assert_true(slice_eq(s->host, SLICE("[2001:db8::1]")));
	assert_true(slice_eq(s->application, SLICE("echo")));
	assert_true(slice_eq(s->user_agent, SLICE("Phone 1.0")));
}

static void call_to_a_bare_host_has_no_user(void **state)
{
	struct caller *c = caller_new(&script.world, "room");

	snprintf(c->uri, sizeof c->uri, "sip:conference.example.org");
	script.later = true;
	caller_invite(c, caller_sdp(audio(40000)));
	assert_true(slice_eq(script.session->target, SLICE("conference.example.org")));
	assert_int_equal(script.session->user.n, 0);
	assert_true(slice_eq(script.session->host, SLICE("conference.example.org")));
	assert_int_equal(script.session->application.n, 0);
}

static void focus_is_said_in_the_contact(void **state)
{
	struct caller *c = caller_new(&script.world, "room");

	script.focus = true;
	caller_call(c, caller_sdp(audio(40000)));
	assert_string_equal(
		caller_header(c->last, "Contact"), "<sip:sylkserver@127.0.0.1:5060>;isfocus");
}

static void ipv6_call_is_answered_in_ipv6(void **state)
{
	struct caller *c;

	script_close(&script);
	script_open(&script, "::1", 4);
	c = caller_new(&script.world, "room");
	caller_call(c, caller_sdp(caller_audio(40000, "::1", "sendrecv")));
	assert_int_equal(caller_status(c), 200);
	assert_non_null(strstr(c->answer, " IN IP6 ::1\r\ns="));
	assert_non_null(strstr(c->answer, "\r\nc=IN IP6 ::1\r\n"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, session_open, session_close)
	const struct CMUnitTest tests[] = {
		TEST(answer_has_one_codec_and_the_keys),
		TEST(other_media_and_second_audio_get_port_0),
		TEST(offer_without_usable_stream_gets_488),
		TEST(body_that_is_no_description_gets_415_and_what_would_do),
		TEST(broken_description_gets_400_with_the_reason),
		TEST(description_may_be_a_part_of_the_body),
		TEST(parts_without_a_description_or_an_end_are_refused),
		TEST(exhausted_ports_get_503_until_one_is_free),
		TEST(rtcp_address_that_is_a_name_costs_no_call),
		TEST(reports_share_the_port_of_audio_when_the_offer_says_so),
		TEST(media_of_the_other_family_gets_an_address_of_it),
		TEST(advertised_address_stands_in_the_description),
		TEST(cancelled_call_is_told_once),
		TEST(call_without_ack_is_ended),
		TEST(late_offer_is_answered_in_the_ack),
		TEST(bad_answer_in_the_ack_ends_the_call),
		TEST(answer_that_refuses_all_leaves_no_stream),
		TEST(reinvite_without_offer_gets_all_codecs_both_ways_under_their_numbers),
		TEST(reinvite_without_offer_reuses_no_refused_line),
		TEST(identities_and_target_are_canonical),
		TEST(call_to_a_bare_host_has_no_user),
		TEST(focus_is_said_in_the_contact),
		TEST(ipv6_call_is_answered_in_ipv6),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
