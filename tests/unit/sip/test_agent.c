/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Agent: caps, admission, memory of what lasts, failing allocations, paced shutdown. */
#include "sip/agent.h"

#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/mem.h"
#include "one_agent.h"
#include "sip/invite.h"

struct fixture {
	struct one_agent one;
	unsigned invites, ended, status, most_in_a_step;
	bool refuse, done, slow;
};

static const struct sip_body body = {
	{"application/sdp", sizeof "application/sdp" - 1}, {"v=0\r\n", 5}};

static void on_ended(
	struct sip_invite *invite, unsigned status, const struct sip_msg *message, void *arg)
{
	struct fixture *f = arg;

	f->ended++;
	f->status = status;
}

static const struct sip_invite_handlers handlers = {.ended = on_ended};

static void on_invite(struct sip_invite *invite, const struct sip_msg *request, void *arg)
{
	struct fixture *f = arg;

	f->invites++;
	sip_invite_set_handlers(invite, &handlers, f);
	if (!f->slow)
		sip_invite_accept(invite, &body, SLICE_NONE);
}

static bool admit(const struct addr *source, void *arg)
{
	struct fixture *f = arg;

	return !f->refuse;
}

static const struct sip_agent_handlers agent_handlers = {.admit = admit, .invite = on_invite};

static void open_with(struct fixture *f, size_t transactions, size_t per_source)
{
	struct sip_limits limits = {transactions, per_source};

	memset(f, 0, sizeof *f);
	one_agent_open(&f->one, &agent_handlers, f, &limits);
}

static void close_it(struct fixture *f)
{
	assert_int_equal(one_agent_close(&f->one), 0);
}

static void source_over_its_share_gets_503_and_others_are_served(void **state)
{
	struct fixture f;
	char branch[32];

	open_with(&f, 5, 3);
	for (int i = 0; i < 4; i++) {
		snprintf(branch, sizeof branch, "z9hG4bK%d", i);
		f.one.peer = wire_addr("192.0.2.1", (uint16_t)(5060 + i));
		one_agent_request(&f.one, SIP_UDP, "OPTIONS", (unsigned)i, branch, NULL);
		assert_true(one_agent_last_is(&f.one, i < 3 ? "SIP/2.0 200" : "SIP/2.0 503"));
	}
	assert_string_equal(one_agent_header(&f.one, "Retry-After"), "10");
	f.one.peer = wire_addr("192.0.2.2", 5060);
	one_agent_request(&f.one, SIP_UDP, "OPTIONS", 11, NULL, NULL);
	assert_true(one_agent_last_is(&f.one, "SIP/2.0 200"));
	f.one.peer = wire_addr("2001:db8::1", 5060);
	one_agent_request(&f.one, SIP_UDP, "OPTIONS", 12, NULL, NULL);
	assert_true(one_agent_last_is(&f.one, "SIP/2.0 200"));
	f.one.peer = wire_addr("192.0.2.3", 5060);
	one_agent_request(&f.one, SIP_UDP, "OPTIONS", 13, NULL, NULL);
	assert_true(one_agent_last_is(&f.one, "SIP/2.0 503")); /* the total */
	wire_run(&f.one.wire, 32000);
	one_agent_request(&f.one, SIP_UDP, "OPTIONS", 14, NULL, NULL);
	assert_true(one_agent_last_is(&f.one, "SIP/2.0 200"));
	close_it(&f);
}

/* Those of which hardly any repetition will come do not keep new ones out. */
static void transactions_that_finished_long_ago_make_room(void **state)
{
	struct fixture f;

	open_with(&f, 5, 3);
	for (unsigned i = 0; i < 3; i++)
		one_agent_request(&f.one, SIP_UDP, "OPTIONS", i, NULL, NULL);
	wire_run(&f.one.wire, 7900);
	one_agent_request(&f.one, SIP_UDP, "OPTIONS", 3, NULL, NULL);
	assert_true(one_agent_last_is(&f.one, "SIP/2.0 503"));
	wire_run(&f.one.wire, 200);
	for (unsigned i = 4; i < 7; i++) {
		one_agent_request(&f.one, SIP_UDP, "OPTIONS", i, NULL, NULL);
		assert_true(one_agent_last_is(&f.one, "SIP/2.0 200"));
		assert_int_equal(sip_agent_load(f.one.agent).server_transactions, 3);
	}
	one_agent_request(&f.one, SIP_UDP, "OPTIONS", 7, NULL, NULL);
	assert_true(one_agent_last_is(&f.one, "SIP/2.0 503"));
	/* Those that are not answered yet stay. */
	wire_run(&f.one.wire, 33000);
	f.slow = true;
	for (unsigned i = 8; i < 11; i++)
		one_agent_request(&f.one, SIP_UDP, "INVITE", i, NULL, NULL);
	wire_run(&f.one.wire, 9000);
	one_agent_request(&f.one, SIP_UDP, "OPTIONS", 11, NULL, NULL);
	assert_true(one_agent_last_is(&f.one, "SIP/2.0 503"));
	close_it(&f);
}

static void one_ipv6_site_is_one_source(void **state)
{
	struct fixture f;

	open_with(&f, 10, 1);
	f.one.peer = wire_addr("2001:db8::1", 5060);
	one_agent_request(&f.one, SIP_UDP, "OPTIONS", 1, NULL, NULL);
	f.one.peer = wire_addr("2001:db8::ffff:2", 5060);
	one_agent_request(&f.one, SIP_UDP, "OPTIONS", 2, NULL, NULL);
	assert_true(one_agent_last_is(&f.one, "SIP/2.0 503"));
	f.one.peer = wire_addr("2001:db8:0:1::1", 5060);
	one_agent_request(&f.one, SIP_UDP, "OPTIONS", 3, NULL, NULL);
	assert_true(one_agent_last_is(&f.one, "SIP/2.0 200"));
	close_it(&f);
}

static void source_that_is_not_trusted_gets_403(void **state)
{
	struct fixture f;

	open_with(&f, 0, 0);
	f.refuse = true;
	one_agent_request(&f.one, SIP_UDP, "INVITE", 1, NULL, NULL);
	assert_true(one_agent_last_is(&f.one, "SIP/2.0 403"));
	assert_int_equal(f.invites, 0);
	f.one.sent = 0;
	one_agent_request(&f.one, SIP_UDP, "ACK", 1, NULL, NULL);
	assert_int_equal(f.one.sent, 0);
	assert_int_equal(sip_agent_load(f.one.agent).server_transactions, 0);
	close_it(&f);
}

static void place_calls(struct fixture *f, unsigned n, bool keep)
{
	for (unsigned i = 0; i < n; i++) {
		char call_id[32], tag[64];

		snprintf(call_id, sizeof call_id, "call%u@192.0.2.1", i);
		for (int step = 0; step < (keep ? 2 : 3); step++) {
			static const char *const methods[] = {"INVITE", "ACK", "BYE"};

			one_agent_receive(&f->one, SIP_UDP,
				"%s sip:room@192.0.2.10 SIP/2.0\n"
				"Via: SIP/2.0/UDP "
				"192.0.2.1:5060;branch=z9hG4bK-524287-1-%s%u;rport\n"
				"Max-Forwards: 70\n"
				"From: \"Alice\" <sip:alice@example.com>;tag=alice%u\n"
				"To: <sip:room@conference.example.com>%s%s\n"
				"Call-ID: %s\n"
				"CSeq: %d %s\n"
				"Contact: <sip:alice@192.0.2.1:5060>\n"
				"User-Agent: Example Phone 1.0\n"
				"Content-Length: 0\n\n",
				methods[step], methods[step], i, i, step ? ";tag=" : "",
				step ? tag : "", call_id, step == 2 ? 2 : 1, methods[step]);
			snprintf(tag, sizeof tag, "%s", one_agent_to_tag(&f->one));
		}
	}
}

static size_t allocated(void)
{
	return mallinfo2().uordblks;
}

/* The design's figures: 4 KB per established call, 700 bytes per finished transaction. */
static void memory_of_calls_and_of_finished_transactions_is_bounded(void **state)
{
	enum { N = 1000 };
	struct fixture f;
	size_t before, calls, transactions;

	open_with(&f, 0, 0);
	place_calls(&f, 1, true);
	before = allocated();
	for (unsigned i = 0; i < 1; i++)
		place_calls(&f, N, false);
	transactions = (allocated() - before) / (2 * (size_t)N);
	wire_run(&f.one.wire, 33000);
	before = allocated();
	place_calls(&f, N, true);
	wire_run(&f.one.wire, 33000);
	calls = (allocated() - before) / (size_t)N;
	print_message("%zu bytes per finished transaction, %zu per call\n", transactions, calls);
#if !defined __SANITIZE_ADDRESS__
	assert_in_range(transactions, 1, 800);
	assert_in_range(calls, 1, 4096);
#endif
	close_it(&f);
}

static void on_shut_down(void *arg)
{
	struct fixture *f = arg;

	f->done = true;
}

static void shutdown_sends_byes_at_a_measured_pace(void **state)
{
	enum { N = 400 };
	struct fixture f;

	open_with(&f, 0, 0);
	place_calls(&f, N, true);
	one_agent_mark(&f.one);
	sip_agent_shutdown(f.one.agent, 3000, on_shut_down, &f);
	assert_int_equal(f.one.sent, 0);
	for (unsigned last = 0; last < N; last = f.one.sent) {
		wire_run(&f.one.wire, 5);
		assert_in_range(f.one.sent - last, 1, 100);
		if (f.one.wire.timers.now > 1000000 + 400000)
			break;
	}
	assert_in_range(f.one.sent, N, 2 * N);
	assert_false(f.done);
	wire_run(&f.one.wire, 3000); /* nobody answers: the limit */
	assert_true(f.done);
	assert_int_equal(f.ended, N);
	close_it(&f);
}

static void shutdown_without_calls_is_done_at_once(void **state)
{
	struct fixture f;

	open_with(&f, 0, 0);
	sip_agent_shutdown(f.one.agent, 3000, on_shut_down, &f);
	wire_run(&f.one.wire, 1);
	assert_true(f.done);
	close_it(&f);
}

/* A whole call with the i-th allocation failing, for each i: it ends, and nothing is left. */
static void call_survives_every_failing_allocation(void **state)
{
	struct fixture f;

	for (long i = 0; i < 80; i++) {
		open_with(&f, 0, 0);
		mem_fail_after(i);
		place_calls(&f, 1, false);
		mem_fail_after(-1);
		/* Its BYE may have got 503: then it is ended from here. */
		sip_agent_shutdown(f.one.agent, 1000, on_shut_down, &f);
		wire_run(&f.one.wire, 200000);
		assert_int_equal(sip_agent_load(f.one.agent).invites, 0);
		assert_int_equal(sip_agent_load(f.one.agent).server_transactions, 0);
		assert_int_equal(sip_agent_load(f.one.agent).client_transactions, 0);
		assert_true(f.done);
		close_it(&f);
	}
}

/* The same with an application that answers later, so that the request must be kept. */
static void ringing_call_survives_every_failing_allocation(void **state)
{
	struct fixture f;

	for (long i = 0; i < 40; i++) {
		open_with(&f, 0, 0);
		f.slow = true;
		mem_fail_after(i);
		one_agent_request(&f.one, SIP_UDP, "INVITE", 1, NULL, NULL);
		mem_fail_after(-1);
		wire_run(&f.one.wire, 100000);
		one_agent_request(&f.one, SIP_UDP, "CANCEL", 1, "z9hG4bKINVITE1", NULL);
		wire_run(&f.one.wire, 100000);
		assert_int_equal(sip_agent_load(f.one.agent).invites, 0);
		assert_int_equal(sip_agent_load(f.one.agent).server_transactions, 0);
		assert_int_equal(f.ended, f.invites);
		close_it(&f);
	}
}

static void our_call_survives_every_failing_allocation(void **state)
{
	struct sip_invite_target target = {
		.uri = SLICE("sip:bob@192.0.2.1:5060"),
		.from = SLICE("<sip:room@192.0.2.10>"),
		.to = SLICE("<sip:bob@192.0.2.1>"),
	};
	struct fixture f;

	for (long i = 0; i < 80; i++) {
		struct sip_invite *invite = NULL;

		open_with(&f, 0, 0);
		target.next_hop = f.one.peer;
		mem_fail_after(i);
		if (sip_invite_connect(
			    &invite, f.one.agent, &target, &body, SLICE_NONE, &handlers, &f) == 0) {
			one_agent_respond(&f.one, SIP_UDP, 180, "bob");
			one_agent_respond(&f.one, SIP_UDP, 200, "bob");
			sip_invite_renegotiate(invite, &body, SLICE_NONE);
			sip_invite_end(invite, SLICE("SIP;cause=200"));
		}
		mem_fail_after(-1);
		wire_run(&f.one.wire, 200000);
		assert_int_equal(sip_agent_load(f.one.agent).invites, 0);
		assert_int_equal(sip_agent_load(f.one.agent).client_transactions, 0);
		assert_int_equal(f.ended, invite ? 1 : 0);
		obj_unref(invite);
		close_it(&f);
	}
}

static void making_an_agent_survives_every_failing_allocation(void **state)
{
	static const struct sip_agent_settings settings = {.product = "Test"};
	struct timer_set timers;
	struct sip_agent_core core = {.timers = &timers};
	size_t alive = obj_alive();

	timer_set_init(&timers, 0);
	for (long i = 0; i < 20; i++) {
		struct sip_agent *agent = NULL;

		mem_fail_after(i);
		sip_agent_new_with(&agent, &core, &settings, &agent_handlers, NULL);
		mem_fail_after(-1);
		obj_unref(agent);
	}
	assert_int_equal(obj_alive(), alive);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(source_over_its_share_gets_503_and_others_are_served),
		cmocka_unit_test(transactions_that_finished_long_ago_make_room),
		cmocka_unit_test(one_ipv6_site_is_one_source),
		cmocka_unit_test(source_that_is_not_trusted_gets_403),
		cmocka_unit_test(memory_of_calls_and_of_finished_transactions_is_bounded),
		cmocka_unit_test(shutdown_sends_byes_at_a_measured_pace),
		cmocka_unit_test(shutdown_without_calls_is_done_at_once),
		cmocka_unit_test(call_survives_every_failing_allocation),
		cmocka_unit_test(ringing_call_survives_every_failing_allocation),
		cmocka_unit_test(our_call_survives_every_failing_allocation),
		cmocka_unit_test(making_an_agent_survives_every_failing_allocation),
	};

	return cmocka_run_group_tests_name("agent", tests, NULL, NULL);
}
