/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Addresses: text both ways, comparison, and what the kernel says about routes. */
#include "net/addr.h"

#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static struct addr parsed(const char *host, uint16_t port)
{
	struct addr a;

	assert_int_equal(addr_parse(slice_str(host), port, &a), 0);
	return a;
}

static void literal_addresses_are_parsed_and_printed(void **state)
{
	struct addr a = parsed("192.0.2.1", 5060), b = parsed("[2001:DB8::1]", 5061);
	char text[ADDR_TEXT];

	assert_int_equal(addr_family(&a), AF_INET);
	assert_int_equal(addr_port(&a), 5060);
	assert_string_equal(addr_print(&a, text), "192.0.2.1:5060");
	assert_string_equal(addr_print_host(&a, text), "192.0.2.1");
	assert_string_equal(addr_print_uri_host(&a, text), "192.0.2.1");
	assert_int_equal(addr_family(&b), AF_INET6);
	assert_string_equal(addr_print(&b, text), "[2001:db8::1]:5061");
	assert_string_equal(addr_print_host(&b, text), "2001:db8::1");
	assert_string_equal(addr_print_uri_host(&b, text), "[2001:db8::1]");
	a = parsed("2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", 65535);
	assert_string_equal(addr_print(&a, text), "[2001:db8:ffff:ffff:ffff:ffff:ffff:ffff]:65535");
}

static void anything_but_a_literal_is_refused(void **state)
{
	static const char *const bad[] = {"", "[]", "[", "localhost", "192.0.2", "192.0.2.256",
		"192.0.2.1:5060", "[192.0.2.1]", "[2001:db8::1", "2001:db8::1]", "fe80::1%lo",
		"192.0.2.1 ", "1:2:3:4:5:6:7:8:9",
		"1111111111111111111111111111111111111111111111111111111111111111"};
	struct addr a;

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		assert_int_equal(addr_parse(slice_str(bad[i]), 1, &a), -EINVAL);
		assert_int_equal(addr_family(&a), AF_UNSPEC);
	}
	assert_int_equal(addr_parse(slice_of("192.0.2.1\0x", 11), 1, &a), -EINVAL);
	assert_int_equal(addr_parse(SLICE_NONE, 1, &a), -EINVAL);
}

static void no_address_is_printed_and_compared_too(void **state)
{
	struct addr none = {.len = 0}, a = parsed("0.0.0.0", 0);
	char text[ADDR_TEXT];

	assert_string_equal(addr_print(&none, text), "none");
	assert_int_equal(addr_port(&none), 0);
	assert_false(addr_equal(&none, &a));
	assert_true(addr_equal(&none, &none));
	assert_false(addr_is_any(&none) || addr_is_loopback(&none) || addr_is_multicast(&none));
}

static void mapped_addresses_become_ipv4(void **state)
{
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(7)};
	struct addr a, b = parsed("::ffff:192.0.2.9", 7);
	char text[ADDR_TEXT];

	inet_pton(AF_INET6, "::ffff:192.0.2.9", &in6.sin6_addr);
	addr_from_sockaddr((struct sockaddr *)&in6, &a);
	assert_string_equal(addr_print(&a, text), "192.0.2.9:7");
	assert_true(addr_equal(&a, &b));
}

static void comparison_is_by_host_or_by_host_and_port(void **state)
{
	struct addr a = parsed("192.0.2.1", 1), b = parsed("192.0.2.1", 2);
	struct addr c = parsed("192.0.2.2", 1), d = parsed("::c000:201", 1);

	assert_true(addr_equal_host(&a, &b));
	assert_false(addr_equal(&a, &b));
	assert_true(addr_hash(&a) != addr_hash(&b));
	addr_set_port(&b, 1);
	assert_true(addr_equal(&a, &b));
	assert_true(addr_hash(&a) == addr_hash(&b));
	assert_false(addr_equal_host(&a, &c));
	assert_false(addr_equal_host(&a, &d));
	d = parsed("fe80::1", 1);
	b = d;
	b.u.in6.sin6_scope_id = 2;
	assert_false(addr_equal_host(&b, &d));
}

static void special_addresses_are_recognised(void **state)
{
	struct addr a = parsed("0.0.0.0", 1), b = parsed("::", 1);

	assert_true(addr_is_any(&a) && addr_is_any(&b));
	a = parsed("127.3.2.1", 1);
	b = parsed("::1", 1);
	assert_true(addr_is_loopback(&a) && addr_is_loopback(&b));
	assert_false(addr_is_any(&a) || addr_is_any(&b));
	a = parsed("224.0.1.75", 1);
	b = parsed("ff02::1", 1);
	assert_true(addr_is_multicast(&a) && addr_is_multicast(&b));
	assert_false(addr_is_loopback(&a) || addr_is_loopback(&b));
}

static void source_is_the_address_packets_leave_with(void **state)
{
	struct addr to = parsed("127.0.0.5", 0), source, none = {.len = 0};

	assert_int_equal(addr_source_for(&to, &source), 0);
	assert_true(addr_is_loopback(&source));
	assert_int_equal(addr_port(&source), 0);
	assert_int_equal(addr_source_for(&none, &source), -EINVAL);
}

static void there_is_always_a_default_address(void **state)
{
	struct addr a;

	addr_default(AF_INET, &a);
	assert_int_equal(addr_family(&a), AF_INET);
	assert_false(addr_is_any(&a));
	addr_default(AF_INET6, &a);
	assert_int_equal(addr_family(&a), AF_INET6);
	assert_false(addr_is_any(&a));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(literal_addresses_are_parsed_and_printed),
		cmocka_unit_test(anything_but_a_literal_is_refused),
		cmocka_unit_test(no_address_is_printed_and_compared_too),
		cmocka_unit_test(mapped_addresses_become_ipv4),
		cmocka_unit_test(comparison_is_by_host_or_by_host_and_port),
		cmocka_unit_test(special_addresses_are_recognised),
		cmocka_unit_test(source_is_the_address_packets_leave_with),
		cmocka_unit_test(there_is_always_a_default_address),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
