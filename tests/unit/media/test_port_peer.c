/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whom a port hears and where it sends: the safe rule of symmetric RTP. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "media/port_peer.h"

#define QUIET 2000

static struct addr at(const char *host, uint16_t port)
{
	struct addr a;

	assert_int_equal(addr_parse(slice_str(host), port, &a), 0);
	return a;
}

static enum port_peer_verdict hear(struct port_peer *peer, const struct addr *from, uint64_t now)
{
	return port_peer_hear(peer, from, now, QUIET);
}

static void announced_address_is_sent_to_and_heard(void **state)
{
	struct addr a = at("192.0.2.1", 4000), stranger = at("198.51.100.9", 4000);
	struct port_peer peer = {0};

	assert_null(port_peer_address(&peer));
	assert_true(port_peer_announce(&peer, &a));
	assert_true(addr_equal(port_peer_address(&peer), &a));
	assert_int_equal(hear(&peer, &a, 1), PEER_NEW);
	assert_int_equal(hear(&peer, &a, 2), PEER_KNOWN);
	/* However long it is silent. */
	assert_int_equal(hear(&peer, &stranger, 1000000), PEER_REFUSED);
	assert_int_equal(hear(&peer, &a, 1000001), PEER_KNOWN);
}

static void first_other_source_takes_its_place_and_no_later_one(void **state)
{
	struct addr a = at("10.0.0.1", 4000), nat = at("198.51.100.1", 61000),
		    stranger = at("198.51.100.1", 61002);
	struct port_peer peer = {0};

	port_peer_announce(&peer, &a);
	assert_int_equal(hear(&peer, &nat, 1), PEER_NEW);
	assert_true(addr_equal(port_peer_address(&peer), &nat));
	assert_int_equal(hear(&peer, &stranger, 2), PEER_REFUSED);
	assert_int_equal(hear(&peer, &stranger, 100000), PEER_REFUSED);
	assert_int_equal(hear(&peer, &nat, 100001), PEER_KNOWN);
}

static void announced_address_wins_over_one_that_came_first(void **state)
{
	struct addr a = at("192.0.2.1", 4000), attacker = at("198.51.100.9", 9);
	struct port_peer peer = {0};

	port_peer_announce(&peer, &a);
	assert_int_equal(hear(&peer, &attacker, 1), PEER_NEW);
	assert_int_equal(hear(&peer, &a, 20000), PEER_NEW);
	assert_true(addr_equal(port_peer_address(&peer), &a));
	assert_int_equal(hear(&peer, &attacker, 20001), PEER_REFUSED);
}

static void next_offer_lets_a_new_mapping_in_once_the_old_one_is_silent(void **state)
{
	struct addr a = at("10.0.0.1", 4000), nat = at("198.51.100.1", 61000),
		    moved = at("198.51.100.1", 61500), third = at("198.51.100.1", 61501);
	struct port_peer peer = {0};

	port_peer_announce(&peer, &a);
	hear(&peer, &nat, 1000);
	assert_false(port_peer_announce(&peer, &a));
	assert_int_equal(hear(&peer, &moved, 1000 + QUIET - 1), PEER_REFUSED);
	assert_int_equal(hear(&peer, &moved, 1000 + QUIET), PEER_NEW);
	assert_true(addr_equal(port_peer_address(&peer), &moved));
	assert_int_equal(hear(&peer, &third, 100000), PEER_REFUSED);
}

/* A session that is refreshed opens no door to somebody who waits for a pause. */
static void next_offer_opens_nothing_where_the_announced_address_is_heard(void **state)
{
	struct addr a = at("192.0.2.1", 4000), attacker = at("198.51.100.9", 9);
	struct port_peer peer = {0};

	port_peer_announce(&peer, &a);
	hear(&peer, &a, 1);
	port_peer_announce(&peer, &a);
	assert_int_equal(hear(&peer, &attacker, 1000000), PEER_REFUSED);
}

static void new_address_begins_anew(void **state)
{
	struct addr a = at("10.0.0.1", 4000), b = at("10.0.0.2", 4000), nat = at("198.51.100.1", 1),
		    other = at("198.51.100.2", 1);
	struct port_peer peer = {0};

	port_peer_announce(&peer, &a);
	hear(&peer, &nat, 1);
	assert_true(port_peer_announce(&peer, &b));
	assert_true(addr_equal(port_peer_address(&peer), &b));
	assert_int_equal(hear(&peer, &other, 2), PEER_NEW);
}

static void hold_by_zero_address_keeps_the_peer_and_sends_nothing(void **state)
{
	struct addr a = at("10.0.0.1", 4000), zero = at("0.0.0.0", 4000),
		    nat = at("198.51.100.1", 1);
	struct port_peer peer = {0};

	port_peer_announce(&peer, &a);
	hear(&peer, &nat, 1);
	assert_false(port_peer_announce(&peer, &zero));
	assert_null(port_peer_address(&peer));
	assert_int_equal(hear(&peer, &nat, 2), PEER_KNOWN);
	assert_false(port_peer_announce(&peer, &a));
	assert_true(addr_equal(port_peer_address(&peer), &nat));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(announced_address_is_sent_to_and_heard),
		cmocka_unit_test(first_other_source_takes_its_place_and_no_later_one),
		cmocka_unit_test(announced_address_wins_over_one_that_came_first),
		cmocka_unit_test(next_offer_lets_a_new_mapping_in_once_the_old_one_is_silent),
		cmocka_unit_test(next_offer_opens_nothing_where_the_announced_address_is_heard),
		cmocka_unit_test(new_address_begins_anew),
		cmocka_unit_test(hold_by_zero_address_keeps_the_peer_and_sends_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
