/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Playback: who is played what, when it is answered, and how it ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include <errno.h>
#include <sndfile.h>

#include "app_fixture.h"
#include "apps/playback/playback.h"
#include "apps/playback/playback_settings.h"
#include "core/mem.h"
#include "media/engine_private.h"
#include "sound_files.h"

#define VIDEO "m=video 40010 RTP/AVP 96\nc=IN IP4 127.0.0.2\na=rtpmap:96 VP8/90000\n"

static struct app_fixture f;

static int open_app(void **state)
{
	char settings[1000];
	const char *folder = sound_folder();

	sound_tone("a.wav", SF_FORMAT_WAV | SF_FORMAT_PCM_16, 8000, 1, 440, 8000, 1000);
	snprintf(settings, sizeof settings,
		"[Playback]\nfiles_dir = %s\nanswer_delay = 2\n"
		"[tune]\nfile = a.wav\n"
		"[now]\nfile = %s\nanswer_delay = 0\n"
		"[tune@other.example.org]\nfile = other.wav\nenable_chuck_norris_reply = no\n"
		"[gone]\nfile = gone.wav\nanswer_delay = 0\n"
		"[nothing]\nanswer_delay = 0\n",
		folder, sound_path("a.wav"));
	app_open(&f, &playback_app, "playback.ini", settings);
	return 0;
}

static int close_app(void **state)
{
	size_t leaked = app_close(&f);

	sound_folder_remove();
	return leaked == 0 ? 0 : -1;
}

static const char *audio(void)
{
	return caller_sdp(caller_audio(40000, "127.0.0.2", "sendrecv"));
}

/* Let ms of media pass. */
static void play_on(unsigned ms)
{
	for (unsigned at = 0; at < ms; at += 40)
		caller_world_settle(&f.world);
}

static void file_is_played_once_and_then_the_call_ends(void **state)
{
	struct caller *c = caller_new(&f.world, "now");

	caller_call(c, audio());
	assert_string_equal(c->seen, "180 200");
	assert_null(strstr(caller_header(c->last, "Contact"), "isfocus"));
	play_on(960);
	assert_int_equal(session_state(f.session), SESSION_CONNECTED);
	play_on(400);
	assert_string_equal(c->seen, "180 200 BYE");
	assert_int_equal(session_state(f.session), SESSION_ENDED);
	caller_world_settle(&f.world);
	assert_int_equal(f.world.media->alive, 0);
}

static void nothing_is_played_before_the_peer_has_confirmed(void **state)
{
	struct caller *c = caller_new(&f.world, "now");

	caller_invite(c, audio());
	play_on(3000);
	assert_string_equal(c->seen, "180 200");
	caller_ack(c, NULL);
	play_on(960);
	assert_string_equal(c->seen, "180 200");
	play_on(400);
	assert_string_equal(c->seen, "180 200 BYE");
}

static void answer_waits_for_the_delay(void **state)
{
	struct caller *c = caller_new(&f.world, "tune");

	caller_invite(c, audio());
	caller_world_run(&f.world, 1999);
	assert_string_equal(c->seen, "180");
	caller_world_run(&f.world, 1);
	assert_string_equal(c->seen, "180 200");
	caller_ack(c, NULL);
	caller_bye(c);
	caller_world_settle(&f.world);
	assert_int_equal(f.world.media->alive, 0);
}

static void caller_who_cancels_during_the_delay_is_gone(void **state)
{
	struct caller *c = caller_new(&f.world, "tune");

	caller_invite(c, audio());
	caller_cancel(c);
	caller_ack(c, NULL);
	caller_world_run(&f.world, 10000);
	assert_string_equal(c->seen, "180 200 487");
	assert_int_equal(f.world.context.n_sessions, 0);
}

static void address_without_a_file_and_calls_without_audio_get_488(void **state)
{
	static const char *const users[] = {"unknown", "nothing", "Playback"};

	for (int i = 0; i < 3; i++) {
		struct caller *c = caller_new(&f.world, users[i]);

		caller_call(c, audio());
		assert_string_equal(c->seen, "488");
	}
	caller_call(caller_new(&f.world, "now"), caller_sdp(VIDEO));
	assert_int_equal(caller_status(&f.world.callers[3]), 488);
}

static void file_that_cannot_be_played_ends_the_call(void **state)
{
	struct caller *c = caller_new(&f.world, "gone");

	caller_call(c, audio());
	play_on(400);
	assert_string_equal(c->seen, "180 200 BYE");
}

static void second_audio_is_refused_and_hold_changes_nothing(void **state)
{
	struct caller *c = caller_new(&f.world, "now");
	char both[512];

	caller_call(c, audio());
	snprintf(both, sizeof both, "%s%s", caller_audio(40000, "127.0.0.2", "inactive"),
		caller_audio(40004, "127.0.0.2", "sendrecv"));
	caller_call(c, caller_sdp(both));
	assert_int_equal(caller_status(c), 200);
	assert_non_null(strstr(c->answer, "\nm=audio 0 "));
	play_on(1400);
	assert_int_equal(session_state(f.session), SESSION_ENDED);
}

static void caller_who_takes_his_audio_away_is_gone(void **state)
{
	struct caller *c = caller_new(&f.world, "now");

	caller_call(c, audio());
	caller_call(c, caller_sdp("m=audio 0 RTP/AVP 8\n"));
	assert_string_equal(c->seen, "200 BYE");
	caller_world_settle(&f.world);
	assert_int_equal(f.world.media->alive, 0);
}

static void full_address_comes_before_the_user_and_says_what_differs(void **state)
{
	static const struct playback_settings settings = {.answer_delay = 7, .reply = true};
	static struct playback_file file;

	assert_int_equal(playback_find(&f.context, &settings, SLICE("tune@other.example.org"),
				 SLICE("tune"), &file),
		0);
	assert_string_equal(file.path, "/nonexistent/sounds/other.wav");
	assert_int_equal(file.answer_delay, 7);
	assert_false(file.reply);
	assert_int_equal(
		playback_find(&f.context, &settings, SLICE("now@example.org"), SLICE("now"), &file),
		0);
	assert_string_equal(file.path, sound_path("a.wav"));
	assert_int_equal(file.answer_delay, 0);
	assert_true(file.reply);
	assert_int_equal(
		playback_find(&f.context, &settings, SLICE("x@example.org"), SLICE("x"), &file),
		-ENOENT);
}

static void every_allocation_may_fail(void **state)
{
	for (long n = 0; n < 150; n++) {
		struct caller *c;

		f.world.n_callers = 0;
		c = caller_new(&f.world, "now");
		mem_fail_after(n);
		caller_call(c, audio());
		play_on(80);
		mem_fail_after(-1);
		caller_bye(c);
		for (int i = 0; i < 6; i++)
			caller_world_run(&f.world, 40000);
		if (f.session)
			session_end(f.session, NULL);
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
	const struct CMUnitTest tests[] = {
		TEST(file_is_played_once_and_then_the_call_ends),
		TEST(nothing_is_played_before_the_peer_has_confirmed),
		TEST(answer_waits_for_the_delay),
		TEST(caller_who_cancels_during_the_delay_is_gone),
		TEST(address_without_a_file_and_calls_without_audio_get_488),
		TEST(file_that_cannot_be_played_ends_the_call),
		TEST(second_audio_is_refused_and_hold_changes_nothing),
		TEST(caller_who_takes_his_audio_away_is_gone),
		TEST(full_address_comes_before_the_user_and_says_what_differs),
		TEST(every_allocation_may_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
