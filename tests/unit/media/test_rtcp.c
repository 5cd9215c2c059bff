/* SPDX-License-Identifier: GPL-3.0-or-later */
/* RTCP packets, byte by byte (RFC 3550 section 6). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "media/rtcp.h"

#define SELF 0x01020304
#define PEER 0xa1a2a3a4

static const uint8_t sender_report[] = {
	/* SR, one block */
	0x81, 200, 0, 12, 1, 2, 3, 4, 0xe0, 0, 0, 1, 0x80, 0, 0, 0, 0, 0, 0x12, 0x34, 0, 0, 0, 5, 0,
	0, 3, 0x20, 0xa1, 0xa2, 0xa3, 0xa4, 64, 0xff, 0xff, 0xfe, 0, 1, 0xff, 0xff, 0, 0, 0, 80,
	0x11, 0x22, 0x33, 0x44, 0, 1, 0x80, 0,
	/* SDES: CNAME of four letters, two zero bytes up to the word */
	0x81, 202, 0, 3, 1, 2, 3, 4, 1, 4, 'a', 'b', 'c', 'd', 0, 0,
	/* BYE */
	0x81, 203, 0, 1, 1, 2, 3, 4};

static const struct rtcp_report full = {
	.ssrc = SELF,
	.is_sender = true,
	.sender = {.ntp = 0xe000000180000000, .timestamp = 0x1234, .packets = 5, .octets = 800},
	.has_block = true,
	.block = {.ssrc = PEER,
		.fraction_lost = 64,
		.lost = -2,
		.highest_seq = 0x1ffff,
		.jitter = 80,
		.lsr = 0x11223344,
		.dlsr = 0x18000},
	.cname = "abcd",
	.bye = true,
};

static void report_is_written_as_the_rfc_draws_it(void **state)
{
	uint8_t out[RTCP_MAX_REPORT];

	assert_int_equal(rtcp_write_report(&full, out), sizeof sender_report);
	assert_memory_equal(out, sender_report, sizeof sender_report);
}

static void who_has_neither_sent_nor_heard_reports_nothing_but_itself(void **state)
{
	static const uint8_t wanted[] = {0x80, 201, 0, 1, 1, 2, 3, 4, 0x81, 202, 0, 3, 1, 2, 3, 4,
		1, 5, 'a', 'b', 'c', 'd', 'e', 0};
	struct rtcp_report report = {.ssrc = SELF, .cname = "abcde"};
	uint8_t out[RTCP_MAX_REPORT];

	assert_int_equal(rtcp_write_report(&report, out), sizeof wanted);
	assert_memory_equal(out, wanted, sizeof wanted);
}

static void every_length_of_a_cname_ends_in_a_zero_byte_and_on_a_word(void **state)
{
	char cname[RTCP_CNAME_SIZE] = "";

	for (size_t n = 0; n < sizeof cname; n++) {
		struct rtcp_report report = {.ssrc = SELF, .cname = cname, .bye = true};
		uint8_t out[RTCP_MAX_REPORT];
		size_t size = rtcp_write_report(&report, out), length = 0;
		const uint8_t *p = out, *found = NULL;
		struct rtcp_packet packet;

		assert_int_equal(rtcp_check(out, size), 0);
		assert_true(rtcp_next(&p, &size, &packet) && rtcp_next(&p, &size, &packet));
		assert_true(rtcp_read_cname(&packet, SELF, &found, &length));
		assert_int_equal(length, n);
		assert_memory_equal(found, cname, n);
		assert_true(rtcp_next(&p, &size, &packet));
		assert_true(rtcp_is_bye_of(&packet, SELF));
		if (n + 1 < sizeof cname)
			cname[n] = 'x';
		else
			assert_int_equal(strlen(cname), n);
	}
}

static void losses_beyond_24_bits_are_clamped(void **state)
{
	struct rtcp_report report = full;
	const int32_t lost[][2] = {{0x7fffff, 0x7fffff}, {0x800000, 0x7fffff},
		{-0x800000, -0x800000}, {-0x800001, -0x800000}, {-1, -1}, {0, 0}};
	uint8_t out[RTCP_MAX_REPORT];
	struct rtcp_packet packet;
	struct rtcp_block block;

	for (size_t i = 0; i < sizeof lost / sizeof lost[0]; i++) {
		const uint8_t *p = out;
		size_t n;

		report.block.lost = lost[i][0];
		n = rtcp_write_report(&report, out);
		assert_true(rtcp_next(&p, &n, &packet));
		assert_true(rtcp_read_block(&packet, 0, &block));
		assert_int_equal(block.lost, lost[i][1]);
		assert_int_equal(block.fraction_lost, 64);
	}
}

static void what_was_written_is_read_back(void **state)
{
	const uint8_t *p = sender_report, *cname = NULL;
	size_t n = sizeof sender_report, length = 0;
	struct rtcp_packet packet;
	struct rtcp_sender sender;
	struct rtcp_block block;
	uint32_t ssrc;

	assert_int_equal(rtcp_check(p, n), 0);
	assert_true(rtcp_next(&p, &n, &packet));
	assert_true(rtcp_read_ssrc(&packet, &ssrc) && ssrc == SELF);
	assert_true(rtcp_read_sender(&packet, &sender));
	assert_true(sender.ntp == full.sender.ntp && sender.timestamp == 0x1234);
	assert_true(sender.packets == 5 && sender.octets == 800);
	assert_true(rtcp_read_block(&packet, 0, &block));
	assert_true(block.ssrc == PEER && block.fraction_lost == 64 && block.lost == -2);
	assert_true(block.highest_seq == 0x1ffff && block.jitter == 80);
	assert_true(block.lsr == 0x11223344 && block.dlsr == 0x18000);
	assert_false(rtcp_read_block(&packet, 1, &block));
	assert_true(rtcp_next(&p, &n, &packet));
	assert_false(rtcp_read_ssrc(&packet, &ssrc));
	assert_false(rtcp_read_cname(&packet, PEER, &cname, &length));
	assert_true(rtcp_read_cname(&packet, SELF, &cname, &length));
	assert_true(length == 4 && memcmp(cname, "abcd", 4) == 0);
	assert_true(rtcp_next(&p, &n, &packet));
	assert_true(rtcp_is_bye_of(&packet, SELF));
	assert_false(rtcp_is_bye_of(&packet, PEER));
	assert_false(rtcp_next(&p, &n, &packet));
}

/* RFC 5506: any packet may stand alone. */
static void reduced_size_and_unknown_packets_are_taken(void **state)
{
	static const uint8_t app[] = {0x85, 204, 0, 2, 0xa1, 0xa2, 0xa3, 0xa4, 'n', 'a', 'm', 'e'};
	static const uint8_t feedback[] = {0x81, 206, 0, 2, 0xa1, 0xa2, 0xa3, 0xa4, 1, 2, 3, 4};
	static const uint8_t nobody[] = {0x80, 203, 0, 0};
	static const uint8_t padded[] = {0xa0, 201, 0, 2, 0xa1, 0xa2, 0xa3, 0xa4, 0, 0, 0, 4};
	const uint8_t *p = app;
	size_t n = sizeof app;
	struct rtcp_packet packet;
	uint32_t ssrc;

	assert_int_equal(rtcp_check(app, sizeof app), 0);
	assert_true(rtcp_next(&p, &n, &packet));
	assert_true(packet.type == RTCP_APP && packet.count == 5 && packet.size == 8);
	assert_true(rtcp_read_ssrc(&packet, &ssrc) && ssrc == PEER);
	assert_int_equal(rtcp_check(feedback, sizeof feedback), 0);
	assert_int_equal(rtcp_check(nobody, sizeof nobody), 0);
	assert_int_equal(rtcp_check(padded, sizeof padded), 0);
	p = padded;
	n = sizeof padded;
	assert_true(rtcp_next(&p, &n, &packet));
	assert_int_equal(packet.size, 4);
}

static void malformed_datagrams_are_refused_as_a_whole(void **state)
{
	static const struct {
		uint8_t p[16];
		size_t n;
	} bad[] = {
		{{0}, 0}, {{0x80, 201, 0}, 3}, {{0x40, 201, 0, 1, 1, 2, 3, 4}, 8}, /* version 1 */
		{{0x80, 100, 0, 1, 1, 2, 3, 4}, 8},                   /* no type of RTCP */
		{{0x80, 201, 0, 2, 1, 2, 3, 4}, 8},                   /* longer than the datagram */
		{{0x80, 201, 0, 1, 1, 2, 3, 4, 9}, 9},                /* bytes behind it */
		{{0xa0, 201, 0, 1, 1, 2, 3, 0}, 8},                   /* padding of no bytes */
		{{0xa0, 201, 0, 1, 1, 2, 3, 8}, 8},                   /* more than there is */
		{{0xa0, 201, 0, 1, 1, 2, 3, 3}, 8},                   /* no whole words */
		{{0xa0, 203, 0, 1, 0, 0, 0, 4, 0x80, 203, 0, 0}, 12}, /* padded, but not the last */
	};

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_int_equal(rtcp_check(bad[i].p, bad[i].n), -EBADMSG);
}

/* A count that promises more than the packet holds; items that run out of their chunk. */
static void counts_are_not_believed(void **state)
{
	static const uint8_t blocks[] = {0x9f, 201, 0, 1, 1, 2, 3, 4};
	static const uint8_t byes[] = {0x9f, 203, 0, 1, 9, 9, 9, 9};
	static const uint8_t item[] = {0x82, 202, 0, 2, 1, 2, 3, 4, 1, 200, 'a', 'b'};
	static const uint8_t endless[] = {0x81, 202, 0, 2, 1, 2, 3, 4, 1, 2, 'a', 'b'};
	static const struct {
		const uint8_t *p;
		size_t n;
	} packets[] = {{blocks, sizeof blocks}, {byes, sizeof byes}, {item, sizeof item},
		{endless, sizeof endless}};

	for (size_t i = 0; i < sizeof packets / sizeof packets[0]; i++) {
		const uint8_t *p = packets[i].p, *cname;
		size_t n = packets[i].n, length;
		struct rtcp_packet packet;
		struct rtcp_block block;

		assert_int_equal(rtcp_check(p, n), 0);
		assert_true(rtcp_next(&p, &n, &packet));
		assert_false(rtcp_read_block(&packet, 0, &block));
		assert_false(rtcp_read_cname(&packet, SELF, &cname, &length));
		assert_false(rtcp_is_bye_of(&packet, SELF));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(report_is_written_as_the_rfc_draws_it),
		cmocka_unit_test(who_has_neither_sent_nor_heard_reports_nothing_but_itself),
		cmocka_unit_test(every_length_of_a_cname_ends_in_a_zero_byte_and_on_a_word),
		cmocka_unit_test(losses_beyond_24_bits_are_clamped),
		cmocka_unit_test(what_was_written_is_read_back),
		cmocka_unit_test(reduced_size_and_unknown_packets_are_taken),
		cmocka_unit_test(malformed_datagrams_are_refused_as_a_whole),
		cmocka_unit_test(counts_are_not_believed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
