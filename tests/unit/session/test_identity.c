/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Identity: canonical addresses, names, proof. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "core/mem.h"
#include "session/identity.h"

static struct identity identity_of(const char *text, const char *name)
{
	struct identity identity;
	struct uri uri;

	assert_int_equal(uri_parse(slice_str(text), &uri), 0);
	assert_int_equal(identity_set(&identity, &uri, slice_str(name), IDENTITY_UNPROVED), 0);
	return identity;
}

static void address_is_canonical(void **state)
{
	struct identity i = identity_of("sip:Ann@Example.ORG:5070;transport=tcp", "Ann");

	assert_string_equal(i.address, "Ann@example.org");
	identity_free(&i);
}

static void port_and_parameters_make_no_other_identity(void **state)
{
	struct identity a = identity_of("sip:ann@example.org", "Ann");
	struct identity b = identity_of("sips:%61nn@EXAMPLE.org:5061;user=phone", "");
	struct identity c = identity_of("sip:bob@example.org", "Ann");

	assert_true(identity_equal(&a, &b));
	assert_false(identity_equal(&a, &c));
	identity_free(&a);
	identity_free(&b);
	identity_free(&c);
}

static void is_printed_with_and_without_name(void **state)
{
	struct identity a = identity_of("sip:ann@example.org", "Ann B.");
	struct identity b = identity_of("sip:bob@example.org", "");
	struct buf out;

	buf_init(&out, 256);
	identity_print(&a, &out);
	buf_char(&out, '|');
	identity_print(&b, &out);
	assert_int_equal(out.err, 0);
	assert_true(slice_eq(buf_view(&out), SLICE("Ann B. <ann@example.org>|bob@example.org")));
	buf_free(&out);
	identity_free(&a);
	identity_free(&b);
}

static void long_name_is_cut_between_characters(void **state)
{
	char name[601];
	struct identity i;

	/* 300 times U+00E4, two bytes each, behind one byte: the cut would fall into a character. */
	name[0] = 'x';
	for (size_t n = 1; n + 1 < sizeof name; n += 2)
		memcpy(name + n, "\xc3\xa4", 2);
	name[599] = 0;
	i = identity_of("sip:ann@example.org", name);
	assert_true(strlen(i.display_name) <= 256);
	assert_int_equal(strlen(i.display_name) % 2, 1);
	identity_free(&i);
}

static void without_memory_nothing_is_held(void **state)
{
	struct identity i;
	struct uri uri;
	int err = -ENOMEM;

	assert_int_equal(uri_parse(SLICE("sip:ann@example.org"), &uri), 0);
	for (long n = 0; err; n++) {
		mem_fail_after(n);
		err = identity_set(&i, &uri, SLICE("Ann"), IDENTITY_UNPROVED);
		mem_fail_after(-1);
		assert_true(err == 0 || err == -ENOMEM);
		if (err)
			assert_null(i.address);
	}
	identity_free(&i);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(address_is_canonical),
		cmocka_unit_test(port_and_parameters_make_no_other_identity),
		cmocka_unit_test(is_printed_with_and_without_name),
		cmocka_unit_test(long_name_is_cut_between_characters),
		cmocka_unit_test(without_memory_nothing_is_held),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
