/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Responses whose connection is gone. The peers are a tap that notes what is sent where. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/mem.h"
#include "dns_table.h"
#include "one_agent.h"
#include "sip/agent_private.h"
#include "sip/server_transaction.h"

static struct one_agent one;
static struct dns_table table;
static struct sip_server_transaction *waiting; /* ours */
static char sent[1024];                        /* "200 TCP 192.0.2.1:5060\n" ... */

static void tap(struct slice bytes, const struct addr *from, const struct addr *to,
	enum sip_transport transport, void *arg)
{
	char address[ADDR_TEXT];
	size_t n = strlen(sent);

	snprintf(sent + n, sizeof sent - n, "%.3s %s %s\n", bytes.p + strlen("SIP/2.0 "),
		sip_transport_name(transport), addr_print(to, address));
}

static bool on_request(struct sip_server_transaction *txn, const struct sip_msg *request, void *arg)
{
	obj_unref(waiting);
	waiting = obj_ref(txn);
	return true;
}

static int setup(void **state)
{
	static const struct sip_agent_handlers handlers = {.request = on_request};
	static const struct sip_agent_settings settings = {.product = "Test"};
	struct sip_agent_core core;

	memset(&one, 0, sizeof one);
	sent[0] = '\0';
	one.alive = obj_alive();
	wire_init(&one.wire, 1);
	one.wire.tap = tap;
	one.endpoint = wire_add(&one.wire, "192.0.2.10", 5060);
	one.peer = wire_addr("192.0.2.1", 40000);
	dns_table_open(&table, &one.wire.timers, NULL);
	core = wire_core(one.endpoint);
	core.dns = table.dns;
	if (sip_agent_new_with(&one.agent, &core, &settings, &handlers, NULL) < 0)
		return -1;
	one.endpoint->agent = one.agent;
	dns_table_add(&table, "client.example.com", "A 192.0.2.2");
	dns_table_add(&table, "client.example.com", "A 192.0.2.3");
	dns_table_add(&table, "_sip._tcp.service.example.com", "SRV 1 1 5099 client.example.com");
	return 0;
}

static int teardown(void **state)
{
	mem_fail_after(-1);
	waiting = obj_unref(waiting);
	sip_agent_close(one.agent);
	one.agent = obj_unref(one.agent);
	dns_table_close(&table);
	wire_close(&one.wire);
	return obj_alive() == one.alive ? 0 : -1;
}

static void break_to(const char *host, uint16_t port)
{
	struct addr to = wire_addr(host, port);

	wire_break(&one.wire, &one.endpoint->addr, &to);
	wire_run(&one.wire, 0);
}

/* A MESSAGE by a connection that breaks before it is answered. */
static void receive(const char *sent_by)
{
	static unsigned n;

	one_agent_receive(&one, SIP_TCP,
		"MESSAGE sip:room@192.0.2.10 SIP/2.0\n"
		"Via: SIP/2.0/TCP %s;branch=z9hG4bK%u\n"
		"Max-Forwards: 70\nFrom: <sip:alice@a>;tag=alice\nTo: <sip:room@192.0.2.10>\n"
		"Call-ID: %u\nCSeq: 1 MESSAGE\nContent-Type: text/plain\nContent-Length: 1\n\nx",
		sent_by, n, n);
	n++;
	assert_non_null(waiting);
	break_to("192.0.2.1", 40000);
}

static void answer(void)
{
	sip_server_transaction_reply(waiting, 200, SLICE_NONE, SLICE_NONE, SLICE_NONE);
	wire_run(&one.wire, 0);
}

static void it_goes_to_the_source_at_the_port_of_sent_by(void **state)
{
	receive("client.example.com:5070");
	answer();
	assert_string_equal(sent, "200 TCP 192.0.2.1:5070\n");
	receive("client.example.com");
	answer();
	assert_string_equal(sent, "200 TCP 192.0.2.1:5070\n200 TCP 192.0.2.1:5060\n");
	wire_run(&one.wire, 32000);
	assert_int_equal(one.agent->n_rerouted, 0);
}

static void then_to_where_the_name_of_sent_by_leads(void **state)
{
	receive("client.example.com:5070");
	answer();
	sent[0] = '\0';
	break_to("192.0.2.1", 5070);
	assert_string_equal(sent, "200 TCP 192.0.2.2:5070\n");
	break_to("192.0.2.2", 5070);
	assert_string_equal(sent, "200 TCP 192.0.2.2:5070\n200 TCP 192.0.2.3:5070\n");
	break_to("192.0.2.3", 5070);
	assert_int_equal(one.agent->n_rerouted, 0);
}

static void a_name_without_a_port_has_srv_records(void **state)
{
	receive("service.example.com");
	answer();
	sent[0] = '\0';
	break_to("192.0.2.1", 5060);
	assert_non_null(strstr(sent, ":5099\n"));
}

static void a_name_that_leads_nowhere_is_the_end_of_it(void **state)
{
	receive("nowhere.example");
	answer();
	break_to("192.0.2.1", 5060);
	wire_run(&one.wire, 11000);
	assert_string_equal(sent, "200 TCP 192.0.2.1:5060\n");
	assert_int_equal(one.agent->n_rerouted, 0);
}

static void so_many_are_on_their_way_and_no_more(void **state)
{
	for (unsigned i = 0; i < 300; i++) {
		receive("client.example.com:5070");
		answer();
	}
	assert_int_equal(one.agent->n_rerouted, 256);
	break_to("192.0.2.1", 5070);
	wire_run(&one.wire, 32000);
	assert_int_equal(one.agent->n_rerouted, 0);
}

static void the_end_of_the_agent_ends_them(void **state)
{
	receive("client.example.com:5070");
	answer();
	assert_int_equal(one.agent->n_rerouted, 1);
	sip_agent_close(one.agent);
	assert_int_equal(one.agent->n_rerouted, 0);
}

static void every_failing_allocation_is_survived(void **state)
{
	for (long i = 0; i < 20; i++) {
		receive("client.example.com:5070");
		mem_fail_after(i);
		answer();
		break_to("192.0.2.1", 5070);
		mem_fail_after(-1);
		wire_run(&one.wire, 40000); /* one unanswered gets a 100 later */
		assert_int_equal(one.agent->n_rerouted, 0);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(it_goes_to_the_source_at_the_port_of_sent_by),
		TEST(then_to_where_the_name_of_sent_by_leads),
		TEST(a_name_without_a_port_has_srv_records),
		TEST(a_name_that_leads_nowhere_is_the_end_of_it),
		TEST(so_many_are_on_their_way_and_no_more),
		TEST(the_end_of_the_agent_ends_them),
		TEST(every_failing_allocation_is_survived),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
