/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Rooms: life cycle, participants and their members, audio. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "core/mem.h"
#include "media/engine_private.h"
#include "media/sound_file.h"
#include "room/room.h"
#include "script.h"

static struct script script;
static struct room_table table;
static void *alone; /* the session that is alone in a mix */

static void on_alone(struct room_member *member, bool is_alone, void *arg)
{
	alone = is_alone ? arg : NULL;
}

static const struct room_handlers handlers = {.alone = on_alone};

static int open_table(void **state)
{
	script_open(&script, "127.0.0.1", 8);
	return room_table_init(&table, script.world.loop, script.world.media, &handlers);
}

static int close_table(void **state)
{
	room_table_free(&table);
	return script_close(&script) == 0 ? 0 : -1;
}

static const char *audio(void)
{
	return caller_sdp(caller_audio(40000, "127.0.0.2", "sendrecv"));
}

/* A session of this identity, its call up; the caller owns the reference. */
static struct session *session_of(const char *user, struct caller **caller)
{
	struct caller *c = caller_new(&script.world, "room");

	snprintf(c->from, sizeof c->from, "<sip:%s@example.org>", user);
	caller_call(c, audio());
	assert_int_equal(caller_status(c), 200);
	if (caller)
		*caller = c;
	return obj_ref(script.session);
}

static struct room_member *join(const char *name, struct session *session)
{
	struct room_member *member = NULL;

	assert_int_equal(room_join(&table, slice_str(name), session, session, &member), 0);
	assert_int_equal(room_mix(member), 0);
	assert_non_null(member);
	return member;
}

static struct mixer *mixer_of(struct session *session)
{
	caller_world_settle(&script.world);
	return session_find(session, STREAM_AUDIO)->leg->leg.mixer;
}

static void first_makes_the_room_and_last_ends_it(void **state)
{
	struct session *ann = session_of("ann", NULL), *bob = session_of("bob", NULL);
	struct room_member *a, *b;
	const struct room *room;

	assert_null(room_find(&table, SLICE("r@example.org")));
	a = join("r@example.org", ann);
	room = room_find(&table, SLICE("r@example.org"));
	assert_non_null(room);
	assert_true(slice_eq(room_name(room), SLICE("r@example.org")));
	b = join("r@example.org", bob);
	assert_int_equal(room_count(&table), 1);
	assert_int_equal(room_member_count(room), 2);
	assert_int_equal(room_participant_count(room), 2);
	room_leave(a);
	assert_ptr_equal(room_find(&table, SLICE("r@example.org")), room);
	assert_int_equal(room_member_count(room), 1);
	room_leave(b);
	assert_null(room_find(&table, SLICE("r@example.org")));
	assert_int_equal(room_count(&table), 0);
	obj_unref(ann);
	obj_unref(bob);
}

static void sessions_of_one_identity_are_one_participant(void **state)
{
	struct session *desk = session_of("ann", NULL), *mobile = session_of("%61nn", NULL);
	struct room_member *a = join("r", desk), *b = join("r", mobile);
	const struct room *room = room_find(&table, SLICE("r"));

	assert_int_equal(room_member_count(room), 2);
	assert_int_equal(room_participant_count(room), 1);
	room_leave(a);
	assert_int_equal(room_participant_count(room), 1);
	a = join("r", desk);
	assert_int_equal(room_participant_count(room), 1);
	room_leave(b);
	room_leave(a);
	obj_unref(desk);
	obj_unref(mobile);
}

static void rooms_are_told_apart_by_name_alone(void **state)
{
	struct session *ann = session_of("ann", NULL), *bob = session_of("bob", NULL);
	struct room_member *a = join("r@example.org", ann), *b = join("R@example.org", bob);

	assert_int_equal(room_count(&table), 2);
	assert_true(mixer_of(ann) != mixer_of(bob));
	room_leave(a);
	room_leave(b);
	obj_unref(ann);
	obj_unref(bob);
}

static void audio_is_in_the_mix_from_joining_to_leaving(void **state)
{
	struct session *ann = session_of("ann", NULL), *bob = session_of("bob", NULL);
	struct room_member *a, *b;

	assert_null(mixer_of(ann));
	a = join("r", ann);
	b = join("r", bob);
	assert_non_null(mixer_of(ann));
	assert_ptr_equal(mixer_of(ann), mixer_of(bob));
	room_leave(a);
	assert_null(mixer_of(ann));
	assert_non_null(mixer_of(bob));
	room_leave(b);
	obj_unref(ann);
	obj_unref(bob);
}

static void audio_that_comes_later_joins_the_mix_and_what_goes_leaves_it(void **state)
{
	struct session *ann, *bob = session_of("bob", NULL);
	struct room_member *a, *b = join("r", bob);
	struct caller *c;

	ann = session_of("ann", &c);
	caller_call(c, caller_sdp("m=audio 0 RTP/AVP 8\n"));
	assert_int_equal(session_kinds(ann, STREAM_ACTIVE), 0);
	a = join("r", ann);
	caller_call(c, audio());
	assert_ptr_equal(alone, bob);
	assert_int_equal(room_others_with_audio(b), 1);
	assert_int_equal(room_mix(a), 0);
	assert_null(alone);
	assert_ptr_equal(mixer_of(ann), mixer_of(bob));
	caller_call(c, caller_sdp("m=audio 0 RTP/AVP 8\n"));
	assert_int_equal(room_others_with_audio(b), 0);
	room_unmix(a);
	assert_ptr_equal(alone, bob);
	caller_world_settle(&script.world);
	room_leave(a);
	room_leave(b);
	obj_unref(ann);
	obj_unref(bob);
}

static void who_is_alone_in_the_mix_is_told_and_told_no_longer(void **state)
{
	struct session *ann = session_of("ann", NULL), *bob = session_of("bob", NULL);
	struct room_member *a = join("r", ann), *b = NULL;

	assert_ptr_equal(alone, ann);
	/* One who is there and not yet mixed leaves her alone. */
	assert_int_equal(room_join(&table, SLICE("r"), bob, bob, &b), 0);
	assert_ptr_equal(alone, ann);
	assert_int_equal(room_mix(b), 0);
	assert_null(alone);
	room_leave(a);
	assert_ptr_equal(alone, bob);
	room_leave(b);
	assert_null(alone);
	obj_unref(ann);
	obj_unref(bob);
}

static void others_with_audio_are_identities_not_calls(void **state)
{
	struct session *ann = session_of("ann", NULL), *desk = session_of("bob", NULL),
		       *mobile = session_of("bob", NULL);
	struct room_member *a = join("r", ann), *b, *m;

	assert_int_equal(room_others_with_audio(a), 0);
	b = join("r", desk);
	m = join("r", mobile);
	assert_int_equal(room_others_with_audio(a), 1);
	assert_int_equal(room_others_with_audio(m), 1);
	room_leave(a);
	assert_int_equal(room_others_with_audio(m), 0);
	room_leave(b);
	room_leave(m);
	obj_unref(ann);
	obj_unref(desk);
	obj_unref(mobile);
}

/* Samples in a recording, or -1. */
static long recorded(const char *path)
{
	struct sound_reader *reader;
	int16_t pcm[4096];
	long n = 0;
	size_t got;

	if (sound_reader_open(&reader, path, 48000) < 0)
		return -1;
	while ((got = sound_reader_read(reader, pcm, 4096)) > 0)
		n += (long)got;
	sound_reader_close(reader);
	return n;
}

static void room_is_recorded_until_told_or_to_its_end(void **state)
{
	struct session *ann = session_of("ann", NULL);
	struct room_member *a = join("r", ann);
	struct room *room = room_member_room(a);
	char folder[] = "/tmp/room.XXXXXX", first[64], second[64];

	assert_non_null(mkdtemp(folder));
	snprintf(first, sizeof first, "%s/first.wav", folder);
	snprintf(second, sizeof second, "%s/second.ogg", folder);
	assert_int_equal(room_record(room, first), 0);
	for (int i = 0; i < 10; i++)
		caller_world_settle(&script.world);
	assert_true(room_is_recorded(room));
	assert_int_equal(room_record(room, NULL), 0);
	caller_world_settle(&script.world);
	assert_false(room_is_recorded(room));
	assert_true(recorded(first) > 4800);
	/* One that cannot be made leaves the room as it is. */
	assert_int_equal(room_record(room, first), 0);
	for (int i = 0; i < 10; i++)
		caller_world_settle(&script.world);
	assert_false(room_is_recorded(room));
	assert_int_equal(room_record(room, second), 0);
	for (int i = 0; i < 10; i++)
		caller_world_settle(&script.world);
	room_leave(a);
	caller_world_settle(&script.world);
	assert_true(recorded(second) > 4800);
	unlink(first);
	unlink(second);
	rmdir(folder);
	obj_unref(ann);
}

static void hold_keeps_the_place_in_the_mix(void **state)
{
	struct caller *c;
	struct session *ann = session_of("ann", &c);
	struct room_member *a = join("r", ann);
	struct mixer *mixer = mixer_of(ann);

	caller_call(c, caller_sdp(caller_audio(40000, "127.0.0.2", "inactive")));
	assert_int_equal(room_mix(a), 0);
	assert_ptr_equal(mixer_of(ann), mixer);
	room_leave(a);
	obj_unref(ann);
}

static void member_keeps_its_session(void **state)
{
	struct caller *c;
	struct session *ann = session_of("ann", &c);
	struct room_member *a = join("r", ann);

	obj_unref(ann);
	caller_bye(c);
	assert_int_equal(session_state(ann), SESSION_ENDED);
	room_leave(a);
}

static void without_memory_nobody_joins_and_no_room_stays(void **state)
{
	struct session *ann = session_of("ann", NULL), *bob = session_of("bob", NULL);
	struct room_member *a = NULL, *b = NULL;
	long n;

	for (n = 0; !a; n++) {
		mem_fail_after(n);
		room_join(&table, SLICE("r"), ann, ann, &a);
		mem_fail_after(-1);
		assert_int_equal(room_count(&table), a ? 1 : 0);
	}
	assert_true(n > 2);
	for (n = 0; !b; n++) {
		mem_fail_after(n);
		room_join(&table, SLICE("r"), bob, bob, &b);
		mem_fail_after(-1);
		assert_int_equal(room_participant_count(room_find(&table, SLICE("r"))), b ? 2 : 1);
	}
	room_leave(a);
	room_leave(b);
	obj_unref(ann);
	obj_unref(bob);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_table, close_table)
	const struct CMUnitTest tests[] = {
		TEST(first_makes_the_room_and_last_ends_it),
		TEST(sessions_of_one_identity_are_one_participant),
		TEST(rooms_are_told_apart_by_name_alone),
		TEST(audio_is_in_the_mix_from_joining_to_leaving),
		TEST(audio_that_comes_later_joins_the_mix_and_what_goes_leaves_it),
		TEST(who_is_alone_in_the_mix_is_told_and_told_no_longer),
		TEST(others_with_audio_are_identities_not_calls),
		TEST(room_is_recorded_until_told_or_to_its_end),
		TEST(hold_keeps_the_place_in_the_mix),
		TEST(member_keeps_its_session),
		TEST(without_memory_nobody_joins_and_no_room_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
