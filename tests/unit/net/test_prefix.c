/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Address prefixes: trusted peers. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "core/mem.h"
#include "net/prefix.h"

static bool matches(const char *list_text, const char *address)
{
	struct addr_prefix_list list;
	struct slice bad;
	struct addr a;
	bool hit;

	assert_int_equal(addr_prefix_list_parse(slice_str(list_text), &list, &bad), 0);
	assert_int_equal(addr_parse(slice_str(address), 5060, &a), 0);
	hit = addr_prefix_list_match(&list, &a);
	addr_prefix_list_free(&list);
	return hit;
}

static void networks_match_by_their_leading_bits(void **state)
{
	assert_true(matches("192.0.2.0/24", "192.0.2.255"));
	assert_false(matches("192.0.2.0/24", "192.0.3.0"));
	assert_true(matches("192.0.2.128/25", "192.0.2.200"));
	assert_false(matches("192.0.2.128/25", "192.0.2.127"));
	assert_true(matches("2001:db8::/33", "2001:db8:7fff::1"));
	assert_false(matches("2001:db8::/33", "2001:db8:8000::1"));
}

static void bare_address_matches_itself_alone(void **state)
{
	assert_true(matches("198.51.100.7", "198.51.100.7"));
	assert_false(matches("198.51.100.7", "198.51.100.6"));
	assert_true(matches("2001:db8::1", "2001:db8::1"));
	assert_false(matches("2001:db8::1", "2001:db8::2"));
}

static void any_is_both_families_and_none_is_nobody(void **state)
{
	assert_true(matches("any", "203.0.113.9"));
	assert_true(matches("any", "2001:db8::9"));
	assert_false(matches("none", "203.0.113.9"));
	assert_false(matches("", "2001:db8::9"));
	assert_true(matches("none, 203.0.113.9", "203.0.113.9"));
	assert_false(matches("0.0.0.0/0", "2001:db8::9"));
}

static void wrong_item_is_named(void **state)
{
	struct addr_prefix_list list;
	struct slice bad;

	assert_int_equal(
		addr_prefix_list_parse(SLICE("192.0.2.1, 192.0.2.0/33"), &list, &bad), -EINVAL);
	assert_true(slice_eq(bad, SLICE("192.0.2.0/33")));
	assert_int_equal(addr_prefix_list_parse(SLICE("proxy.example.org"), &list, &bad), -EINVAL);
	assert_int_equal(addr_prefix_list_parse(SLICE("2001:db8::/129"), &list, &bad), -EINVAL);
	assert_int_equal(addr_prefix_list_parse(SLICE("192.0.2.0/"), &list, &bad), -EINVAL);
	assert_int_equal(addr_prefix_list_parse(SLICE("192.0.2.0/ 24/"), &list, &bad), -EINVAL);
	assert_null(list.items);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(networks_match_by_their_leading_bits),
		cmocka_unit_test(bare_address_matches_itself_alone),
		cmocka_unit_test(any_is_both_families_and_none_is_nobody),
		cmocka_unit_test(wrong_item_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
