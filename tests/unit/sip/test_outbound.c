/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One address behind several edge proxies, on a virtual clock. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/mem.h"
#include "one_agent.h"
#include "sip/outbound.h"

static const struct slice proxies[] = {{"sip:192.0.2.1:5060", 18}, {"sip:192.0.2.2:5060;lr", 21}};

/* Two proxies, each of which answers what it is told to, or nothing (0). */
struct fixture {
	struct wire wire;
	struct wire_endpoint *endpoint;
	struct sip_agent *agent;
	struct sip_outbound *outbound;
	unsigned status[2], seen[2];
	char last[2][4096];
	size_t reachable, changes;
	uint64_t retry_ms;
	size_t alive;
};

static const char *header(const char *message, const char *name, char value[512])
{
	const char *at = strstr(message, name);

	snprintf(value, 512, "%.*s", at ? (int)strcspn(at, "\r") : 0, at ? at : "");
	return value;
}

/* The proxy's answer, which arrives after what is being done now. */
static void answer(struct fixture *f, unsigned n, const struct addr *to)
{
	char text[4096], via[512], from[512], to_line[512], call_id[512], cseq[512];
	int length;

	length = snprintf(text, sizeof text,
		"SIP/2.0 %u Reason\r\n%s\r\n%s\r\n%s;tag=r\r\n%s\r\n%s\r\n"
		"Require: outbound\r\nExpires: 7200\r\nContent-Length: 0\r\n\r\n",
		f->status[n], header(f->last[n], "Via: ", via), header(f->last[n], "From: ", from),
		header(f->last[n], "To: ", to_line), header(f->last[n], "Call-ID: ", call_id),
		header(f->last[n], "CSeq: ", cseq));
	wire_deliver(f->endpoint, slice_of(text, (size_t)length), to, SIP_UDP);
}

static void tap(struct slice bytes, const struct addr *from, const struct addr *to,
	enum sip_transport transport, void *arg)
{
	struct fixture *f = arg;
	struct addr second = wire_addr("192.0.2.2", 5060);
	unsigned n = addr_equal(to, &second) ? 1 : 0;

	if (!slice_starts(bytes, SLICE("REGISTER ")))
		return;
	f->seen[n]++;
	snprintf(f->last[n], sizeof f->last[n], "%.*s", SLICE_ARG(bytes));
}

static void changed(struct sip_outbound *outbound, size_t flow,
	const struct sip_register_state *state, size_t n_reachable, void *arg)
{
	struct fixture *f = arg;

	f->changes++;
	f->reachable = n_reachable;
	f->retry_ms = state->retry_ms;
	assert_int_equal(n_reachable, sip_outbound_reachable(outbound));
}

static const struct sip_agent_handlers no_handlers;

static void open_fixture(struct fixture *f)
{
	static const struct sip_agent_settings settings = {.product = "Test"};
	struct sip_agent_core core;

	memset(f, 0, sizeof *f);
	f->alive = obj_alive();
	wire_init(&f->wire, 1);
	f->wire.tap = tap;
	f->wire.tap_arg = f;
	f->endpoint = wire_add(&f->wire, "192.0.2.10", 5060);
	core = wire_core(f->endpoint);
	assert_int_equal(sip_agent_new_with(&f->agent, &core, &settings, &no_handlers, f), 0);
	f->endpoint->agent = f->agent;
}

static struct sip_outbound_params both_proxies(void)
{
	return (struct sip_outbound_params){
		.aor = SLICE("sip:room@example.org"),
		.proxies = proxies,
		.n_proxies = 2,
		.instance = SLICE("urn:uuid:1"),
	};
}

static void start(struct fixture *f)
{
	struct sip_outbound_params params = both_proxies();

	open_fixture(f);
	assert_int_equal(sip_outbound_start(&f->outbound, f->agent, &params, changed, f), 0);
	wire_run(&f->wire, 0);
}

static void close_fixture(struct fixture *f)
{
	f->outbound = obj_unref(f->outbound);
	sip_agent_close(f->agent);
	f->agent = obj_unref(f->agent);
	wire_close(&f->wire);
	assert_int_equal(obj_alive(), f->alive);
}

static void respond(struct fixture *f, unsigned n, unsigned status)
{
	struct addr from = wire_addr(n ? "192.0.2.2" : "192.0.2.1", 5060);

	f->status[n] = status;
	answer(f, n, &from);
	wire_run(&f->wire, 0);
}

static void each_proxy_gets_a_flow_of_its_own(void **state)
{
	char value[512];
	struct fixture f;

	start(&f);
	assert_int_equal(f.seen[0], 1);
	assert_int_equal(f.seen[1], 1);
	assert_true(strstr(f.last[0], "REGISTER sip:example.org SIP/2.0\r\n") == f.last[0]);
	assert_string_equal(header(f.last[0], "Route: ", value), "Route: <sip:192.0.2.1:5060;lr>");
	assert_string_equal(header(f.last[1], "Route: ", value), "Route: <sip:192.0.2.2:5060;lr>");
	assert_non_null(strstr(f.last[0], ";+sip.instance=\"<urn:uuid:1>\";reg-id=1\r\n"));
	assert_non_null(strstr(f.last[1], ";+sip.instance=\"<urn:uuid:1>\";reg-id=2\r\n"));
	respond(&f, 0, 200);
	assert_int_equal(f.reachable, 1);
	respond(&f, 1, 200);
	assert_int_equal(f.reachable, 2);
	close_fixture(&f);
}

static void broken_flow_is_less_urgent_while_another_works(void **state)
{
	struct fixture f;

	start(&f);
	respond(&f, 0, 403);
	assert_in_range(f.retry_ms, 30000, 60000);
	respond(&f, 1, 200);
	assert_int_equal(f.reachable, 1);
	for (int i = 0; i < 600 && f.seen[0] == 1; i++)
		wire_run(&f.wire, 100);
	assert_int_equal(f.seen[0], 2);
	respond(&f, 0, 403);
	assert_in_range(f.retry_ms, 180000, 360000);
	assert_int_equal(f.reachable, 1);
	close_fixture(&f);
}

static void closing_takes_every_flow_back(void **state)
{
	struct fixture f;

	start(&f);
	respond(&f, 0, 200);
	respond(&f, 1, 200);
	sip_outbound_close(f.outbound);
	wire_run(&f.wire, 0);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(f.seen[i], 2);
		assert_non_null(strstr(f.last[i], "\r\nExpires: 0\r\n"));
		respond(&f, i, 200);
	}
	assert_int_equal(f.changes, 2);
	close_fixture(&f);
}

static void letting_go_of_it_closes_it(void **state)
{
	struct fixture f;

	start(&f);
	respond(&f, 0, 200);
	f.outbound = obj_unref(f.outbound);
	wire_run(&f.wire, 0);
	assert_non_null(strstr(f.last[0], "\r\nExpires: 0\r\n"));
	close_fixture(&f);
}

static void what_is_no_address_or_proxy_is_refused(void **state)
{
	struct slice many[SIP_OUTBOUND_FLOWS + 1] = {proxies[0], proxies[0], proxies[0]};
	struct slice no_uri = SLICE("192.0.2.1");
	struct sip_outbound_params params = both_proxies();
	struct fixture f;

	open_fixture(&f);
	params.aor = SLICE("room");
	assert_int_equal(sip_outbound_start(&f.outbound, f.agent, &params, NULL, NULL), -EINVAL);
	params = both_proxies();
	params.proxies = &no_uri;
	params.n_proxies = 1;
	assert_int_equal(sip_outbound_start(&f.outbound, f.agent, &params, NULL, NULL), -EINVAL);
	params.proxies = many;
	params.n_proxies = SIP_OUTBOUND_FLOWS + 1;
	assert_int_equal(sip_outbound_start(&f.outbound, f.agent, &params, NULL, NULL), -EINVAL);
	params = both_proxies();
	params.instance = SLICE_NONE;
	assert_int_equal(sip_outbound_start(&f.outbound, f.agent, &params, NULL, NULL), -EINVAL);
	close_fixture(&f);
}

static void failing_memory_leaves_nothing_behind(void **state)
{
	struct sip_outbound_params params = both_proxies();
	struct fixture f;
	int err = -ENOMEM;

	for (long i = 0; i < 100 && err == -ENOMEM; i++) {
		open_fixture(&f);
		mem_fail_after(i);
		err = sip_outbound_start(&f.outbound, f.agent, &params, changed, &f);
		mem_fail_after(-1);
		wire_run(&f.wire, 0);
		close_fixture(&f);
	}
	assert_int_equal(err, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_proxy_gets_a_flow_of_its_own),
		cmocka_unit_test(broken_flow_is_less_urgent_while_another_works),
		cmocka_unit_test(closing_takes_every_flow_back),
		cmocka_unit_test(letting_go_of_it_closes_it),
		cmocka_unit_test(what_is_no_address_or_proxy_is_refused),
		cmocka_unit_test(failing_memory_leaves_nothing_behind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
