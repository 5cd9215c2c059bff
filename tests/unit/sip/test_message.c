/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Parsing a message, looking into it, keeping it. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/mem.h"
#include "sip/message.h"

#define HEAD                                                        \
	"Via: SIP/2.0/UDP 192.0.2.1:5062;branch=z9hG4bKa;rport\r\n" \
	"Via: SIP/2.0/TCP b.example.com\r\n"                        \
	"From: \"Al\" <sip:al@example.com;lr>;tag=ft\r\n"           \
	"To: <sip:bo@example.net>\r\n"                              \
	"Call-ID: c1@192.0.2.1\r\n"                                 \
	"CSeq: 7 INVITE\r\n"

static const char invite[] =
	"INVITE sip:bo@example.net:5070;x=y SIP/2.0\r\n" HEAD "Max-Forwards: 70\r\n"
	"Contact: <sip:al@192.0.2.1>\r\n"
	"Supported: timer, 100rel\r\n"
	"k: replaces\r\n"
	"X-Note: one\r\n"
	"x-note: two\r\n"
	"Route: <sip:p1.example.com;lr>, <sip:p2.example.com;lr>\r\n"
	"Route: <sip:p3.example.com;lr>\r\n"
	"Content-Type: application/sdp\r\n"
	"Content-Length: 5\r\n"
	"\r\n"
	"v=0\r\n";

static void assert_slice(struct slice s, const char *expected)
{
	assert_int_equal(s.n, strlen(expected));
	assert_memory_equal(s.p ? s.p : "", expected, s.n);
}

static int parse(const char *text, struct sip_msg *msg)
{
	size_t consumed;

	return sip_msg_parse(slice_str(text), false, msg, &consumed);
}

/* Parse a request made of this start line and these further lines. */
static int parse_lines(const char *start, const char *lines, struct sip_msg *msg)
{
	static char text[8192];

	assert_true(snprintf(text, sizeof text, "%s\r\n%s\r\n", start, lines) < (int)sizeof text);
	return parse(text, msg);
}

static void a_request_is_taken_apart(void **state)
{
	struct sip_msg msg;

	assert_int_equal(parse(invite, &msg), 0);
	assert_true(msg.is_request);
	assert_int_equal(msg.method, SIP_INVITE);
	assert_slice(msg.method_name, "INVITE");
	assert_slice(msg.uri_text, "sip:bo@example.net:5070;x=y");
	assert_slice(msg.uri.user, "bo");
	assert_int_equal(msg.uri.port, 5070);
	assert_slice(msg.via.host, "192.0.2.1");
	assert_slice(msg.via.branch, "z9hG4bKa");
	assert_slice(msg.from.display, "\"Al\"");
	assert_slice(msg.from.uri_text, "sip:al@example.com;lr");
	assert_slice(msg.from.tag, "ft");
	assert_slice(msg.to.uri.host, "example.net");
	assert_int_equal(msg.to.tag.n, 0);
	assert_slice(msg.call_id, "c1@192.0.2.1");
	assert_int_equal(msg.cseq.number, 7);
	assert_int_equal(msg.cseq.method, SIP_INVITE);
	assert_int_equal(msg.max_forwards, 70);
	assert_int_equal(msg.content_length, 5);
	assert_slice(msg.content_type, "application/sdp");
	assert_slice(msg.body, "v=0\r\n");
	assert_slice(msg.raw, invite);
	assert_true(msg.answerable);
	assert_null(msg.error);
}

static void a_response_is_taken_apart(void **state)
{
	struct sip_msg msg;

	assert_int_equal(parse("SIP/2.0 480 Temporarily away\r\n" HEAD "l: 0\r\n\r\n", &msg), 0);
	assert_false(msg.is_request);
	assert_int_equal(msg.status, 480);
	assert_slice(msg.reason, "Temporarily away");
	assert_int_equal(msg.method, SIP_INVITE);
	assert_slice(msg.method_name, "INVITE");
	assert_int_equal(msg.max_forwards, -1);
	assert_false(msg.answerable);
}

static void a_reason_phrase_may_be_missing(void **state)
{
	struct sip_msg msg;

	assert_int_equal(parse_lines("SIP/2.0 100 ", HEAD, &msg), 0);
	assert_int_equal(msg.reason.n, 0);
	assert_int_equal(parse_lines("SIP/2.0 100", HEAD, &msg), 0);
}

static void malformed_start_lines_are_refused(void **state)
{
	static const char *const bad[] = {
		"",
		"INVITE",
		"INVITE sip:a@b",
		"INVITE  sip:a@b SIP/2.0",
		"INVITE sip:a@b  SIP/2.0",
		"INVITE sip:a@b SIP/2.0 ",
		" INVITE sip:a@b SIP/2.0",
		"INVITE\tsip:a@b\tSIP/2.0",
		"INVITE <sip:a@b> SIP/2.0",
		"INVITE sip:a@b; lr SIP/2.0",
		"IN/VITE sip:a@b SIP/2.0",
		"INVITE sip:a@b HTTP/1.1",
		"SIP/2.0",
		"SIP/2.0 ",
		"SIP/2.0 99 Low",
		"SIP/2.0 099 Low",
		"SIP/2.0 700 High",
		"SIP/2.0 0200 Long",
		"SIP/2.0 4294967496 Longer",
		"SIP/2.0 2x0 Odd",
		"SIP/3.0 200 OK",
	};
	struct sip_msg msg;

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		assert_int_equal(parse_lines(bad[i], HEAD, &msg), -EBADMSG);
		assert_non_null(msg.error);
	}
}

static void an_unknown_version_is_answered_505(void **state)
{
	struct sip_msg msg;

	assert_int_equal(parse_lines("INVITE sip:a@b SIP/7.0", HEAD, &msg), -EBADMSG);
	assert_int_equal(msg.error_status, 505);
	assert_true(msg.answerable);
	assert_int_equal(parse_lines("INVITE sip:a@b sip/2.0", HEAD, &msg), 0);
}

static void mandatory_headers_may_not_be_missing(void **state)
{
	static const char *const lines[] = {"Via: SIP/2.0/UDP h\r\n", "From: <sip:a@b>;tag=1\r\n",
		"To: <sip:c@d>\r\n", "Call-ID: x\r\n", "CSeq: 1 BYE\r\n"};
	struct sip_msg msg;

	for (size_t missing = 0; missing <= 5; missing++) {
		char text[512] = "";

		for (size_t i = 0; i < 5; i++) {
			if (i != missing)
				strcat(text, lines[i]);
		}
		assert_int_equal(parse_lines("BYE sip:a@b SIP/2.0", text, &msg),
			missing == 5 ? 0 : -EBADMSG);
		assert_int_equal(msg.answerable, missing == 5);
		assert_int_equal(
			parse_lines("SIP/2.0 200 OK", text, &msg), missing == 5 ? 0 : -EBADMSG);
	}
}

static void headers_that_stand_once_may_not_stand_twice(void **state)
{
	static const char *const twice[] = {"From: <sip:a@b>\r\n", "t: <sip:a@b>\r\n", "i: x\r\n",
		"CSeq: 7 INVITE\r\n", "Max-Forwards: 1\r\nMax-Forwards: 1\r\n",
		"l: 0\r\nContent-Length: 0\r\n"};
	char text[1024];
	struct sip_msg msg;

	for (size_t i = 0; i < sizeof twice / sizeof twice[0]; i++) {
		snprintf(text, sizeof text, HEAD "%s", twice[i]);
		assert_int_equal(parse_lines("INVITE sip:a@b SIP/2.0", text, &msg), -EBADMSG);
		assert_true(msg.answerable);
		assert_int_equal(msg.error_status, 400);
		/* The first one is the one that is answered to. */
		assert_slice(msg.call_id, "c1@192.0.2.1");
	}
}

static void malformed_headers_are_refused_but_the_others_are_read(void **state)
{
	static const char *const bad[] = {"Max-Forwards: 256\r\n", "Max-Forwards: -1\r\n",
		"Content-Length: -5\r\n", "Content-Length: five\r\n", "Content-Length:\r\n",
		"no colon\r\n", ": no name\r\n", "Two Words: x\r\n", "Bare: a\rb\r\n",
		"Bare: a\nb\r\n", "Bare: a\n"};
	char text[1024];
	struct sip_msg msg;

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		snprintf(text, sizeof text, HEAD "%s", bad[i]);
		assert_int_equal(parse_lines("INVITE sip:a@b SIP/2.0", text, &msg), -EBADMSG);
		assert_int_equal(msg.error_status, 400);
		assert_true(msg.answerable);
		assert_slice(msg.call_id, "c1@192.0.2.1");
	}
}

static void method_and_cseq_must_agree(void **state)
{
	struct sip_msg msg;

	assert_int_equal(parse_lines("BYE sip:a@b SIP/2.0", HEAD, &msg), -EBADMSG);
	assert_int_equal(msg.error_status, 400);
	assert_int_equal(parse_lines("NEWMETHOD sip:a@b SIP/2.0", HEAD, &msg), -EBADMSG);
	assert_int_equal(msg.error_status, 501);
	assert_int_equal(parse_lines("invite sip:a@b SIP/2.0", HEAD, &msg), -EBADMSG);
}

static void an_ack_is_never_answerable(void **state)
{
	struct sip_msg msg;

	assert_int_equal(parse_lines("ACK sip:a@b SIP/2.0", HEAD, &msg), -EBADMSG);
	assert_false(msg.answerable);
}

static void header_lines_are_capped(void **state)
{
	static char text[16384];
	struct sip_msg msg;
	size_t consumed;
	char *p = text;

	p += sprintf(p, "INVITE sip:a@b SIP/2.0\r\n" HEAD);
	for (unsigned i = 6; i < SIP_MAX_HEADERS; i++)
		p += sprintf(p, "H: %u\r\n", i);
	strcpy(p, "\r\n");
	assert_int_equal(sip_msg_parse(slice_str(text), false, &msg, &consumed), 0);
	assert_int_equal(msg.n_headers, SIP_MAX_HEADERS);
	strcpy(p, "H: one more\r\n\r\n");
	assert_int_equal(sip_msg_parse(slice_str(text), false, &msg, &consumed), -EBADMSG);
	assert_int_equal(msg.n_headers, SIP_MAX_HEADERS);
	assert_true(msg.answerable);
}

/* RFC 3261 18.3. */
static void a_datagram_ends_the_body(void **state)
{
	struct sip_msg msg;
	size_t consumed;
	struct slice longer = SLICE("INVITE sip:a@b SIP/2.0\r\n" HEAD "l: 2\r\n\r\nabcd");

	assert_int_equal(sip_msg_parse(longer, false, &msg, &consumed), 0);
	assert_slice(msg.body, "ab");
	assert_int_equal(consumed, longer.n);
	assert_int_equal(
		parse("INVITE sip:a@b SIP/2.0\r\n" HEAD "l: 5\r\n\r\nabcd", &msg), -EBADMSG);
	assert_true(msg.answerable);
	assert_slice(msg.body, "abcd");
	assert_int_equal(parse("INVITE sip:a@b SIP/2.0\r\n" HEAD "\r\nabcd", &msg), 0);
	assert_int_equal(msg.content_length, -1);
	assert_slice(msg.body, "abcd");
	assert_int_equal(
		parse("INVITE sip:a@b SIP/2.0\r\n" HEAD "l: 99999999999999999999\r\n\r\nab", &msg),
		-EBADMSG);
}

static void a_datagram_of_blanks_is_a_keep_alive(void **state)
{
	struct sip_msg msg;
	size_t consumed;

	assert_int_equal(sip_msg_parse(SLICE_NONE, false, &msg, &consumed), -ENODATA);
	assert_int_equal(sip_msg_parse(SLICE("\r\n\r\n"), false, &msg, &consumed), -ENODATA);
	assert_int_equal(consumed, 4);
	assert_int_equal(sip_msg_parse(SLICE("\0\0\0\0"), false, &msg, &consumed), -ENODATA);
	assert_int_equal(parse("\r\n\r\nINVITE sip:a@b SIP/2.0\r\n" HEAD "\r\n", &msg), 0);
}

static void a_datagram_cut_at_any_byte_is_malformed_or_shorter(void **state)
{
	size_t head = strstr(invite, "\r\n\r\n") + 4 - invite;

	for (size_t n = 1; n < sizeof invite - 1; n++) {
		char *copy = malloc(n); /* exact, so that a read behind it is seen */
		struct sip_msg msg;
		size_t consumed;

		memcpy(copy, invite, n);
		assert_int_equal(
			sip_msg_parse(slice_of(copy, n), false, &msg, &consumed), -EBADMSG);
		assert_true(n < head || msg.answerable);
		free(copy);
	}
}

static void headers_are_walked_by_id_and_by_name(void **state)
{
	const struct sip_header *h;
	struct sip_msg msg;

	assert_int_equal(parse(invite, &msg), 0);
	h = sip_msg_header(&msg, SIP_HDR_SUPPORTED);
	assert_slice(h->value, "timer, 100rel");
	h = sip_msg_next(&msg, SIP_HDR_SUPPORTED, h);
	assert_slice(h->value, "replaces");
	assert_null(sip_msg_next(&msg, SIP_HDR_SUPPORTED, h));
	h = sip_msg_header_named(&msg, "X-NOTE", NULL);
	assert_slice(h->value, "one");
	h = sip_msg_header_named(&msg, "X-NOTE", h);
	assert_slice(h->value, "two");
	assert_null(sip_msg_header_named(&msg, "X-NOTE", h));
	assert_slice(sip_msg_header_named(&msg, "supported", NULL)->value, "timer, 100rel");
	assert_slice(sip_msg_value(&msg, SIP_HDR_CONTACT), "<sip:al@192.0.2.1>");
	assert_int_equal(sip_msg_value(&msg, SIP_HDR_DATE).n, 0);
	assert_null(sip_msg_header(&msg, SIP_HDR_DATE));
}

static void elements_are_walked_across_header_lines(void **state)
{
	static const char *const hosts[] = {"p1.example.com", "p2.example.com", "p3.example.com"};
	struct sip_element_walk walk = {0};
	struct sip_name_addr addr;
	struct sip_msg msg;

	assert_int_equal(parse(invite, &msg), 0);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(sip_msg_address(&msg, SIP_HDR_ROUTE, &walk, &addr), 1);
		assert_slice(addr.uri.host, hosts[i]);
	}
	assert_int_equal(sip_msg_address(&msg, SIP_HDR_ROUTE, &walk, &addr), 0);
	assert_int_equal(sip_msg_address(&msg, SIP_HDR_ROUTE, &walk, &addr), 0);
}

static void tokens_are_found_in_any_line(void **state)
{
	struct sip_msg msg;

	assert_int_equal(parse(invite, &msg), 0);
	assert_true(sip_msg_has_token(&msg, SIP_HDR_SUPPORTED, "100rel"));
	assert_true(sip_msg_has_token(&msg, SIP_HDR_SUPPORTED, "replaces"));
	assert_false(sip_msg_has_token(&msg, SIP_HDR_SUPPORTED, "100"));
	assert_false(sip_msg_has_token(&msg, SIP_HDR_REQUIRE, "100rel"));
}

static void headers_the_server_acts_upon_are_checked(void **state)
{
	static const char *const bad[] = {"Contact: *, <sip:a@b>\r\n", "Contact: <sip:a@b\r\n",
		"Contact:\r\n", "Record-Route: *\r\n", "Route: sip:a@b c\r\n", "Require: a b\r\n",
		"Expires: soon\r\n", "Session-Expires: x\r\n", "Refer-To: <>\r\n",
		"Event: ;id=1\r\n", "RAck: 1\r\n", "Replaces: a;to-tag=b\r\n",
		"Event: a\r\nEvent: b\r\n"};
	static const char *const good[] = {"Contact: *\r\n", "Contact: <sip:a@b>, <sip:c@d>\r\n",
		"Expires: 1000000000000000\r\n", "Date: yesterday\r\n", "Require: a, b\r\n"};
	char text[1024];
	struct sip_msg msg;

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		snprintf(text, sizeof text, HEAD "%s", bad[i]);
		assert_int_equal(parse_lines("INVITE sip:a@b SIP/2.0", text, &msg), 0);
		assert_int_equal(sip_msg_check(&msg), -EBADMSG);
		assert_int_equal(msg.error_status, 400);
	}
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
		snprintf(text, sizeof text, HEAD "%s", good[i]);
		assert_int_equal(parse_lines("INVITE sip:a@b SIP/2.0", text, &msg), 0);
		assert_int_equal(sip_msg_check(&msg), 0);
	}
}

static void a_kept_message_outlives_its_input(void **state)
{
	char *copy = mem_strndup(invite, sizeof invite - 1);
	size_t alive = obj_alive(), consumed;
	struct sip_msg *kept, msg;

	assert_int_equal(
		sip_msg_parse(slice_of(copy, sizeof invite - 1), false, &msg, &consumed), 0);
	kept = sip_msg_keep(&msg);
	assert_non_null(kept);
	memset(copy, 'x', sizeof invite - 1);
	mem_free(copy);
	assert_slice(kept->raw, invite);
	assert_slice(kept->uri.user, "bo");
	assert_slice(kept->via.branch, "z9hG4bKa");
	assert_slice(kept->from.tag, "ft");
	assert_slice(kept->from.uri.params, "lr");
	assert_slice(kept->body, "v=0\r\n");
	assert_slice(kept->cseq.method_name, "INVITE");
	assert_slice(sip_msg_value(kept, SIP_HDR_CONTACT), "<sip:al@192.0.2.1>");
	assert_int_equal(kept->n_headers, msg.n_headers);
	obj_unref(kept);
	assert_int_equal(obj_alive(), alive);
}

static void keeping_without_memory_gives_null(void **state)
{
	struct sip_msg msg;

	assert_int_equal(parse(invite, &msg), 0);
	mem_fail_after(0);
	assert_null(sip_msg_keep(&msg));
	mem_fail_after(-1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_is_taken_apart),
		cmocka_unit_test(a_response_is_taken_apart),
		cmocka_unit_test(a_reason_phrase_may_be_missing),
		cmocka_unit_test(malformed_start_lines_are_refused),
		cmocka_unit_test(an_unknown_version_is_answered_505),
		cmocka_unit_test(mandatory_headers_may_not_be_missing),
		cmocka_unit_test(headers_that_stand_once_may_not_stand_twice),
		cmocka_unit_test(malformed_headers_are_refused_but_the_others_are_read),
		cmocka_unit_test(method_and_cseq_must_agree),
		cmocka_unit_test(an_ack_is_never_answerable),
		cmocka_unit_test(header_lines_are_capped),
		cmocka_unit_test(a_datagram_ends_the_body),
		cmocka_unit_test(a_datagram_of_blanks_is_a_keep_alive),
		cmocka_unit_test(a_datagram_cut_at_any_byte_is_malformed_or_shorter),
		cmocka_unit_test(headers_are_walked_by_id_and_by_name),
		cmocka_unit_test(elements_are_walked_across_header_lines),
		cmocka_unit_test(tokens_are_found_in_any_line),
		cmocka_unit_test(headers_the_server_acts_upon_are_checked),
		cmocka_unit_test(a_kept_message_outlives_its_input),
		cmocka_unit_test(keeping_without_memory_gives_null),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
