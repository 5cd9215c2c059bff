/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Finding messages in a stream, however its bytes are cut. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/buf.h"
#include "sip/message.h"

#define HEAD                                     \
	"Via: SIP/2.0/TCP h;branch=z9hG4bKa\r\n" \
	"From: <sip:a@b>;tag=f\r\n"              \
	"To: <sip:c@d>\r\n"                      \
	"Call-ID: x\r\n"

#define FIRST \
	"OPTIONS sip:a@b SIP/2.0\r\n" HEAD "CSeq: 1 OPTIONS\r\nContent-Length: 4\r\n\r\na\r\n\r"
#define SECOND "SIP/2.0 200 OK\r\n" HEAD "CSeq: 2 OPTIONS\r\nl: 0\r\n\r\n"

static void a_message_ends_where_its_length_says(void **state)
{
	struct slice in = SLICE(FIRST SECOND);
	struct sip_msg msg;
	size_t consumed;

	assert_int_equal(sip_msg_parse(in, true, &msg, &consumed), 0);
	assert_int_equal(consumed, sizeof FIRST - 1);
	assert_int_equal(msg.body.n, 4);
	in = SLICE(SECOND);
	assert_int_equal(sip_msg_parse(in, true, &msg, &consumed), 0);
	assert_int_equal(consumed, in.n);
	assert_int_equal(msg.status, 200);
}

/* Feed the stream in pieces of this size, dropping what is consumed, as a transport does. */
static unsigned feed(struct slice stream, size_t piece, unsigned *pings)
{
	struct sip_framer framer = {0};
	struct buf in;
	unsigned n = 0;

	buf_init(&in, 65536);
	while (stream.n) {
		size_t cut = piece < stream.n ? piece : stream.n, consumed;
		struct sip_msg msg;
		int err;

		buf_append(&in, stream.p, cut);
		stream = slice_of(stream.p + cut, stream.n - cut);
		while ((err = sip_framer_next(&framer, buf_view(&in), 4096, &msg, &consumed)) ==
			0) {
			n++;
			assert_int_equal(msg.cseq.number, n);
			buf_consume(&in, consumed);
		}
		assert_int_equal(err, -EAGAIN);
		buf_consume(&in, consumed);
	}
	assert_int_equal(in.n, 0);
	buf_free(&in);
	*pings = framer.pings;
	return n;
}

static void the_cut_of_the_stream_does_not_matter(void **state)
{
	unsigned pings;

	for (size_t piece = 1; piece < 300; piece++) {
		assert_int_equal(feed(SLICE("\r\n" FIRST "\r\n\r\n" SECOND), piece, &pings), 2);
		assert_int_equal(pings, 1);
	}
}

/* RFC 5626 4.4.1: a ping is a double CRLF; a single one is none. */
static void double_crlfs_are_pings(void **state)
{
	unsigned pings;

	for (size_t piece = 1; piece < 12; piece++) {
		assert_int_equal(feed(SLICE("\r\n\r\n\r\n\r\n\r\n"), piece, &pings), 0);
		assert_int_equal(pings, 2);
	}
}

static void the_head_is_not_scanned_again(void **state)
{
	struct slice whole = SLICE(FIRST);
	struct sip_framer framer = {0};
	struct sip_msg msg;
	size_t consumed;

	assert_int_equal(
		sip_framer_next(&framer, slice_of(whole.p, 100), 4096, &msg, &consumed), -EAGAIN);
	assert_int_equal(consumed, 0);
	assert_int_equal(framer.scanned, 97);
	assert_int_equal(
		sip_framer_next(&framer, slice_of(whole.p, whole.n - 1), 4096, &msg, &consumed),
		-EAGAIN);
	assert_int_equal(framer.need, whole.n);
	assert_int_equal(sip_framer_next(&framer, whole, 4096, &msg, &consumed), 0);
	assert_int_equal(consumed, whole.n);
	assert_int_equal(framer.need, 0);
	assert_int_equal(framer.scanned, 0);
}

static void without_a_trusted_length_the_stream_is_lost(void **state)
{
	static const char *const lengths[] = {
		"", "l: -1\r\n", "l: 0\r\nl: 0\r\n", "l: x\r\n", "x: y\n\r\nl: 0\r\n"};
	struct sip_msg msg;
	size_t consumed;
	struct buf in;

	buf_init(&in, 4096);
	for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
		buf_reset(&in);
		buf_str(&in, "OPTIONS sip:a@b SIP/2.0\r\n" HEAD "CSeq: 1 OPTIONS\r\n");
		buf_str(&in, lengths[i]);
		buf_str(&in, "\r\n");
		assert_int_equal(sip_msg_parse(buf_view(&in), true, &msg, &consumed), -EBADMSG);
		assert_int_equal(consumed, 0);
		assert_true(msg.answerable);
		assert_int_equal(msg.error_status, 400);
	}
	buf_free(&in);
}

static void a_malformed_message_with_a_length_is_passed_over(void **state)
{
	struct slice in = SLICE(
		"OPTIONS  sip:a@b SIP/2.0\r\n" HEAD "CSeq: 1 OPTIONS\r\nl: 3\r\n\r\nabc" SECOND);
	struct sip_msg msg;
	size_t consumed;

	assert_int_equal(sip_msg_parse(in, true, &msg, &consumed), -EBADMSG);
	assert_int_equal(consumed, in.n - (sizeof SECOND - 1));
	assert_true(msg.answerable);
	/* Its body is waited for first. */
	in.n = consumed - 1;
	assert_int_equal(sip_msg_parse(in, true, &msg, &consumed), -EAGAIN);
}

static void a_message_beyond_the_limit_is_refused(void **state)
{
	struct slice in =
		SLICE("OPTIONS sip:a@b SIP/2.0\r\n" HEAD "CSeq: 1 OPTIONS\r\nl: 4000\r\n\r\n");
	struct sip_framer framer = {0};
	struct sip_msg msg;
	size_t consumed;

	assert_int_equal(sip_framer_next(&framer, in, 4096, &msg, &consumed), -EMSGSIZE);
	assert_int_equal(consumed, 0);
	assert_int_equal(msg.error_status, 513);
	assert_true(msg.answerable);
	framer = (struct sip_framer){0};
	assert_int_equal(sip_framer_next(&framer, in, 5000, &msg, &consumed), -EAGAIN);
	framer = (struct sip_framer){0};
	in.n = 100; /* an endless header section */
	assert_int_equal(sip_framer_next(&framer, in, 99, &msg, &consumed), -EMSGSIZE);
	assert_false(msg.answerable);
}

static void what_cannot_be_sip_is_refused_at_once(void **state)
{
	static const char *const first[] = {"\x16\x03\x01", "\n", " INVITE", "\rX", "{", "\x80"};
	struct sip_msg msg;
	size_t consumed;

	for (size_t i = 0; i < sizeof first / sizeof first[0]; i++) {
		assert_int_equal(
			sip_msg_parse(slice_str(first[i]), true, &msg, &consumed), -EBADMSG);
		assert_int_equal(consumed, 0);
		assert_false(msg.answerable);
	}
	assert_int_equal(sip_msg_parse(SLICE("\r"), true, &msg, &consumed), -EAGAIN);
	assert_int_equal(sip_msg_parse(SLICE_NONE, true, &msg, &consumed), -EAGAIN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_message_ends_where_its_length_says),
		cmocka_unit_test(the_cut_of_the_stream_does_not_matter),
		cmocka_unit_test(double_crlfs_are_pings),
		cmocka_unit_test(the_head_is_not_scanned_again),
		cmocka_unit_test(without_a_trusted_length_the_stream_is_lost),
		cmocka_unit_test(a_malformed_message_with_a_length_is_passed_over),
		cmocka_unit_test(a_message_beyond_the_limit_is_refused),
		cmocka_unit_test(what_cannot_be_sip_is_refused_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
