/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What applications begin: messages, subscriptions and referrals of ours, by SIP. */
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

static struct peer peer;
static struct identity room;
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

static int setup(void **state)
{
	struct uri uri;

	peer_open(&peer);
	log_text[0] = '\0';
	if (uri_parse(SLICE("sip:room@example.com"), &uri) < 0)
		return -1;
	return identity_set(&room, &uri, SLICE("The room"), IDENTITY_UNPROVED);
}

static int teardown(void **state)
{
	identity_free(&room);
	return peer_close(&peer) == 0 ? 0 : -1;
}

/* ---- messages ---------------------------------------------------------------------------------- */

static void on_sent(unsigned status, void *arg)
{
	say("sent %u", status);
}

static int send_message(const char *to)
{
	struct outgoing_message message = {
		.from = &room,
		.to = slice_str(to),
		.type = SLICE("text/plain"),
		.body = SLICE("Good morning"),
		.automatic = true,
	};
	int err = outgoing_message(&peer.outgoing, &message, on_sent, NULL);

	peer_run(&peer, 1);
	return err;
}

static void a_message_goes_where_its_address_leads(void **state)
{
	assert_int_equal(send_message("sip:bob@127.0.0.2"), 0);
	assert_string_equal(peer.seen, "MESSAGE");
	assert_non_null(strstr(peer.last, "MESSAGE sip:bob@127.0.0.2 SIP/2.0\r\n"));
	assert_non_null(
		strstr(peer_header(&peer, "From"), "\"The room\" <sip:room@example.com>;tag="));
	assert_string_equal(peer_header(&peer, "To"), "<sip:bob@127.0.0.2>");
	assert_string_equal(peer_header(&peer, "Content-Type"), "text/plain");
	assert_string_equal(peer_header(&peer, "Auto-Submitted"), "auto-generated");
	assert_non_null(strstr(peer.last, "\r\n\r\nGood morning"));
	assert_string_equal(log_text, "");
	peer_answer(&peer, 202, "bob", "", NULL);
	assert_string_equal(log_text, "sent 202");
}

static void a_message_nobody_answers_has_failed(void **state)
{
	assert_int_equal(send_message("sip:bob@127.0.0.2"), 0);
	peer_run(&peer, 32000);
	assert_string_equal(log_text, "sent 408");
}

static void addresses_that_lead_nowhere_are_refused(void **state)
{
	struct outgoing none = {0};
	struct outgoing_message message = {.from = &room, .to = SLICE("sip:bob@127.0.0.2")};

	assert_int_equal(send_message("bob"), -EINVAL);
	assert_int_equal(send_message("sip:bob@127.0.0.2>\r\nEvil: yes"), -EINVAL);
	assert_int_equal(send_message("xmpp:bob@127.0.0.2"), -EPROTONOSUPPORT);
	assert_int_equal(send_message("tel:+31208005169"), -EPROTONOSUPPORT);
	assert_int_equal(outgoing_message(&none, &message, NULL, NULL), -EPROTONOSUPPORT);
	assert_string_equal(peer.seen, "");
}

static void to_a_secure_address_everything_is_secure(void **state)
{
	/* The wire has no TLS: it cannot be sent, least of all in the clear. */
	assert_int_equal(send_message("sips:bob@127.0.0.2"), 0);
	peer_run(&peer, 32000);
	assert_string_equal(peer.seen, "");
	assert_string_equal(log_text, "sent 503");
}

/* ---- subscriptions ----------------------------------------------------------------------------- */

static void on_state(struct subscriber *subscriber, const struct subscription_state *state,
	bool pending, void *arg)
{
	say("%sstate %.*s %.*s", pending ? "pending " : "", SLICE_ARG(state->type),
		SLICE_ARG(state->body));
}

static void on_subscriber_ended(
	struct subscriber *subscriber, const struct subscriber_end *end, void *arg)
{
	say("ended %u retry %d", end->status, (int)end->retry_ms);
}

static const struct subscriber_handlers subscriber_handlers = {on_state, on_subscriber_ended};

static struct subscriber *subscribe(void)
{
	struct subscriber_params params = {.from = &room,
		.to = SLICE("sip:bob@127.0.0.2"),
		.package = SLICE("presence"),
		.accept = SLICE("application/pidf+xml")};
	struct subscriber *subscriber;

	assert_int_equal(outgoing_subscribe(
				 &peer.outgoing, &params, &subscriber_handlers, NULL, &subscriber),
		0);
	peer_run(&peer, 1);
	return subscriber;
}

static void states_arrive_until_the_other_side_ends_it(void **state)
{
	struct subscriber *subscriber = subscribe();

	assert_string_equal(peer.seen, "SUBSCRIBE");
	assert_string_equal(peer_header(&peer, "Event"), "presence");
	assert_string_equal(peer_header(&peer, "Accept"), "application/pidf+xml");
	assert_string_equal(peer_header(&peer, "Expires"), "3600");
	peer_answer(&peer, 200, "bob", "Expires: 600\n", NULL);
	peer_request(&peer, "NOTIFY", "bob",
		"Event: presence\nSubscription-State: pending;expires=600\n", NULL, NULL);
	peer_request(&peer, "NOTIFY", "bob",
		"Event: presence\nSubscription-State: active;expires=600\n", "application/pidf+xml",
		"open");
	peer_request(&peer, "NOTIFY", "bob",
		"Event: presence\nSubscription-State: terminated;reason=probation;retry-after=7\n",
		NULL, NULL);
	assert_string_equal(
		log_text, "pending state  ; state application/pidf+xml open; ended 200 retry 7000");
	subscriber_end(subscriber);
	obj_unref(subscriber);
	assert_string_equal(peer.seen, "SUBSCRIBE");
}

static void whoever_lets_go_of_a_subscription_unsubscribes(void **state)
{
	struct subscriber *subscriber = subscribe();

	peer_answer(&peer, 200, "bob", "Expires: 600\n", NULL);
	peer_request(&peer, "NOTIFY", "bob",
		"Event: presence\nSubscription-State: active;expires=600\n", NULL, NULL);
	obj_unref(subscriber);
	peer_run(&peer, 1);
	assert_string_equal(peer.seen, "SUBSCRIBE SUBSCRIBE");
	assert_string_equal(peer_header(&peer, "Expires"), "0");
	peer_answer(&peer, 200, "bob", "Expires: 0\n", NULL);
	peer_request(&peer, "NOTIFY", "bob",
		"Event: presence\nSubscription-State: terminated;reason=timeout\n", NULL, NULL);
	assert_string_equal(log_text, "state  ");
}

static void a_refused_subscription_has_ended(void **state)
{
	struct subscriber *subscriber = subscribe();

	peer_answer(&peer, 403, "bob", "", NULL);
	assert_string_equal(log_text, "ended 403 retry -1");
	obj_unref(subscriber);
}

/* ---- referrals --------------------------------------------------------------------------------- */

static void on_progress(struct referrer *referrer, unsigned status, struct slice phrase, void *arg)
{
	say("progress %u %.*s", status, SLICE_ARG(phrase));
}

static void on_referrer_ended(struct referrer *referrer, unsigned status, void *arg)
{
	say("ended %u", status);
}

static const struct referrer_handlers referrer_handlers = {on_progress, on_referrer_ended};

static void a_referral_tells_what_came_of_it(void **state)
{
	struct referrer_params params = {.from = &room,
		.to = SLICE("sip:bob@127.0.0.2"),
		.action = REFERRAL_CALL,
		.uri = SLICE("sip:carol@example.com")};
	struct referrer *referrer;

	assert_int_equal(
		outgoing_refer(&peer.outgoing, &params, &referrer_handlers, NULL, &referrer), 0);
	peer_run(&peer, 1);
	assert_string_equal(peer.seen, "REFER");
	assert_string_equal(peer_header(&peer, "Refer-To"), "<sip:carol@example.com>");
	assert_string_equal(
		peer_header(&peer, "Referred-By"), "\"The room\" <sip:room@example.com>");
	peer_answer(&peer, 202, "bob", "", NULL);
	peer_request(&peer, "NOTIFY", "bob",
		"Event: refer\nSubscription-State: active;expires=60\n", "message/sipfrag",
		"SIP/2.0 180 Ringing\n");
	peer_request(&peer, "NOTIFY", "bob",
		"Event: refer\nSubscription-State: terminated;reason=noresource\n",
		"message/sipfrag", "SIP/2.0 486 Busy\n");
	assert_string_equal(log_text, "progress 180 Ringing; progress 486 Busy; ended 486");
	obj_unref(referrer);
	assert_string_equal(peer.seen, "REFER");
}

static void putting_somebody_out_is_asked_for_with_bye(void **state)
{
	struct referrer_params params = {.from = &room,
		.to = SLICE("sip:bob@127.0.0.2"),
		.action = REFERRAL_LEAVE,
		.uri = SLICE("sip:carol@example.com")};
	struct referrer *referrer;

	assert_int_equal(
		outgoing_refer(&peer.outgoing, &params, &referrer_handlers, NULL, &referrer), 0);
	peer_run(&peer, 1);
	assert_string_equal(peer_header(&peer, "Refer-To"), "<sip:carol@example.com;method=BYE>");
	peer_answer(&peer, 603, "bob", "", NULL);
	assert_string_equal(log_text, "ended 603");
	obj_unref(referrer);
}

static void nothing_is_heard_of_what_was_let_go(void **state)
{
	struct referrer_params params = {.from = &room,
		.to = SLICE("sip:bob@127.0.0.2"),
		.uri = SLICE("sip:carol@example.com")};
	struct referrer *referrer;

	assert_int_equal(
		outgoing_refer(&peer.outgoing, &params, &referrer_handlers, NULL, &referrer), 0);
	peer_run(&peer, 1);
	obj_unref(referrer);
	peer_answer(&peer, 202, "bob", "", NULL);
	assert_string_equal(log_text, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			a_message_goes_where_its_address_leads, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_message_nobody_answers_has_failed, setup, teardown),
		cmocka_unit_test_setup_teardown(
			addresses_that_lead_nowhere_are_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(
			to_a_secure_address_everything_is_secure, setup, teardown),
		cmocka_unit_test_setup_teardown(
			states_arrive_until_the_other_side_ends_it, setup, teardown),
		cmocka_unit_test_setup_teardown(
			whoever_lets_go_of_a_subscription_unsubscribes, setup, teardown),
		cmocka_unit_test_setup_teardown(a_refused_subscription_has_ended, setup, teardown),
		cmocka_unit_test_setup_teardown(a_referral_tells_what_came_of_it, setup, teardown),
		cmocka_unit_test_setup_teardown(
			putting_somebody_out_is_asked_for_with_bye, setup, teardown),
		cmocka_unit_test_setup_teardown(
			nothing_is_heard_of_what_was_let_go, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
