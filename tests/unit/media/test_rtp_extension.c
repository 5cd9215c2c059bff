/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "media/rtp_extension.h"

enum { ONE_BYTE = 0xBEDE, TWO_BYTE = 0x1005 };

static struct rtp_packet with(uint16_t profile, const uint8_t *p, size_t n)
{
	return (struct rtp_packet){
		.extension_profile = profile, .extension = p, .extension_size = n};
}

/* RFC 8285 4.2: elements of 1, 2 and 4 bytes with padding between. */
static void one_byte_headers_are_taken_apart(void **state)
{
	static const uint8_t p[] = {0x10, 0xaa, 0x21, 0x01, 0x02, 0x00, 0x00, 0x33, 1, 2, 3, 4};
	struct rtp_packet packet = with(ONE_BYTE, p, sizeof p);
	struct rtp_element e;
	size_t at = 0;

	assert_true(rtp_next_element(&packet, &at, &e));
	assert_int_equal(e.id, 1);
	assert_int_equal(e.size, 1);
	assert_int_equal(e.data[0], 0xaa);
	assert_true(rtp_next_element(&packet, &at, &e));
	assert_int_equal(e.id, 2);
	assert_int_equal(e.size, 2);
	assert_true(rtp_next_element(&packet, &at, &e));
	assert_int_equal(e.id, 3);
	assert_int_equal(e.size, 4);
	assert_memory_equal(e.data, "\1\2\3\4", 4);
	assert_false(rtp_next_element(&packet, &at, &e));
}

/* RFC 8285 4.3: elements of no and of 3 bytes. */
static void two_byte_headers_are_taken_apart(void **state)
{
	static const uint8_t p[] = {0x10, 0x00, 0x00, 0xc8, 0x03, 7, 8, 9};
	struct rtp_packet packet = with(TWO_BYTE, p, sizeof p);
	struct rtp_element e;
	size_t at = 0;

	assert_true(rtp_next_element(&packet, &at, &e));
	assert_int_equal(e.id, 16);
	assert_int_equal(e.size, 0);
	assert_true(rtp_next_element(&packet, &at, &e));
	assert_int_equal(e.id, 200);
	assert_memory_equal(e.data, "\7\10\11", 3);
	assert_false(rtp_next_element(&packet, &at, &e));
}

static void malformed_extensions_end_where_they_are_wrong(void **state)
{
	static const uint8_t beyond[] = {0x10, 0xaa, 0x2f, 0x01};
	static const uint8_t stop[] = {0xf0, 0xaa, 0x10, 0xaa};
	static const uint8_t long_padding[] = {0x01, 0xaa, 0x10, 0xaa};
	static const uint8_t no_length[] = {0x10, 0x01, 0xaa, 0x10};
	struct rtp_packet packet = with(ONE_BYTE, beyond, sizeof beyond);
	struct rtp_element e;
	size_t at = 0;

	assert_true(rtp_next_element(&packet, &at, &e));
	assert_false(rtp_next_element(&packet, &at, &e));
	packet = with(ONE_BYTE, stop, sizeof stop);
	assert_false(rtp_find_element(&packet, 1, &e));
	packet = with(ONE_BYTE, long_padding, sizeof long_padding);
	assert_false(rtp_find_element(&packet, 1, &e));
	packet = with(TWO_BYTE, no_length, sizeof no_length);
	at = 0;
	assert_true(rtp_next_element(&packet, &at, &e));
	assert_false(rtp_next_element(&packet, &at, &e));
	packet = with(0x1234, beyond, sizeof beyond);
	assert_false(rtp_find_element(&packet, 1, &e));
	packet = (struct rtp_packet){0};
	assert_false(rtp_find_element(&packet, 1, &e));
}

static void a_level_reads_back_as_written(void **state)
{
	static const uint8_t ids[] = {1, 5, 14, 15, 16, 255};
	uint8_t p[RTP_HEADER_SIZE + 4 + RTP_AUDIO_LEVEL_SIZE + 1], element[RTP_AUDIO_LEVEL_SIZE];
	struct audio_level level = {.level = 42, .voice = true}, read;

	for (size_t i = 0; i < sizeof ids; i++) {
		struct rtp_packet packet = {
			.payload_type = 96, .seq = 1, .timestamp = 2, .ssrc = 3};

		rtp_set_audio_level(&packet, ids[i], &level, element);
		assert_int_equal(rtp_head_size(&packet), sizeof p - 1);
		rtp_write_head(p, &packet);
		assert_int_equal(rtp_parse(p, sizeof p, &packet), 0);
		assert_int_equal(packet.payload_size, 1);
		assert_int_equal(packet.extension_profile, ids[i] < 15 ? ONE_BYTE : 0x1000);
		assert_true(rtp_audio_level(&packet, ids[i], &read));
		assert_int_equal(read.level, 42);
		assert_true(read.voice);
		assert_false(rtp_audio_level(&packet, 6, &read));
	}
}

/* RFC 6464 3: decibels under the overload point; 127 is digital silence and nothing else. */
static void levels_are_those_of_the_samples(void **state)
{
	static const struct {
		double square; /* mean, of full scale's */
		uint8_t level;
	} cases[] = {{1, 0}, {0.5, 3}, {0.1, 10}, {1e-3, 30}, {0.89e-6, 61}, {1e-8, 80}};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		uint32_t energy = (uint32_t)(cases[i].square * (1 << 30));

		assert_int_equal(audio_level_of(energy).level, cases[i].level);
		assert_int_equal(audio_level_of(energy).voice, cases[i].level < 60);
	}
	assert_int_equal(audio_level_of(0).level, 127);
	assert_false(audio_level_of(0).voice);
	assert_int_equal(audio_level_of(1).level, 90);
	for (unsigned level = 0; level <= 80; level++)
		assert_int_equal(audio_level_of(audio_level_energy((uint8_t)level)).level, level);
	assert_int_equal(audio_level_energy(127), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_byte_headers_are_taken_apart),
		cmocka_unit_test(two_byte_headers_are_taken_apart),
		cmocka_unit_test(malformed_extensions_end_where_they_are_wrong),
		cmocka_unit_test(a_level_reads_back_as_written),
		cmocka_unit_test(levels_are_those_of_the_samples),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
