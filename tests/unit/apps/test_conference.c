/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Conference: answering at once or later, joining, leaving, what becomes of streams. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "app_fixture.h"
#include "apps/conference/conference_private.h"
#include "core/mem.h"
#include "media/engine_private.h"

#define VIDEO "m=video 40010 RTP/AVP 96\nc=IN IP4 127.0.0.2\na=rtpmap:96 VP8/90000\n"

static struct app_fixture f;

static int open_app(void **state)
{
	app_open(&f, &conference_app, NULL, NULL);
	return 0;
}

static int open_app_with_delay(void **state)
{
	app_open(&f, &conference_app, "conference.ini", "[Conference]\nanswer_delay = 4\n");
	return 0;
}

static int close_app(void **state)
{
	return app_close(&f) == 0 ? 0 : -1;
}

static const char *audio(void)
{
	return caller_sdp(caller_audio(40000, "127.0.0.2", "sendrecv"));
}

static struct mixer *mixer_of(struct session *session)
{
	struct session_stream *stream = session_find(session, STREAM_AUDIO);

	caller_world_settle(&f.world);
	return stream && stream->leg ? stream->leg->leg.mixer : NULL;
}

static void caller_rings_is_answered_as_a_focus_and_is_in_the_mix(void **state)
{
	struct caller *c = caller_new(&f.world, "room");

	caller_call(c, audio());
	assert_string_equal(c->seen, "180 200");
	assert_non_null(strstr(caller_header(c->last, "Contact"), ";isfocus"));
	assert_non_null(mixer_of(f.session));
}

static void callers_of_one_target_meet_and_of_others_do_not(void **state)
{
	struct mixer *mixers[3];

	for (int i = 0; i < 3; i++) {
		struct caller *c = caller_new(&f.world, i < 2 ? "room" : "other");

		if (i == 1)
			snprintf(c->uri, sizeof c->uri, "sip:r%%6fom@127.0.0.1:5060;transport=udp");
		caller_call(c, audio());
		mixers[i] = mixer_of(f.session);
		assert_non_null(mixers[i]);
	}
	assert_ptr_equal(mixers[0], mixers[1]);
	assert_true(mixers[0] != mixers[2]);
}

static void video_alone_gets_488(void **state)
{
	struct caller *c = caller_new(&f.world, "room");

	caller_call(c, caller_sdp(VIDEO));
	assert_string_equal(c->seen, "488");
}

static void answer_waits_for_the_delay(void **state)
{
	struct caller *c = caller_new(&f.world, "room");

	caller_invite(c, audio());
	caller_world_run(&f.world, 3999);
	assert_string_equal(c->seen, "180");
	caller_world_run(&f.world, 1);
	assert_string_equal(c->seen, "180 200");
	caller_ack(c, NULL);
	assert_int_equal(session_state(f.session), SESSION_CONNECTED);
}

static void caller_who_cancels_during_the_delay_is_gone(void **state)
{
	struct caller *c = caller_new(&f.world, "room");

	caller_invite(c, audio());
	caller_world_run(&f.world, 1000);
	caller_cancel(c);
	caller_ack(c, NULL);
	assert_string_equal(c->seen, "180 200 487");
	assert_int_equal(session_state(f.session), SESSION_ENDED);
	caller_world_run(&f.world, 10000);
	assert_string_equal(c->seen, "180 200 487");
	assert_int_equal(f.world.context.n_sessions, 0);
}

static void server_that_closes_during_the_delay_leaves_nothing(void **state)
{
	struct caller *c = caller_new(&f.world, "room");

	caller_invite(c, audio());
	assert_string_equal(c->seen, "180");
}

static void caller_without_a_stream_left_gets_bye(void **state)
{
	struct caller *c = caller_new(&f.world, "room");

	caller_call(c, audio());
	caller_call(c, caller_sdp("m=audio 0 RTP/AVP 8\n"));
	assert_string_equal(c->seen, "200 BYE");
	assert_int_equal(session_state(f.session), SESSION_ENDED);
	caller_world_settle(&f.world);
	assert_int_equal(f.world.media->alive, 0);
}

static void late_answer_that_refuses_audio_gets_bye(void **state)
{
	struct caller *c = caller_new(&f.world, "room");

	caller_invite(c, NULL);
	caller_ack(c, caller_sdp("m=audio 0 RTP/AVP 8\n"));
	assert_string_equal(c->seen, "180 200 BYE");
	assert_int_equal(session_state(f.session), SESSION_ENDED);
}

static void second_audio_stream_is_refused_and_hold_is_not(void **state)
{
	struct caller *c = caller_new(&f.world, "room");
	char both[512];

	caller_call(c, audio());
	snprintf(both, sizeof both, "%s%s", caller_audio(40000, "127.0.0.2", "sendrecv"),
		caller_audio(40004, "127.0.0.2", "sendrecv"));
	caller_call(c, caller_sdp(both));
	assert_int_equal(caller_status(c), 200);
	assert_non_null(strstr(c->answer, "\nm=audio 0 "));
	caller_call(c, caller_sdp(both));
	assert_int_equal(caller_status(c), 200);
	assert_non_null(mixer_of(f.session));
}

static void caller_who_hangs_up_leaves_the_mix(void **state)
{
	struct caller *c = caller_new(&f.world, "room");

	caller_call(c, audio());
	assert_non_null(mixer_of(f.session));
	caller_bye(c);
	caller_world_settle(&f.world);
	assert_int_equal(f.world.media->alive, 0);
	assert_int_equal(f.world.context.n_sessions, 0);
}

/* A call to the room that wants to take this one's place. */
static struct caller *successor(const struct caller *old, const char *flag)
{
	struct caller *c = caller_new(&f.world, "anything");

	snprintf(c->from, sizeof c->from, "<sip:carol@example.org>");
	snprintf(c->lines, sizeof c->lines,
		"Require: replaces\nReplaces: %s;to-tag=%s;from-tag=caller%s\n", old->call_id,
		old->to_tag, flag);
	return c;
}

static void call_that_replaces_another_takes_its_place(void **state)
{
	struct caller *first = caller_new(&f.world, "room"), *other, *c;
	struct conference *conference = f.state;
	struct mixer *mixer;
	struct room *room;

	caller_call(first, audio());
	mixer = mixer_of(f.session);
	other = caller_new(&f.world, "room");
	caller_call(other, audio());
	c = successor(first, "");
	caller_call(c, audio());
	assert_string_equal(c->seen, "200");
	assert_string_equal(first->seen, "180 200 BYE");
	assert_non_null(strstr(first->asked, "Reason: SIP;cause=200"));
	assert_ptr_equal(mixer_of(f.session), mixer);
	room = room_find(&conference->rooms, f.session->target);
	assert_non_null(room);
	assert_int_equal(room_member_count(room), 2);
	assert_int_equal(room_participant_count(room), 2);
	assert_null(f.session->replaces);
	caller_bye(c);
	caller_bye(other);
	assert_int_equal(room_count(&conference->rooms), 0);
}

static void room_of_one_lives_on_when_he_is_replaced(void **state)
{
	struct caller *first = caller_new(&f.world, "room"), *c;
	struct conference *conference = f.state;

	caller_call(first, audio());
	for (int i = 0; i < 3; i++, first = c) {
		struct mixer *mixer = mixer_of(f.session);

		c = successor(first, "");
		caller_call(c, audio());
		assert_string_equal(first->seen + strlen(first->seen) - 3, "BYE");
		assert_ptr_equal(mixer_of(f.session), mixer);
		assert_int_equal(room_count(&conference->rooms), 1);
	}
}

static void call_that_may_not_replace_is_refused(void **state)
{
	struct caller *first = caller_new(&f.world, "room"), *c;

	caller_call(first, audio());
	c = successor(first, ";early-only");
	caller_call(c, audio());
	assert_string_equal(c->seen, "486");
	c = successor(first, "");
	caller_call(c, caller_sdp(VIDEO));
	assert_string_equal(c->seen, "488");
	assert_string_equal(first->seen, "180 200");
	caller_bye(first);
	c = successor(first, "");
	caller_call(c, audio());
	assert_string_equal(c->seen, "481");
}

static void call_that_replaces_one_not_answered_yet_is_refused(void **state)
{
	struct caller *first = caller_new(&f.world, "room"), *c;

	caller_invite(first, audio());
	snprintf(first->to_tag, sizeof first->to_tag, "%s",
		strstr(caller_header(first->last, "To"), ";tag=") + 5);
	c = successor(first, "");
	caller_call(c, audio());
	assert_string_equal(c->seen, "481");
}

static void every_allocation_may_fail(void **state)
{
	for (long n = 0; n < 200; n++) {
		struct caller *c;

		f.world.n_callers = 0;
		c = caller_new(&f.world, "room");
		mem_fail_after(n);
		caller_call(c, audio());
		mem_fail_after(-1);
		caller_bye(c);
		for (int i = 0; i < 3; i++)
			caller_world_run(&f.world, 40000);
		if (f.session)
			session_end(f.session, NULL);
		for (int i = 0; i < 3; i++)
			caller_world_run(&f.world, 40000);
		f.session = obj_unref(f.session);
		caller_world_settle(&f.world);
		assert_int_equal(f.world.media->alive, 0);
		assert_int_equal(f.world.context.n_sessions, 0);
		assert_int_equal(sip_agent_load(f.world.agent).invites, 0);
	}
}

static void every_allocation_of_a_takeover_may_fail(void **state)
{
	for (long n = 0; n < 200; n++) {
		struct caller *first, *c;

		f.world.n_callers = 0;
		first = caller_new(&f.world, "room");
		caller_call(first, audio());
		c = successor(first, "");
		mem_fail_after(n);
		caller_call(c, audio());
		mem_fail_after(-1);
		caller_bye(c);
		caller_bye(first);
		for (int i = 0; i < 3; i++)
			caller_world_run(&f.world, 40000);
		f.session = obj_unref(f.session);
		caller_world_settle(&f.world);
		assert_int_equal(f.world.media->alive, 0);
		assert_int_equal(f.world.context.n_sessions, 0);
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_app, close_app)
#define DELAYED(name) cmocka_unit_test_setup_teardown(name, open_app_with_delay, close_app)
	const struct CMUnitTest tests[] = {
		TEST(caller_rings_is_answered_as_a_focus_and_is_in_the_mix),
		TEST(callers_of_one_target_meet_and_of_others_do_not),
		TEST(video_alone_gets_488),
		DELAYED(answer_waits_for_the_delay),
		DELAYED(caller_who_cancels_during_the_delay_is_gone),
		DELAYED(server_that_closes_during_the_delay_leaves_nothing),
		TEST(caller_without_a_stream_left_gets_bye),
		TEST(late_answer_that_refuses_audio_gets_bye),
		TEST(second_audio_stream_is_refused_and_hold_is_not),
		TEST(caller_who_hangs_up_leaves_the_mix),
		TEST(call_that_replaces_another_takes_its_place),
		TEST(room_of_one_lives_on_when_he_is_replaced),
		TEST(call_that_may_not_replace_is_refused),
		DELAYED(call_that_replaces_one_not_answered_yet_is_refused),
		TEST(every_allocation_may_fail),
		TEST(every_allocation_of_a_takeover_may_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
