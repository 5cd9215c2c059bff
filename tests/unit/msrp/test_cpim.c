/* SPDX-License-Identifier: GPL-3.0-or-later */
/* CPIM messages (RFC 3862) and delivery notifications (RFC 5438). */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "msrp/imdn.h"

#define HEAD                                                                                  \
	"From: Ann <sip:ann@example.org>\r\nTo: <sip:bob@example.org>\r\n"                    \
	"To: Carol <sip:carol@example.org>\r\nDateTime: 2026-11-22T21:03:17.402211+01:00\r\n" \
	"Subject:;lang=en Lunch\r\nNS: x <urn:ietf:params:imdn>\r\nx.Message-ID: 34jk324j\r\n"

#define MIME "Content-Type: text/plain; charset=utf-8\r\nContent-ID: <1>\r\n\r\n"

static void assert_text(struct slice s, const char *text)
{
	assert_int_equal(s.n, strlen(text));
	assert_memory_equal(s.n ? s.p : "", text, s.n);
}

static void a_message_is_taken_apart(void **state)
{
	struct cpim_message m;

	assert_int_equal(cpim_parse(SLICE(HEAD "\r\n" MIME "hello\r\nthere"), &m), 0);
	assert_text(m.from.uri, "sip:ann@example.org");
	assert_text(m.from.display, "Ann");
	assert_int_equal(m.n_to, 2);
	assert_text(m.to[1].uri, "sip:carol@example.org");
	assert_text(m.date_time, "2026-11-22T21:03:17.402211+01:00");
	assert_text(m.subject, "Lunch");
	assert_text(m.content_type, "text/plain; charset=utf-8");
	assert_text(m.content_id, "<1>");
	assert_text(m.body, "hello\r\nthere");
}

/* Upstream ends the lines of the MIME part with LF, and leaves values empty. */
static void bare_line_feeds_and_empty_headers_are_taken(void **state)
{
	struct cpim_message m;

	assert_int_equal(cpim_parse(SLICE("From: <sip:a@b>\r\n\r\nMIME-Version: 1.0\nContent-Type: "
					  "text/html\nContent-Transfer-Encoding:\n\nx"),
				 &m),
		0);
	assert_text(m.content_type, "text/html");
	assert_text(m.content_encoding, "");
	assert_text(m.body, "x");
	assert_int_equal(cpim_parse(SLICE("From: <sip:a@b>\n\n\nx"), &m), 0);
	assert_text(m.content_type, "text/plain");
}

static void what_has_no_end_of_its_headers_is_refused(void **state)
{
	static const char *const bad[] = {"", "hello", "From: <sip:a@b>\r\n", "hello\r\n\r\n\r\nx",
		": x\r\n\r\n\r\n", "From: <sip:a@b>\r\n\r\nContent-Type: text/plain\r\nx"};
	struct cpim_message m;

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_int_equal(cpim_parse(slice_str(bad[i]), &m), -EBADMSG);
}

static void counts_beyond_the_limits_are_refused_or_left_out(void **state)
{
	struct cpim_message m;
	struct buf text;

	buf_init(&text, 100000);
	for (int i = 0; i < CPIM_MAX_HEADERS; i++)
		buf_str(&text, "To: <sip:a@b>\r\n");
	buf_str(&text, "\r\n\r\nx");
	assert_int_equal(cpim_parse(buf_view(&text), &m), 0);
	assert_int_equal(m.n_to, CPIM_MAX_RECIPIENTS);
	buf_reset(&text);
	for (int i = 0; i <= CPIM_MAX_HEADERS; i++)
		buf_str(&text, "To: <sip:a@b>\r\n");
	buf_str(&text, "\r\n\r\nx");
	assert_int_equal(cpim_parse(buf_view(&text), &m), -EBADMSG);
	buf_free(&text);
}

static void headers_are_found_by_namespace_under_any_prefix(void **state)
{
	struct cpim_message m;
	struct slice value;

	assert_int_equal(cpim_parse(SLICE(HEAD "y.Other: 1\r\n\r\n" MIME), &m), 0);
	assert_true(cpim_header(&m, CPIM_NS_IMDN, "Message-ID", &value));
	assert_text(value, "34jk324j");
	assert_false(cpim_header(&m, "urn:other", "Message-ID", &value));
	assert_false(cpim_header(&m, CPIM_NS_IMDN, "Other", &value));
}

static void escapes_are_undone(void **state)
{
	struct buf out;

	buf_init(&out, 100);
	cpim_unescape(SLICE("a\\\"b\\\\c\\u263a\\t\\x\\ud800\\"), &out);
	assert_text(buf_view(&out), "a\"b\\c\xe2\x98\xba\t\\x\\ud800\\");
	buf_free(&out);
}

static void delivery_is_notified_of_when_asked_for_only(void **state)
{
	struct imdn_delivery delivery = {
		SLICE("a<b"), SLICE("2026-11-22T21:03:17Z"), SLICE("sip:echo@example.org")};
	struct cpim_message m;
	struct buf out;

	assert_int_equal(
		cpim_parse(SLICE(HEAD "x.Disposition-Notification: display\r\n\r\n" MIME), &m), 0);
	assert_false(imdn_wants_delivery(&m, &delivery.id));
	assert_int_equal(
		cpim_parse(SLICE(HEAD "x.Disposition-Notification: display, positive-delivery"
				      "\r\n\r\n" MIME),
			&m),
		0);
	assert_true(imdn_wants_delivery(&m, &delivery.id));
	assert_text(delivery.id, "34jk324j");
	delivery.id = SLICE("a<b");
	buf_init(&out, 4096);
	imdn_write_delivered(&delivery, &out);
	assert_text(buf_view(&out),
		"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n"
		"<imdn xmlns=\"urn:ietf:params:xml:ns:imdn\"><message-id>a&lt;b</message-id>"
		"<datetime>2026-11-22T21:03:17Z</datetime>"
		"<recipient-uri>sip:echo@example.org</recipient-uri>"
		"<original-recipient-uri>sip:echo@example.org</original-recipient-uri>"
		"<delivery-notification><status><delivered/></status></delivery-notification>"
		"</imdn>\r\n");
	buf_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_message_is_taken_apart),
		cmocka_unit_test(bare_line_feeds_and_empty_headers_are_taken),
		cmocka_unit_test(what_has_no_end_of_its_headers_is_refused),
		cmocka_unit_test(counts_beyond_the_limits_are_refused_or_left_out),
		cmocka_unit_test(headers_are_found_by_namespace_under_any_prefix),
		cmocka_unit_test(escapes_are_undone),
		cmocka_unit_test(delivery_is_notified_of_when_asked_for_only),
	};

	return cmocka_run_group_tests_name("cpim", tests, NULL, NULL);
}
