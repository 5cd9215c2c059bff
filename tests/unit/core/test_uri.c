/* SPDX-License-Identifier: GPL-3.0-or-later */
/* URIs: RFC 3261 19.1 with the RFC's own examples, RFC 3966, and what is refused. */
#include "core/uri.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static struct uri parsed(const char *text)
{
	struct uri uri;

	if (uri_parse(slice_str(text), &uri) != 0)
		fail_msg("refused: %s", text);
	return uri;
}

static void assert_slice(struct slice s, const char *expected)
{
	assert_int_equal(s.n, strlen(expected));
	assert_memory_equal(s.n ? s.p : "", expected, s.n);
}

static void assert_written(void (*write)(const struct uri *, struct buf *), const struct uri *uri,
	const char *expected)
{
	struct buf b;

	buf_init(&b, 4096);
	write(uri, &b);
	assert_int_equal(b.err, 0);
	assert_slice(buf_view(&b), expected);
	buf_free(&b);
}

static void every_part_of_a_sip_uri_is_found(void **state)
{
	struct uri u = parsed("sips:alice:secretword@atlanta.com:5071;transport=tcp;lr?subject=x&"
			      "priority=urgent");

	assert_int_equal(u.scheme, URI_SIPS);
	assert_slice(u.scheme_name, "sips");
	assert_slice(u.user, "alice");
	assert_slice(u.password, "secretword");
	assert_slice(u.host, "atlanta.com");
	assert_int_equal(u.port, 5071);
	assert_slice(u.params, "transport=tcp;lr");
	assert_slice(u.headers, "subject=x&priority=urgent");
	assert_true(uri_is_sip(&u));
}

/* RFC 3261 19.1.3. */
static void the_examples_of_the_rfc_are_read_and_written_unchanged(void **state)
{
	static const char *const examples[] = {
		"sip:alice@atlanta.com",
		"sip:alice:secretword@atlanta.com;transport=tcp",
		"sips:alice@atlanta.com?subject=project%20x&priority=urgent",
		"sip:+1-212-555-1212:1234@gateway.com;user=phone",
		"sips:1212@gateway.com",
		"sip:alice@192.0.2.4",
		"sip:atlanta.com;method=REGISTER?to=alice%40atlanta.com",
		"sip:alice;day=tuesday@atlanta.com",
		"sip:[2001:db8::10]",
		"SIP:user@[2001:db8::10]:5070;x",
		"sip:alice:@atlanta.com",
		"tel:+1-201-555-0123",
		"tel:7042;phone-context=example.com",
		"im:alice@example.com",
		"urn:service:sos",
	};

	for (size_t i = 0; i < sizeof examples / sizeof examples[0]; i++) {
		struct uri u = parsed(examples[i]);

		assert_written(uri_write, &u, examples[i]);
	}
}

static void a_user_may_hold_semicolons_and_question_marks(void **state)
{
	struct uri u = parsed("sip:alice;day=tuesday?x/y@atlanta.com;lr");

	assert_slice(u.user, "alice;day=tuesday?x/y");
	assert_slice(u.host, "atlanta.com");
	assert_slice(u.params, "lr");
	/* RFC 4475 3.1.1.2: every unusual character that a user may have. */
	u = parsed("sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*:&it+has=1,weird!*pas$wd~"
		   "_too.(doesn't-it)@example.com");
	assert_slice(u.user, "1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*");
	assert_slice(u.host, "example.com");
	/* RFC 4475 3.1.1.9: parameters of the user, not of the URI. */
	u = parsed("sip:user;par=u%40example.net@example.com");
	assert_slice(u.user, "user;par=u%40example.net");
	assert_slice(u.params, "");
}

static void what_is_no_uri_is_refused(void **state)
{
	static const char *const bad[] = {"", "sip", "sip:", ":a@b", "1sip:a@b", "s_p:a@b",
		"sip:@host", "sip:user@", "sip::pw@host", "sip:a@b@c",
		"sip:a@host:", "sip:a@host:0", "sip:a@host:65536", "sip:a@host:5060x",
		"sip:a@host:-1", "sip:a@host:99999999999999999999", "sip:a@[::1", "sip:a@[]",
		"sip:a@[1.2.3.4]", "sip:a@[::1]x", "sip:a@[fe80::1%25eth0]", "sip:a@ho st",
		"sip:a b@host", "sip:a@host;x=<y>", "sip:a@host\r\nX: y", "sip:a\x7f@host",
		"sip:a@host?x=\"y\"", "sip:a@.host", "sip:a@ho..st", "sip:a@h%6fst", "sip:a@host,b",
		"sip:a@h\xc3\xb6st", "tel:", "tel:+", "tel:-", "tel:12x", "tel:+12a", "tel:1+2",
		"tel:;x=y", "http:"};
	struct uri u;

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		if (uri_parse(slice_str(bad[i]), &u) != -EINVAL)
			fail_msg("accepted: %s", bad[i]);
	}
	assert_int_equal(uri_parse(slice_of("sip:a\0@b", 8), &u), -EINVAL);
}

static void a_host_name_has_a_limit(void **state)
{
	char text[300] = "sip:";
	struct uri u;

	memset(text + 4, 'a', 255);
	assert_int_equal(uri_parse(slice_of(text, 4 + 255), &u), 0);
	memset(text + 4, 'a', 256);
	assert_int_equal(uri_parse(slice_of(text, 4 + 256), &u), -EINVAL);
}

static void more_than_64_parameters_or_headers_are_refused(void **state)
{
	static const char *const starts[] = {"sip:a@b;x", "sip:a@b?x", "tel:112;x"};
	static const char separators[] = ";&;";

	for (size_t s = 0; s < 3; s++) {
		char text[512];
		size_t n = (size_t)snprintf(text, sizeof text, "%s", starts[s]);
		struct uri u;

		for (int i = 1; i < 64; i++, n += 2)
			memcpy(text + n, (char[]){separators[s], 'x'}, 2);
		assert_int_equal(uri_parse(slice_of(text, n), &u), 0);
		memcpy(text + n, (char[]){separators[s], 'x'}, 2);
		assert_int_equal(uri_parse(slice_of(text, n + 2), &u), -EINVAL);
	}
}

static void parameters_are_found_in_any_case(void **state)
{
	struct uri u = parsed("sip:a@b;Transport=TCP;lr;;x=1=2;x=3;empty=");
	struct slice value;

	assert_true(uri_param(&u, "transport", &value));
	assert_slice(value, "TCP");
	assert_true(uri_param(&u, "lr", &value));
	assert_int_equal(value.n, 0);
	assert_true(uri_param(&u, "X", &value));
	assert_slice(value, "1=2");
	assert_true(uri_param(&u, "empty", &value));
	assert_int_equal(value.n, 0);
	assert_false(uri_param(&u, "trans", &value));
	assert_int_equal(value.n, 0);
}

static void headers_are_walked_in_order(void **state)
{
	struct uri u = parsed("sip:a@b?Subject=x%20y&&body=");
	struct slice rest = u.headers, name, value;

	assert_true(uri_next_header(&rest, &name, &value));
	assert_slice(name, "Subject");
	assert_slice(value, "x%20y");
	assert_true(uri_next_header(&rest, &name, &value));
	assert_slice(name, "body");
	assert_slice(value, "");
	assert_false(uri_next_header(&rest, &name, &value));
}

/* RFC 3261 19.1.5. */
static void a_request_uri_has_neither_method_nor_headers(void **state)
{
	struct uri u = parsed("sip:a@b:5070;method=BYE;lr;maddr=192.0.2.1?Route=x");

	assert_written(uri_write_request, &u, "sip:a@b:5070;lr;maddr=192.0.2.1");
	u = parsed("tel:112;x=y");
	assert_written(uri_write_request, &u, "tel:112;x=y");
}

static void a_uri_built_by_hand_is_written(void **state)
{
	struct uri u = {.scheme = URI_SIPS,
		.user = SLICE("room"),
		.host = SLICE("[::1]"),
		.port = 5061,
		.params = SLICE("transport=tls")};

	assert_written(uri_write, &u, "sips:room@[::1]:5061;transport=tls");
	u = (struct uri){.scheme = URI_TEL, .user = SLICE("+49301234")};
	assert_written(uri_write, &u, "tel:+49301234");
}

static bool equal(const char *a, const char *b)
{
	struct uri x = parsed(a), y = parsed(b);
	bool result = uri_equal(&x, &y);

	assert_int_equal(uri_equal(&y, &x), result);
	return result;
}

static void the_equivalent_pairs_of_the_rfc_are_equal(void **state)
{
	assert_true(equal(
		"sip:%61lice@atlanta.com;transport=TCP", "sip:alice@AtLanTa.CoM;Transport=tcp"));
	assert_true(equal("sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5"));
	assert_true(equal("sip:carol@chicago.com", "sip:carol@chicago.com;security=on"));
	assert_true(equal("sip:carol@chicago.com;newparam=5", "sip:carol@chicago.com;security=on"));
	assert_true(equal("sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com",
		"sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com"));
	assert_true(equal("sip:alice@atlanta.com?subject=project%20x&priority=urgent",
		"sip:alice@atlanta.com?priority=urgent&subject=project%20x"));
}

static void the_different_pairs_of_the_rfc_are_not_equal(void **state)
{
	assert_false(equal(
		"SIP:ALICE@AtLanTa.CoM;Transport=udp", "sip:alice@AtLanTa.CoM;Transport=UDP"));
	assert_false(equal("sip:bob@biloxi.com", "sip:bob@biloxi.com:5060"));
	assert_false(equal("sip:bob@biloxi.com", "sip:bob@biloxi.com;transport=udp"));
	assert_false(equal("sip:bob@biloxi.com", "sip:bob@biloxi.com:6000;transport=tcp"));
	assert_false(
		equal("sip:carol@chicago.com", "sip:carol@chicago.com?Subject=next%20meeting"));
	assert_false(equal("sip:bob@phone21.boxesbybob.com", "sip:bob@192.0.2.4"));
	/* "Note that equality is not transitive" */
	assert_true(equal("sip:carol@chicago.com", "sip:carol@chicago.com;security=off"));
	assert_false(
		equal("sip:carol@chicago.com;security=on", "sip:carol@chicago.com;security=off"));
}

static void the_other_rules_of_comparison_hold(void **state)
{
	assert_false(equal("sip:a@b", "sips:a@b"));
	assert_false(equal("sip:a@b", "sip:b"));
	assert_false(equal("sip:a@b", "sip:a:x@b"));
	assert_false(equal("sip:a@b", "sip:a:@b"));
	assert_false(equal("sip:a:x@b", "sip:a:X@b"));
	assert_true(equal("sip:a:%78@b", "sip:a:x@b"));
	assert_false(equal("sip:a@b;user=ip", "sip:a@b"));
	assert_false(equal("sip:a@b;ttl=1", "sip:a@b"));
	assert_false(equal("sip:a@b;method=INVITE", "sip:a@b"));
	assert_false(equal("sip:a@b;maddr=192.0.2.1", "sip:a@b"));
	assert_true(equal("sip:a@b;x=%41", "sip:a@b;x=a"));
	assert_false(equal("sip:a@b?x=1&x=1", "sip:a@b?x=1&x=2"));
	/* Of a repeated parameter the first counts: equality stays reflexive. */
	assert_true(equal("sip:a@b;x=1;x=2", "sip:a@b;x=1;x=2"));
	assert_false(equal("sip:a@b;x=1;x=2", "sip:a@b;x=2;x=1"));
	assert_true(equal("tel:112;x=1;x=2", "tel:112;x=1;x=2"));
	/* A reserved byte is not its escape (RFC 2396 2.2), whatever the case of the digits. */
	assert_false(equal("sip:a%3Bb@c", "sip:a;b@c"));
	assert_true(equal("sip:a%3bb@c", "sip:a%3Bb@c"));
	assert_false(equal("sip:ab@c", "sip:abc@c"));
	/* RFC 5954 4.2 */
	assert_true(equal("sip:[2001:db8::9:1]", "sip:[2001:DB8:0:0::9:01]"));
	assert_false(equal("sip:[2001:db8::9:1]", "sip:[2001:db8::9:10]"));
}

/* RFC 3966 4. */
static void telephone_numbers_are_compared_without_separators(void **state)
{
	assert_true(equal("tel:+1-201-555-0123", "TEL:+1(201)555.0123"));
	assert_false(equal("tel:+12015550123", "tel:12015550123"));
	assert_true(
		equal("tel:7042;phone-context=example.com", "tel:70-42;phone-context=Example.COM"));
	assert_false(
		equal("tel:7042;phone-context=example.com", "tel:7042;phone-context=example.net"));
	assert_true(equal("tel:863-1234;phone-context=+1-914", "tel:8631234;phone-context=+1914"));
	assert_true(equal("tel:112;ext=1-2;x=y", "tel:112;X=Y;ext=12"));
	assert_false(equal("tel:112;x=y", "tel:112"));
	assert_true(equal("tel:a1;phone-context=x", "tel:A1;phone-context=x"));
}

static void other_schemes_are_compared_as_they_are(void **state)
{
	assert_true(equal("xmpp:a@b", "XMPP:a@b"));
	assert_false(equal("xmpp:a@b", "xmpp:A@b"));
	assert_false(equal("xmpp:a@b", "im:a@b"));
}

static void assert_canonical(const char *text, const char *expected)
{
	struct uri u = parsed(text);

	assert_written(uri_canonical, &u, expected);
}

static void the_canonical_form_is_one_for_all_spellings(void **state)
{
	assert_canonical("sip:%61lice:pw@AtLanTa.CoM.:5070;lr?x=y", "alice@atlanta.com");
	assert_canonical("sips:Alice@host", "Alice@host");
	assert_canonical("sip:HOST;lr", "host");
	assert_canonical("sip:a%40b%3bc@h", "a%40b;c@h");
	assert_canonical("sip:a%00%0a@h", "a%00%0A@h");
	assert_canonical("sip:caf\xc3\xa9#1@h", "caf%C3%A9%231@h");
	assert_canonical("sip:caf%c3%a9%231@h", "caf%C3%A9%231@h");
	assert_canonical("sip:100%zz@h", "100%25zz@h");
	assert_canonical("sip:a@[2001:DB8:0:0::1]", "a@[2001:db8::1]");
	assert_canonical("tel:+49-(30).123", "+4930123");
	assert_canonical("tel:A-12;phone-context=Example.COM", "a12;phone-context=example.com");
	assert_canonical("im:a@b", "a@b");
}

static void escapes_are_undone_and_broken_ones_kept(void **state)
{
	struct buf b;

	buf_init(&b, 100);
	uri_unescape(SLICE("a%20b%7Ec%zz%4"), &b);
	assert_slice(buf_view(&b), "a b~c%zz%4");
	buf_reset(&b);
	uri_escape_user(SLICE("a b@c:d%41;\"<>\xff~"), &b);
	assert_slice(buf_view(&b), "a%20b%40c%3Ad%2541;%22%3C%3E%FF~");
	buf_free(&b);
}

static void an_escaped_user_comes_back_through_a_uri(void **state)
{
	struct buf text, user;
	char all[256];
	struct uri u;

	for (int i = 0; i < 256; i++)
		all[i] = (char)i;
	buf_init(&text, 4096);
	buf_init(&user, 4096);
	buf_str(&text, "sip:");
	uri_escape_user(slice_of(all, 256), &text);
	buf_str(&text, "@host");
	assert_int_equal(uri_parse(buf_view(&text), &u), 0);
	uri_unescape(u.user, &user);
	assert_int_equal(user.n, 256);
	assert_memory_equal(user.p, all, 256);
	buf_free(&text);
	buf_free(&user);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_part_of_a_sip_uri_is_found),
		cmocka_unit_test(the_examples_of_the_rfc_are_read_and_written_unchanged),
		cmocka_unit_test(a_user_may_hold_semicolons_and_question_marks),
		cmocka_unit_test(what_is_no_uri_is_refused),
		cmocka_unit_test(a_host_name_has_a_limit),
		cmocka_unit_test(more_than_64_parameters_or_headers_are_refused),
		cmocka_unit_test(parameters_are_found_in_any_case),
		cmocka_unit_test(headers_are_walked_in_order),
		cmocka_unit_test(a_request_uri_has_neither_method_nor_headers),
		cmocka_unit_test(a_uri_built_by_hand_is_written),
		cmocka_unit_test(the_equivalent_pairs_of_the_rfc_are_equal),
		cmocka_unit_test(the_different_pairs_of_the_rfc_are_not_equal),
		cmocka_unit_test(the_other_rules_of_comparison_hold),
		cmocka_unit_test(telephone_numbers_are_compared_without_separators),
		cmocka_unit_test(other_schemes_are_compared_as_they_are),
		cmocka_unit_test(the_canonical_form_is_one_for_all_spellings),
		cmocka_unit_test(escapes_are_undone_and_broken_ones_kept),
		cmocka_unit_test(an_escaped_user_comes_back_through_a_uri),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
