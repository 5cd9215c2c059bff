/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Two agents in a network that loses, doubles and reorders packets, on a virtual clock: whatever
 * happens, every call ends at both ends, is told of once, and leaves nothing behind. In the worse runs
 * connections break or vanish without a word (half-open TCP), and machines stop and go on, for up to an
 * hour. The seed stands in the message when a run fails; TEST_SEED=n runs that one alone.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/id.h"
#include "core/mem.h"
#include "sip/invite.h"
#include "wire.h"

enum {
	CALLS = 200,
	RUNS = 40,
	HOUR_MS = 3600 * 1000,
	DISASTERS = 8,
	/*
	 * What a call may take to end once the network works: a refresh of 6 s is due, its transaction
	 * times out (64*T1), then the BYE's; an ACK that never comes takes as long.
	 */
	BOUND_MS = 150 * 1000,
};

struct side;

/* One end of one call. */
struct leg {
	struct side *side;
	struct sip_invite *invite;
	struct timer timer;
	unsigned ended, connected, steps;
	bool open;
};

struct side {
	struct world *world;
	struct wire_endpoint *endpoint;
	struct leg legs[CALLS];
	unsigned n_legs;
};

struct world {
	struct wire wire;
	struct side caller, callee;
	struct timer clock, disaster, relief;
	unsigned disasters;
	unsigned long seed;
};

static const struct sip_body body = {
	{"application/sdp", sizeof "application/sdp" - 1}, {"v=0\r\n", 5}};

/* The next thing a leg does by itself, at random: most calls live for some seconds. */
static void next_step(struct leg *leg)
{
	timer_start_ms(&leg->timer, &leg->side->endpoint->timers, random_below(4000));
}

static void on_step(void *arg)
{
	struct leg *leg = arg;

	if (!leg->open)
		return;
	leg->steps++;
	switch (random_below(leg->steps > 4 ? 2 : 4)) {
	case 0:
		sip_invite_end(leg->invite, SLICE_NONE);
		return;
	case 1:
		if (sip_invite_reject(leg->invite, 486, SLICE_NONE) == 0 && !leg->connected)
			return;
		break;
	case 2:
		if (random_below(2))
			sip_invite_renegotiate(leg->invite, &body, SLICE_NONE);
		else
			sip_invite_update(leg->invite, random_below(3) ? &body : NULL, SLICE_NONE);
		break;
	default:
		if (sip_invite_accept(leg->invite, &body, SLICE_NONE) == -EINVAL)
			sip_invite_progress(
				leg->invite, 183, random_below(2) ? &body : NULL, SLICE_NONE);
		break;
	}
	next_step(leg);
}

static void on_ended(
	struct sip_invite *invite, unsigned status, const struct sip_msg *message, void *arg)
{
	struct leg *leg = arg;

	leg->ended++;
	leg->open = false;
	timer_stop(&leg->timer);
	leg->invite = obj_unref(leg->invite);
}

static void on_answered(struct sip_invite *invite, const struct sip_msg *response, void *arg)
{
	struct leg *leg = arg;

	leg->connected++;
	if (random_below(10) == 0)
		sip_invite_end(invite, SLICE_NONE);
}

static void on_acknowledged(struct sip_invite *invite, const struct sip_msg *ack, void *arg)
{
	struct leg *leg = arg;

	leg->connected++;
	if (random_below(20) == 0)
		sip_invite_end(invite, SLICE_NONE);
}

static void on_renegotiate(struct sip_invite *invite, const struct sip_msg *request, void *arg)
{
	switch (random_below(3)) {
	case 0:
		sip_invite_reject(invite, 488, SLICE_NONE);
		break;
	case 1:
		sip_invite_accept(invite, &body, SLICE_NONE);
		break;
	default: /* later, or never */
		break;
	}
}

/* Answers an offer, makes one of its own, or just lets PRACK go. */
static void on_early(struct sip_invite *invite, const struct sip_msg *response, void *arg)
{
	if (random_below(2))
		sip_invite_acknowledge(invite, &body);
}

static void on_refresh(struct sip_invite *invite, void *arg)
{
	sip_invite_renegotiate(invite, &body, SLICE_NONE);
}

static const struct sip_invite_handlers handlers = {
	.early = on_early,
	.refresh = on_refresh,
	.answered = on_answered,
	.acknowledged = on_acknowledged,
	.renegotiate = on_renegotiate,
	.ended = on_ended,
};

static struct leg *new_leg(struct side *side)
{
	struct leg *leg = &side->legs[side->n_legs++];

	leg->side = side;
	leg->open = true;
	timer_init(&leg->timer, on_step, leg);
	return leg;
}

static void on_invite(struct sip_invite *invite, const struct sip_msg *request, void *arg)
{
	struct side *side = arg;
	struct leg *leg;

	if (side->n_legs == CALLS)
		fail_msg("more calls came than were made, seed %lu", side->world->seed);
	leg = new_leg(side);
	leg->invite = obj_ref(invite);
	sip_invite_set_handlers(invite, &handlers, leg);
	next_step(leg);
}

static const struct sip_agent_handlers agent_handlers = {.invite = on_invite};

static void place_call(void *arg)
{
	struct world *world = arg;
	struct side *side = &world->caller;
	struct leg *leg = new_leg(side);
	struct sip_invite_target target = {
		.uri = SLICE("sip:room@192.0.2.2:5060"),
		.from = SLICE("<sip:alice@192.0.2.1>"),
		.to = SLICE("<sip:room@192.0.2.2>"),
		.transport = side->n_legs % 4 ? SIP_UDP : SIP_TCP,
		.next_hop = world->callee.endpoint->addr,
	};

	assert_int_equal(sip_invite_connect(&leg->invite, side->endpoint->agent, &target,
				 side->n_legs % 3 ? &body : NULL,
				 side->n_legs % 5 ? SLICE_NONE : SLICE("Require: 100rel\r\n"),
				 &handlers, leg),
		0);
	next_step(leg);
	if (side->n_legs < CALLS)
		timer_start_ms(&world->clock, &world->wire.timers, random_below(100));
}

static void open_side(struct side *side, struct world *world, const char *host)
{
	/* Intervals so short that calls are refreshed, and expire when the network fails them. */
	static const struct sip_agent_settings settings = {
		.product = "Test", .session_expires = 6, .session_min = 3};
	struct sip_agent_core core;

	side->world = world;
	side->endpoint = wire_add(&world->wire, host, 5060);
	core = wire_core(side->endpoint);
	assert_int_equal(
		sip_agent_new_with(&side->endpoint->agent, &core, &settings, &agent_handlers, side),
		0);
}

static void check_side(struct side *side)
{
	struct sip_agent_load load = sip_agent_load(side->endpoint->agent);
	unsigned long seed = side->world->seed;

	for (unsigned i = 0; i < side->n_legs; i++) {
		if (side->legs[i].ended != 1)
			fail_msg("call %u was told of its end %u times, seed %lu", i,
				side->legs[i].ended, seed);
	}
	if (load.invites || load.dialogs || load.client_transactions || load.server_transactions)
		fail_msg("left behind: %zu calls, %zu dialogs, %zu client and %zu server "
			 "transactions, seed %lu",
			load.invites, load.dialogs, load.client_transactions,
			load.server_transactions, seed);
}

static void end_disaster(void *arg)
{
	struct world *world = arg;

	world->wire.cut = false;
	wire_go_on(world->caller.endpoint);
	wire_go_on(world->callee.endpoint);
	if (++world->disasters < DISASTERS)
		timer_start_ms(&world->disaster, &world->wire.timers, 500 + random_below(4000));
}

static void on_disaster(void *arg)
{
	struct world *world = arg;
	unsigned lasts_ms = 100 + random_below(40000);

	switch (random_below(6)) {
	case 0: /* connection loss, told to either end */
		wire_break(
			&world->wire, &world->caller.endpoint->addr, &world->callee.endpoint->addr);
		wire_break(
			&world->wire, &world->callee.endpoint->addr, &world->caller.endpoint->addr);
		lasts_ms = 0;
		break;
	case 1: /* told to one end alone */
		wire_break(
			&world->wire, &world->caller.endpoint->addr, &world->callee.endpoint->addr);
		lasts_ms = 0;
		break;
	case 2: /* half-open: told to nobody */
		world->wire.cut = true;
		break;
	case 3:
		wire_stop(world->caller.endpoint);
		break;
	case 4:
		wire_stop(world->callee.endpoint);
		break;
	default: /* the machine that both run on sleeps */
		wire_stop(world->caller.endpoint);
		wire_stop(world->callee.endpoint);
		lasts_ms = HOUR_MS;
		break;
	}
	timer_start_ms(&world->relief, &world->wire.timers, lasts_ms);
}

/* Bad: packets are lost, doubled and reordered. Worse: that, and disasters. */
static void run_world(unsigned long seed, bool worse)
{
	struct world *world = test_calloc(1, sizeof *world);
	size_t alive = obj_alive();

	random_seed_for_test(seed);
	timer_init(&world->disaster, on_disaster, world);
	timer_init(&world->relief, end_disaster, world);
	world->seed = seed;
	wire_init(&world->wire, seed);
	world->wire.delay_us = 10000;
	world->wire.jitter_us = 60000;
	world->wire.loss_permille = 150;
	world->wire.duplicate_permille = 50;
	open_side(&world->caller, world, "192.0.2.1");
	open_side(&world->callee, world, "192.0.2.2");
	timer_init(&world->clock, place_call, world);
	timer_start_ms(&world->clock, &world->wire.timers, 0);
	if (worse) {
		timer_start_ms(&world->disaster, &world->wire.timers, 1000);
		while (world->disasters < DISASTERS || world->caller.n_legs < CALLS)
			wire_run(&world->wire, 1000);
		wire_run(&world->wire, BOUND_MS);
	} else {
		wire_run(&world->wire, 600 * 1000);
	}
	assert_int_equal(world->caller.n_legs, CALLS);
	if (!worse && world->callee.n_legs < CALLS / 2)
		fail_msg("only %u calls came through, seed %lu", world->callee.n_legs, seed);
	check_side(&world->caller);
	check_side(&world->callee);
	sip_agent_close(world->caller.endpoint->agent);
	sip_agent_close(world->callee.endpoint->agent);
	obj_unref(world->caller.endpoint->agent);
	obj_unref(world->callee.endpoint->agent);
	wire_close(&world->wire);
	random_seed_for_test(0);
	if (obj_alive() != alive)
		fail_msg("%zu objects leaked, seed %lu", obj_alive() - alive, seed);
	test_free(world);
}

static void run_worlds(bool worse)
{
	const char *seed = getenv("TEST_SEED");

	if (seed) {
		run_world(strtoul(seed, NULL, 10), worse);
		return;
	}
	for (unsigned long i = 1; i <= RUNS; i++)
		run_world(i, worse);
}

static void calls_end_and_leave_nothing_in_a_bad_network(void **state)
{
	run_worlds(false);
}

static void both_ends_agree_on_the_end_of_calls_whatever_breaks_or_stops(void **state)
{
	run_worlds(true);
}

/* The server dies with calls in every state: its close is silent and complete. */
static void closing_in_the_middle_leaves_nothing(void **state)
{
	struct world *world = test_calloc(1, sizeof *world);
	size_t alive = obj_alive();

	random_seed_for_test(7);
	wire_init(&world->wire, 7);
	world->wire.delay_us = 10000;
	world->wire.loss_permille = 300;
	open_side(&world->caller, world, "192.0.2.1");
	open_side(&world->callee, world, "192.0.2.2");
	timer_init(&world->clock, place_call, world);
	timer_start_ms(&world->clock, &world->wire.timers, 0);
	wire_run(&world->wire, 4000);
	timer_stop(&world->clock);
	for (int i = 0; i < 2; i++) {
		struct side *side = i ? &world->callee : &world->caller;
		unsigned told = 0, told_after = 0;

		for (unsigned j = 0; j < side->n_legs; j++)
			told += side->legs[j].ended;
		sip_agent_close(side->endpoint->agent);
		sip_agent_close(side->endpoint->agent);
		for (unsigned j = 0; j < side->n_legs; j++) {
			struct leg *leg = &side->legs[j];

			told_after += leg->ended;
			timer_stop(&leg->timer);
			if (leg->invite) {
				sip_invite_end(leg->invite, SLICE_NONE);
				assert_int_not_equal(
					sip_invite_accept(leg->invite, &body, SLICE_NONE), 0);
			}
			leg->invite = obj_unref(leg->invite);
		}
		assert_int_equal(told, told_after);
	}
	wire_run(&world->wire, 100000);
	obj_unref(world->caller.endpoint->agent);
	obj_unref(world->callee.endpoint->agent);
	wire_close(&world->wire);
	random_seed_for_test(0);
	assert_int_equal(obj_alive(), alive);
	test_free(world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(calls_end_and_leave_nothing_in_a_bad_network),
		cmocka_unit_test(both_ends_agree_on_the_end_of_calls_whatever_breaks_or_stops),
		cmocka_unit_test(closing_in_the_middle_leaves_nothing),
	};

	return cmocka_run_group_tests_name("sip_network", tests, NULL, NULL);
}
