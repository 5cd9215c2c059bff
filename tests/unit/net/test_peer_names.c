/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Peers known by name: looked up at the start, again in time, and kept when that fails. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/log.h"
#include "core/mem.h"
#include "dns_table.h"
#include "net/peer_names.h"

static struct timer_set timers;
static struct dns_table table;
static struct peer_names *peers;
static size_t alive;

static int setup(void **state)
{
	alive = obj_alive();
	log_set_level(LOG_LEVEL_ERROR);
	timer_set_init(&timers, 1000000);
	dns_table_open(&table, &timers, NULL);
	return 0;
}

static int teardown(void **state)
{
	mem_fail_after(-1);
	if (peers)
		peer_names_close(peers);
	peers = obj_unref(peers);
	dns_table_close(&table);
	return alive == obj_alive() ? 0 : -1;
}

static void pass_s(uint64_t s)
{
	uint64_t end = timers.now + s * 1000000;

	while (timer_set_next(&timers) <= end)
		timer_set_run(&timers, timer_set_next(&timers));
	timer_set_run(&timers, end);
}

static void open_peers(void)
{
	static const char *const names[] = {"a.example.com", "b.example.com"};

	assert_int_equal(peer_names_open(&peers, table.dns, &timers, names, 2), 0);
	pass_s(0);
}

static bool match(const char *host)
{
	struct addr addr;

	assert_int_equal(addr_parse(slice_str(host), 5060, &addr), 0);
	return peer_names_match(peers, &addr);
}

static void addresses_of_either_family_are_trusted(void **state)
{
	dns_table_add(&table, "a.example.com", "A 192.0.2.1");
	dns_table_add(&table, "a.example.com", "A 192.0.2.2");
	dns_table_add(&table, "b.example.com", "AAAA 2001:db8::1");
	open_peers();
	assert_true(match("192.0.2.1"));
	assert_true(match("192.0.2.2"));
	assert_true(match("2001:db8::1"));
	assert_false(match("192.0.2.3"));
}

static void a_peer_that_moves_is_found_when_its_records_have_lived(void **state)
{
	dns_table_add_ttl(&table, "a.example.com", "A 192.0.2.1", 60);
	open_peers();
	dns_table_clear(&table);
	dns_table_add_ttl(&table, "a.example.com", "A 192.0.2.2", 60);
	pass_s(59);
	assert_true(match("192.0.2.1"));
	pass_s(1);
	assert_false(match("192.0.2.1"));
	assert_true(match("192.0.2.2"));
}

static void a_short_life_is_looked_at_every_half_minute(void **state)
{
	dns_table_add_ttl(&table, "a.example.com", "A 192.0.2.1", 0);
	dns_table_add_ttl(&table, "a.example.com", "AAAA 2001:db8::1", 0);
	dns_table_add_ttl(&table, "b.example.com", "A 192.0.2.1", 0);
	dns_table_add_ttl(&table, "b.example.com", "AAAA 2001:db8::1", 0);
	open_peers();
	table.asked = 0;
	pass_s(300);
	assert_int_equal(table.asked, 40);
}

static void the_last_addresses_count_while_names_cannot_be_looked_up(void **state)
{
	dns_table_add_ttl(&table, "a.example.com", "A 192.0.2.1", 60);
	open_peers();
	dns_table_clear(&table);
	dns_table_add(&table, "a.example.com", "A fails");
	pass_s(600);
	assert_true(match("192.0.2.1"));
	dns_table_clear(&table);
	dns_table_add(&table, "a.example.com", "A 192.0.2.2");
	pass_s(60);
	assert_false(match("192.0.2.1"));
	assert_true(match("192.0.2.2"));
}

static void every_failing_allocation_is_survived(void **state)
{
	static const char *const names[] = {"a.example.com"};
	int err = -1;

	dns_table_add(&table, "a.example.com", "A 192.0.2.1");
	for (long i = 0; err < 0; i++) {
		mem_fail_after(i);
		err = peer_names_open(&peers, table.dns, &timers, names, 1);
		mem_fail_after(-1);
	}
	pass_s(60);
	assert_true(match("192.0.2.1"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(addresses_of_either_family_are_trusted),
		TEST(a_peer_that_moves_is_found_when_its_records_have_lived),
		TEST(a_short_life_is_looked_at_every_half_minute),
		TEST(the_last_addresses_count_while_names_cannot_be_looked_up),
		TEST(every_failing_allocation_is_survived),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
