/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Writing messages, and the part of a response that is copied from its request. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/mem.h"
#include "sip/message.h"

static struct buf out;

static int setup(void **state)
{
	buf_init(&out, 65536);
	return 0;
}

static int teardown(void **state)
{
	buf_free(&out);
	return 0;
}

static void assert_out(const char *expected)
{
	assert_int_equal(out.err, 0);
	assert_int_equal(out.n, strlen(expected));
	assert_memory_equal(out.p, expected, out.n);
}

static void parse(const char *text, const char *source, struct sip_msg *msg)
{
	size_t consumed;

	assert_int_equal(sip_msg_parse(slice_str(text), false, msg, &consumed), 0);
	assert_int_equal(addr_parse(slice_str(source), 5099, &msg->source), 0);
}

static void a_request_is_written(void **state)
{
	sip_write_request(&out, SLICE("OPTIONS"), SLICE("sip:a@b"));
	sip_write_header(&out, SIP_HDR_CALL_ID, SLICE("x"));
	sip_write_header_str(&out, SIP_HDR_SUPPORTED, "timer");
	sip_write_header_u32(&out, SIP_HDR_MAX_FORWARDS, 70);
	sip_write_header_named(&out, SLICE("X-Note"), SLICE("n"));
	sip_write_header_f(&out, SIP_HDR_VIA, "SIP/2.0/%s %s", "UDP", "h");
	sip_write_cseq(&out, 4294967295, SLICE("OPTIONS"));
	sip_write_lines(&out, SLICE("A: b\r\nC : d\r\n"));
	sip_write_end(&out, SLICE("text/plain"), SLICE("hi"));
	assert_out("OPTIONS sip:a@b SIP/2.0\r\nCall-ID: x\r\nSupported: timer\r\n"
		   "Max-Forwards: 70\r\nX-Note: n\r\nVia: SIP/2.0/UDP h\r\n"
		   "CSeq: 4294967295 OPTIONS\r\nA: b\r\nC : d\r\n"
		   "Content-Type: text/plain\r\nContent-Length: 2\r\n\r\nhi");
}

static void without_a_type_there_is_no_body(void **state)
{
	sip_write_status(&out, 180, NULL);
	sip_write_end(&out, SLICE_NONE, SLICE("ignored"));
	assert_out("SIP/2.0 180 Ringing\r\nContent-Length: 0\r\n\r\n");
}

static void a_reason_of_ones_own_is_written(void **state)
{
	sip_write_status(&out, 404, "No Such Room");
	assert_out("SIP/2.0 404 No Such Room\r\n");
}

static void no_value_can_forge_a_line(void **state)
{
	static const char *const bad[] = {
		"a\r\nX: y", "a\nX: y", "a\r", "a\r\n", "a\n b", "a\r b", "\r\n\r\n", "a\r\n"};

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		buf_reset(&out);
		sip_write_header_str(&out, SIP_HDR_SUBJECT, bad[i]);
		assert_int_equal(out.err, -EINVAL);
		buf_reset(&out);
		sip_write_header_f(&out, SIP_HDR_SUBJECT, "%s", bad[i]);
		assert_int_equal(out.err, -EINVAL);
		buf_reset(&out);
		sip_write_header_named(&out, slice_str(bad[i]), SLICE("x"));
		assert_int_equal(out.err, -EINVAL);
		buf_reset(&out);
		sip_write_status(&out, 200, bad[i]);
		assert_int_equal(out.err, -EINVAL);
		buf_reset(&out);
		sip_write_request(&out, SLICE("BYE"), slice_str(bad[i]));
		assert_int_equal(out.err, -EINVAL);
		buf_reset(&out);
		sip_write_request(&out, slice_str(bad[i]), SLICE("sip:a@b"));
		assert_int_equal(out.err, -EINVAL);
		buf_reset(&out);
		sip_write_cseq(&out, 1, slice_str(bad[i]));
		assert_int_equal(out.err, -EINVAL);
		buf_reset(&out);
		sip_write_quoted(&out, slice_str(bad[i]));
		assert_int_equal(out.err, -EINVAL);
	}
}

static void lines_made_elsewhere_are_checked(void **state)
{
	static const char *const bad[] = {"A: b", "A: b\n", "\r\n", "A: b\r\n\r\n", "A b\r\n",
		": b\r\n", "A: b\rc\r\n", "\n", " A: b\r\n"};

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		buf_reset(&out);
		sip_write_lines(&out, slice_str(bad[i]));
		assert_int_equal(out.err, -EINVAL);
	}
}

static void a_uri_with_blanks_is_not_written(void **state)
{
	sip_write_request(&out, SLICE("BYE"), SLICE("sip:a@b SIP/2.0"));
	assert_int_equal(out.err, -EINVAL);
	buf_reset(&out);
	sip_write_request(&out, SLICE("BYE"), SLICE_NONE);
	assert_int_equal(out.err, -EINVAL);
}

static void quoting_escapes(void **state)
{
	sip_write_quoted(&out, SLICE("a \"b\" \\"));
	assert_out("\"a \\\"b\\\" \\\\\"");
}

static void folds_of_a_received_value_become_a_blank(void **state)
{
	sip_write_header(&out, SIP_HDR_SUBJECT, SLICE("a\r\n b\r\n\tc"));
	assert_out("Subject: a b c\r\n");
}

#define REQUEST                                                                              \
	"INVITE sip:a@b SIP/2.0\r\n"                                                         \
	"v: SIP/2.0/UDP host.example.com:5062;branch=z9hG4bK1;rport ; x, SIP/2.0/TCP h2\r\n" \
	"Via: SIP/2.0/UDP h3\r\n"                                                            \
	"Record-Route: <sip:p2;lr>, <sip:p1;lr>\r\n"                                         \
	"f: \"A\"\r\n <sip:a@b>;tag=1\r\n"                                                   \
	"To: <sip:c@d>\r\n"                                                                  \
	"Timestamp: 54\r\n"                                                                  \
	"Call-ID: x\r\n"                                                                     \
	"CSeq: 1 INVITE\r\n"                                                                 \
	"Record-Route: <sip:p0;lr>\r\n\r\n"

/* RFC 3261 8.2.6.2, 12.1.1, 18.2.1; RFC 3581 section 4. */
static void a_response_copies_what_it_must(void **state)
{
	struct sip_msg msg;

	parse(REQUEST, "192.0.2.7", &msg);
	sip_write_response(&out, &msg, 200, NULL, "mine");
	assert_out("SIP/2.0 200 OK\r\n"
		   "Via: SIP/2.0/UDP host.example.com:5062;branch=z9hG4bK1;x;rport=5099"
		   ";received=192.0.2.7\r\n"
		   "Via: SIP/2.0/TCP h2\r\n"
		   "Via: SIP/2.0/UDP h3\r\n"
		   "From: \"A\" <sip:a@b>;tag=1\r\n"
		   "To: <sip:c@d>;tag=mine\r\n"
		   "Call-ID: x\r\n"
		   "CSeq: 1 INVITE\r\n"
		   "Record-Route: <sip:p2;lr>, <sip:p1;lr>\r\n"
		   "Record-Route: <sip:p0;lr>\r\n");
}

static void a_100_has_the_timestamp_and_no_route(void **state)
{
	struct sip_msg msg;

	parse(REQUEST, "192.0.2.7", &msg);
	sip_write_response(&out, &msg, 100, NULL, NULL);
	buf_char(&out, '\0');
	assert_non_null(strstr(out.p, "Timestamp: 54\r\n"));
	assert_non_null(strstr(out.p, "To: <sip:c@d>\r\n"));
	assert_null(strstr(out.p, "Record-Route"));
	buf_reset(&out);
	sip_write_response(&out, &msg, 486, NULL, "mine");
	buf_char(&out, '\0');
	assert_null(strstr(out.p, "Record-Route"));
	assert_null(strstr(out.p, "Timestamp"));
}

static void expect_via(const char *via, const char *source, const char *expected)
{
	char text[512];
	struct sip_msg msg;

	snprintf(text, sizeof text,
		"BYE sip:a@b SIP/2.0\r\nVia: %s\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:c@d>;tag=2\r\n"
		"Call-ID: x\r\nCSeq: 1 BYE\r\n\r\n",
		via);
	parse(text, source, &msg);
	buf_reset(&out);
	sip_write_response(&out, &msg, 200, NULL, "mine");
	snprintf(text, sizeof text,
		"SIP/2.0 200 OK\r\nVia: %s\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:c@d>;tag=2\r\n"
		"Call-ID: x\r\nCSeq: 1 BYE\r\n",
		expected);
	assert_out(text);
}

static void received_and_rport_tell_where_a_request_came_from(void **state)
{
	/* An address that is the packets' source needs neither. */
	expect_via("SIP/2.0/UDP 192.0.2.7;branch=b", "192.0.2.7", "SIP/2.0/UDP 192.0.2.7;branch=b");
	expect_via("SIP/2.0/UDP 192.0.2.7;rport", "192.0.2.7",
		"SIP/2.0/UDP 192.0.2.7;rport=5099;received=192.0.2.7");
	expect_via(
		"SIP/2.0/UDP 192.0.2.8", "192.0.2.7", "SIP/2.0/UDP 192.0.2.8;received=192.0.2.7");
	expect_via("SIP/2.0/UDP h", "2001:db8::1", "SIP/2.0/UDP h;received=2001:db8::1");
	expect_via("SIP/2.0/TCP [2001:db8::1]:5060;branch=b", "2001:db8::1",
		"SIP/2.0/TCP [2001:db8::1]:5060;branch=b");
	/* What the peer says itself is not believed. */
	expect_via("SIP/2.0/UDP h;received=198.51.100.1;rport=1;branch=b", "192.0.2.7",
		"SIP/2.0/UDP h;branch=b;rport=5099;received=192.0.2.7");
}

/* RFC 4475 3.1.2.6: the answer carries what came, on one line each. */
static void a_malformed_request_is_answered_with_what_it_held(void **state)
{
	struct slice in = SLICE("INVITE sip:a@b SIP/2.0\r\n"
				"Via: SIP/2.0/UDP 192.0.2.15;;,;,,\r\n"
				"To: \"Mr. J. User\r\n <sip:j@example.com>\r\n"
				"From: sip:c@d;tag=9\r\nCall-ID: x\r\nCSeq: 8 INVITE\r\n\r\n");
	struct sip_msg msg;
	size_t consumed;

	assert_int_equal(sip_msg_parse(in, false, &msg, &consumed), -EBADMSG);
	assert_true(msg.answerable);
	assert_int_equal(addr_parse(SLICE("192.0.2.7"), 5099, &msg.source), 0);
	sip_write_response(&out, &msg, 400, NULL, "mine");
	assert_out("SIP/2.0 400 Bad Request\r\n"
		   "Via: SIP/2.0/UDP 192.0.2.15;;\r\n"
		   "Via: ;,,\r\n"
		   "From: sip:c@d;tag=9\r\n"
		   "To: \"Mr. J. User <sip:j@example.com>;tag=mine\r\n"
		   "Call-ID: x\r\n"
		   "CSeq: 8 INVITE\r\n");
}

static void a_full_buffer_and_no_memory_are_told_at_the_end(void **state)
{
	struct sip_msg msg;
	struct buf small;

	parse(REQUEST, "192.0.2.7", &msg);
	buf_init(&small, 100);
	sip_write_response(&small, &msg, 200, NULL, "mine");
	sip_write_header_f(&small, SIP_HDR_SUBJECT, "%s", "x");
	sip_write_end(&small, SLICE_NONE, SLICE_NONE);
	assert_int_equal(small.err, -ENOBUFS);
	buf_free(&small);
	mem_fail_after(0);
	sip_write_header_f(&small, SIP_HDR_SUBJECT, "%s", "x");
	sip_write_end(&small, SLICE_NONE, SLICE_NONE);
	mem_fail_after(-1);
	assert_int_equal(small.err, -ENOMEM);
	buf_free(&small);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_request_is_written, setup, teardown),
		cmocka_unit_test_setup_teardown(without_a_type_there_is_no_body, setup, teardown),
		cmocka_unit_test_setup_teardown(a_reason_of_ones_own_is_written, setup, teardown),
		cmocka_unit_test_setup_teardown(no_value_can_forge_a_line, setup, teardown),
		cmocka_unit_test_setup_teardown(lines_made_elsewhere_are_checked, setup, teardown),
		cmocka_unit_test_setup_teardown(a_uri_with_blanks_is_not_written, setup, teardown),
		cmocka_unit_test_setup_teardown(quoting_escapes, setup, teardown),
		cmocka_unit_test_setup_teardown(
			folds_of_a_received_value_become_a_blank, setup, teardown),
		cmocka_unit_test_setup_teardown(a_response_copies_what_it_must, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_100_has_the_timestamp_and_no_route, setup, teardown),
		cmocka_unit_test_setup_teardown(
			received_and_rport_tell_where_a_request_came_from, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_malformed_request_is_answered_with_what_it_held, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_full_buffer_and_no_memory_are_told_at_the_end, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
