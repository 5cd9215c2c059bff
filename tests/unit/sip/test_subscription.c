/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Subscriptions, both ends (RFC 6665), on a virtual clock and in a bad network. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "core/id.h"
#include "core/mem.h"
#include "sip/notifier.h"
#include "sip/server_transaction.h"
#include "sip/subscriber.h"
#include "wire.h"

enum {
	RUNS = 30,
	DISASTERS = 6,
	GRANTED_S = 120,
	SETTLED_MS = (GRANTED_S + 100) * 1000, /* the longest that ends may see it differently */
};

struct world {
	struct wire wire;
	struct wire_endpoint *watcher, *watched;
	struct sip_notifier_params params;
	struct sip_notifier *notifier;
	struct sip_subscriber *subscriber;
	unsigned accepted, refreshed, notifier_ended, notifier_status;
	unsigned notified, ended;
	struct sip_subscriber_end end;
	char state[64]; /* what the subscriber heard last */
	bool tcp;
	size_t alive;
};

static struct sip_body body_of(const char *text)
{
	return (struct sip_body){SLICE("text/plain"), slice_str(text)};
}

static void on_refreshed(struct sip_notifier *notifier, void *arg)
{
	struct world *w = arg;

	w->refreshed++;
}

static void on_notifier_ended(struct sip_notifier *notifier, unsigned status, void *arg)
{
	struct world *w = arg;

	w->notifier_ended++;
	w->notifier_status = status;
	w->notifier = obj_unref(w->notifier);
}

static const struct sip_notifier_handlers notifier_handlers = {
	.refreshed = on_refreshed,
	.ended = on_notifier_ended,
};

static bool on_request(struct sip_server_transaction *txn, const struct sip_msg *request, void *arg)
{
	struct world *w = arg;
	struct sip_body state = body_of("first");
	struct sip_notifier *notifier;

	if (request->method != SIP_SUBSCRIBE)
		return false;
	w->accepted++;
	if (sip_notifier_accept(&notifier, w->watched->agent, txn, &w->params, &state,
		    &notifier_handlers, w) < 0)
		return true;
	obj_unref(w->notifier);
	w->notifier = notifier;
	return true;
}

static const struct sip_agent_handlers agent_handlers = {.request = on_request};

static void on_notified(struct sip_subscriber *subscriber,
	const struct sip_subscription_status *status, const struct sip_msg *notify, void *arg)
{
	struct world *w = arg;

	w->notified++;
	if (notify->body.n)
		snprintf(w->state, sizeof w->state, "%.*s", SLICE_ARG(notify->body));
}

static void on_ended(
	struct sip_subscriber *subscriber, const struct sip_subscriber_end *end, void *arg)
{
	struct world *w = arg;

	w->ended++;
	w->end = *end;
	w->subscriber = obj_unref(w->subscriber);
}

static const struct sip_subscriber_handlers subscriber_handlers = {
	.notified = on_notified,
	.ended = on_ended,
};

static struct wire_endpoint *add(struct world *w, const char *host)
{
	static const struct sip_agent_settings settings = {
		.product = "Test", .events = "weather, news"};
	struct wire_endpoint *endpoint = wire_add(&w->wire, host, 5060);
	struct sip_agent_core core = wire_core(endpoint);

	assert_int_equal(
		sip_agent_new_with(&endpoint->agent, &core, &settings, &agent_handlers, w), 0);
	return endpoint;
}

static void open_world(struct world *w, unsigned long seed)
{
	memset(w, 0, sizeof *w);
	w->alive = obj_alive();
	random_seed_for_test(seed);
	wire_init(&w->wire, seed);
	w->wire.delay_us = 10000;
	w->watcher = add(w, "192.0.2.1");
	w->watched = add(w, "192.0.2.2");
}

static void close_world(struct world *w)
{
	w->notifier = obj_unref(w->notifier);
	w->subscriber = obj_unref(w->subscriber);
	sip_agent_close(w->watcher->agent);
	sip_agent_close(w->watched->agent);
	obj_unref(w->watcher->agent);
	obj_unref(w->watched->agent);
	wire_close(&w->wire);
	random_seed_for_test(0);
	assert_int_equal(obj_alive(), w->alive);
}

static int subscribe(struct world *w, const char *event, uint32_t expires)
{
	struct sip_subscriber_params params = {
		.uri = w->tcp ? SLICE("sip:room@192.0.2.2:5060;transport=tcp")
			      : SLICE("sip:room@192.0.2.2:5060"),
		.from = SLICE("<sip:alice@192.0.2.1>"),
		.to = SLICE("<sip:room@192.0.2.2>"),
		.event = slice_str(event),
		.accept = SLICE("text/plain"),
		.expires = expires,
	};

	return sip_subscriber_start(
		&w->subscriber, w->watcher->agent, &params, &subscriber_handlers, w);
}

static void change(struct world *w, const char *text)
{
	struct sip_body state = body_of(text);

	assert_int_equal(sip_notifier_notify(w->notifier, &state), 0);
}

static void assert_nothing_left(struct world *w)
{
	struct wire_endpoint *ends[] = {w->watcher, w->watched};

	for (int i = 0; i < 2; i++) {
		struct sip_agent_load load = sip_agent_load(ends[i]->agent);

		assert_int_equal(load.dialogs, 0);
		assert_int_equal(load.client_transactions, 0);
		assert_int_equal(load.server_transactions, 0);
	}
}

static void the_state_comes_at_once_and_when_it_changes(void **state)
{
	struct world w;

	open_world(&w, 1);
	assert_int_equal(subscribe(&w, "weather", 600), 0);
	wire_run(&w.wire, 1000);
	assert_int_equal(w.accepted, 1);
	assert_string_equal(w.state, "first");
	change(&w, "second");
	wire_run(&w.wire, 1000);
	assert_string_equal(w.state, "second");
	assert_int_equal(w.notified, 2);
	close_world(&w);
}

static void changes_while_a_notify_is_unanswered_become_one(void **state)
{
	struct world w;

	open_world(&w, 1);
	assert_int_equal(subscribe(&w, "weather", 600), 0);
	wire_run(&w.wire, 1000);
	change(&w, "a");
	change(&w, "b");
	change(&w, "c");
	wire_run(&w.wire, 1000);
	assert_string_equal(w.state, "c");
	assert_int_equal(w.notified, 3);
	close_world(&w);
}

static void it_is_refreshed_a_minute_before_it_would_end(void **state)
{
	struct world w;

	open_world(&w, 1);
	assert_int_equal(subscribe(&w, "weather", 600), 0);
	wire_run(&w.wire, 539000);
	assert_int_equal(w.refreshed, 0);
	wire_run(&w.wire, 3000);
	assert_int_equal(w.refreshed, 1);
	assert_int_equal(w.notified, 2);
	wire_run(&w.wire, 3600 * 1000);
	assert_int_equal(w.refreshed, 7);
	assert_int_equal(w.ended + w.notifier_ended, 0);
	close_world(&w);
}

static void unsubscribing_ends_both_sides(void **state)
{
	struct world w;

	open_world(&w, 1);
	assert_int_equal(subscribe(&w, "weather", 600), 0);
	wire_run(&w.wire, 1000);
	sip_subscriber_end(w.subscriber);
	sip_subscriber_end(w.subscriber);
	wire_run(&w.wire, 40000);
	assert_int_equal(w.notifier_ended, 1);
	assert_int_equal(w.notifier_status, 200);
	assert_int_equal(w.ended, 0);
	assert_nothing_left(&w);
	close_world(&w);
}

static void the_notifier_ends_it_with_a_reason(void **state)
{
	static const struct {
		enum sip_subscription_reason reason;
		int64_t retry_after, retry_ms;
	} cases[] = {
		{SIP_REASON_NORESOURCE, -1, -1},
		{SIP_REASON_REJECTED, 5, -1},
		{SIP_REASON_DEACTIVATED, -1, 0},
		{SIP_REASON_PROBATION, 120, 120000},
		{SIP_REASON_GIVEUP, -1, 60000},
		{SIP_REASON_NONE, -1, 0},
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct world w;

		open_world(&w, 1);
		assert_int_equal(subscribe(&w, "weather", 600), 0);
		wire_run(&w.wire, 1000);
		sip_notifier_end(w.notifier, cases[i].reason, cases[i].retry_after, NULL);
		wire_run(&w.wire, 40000);
		assert_int_equal(w.ended, 1);
		assert_int_equal(w.end.reason, cases[i].reason);
		assert_int_equal(w.end.retry_ms, cases[i].retry_ms);
		assert_int_equal(w.notifier_ended, 0);
		assert_nothing_left(&w);
		close_world(&w);
	}
}

/* The watcher has vanished: NOTIFY at expiry goes unanswered, and nothing stays. */
static void a_subscription_nobody_refreshes_ends_when_its_time_is_over(void **state)
{
	struct world w;

	open_world(&w, 1);
	assert_int_equal(subscribe(&w, "weather", 600), 0);
	wire_run(&w.wire, 1000);
	sip_agent_close(w.watcher->agent);
	wire_run(&w.wire, 590000);
	assert_int_equal(w.notifier_ended, 0);
	wire_run(&w.wire, 10000);
	assert_int_equal(w.notifier_ended, 1);
	wire_run(&w.wire, 80000);
	assert_nothing_left(&w);
	close_world(&w);
}

static void a_notify_nobody_answers_ends_it(void **state)
{
	struct world w;

	open_world(&w, 1);
	assert_int_equal(subscribe(&w, "weather", 600), 0);
	wire_run(&w.wire, 1000);
	sip_agent_close(w.watcher->agent);
	change(&w, "second");
	wire_run(&w.wire, 31000);
	assert_int_equal(w.notifier_ended, 0);
	wire_run(&w.wire, 2000);
	assert_int_equal(w.notifier_ended, 1);
	assert_int_equal(w.notifier_status, 408);
	close_world(&w);
}

/* RFC 6665 4.1.2.2: refreshes fail, it lasts until its time is over. */
static void a_watched_that_has_vanished_is_noticed(void **state)
{
	struct world w;

	open_world(&w, 1);
	assert_int_equal(subscribe(&w, "weather", 600), 0);
	wire_run(&w.wire, 1000);
	sip_agent_close(w.watched->agent);
	wire_run(&w.wire, 610000);
	assert_int_equal(w.ended, 1);
	assert_int_equal(w.end.status, 408);
	close_world(&w);
}

static void too_short_an_interval_is_asked_for_again_as_423_says(void **state)
{
	struct world w;

	open_world(&w, 1);
	w.params.min_expires = 300;
	assert_int_equal(subscribe(&w, "weather", 60), 0);
	wire_run(&w.wire, 1000);
	assert_int_equal(w.accepted, 2);
	assert_int_equal(w.notified, 1);
	assert_in_range(sip_notifier_expires(w.notifier), 290, 300);
	close_world(&w);
}

static void too_long_an_interval_is_shortened(void **state)
{
	struct world w;

	open_world(&w, 1);
	w.params.max_expires = 100;
	assert_int_equal(subscribe(&w, "weather", 86400), 0);
	wire_run(&w.wire, 49000);
	assert_int_equal(w.refreshed, 0);
	wire_run(&w.wire, 3000);
	assert_int_equal(w.refreshed, 1);
	close_world(&w);
}

static void an_unknown_package_is_refused(void **state)
{
	struct world w;

	open_world(&w, 1);
	assert_int_equal(subscribe(&w, "presence", 600), 0);
	wire_run(&w.wire, 1000);
	assert_int_equal(w.ended, 1);
	assert_int_equal(w.end.status, 489);
	assert_int_equal(w.accepted, 0);
	wire_run(&w.wire, 80000);
	assert_nothing_left(&w);
	close_world(&w);
}

static void pending_becomes_active_by_consent(void **state)
{
	struct sip_body consent = body_of("consent");
	struct world w;

	open_world(&w, 1);
	w.params.pending = true;
	assert_int_equal(subscribe(&w, "weather", 600), 0);
	wire_run(&w.wire, 1000);
	assert_int_equal(w.notified, 1);
	assert_int_equal(sip_notifier_activate(w.notifier, &consent), 0);
	wire_run(&w.wire, 1000);
	assert_string_equal(w.state, "consent");
	close_world(&w);
}

/* Loss, repetition, reordering: what was last said arrives, and nothing is left. */
static void states_arrive_and_nothing_is_left_in_a_bad_network(void **state)
{
	const char *given = getenv("TEST_SEED");
	unsigned long seed = given ? strtoul(given, NULL, 10) : 1;
	unsigned long last = given ? seed : RUNS;
	unsigned through = 0;

	for (; seed <= last; seed++) {
		struct world w;

		open_world(&w, seed);
		w.wire.jitter_us = 80000;
		w.wire.loss_permille = 200;
		w.wire.duplicate_permille = 100;
		assert_int_equal(subscribe(&w, "weather", 120), 0);
		for (int i = 0; i < 20; i++) {
			char text[16];

			wire_run(&w.wire, 20000 + random_below(20000));
			snprintf(text, sizeof text, "state %d", i);
			if (w.notifier)
				change(&w, text);
		}
		wire_run(&w.wire, 40000);
		if (w.notifier && w.subscriber) {
			through++;
			if (strcmp(w.state, "state 19") != 0)
				fail_msg("the last state is missing, seed %lu", seed);
		}
		if (w.subscriber)
			sip_subscriber_end(w.subscriber);
		wire_run(&w.wire, 200000);
		if (sip_agent_load(w.watched->agent).dialogs ||
			sip_agent_load(w.watcher->agent).dialogs)
			fail_msg("dialogs are left, seed %lu", seed);
		close_world(&w);
	}
	if (!given)
		assert_in_range(through, RUNS / 2, RUNS);
}

/* Something goes wrong for up to an hour; then it is mended. */
static void disaster(struct world *w)
{
	unsigned lasts_ms = random_below(3) ? random_below(300000) : 3600 * 1000;

	switch (random_below(6)) {
	case 0: /* connection loss, told to either end */
		wire_break(&w->wire, &w->watcher->addr, &w->watched->addr);
		wire_break(&w->wire, &w->watched->addr, &w->watcher->addr);
		lasts_ms = 0;
		break;
	case 1: /* told to one end alone */
		wire_break(&w->wire, &w->watched->addr, &w->watcher->addr);
		lasts_ms = 0;
		break;
	case 2: /* half-open: told to nobody */
		w->wire.cut = true;
		break;
	case 3:
		wire_stop(w->watcher);
		break;
	case 4:
		wire_stop(w->watched);
		break;
	default: /* the machine that both run on sleeps */
		wire_stop(w->watcher);
		wire_stop(w->watched);
		break;
	}
	/* Changes go on being told, or fail to be. */
	for (unsigned i = 0; i < 4; i++) {
		if (w->notifier && !w->watched->stopped)
			change(w, "meanwhile");
		wire_run(&w->wire, lasts_ms / 4);
	}
	w->wire.cut = false;
	wire_go_on(w->watcher);
	wire_go_on(w->watched);
}

/* Both ends have it, and what changes arrives; or neither has. */
static void expect_agreement(struct world *w, unsigned long seed, int n)
{
	char text[32];

	wire_run(&w->wire, SETTLED_MS);
	if (!w->subscriber != !w->notifier)
		fail_msg("%s alone has a subscription, seed %lu, disaster %d",
			w->subscriber ? "the subscriber" : "the notifier", seed, n);
	if (!w->subscriber)
		return;
	snprintf(text, sizeof text, "after %d", n);
	change(w, text);
	wire_run(&w->wire, 40000);
	if (strcmp(w->state, text) != 0)
		fail_msg("the state is \"%s\", seed %lu, disaster %d", w->state, seed, n);
}

static unsigned run_disasters(unsigned long seed)
{
	unsigned survived = 0;
	struct world w;

	open_world(&w, seed);
	w.tcp = seed % 2;
	w.wire.jitter_us = 80000;
	w.wire.loss_permille = 150;
	w.wire.duplicate_permille = 100;
	for (int i = 0; i < DISASTERS; i++) {
		if (!w.subscriber)
			assert_int_equal(subscribe(&w, "weather", GRANTED_S), 0);
		wire_run(&w.wire, 1000 + random_below(200000));
		disaster(&w);
		expect_agreement(&w, seed, i);
		survived += w.subscriber != NULL;
	}
	if (w.subscriber)
		sip_subscriber_end(w.subscriber);
	wire_run(&w.wire, SETTLED_MS);
	assert_nothing_left(&w);
	close_world(&w);
	return survived;
}

/* As calls (test_sip_network) and registrations (test_register_network). */
static void both_ends_agree_on_a_subscription_whatever_breaks_or_stops(void **state)
{
	const char *seed = getenv("TEST_SEED");
	unsigned survived = 0;

	if (seed) {
		run_disasters(strtoul(seed, NULL, 10));
		return;
	}
	for (unsigned long i = 1; i <= RUNS; i++)
		survived += run_disasters(i);
	/* Some are too long for any subscription; most broken connections are not. */
	assert_in_range(survived, RUNS * DISASTERS / 4, RUNS * DISASTERS);
}

static void subscription_survives_every_failing_allocation(void **state)
{
	for (long i = 0; i < 150; i++) {
		struct world w;

		open_world(&w, 1);
		mem_fail_after(i);
		if (subscribe(&w, "weather", 600) == 0) {
			wire_run(&w.wire, 1000);
			if (w.notifier) {
				struct sip_body second = body_of("second");

				sip_notifier_notify(w.notifier, &second);
			}
			wire_run(&w.wire, 1000);
			if (w.subscriber)
				sip_subscriber_end(w.subscriber);
			wire_run(&w.wire, 1000);
		}
		mem_fail_after(-1);
		wire_run(&w.wire, 700000);
		assert_nothing_left(&w);
		close_world(&w);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_state_comes_at_once_and_when_it_changes),
		cmocka_unit_test(changes_while_a_notify_is_unanswered_become_one),
		cmocka_unit_test(it_is_refreshed_a_minute_before_it_would_end),
		cmocka_unit_test(unsubscribing_ends_both_sides),
		cmocka_unit_test(the_notifier_ends_it_with_a_reason),
		cmocka_unit_test(a_subscription_nobody_refreshes_ends_when_its_time_is_over),
		cmocka_unit_test(a_notify_nobody_answers_ends_it),
		cmocka_unit_test(a_watched_that_has_vanished_is_noticed),
		cmocka_unit_test(too_short_an_interval_is_asked_for_again_as_423_says),
		cmocka_unit_test(too_long_an_interval_is_shortened),
		cmocka_unit_test(an_unknown_package_is_refused),
		cmocka_unit_test(pending_becomes_active_by_consent),
		cmocka_unit_test(states_arrive_and_nothing_is_left_in_a_bad_network),
		cmocka_unit_test(both_ends_agree_on_a_subscription_whatever_breaks_or_stops),
		cmocka_unit_test(subscription_survives_every_failing_allocation),
	};

	return cmocka_run_group_tests_name("subscription", tests, NULL, NULL);
}
