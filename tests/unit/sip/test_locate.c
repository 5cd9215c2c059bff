/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Locating SIP servers (RFC 3263, RFC 2782) on a table of records. What is found is compared as one
 * text: "UDP 192.0.2.1:5060, TCP ...", or "error 2".
 */
#include <errno.h>
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
#include "dns_table.h"
#include "sip/agent_core.h"
#include "sip/locate.h"

enum { ALL = 7 };

struct finding {
	unsigned calls;
	size_t n;
	struct sip_target targets[SIP_LOCATE_MAX_TARGETS];
	char text[2048];
};

static struct timer_set timers;
static struct dns_table table;
static struct sip_agent *agent;
static unsigned transports; /* bits: by which we can send */
static bool no_ipv6;
static size_t alive;

static int io_flow(void *io, enum sip_transport transport, const struct addr *remote,
	const char *server_name, struct sip_flow **flow)
{
	return -ENETUNREACH;
}

static bool io_reaches(void *io, enum sip_transport transport, int family)
{
	return (transports & 1U << transport) && !(no_ipv6 && family == AF_INET6);
}

static const struct sip_agent_io io = {.flow = io_flow, .reaches = io_reaches};

static void open_agent(const char *proxy, bool resolver)
{
	static const struct sip_agent_handlers handlers;
	struct sip_agent_settings settings = {.product = "Test", .outbound_proxy = proxy};
	struct sip_agent_core core = {
		.timers = &timers, .io = &io, .dns = resolver ? table.dns : NULL};

	assert_int_equal(sip_agent_new_with(&agent, &core, &settings, &handlers, NULL), 0);
}

static void close_agent(void)
{
	sip_agent_close(agent);
	agent = obj_unref(agent);
}

static int setup(void **state)
{
	alive = obj_alive();
	transports = ALL;
	no_ipv6 = false;
	timer_set_init(&timers, 1000000);
	dns_table_open(&table, &timers, NULL);
	open_agent(NULL, true);
	random_seed_for_test(1);
	return 0;
}

static int teardown(void **state)
{
	random_seed_for_test(0);
	mem_fail_after(-1);
	close_agent();
	dns_table_close(&table);
	return alive == obj_alive() ? 0 : -1;
}

static void add(const char *name, const char *text)
{
	dns_table_add(&table, name, text);
}

static void pass_ms(uint64_t ms)
{
	uint64_t end = timers.now + ms * 1000;

	while (timer_set_next(&timers) <= end)
		timer_set_run(&timers, timer_set_next(&timers));
	timer_set_run(&timers, end);
}

static void on_located(int err, const struct sip_target *targets, size_t n, void *arg)
{
	struct finding *finding = arg;
	char address[ADDR_TEXT];
	size_t used = 0;

	finding->calls++;
	finding->n = n;
	finding->text[0] = '\0';
	if (n)
		memcpy(finding->targets, targets, n * sizeof *targets);
	if (err)
		snprintf(finding->text, sizeof finding->text, "error %d", -err);
	for (size_t i = 0; i < n; i++)
		used += (size_t)snprintf(finding->text + used, sizeof finding->text - used,
			"%s%s %s", i ? ", " : "", sip_transport_name(targets[i].transport),
			addr_print(&targets[i].addr, address));
}

/* A failing look-up ends after 10 s at the latest. */
static const struct finding *locate_as(const char *text, bool route)
{
	static struct finding finding;
	struct sip_locate *locate;
	struct uri uri;

	finding.calls = 0;
	assert_int_equal(uri_parse(slice_str(text), &uri), 0);
	assert_int_equal(sip_locate_start(&locate, agent, &uri, route, on_located, &finding), 0);
	assert_int_equal(finding.calls, 0);
	pass_ms(10000);
	assert_int_equal(finding.calls, 1);
	return &finding;
}

static const char *locate(const char *text)
{
	return locate_as(text, true)->text;
}

#define NOT_FOUND "error 2"
#define TIMED_OUT "error 110"
#define NO_TRANSPORT "error 93"
#define NO_FAMILY "error 97"

/* ---- the URI alone ----------------------------------------------------------------------------- */

static void an_address_is_taken_as_it_is(void **state)
{
	assert_string_equal(locate("sip:192.0.2.1"), "UDP 192.0.2.1:5060");
	assert_string_equal(locate("sip:192.0.2.1:5070"), "UDP 192.0.2.1:5070");
	assert_string_equal(locate("sips:192.0.2.1"), "TLS 192.0.2.1:5061");
	assert_string_equal(locate("sip:[2001:db8::1]:5070"), "UDP [2001:db8::1]:5070");
	assert_string_equal(locate("sip:192.0.2.1;transport=tcp"), "TCP 192.0.2.1:5060");
	assert_string_equal(locate("sip:192.0.2.1;transport=TLS"), "TLS 192.0.2.1:5061");
	assert_string_equal(locate("sips:192.0.2.1;transport=tcp"), "TLS 192.0.2.1:5061");
	assert_int_equal(table.asked, 0);
}

static void maddr_is_the_target(void **state)
{
	assert_string_equal(locate("sip:example.com:5070;maddr=192.0.2.1"), "UDP 192.0.2.1:5070");
	add("other.example.com", "A 192.0.2.2");
	assert_string_equal(
		locate("sip:example.com;maddr=other.example.com"), "UDP 192.0.2.2:5060");
}

static void transports_we_do_not_have_are_refused(void **state)
{
	assert_string_equal(locate("sip:192.0.2.1;transport=sctp"), NO_TRANSPORT);
	assert_string_equal(locate("sip:192.0.2.1;transport=ws"), NO_TRANSPORT);
	assert_string_equal(locate("sips:192.0.2.1;transport=udp"), NO_TRANSPORT);
	transports = 1U << SIP_UDP;
	assert_string_equal(locate("sip:192.0.2.1;transport=tcp"), NO_TRANSPORT);
	assert_string_equal(locate("sips:example.com"), NO_TRANSPORT);
	transports = 1U << SIP_TCP;
	assert_string_equal(locate("sip:192.0.2.1"), "TCP 192.0.2.1:5060");
	no_ipv6 = true;
	assert_string_equal(locate("sip:[2001:db8::1]"), NO_FAMILY);
}

static void what_is_no_sip_uri_leads_nowhere(void **state)
{
	assert_string_equal(locate("tel:+15551234"), "error 22");
	assert_string_equal(locate("http://example.com"), "error 22");
}

static void a_name_with_a_port_has_its_addresses_looked_up(void **state)
{
	add("example.com", "NAPTR 50 50 s SIP+D2T _sip._tcp.example.com");
	add("_sip._udp.example.com", "SRV 0 0 5080 srv.example.com");
	add("example.com", "A 192.0.2.1");
	add("example.com", "A 192.0.2.2");
	add("example.com", "AAAA 2001:db8::1");
	assert_string_equal(locate("sip:example.com:5060"),
		"UDP 192.0.2.1:5060, UDP 192.0.2.2:5060, UDP [2001:db8::1]:5060");
	assert_string_equal(locate("sips:example.com:5070"),
		"TLS 192.0.2.1:5070, TLS 192.0.2.2:5070, TLS [2001:db8::1]:5070");
	no_ipv6 = true;
	assert_string_equal(locate("sip:Example.COM.:5060;transport=tcp"),
		"TCP 192.0.2.1:5060, TCP 192.0.2.2:5060");
}

/* ---- NAPTR ------------------------------------------------------------------------------------- */

/* The example of RFC 3263 4.1. */
static void add_example(void)
{
	add("example.com", "NAPTR 50 50 s SIPS+D2T _sips._tcp.example.com");
	add("example.com", "NAPTR 90 50 s SIP+D2T _sip._tcp.example.com");
	add("example.com", "NAPTR 100 50 s SIP+D2U _sip._udp.example.com");
	add("_sip._tcp.example.com", "SRV 0 1 5060 server1.example.com");
	add("_sip._tcp.example.com", "SRV 1 2 5060 server2.example.com");
	add("_sips._tcp.example.com", "SRV 0 1 5061 server3.example.com");
	add("_sip._udp.example.com", "SRV 0 1 5062 server1.example.com");
	add("server1.example.com", "A 192.0.2.1");
	add("server2.example.com", "A 192.0.2.2");
	add("server3.example.com", "A 192.0.2.3");
}

static void the_example_of_the_rfc_leads_to_tcp(void **state)
{
	add_example();
	transports = 1U << SIP_TCP | 1U << SIP_UDP;
	assert_string_equal(
		locate("sip:user@example.com"), "TCP 192.0.2.1:5060, TCP 192.0.2.2:5060");
}

static void a_client_with_tls_takes_it_when_it_is_preferred(void **state)
{
	add_example();
	assert_string_equal(locate("sip:user@example.com"), "TLS 192.0.2.3:5061");
}

static void sips_takes_nothing_but_sips(void **state)
{
	add_example();
	assert_string_equal(locate("sips:user@example.com"), "TLS 192.0.2.3:5061");
	dns_table_clear(&table);
	add("other.example", "NAPTR 50 50 s SIP+D2T _sip._tcp.other.example");
	add("_sip._tcp.other.example", "SRV 0 1 5060 other.example");
	add("other.example", "A 192.0.2.9");
	assert_string_equal(locate("sips:other.example"), "TLS 192.0.2.9:5061");
}

static void a_transport_given_asks_for_its_srv_at_once(void **state)
{
	add_example();
	assert_string_equal(locate("sip:example.com;transport=udp"), "UDP 192.0.2.1:5062");
	assert_string_equal(locate("sip:example.com;transport=tls"), "TLS 192.0.2.3:5061");
	assert_string_equal(locate("sips:example.com;transport=tcp"), "TLS 192.0.2.3:5061");
}

static void the_replacement_may_be_in_another_domain(void **state)
{
	add("example.com", "NAPTR 50 50 s SIP+D2T _sip._tcp.school.edu");
	add("_sip._tcp.school.edu", "SRV 0 1 5060 server.school.edu");
	add("server.school.edu", "A 192.0.2.7");
	assert_string_equal(locate("sip:example.com"), "TCP 192.0.2.7:5060");
}

static void naptr_records_that_are_not_ours_are_left_out(void **state)
{
	add("example.com", "NAPTR 10 50 u E2U+sip .  !^.*$!sip:x!");
	add("example.com", "NAPTR 10 50 s SIP+D2S _sip._sctp.example.com");
	add("example.com", "NAPTR 10 50 a SIP+D2U direct.example.com");
	add("example.com", "NAPTR 10 50 s SIPS+D2U _sips._udp.example.com");
	add("example.com", "NAPTR 10 50 s SIP+D2U _sip._udp.example.com regexp");
	add("example.com", "NAPTR 20 50 s sip+d2t _sip._tcp.example.com");
	add("_sip._tcp.example.com", "SRV 0 1 5060 server1.example.com");
	add("_sip._udp.example.com", "SRV 0 1 5060 server1.example.com");
	add("server1.example.com", "A 192.0.2.1");
	assert_string_equal(locate("sip:example.com"), "TCP 192.0.2.1:5060");
}

static void a_higher_order_is_taken_only_when_a_lower_one_has_nothing(void **state)
{
	add("example.com", "NAPTR 10 20 s SIP+D2U _sip._udp.example.com");
	add("example.com", "NAPTR 10 10 s SIP+D2T _sip._tcp.example.com");
	add("example.com", "NAPTR 20 10 s SIPS+D2T _sips._tcp.example.com");
	add("_sips._tcp.example.com", "SRV 0 1 5061 server1.example.com");
	add("server1.example.com", "A 192.0.2.1");
	assert_string_equal(locate("sip:example.com"), "TLS 192.0.2.1:5061");
	add("_sip._udp.example.com", "SRV 0 1 5060 server1.example.com");
	add("_sip._tcp.example.com", "SRV 0 1 5060 server1.example.com");
	pass_ms(3600 * 1000);
	assert_string_equal(locate("sip:example.com"), "TCP 192.0.2.1:5060, UDP 192.0.2.1:5060");
}

/* ---- without NAPTR ----------------------------------------------------------------------------- */

static void without_naptr_our_transports_are_asked_for_in_order(void **state)
{
	add("_sip._tcp.example.com", "SRV 0 1 5060 server1.example.com");
	add("_sips._tcp.example.com", "SRV 0 1 5061 server1.example.com");
	add("server1.example.com", "A 192.0.2.1");
	assert_string_equal(locate("sip:example.com"), "TCP 192.0.2.1:5060");
	assert_string_equal(locate("sips:example.com"), "TLS 192.0.2.1:5061");
	transports = 1U << SIP_TLS | 1U << SIP_UDP;
	assert_string_equal(locate("sip:example.com"), "TLS 192.0.2.1:5061");
}

static void without_srv_the_host_itself_is_taken(void **state)
{
	add("example.com", "A 192.0.2.1");
	assert_string_equal(locate("sip:example.com"), "UDP 192.0.2.1:5060");
	assert_string_equal(locate("sips:example.com"), "TLS 192.0.2.1:5061");
	assert_string_equal(locate("sip:example.com;transport=tcp"), "TCP 192.0.2.1:5060");
}

static void a_service_that_is_declined_is_not_looked_for_elsewhere(void **state)
{
	add("_sip._udp.example.com", "SRV 0 0 0 .");
	add("example.com", "A 192.0.2.1");
	assert_string_equal(locate("sip:example.com;transport=udp"), NOT_FOUND);
	assert_string_equal(locate("sip:example.com"), NOT_FOUND);
	assert_string_equal(locate("sip:example.com;transport=tcp"), "TCP 192.0.2.1:5060");
}

static void no_such_name_is_told_apart_from_no_answer(void **state)
{
	assert_string_equal(locate("sip:nowhere.example"), NOT_FOUND);
	assert_string_equal(locate("sip:nowhere.example:5060"), NOT_FOUND);
	add("slow.example", "A fails");
	add("slow.example", "AAAA fails");
	assert_string_equal(locate("sip:slow.example:5060"), TIMED_OUT);
	close_agent();
	open_agent(NULL, false);
	assert_string_equal(locate("sip:example.com"), NOT_FOUND);
	assert_string_equal(locate("sip:192.0.2.1"), "UDP 192.0.2.1:5060");
}

static void failing_questions_are_passed_over(void **state)
{
	add("example.com", "NAPTR broken");
	add("_sip._udp.example.com", "SRV broken");
	add("_sip._tcp.example.com", "SRV 0 0 5060 a.example.com");
	add("a.example.com", "A 192.0.2.1");
	assert_string_equal(locate("sip:example.com"), "TCP 192.0.2.1:5060");
}

static void a_host_that_is_slow_to_be_found_holds_nothing_up(void **state)
{
	struct finding finding = {0};
	struct sip_locate *search;
	struct uri uri;

	add("_sip._udp.example.com", "SRV 0 0 5060 slow.example.com");
	add("_sip._udp.example.com", "SRV 1 0 5060 a.example.com");
	add("slow.example.com", "A fails");
	add("a.example.com", "A 192.0.2.1");
	table.failure_ms = 60000;
	uri_parse(SLICE("sip:example.com;transport=udp"), &uri);
	assert_int_equal(sip_locate_start(&search, agent, &uri, true, on_located, &finding), 0);
	pass_ms(999);
	assert_int_equal(finding.calls, 0);
	pass_ms(1);
	assert_string_equal(finding.text, "UDP 192.0.2.1:5060");
}

static void silence_ends_after_ten_seconds(void **state)
{
	struct finding finding = {0};
	struct sip_locate *search;
	struct uri uri;

	add("example.com", "NAPTR fails");
	table.failure_ms = 60000;
	uri_parse(SLICE("sip:example.com"), &uri);
	assert_int_equal(sip_locate_start(&search, agent, &uri, true, on_located, &finding), 0);
	pass_ms(9999);
	assert_int_equal(finding.calls, 0);
	pass_ms(1);
	assert_string_equal(finding.text, TIMED_OUT);
}

static void a_search_may_be_given_up_at_any_time(void **state)
{
	struct finding finding = {0};
	struct sip_locate *search;
	struct uri uri;

	add_example();
	table.delay_ms = 10;
	uri_parse(SLICE("sip:example.com"), &uri);
	for (unsigned ms = 0; ms < 30; ms += 3) {
		assert_int_equal(
			sip_locate_start(&search, agent, &uri, true, on_located, &finding), 0);
		pass_ms(ms);
		if (finding.calls == 0)
			sip_locate_cancel(search);
		pass_ms(4000 * 1000);
		finding.calls = 0;
	}
	/* The agent's end ends it too. */
	assert_int_equal(sip_locate_start(&search, agent, &uri, true, on_located, &finding), 0);
	sip_agent_close(agent);
	pass_ms(100);
	assert_int_equal(finding.calls, 0);
}

/* ---- RFC 2782 ---------------------------------------------------------------------------------- */

/* The zone of RFC 2782's example: old and new server at one priority, two standbys at another. */
static void the_example_of_rfc_2782_is_tried_by_priority(void **state)
{
	unsigned old_first = 0;

	add("_sip._tcp.example.com", "SRV 0 1 9 old-slow-box.example.com");
	add("_sip._tcp.example.com", "SRV 0 3 9 new-fast-box.example.com");
	add("_sip._tcp.example.com", "SRV 1 0 9 sysadmins-box.example.com");
	add("_sip._tcp.example.com", "SRV 1 0 9 server.example.com");
	add("server.example.com", "A 172.30.79.10");
	add("old-slow-box.example.com", "A 172.30.79.11");
	add("sysadmins-box.example.com", "A 172.30.79.12");
	add("new-fast-box.example.com", "A 172.30.79.13");
	for (int i = 0; i < 400; i++) {
		const struct finding *f = locate_as("sip:example.com;transport=tcp", true);
		char first[ADDR_TEXT];

		assert_int_equal(f->n, 4);
		addr_print_host(&f->targets[0].addr, first);
		if (strcmp(first, "172.30.79.11") == 0)
			old_first++;
		else
			assert_string_equal(first, "172.30.79.13");
	}
	/* A quarter, and a little for the 0 of the draw. */
	assert_in_range(old_first, 100, 220);
}

/* 10,000 draws of weights 10, 30, 60: within 3 % of their shares. */
static void weights_are_drawn_by_their_shares(void **state)
{
	static const unsigned weights[] = {10, 30, 60};
	unsigned first[3] = {0}, second_after_60[2] = {0};
	char text[64];

	for (unsigned i = 0; i < 3; i++) {
		snprintf(text, sizeof text, "SRV 0 %u 506%u h%u.example.com", weights[i], i, i);
		add("_sip._udp.example.com", text);
		snprintf(text, sizeof text, "h%u.example.com", i);
		add(text, "A 192.0.2.1");
	}
	for (int i = 0; i < 10000; i++) {
		const struct finding *f = locate_as("sip:example.com;transport=udp", true);
		unsigned one = addr_port(&f->targets[0].addr) - 5060U;

		first[one]++;
		if (one == 2)
			second_after_60[addr_port(&f->targets[1].addr) - 5060U]++;
	}
	for (unsigned i = 0; i < 3; i++)
		assert_in_range(first[i], weights[i] * 100 - 300, weights[i] * 100 + 300);
	/* Of the rest, 30 of 40. */
	assert_in_range(
		second_after_60[1] * 100 / (second_after_60[0] + second_after_60[1]), 70, 80);
}

static void weight_zero_is_rarely_first(void **state)
{
	unsigned zero_first = 0;

	add("_sip._udp.example.com", "SRV 0 100 5060 a.example.com");
	add("_sip._udp.example.com", "SRV 0 0 5061 b.example.com");
	add("a.example.com", "A 192.0.2.1");
	add("b.example.com", "A 192.0.2.1");
	for (int i = 0; i < 1000; i++) {
		const struct finding *f = locate_as("sip:example.com;transport=udp", true);

		assert_int_equal(f->n, 2);
		zero_first += addr_port(&f->targets[0].addr) == 5061;
	}
	assert_in_range(zero_first, 1, 30);
}

/* ---- targets ----------------------------------------------------------------------------------- */

static void a_dead_target_comes_last_for_half_a_minute(void **state)
{
	const struct finding *f;
	struct sip_target dead;

	add("example.com", "A 192.0.2.1");
	add("example.com", "A 192.0.2.2");
	add("example.com", "A 192.0.2.3");
	f = locate_as("sip:example.com:5060", true);
	dead = f->targets[0];
	sip_locate_failed(agent, &dead);
	assert_string_equal(locate("sip:example.com:5060"),
		"UDP 192.0.2.2:5060, UDP 192.0.2.3:5060, UDP 192.0.2.1:5060");
	dead = f->targets[0];
	sip_locate_failed(agent, &dead);
	assert_string_equal(locate("sip:example.com:5060"),
		"UDP 192.0.2.3:5060, UDP 192.0.2.1:5060, UDP 192.0.2.2:5060");
	/* Another port is another server. */
	assert_string_equal(locate("sip:example.com:5070"),
		"UDP 192.0.2.1:5070, UDP 192.0.2.2:5070, UDP 192.0.2.3:5070");
	pass_ms(30000);
	assert_string_equal(locate("sip:example.com:5060"),
		"UDP 192.0.2.1:5060, UDP 192.0.2.2:5060, UDP 192.0.2.3:5060");
}

static void many_dead_targets_are_remembered_in_bounds(void **state)
{
	struct sip_target dead = {.transport = SIP_UDP};

	for (unsigned i = 1; i < 2000; i++) {
		assert_int_equal(addr_parse(SLICE("192.0.2.1"), (uint16_t)i, &dead.addr), 0);
		sip_locate_failed(agent, &dead);
		sip_locate_failed(agent, &dead);
		pass_ms(1);
	}
	add("example.com", "A 192.0.2.1");
	add("example.com", "A 192.0.2.2");
	assert_string_equal(
		locate("sip:example.com:1999"), "UDP 192.0.2.2:1999, UDP 192.0.2.1:1999");
}

static void tls_must_prove_the_domain_of_the_uri(void **state)
{
	add_example();
	assert_string_equal(
		locate_as("sips:user@Example.com", true)->targets[0].name, "example.com");
}

static void the_same_place_is_tried_once(void **state)
{
	add("_sip._udp.example.com", "SRV 0 0 5060 a.example.com");
	add("_sip._udp.example.com", "SRV 1 0 5060 b.example.com");
	add("a.example.com", "A 192.0.2.1");
	add("a.example.com", "A 192.0.2.1");
	add("b.example.com", "A 192.0.2.1");
	add("b.example.com", "A 0.0.0.0");
	assert_string_equal(locate("sip:example.com;transport=udp"), "UDP 192.0.2.1:5060");
}

static void hostile_answers_are_capped(void **state)
{
	char text[64], name[64];
	const struct finding *f;

	for (int i = 0; i < 500; i++) {
		snprintf(text, sizeof text, "SRV %d 0 5060 h%d.example.com", i % 7, i);
		add("_sip._udp.example.com", text);
		snprintf(name, sizeof name, "h%d.example.com", i);
		snprintf(text, sizeof text, "A 192.0.%d.%d", i / 250, i % 250 + 1);
		add(name, text);
	}
	f = locate_as("sip:example.com;transport=udp", true);
	assert_int_equal(f->n, 16);
	assert_true(table.asked < 40);
	dns_table_clear(&table);
	for (int i = 0; i < 100; i++) {
		snprintf(text, sizeof text, "A 192.0.2.%d", i + 1);
		add("many.example.com", text);
	}
	assert_int_equal(locate_as("sip:many.example.com:5060", true)->n, SIP_LOCATE_MAX_TARGETS);
}

static void records_that_point_at_themselves_end(void **state)
{
	add("example.com", "NAPTR 10 10 s SIP+D2U example.com");
	add("example.com", "SRV 0 0 5060 example.com");
	assert_string_equal(locate("sip:example.com"), NOT_FOUND);
	add("example.com", "A 192.0.2.1");
	pass_ms(3600 * 1000);
	assert_string_equal(locate("sip:example.com"), "UDP 192.0.2.1:5060");
}

static void a_name_of_greatest_length_is_looked_up_without_services(void **state)
{
	char uri[300] = "sip:", host[254];

	for (size_t i = 0; i < 253; i++)
		host[i] = i % 50 == 49 ? '.' : 'a';
	host[252] = 'a';
	host[253] = '\0';
	strncat(uri, host, sizeof uri - 5);
	add(host, "A 192.0.2.1");
	assert_string_equal(locate(uri), "UDP 192.0.2.1:5060");
}

/* ---- outbound proxy ---------------------------------------------------------------------------- */

static void the_outbound_proxy_is_located_instead(void **state)
{
	close_agent();
	open_agent("proxy.example.net", true);
	add("_sip._tcp.proxy.example.net", "SRV 0 0 5080 a.example.net");
	add("a.example.net", "A 192.0.2.1");
	assert_string_equal(locate_as("sip:example.com", false)->text, "TCP 192.0.2.1:5080");
	assert_string_equal(
		locate_as("sip:192.0.2.99;transport=udp", false)->text, "TCP 192.0.2.1:5080");
	/* A Route is a Route. */
	assert_string_equal(locate("sip:192.0.2.99"), "UDP 192.0.2.99:5060");
}

static void the_outbound_proxy_has_port_and_transport(void **state)
{
	close_agent();
	open_agent("192.0.2.5:5070;transport=tcp", true);
	assert_string_equal(locate_as("sip:example.com", false)->text, "TCP 192.0.2.5:5070");
	assert_string_equal(locate_as("sips:example.com", false)->text, "TLS 192.0.2.5:5070");
	close_agent();
	open_agent("sip:192.0.2.6", true);
	assert_string_equal(locate_as("sip:example.com", false)->text, "UDP 192.0.2.6:5060");
	assert_string_equal(locate_as("tel:+1555", false)->text, "error 22");
}

static void an_outbound_proxy_that_is_no_host_is_refused(void **state)
{
	static const struct sip_agent_handlers handlers;
	struct sip_agent_settings settings = {.product = "Test", .outbound_proxy = "a b"};
	struct sip_agent_core core = {.timers = &timers, .io = &io};
	struct sip_agent *none;

	assert_int_equal(sip_agent_new_with(&none, &core, &settings, &handlers, NULL), -EINVAL);
}

static void every_failing_allocation_is_survived(void **state)
{
	struct uri uri;
	bool found = false;

	add_example();
	uri_parse(SLICE("sip:example.com"), &uri);
	for (long i = 0; !found; i++) {
		struct finding finding = {0};
		struct sip_locate *search;
		int err;

		assert_true(i < 200);
		mem_fail_after(i);
		err = sip_locate_start(&search, agent, &uri, true, on_located, &finding);
		pass_ms(0);
		mem_fail_after(-1);
		pass_ms(10000);
		assert_int_equal(finding.calls, err == 0 ? 1 : 0);
		found = i > 30 && finding.n > 0;
		pass_ms(3600 * 1000);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(an_address_is_taken_as_it_is),
		TEST(maddr_is_the_target),
		TEST(transports_we_do_not_have_are_refused),
		TEST(what_is_no_sip_uri_leads_nowhere),
		TEST(a_name_with_a_port_has_its_addresses_looked_up),
		TEST(the_example_of_the_rfc_leads_to_tcp),
		TEST(a_client_with_tls_takes_it_when_it_is_preferred),
		TEST(sips_takes_nothing_but_sips),
		TEST(a_transport_given_asks_for_its_srv_at_once),
		TEST(the_replacement_may_be_in_another_domain),
		TEST(naptr_records_that_are_not_ours_are_left_out),
		TEST(a_higher_order_is_taken_only_when_a_lower_one_has_nothing),
		TEST(without_naptr_our_transports_are_asked_for_in_order),
		TEST(without_srv_the_host_itself_is_taken),
		TEST(a_service_that_is_declined_is_not_looked_for_elsewhere),
		TEST(no_such_name_is_told_apart_from_no_answer),
		TEST(failing_questions_are_passed_over),
		TEST(a_host_that_is_slow_to_be_found_holds_nothing_up),
		TEST(silence_ends_after_ten_seconds),
		TEST(a_search_may_be_given_up_at_any_time),
		TEST(the_example_of_rfc_2782_is_tried_by_priority),
		TEST(weights_are_drawn_by_their_shares),
		TEST(weight_zero_is_rarely_first),
		TEST(a_dead_target_comes_last_for_half_a_minute),
		TEST(many_dead_targets_are_remembered_in_bounds),
		TEST(tls_must_prove_the_domain_of_the_uri),
		TEST(the_same_place_is_tried_once),
		TEST(hostile_answers_are_capped),
		TEST(records_that_point_at_themselves_end),
		TEST(a_name_of_greatest_length_is_looked_up_without_services),
		TEST(the_outbound_proxy_is_located_instead),
		TEST(the_outbound_proxy_has_port_and_transport),
		TEST(an_outbound_proxy_that_is_no_host_is_refused),
		TEST(every_failing_allocation_is_survived),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
