/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "media/rtp.h"

/* Parse an exact-size copy, so that the sanitizer sees a read behind the end. */
static int parse(const uint8_t *p, size_t n, struct rtp_packet *packet)
{
	uint8_t *copy = malloc(n ? n : 1);
	int err;

	assert_non_null(copy);
	memcpy(copy, p, n);
	err = rtp_parse(copy, n, packet);
	free(copy);
	return err;
}

static void a_header_reads_back_as_written(void **state)
{
	uint8_t p[RTP_HEADER_SIZE + 3] = {0};
	struct rtp_packet packet;

	rtp_write_header(p, true, 111, 0xfedc, 0x89abcdef, 0x01234567);
	memcpy(p + RTP_HEADER_SIZE, "abc", 3);
	assert_int_equal(rtp_parse(p, sizeof p, &packet), 0);
	assert_true(packet.marker);
	assert_int_equal(packet.payload_type, 111);
	assert_int_equal(packet.seq, 0xfedc);
	assert_int_equal(packet.timestamp, 0x89abcdef);
	assert_int_equal(packet.ssrc, 0x01234567);
	assert_int_equal(packet.n_csrcs, 0);
	assert_null(packet.extension);
	assert_int_equal(packet.payload_size, 3);
	assert_memory_equal(packet.payload, "abc", 3);
	rtp_write_header(p, false, 255, 0, 0, 0);
	assert_int_equal(rtp_parse(p, sizeof p, &packet), 0);
	assert_false(packet.marker);
	assert_int_equal(packet.payload_type, 127);
}

/* RFC 3550 5.1 by hand: V=2 P X CC=2, M PT=96, two CSRCs, one-byte extensions, padding. */
static const uint8_t full[] = {
	0xb2, 0xe0, 0x00, 0x01, 0x00, 0x00, 0x00, 0x02, 0x00, 0x00, 0x00, 0x03, /* fixed */
	0x00, 0x00, 0x00, 0x0a, 0x00, 0x00, 0x00, 0x0b,                         /* CSRCs */
	0xbe, 0xde, 0x00, 0x01, 0x10, 0x7f, 0x00, 0x00,                         /* extension */
	'h', 'e', 'l', 'l', 'o', 0x00, 0x00, 0x03,                              /* padded by 3 */
};

static void csrcs_extension_and_padding_are_taken_apart(void **state)
{
	struct rtp_packet packet;

	assert_int_equal(rtp_parse(full, sizeof full, &packet), 0);
	assert_int_equal(packet.n_csrcs, 2);
	assert_ptr_equal(packet.csrcs, full + 12);
	assert_int_equal(packet.extension_profile, 0xbede);
	assert_ptr_equal(packet.extension, full + 24);
	assert_int_equal(packet.extension_size, 4);
	assert_int_equal(packet.payload_size, 5);
	assert_memory_equal(packet.payload, "hello", 5);
}

static void every_cut_is_refused_or_parsed_within_its_bounds(void **state)
{
	struct rtp_packet packet;

	for (size_t n = 0; n < 28; n++)
		assert_int_equal(parse(full, n, &packet), -EBADMSG);
	/* From here on the last byte is taken for the padding's length: 'h', 'e' ... are too long. */
	for (size_t n = 28; n < 34; n++)
		assert_int_equal(parse(full, n, &packet), -EBADMSG);
}

static void padding_must_count_itself_and_fit(void **state)
{
	uint8_t p[RTP_HEADER_SIZE + 4] = {0xa0};
	struct rtp_packet packet;

	p[15] = 0;
	assert_int_equal(parse(p, sizeof p, &packet), -EBADMSG);
	p[15] = 5;
	assert_int_equal(parse(p, sizeof p, &packet), -EBADMSG);
	p[15] = 4;
	assert_int_equal(parse(p, sizeof p, &packet), 0);
	assert_int_equal(packet.payload_size, 0);
	assert_int_equal(parse(p, RTP_HEADER_SIZE, &packet), -EBADMSG);
}

static void an_extension_longer_than_the_packet_is_refused(void **state)
{
	uint8_t p[RTP_HEADER_SIZE + 8] = {0x90};
	struct rtp_packet packet;

	p[15] = 1;
	assert_int_equal(parse(p, sizeof p, &packet), 0);
	assert_int_equal(packet.payload_size, 0);
	p[15] = 2;
	assert_int_equal(parse(p, sizeof p, &packet), -EBADMSG);
	p[14] = 0xff;
	assert_int_equal(parse(p, sizeof p, &packet), -EBADMSG);
	p[14] = p[15] = 0;
	assert_int_equal(parse(p, sizeof p, &packet), 0);
	assert_non_null(packet.extension);
	assert_int_equal(packet.extension_size, 0);
	assert_int_equal(packet.payload_size, 4);
}

static void other_versions_are_refused(void **state)
{
	uint8_t p[RTP_HEADER_SIZE] = {0};
	struct rtp_packet packet;

	for (unsigned version = 0; version < 4; version++) {
		p[0] = (uint8_t)(version << 6);
		assert_int_equal(parse(p, sizeof p, &packet), version == 2 ? 0 : -EBADMSG);
	}
}

/* RFC 5761 section 4 */
static void rtcp_is_told_by_its_payload_type(void **state)
{
	for (unsigned type = 0; type < 256; type++) {
		const uint8_t p[] = {0x80, (uint8_t)type};

		assert_int_equal(rtp_is_rtcp(p, 2), (type & 127) >= 64 && (type & 127) <= 95);
		assert_false(rtp_is_rtcp(p, 1));
	}
	assert_false(rtp_is_rtcp((const uint8_t[]){0x40, 200}, 2));
}

static void distances_are_signed_across_the_wrap(void **state)
{
	assert_int_equal(rtp_seq_diff(2, 65534), 4);
	assert_int_equal(rtp_seq_diff(65534, 2), -4);
	assert_int_equal(rtp_ts_diff(5, 0xfffffff0), 21);
	assert_int_equal(rtp_ts_diff(0xfffffff0, 5), -21);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_header_reads_back_as_written),
		cmocka_unit_test(csrcs_extension_and_padding_are_taken_apart),
		cmocka_unit_test(every_cut_is_refused_or_parsed_within_its_bounds),
		cmocka_unit_test(padding_must_count_itself_and_fit),
		cmocka_unit_test(an_extension_longer_than_the_packet_is_refused),
		cmocka_unit_test(other_versions_are_refused),
		cmocka_unit_test(rtcp_is_told_by_its_payload_type),
		cmocka_unit_test(distances_are_signed_across_the_wrap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
