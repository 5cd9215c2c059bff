/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SIP sessions in a call: re-INVITEs (spec 1.6), states, the end, failing allocations. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "core/mem.h"
#include "media/engine_private.h"
#include "session_fixture.h"
#include "sip/agent_private.h"

/* The call is as it was: a hold is answered. */
static void assert_goes_on(struct caller *c)
{
	assert_non_null(script.session);
	assert_int_equal(session_kinds(script.session, STREAM_ACTIVE), STREAM_BIT(STREAM_AUDIO));
	assert_int_equal(session_kinds(script.session, STREAM_PROPOSED), 0);
	caller_call(c, caller_sdp(caller_audio(40000, HERE, "sendonly")));
	assert_int_equal(caller_status(c), 200);
}

/* ---- re-INVITEs -------------------------------------------------------------------------------- */

static void fewer_lines_get_488(void **state)
{
	struct caller *c = caller_new(&script.world, "room");

	caller_call(c, two(audio(40000), VIDEO));
	caller_invite(c, caller_sdp(audio(40000)));
	assert_refused(c, 488, "399 - \"Streams cannot be deleted from the SDP\"");
	caller_ack(c, NULL);
	assert_int_equal(session_state(script.session), SESSION_CONNECTED);
}

static void adding_and_removing_at_once_gets_488(void **state)
{
	static const char warning[] =
		"399 - \"Both removing AND adding a media stream is currently not supported\"";
	struct caller *c = in_call();

	caller_call(c, two("m=audio 0 RTP/AVP 8\n", audio(40004)));
	assert_refused(c, 488, warning);
	/* Another type on an m-line is both (RFC 3264 8.3.3). */
	caller_call(c, caller_sdp(VIDEO));
	assert_refused(c, 488, warning);
	assert_string_equal(script.log, "");
	assert_goes_on(c);
}

static void adding_what_is_not_usable_gets_488(void **state)
{
	struct caller *c = in_call();

	caller_call(c, two(audio(40000), VIDEO));
	assert_refused(c, 488, "399 - ");
	assert_string_equal(script.log, "");
	assert_goes_on(c);
}

static void adding_asks_the_application_which_accepts(void **state)
{
	struct caller *c = in_call();

	caller_call(c, two(audio(40000), audio(40004)));
	assert_int_equal(caller_status(c), 200);
	assert_m_line(c, 1, "audio", true);
	assert_string_equal(script.log, "proposed; changed active");
}

static void adding_asks_the_application_which_refuses(void **state)
{
	struct caller *c = in_call();

	script.reject = 488;
	caller_call(c, two(audio(40000), audio(40004)));
	assert_int_equal(caller_status(c), 488);
	assert_string_equal(script.log, "proposed");
	assert_goes_on(c);
}

static void adding_asks_the_application_which_takes_none(void **state)
{
	struct caller *c = in_call();

	script.take = 0;
	caller_call(c, two(audio(40000), audio(40004)));
	assert_int_equal(caller_status(c), 200);
	assert_m_line(c, 0, "audio", true);
	assert_m_line(c, 1, "audio", false);
	assert_string_equal(script.log, "proposed");
	/* Offered again, it is not proposed again. */
	caller_call(c, two(audio(40000), audio(40004)));
	assert_int_equal(caller_status(c), 200);
	assert_string_equal(script.log, "proposed");
}

static void adding_without_a_port_left_gets_503_and_the_call_goes_on(void **state)
{
	struct caller *c;

	script_close(&script);
	script_open(&script, "127.0.0.1", 1);
	c = in_call();
	caller_call(c, two(audio(40000), audio(40004)));
	assert_int_equal(caller_status(c), 503);
	assert_string_equal(script.log, "proposed");
	assert_goes_on(c);
	assert_string_equal(script.log, "proposed; changed active held");
}

/* The new stream is open already when the old one turns out to be unusable. */
static void refused_change_closes_what_it_opened(void **state)
{
	struct caller *c = in_call();
	unsigned active = 0;

	caller_call(c, two(audio(40004), "m=audio 40000 RTP/AVP 8\nc=IN IP4 127.0.0.2\n"));
	assert_int_equal(caller_status(c), 200);
	script_forget(&script);
	caller_call(c, caller_sdp("m=audio 40000 RTP/SAVP 8\nc=IN IP4 127.0.0.2\n"
				  "m=audio 40008 RTP/AVP 8\nc=IN IP4 127.0.0.2\n"
				  "m=audio 40004 RTP/AVP 8\nc=IN IP4 127.0.0.2\n"));
	assert_int_equal(caller_status(c), 488);
	for (struct list_node *it = script.session->streams.next; it != &script.session->streams;
		it = it->next)
		active += CONTAINER_OF(it, struct session_stream, node)->state == STREAM_ACTIVE;
	assert_int_equal(active, 2);
}

static void removing_is_answered_at_once(void **state)
{
	struct caller *c = in_call();

	caller_call(c, caller_sdp("m=audio 0 RTP/AVP 8\n"));
	assert_int_equal(caller_status(c), 200);
	assert_m_line(c, 0, "audio", false);
	assert_string_equal(script.log, "changed removed");
}

static void audio_can_be_removed_and_added_for_ever(void **state)
{
	struct caller *c = in_call();
	unsigned n = 0;

	for (unsigned i = 0; i < 20; i++) {
		caller_call(c, caller_sdp("m=audio 0 RTP/AVP 8\n"));
		assert_int_equal(caller_status(c), 200);
		script_forget(&script);
		caller_call(c, caller_sdp(audio(40000 + 2 * i)));
		assert_int_equal(caller_status(c), 200);
		assert_string_equal(script.log, "proposed; changed active");
		caller_world_settle(&script.world);
	}
	for (struct list_node *it = script.session->streams.next; it != &script.session->streams;
		it = it->next)
		n++;
	assert_int_equal(n, 1);
}

static void other_transport_or_no_address_keeps_the_old_media(void **state)
{
	static const char *const bad[] = {
		"m=audio 40000 RTP/SAVP 8\nc=IN IP4 127.0.0.2\n",
		"m=audio 40000 RTP/AVP 18\nc=IN IP4 127.0.0.2\n",
		"m=audio 40000 RTP/AVP 8\nc=IN IP4 phone.example.org\n",
		"m=audio 40000 RTP/AVP 8\nc=IN IP6 ::1\n",
	};
	struct caller *c = in_call();

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		caller_call(c, caller_sdp(bad[i]));
		assert_int_equal(caller_status(c), 488);
	}
	assert_string_equal(script.log, "");
	assert_goes_on(c);
}

static void hold_and_resume_are_answered_and_told(void **state)
{
	static const struct {
		const char *offer, *address, *answer, *log;
	} steps[] = {
		{"sendonly", HERE, "recvonly", "changed active held"},
		{"sendrecv", HERE, "sendrecv", "changed active"},
		{"inactive", HERE, "inactive", "changed active held"},
		{"recvonly", HERE, "sendonly", "changed active"},
		{"sendrecv", "0.0.0.0", "sendrecv", "changed active held"},
		{"sendrecv", HERE, "sendrecv", "changed active"},
		{"sendrecv", "::", "sendrecv", "changed active held"},
	};
	struct caller *c = in_call();
	char line[32];

	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
		script_forget(&script);
		caller_call(c, caller_sdp(caller_audio(40000, steps[i].address, steps[i].offer)));
		assert_int_equal(caller_status(c), 200);
		snprintf(line, sizeof line, "\r\na=%s\r\n", steps[i].answer);
		assert_non_null(strstr(c->answer, line));
		assert_string_equal(script.log, steps[i].log);
	}
}

/* The server has sent this re-INVITE: one with this direction. */
static void assert_offers(const struct caller *c, const char *direction)
{
	char line[32];

	snprintf(line, sizeof line, "\r\na=%s\r\n", direction);
	assert_int_equal(strncmp(c->asked, "INVITE ", 7), 0);
	assert_non_null(strstr(c->asked, line));
}

static void answer_offer(struct caller *c, const char *direction)
{
	script_forget(&script);
	caller_answer(c, 200, caller_sdp(caller_audio(40000, HERE, direction)));
	assert_string_equal(caller_header(c->last, "CSeq"), "1 ACK");
}

static void the_server_holds_and_takes_back(void **state)
{
	struct caller *c = in_call();
	struct session_stream *audio = session_find(script.session, STREAM_AUDIO);

	assert_int_equal(session_hold(script.session, true), 0);
	assert_offers(c, "sendonly");
	answer_offer(c, "recvonly");
	assert_string_equal(script.log, "changed active");
	assert_true(audio->held);
	assert_false(audio->on_hold);
	/* Held by the peer as well: nobody hears anybody. */
	caller_call(c, caller_sdp(caller_audio(40000, HERE, "sendonly")));
	assert_non_null(strstr(c->answer, "\r\na=inactive\r\n"));
	assert_true(audio->on_hold);
	assert_int_equal(session_hold(script.session, false), 0);
	assert_offers(c, "sendrecv");
}

static void a_hold_waits_for_the_exchange_under_way(void **state)
{
	struct caller *c = in_call();

	caller_invite(c, caller_sdp(audio(40000)));
	assert_int_equal(caller_status(c), 200);
	assert_int_equal(session_hold(script.session, true), 0);
	assert_int_equal(caller_status(c), 200); /* nothing was sent */
	caller_ack(c, NULL);
	assert_offers(c, "sendonly");
	/* Twice changed while that is under way, it is what it was. */
	assert_int_equal(session_hold(script.session, false), 0);
	assert_int_equal(session_hold(script.session, true), 0);
	answer_offer(c, "recvonly");
	assert_int_equal(strncmp(c->last, "ACK ", 4), 0);
	assert_string_equal(script.log, "changed active");
}

static void a_hold_before_the_ack_is_said_behind_it(void **state)
{
	struct caller *c = caller_new(&script.world, "room");

	caller_invite(c, caller_sdp(audio(40000)));
	assert_int_equal(session_hold(script.session, true), 0);
	caller_ack(c, NULL);
	assert_offers(c, "sendonly");
}

static void who_refuses_is_not_held(void **state)
{
	struct caller *c = in_call();
	struct session_stream *audio = session_find(script.session, STREAM_AUDIO);

	assert_int_equal(session_hold(script.session, true), 0);
	caller_answer(c, 488, NULL);
	assert_false(audio->held);
	script_forget(&script);
	caller_call(c, caller_sdp(caller_audio(40000, HERE, "sendrecv")));
	assert_non_null(strstr(c->answer, "\r\na=sendrecv\r\n"));
}

static void offers_that_cross_leave_the_hold_in_the_answer(void **state)
{
	struct caller *c = in_call();

	assert_int_equal(session_hold(script.session, true), 0);
	caller_answer(c, 491, NULL);
	caller_call(c, caller_sdp(caller_audio(40000, HERE, "sendrecv")));
	assert_int_equal(caller_status(c), 200);
	assert_non_null(strstr(c->answer, "\r\na=sendonly\r\n"));
	caller_world_run(&script.world, 5000);
	assert_int_equal(caller_status(c), 200); /* it has been said */
}

/* The server refreshes by re-INVITE, as the peer has no UPDATE; it is answered early. */
static void expect_refresh(struct caller *c, uint64_t after_ms, char request[CALLER_TEXT])
{
	if (after_ms)
		caller_world_run(&script.world, after_ms);
	assert_true(strncmp(c->last, "INVITE ", 7) == 0);
	memcpy(request, c->last, CALLER_TEXT);
}

static void answer_early(struct caller *c, const char *request)
{
	caller_respond(c, request, 183, "Require: 100rel\nRSeq: 1\n", caller_sdp(audio(40000)));
	assert_true(strncmp(c->last, "PRACK ", 6) == 0);
	caller_respond(c, c->last, 200, "", NULL);
}

static void change_of_ours_may_be_answered_early_and_refused_then(void **state)
{
	static const char *const timer = "Require: timer\nSession-Expires: 90;refresher=uac\n";
	static char request[CALLER_TEXT];
	struct caller *c;

	script.world.agent->session_expires = 90;
	c = in_call();
	expect_refresh(c, 45000, request);
	answer_early(c, request);
	caller_respond(c, request, 200, timer, NULL);
	assert_true(strncmp(c->last, "ACK ", 4) == 0);
	expect_refresh(c, 45000, request);
	answer_early(c, request);
	caller_respond(c, request, 488, "", NULL);
	/* RFC 6141 3.4: what holds is offered again. */
	expect_refresh(c, 0, request);
	caller_respond(c, request, 200, timer, caller_sdp(audio(40000)));
	assert_true(strncmp(c->last, "ACK ", 4) == 0);
	assert_int_equal(session_state(script.session), SESSION_CONNECTED);
	assert_goes_on(c);
}

static void version_grows_with_every_changed_description(void **state)
{
	struct caller *c = in_call();
	unsigned long long first = 0, second = 0;

	sscanf(strstr(c->answer, "o=- "), "o=- %*u %llu", &first);
	caller_call(c, caller_sdp(caller_audio(40000, HERE, "sendonly")));
	sscanf(strstr(c->answer, "o=- "), "o=- %*u %llu", &second);
	assert_true(first > 0);
	assert_true(second == first + 1);
	/* The port and address of the peer are no change of ours. */
	caller_call(c, caller_sdp(caller_audio(40002, "127.0.0.3", "sendonly")));
	sscanf(strstr(c->answer, "o=- "), "o=- %*u %llu", &first);
	assert_true(second == first);
}

static void broken_reinvite_leaves_the_call_alone(void **state)
{
	struct caller *c = in_call();

	caller_call(c, "v=0\nm=audio\n");
	assert_int_equal(caller_status(c), 400);
	snprintf(c->type, sizeof c->type, "text/plain");
	caller_call(c, "hello\n");
	assert_int_equal(caller_status(c), 415);
	snprintf(c->type, sizeof c->type, "application/sdp");
	assert_goes_on(c);
}

static void cancelled_proposal_is_forgotten(void **state)
{
	struct caller *c = in_call();

	script.later = true;
	caller_invite(c, two(audio(40000), audio(40004)));
	assert_string_equal(c->seen, "");
	caller_cancel(c);
	assert_string_equal(c->seen, "200 487");
	assert_string_equal(script.log, "proposed; changed removed");
	caller_ack(c, NULL);
	assert_int_equal(session_accept(script.session, script.take, false), -EINVAL);
	assert_goes_on(c);
	/* It may come again, and be answered later. */
	caller_invite(c, two(audio(40000), audio(40004)));
	assert_int_equal(session_accept(script.session, script.take, false), 0);
	assert_int_equal(caller_status(c), 200);
}

static void second_reinvite_waits_for_the_first(void **state)
{
	struct caller *c = in_call();

	script.later = true;
	caller_invite(c, two(audio(40000), audio(40004)));
	caller_invite(c, caller_sdp(audio(40000)));
	assert_int_equal(caller_status(c), 500);
	assert_true(caller_header(c->last, "Retry-After")[0] != '\0');
}

static void reinvite_before_the_ack_gets_491(void **state)
{
	struct caller *c = caller_new(&script.world, "room");

	caller_invite(c, caller_sdp(audio(40000)));
	caller_invite(c, caller_sdp(audio(40002)));
	assert_int_equal(caller_status(c), 491);
	assert_string_equal(script.log, "incoming");
}

/* ---- states ------------------------------------------------------------------------------------ */

static void what_does_not_fit_the_state_does_nothing(void **state)
{
	struct caller *c = caller_new(&script.world, "room");
	struct session *s;

	caller_invite(c, caller_sdp(audio(40000)));
	s = obj_ref(script.session);
	assert_int_equal(session_ring(s), -EINVAL);
	assert_int_equal(session_accept(s, script.take, false), -EINVAL);
	session_reject(s, 486);
	assert_string_equal(c->seen, "200");
	caller_ack(c, NULL);
	assert_int_equal(session_ring(s), -EINVAL);
	assert_int_equal(session_accept(s, script.take, false), -EINVAL);
	session_reject(s, 486);
	caller_world_run(&script.world, 1000);
	assert_string_equal(c->seen, "200");
	caller_bye(c);
	assert_int_equal(session_state(s), SESSION_ENDED);
	assert_int_equal(session_ring(s), -EINVAL);
	assert_int_equal(session_accept(s, script.take, false), -EINVAL);
	session_reject(s, 486);
	session_end(s, NULL);
	assert_string_equal(c->seen, "200 200");
	assert_string_equal(script.log, "incoming; started; ended hung up");
	obj_unref(s);
}

static void application_refuses_a_call(void **state)
{
	struct caller *c = caller_new(&script.world, "room");

	script.reject = 486;
	caller_invite(c, caller_sdp(audio(40000)));
	caller_ack(c, NULL);
	caller_world_run(&script.world, 1000);
	assert_string_equal(c->seen, "486");
	assert_string_equal(script.log, "incoming; ended refused");
}

static void application_that_takes_no_kind_refuses_with_488(void **state)
{
	struct caller *c = caller_new(&script.world, "room");

	script.take = STREAM_BIT(STREAM_CHAT);
	caller_invite(c, caller_sdp(audio(40000)));
	assert_int_equal(caller_status(c), 488);
	assert_string_equal(script.log, "incoming; ended refused");
}

static void call_is_ended_inside_every_handler(void **state)
{
	static const struct {
		enum script_end when;
		const char *seen;
	} cases[] = {
		{SCRIPT_END_INCOMING, "480"},
		{SCRIPT_END_STARTED, "200 BYE"},
		{SCRIPT_END_PROPOSED, "487 BYE"},
		{SCRIPT_END_CHANGED, "200 BYE"},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct caller *c = caller_new(&script.world, "room");

		script.ends = cases[i].when;
		caller_call(c, caller_sdp(audio(40000)));
		if (script.ends == SCRIPT_END_PROPOSED)
			caller_call(c, two(audio(40000), audio(40004)));
		else if (script.ends == SCRIPT_END_CHANGED)
			caller_call(c, caller_sdp(caller_audio(40000, HERE, "inactive")));
		assert_string_equal(c->seen, cases[i].seen);
		assert_null(script.session);
		caller_world_run(&script.world, 64000);
		assert_int_equal(script.world.context.n_sessions, 0);
		assert_int_equal(sip_agent_load(script.world.agent).invites, 0);
	}
}

static void call_ended_before_the_ack_sends_bye_behind_it(void **state)
{
	struct caller *c = caller_new(&script.world, "room");

	caller_invite(c, caller_sdp(audio(40000)));
	session_end(script.session, "enough");
	assert_string_equal(c->seen, "200");
	assert_string_equal(script.log, "incoming; ended enough");
	caller_ack(c, NULL);
	assert_string_equal(c->seen, "200 BYE");
	assert_string_equal(caller_header(c->asked, "Reason"), "SIP;cause=480;text=\"enough\"");
}

static void closing_tells_applications_in_every_state(void **state)
{
	struct caller *c[4];

	for (int i = 0; i < 4; i++)
		c[i] = caller_new(&script.world, "room");
	caller_call(c[0], caller_sdp(audio(40000)));
	caller_invite(c[1], caller_sdp(audio(40000)));
	caller_invite(c[2], NULL);
	script.later = true;
	caller_invite(c[0], two(audio(40000), audio(40004)));
	caller_invite(c[3], caller_sdp(audio(40000)));
	script_forget(&script);
	sip_sessions_close(&script.world.context);
	assert_string_equal(script.log,
		"ended the server stops; ended the server stops; ended the server stops; "
		"ended the server stops");
	assert_int_equal(script.world.context.n_sessions, 0);
}

/* ---- without memory ---------------------------------------------------------------------------- */

/* A call with all that happens to one; steps that failed change what follows, and that is all. */
static void whole_call(bool late)
{
	struct caller *c = caller_new(&script.world, "room");

	snprintf(c->from, sizeof c->from, "\"Alice\" <sip:alice@example.org>");
	snprintf(c->lines, sizeof c->lines, "X-Sylk-App: echo\nUser-Agent: Phone\n");
	caller_invite(c, late ? NULL : caller_sdp(audio(40000)));
	caller_ack(c, late ? caller_sdp(audio(40000)) : NULL);
	caller_invite(c, two(audio(40000), audio(40004)));
	caller_ack(c, NULL);
	caller_invite(c, NULL);
	caller_ack(c, two(audio(40000), audio(40004)));
	script.later = true;
	caller_invite(c, caller_sdp("m=audio 0 RTP/AVP 8\nm=audio 40004 RTP/AVP 8\n"
				    "c=IN IP4 127.0.0.2\na=sendonly\n"));
	caller_ack(c, NULL);
	caller_invite(c, two(audio(40000), audio(40004)));
	caller_cancel(c);
	caller_ack(c, NULL);
	caller_bye(c);
}

static void every_allocation_may_fail(void **state)
{
	for (int late = 0; late < 2; late++) {
		for (long n = 0; n < 400; n++) {
			script.world.n_callers = 0;
			script.later = false;
			script_forget(&script);
			mem_fail_after(n);
			whole_call(late);
			mem_fail_after(-1);
			/* Whoever heard nothing gives up; no answer is a time-out to the server. */
			for (int i = 0; i < 3; i++)
				caller_world_run(&script.world, 40000);
			if (script.session)
				session_end(script.session, NULL);
			for (int i = 0; i < 3; i++)
				caller_world_run(&script.world, 40000);
			caller_world_settle(&script.world);
			assert_null(script.session);
			assert_int_equal(script.world.context.n_sessions, 0);
			assert_int_equal(sip_agent_load(script.world.agent).invites, 0);
			assert_int_equal(script.world.media->alive, 0);
		}
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, session_open, session_close)
	const struct CMUnitTest tests[] = {
		TEST(fewer_lines_get_488),
		TEST(adding_and_removing_at_once_gets_488),
		TEST(adding_what_is_not_usable_gets_488),
		TEST(adding_asks_the_application_which_accepts),
		TEST(adding_asks_the_application_which_refuses),
		TEST(adding_asks_the_application_which_takes_none),
		TEST(adding_without_a_port_left_gets_503_and_the_call_goes_on),
		TEST(refused_change_closes_what_it_opened),
		TEST(removing_is_answered_at_once),
		TEST(audio_can_be_removed_and_added_for_ever),
		TEST(other_transport_or_no_address_keeps_the_old_media),
		TEST(hold_and_resume_are_answered_and_told),
		TEST(the_server_holds_and_takes_back),
		TEST(a_hold_waits_for_the_exchange_under_way),
		TEST(a_hold_before_the_ack_is_said_behind_it),
		TEST(who_refuses_is_not_held),
		TEST(offers_that_cross_leave_the_hold_in_the_answer),
		TEST(change_of_ours_may_be_answered_early_and_refused_then),
		TEST(version_grows_with_every_changed_description),
		TEST(broken_reinvite_leaves_the_call_alone),
		TEST(cancelled_proposal_is_forgotten),
		TEST(second_reinvite_waits_for_the_first),
		TEST(reinvite_before_the_ack_gets_491),
		TEST(what_does_not_fit_the_state_does_nothing),
		TEST(application_refuses_a_call),
		TEST(application_that_takes_no_kind_refuses_with_488),
		TEST(call_is_ended_inside_every_handler),
		TEST(call_ended_before_the_ack_sends_bye_behind_it),
		TEST(closing_tells_applications_in_every_state),
		TEST(every_allocation_may_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
