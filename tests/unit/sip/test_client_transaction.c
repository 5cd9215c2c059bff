/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Client transaction: every state and timer of RFC 3261 17.1, RFC 6026. */
#include "sip/client_transaction.h"

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
#include "sip/flow.h"

struct fixture {
	struct one_agent one;
	struct sip_client_transaction *txn;
	unsigned responses, status, failed, settled;
};

static void on_response(
	struct sip_client_transaction *txn, const struct sip_msg *response, void *arg)
{
	struct fixture *f = arg;

	f->responses++;
	f->status = response->status;
}

static void on_failed(struct sip_client_transaction *txn, unsigned status, void *arg)
{
	struct fixture *f = arg;

	f->failed++;
	f->status = status;
}

static void on_settled(struct sip_client_transaction *txn, void *arg)
{
	struct fixture *f = arg;

	f->settled++;
}

static const struct sip_client_transaction_handlers handlers = {
	.response = on_response, .failed = on_failed, .settled = on_settled};

static int start(struct fixture *f, enum sip_transport transport, enum sip_method method)
{
	struct sip_flow *flow =
		wire_flow(&f->one.wire, transport, &f->one.endpoint->addr, &f->one.peer);
	char branch[64];
	struct sip_request request = {.flow = flow, .method = method, .branch = branch};
	struct buf *out =
		sip_request_begin(f->one.agent, flow, method, SLICE("sip:bob@192.0.2.1"), branch);
	int err;

	sip_write_header_str(out, SIP_HDR_ROUTE, "<sip:192.0.2.1;lr>");
	sip_write_header_str(out, SIP_HDR_FROM, "<sip:room@192.0.2.10>;tag=ours");
	sip_write_header_str(out, SIP_HDR_TO, "<sip:bob@192.0.2.1>");
	sip_write_header_str(out, SIP_HDR_CALL_ID, "call");
	sip_write_cseq(out, 7, slice_str(sip_method_name(method)));
	one_agent_mark(&f->one);
	err = sip_request_send(f->one.agent, &request, &handlers, f, &f->txn);
	obj_unref(flow);
	return err;
}

static int setup(void **state)
{
	static const struct sip_agent_handlers agent_handlers;
	struct fixture *f = test_calloc(1, sizeof *f);

	one_agent_open(&f->one, &agent_handlers, NULL, NULL);
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
	return sip_agent_load(f->one.agent).client_transactions;
}

static void assert_times(const struct fixture *f, const uint64_t *due, size_t n)
{
	assert_int_equal(f->one.sent, n);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(f->one.when[i], due[i]);
}

static void invite_is_repeated_by_timer_a_until_timer_b(void **state)
{
	static const uint64_t due[] = {0, 500, 1500, 3500, 7500, 15500, 31500};
	struct fixture *f = *state;

	assert_int_equal(start(f, SIP_UDP, SIP_INVITE), 0);
	wire_run(&f->one.wire, 31999);
	assert_times(f, due, 7);
	assert_int_equal(f->failed, 0);
	wire_run(&f->one.wire, 1);
	assert_int_equal(f->failed, 1);
	assert_int_equal(f->status, 408);
	assert_int_equal(alive(f), 0);
}

static void request_is_repeated_by_timer_e_until_timer_f(void **state)
{
	static const uint64_t due[] = {
		0, 500, 1500, 3500, 7500, 11500, 15500, 19500, 23500, 27500, 31500};
	struct fixture *f = *state;

	assert_int_equal(start(f, SIP_UDP, SIP_BYE), 0);
	wire_run(&f->one.wire, 31999);
	assert_times(f, due, 11);
	wire_run(&f->one.wire, 1);
	assert_int_equal(f->failed, 1);
	assert_int_equal(f->status, 408);
	assert_int_equal(alive(f), 0);
}

static void provisional_response_slows_timer_e_to_t2(void **state)
{
	static const uint64_t due[] = {0, 500, 4500, 8500, 12500, 16500, 20500, 24500, 28500};
	struct fixture *f = *state;

	assert_int_equal(start(f, SIP_UDP, SIP_BYE), 0);
	wire_run(&f->one.wire, 100);
	one_agent_respond(&f->one, SIP_UDP, 100, NULL);
	wire_run(&f->one.wire, 31899);
	assert_times(f, due, 9);
	wire_run(&f->one.wire, 1);
	assert_int_equal(f->failed, 1); /* F goes on in proceeding */
}

static void nothing_is_repeated_over_a_connection(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(start(f, SIP_TCP, SIP_INVITE), 0);
	wire_run(&f->one.wire, 31999);
	assert_int_equal(f->one.sent, 1);
	wire_run(&f->one.wire, 1);
	assert_int_equal(f->status, 408);
}

static void provisional_response_ends_timers_a_and_b(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(start(f, SIP_UDP, SIP_INVITE), 0);
	one_agent_respond(&f->one, SIP_UDP, 180, "bob");
	wire_run(&f->one.wire, 200000);
	assert_int_equal(f->one.sent, 1);
	assert_int_equal(f->failed, 0);
	assert_int_equal(f->responses, 1);
}

static void forgotten_ringing_invite_does_not_live_for_ever(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(start(f, SIP_UDP, SIP_INVITE), 0);
	one_agent_respond(&f->one, SIP_UDP, 180, "bob");
	sip_client_transaction_set_handlers(f->txn, NULL, NULL);
	wire_run(&f->one.wire, 32000);
	assert_int_equal(alive(f), 0);
}

static void refusal_gets_ack_each_time_until_timer_d(void **state)
{
	struct fixture *f = *state;
	char invite[ONE_AGENT_TEXT], via[512];

	assert_int_equal(start(f, SIP_UDP, SIP_INVITE), 0);
	snprintf(invite, sizeof invite, "%s", f->one.last);
	snprintf(via, sizeof via, "%s", one_agent_header(&f->one, "Via"));
	one_agent_respond(&f->one, SIP_UDP, 486, "bob");
	/* 17.1.1.3: branch, Route and From of the INVITE, To of the response */
	assert_true(one_agent_last_is(&f->one, "ACK sip:bob@192.0.2.1 SIP/2.0"));
	assert_string_equal(one_agent_header(&f->one, "Via"), via);
	assert_string_equal(one_agent_header(&f->one, "Route"), "<sip:192.0.2.1;lr>");
	assert_string_equal(one_agent_header(&f->one, "From"), "<sip:room@192.0.2.10>;tag=ours");
	assert_string_equal(one_agent_to_tag(&f->one), "bob");
	assert_string_equal(one_agent_header(&f->one, "CSeq"), "7 ACK");
	assert_int_equal(f->responses, 1);
	snprintf(f->one.last, sizeof f->one.last, "%s", invite);
	one_agent_respond(&f->one, SIP_UDP, 486, "bob");
	assert_true(one_agent_last_is(&f->one, "ACK "));
	assert_int_equal(f->one.sent, 3);
	assert_int_equal(f->responses, 1);
	wire_run(&f->one.wire, 31999);
	assert_int_equal(alive(f), 1);
	wire_run(&f->one.wire, 1);
	assert_int_equal(alive(f), 0);
}

static void refusal_ends_it_at_once_over_a_connection(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(start(f, SIP_TCP, SIP_INVITE), 0);
	one_agent_respond(&f->one, SIP_TCP, 486, "bob");
	assert_true(one_agent_last_is(&f->one, "ACK "));
	assert_int_equal(f->status, 486);
	assert_int_equal(alive(f), 0);
}

static void every_2xx_goes_up_until_timer_m(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(start(f, SIP_UDP, SIP_INVITE), 0);
	one_agent_respond(&f->one, SIP_UDP, 200, "bob");
	wire_run(&f->one.wire, 31999);
	one_agent_respond(&f->one, SIP_UDP, 200, "carol");
	assert_int_equal(f->responses, 2);
	assert_int_equal(f->one.sent, 1); /* ACK is not its business */
	one_agent_respond(&f->one, SIP_UDP, 486, "dave");
	assert_int_equal(f->responses, 2);
	assert_int_equal(f->settled, 0);
	wire_run(&f->one.wire, 1);
	assert_int_equal(f->settled, 1);
	assert_int_equal(alive(f), 0);
	one_agent_respond(&f->one, SIP_UDP, 200, "bob");
	assert_int_equal(f->responses, 2); /* stray */
}

static void final_response_is_told_once_and_timer_k_absorbs_more(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(start(f, SIP_UDP, SIP_BYE), 0);
	one_agent_respond(&f->one, SIP_UDP, 200, "bob");
	one_agent_respond(&f->one, SIP_UDP, 200, "bob");
	assert_int_equal(f->responses, 1);
	wire_run(&f->one.wire, 4999);
	assert_int_equal(f->one.sent, 1);
	assert_int_equal(alive(f), 1);
	wire_run(&f->one.wire, 1);
	assert_int_equal(alive(f), 0);
}

static void broken_flow_fails_it_with_503(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(start(f, SIP_TCP, SIP_BYE), 0);
	wire_break(&f->one.wire, &f->one.endpoint->addr, &f->one.peer);
	assert_int_equal(f->failed, 1);
	assert_int_equal(f->status, 503);
	assert_int_equal(alive(f), 0);
}

static void request_that_cannot_be_sent_is_an_error_at_once(void **state)
{
	struct fixture *f = *state;

	f->one.wire.send_error = -EMSGSIZE;
	assert_int_equal(start(f, SIP_UDP, SIP_BYE), -EMSGSIZE);
	assert_null(f->txn);
	f->one.wire.send_error = -ENOBUFS; /* a full queue loses a packet, no more */
	assert_int_equal(start(f, SIP_UDP, SIP_BYE), 0);
	f->one.wire.send_error = 0;
	wire_run(&f->one.wire, 500);
	assert_int_equal(f->one.sent, 1);
}

static void cancel_waits_for_a_provisional_response(void **state)
{
	struct fixture *f = *state;
	char via[512];

	assert_int_equal(start(f, SIP_UDP, SIP_INVITE), 0);
	snprintf(via, sizeof via, "%s", one_agent_header(&f->one, "Via"));
	sip_client_transaction_cancel(f->txn, SLICE_NONE);
	assert_int_equal(f->one.sent, 1);
	one_agent_respond(&f->one, SIP_UDP, 100, NULL);
	assert_true(one_agent_last_is(&f->one, "CANCEL sip:bob@192.0.2.1 SIP/2.0"));
	assert_string_equal(one_agent_header(&f->one, "Via"), via);
	assert_string_equal(one_agent_header(&f->one, "Route"), "<sip:192.0.2.1;lr>");
	assert_string_equal(one_agent_header(&f->one, "CSeq"), "7 CANCEL");
	assert_string_equal(one_agent_to_tag(&f->one), "");
	sip_client_transaction_cancel(f->txn, SLICE_NONE);
	assert_int_equal(f->one.sent, 2);
	wire_run(&f->one.wire, 31999);
	assert_int_equal(f->failed, 0);
	wire_run(&f->one.wire, 1); /* 9.1: given up without a final response */
	assert_int_equal(f->failed, 1);
	assert_int_equal(f->status, 408);
	assert_int_equal(alive(f), 0);
}

static void no_cancel_after_a_final_response(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(start(f, SIP_UDP, SIP_INVITE), 0);
	one_agent_respond(&f->one, SIP_UDP, 200, "bob");
	sip_client_transaction_cancel(f->txn, SLICE_NONE);
	assert_int_equal(f->one.sent, 1);
}

static void response_of_another_method_is_dropped(void **state)
{
	struct fixture *f = *state;
	char *cseq;

	assert_int_equal(start(f, SIP_UDP, SIP_INVITE), 0);
	cseq = strstr(f->one.last, "CSeq: 7 INVITE");
	assert_non_null(cseq);
	memcpy(cseq, "CSeq: 7 CANCEL", 14);
	one_agent_respond(&f->one, SIP_UDP, 200, "bob");
	assert_int_equal(f->responses, 0);
}

int main(void)
{
#define DEMAND(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		DEMAND(invite_is_repeated_by_timer_a_until_timer_b),
		DEMAND(request_is_repeated_by_timer_e_until_timer_f),
		DEMAND(provisional_response_slows_timer_e_to_t2),
		DEMAND(nothing_is_repeated_over_a_connection),
		DEMAND(provisional_response_ends_timers_a_and_b),
		DEMAND(forgotten_ringing_invite_does_not_live_for_ever),
		DEMAND(refusal_gets_ack_each_time_until_timer_d),
		DEMAND(refusal_ends_it_at_once_over_a_connection),
		DEMAND(every_2xx_goes_up_until_timer_m),
		DEMAND(final_response_is_told_once_and_timer_k_absorbs_more),
		DEMAND(broken_flow_fails_it_with_503),
		DEMAND(request_that_cannot_be_sent_is_an_error_at_once),
		DEMAND(cancel_waits_for_a_provisional_response),
		DEMAND(no_cancel_after_a_final_response),
		DEMAND(response_of_another_method_is_dropped),
	};

	return cmocka_run_group_tests_name("client_transaction", tests, NULL, NULL);
}
