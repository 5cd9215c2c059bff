/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Counting a stream that comes in (RFC 3550 A.1, A.3, A.8). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "media/rtp_source.h"

#define RATE 8000

/* Packet number n of a stream of 20 ms packets whose first has first_seq, late_us too late. */
static void packet(struct rtp_source *s, uint16_t first_seq, unsigned n, uint64_t late_us)
{
	rtp_source_count(s, 1, (uint16_t)(first_seq + n), UINT32_MAX - 1000 + 160 * n, RATE,
		1000000 + 20000 * (uint64_t)n + late_us);
}

static void losses_are_counted_across_the_wrap_of_sequence_numbers(void **state)
{
	struct rtp_source s = {0};

	for (unsigned n = 0; n < 100; n++) {
		if (n % 10 != 5)
			packet(&s, 65500, n, 0);
	}
	assert_int_equal(rtp_source_lost(&s), 10);
	assert_int_equal(s.max_seq, 65500 + 99);
	assert_int_equal(rtp_source_fraction_lost(&s), 256 / 10);
	/* Nothing lost since. */
	for (unsigned n = 100; n < 110; n++)
		packet(&s, 65500, n, 0);
	assert_int_equal(rtp_source_fraction_lost(&s), 0);
	assert_int_equal(rtp_source_fraction_lost(&s), 0);
	assert_int_equal(rtp_source_lost_now(&s), 10);
}

static void what_comes_late_was_not_lost(void **state)
{
	struct rtp_source s = {0};

	packet(&s, 65534, 0, 0);
	packet(&s, 65534, 1, 0);
	packet(&s, 65534, 4, 0);
	assert_int_equal(rtp_source_lost(&s), 2);
	packet(&s, 65534, 3, 0);
	packet(&s, 65534, 2, 0);
	assert_int_equal(rtp_source_lost(&s), 0);
	assert_int_equal(s.max_seq, 65538);
}

static void duplicates_make_the_loss_negative(void **state)
{
	struct rtp_source s = {0};

	packet(&s, 100, 0, 0);
	packet(&s, 100, 1, 0);
	packet(&s, 100, 1, 0);
	assert_int_equal(rtp_source_lost(&s), -1);
	assert_int_equal(rtp_source_fraction_lost(&s), 0);
}

static void everything_lost_in_an_interval_fits_a_byte(void **state)
{
	struct rtp_source s = {0};

	packet(&s, 0, 0, 0);
	rtp_source_fraction_lost(&s);
	packet(&s, 0, 2000, 0);
	assert_int_equal(rtp_source_fraction_lost(&s), 255);
}

static void peer_that_begins_anew_is_not_taken_for_loss(void **state)
{
	struct rtp_source s = {0};

	packet(&s, 100, 0, 0);
	packet(&s, 100, 2, 0);
	/* One stray packet changes nothing. */
	packet(&s, 30000, 0, 0);
	assert_int_equal(s.max_seq, 102);
	packet(&s, 100, 3, 0);
	for (unsigned n = 0; n < 5; n++)
		packet(&s, 40000, n, 0);
	assert_int_equal(s.max_seq, 40004);
	assert_int_equal(rtp_source_lost_now(&s), 0);
	assert_int_equal(rtp_source_lost(&s), 1);
}

static void another_ssrc_is_another_count(void **state)
{
	struct rtp_source s = {0};

	packet(&s, 100, 0, 0);
	packet(&s, 100, 4, 0);
	rtp_source_count(&s, 2, 7, 0, RATE, 0);
	assert_int_equal(s.ssrc, 2);
	assert_int_equal(s.max_seq, 7);
	assert_int_equal(rtp_source_lost_now(&s), 0);
	assert_int_equal(rtp_source_lost(&s), 3);
}

static void steady_packets_have_no_jitter_and_unsteady_ones_what_they_have(void **state)
{
	struct rtp_source s = {0};

	for (unsigned n = 0; n < 50; n++)
		packet(&s, 0, n, 7000);
	assert_int_equal(rtp_source_jitter(&s), 0);
	/* Every second one 10 ms late: each distance is 80 units, which the mean reaches. */
	for (unsigned n = 50; n < 250; n++)
		packet(&s, 0, n, n % 2 ? 17000 : 7000);
	assert_in_range(rtp_source_jitter(&s), 78, 80);
	assert_in_range(rtp_source_jitter_us(&s), 9700, 10000);
}

static void a_clock_that_jumps_and_pieces_of_one_frame_are_no_jitter(void **state)
{
	struct rtp_source s = {0};

	for (unsigned n = 0; n < 10; n++)
		packet(&s, 0, n, 0);
	/* The same frame, 15 ms later; telephone events; another clock; a timestamp far away. */
	rtp_source_count(&s, 1, 10, UINT32_MAX - 1000 + 160 * 9, RATE, 1000000 + 195000);
	rtp_source_count(&s, 1, 11, 5, 0, 3000000);
	rtp_source_count(&s, 1, 12, 77, 48000, 3020000);
	rtp_source_count(&s, 1, 13, 0x70000000, 48000, 3040000);
	assert_int_equal(rtp_source_jitter(&s), 0);
	assert_int_equal(rtp_source_lost(&s), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(losses_are_counted_across_the_wrap_of_sequence_numbers),
		cmocka_unit_test(what_comes_late_was_not_lost),
		cmocka_unit_test(duplicates_make_the_loss_negative),
		cmocka_unit_test(everything_lost_in_an_interval_fits_a_byte),
		cmocka_unit_test(peer_that_begins_anew_is_not_taken_for_loss),
		cmocka_unit_test(another_ssrc_is_another_count),
		cmocka_unit_test(steady_packets_have_no_jitter_and_unsteady_ones_what_they_have),
		cmocka_unit_test(a_clock_that_jumps_and_pieces_of_one_frame_are_no_jitter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
