/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Echo: who is taken, for how long, and what becomes of streams. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "app_fixture.h"
#include "apps/echo/echo.h"
#include "core/mem.h"
#include "media/engine_private.h"

static struct app_fixture f;

static int open_app(void **state)
{
	app_open(&f, &echo_app, NULL, NULL);
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

/* Whether the latest session's audio goes back. */
static bool echoes(void)
{
	caller_world_settle(&f.world);
	return session_find(f.session, STREAM_AUDIO)->leg->leg.port->echo.on;
}

static void audio_goes_back_from_the_answer_on(void **state)
{
	struct caller *c = caller_new(&f.world, "echo");

	caller_invite(c, audio());
	assert_string_equal(c->seen, "180 200");
	assert_null(strstr(caller_header(c->last, "Contact"), "isfocus"));
	assert_true(echoes());
	caller_ack(c, NULL);
	caller_call(c, caller_sdp(caller_audio(40000, "127.0.0.2", "inactive")));
	caller_call(c, audio());
	assert_true(echoes());
}

static void call_ends_after_ten_minutes(void **state)
{
	struct caller *c = caller_new(&f.world, "echo");

	caller_call(c, audio());
	caller_world_run(&f.world, 599999);
	assert_int_equal(session_state(f.session), SESSION_CONNECTED);
	caller_world_run(&f.world, 1);
	assert_int_equal(session_state(f.session), SESSION_ENDED);
	assert_string_equal(c->seen, "180 200 BYE");
	assert_string_equal(caller_header(c->asked, "Reason"),
		"SIP;cause=480;text=\"the echo test's time is over\"");
}

static void call_that_ended_earlier_is_not_ended_again(void **state)
{
	struct caller *c = caller_new(&f.world, "echo");

	caller_call(c, audio());
	caller_bye(c);
	caller_world_run(&f.world, 700000);
	assert_string_equal(c->seen, "180 200 200");
}

static void caller_without_a_stream_left_gets_bye(void **state)
{
	struct caller *c = caller_new(&f.world, "echo");

	caller_call(c, audio());
	caller_call(c, caller_sdp("m=audio 0 RTP/AVP 8\n"));
	assert_string_equal(c->seen, "200 BYE");
	assert_int_equal(session_state(f.session), SESSION_ENDED);
}

static void video_alone_gets_488(void **state)
{
	struct caller *c = caller_new(&f.world, "echo");

	caller_call(c, caller_sdp("m=video 40010 RTP/AVP 96\nc=IN IP4 127.0.0.2\n"));
	assert_string_equal(c->seen, "488");
}

static void every_allocation_may_fail(void **state)
{
	for (long n = 0; n < 200; n++) {
		struct caller *c;

		f.world.n_callers = 0;
		c = caller_new(&f.world, "echo");
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

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_app, close_app)
	const struct CMUnitTest tests[] = {
		TEST(audio_goes_back_from_the_answer_on),
		TEST(call_ends_after_ten_minutes),
		TEST(call_that_ended_earlier_is_not_ended_again),
		TEST(caller_without_a_stream_left_gets_bye),
		TEST(video_alone_gets_488),
		TEST(every_allocation_may_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
