/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Conference: calling others into a room, and putting them out, by referral. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "app_fixture.h"
#include "apps/conference/conference.h"
#include "core/mem.h"

static struct app_fixture f;
static char told[256]; /* what referrers heard: "accepted 180 finished 200" */

/* ---- referrals that come from nowhere ---------------------------------------------------------- */

static void say(const char *what, unsigned status)
{
	size_t n = strlen(told);

	snprintf(told + n, sizeof told - n, "%s%s %u", n ? " " : "", what, status);
}

static int fake_accept(struct referral *referral)
{
	say("accepted", 202);
	return 0;
}

static void fake_reject(struct referral *referral, unsigned status)
{
	say("refused", status);
}

static void fake_progress(struct referral *referral, unsigned status, struct slice phrase)
{
	say("progress", status);
}

static void fake_finish(struct referral *referral, unsigned status, struct slice phrase)
{
	say("finished", status);
}

static const struct referral_signalling fake = {
	fake_accept, fake_reject, fake_progress, fake_finish};

static void destroy(void *obj)
{
	struct referral *referral = obj;

	parties_free(&referral->parties);
	identity_free(&referral->whom);
}

/* alice asks that this be done to somebody in the room; session: in this call. */
static struct referral *refer(
	enum referral_action action, const char *from, const char *whom, struct session *session)
{
	struct referral *r = obj_new(sizeof *r, destroy);
	struct uri uri;

	assert_non_null(r);
	r->signalling = &fake;
	r->action = action;
	r->uri = slice_str(whom);
	r->session = session;
	r->answered = session != NULL;
	assert_int_equal(uri_parse(slice_str(from), &uri), 0);
	assert_int_equal(identity_set(&r->parties.remote, &uri, SLICE_NONE, IDENTITY_UNPROVED), 0);
	assert_int_equal(uri_parse(SLICE("sip:room@127.0.0.1"), &uri), 0);
	assert_int_equal(parties_set_target(&r->parties, &uri, SLICE_NONE), 0);
	assert_int_equal(uri_parse(r->uri, &uri), 0);
	assert_int_equal(identity_set(&r->whom, &uri, SLICE_NONE, IDENTITY_UNPROVED), 0);
	told[0] = '\0';
	f.app->incoming_referral(f.state, r);
	caller_world_run(&f.world, 1);
	return r;
}

/* ---- a way out that leads to the test ---------------------------------------------------------- */

static struct session *called; /* a reference of the test's */

static void fake_end(struct session *session, const char *reason)
{
	session_set_ended(session, reason);
}

static const struct session_signalling called_signalling = {.end = fake_end};

static void called_destroy(void *obj)
{
	session_release(obj);
}

static int fake_call(void *arg, const struct outgoing_call *call,
	const struct session_handlers *handlers, void *handlers_arg, struct session **session)
{
	static const char target[] = "room@127.0.0.1";
	struct uri uri;

	assert_string_equal(call->from->address, target);
	assert_true(call->focus);
	if (slice_eq(call->to, SLICE("sip:nowhere.invalid")))
		return -22;
	assert_null(called);
	called = obj_new(sizeof *called, called_destroy);
	session_init(called, f.world.loop, &called_signalling, SESSION_OUTGOING);
	called->target = SLICE(target);
	if (uri_parse(call->to, &uri) < 0 ||
		identity_set(&called->remote, &uri, SLICE_NONE, IDENTITY_UNPROVED) < 0)
		return -12;
	session_set_handlers(called, handlers, handlers_arg);
	*session = obj_ref(called);
	return 0;
}

static const struct outgoing_signalling way = {.call = fake_call};
static const struct outgoing outgoing = {&way, NULL};

static int open_app(void **state)
{
	app_open(&f, &conference_app, NULL, NULL);
	f.context.outgoing = &outgoing;
	called = NULL;
	return 0;
}

static int open_app_without(void **state)
{
	app_open(&f, &conference_app, "conference.ini", "[Conference]\ndial_out = no\n");
	f.context.outgoing = &outgoing;
	called = NULL;
	return 0;
}

static int close_app(void **state)
{
	if (called)
		session_end(called, "over");
	called = obj_unref(called);
	return app_close(&f) == 0 ? 0 : -1;
}

static struct caller *member(void)
{
	struct caller *c = caller_new(&f.world, "room");

	caller_call(c, caller_sdp(caller_audio(40000, "127.0.0.2", "sendrecv")));
	assert_int_equal(caller_status(c), 200);
	return c;
}

/* ---- tests ------------------------------------------------------------------------------------- */

static void a_member_has_somebody_called_into_the_room(void **state)
{
	struct referral *r;

	member();
	r = refer(REFERRAL_CALL, "sip:alice@example.org", "sip:bob@example.org", NULL);
	called->handlers->progress(called, 180, called->arg);
	session_set_started(called);
	assert_string_equal(told, "accepted 202 progress 180 finished 200");
	assert_int_equal(session_state(called), SESSION_CONNECTED);
	/* From now on he is one like any other, and can be put out. */
	obj_unref(r);
	r = refer(REFERRAL_LEAVE, "sip:alice@example.org", "sip:bob@example.org", NULL);
	assert_string_equal(told, "accepted 202 finished 200");
	assert_int_equal(session_state(called), SESSION_ENDED);
	obj_unref(r);
}

static void a_member_may_ask_in_his_call(void **state)
{
	struct referral *r;

	member();
	r = refer(REFERRAL_CALL, "sip:anybody@example.org", "sip:bob@example.org", f.session);
	session_set_started(called);
	assert_string_equal(told, "finished 200");
	obj_unref(r);
}

static void who_is_not_in_the_room_is_refused(void **state)
{
	struct referral *r;

	member();
	r = refer(REFERRAL_CALL, "sip:mallory@example.org", "sip:bob@example.org", NULL);
	assert_string_equal(told, "refused 403");
	assert_null(called);
	obj_unref(r);
}

static void it_can_be_switched_off(void **state)
{
	struct referral *r;

	member();
	r = refer(REFERRAL_CALL, "sip:alice@example.org", "sip:bob@example.org", NULL);
	assert_string_equal(told, "refused 403");
	obj_unref(r);
	r = refer(REFERRAL_CALL, "sip:alice@example.org", "sip:bob@example.org", f.session);
	assert_string_equal(told, "finished 403");
	assert_null(called);
	obj_unref(r);
}

static void failures_are_told(void **state)
{
	struct referral *r;

	member();
	r = refer(REFERRAL_CALL, "sip:alice@example.org", "sip:bob@example.org", NULL);
	called->status = 486;
	session_set_ended(called, "busy");
	assert_string_equal(told, "accepted 202 finished 486");
	obj_unref(r);
	called = obj_unref(called);
	r = refer(REFERRAL_CALL, "sip:alice@example.org", "sip:nowhere.invalid", NULL);
	assert_string_equal(told, "accepted 202 finished 488");
	obj_unref(r);
	r = refer(REFERRAL_LEAVE, "sip:alice@example.org", "sip:bob@example.org", NULL);
	assert_string_equal(told, "accepted 202 finished 404");
	obj_unref(r);
	r = refer(REFERRAL_OTHER, "sip:alice@example.org", "sip:bob@example.org", NULL);
	assert_string_equal(told, "refused 488");
	obj_unref(r);
}

static void who_does_not_answer_is_called_off(void **state)
{
	struct referral *r;

	member();
	r = refer(REFERRAL_CALL, "sip:alice@example.org", "sip:bob@example.org", NULL);
	caller_world_run(&f.world, 91000);
	assert_string_equal(told, "accepted 202 finished 487");
	assert_int_equal(session_state(called), SESSION_ENDED);
	obj_unref(r);
}

static void a_referrer_who_has_gone_does_not_stop_the_call(void **state)
{
	struct referral *r;

	member();
	r = refer(REFERRAL_CALL, "sip:alice@example.org", "sip:bob@example.org", NULL);
	referral_set_ended(r);
	obj_unref(r);
	session_set_started(called);
	assert_string_equal(told, "accepted 202");
	assert_int_equal(session_state(called), SESSION_CONNECTED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			a_member_has_somebody_called_into_the_room, open_app, close_app),
		cmocka_unit_test_setup_teardown(a_member_may_ask_in_his_call, open_app, close_app),
		cmocka_unit_test_setup_teardown(
			who_is_not_in_the_room_is_refused, open_app, close_app),
		cmocka_unit_test_setup_teardown(
			it_can_be_switched_off, open_app_without, close_app),
		cmocka_unit_test_setup_teardown(failures_are_told, open_app, close_app),
		cmocka_unit_test_setup_teardown(
			who_does_not_answer_is_called_off, open_app, close_app),
		cmocka_unit_test_setup_teardown(
			a_referrer_who_has_gone_does_not_stop_the_call, open_app, close_app),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
