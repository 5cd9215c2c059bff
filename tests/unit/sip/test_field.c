/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Values of header fields: lists, parameters, Via, name-addr, and the small structured ones. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "sip/field.h"

static void assert_slice(struct slice s, const char *expected)
{
	assert_int_equal(s.n, strlen(expected));
	assert_memory_equal(s.p ? s.p : "", expected, s.n);
}

static void commas_in_quotes_and_brackets_do_not_separate(void **state)
{
	struct slice rest = SLICE(" \"a, \\\"b\" <sip:x@y;p=1,2>;q=1 ,,\r\n <sip:z>\t, last ,");
	struct slice element;

	assert_true(sip_list_next(&rest, &element));
	assert_slice(element, "\"a, \\\"b\" <sip:x@y;p=1,2>;q=1");
	assert_true(sip_list_next(&rest, &element));
	assert_slice(element, "<sip:z>");
	assert_true(sip_list_next(&rest, &element));
	assert_slice(element, "last");
	assert_false(sip_list_next(&rest, &element));
	assert_int_equal(element.n, 0);
}

static void what_is_not_closed_takes_the_rest_of_a_list(void **state)
{
	struct slice rest = SLICE("\"a, b"), element;

	assert_true(sip_list_next(&rest, &element));
	assert_slice(element, "\"a, b");
	rest = SLICE("<a, b");
	assert_true(sip_list_next(&rest, &element));
	assert_slice(element, "<a, b");
	assert_false(sip_list_next(&rest, &element));
}

static void parameters_are_walked_with_quotes_and_folds(void **state)
{
	struct slice rest = SLICE("lr ; x = \"a;\\\" b\" ;\r\n tag=12;empty=");
	struct slice name, value;

	assert_int_equal(sip_param_next(&rest, &name, &value), 1);
	assert_slice(name, "lr");
	assert_int_equal(value.n, 0);
	assert_int_equal(sip_param_next(&rest, &name, &value), 1);
	assert_slice(name, "x");
	assert_slice(value, "\"a;\\\" b\"");
	assert_int_equal(sip_param_next(&rest, &name, &value), 1);
	assert_slice(value, "12");
	assert_int_equal(sip_param_next(&rest, &name, &value), 1);
	assert_slice(name, "empty");
	assert_int_equal(sip_param_next(&rest, &name, &value), 0);
}

static void malformed_parameters_are_refused(void **state)
{
	static const char *const bad[] = {
		";", "a;", "a;;b", "=x", "a b", "a=\"b", "a=b c", "a=b,c"};
	struct slice name, value;

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct slice rest = slice_str(bad[i]);
		int more;

		while ((more = sip_param_next(&rest, &name, &value)) > 0)
			;
		assert_int_equal(more, -EINVAL);
	}
}

static void a_parameter_is_found_without_regard_to_case(void **state)
{
	struct slice value, params = SLICE("a=1;TaG=x\x79z;lr");

	assert_true(sip_param(params, "tag", &value));
	assert_slice(value, "xyz");
	assert_true(sip_param(params, "LR", NULL));
	assert_false(sip_param(params, "ta", &value));
	assert_false(sip_param(SLICE_NONE, "tag", &value));
}

static void quoted_strings_lose_quotes_and_escapes(void **state)
{
	struct buf out;

	buf_init(&out, 100);
	sip_unquote(SLICE("\"J \\\"R\\\\\""), &out);
	assert_slice(buf_view(&out), "J \"R\\");
	buf_reset(&out);
	sip_unquote(SLICE("plain \\ text"), &out);
	assert_slice(buf_view(&out), "plain \\ text");
	buf_reset(&out);
	sip_unquote(SLICE("\""), &out);
	assert_slice(buf_view(&out), "\"");
	buf_free(&out);
}

static void via_is_taken_apart(void **state)
{
	struct sip_via via;

	assert_int_equal(sip_via_parse(SLICE("SIP/2.0/UDP host.example.com:5062;branch=z9hG4bKx"
					     ";rport;ttl=16;maddr=224.2.0.1;received=192.0.2.1;x"),
				 &via),
		0);
	assert_slice(via.transport, "UDP");
	assert_slice(via.host, "host.example.com");
	assert_int_equal(via.port, 5062);
	assert_slice(via.branch, "z9hG4bKx");
	assert_true(via.has_rport);
	assert_int_equal(via.rport, 0);
	assert_int_equal(via.ttl, 16);
	assert_slice(via.maddr, "224.2.0.1");
	assert_slice(via.received, "192.0.2.1");
	assert_true(sip_param(via.params, "x", NULL));
}

static void via_may_hold_blanks_and_folds_everywhere(void **state)
{
	struct sip_via via;

	assert_int_equal(
		sip_via_parse(SLICE("SIP  / 2.0\r\n / TCP     [2001:db8::9:1] : 6050  ;\r\n"
				    "  branch  =   z9 ; rport = 7"),
			&via),
		0);
	assert_slice(via.transport, "TCP");
	assert_slice(via.host, "[2001:db8::9:1]");
	assert_int_equal(via.port, 6050);
	assert_slice(via.branch, "z9");
	assert_int_equal(via.rport, 7);
	assert_int_equal(via.ttl, -1);
}

/* RFC 5118 4.5: with and without brackets. */
static void via_received_takes_both_forms_of_ipv6(void **state)
{
	struct sip_via via;

	assert_int_equal(
		sip_via_parse(SLICE("SIP/2.0/UDP a;received=[2001:db8::9:255];branch=b"), &via), 0);
	assert_slice(via.received, "[2001:db8::9:255]");
	assert_int_equal(
		sip_via_parse(SLICE("SIP/2.0/UDP a;received=2001:db8::9:255;branch=b"), &via), 0);
	assert_slice(via.received, "2001:db8::9:255");
	assert_slice(via.branch, "b");
}

static void malformed_vias_are_refused(void **state)
{
	static const char *const bad[] = {
		"",
		"SIP/2.0/UDP",
		"SIP/2.0/UDP ",
		"SIP/2.0 host",
		"SIP/2.0/ host",
		"SIP/2.0/UDPhost",
		"SIP/2.0/UDP[::1]",
		"SIP/2.0/UDP host:",
		"SIP/2.0/UDP host:0",
		"SIP/2.0/UDP host:65536",
		"SIP/2.0/UDP host:5o",
		"SIP/2.0/UDP host other",
		"SIP/2.0/UDP [::1",
		"SIP/2.0/UDP []",
		"SIP/2.0/UDP [::x y]",
		"SIP/2.0/UDP host;",
		"SIP/2.0/UDP host;;branch=x",
		"SIP/2.0/UDP host;ttl=256",
		"SIP/2.0/UDP host;ttl",
		"SIP/2.0/UDP host;rport=70000",
	};
	struct sip_via via;

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_int_equal(sip_via_parse(slice_str(bad[i]), &via), -EINVAL);
}

static void name_addr_is_taken_apart(void **state)
{
	struct sip_name_addr a;

	assert_int_equal(sip_name_addr_parse(
				 SLICE("\"Bell, \\\"A\\\"\" <sip:a@b;lr> ; tag = 7 ;x=\"<\""), &a),
		0);
	assert_slice(a.display, "\"Bell, \\\"A\\\"\"");
	assert_slice(a.uri_text, "sip:a@b;lr");
	assert_slice(a.uri.user, "a");
	assert_slice(a.uri.host, "b");
	assert_slice(a.uri.params, "lr");
	assert_slice(a.tag, "7");
	assert_true(sip_param(a.params, "x", NULL));
	assert_int_equal(sip_name_addr_parse(SLICE("caller<sip:c@d>"), &a), 0);
	assert_slice(a.display, "caller");
	assert_int_equal(sip_name_addr_parse(SLICE("J\xc3\xb6rg A. <sip:c@d>"), &a), 0);
	assert_slice(a.display, "J\xc3\xb6rg A.");
	assert_int_equal(sip_name_addr_parse(SLICE("<http://www.example.com>"), &a), 0);
	assert_int_equal(a.uri.scheme, URI_OTHER);
}

/* RFC 3261 20.10: without <>, parameters are those of the header. */
static void a_bare_uri_leaves_its_parameters_to_the_header(void **state)
{
	struct sip_name_addr a;

	assert_int_equal(
		sip_name_addr_parse(SLICE("sip:+1972@gw.example.net;user=phone;tag=x"), &a), 0);
	assert_slice(a.uri_text, "sip:+1972@gw.example.net");
	assert_int_equal(a.uri.params.n, 0);
	assert_slice(a.params, "user=phone;tag=x");
	assert_slice(a.tag, "x");
}

static void a_star_is_no_uri(void **state)
{
	struct sip_name_addr a;

	assert_int_equal(sip_name_addr_parse(SLICE(" * "), &a), 0);
	assert_true(a.star);
	assert_int_equal(sip_name_addr_parse(SLICE("*;expires=0"), &a), -EINVAL);
}

static void malformed_addresses_are_refused(void **state)
{
	static const char *const bad[] = {
		"",
		" ",
		"<>",
		"nouri",
		"\"a <sip:b@c>",
		"\"a\" sip:b@c",
		"<sip:a@b",
		"<sip:a@b\"",
		"<sip:a@b ;tag=x",
		"< sip:a@b >",
		"<sip:a@b> x",
		"<sip:a@b>;",
		"<sip:a@b>;;;;",
		"<sip:a@\r\n b>",
		"<sip:a@b<c>",
		"Bell, Alexander <sip:a@b>",
		"sip:user@example.com?Route=%3Csip:sip.example.com%3E",
		"sip:a@b c",
		"sip:a@b,c",
	};
	struct sip_name_addr a;

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_int_equal(sip_name_addr_parse(slice_str(bad[i]), &a), -EINVAL);
}

static void cseq_and_rack_hold_number_and_method(void **state)
{
	struct sip_cseq cseq;
	struct sip_rack rack;

	assert_int_equal(sip_cseq_parse(SLICE("0009\r\n  INVITE"), &cseq), 0);
	assert_int_equal(cseq.number, 9);
	assert_int_equal(cseq.method, SIP_INVITE);
	assert_int_equal(sip_cseq_parse(SLICE("2147483647 X%41"), &cseq), 0);
	assert_int_equal(cseq.method, SIP_OTHER);
	assert_slice(cseq.method_name, "X%41");
	assert_int_equal(sip_rack_parse(SLICE("776656 1 INVITE"), &rack), 0);
	assert_int_equal(rack.rseq, 776656);
	assert_int_equal(rack.cseq.number, 1);
	assert_int_equal(rack.cseq.method, SIP_INVITE);
}

static void malformed_cseqs_are_refused(void **state)
{
	static const char *const bad[] = {"", "1", "INVITE", "1INVITE", "-1 INVITE", "1 ", "1 A B",
		"2147483648 INVITE", "36893488147419103232 INVITE", "1 IN/VITE"};
	struct sip_cseq cseq;

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_int_equal(sip_cseq_parse(slice_str(bad[i]), &cseq), -EINVAL);
}

static void session_expires_names_the_refresher(void **state)
{
	struct sip_session_expires e;

	assert_int_equal(sip_session_expires_parse(SLICE("1800 ;Refresher=UAS;x=y"), &e), 0);
	assert_int_equal(e.seconds, 1800);
	assert_int_equal(e.refresher, SIP_REFRESHER_UAS);
	assert_int_equal(sip_session_expires_parse(SLICE("90"), &e), 0);
	assert_int_equal(e.refresher, SIP_REFRESHER_NONE);
	assert_int_equal(sip_session_expires_parse(SLICE("90;refresher=me"), &e), -EINVAL);
	assert_int_equal(sip_session_expires_parse(SLICE("soon"), &e), -EINVAL);
	assert_int_equal(sip_session_expires_parse(SLICE("90;"), &e), -EINVAL);
}

static void replaces_join_and_target_dialog_name_a_dialog(void **state)
{
	struct sip_dialog_ref ref;

	assert_int_equal(
		sip_dialog_ref_parse(SLICE("a@b;to-tag=t ;from-tag=f;early-only"), &ref), 0);
	assert_slice(ref.call_id, "a@b");
	assert_slice(ref.to_tag, "t");
	assert_slice(ref.from_tag, "f");
	assert_true(ref.early_only);
	assert_int_equal(sip_dialog_ref_parse(SLICE("a;local-tag=l;remote-tag=r"), &ref), 0);
	assert_slice(ref.to_tag, "r");
	assert_slice(ref.from_tag, "l");
	assert_false(ref.early_only);
	assert_int_equal(sip_dialog_ref_parse(SLICE("a;to-tag=t"), &ref), -EINVAL);
	assert_int_equal(sip_dialog_ref_parse(SLICE("a b;to-tag=t;from-tag=f"), &ref), -EINVAL);
}

static void a_word_is_parted_from_its_parameters(void **state)
{
	struct sip_word_params parts;

	assert_int_equal(sip_word_params_parse(SLICE("conference ; id=4"), &parts), 0);
	assert_slice(parts.word, "conference");
	assert_slice(parts.params, "id=4");
	assert_int_equal(sip_word_params_parse(SLICE("SIP;cause=200;text=\"a;b\""), &parts), 0);
	assert_int_equal(sip_word_params_parse(SLICE(";id=4"), &parts), -EINVAL);
	assert_int_equal(sip_word_params_parse(SLICE("a;"), &parts), -EINVAL);
	assert_int_equal(sip_word_params_parse(SLICE_NONE, &parts), -EINVAL);
}

static void credentials_give_their_parameters(void **state)
{
	struct sip_auth auth;
	struct slice value;

	assert_int_equal(sip_auth_parse(SLICE("Digest username=\"a, b\", realm = \"x\",\r\n"
					      " nonce=abc==, qop=auth"),
				 &auth),
		0);
	assert_slice(auth.scheme, "Digest");
	assert_true(sip_auth_param(&auth, "username", &value));
	assert_slice(value, "\"a, b\"");
	assert_true(sip_auth_param(&auth, "NONCE", &value));
	assert_slice(value, "abc==");
	assert_true(sip_auth_param(&auth, "qop", &value));
	assert_false(sip_auth_param(&auth, "opaque", &value));
	assert_int_equal(sip_auth_parse(SLICE("Digest"), &auth), -EINVAL);
}

static void numbers_too_large_become_the_largest(void **state)
{
	uint32_t number;

	assert_int_equal(sip_number_parse(SLICE(" 3600 "), &number), 0);
	assert_int_equal(number, 3600);
	assert_int_equal(sip_number_parse(SLICE("100000000000000000000000000"), &number), 0);
	assert_int_equal(number, UINT32_MAX);
	assert_int_equal(sip_number_parse(SLICE("99999999999x"), &number), -EINVAL);
	assert_int_equal(sip_number_parse(SLICE("-1"), &number), -EINVAL);
	assert_int_equal(sip_number_parse(SLICE_NONE, &number), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(commas_in_quotes_and_brackets_do_not_separate),
		cmocka_unit_test(what_is_not_closed_takes_the_rest_of_a_list),
		cmocka_unit_test(parameters_are_walked_with_quotes_and_folds),
		cmocka_unit_test(malformed_parameters_are_refused),
		cmocka_unit_test(a_parameter_is_found_without_regard_to_case),
		cmocka_unit_test(quoted_strings_lose_quotes_and_escapes),
		cmocka_unit_test(via_is_taken_apart),
		cmocka_unit_test(via_may_hold_blanks_and_folds_everywhere),
		cmocka_unit_test(via_received_takes_both_forms_of_ipv6),
		cmocka_unit_test(malformed_vias_are_refused),
		cmocka_unit_test(name_addr_is_taken_apart),
		cmocka_unit_test(a_bare_uri_leaves_its_parameters_to_the_header),
		cmocka_unit_test(a_star_is_no_uri),
		cmocka_unit_test(malformed_addresses_are_refused),
		cmocka_unit_test(cseq_and_rack_hold_number_and_method),
		cmocka_unit_test(malformed_cseqs_are_refused),
		cmocka_unit_test(session_expires_names_the_refresher),
		cmocka_unit_test(replaces_join_and_target_dialog_name_a_dialog),
		cmocka_unit_test(a_word_is_parted_from_its_parameters),
		cmocka_unit_test(credentials_give_their_parameters),
		cmocka_unit_test(numbers_too_large_become_the_largest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
