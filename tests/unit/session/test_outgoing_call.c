/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Calls of ours by SIP: what they offer, what comes of them, and referrals in them. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "core/mem.h"
#include "peer.h"
#include "session/referral.h"

#define BOB "sip:bob@127.0.0.2"
#define MEDIA "m=audio 40000 RTP/AVP 8\nc=IN IP4 127.0.0.2\n"

static struct peer peer;
static struct identity room;
static struct session *session; /* a reference, until it has ended */
static char log_text[1024];

static void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void say(const char *format, ...)
{
	size_t n = strlen(log_text);
	va_list ap;

	n += (size_t)snprintf(log_text + n, sizeof log_text - n, "%s", n ? "; " : "");
	va_start(ap, format);
	vsnprintf(log_text + n, sizeof log_text - n, format, ap);
	va_end(ap);
}

static void on_call_progress(struct session *s, unsigned status, void *arg)
{
	say("%u", status);
}

static void on_started(struct session *s, void *arg)
{
	say("started");
}

static void on_ended(struct session *s, const char *reason, void *arg)
{
	say("ended %u %s", s->status, reason);
	session = NULL;
	obj_unref(s);
}

/* A referral that has come in the call: kept, if it is to be, until it has ended. */
static struct referral *referral;
static bool take_referrals;

static void on_referral_ended(struct referral *r, void *arg)
{
	say("nobody listens");
	referral = NULL;
	obj_unref(r);
}

static void on_referred(struct session *s, struct referral *r, void *arg)
{
	static const struct referral_handlers handlers = {.ended = on_referral_ended};

	say("referred to %s by %.*s", r->whom.address, SLICE_ARG(r->referred_by));
	assert_ptr_equal(r->session, s);
	assert_true(r->answered);
	if (!take_referrals)
		return;
	referral = obj_ref(r);
	referral_set_handlers(r, &handlers, NULL);
}

static const struct session_handlers session_handlers = {
	.referred = on_referred,
	.progress = on_call_progress,
	.started = on_started,
	.ended = on_ended,
};

static int setup(void **state)
{
	struct uri uri;

	peer_open(&peer);
	log_text[0] = '\0';
	session = NULL;
	if (uri_parse(SLICE("sip:room@example.com"), &uri) < 0)
		return -1;
	return identity_set(&room, &uri, SLICE("The room"), IDENTITY_UNPROVED);
}

static int teardown(void **state)
{
	size_t leaked;

	identity_free(&room);
	leaked = peer_close(&peer);
	return leaked == 0 && !session ? 0 : -1;
}

static int call(const char *to)
{
	struct outgoing_call params = {.from = &room,
		.to = slice_str(to),
		.kinds = STREAM_BIT(STREAM_AUDIO),
		.focus = true,
		.referred_by = SLICE("<sip:alice@example.com>"),
		.subject = SLICE("Join us")};
	int err = outgoing_call(&peer.outgoing, &params, &session_handlers, NULL, &session);

	if (!err)
		peer_run(&peer, 1);
	return err;
}

static void in_call(void)
{
	assert_int_equal(call(BOB), 0);
	peer_answer(&peer, 200, "bob", "", caller_sdp(MEDIA));
	assert_string_equal(log_text, "started");
	log_text[0] = peer.seen[0] = '\0';
}

/* ---- calling ----------------------------------------------------------------------------------- */

static void a_call_is_offered_answered_and_hung_up(void **state)
{
	assert_int_equal(call(BOB), 0);
	assert_int_equal(session_state(session), SESSION_OUTGOING);
	assert_true(slice_eq(session->target, SLICE("room@example.com")));
	assert_string_equal(session->remote.address, "bob@127.0.0.2");
	assert_non_null(strstr(peer.last, "INVITE " BOB " SIP/2.0\r\n"));
	assert_non_null(
		strstr(peer_header(&peer, "From"), "\"The room\" <sip:room@example.com>;tag="));
	assert_non_null(strstr(peer_header(&peer, "Contact"), ";isfocus"));
	assert_string_equal(peer_header(&peer, "Subject"), "Join us");
	assert_string_equal(peer_header(&peer, "Referred-By"), "<sip:alice@example.com>");
	assert_non_null(strstr(peer.last, "\r\nc=IN IP4 127.0.0.1\r\n"));
	assert_non_null(strstr(peer.last, "\r\nm=audio "));
	peer_answer(&peer, 180, "bob", "", NULL);
	peer_answer(&peer, 200, "bob", "", caller_sdp(MEDIA));
	assert_string_equal(log_text, "180; started");
	assert_string_equal(peer.seen, "INVITE ACK");
	assert_non_null(session_find(session, STREAM_AUDIO)->leg);
	session_end(session, "enough");
	peer_run(&peer, 1);
	assert_string_equal(peer.seen, "INVITE ACK BYE");
	assert_string_equal(log_text, "180; started; ended 0 enough");
}

static void a_peer_that_hangs_up_ends_it(void **state)
{
	in_call();
	peer_request(&peer, "BYE", "bob", "", NULL, NULL);
	assert_string_equal(log_text, "ended 200 hung up");
}

static void a_refusal_is_told_with_its_status(void **state)
{
	assert_int_equal(call(BOB), 0);
	peer_answer(&peer, 486, "bob", "", NULL);
	assert_string_equal(log_text, "ended 486 Busy Here");
	assert_string_equal(peer.seen, "INVITE ACK");
}

static void a_call_nobody_answers_ends(void **state)
{
	assert_int_equal(call(BOB), 0);
	peer_run(&peer, 33000);
	assert_non_null(strstr(log_text, "ended 408 "));
}

static void a_ringing_call_is_taken_back(void **state)
{
	assert_int_equal(call(BOB), 0);
	peer_answer(&peer, 180, "bob", "", NULL);
	session_end(session, "not any more");
	peer_run(&peer, 1);
	assert_string_equal(peer.seen, "INVITE CANCEL");
	assert_string_equal(log_text, "180; ended 0 not any more");
}

static void an_answer_may_come_reliably_before_the_200(void **state)
{
	assert_int_equal(call(BOB), 0);
	peer_answer_first(&peer, 183, "carol", "Require: 100rel\nRSeq: 1\n",
		caller_sdp("m=audio 40002 RTP/AVP 18\nc=IN IP4 127.0.0.2\n"));
	peer_answer_first(&peer, 183, "bob", "Require: 100rel\nRSeq: 7\n", caller_sdp(MEDIA));
	assert_string_equal(peer.seen, "INVITE PRACK PRACK");
	peer_answer_first(&peer, 200, "bob", "", NULL);
	assert_string_equal(log_text, "183; 183; started");
	assert_non_null(strstr(peer.seen, "PRACK ACK"));
	session_end(session, "enough");
}

static void an_answer_that_takes_nothing_ends_it(void **state)
{
	static const char *const answers[] = {
		"m=audio 0 RTP/AVP 8\nc=IN IP4 127.0.0.2\n",
		"m=audio 40000 RTP/AVP 18\nc=IN IP4 127.0.0.2\n",
		"m=video 40000 RTP/AVP 96\nc=IN IP4 127.0.0.2\n",
		NULL,
	};

	for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
		log_text[0] = peer.seen[0] = '\0';
		assert_int_equal(call(BOB), 0);
		peer_answer(&peer, 200, "bob", "", answers[i] ? caller_sdp(answers[i]) : NULL);
		assert_string_equal(peer.seen, "INVITE ACK BYE");
		assert_string_equal(
			log_text, "ended 0 the peer gave no usable answer to our offer");
	}
}

static void a_call_to_nowhere_is_refused_or_ends(void **state)
{
	assert_int_equal(call("bob"), -EINVAL);
	assert_int_equal(call("xmpp:bob@127.0.0.2"), -EPROTONOSUPPORT);
	assert_int_equal(call("sips:bob@127.0.0.2"), 0);
	peer_run(&peer, 1000);
	assert_string_equal(log_text, "ended 503 Service Unavailable");
	assert_string_equal(peer.seen, "");
}

static void of_the_headers_in_a_uri_only_replaces_is_taken(void **state)
{
	assert_int_equal(
		call(BOB ";method=INVITE?Replaces=a%40b%3Bto-tag%3D1%3Bfrom-tag%3D2&Evil=yes"), 0);
	assert_non_null(strstr(peer.last, "INVITE " BOB " SIP/2.0\r\n"));
	assert_string_equal(peer_header(&peer, "Replaces"), "a@b;to-tag=1;from-tag=2");
	assert_string_equal(peer_header(&peer, "Require"), "replaces");
	assert_null(strstr(peer.last, "Evil"));
	session_end(session, "enough");
	assert_int_equal(call(BOB "?Replaces=a%0D%0AEvil%3A%20yes"), -EINVAL);
}

static void ports_that_are_not_there_end_it(void **state)
{
	for (int i = 0; i < 8; i++) {
		in_call();
		session = NULL; /* ended by the closing */
		log_text[0] = '\0';
	}
	call(BOB);
	peer_run(&peer, 1000);
	assert_string_equal(log_text, "ended 503 Service Unavailable");
}

static void calling_survives_every_failing_allocation(void **state)
{
	for (long i = 0; i < 80; i++) {
		int err;

		peer.seen[0] = log_text[0] = '\0';
		mem_fail_after(i);
		err = call(BOB);
		if (!err && strcmp(peer.seen, "INVITE") == 0)
			peer_answer(&peer, 200, "bob", "", caller_sdp(MEDIA));
		mem_fail_after(-1);
		if (session && !err)
			session_end(session, "enough");
		session = NULL;
		peer_run(&peer, 64000);
		caller_world_settle(&peer.world);
	}
}

/* ---- referrals in a call ----------------------------------------------------------------------- */

static void on_progress(struct referrer *referrer, unsigned status, struct slice phrase, void *arg)
{
	say("progress %u", status);
}

static void on_referrer_ended(struct referrer *referrer, unsigned status, void *arg)
{
	say("referred %u", status);
}

static const struct referrer_handlers referrer_handlers = {on_progress, on_referrer_ended};

static struct referrer *refer(const char *uri, const struct session *replaces)
{
	struct referrer_params params = {.from = &room,
		.action = REFERRAL_CALL,
		.uri = slice_str(uri),
		.replaces = replaces};
	struct referrer *referrer;

	assert_int_equal(session_refer(session, &params, &referrer_handlers, NULL, &referrer), 0);
	peer_run(&peer, 1);
	return referrer;
}

static void the_peer_is_transferred_in_its_call(void **state)
{
	struct referrer *referrer;
	char call_id[128];

	in_call();
	snprintf(call_id, sizeof call_id, "%s", peer_header(&peer, "Call-ID"));
	referrer = refer("sip:carol@example.com", NULL);
	assert_string_equal(peer.seen, "REFER");
	assert_string_equal(peer_header(&peer, "Call-ID"), call_id);
	assert_string_equal(peer_header(&peer, "CSeq"), "2 REFER");
	assert_string_equal(peer_header(&peer, "Refer-To"), "<sip:carol@example.com>");
	peer_answer(&peer, 202, "bob", "", NULL);
	peer_request(&peer, "NOTIFY", "bob",
		"Event: refer;id=2\nSubscription-State: active;expires=60\n", "message/sipfrag",
		"SIP/2.0 100 Trying\n");
	peer_request(&peer, "NOTIFY", "bob",
		"Event: refer\nSubscription-State: terminated;reason=noresource\n",
		"message/sipfrag", "SIP/2.0 200 OK\n");
	assert_string_equal(log_text, "progress 100; progress 200; referred 200");
	assert_int_equal(session_state(session), SESSION_CONNECTED);
	obj_unref(referrer);
	session_end(session, "transferred");
	peer_run(&peer, 1);
	assert_string_equal(peer.seen, "REFER BYE");
}

static void a_call_that_ends_ends_its_referral(void **state)
{
	struct referrer *referrer;

	in_call();
	referrer = refer("sip:carol@example.com", NULL);
	peer_answer(&peer, 202, "bob", "", NULL);
	peer_request(&peer, "BYE", "bob", "", NULL, NULL);
	assert_string_equal(log_text, "referred 481; ended 200 hung up");
	obj_unref(referrer);
}

static void a_referral_refused_leaves_the_call_alone(void **state)
{
	struct referrer *referrer;

	in_call();
	referrer = refer("sip:carol@example.com", NULL);
	peer_answer(&peer, 603, "bob", "", NULL);
	assert_string_equal(log_text, "referred 603");
	obj_unref(referrer);
	assert_int_equal(session_state(session), SESSION_CONNECTED);
	session_end(session, "enough");
}

static void refer_us(void)
{
	in_call();
	peer_request(&peer, "REFER", "bob",
		"Refer-To: <sip:carol@example.com>\nReferred-By: <sip:bob@example.com>\n", NULL,
		NULL);
	assert_string_equal(log_text, "referred to carol@example.com by <sip:bob@example.com>");
	log_text[0] = '\0';
}

/* The peer is told how far it has come; each NOTIFY is for the subscription that REFER made. */
static void a_peer_refers_us_in_its_call_and_is_told_what_comes_of_it(void **state)
{
	take_referrals = true;
	refer_us();
	assert_string_equal(peer.seen, "NOTIFY");
	assert_non_null(strstr(peer.last, "\r\n\r\nSIP/2.0 100 Trying"));
	peer_answer(&peer, 200, "bob", "", NULL);
	referral_progress(referral, 180, SLICE_NONE);
	peer_run(&peer, 2000);
	assert_non_null(strstr(peer.last, "\r\n\r\nSIP/2.0 180 Ringing"));
	peer_answer(&peer, 200, "bob", "", NULL);
	referral_finish(referral, 200, SLICE_NONE);
	peer_run(&peer, 2000);
	assert_non_null(strstr(peer.last, "\r\n\r\nSIP/2.0 200 OK"));
	assert_true(strncmp(peer_header(&peer, "Subscription-State"), "terminated", 10) == 0);
	peer_answer(&peer, 200, "bob", "", NULL);
	assert_string_equal(log_text, "");
	referral = obj_unref(referral);
	assert_int_equal(session_state(session), SESSION_CONNECTED);
	session_end(session, "transferred");
	peer_run(&peer, 1);
}

static void a_referral_that_nobody_keeps_fails(void **state)
{
	take_referrals = false;
	refer_us();
	peer_answer(&peer, 200, "bob", "", NULL);
	peer_run(&peer, 2000);
	assert_true(strncmp(peer_header(&peer, "Subscription-State"), "terminated", 10) == 0);
	assert_non_null(strstr(peer.last, "\r\n\r\nSIP/2.0 500 "));
	assert_int_equal(session_state(session), SESSION_CONNECTED);
	session_end(session, "enough");
	peer_run(&peer, 1);
}

static void a_call_that_ends_ends_the_referral_in_it(void **state)
{
	take_referrals = true;
	refer_us();
	peer_answer(&peer, 200, "bob", "", NULL);
	peer_request(&peer, "BYE", "bob", "", NULL, NULL);
	assert_null(session);
	assert_null(referral);
	assert_string_equal(log_text, "nobody listens; ended 200 hung up");
}

static void two_calls_are_joined_by_replaces(void **state)
{
	struct session *first;
	struct referrer *referrer;
	char expected[512], call_id[128], tag[128];

	in_call();
	first = session;
	snprintf(call_id, sizeof call_id, "%s", peer_header(&peer, "Call-ID"));
	snprintf(tag, sizeof tag, "%s", strstr(peer_header(&peer, "From"), ";tag=") + 5);
	in_call();
	referrer = refer("", first);
	snprintf(expected, sizeof expected, "<%s?Replaces=%s%%3Bto-tag%%3Dbob%%3Bfrom-tag%%3D%s>",
		BOB, call_id, tag);
	assert_string_equal(peer_header(&peer, "Refer-To"), expected);
	obj_unref(referrer);
	session_end(session, "enough");
	session_end(first, "enough");
}

static void a_referral_needs_a_call_that_is_up(void **state)
{
	struct referrer_params params = {
		.from = &room, .action = REFERRAL_CALL, .uri = SLICE("sip:carol@example.com")};
	struct referrer *referrer;

	assert_int_equal(call(BOB), 0);
	assert_int_equal(
		session_refer(session, &params, &referrer_handlers, NULL, &referrer), -EINVAL);
	session_end(session, "enough");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			a_call_is_offered_answered_and_hung_up, setup, teardown),
		cmocka_unit_test_setup_teardown(a_peer_that_hangs_up_ends_it, setup, teardown),
		cmocka_unit_test_setup_teardown(a_refusal_is_told_with_its_status, setup, teardown),
		cmocka_unit_test_setup_teardown(a_call_nobody_answers_ends, setup, teardown),
		cmocka_unit_test_setup_teardown(a_ringing_call_is_taken_back, setup, teardown),
		cmocka_unit_test_setup_teardown(
			an_answer_may_come_reliably_before_the_200, setup, teardown),
		cmocka_unit_test_setup_teardown(
			an_answer_that_takes_nothing_ends_it, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_call_to_nowhere_is_refused_or_ends, setup, teardown),
		cmocka_unit_test_setup_teardown(
			of_the_headers_in_a_uri_only_replaces_is_taken, setup, teardown),
		cmocka_unit_test_setup_teardown(ports_that_are_not_there_end_it, setup, teardown),
		cmocka_unit_test_setup_teardown(
			calling_survives_every_failing_allocation, setup, teardown),
		cmocka_unit_test_setup_teardown(
			the_peer_is_transferred_in_its_call, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_call_that_ends_ends_its_referral, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_referral_refused_leaves_the_call_alone, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_peer_refers_us_in_its_call_and_is_told_what_comes_of_it, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_referral_that_nobody_keeps_fails, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_call_that_ends_ends_the_referral_in_it, setup, teardown),
		cmocka_unit_test_setup_teardown(two_calls_are_joined_by_replaces, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_referral_needs_a_call_that_is_up, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
