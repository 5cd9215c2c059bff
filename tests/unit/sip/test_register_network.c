/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A registration and its registrar in a network that loses, doubles and reorders packets, that fails
 * altogether for a time, and whose machines stop, on a virtual clock. Once all works again, the binding
 * is there in bounded time; when it has been taken back, it is gone, and nothing is left. The seed stands
 * in the message when a run fails; TEST_SEED=n runs that one alone.
 */
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
#include "sip/register.h"
#include "sip/server_transaction.h"
#include "wire.h"

enum {
	RUNS = 40,
	DISASTERS = 6,
	GRANTED_S = 120,
	/* Waits after failures grow up to half an hour (RFC 5626 4.5); then one REGISTER gets through. */
	BOUND_MS = (1800 + 10 * 32) * 1000,
};

struct world {
	struct wire wire;
	struct wire_endpoint *client, *registrar;
	struct sip_register *reg;
	uint64_t bound_until; /* on the registrar's clock, microseconds */
	uint32_t cseq;        /* of the last REGISTER that counted */
	unsigned long seed;
};

/* RFC 3261 10.3, for one address bound by one client. */
static bool on_request(struct sip_server_transaction *txn, const struct sip_msg *request, void *arg)
{
	const struct sip_header *expires = sip_msg_header_named(request, "Expires", NULL);
	const struct sip_header *contact = sip_msg_header_named(request, "Contact", NULL);
	struct world *world = arg;
	uint32_t asked = 0;
	char lines[512] = "";

	if (request->method != SIP_REGISTER || !expires || !contact)
		return false;
	slice_u32(expires->value, UINT32_MAX, &asked);
	/* Step 7: what is out of order is refused. */
	if (request->cseq.number <= world->cseq) {
		sip_server_transaction_reply(txn, 500, SLICE_NONE, SLICE_NONE, SLICE_NONE);
		return true;
	}
	world->cseq = request->cseq.number;
	world->bound_until = asked ? world->registrar->timers.now + GRANTED_S * 1000000ULL : 0;
	if (asked)
		snprintf(lines, sizeof lines, "Contact: <sip:room@192.0.2.10:5060>;expires=%d\r\n",
			GRANTED_S);
	sip_server_transaction_reply(txn, 200, slice_str(lines), SLICE_NONE, SLICE_NONE);
	return true;
}

static bool is_bound(const struct world *world)
{
	return world->bound_until > world->registrar->timers.now;
}

static void open_agent(struct world *world, struct wire_endpoint *endpoint,
	const struct sip_agent_handlers *handlers)
{
	static const struct sip_agent_settings settings = {.product = "Test"};
	struct sip_agent_core core = wire_core(endpoint);

	assert_int_equal(
		sip_agent_new_with(&endpoint->agent, &core, &settings, handlers, world), 0);
}

static void open_world(struct world *world, unsigned long seed)
{
	static const struct sip_agent_handlers none, handlers = {.request = on_request};
	struct sip_register_params params = {
		.aor = SLICE("sip:room@192.0.2.1"), .expires = GRANTED_S};

	memset(world, 0, sizeof *world);
	random_seed_for_test(seed);
	world->seed = seed;
	wire_init(&world->wire, seed);
	world->wire.delay_us = 10000;
	world->wire.jitter_us = 80000;
	world->wire.loss_permille = 200;
	world->wire.duplicate_permille = 100;
	world->client = wire_add(&world->wire, "192.0.2.10", 5060);
	world->registrar = wire_add(&world->wire, "192.0.2.1", 5060);
	open_agent(world, world->client, &none);
	open_agent(world, world->registrar, &handlers);
	assert_int_equal(
		sip_register_start(&world->reg, world->client->agent, &params, NULL, NULL), 0);
}

/* Something goes wrong for up to an hour; then it is mended. */
static void disaster(struct world *world)
{
	unsigned lasts_ms = random_below(3) ? random_below(300000) : 3600 * 1000;

	switch (random_below(4)) {
	case 0:
		wire_break(&world->wire, &world->client->addr, &world->registrar->addr);
		lasts_ms = 0;
		break;
	case 1:
		world->wire.cut = true;
		break;
	case 2:
		wire_stop(world->client);
		break;
	default:
		wire_stop(world->registrar);
		break;
	}
	wire_run(&world->wire, lasts_ms);
	world->wire.cut = false;
	wire_go_on(world->client);
	wire_go_on(world->registrar);
}

/* Until the client says that it is registered, which the registrar must then agree with. */
static void expect_binding(struct world *world)
{
	unsigned waited_s = 0;

	while (!(sip_register_state(world->reg)->registered && is_bound(world))) {
		if (waited_s++ > BOUND_MS / 1000)
			fail_msg("%s registered, %s bound, %u s after all worked again, seed %lu",
				sip_register_state(world->reg)->registered ? "" : "not",
				is_bound(world) ? "" : "not", waited_s, world->seed);
		wire_run(&world->wire, 1000);
	}
}

static void check_agent(const struct world *world, const struct wire_endpoint *endpoint)
{
	struct sip_agent_load load = sip_agent_load(endpoint->agent);

	if (load.client_transactions || load.server_transactions || load.dialogs)
		fail_msg("left behind: %zu client and %zu server transactions, seed %lu",
			load.client_transactions, load.server_transactions, world->seed);
}

static void run_world(unsigned long seed)
{
	size_t alive = obj_alive();
	struct world world;

	open_world(&world, seed);
	expect_binding(&world);
	for (int i = 0; i < DISASTERS; i++) {
		wire_run(&world.wire, random_below(200000));
		disaster(&world);
		expect_binding(&world);
	}
	sip_register_close(world.reg);
	wire_run(&world.wire, (GRANTED_S + 100) * 1000);
	if (is_bound(&world))
		fail_msg("the binding was not taken back, seed %lu", seed);
	check_agent(&world, world.client);
	check_agent(&world, world.registrar);
	sip_agent_close(world.client->agent);
	sip_agent_close(world.registrar->agent);
	obj_unref(world.reg);
	obj_unref(world.client->agent);
	obj_unref(world.registrar->agent);
	wire_close(&world.wire);
	random_seed_for_test(0);
	if (obj_alive() != alive)
		fail_msg("%zu objects leaked, seed %lu", obj_alive() - alive, seed);
}

static void a_registration_comes_back_whatever_breaks_or_stops(void **state)
{
	const char *seed = getenv("TEST_SEED");

	if (seed) {
		run_world(strtoul(seed, NULL, 10));
		return;
	}
	for (unsigned long i = 1; i <= RUNS; i++)
		run_world(i);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_registration_comes_back_whatever_breaks_or_stops),
	};

	return cmocka_run_group_tests_name("register_network", tests, NULL, NULL);
}
