/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Methods, header names with their compact forms, reason phrases. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "sip/names.h"

static void every_header_is_found_by_its_name_in_any_case(void **state)
{
	char text[64];

	for (unsigned id = SIP_HDR_OTHER + 1; id < SIP_HDR_COUNT; id++) {
		struct slice name = sip_header_name((enum sip_header_id)id);

		assert_true(name.n > 1 && name.n < sizeof text);
		assert_int_equal(sip_header_id_of(name), id);
		for (size_t i = 0; i < name.n; i++)
			text[i] = ascii_lower(name.p[i]);
		assert_int_equal(sip_header_id_of(slice_of(text, name.n)), id);
	}
}

static void compact_forms_are_the_registered_ones(void **state)
{
	static const struct {
		const char *compact, *name;
	} forms[] = {
		{"a", "Accept-Contact"},
		{"b", "Referred-By"},
		{"c", "Content-Type"},
		{"d", "Request-Disposition"},
		{"e", "Content-Encoding"},
		{"f", "From"},
		{"i", "Call-ID"},
		{"j", "Reject-Contact"},
		{"k", "Supported"},
		{"l", "Content-Length"},
		{"m", "Contact"},
		{"o", "Event"},
		{"r", "Refer-To"},
		{"s", "Subject"},
		{"t", "To"},
		{"u", "Allow-Events"},
		{"v", "Via"},
		{"x", "Session-Expires"},
		{"V", "Via"},
	};

	for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
		enum sip_header_id id = sip_header_id_of(slice_str(forms[i].compact));
		struct slice name = sip_header_name(id);

		assert_int_equal(name.n, strlen(forms[i].name));
		assert_memory_equal(name.p, forms[i].name, name.n);
	}
}

static void unknown_names_are_other(void **state)
{
	static const char *const names[] = {"", "q", "z", "!", "\xff", "Vi", "Viaa", "X-Via",
		"Call_ID", "Accep", "P-Charge-Info"};

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		assert_int_equal(sip_header_id_of(slice_str(names[i])), SIP_HDR_OTHER);
	assert_int_equal(sip_header_name(SIP_HDR_OTHER).n, 0);
}

static void methods_are_compared_with_case(void **state)
{
	for (unsigned m = 0; m < SIP_OTHER; m++)
		assert_int_equal(sip_method_of(slice_str(sip_method_name((enum sip_method)m))), m);
	assert_int_equal(sip_method_of(SLICE("invite")), SIP_OTHER);
	assert_int_equal(sip_method_of(SLICE("")), SIP_OTHER);
	assert_string_equal(sip_method_name(SIP_OTHER), "");
}

static void phrases_are_the_standard_ones_and_never_missing(void **state)
{
	assert_string_equal(sip_reason_phrase(100), "Trying");
	assert_string_equal(sip_reason_phrase(200), "OK");
	assert_string_equal(sip_reason_phrase(481), "Call/Transaction Does Not Exist");
	assert_string_equal(sip_reason_phrase(606), "Not Acceptable");
	assert_string_equal(sip_reason_phrase(499), "Client Error");
	for (unsigned status = 0; status < 1000; status++)
		assert_true(strlen(sip_reason_phrase(status)) > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_header_is_found_by_its_name_in_any_case),
		cmocka_unit_test(compact_forms_are_the_registered_ones),
		cmocka_unit_test(unknown_names_are_other),
		cmocka_unit_test(methods_are_compared_with_case),
		cmocka_unit_test(phrases_are_the_standard_ones_and_never_missing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
