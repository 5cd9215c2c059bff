/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Keys of a session: told once, sent when that can be, by the payload types that were agreed on. */
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
#include "session/dtmf.h"
#include "session_fixture.h"

/* Keys come one after the other: "e5" as an event, "t5" as a tone, "i5" by INFO, "." a tenth of a second. */
static void press(const char *what)
{
	for (; *what; what++) {
		enum dtmf_way way = *what == 'e'   ? DTMF_BY_EVENT
				    : *what == 't' ? DTMF_BY_TONE
						   : DTMF_BY_INFO;

		if (*what == '.')
			caller_world_run(&script.world, 100);
		else
			session_key_pressed(script.session, way, *++what, 100);
	}
}

static void assert_told(const char *what, const char *keys)
{
	char told[32] = "";

	script_forget(&script);
	press(what);
	for (const char *at = script.log; (at = strstr(at, "key ")); at += 4)
		strncat(told, at + 4, 1);
	assert_string_equal(told, keys);
	/* The next case has nothing to do with it. */
	caller_world_run(&script.world, 3000);
}

static void a_key_that_comes_by_several_ways_is_told_once(void **state)
{
	in_call();
	assert_told("e5", "5");
	assert_told("e5i5", "5");
	assert_told("i5...e5.t5", "5");
	assert_told("e1.i1.e2.i2.e1.i1", "121");
	/* The same key again and again, by one way or several, in any order. */
	assert_told("e5.e5.e5", "555");
	assert_told("e5i5.e5i5.e5i5", "555");
	assert_told("e5.e5.i5.i5.i5", "555");
	assert_told("t9e9i9..t9e9i9", "99");
	/* One that got lost on one way. */
	assert_told("e5.e5i5.e5i5", "555");
	assert_told("i5.e5i5.i5", "555");
	/* By another way long afterwards: pressed again. */
	assert_told("e5.......................i5", "55");
	assert_told("i!e!i*e*i#e#iDeD", "!*#D");
	assert_told("ex", "");
}

static void a_long_press_is_one_by_the_ways_that_tell_it_at_its_begin_and_end(void **state)
{
	in_call();
	script_forget(&script);
	session_key_pressed(script.session, DTMF_BY_INFO, '1', 250);
	caller_world_run(&script.world, 6000);
	session_key_pressed(script.session, DTMF_BY_EVENT, '1', 6000);
	assert_string_equal(script.log, "key 1");
}

static void keys_are_sent_while_the_peer_listens(void **state)
{
	struct caller *c;
	struct session *session;

	script.later = true;
	c = caller_new(&script.world, "room");
	caller_invite(c, caller_sdp(audio(40000)));
	session = obj_ref(script.session);
	assert_int_equal(session_send_dtmf(session, "1", 100), -ENOTCONN);
	session_accept(session, STREAM_BIT(STREAM_AUDIO), false);
	caller_ack(c, NULL);
	assert_int_equal(session_send_dtmf(session, "1#D", 100), 0);
	assert_int_equal(session_send_dtmf(session, "1x", 100), -EINVAL);
	assert_int_equal(session_send_dtmf(session, "1", 10), -EINVAL);
	assert_int_equal(
		session_send_dtmf(session, "12345678901234567890123456789012", 100), -ENOSPC);
	caller_call(c, caller_sdp(caller_audio(40000, HERE, "sendonly")));
	assert_int_equal(session_send_dtmf(session, "1", 100), -EBUSY);
	caller_call(c, caller_sdp(audio(40000)));
	assert_int_equal(session_send_dtmf(session, "1", 100), 0);
	caller_bye(c);
	assert_int_equal(session_send_dtmf(session, "1", 100), -ENOTCONN);
	obj_unref(session);
}

static const struct port_dtmf *agreed(void)
{
	caller_world_settle(&script.world);
	return &session_find(script.session, STREAM_AUDIO)->leg->leg.port->dtmf;
}

static void events_have_the_payload_types_and_clocks_that_were_agreed_on(void **state)
{
	struct caller *c = in_call();
	const struct port_dtmf *d = agreed();

	assert_int_equal(d->n_events, 1);
	assert_int_equal(d->events[0].payload_type, 101);
	assert_int_equal(d->events[0].clock_rate, 8000);
	assert_int_equal(d->send.payload_type, 101);
	assert_int_equal(d->send.clock_rate, 8000);
	caller_call(c, caller_sdp("m=audio 40000 RTP/AVP 96 8 97 98\nc=IN IP4 127.0.0.2\n"
				  "a=rtpmap:96 opus/48000/2\na=rtpmap:97 telephone-event/48000\n"
				  "a=rtpmap:98 telephone-event/8000\n"));
	d = agreed();
	assert_int_equal(d->n_events, 2);
	assert_int_equal(port_dtmf_clock(CONTAINER_OF(d, struct port, dtmf), 97), 48000);
	assert_int_equal(port_dtmf_clock(CONTAINER_OF(d, struct port, dtmf), 98), 8000);
	assert_int_equal(d->send.payload_type, 97);
	assert_int_equal(d->send.clock_rate, 48000);
	caller_call(c, caller_sdp("m=audio 40000 RTP/AVP 8\nc=IN IP4 127.0.0.2\n"));
	d = agreed();
	assert_int_equal(d->n_events, 0);
	assert_int_equal(d->send.clock_rate, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, session_open, session_close)
	const struct CMUnitTest tests[] = {
		TEST(a_key_that_comes_by_several_ways_is_told_once),
		TEST(a_long_press_is_one_by_the_ways_that_tell_it_at_its_begin_and_end),
		TEST(keys_are_sent_while_the_peer_listens),
		TEST(events_have_the_payload_types_and_clocks_that_were_agreed_on),
	};
#undef TEST

	return cmocka_run_group_tests(tests, NULL, NULL);
}
