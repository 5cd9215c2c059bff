/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Server transaction: every state and timer of RFC 3261 17.2, RFC 6026, RFC 4320. */
#include "sip/server_transaction.h"

#include <errno.h>
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

struct fixture {
	struct one_agent one;
	struct sip_server_transaction *txn; /* the last MESSAGE's */
	unsigned requests, failed;
	int err;
	bool now; /* answer it in the handler */
};

static void on_failed(struct sip_server_transaction *txn, int err, void *arg)
{
	struct fixture *f = arg;

	f->failed++;
	f->err = err;
}

static const struct sip_server_transaction_handlers handlers = {.failed = on_failed};

static int answer(struct fixture *f, unsigned status)
{
	return sip_server_transaction_reply(f->txn, status, SLICE_NONE, SLICE_NONE, SLICE_NONE);
}

static bool on_request(struct sip_server_transaction *txn, const struct sip_msg *request, void *arg)
{
	struct fixture *f = arg;

	f->requests++;
	obj_unref(f->txn);
	f->txn = obj_ref(txn);
	sip_server_transaction_set_handlers(txn, &handlers, f);
	if (f->now)
		answer(f, 200);
	return true;
}

/* Takes the call's transaction from under the usage by refusing the call at once. */
static void on_invite(struct sip_invite *invite, const struct sip_msg *request, void *arg)
{
	struct fixture *f = arg;

	f->requests++;
}

static const struct sip_agent_handlers agent_handlers = {
	.invite = on_invite, .request = on_request};

static int setup(void **state)
{
	struct fixture *f = test_calloc(1, sizeof *f);

	one_agent_open(&f->one, &agent_handlers, f, NULL);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	obj_unref(f->txn);
	assert_int_equal(one_agent_close(&f->one), 0);
	test_free(f);
	return 0;
}

static size_t alive(const struct fixture *f)
{
	return sip_agent_load(f->one.agent).server_transactions;
}

static void response_is_repeated_for_64_t1_over_udp(void **state)
{
	struct fixture *f = *state;

	f->now = true;
	one_agent_request(&f->one, SIP_UDP, "MESSAGE", 1, NULL, NULL);
	assert_true(one_agent_last_is(&f->one, "SIP/2.0 200"));
	wire_run(&f->one.wire, 31999);
	one_agent_request(&f->one, SIP_UDP, "MESSAGE", 1, NULL, NULL);
	assert_int_equal(f->one.sent, 2);
	assert_int_equal(f->requests, 1);
	wire_run(&f->one.wire, 1); /* timer J */
	assert_int_equal(alive(f), 0);
	one_agent_request(&f->one, SIP_UDP, "MESSAGE", 1, NULL, NULL);
	assert_int_equal(f->requests, 2);
}

static void transaction_ends_with_its_response_over_a_connection(void **state)
{
	struct fixture *f = *state;

	f->now = true;
	one_agent_request(&f->one, SIP_TCP, "MESSAGE", 1, NULL, NULL);
	assert_int_equal(alive(f), 0); /* timer J is 0 */
}

static void retransmission_before_the_answer_is_absorbed(void **state)
{
	struct fixture *f = *state;

	one_agent_request(&f->one, SIP_UDP, "MESSAGE", 1, NULL, NULL);
	one_agent_request(&f->one, SIP_UDP, "MESSAGE", 1, NULL, NULL);
	assert_int_equal(f->requests, 1);
	assert_int_equal(f->one.sent, 0);
	assert_int_equal(answer(f, 200), 0);
	assert_int_equal(f->one.sent, 1);
}

static void trying_is_sent_when_the_client_has_reached_t2(void **state)
{
	struct fixture *f = *state;

	one_agent_request(&f->one, SIP_UDP, "MESSAGE", 1, NULL, NULL);
	wire_run(&f->one.wire, 3499);
	assert_int_equal(f->one.sent, 0); /* RFC 4320 4.1: not earlier */
	wire_run(&f->one.wire, 1);
	assert_int_equal(f->one.sent, 1);
	assert_true(one_agent_last_is(&f->one, "SIP/2.0 100"));
	one_agent_request(&f->one, SIP_UDP, "MESSAGE", 1, NULL, NULL);
	assert_int_equal(f->one.sent, 2);
	assert_int_equal(answer(f, 180), -EINVAL);
	assert_int_equal(answer(f, 200), 0);
	assert_int_equal(answer(f, 200), -EALREADY);
}

static void no_answer_in_time_is_no_answer(void **state)
{
	struct fixture *f = *state;

	one_agent_request(&f->one, SIP_UDP, "MESSAGE", 1, NULL, NULL);
	wire_run(&f->one.wire, 31999);
	assert_int_equal(f->failed, 0);
	one_agent_mark(&f->one);
	wire_run(&f->one.wire, 1);
	assert_int_equal(f->one.sent, 0); /* RFC 4320 4.2: no 408 */
	assert_int_equal(f->failed, 1);
	assert_int_equal(f->err, -ETIMEDOUT);
	assert_int_equal(answer(f, 200), -ETIMEDOUT);
	assert_int_equal(alive(f), 0);
}

static void refused_invite_is_repeated_by_timer_g_until_timer_h(void **state)
{
	static const uint64_t due[] = {
		0, 500, 1500, 3500, 7500, 11500, 15500, 19500, 23500, 27500, 31500};
	struct fixture *f = *state;

	one_agent_request(&f->one, SIP_UDP, "INVITE", 1, NULL, NULL);
	assert_int_equal(f->one.sent, 2); /* 100, and 500 as nobody took it */
	f->one.sent = 0;
	one_agent_request(&f->one, SIP_UDP, "INVITE", 1, NULL, NULL);
	wire_run(&f->one.wire, 31999);
	assert_int_equal(f->one.sent, sizeof due / sizeof due[0]);
	for (size_t i = 0; i < sizeof due / sizeof due[0]; i++)
		assert_int_equal(f->one.when[i], due[i]);
	assert_int_equal(alive(f), 1);
	wire_run(&f->one.wire, 1);
	assert_int_equal(alive(f), 0);
}

static void ack_confirms_and_timer_i_absorbs_more(void **state)
{
	struct fixture *f = *state;

	one_agent_request(&f->one, SIP_UDP, "INVITE", 1, NULL, NULL);
	one_agent_request(&f->one, SIP_UDP, "ACK", 1, "z9hG4bKINVITE1", one_agent_to_tag(&f->one));
	one_agent_mark(&f->one);
	one_agent_request(&f->one, SIP_UDP, "ACK", 1, "z9hG4bKINVITE1", NULL);
	one_agent_request(&f->one, SIP_UDP, "INVITE", 1, NULL, NULL); /* a late one */
	wire_run(&f->one.wire, 4999);
	assert_int_equal(f->one.sent, 0);
	assert_int_equal(f->requests, 1);
	assert_int_equal(alive(f), 1);
	wire_run(&f->one.wire, 1); /* timer I */
	assert_int_equal(alive(f), 0);
}

static void over_a_connection_an_ack_ends_it_at_once(void **state)
{
	struct fixture *f = *state;

	one_agent_request(&f->one, SIP_TCP, "INVITE", 1, NULL, NULL);
	one_agent_mark(&f->one);
	wire_run(&f->one.wire, 10000);
	assert_int_equal(f->one.sent, 0); /* no timer G */
	assert_int_equal(alive(f), 1);
	one_agent_request(&f->one, SIP_TCP, "ACK", 1, "z9hG4bKINVITE1", "x");
	assert_int_equal(alive(f), 0);
}

static void broken_connection_is_opened_anew_for_the_response(void **state)
{
	struct fixture *f = *state;

	one_agent_request(&f->one, SIP_TCP, "MESSAGE", 1, NULL, NULL);
	f->one.peer = wire_addr("192.0.2.1", 5060);
	wire_break(&f->one.wire, &f->one.endpoint->addr, &f->one.peer);
	assert_int_equal(answer(f, 200), 0);
	assert_int_equal(f->one.sent, 1);
	assert_true(one_agent_last_is(&f->one, "SIP/2.0 200"));
}

static void answer_too_large_for_the_network_leaves_room_for_another(void **state)
{
	struct fixture *f = *state;

	one_agent_request(&f->one, SIP_UDP, "MESSAGE", 1, NULL, NULL);
	f->one.wire.send_error = -EMSGSIZE;
	assert_int_equal(answer(f, 200), -EMSGSIZE);
	f->one.wire.send_error = 0;
	assert_int_equal(answer(f, 500), 0);
	assert_true(one_agent_last_is(&f->one, "SIP/2.0 500"));
}

static void bad_header_lines_are_refused(void **state)
{
	struct fixture *f = *state;

	one_agent_request(&f->one, SIP_UDP, "MESSAGE", 1, NULL, NULL);
	assert_int_equal(sip_server_transaction_reply(
				 f->txn, 200, SLICE("X: y\r\n\r\nevil"), SLICE_NONE, SLICE_NONE),
		-EINVAL);
	assert_int_equal(f->one.sent, 0);
	assert_int_equal(answer(f, 200), 0);
}

static void other_branch_or_method_is_another_transaction(void **state)
{
	struct fixture *f = *state;

	one_agent_request(&f->one, SIP_UDP, "MESSAGE", 1, "z9hG4bKsame", NULL);
	one_agent_request(&f->one, SIP_UDP, "MESSAGE", 1, "z9hG4bKSAME", NULL);
	assert_int_equal(f->requests, 1); /* tokens compare without case */
	one_agent_request(&f->one, SIP_UDP, "MESSAGE", 2, "z9hG4bKother", NULL);
	assert_int_equal(f->requests, 2);
	one_agent_request(&f->one, SIP_UDP, "INVITE", 2, "z9hG4bKother", NULL);
	assert_int_equal(f->requests, 3);
}

static void same_branch_from_another_host_is_another_transaction(void **state)
{
	struct fixture *f = *state;

	for (int i = 1; i <= 2; i++)
		one_agent_receive(&f->one, SIP_UDP,
			"MESSAGE sip:room@192.0.2.10 SIP/2.0\n"
			"Via: SIP/2.0/UDP 192.0.2.%d:5060;branch=z9hG4bKsame\n"
			"Max-Forwards: 70\n"
			"From: <sip:alice@192.0.2.1>;tag=alice%d\n"
			"To: <sip:room@192.0.2.10>\n"
			"Call-ID: one\nCSeq: 1 MESSAGE\nContent-Length: 0\n\n",
			i, i);
	assert_int_equal(f->requests, 2);
}

/* Neither the refusal nor anything else can be sent: it must not stay for ever. */
static void invite_that_nobody_can_answer_is_forgotten(void **state)
{
	struct fixture *f = *state;

	f->one.wire.send_error = -EMSGSIZE;
	one_agent_request(&f->one, SIP_UDP, "INVITE", 1, NULL, NULL);
	assert_int_equal(sip_agent_load(f->one.agent).invites, 0);
	assert_int_equal(alive(f), 1);
	wire_run(&f->one.wire, 32000);
	assert_int_equal(alive(f), 0);
}

int main(void)
{
#define DEMAND(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		DEMAND(response_is_repeated_for_64_t1_over_udp),
		DEMAND(transaction_ends_with_its_response_over_a_connection),
		DEMAND(retransmission_before_the_answer_is_absorbed),
		DEMAND(trying_is_sent_when_the_client_has_reached_t2),
		DEMAND(no_answer_in_time_is_no_answer),
		DEMAND(refused_invite_is_repeated_by_timer_g_until_timer_h),
		DEMAND(ack_confirms_and_timer_i_absorbs_more),
		DEMAND(over_a_connection_an_ack_ends_it_at_once),
		DEMAND(broken_connection_is_opened_anew_for_the_response),
		DEMAND(answer_too_large_for_the_network_leaves_room_for_another),
		DEMAND(bad_header_lines_are_refused),
		DEMAND(other_branch_or_method_is_another_transaction),
		DEMAND(same_branch_from_another_host_is_another_transaction),
		DEMAND(invite_that_nobody_can_answer_is_forgotten),
	};

	return cmocka_run_group_tests_name("server_transaction", tests, NULL, NULL);
}
