/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "media/jitter_buffer.h"

/* 8 kHz, packets of 20 ms; packet i is due at sender's time i * 20 ms. */
#define FRAME 160
#define START_US 5000000U

struct fixture {
	struct jitter_buffer *jb;
	uint16_t seq;       /* of packet 0 */
	uint32_t timestamp; /* of packet 0 */
	uint32_t ssrc;
};

static uint64_t ms(double n)
{
	return START_US + (uint64_t)(n * 1000);
}

static struct fixture make(unsigned capacity)
{
	struct jitter_settings settings = {
		.capacity = capacity,
		.clock_rate = 8000,
		.min_delay_ms = 20,
		.max_delay_ms = 200,
	};
	struct fixture f = {.seq = 100, .timestamp = 4000, .ssrc = 7};

	f.jb = malloc(jitter_buffer_size(capacity));
	assert_non_null(f.jb);
	jitter_buffer_init(f.jb, &settings);
	return f;
}

static int put_at(struct fixture *f, unsigned i, uint32_t timestamp, uint64_t now)
{
	uint8_t payload[FRAME];
	struct rtp_packet packet = {
		.seq = (uint16_t)(f->seq + i),
		.timestamp = timestamp,
		.ssrc = f->ssrc,
		.payload = payload,
		.payload_size = sizeof payload,
	};

	memset(payload, (int)i, sizeof payload);
	return jitter_buffer_put(f->jb, &packet, now);
}

/* Packet i, arriving the given ms after it was sent. */
static int put(struct fixture *f, unsigned i, double late_ms)
{
	return put_at(f, i, f->timestamp + i * FRAME, ms(i * 20.0 + late_ms));
}

/* Expect packet i at the given time. */
static void expect(struct fixture *f, unsigned i, uint64_t now)
{
	struct rtp_packet packet;

	assert_int_equal(jitter_buffer_get(f->jb, now, &packet), JITTER_PACKET);
	assert_int_equal(packet.seq, (uint16_t)(f->seq + i));
	assert_int_equal(packet.ssrc, f->ssrc);
	assert_int_equal(packet.payload_size, FRAME);
	for (unsigned k = 0; k < FRAME; k++)
		assert_int_equal(packet.payload[k], (uint8_t)i);
}

static enum jitter_result get(struct fixture *f, uint64_t now)
{
	struct rtp_packet packet;

	return jitter_buffer_get(f->jb, now, &packet);
}

static struct jitter_stats stats(struct fixture *f)
{
	struct jitter_stats s;

	jitter_buffer_stats(f->jb, &s);
	return s;
}

/* Packets 0 .. n - 1 in time, each played 15 ms after it came. */
static void play_in_time(struct fixture *f, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		assert_int_equal(put(f, i, 0), 0);
		expect(f, i, ms(i * 20 + 15));
	}
}

static void the_first_packet_waits_for_the_delay(void **state)
{
	struct fixture f = make(16);

	assert_int_equal(get(&f, ms(0)), JITTER_WAIT);
	assert_int_equal(put(&f, 0, 0), 0);
	assert_int_equal(get(&f, ms(9)), JITTER_WAIT);
	expect(&f, 0, ms(10));
	free(f.jb);
}

static void reordered_packets_come_out_in_order(void **state)
{
	struct fixture f = make(16);

	put(&f, 1, 0);
	put(&f, 0, 21);
	put(&f, 2, 0);
	expect(&f, 0, ms(45));
	expect(&f, 1, ms(65));
	put(&f, 4, 0);
	put(&f, 3, 21);
	expect(&f, 2, ms(85));
	expect(&f, 3, ms(105));
	expect(&f, 4, ms(125));
	assert_int_equal(stats(&f).lost, 0);
	assert_int_equal(stats(&f).late, 0);
	free(f.jb);
}

static void a_duplicate_is_refused_before_and_after_it_was_played(void **state)
{
	struct fixture f = make(16);

	assert_int_equal(put(&f, 0, 0), 0);
	assert_int_equal(put(&f, 0, 1), -EEXIST);
	expect(&f, 0, ms(15));
	assert_int_equal(put(&f, 0, 16), -EEXIST);
	assert_int_equal(stats(&f).duplicate, 2);
	assert_int_equal(stats(&f).received, 3);
	free(f.jb);
}

static void a_missing_packet_is_reported_with_the_one_behind_it(void **state)
{
	struct fixture f = make(16);
	struct rtp_packet packet;

	play_in_time(&f, 10);
	put(&f, 11, 0);
	put(&f, 12, 0);
	assert_int_equal(jitter_buffer_get(f.jb, ms(10 * 20 + 50), &packet), JITTER_LOST);
	assert_int_equal(packet.seq, f.seq + 11);
	assert_int_equal(packet.payload_size, FRAME);
	assert_int_equal(packet.payload[0], 11);
	expect(&f, 11, ms(11 * 20 + 50));
	expect(&f, 12, ms(12 * 20 + 50));
	assert_int_equal(stats(&f).lost, 1);
	free(f.jb);
}

static void only_the_packet_right_behind_is_good_for_fec(void **state)
{
	struct fixture f = make(16);
	struct rtp_packet packet;

	play_in_time(&f, 10);
	put(&f, 12, 0);
	/* 10 and 11 are missing; 12 can tell of 11 and not of 10. */
	assert_int_equal(jitter_buffer_get(f.jb, ms(10 * 20 + 55), &packet), JITTER_LOST);
	assert_null(packet.payload);
	assert_int_equal(jitter_buffer_get(f.jb, ms(11 * 20 + 55), &packet), JITTER_LOST);
	assert_int_equal(packet.seq, f.seq + 12);
	expect(&f, 12, ms(12 * 20 + 55));
	free(f.jb);
}

static void one_frame_made_up_stands_for_one_packet_lost(void **state)
{
	struct fixture f = make(16);
	struct rtp_packet packet;

	play_in_time(&f, 10);
	/* Packet 10 is lost; 11 is not there yet when 10 is due. */
	assert_int_equal(jitter_buffer_get(f.jb, ms(10 * 20 + 15), &packet), JITTER_LOST);
	assert_null(packet.payload);
	put(&f, 11, 0);
	expect(&f, 11, ms(11 * 20 + 15));
	assert_int_equal(stats(&f).lost, 1);
	free(f.jb);
}

static void a_packet_late_by_less_than_a_frame_is_still_played(void **state)
{
	struct fixture f = make(16);

	play_in_time(&f, 10);
	assert_int_equal(get(&f, ms(10 * 20 + 15)), JITTER_LOST);
	assert_int_equal(put(&f, 10, 25), 0);
	expect(&f, 10, ms(11 * 20 + 15));
	assert_int_equal(stats(&f).lost, 0);
	assert_int_equal(stats(&f).late, 0);
	free(f.jb);
}

static void a_packet_passed_over_comes_too_late(void **state)
{
	struct fixture f = make(16);

	play_in_time(&f, 10);
	put(&f, 11, 0);
	assert_int_equal(get(&f, ms(10 * 20 + 50)), JITTER_LOST);
	assert_int_equal(put(&f, 10, 60), -ETIME);
	expect(&f, 11, ms(11 * 20 + 50));
	assert_int_equal(stats(&f).late, 1);
	free(f.jb);
}

static void a_source_that_stops_is_concealed_for_120_ms_and_then_waited_for(void **state)
{
	struct fixture f = make(16);

	play_in_time(&f, 10);
	for (unsigned i = 10; i < 16; i++)
		assert_int_equal(get(&f, ms(i * 20 + 15)), JITTER_LOST);
	for (unsigned i = 16; i < 100; i++)
		assert_int_equal(get(&f, ms(i * 20 + 15)), JITTER_WAIT);
	assert_true(jitter_buffer_empty(f.jb));
	assert_int_equal(stats(&f).lost, 0);
	free(f.jb);
}

static void a_gap_in_timestamps_alone_is_a_pause(void **state)
{
	struct fixture f = make(16);

	play_in_time(&f, 10);
	/* Next in sequence, one second later: nothing is lost, and it waits its delay. */
	put_at(&f, 10, f.timestamp + 60 * FRAME, ms(60 * 20));
	assert_int_equal(get(&f, ms(60 * 20 + 5)), JITTER_WAIT);
	expect(&f, 10, ms(60 * 20 + 15));
	assert_int_equal(stats(&f).lost, 0);
	free(f.jb);
}

static void a_short_pause_within_the_buffer_keeps_its_length(void **state)
{
	struct fixture f = make(16);

	play_in_time(&f, 10);
	/* Sent 60 ms after packet 9 instead of 20, and here ahead of time for the test. */
	put_at(&f, 10, f.timestamp + 12 * FRAME, ms(12 * 20));
	expect(&f, 10, ms(12 * 20 + 15));
	put_at(&f, 11, f.timestamp + 13 * FRAME, ms(13 * 20));
	expect(&f, 11, ms(13 * 20 + 15));
	free(f.jb);
}

static void a_pause_that_the_sender_did_not_count_ends_in_sound(void **state)
{
	struct fixture f = make(16);

	play_in_time(&f, 10);
	/* Three seconds of nothing, then timestamps go on as if there had been none. */
	for (unsigned i = 10; i < 160; i++)
		get(&f, ms(i * 20 + 15));
	for (unsigned i = 10; i < 200; i++) {
		put_at(&f, i, f.timestamp + i * FRAME, ms(3000 + i * 20));
		/* The first has its delay, so the transit was measured anew. */
		if (i == 10)
			assert_int_equal(get(&f, ms(3000 + i * 20 + 5)), JITTER_WAIT);
		else
			expect(&f, i - 1, ms(3000 + i * 20 + 5));
		assert_int_equal(jitter_buffer_excess(f.jb, ms(3000 + i * 20 + 5)), 0);
	}
	free(f.jb);
}

static void timestamps_set_anew_in_talk_do_not_stop_the_sound(void **state)
{
	static const uint32_t jumps[] = {1U << 31, 1U << 30, 0U - (1U << 30), 0U - 8000U, 80000U};

	for (unsigned k = 0; k < sizeof jumps / sizeof jumps[0]; k++) {
		struct fixture f = make(16);
		unsigned played = 0;

		play_in_time(&f, 50);
		for (unsigned i = 50; i < 150; i++) {
			put_at(&f, i, f.timestamp + jumps[k] + i * FRAME, ms(i * 20));
			played += get(&f, ms(i * 20 + 15)) == JITTER_PACKET;
			assert_int_equal(jitter_buffer_excess(f.jb, ms(i * 20 + 15)), 0);
		}
		assert_true(played >= 98);
		free(f.jb);
	}
}

static void timestamps_set_anew_are_measured_anew_within_a_second(void **state)
{
	struct fixture f = make(16);
	uint32_t jump = 0U - 8000 * 5;

	play_in_time(&f, 50);
	for (unsigned i = 50; i < 100; i++) {
		put_at(&f, i, f.timestamp + jump + i * FRAME, ms(i * 20));
		get(&f, ms(i * 20 + 15));
	}
	/* After a pause the delay is again what it should be. */
	put_at(&f, 100, f.timestamp + jump + 200 * FRAME, ms(200 * 20));
	assert_int_equal(get(&f, ms(200 * 20 + 5)), JITTER_WAIT);
	expect(&f, 100, ms(200 * 20 + 15));
	free(f.jb);
}

static void a_packet_from_before_timestamps_were_set_anew_is_not_waited_for(void **state)
{
	struct fixture f = make(64);

	put_at(&f, 0, f.timestamp + (1U << 30), ms(0));
	for (unsigned i = 1; i < 40; i++)
		put(&f, i, 0);
	expect(&f, 0, ms(40 * 20));
	expect(&f, 1, ms(40 * 20));
	free(f.jb);
}

static void a_way_that_became_shorter_is_excess_at_once(void **state)
{
	struct fixture f = make(16);

	for (unsigned i = 0; i < 4; i++) {
		put(&f, i, 60);
		expect(&f, i, ms(i * 20 + 75));
	}
	assert_int_equal(jitter_buffer_excess(f.jb, ms(3 * 20 + 75)), 0);
	for (unsigned i = 4; i < 8; i++)
		put(&f, i, 140 - i * 20.0);
	expect(&f, 4, ms(4 * 20 + 75));
	assert_in_range(jitter_buffer_excess(f.jb, ms(4 * 20 + 75)), 8 * 40, 8 * 60);
	free(f.jb);
}

static void sequence_and_timestamp_wrap_unnoticed(void **state)
{
	struct fixture f = make(16);

	f.seq = 65530;
	f.timestamp = 0U - 5 * FRAME;
	play_in_time(&f, 40);
	assert_int_equal(stats(&f).lost, 0);
	free(f.jb);
}

static void a_gap_across_the_wrap_is_one_lost_packet(void **state)
{
	struct fixture f = make(16);

	f.seq = 65526;
	play_in_time(&f, 10);
	put(&f, 11, 0);
	assert_int_equal(get(&f, ms(10 * 20 + 50)), JITTER_LOST);
	expect(&f, 11, ms(11 * 20 + 50));
	assert_int_equal(stats(&f).lost, 1);
	free(f.jb);
}

static void a_new_source_starts_anew_at_once(void **state)
{
	struct fixture f = make(16);

	play_in_time(&f, 10);
	put(&f, 10, 0);
	f.ssrc = 8;
	f.seq = 40000;
	f.timestamp = 77;
	assert_int_equal(put(&f, 10, 1), 0);
	expect(&f, 10, ms(10 * 20 + 15));
	assert_int_equal(put(&f, 11, 1), 0);
	expect(&f, 11, ms(11 * 20 + 15));
	free(f.jb);
}

/* RFC 3550 A.1 */
static void a_jump_in_sequence_is_believed_with_the_second_packet(void **state)
{
	static const uint16_t jumps[] = {5000, 65536 - 5000, 65536 - 500};

	for (unsigned k = 0; k < 3; k++) {
		struct fixture f = make(16);

		play_in_time(&f, 10);
		f.seq = (uint16_t)(f.seq + jumps[k]);
		assert_int_equal(put(&f, 10, 0), -ETIME);
		assert_int_equal(put(&f, 11, 0), 0);
		expect(&f, 11, ms(11 * 20 + 15));
		free(f.jb);
	}
}

static void a_stray_from_elsewhere_in_the_sequence_changes_nothing(void **state)
{
	struct fixture f = make(16);

	play_in_time(&f, 10);
	assert_int_equal(put_at(&f, 20000, 12345, ms(10 * 20)), -ETIME);
	put(&f, 10, 0);
	expect(&f, 10, ms(10 * 20 + 15));
	free(f.jb);
}

static void a_burst_is_cut_to_the_maximum_delay(void **state)
{
	struct fixture f = make(64);
	struct rtp_packet packet;

	play_in_time(&f, 10);
	for (unsigned i = 10; i < 60; i++)
		put_at(&f, i, f.timestamp + i * FRAME, ms(60 * 20));
	/* 200 ms are ten packets. */
	assert_int_equal(jitter_buffer_get(f.jb, ms(60 * 20 + 15), &packet), JITTER_PACKET);
	assert_int_equal(packet.seq, f.seq + 50);
	assert_int_equal(stats(&f).late, 40);
	free(f.jb);
}

static void a_leg_that_does_not_ask_holds_no_more_than_the_maximum(void **state)
{
	struct fixture f = make(64);
	unsigned held = 0;

	for (unsigned i = 0; i < 2000; i++)
		put(&f, i, 0);
	while (get(&f, ms(2000 * 20)) == JITTER_PACKET)
		held++;
	assert_int_equal(held, 10);
	free(f.jb);
}

static void capacity_bounds_what_timestamps_do_not(void **state)
{
	struct fixture f = make(16);
	unsigned held = 0;

	/* All with one timestamp: no span, but 16 packets are all there is room for. */
	for (unsigned i = 0; i < 200; i++)
		put_at(&f, i, f.timestamp, ms(i));
	while (get(&f, ms(500)) == JITTER_PACKET)
		held++;
	assert_int_equal(held, 16);
	free(f.jb);
}

static void large_payloads_push_out_the_oldest(void **state)
{
	struct fixture f = make(16);
	uint8_t payload[1400];
	struct rtp_packet out, packet = {.payload = payload, .payload_size = sizeof payload};
	unsigned held = 0;

	for (unsigned i = 0; i < 12; i++) {
		packet.seq = (uint16_t)i;
		packet.timestamp = i * 80;
		memset(payload, (int)i, sizeof payload);
		assert_int_equal(jitter_buffer_put(f.jb, &packet, ms(i * 10)), 0);
	}
	/* 32 blocks of 160 bytes hold three of them. */
	for (; jitter_buffer_get(f.jb, ms(150), &out) == JITTER_PACKET; held++) {
		assert_int_equal(out.seq, 9 + held);
		assert_int_equal(out.payload_size, sizeof payload);
		assert_int_equal(out.payload[0], 9 + held);
		assert_int_equal(out.payload[1399], 9 + held);
	}
	assert_int_equal(held, 3);
	free(f.jb);
}

static void a_payload_larger_than_any_packet_is_refused(void **state)
{
	static uint8_t payload[RTP_MAX_PACKET];
	struct rtp_packet packet = {
		.payload = payload, .payload_size = RTP_MAX_PACKET - RTP_HEADER_SIZE + 1};
	struct fixture f = make(16);

	assert_int_equal(jitter_buffer_put(f.jb, &packet, ms(0)), -EMSGSIZE);
	packet.payload_size--;
	assert_int_equal(jitter_buffer_put(f.jb, &packet, ms(0)), 0);
	free(f.jb);
}

static void an_empty_payload_is_a_packet(void **state)
{
	struct rtp_packet packet = {.seq = 1};
	struct fixture f = make(16);

	assert_int_equal(jitter_buffer_put(f.jb, &packet, ms(0)), 0);
	assert_int_equal(jitter_buffer_get(f.jb, ms(30), &packet), JITTER_PACKET);
	assert_int_equal(packet.payload_size, 0);
	free(f.jb);
}

static void excess_is_told_and_seen_to_be_drained(void **state)
{
	struct fixture f = make(64);
	uint64_t now = 0;
	uint32_t excess = 0;

	/* The leg began late: the first packet is played when it is 155 ms old. */
	for (unsigned i = 0; i < 20; i++) {
		put(&f, i, 0);
		if (i < 7)
			continue;
		now = ms(i * 20 + 15);
		expect(&f, i - 7, now);
		excess = jitter_buffer_excess(f.jb, now);
		assert_in_range(excess, 8 * 120, 8 * 140);
	}
	/* Seven frames dropped at once leave it at rest. */
	put(&f, 20, 0);
	for (unsigned i = 13; i < 20; i++)
		expect(&f, i, now);
	assert_int_equal(jitter_buffer_excess(f.jb, now), 0);
	free(f.jb);
}

static void jitter_is_that_of_rfc_3550(void **state)
{
	struct fixture f = make(16);
	double j = 0;

	/* Every other packet 5 ms late: |D| = 40 units each time. */
	for (unsigned i = 0; i < 200; i++) {
		put(&f, i, i % 2 * 5);
		j += i > 0 ? (40 - j) / 16 : 0;
		get(&f, ms(i * 20 + 18));
	}
	assert_in_range(stats(&f).jitter, (unsigned)j - 1, (unsigned)j + 1);
	free(f.jb);
}

static void packets_of_60_ms_are_understood(void **state)
{
	struct fixture f = make(16);

	for (unsigned i = 0; i < 20; i++) {
		put_at(&f, i, f.timestamp + i * 3 * FRAME, ms(i * 60));
		expect(&f, i, ms(i * 60 + 15));
	}
	put_at(&f, 21, f.timestamp + 21 * 3 * FRAME, ms(21 * 60));
	assert_int_equal(get(&f, ms(20 * 60 + 75)), JITTER_LOST);
	expect(&f, 21, ms(21 * 60 + 75));
	assert_int_equal(stats(&f).lost, 1);
	free(f.jb);
}

/* A packet without audio, with the sequence number of packet i. */
static void put_event(struct fixture *f, unsigned i)
{
	struct rtp_packet packet = {.seq = (uint16_t)(f->seq + i),
		.timestamp = 1,
		.ssrc = f->ssrc,
		.payload_type = 101};

	jitter_buffer_skip(f->jb, &packet);
}

/* RFC 4733 2.1: events have sequence numbers among those of the audio. */
static void telephone_events_are_not_loss(void **state)
{
	struct fixture f = make(16);

	play_in_time(&f, 10);
	/* Beside the audio: packet 11 of the sequence is an event, the audio's time goes on. */
	put(&f, 10, 0);
	put_event(&f, 11);
	put_at(&f, 12, f.timestamp + 11 * FRAME, ms(11 * 20));
	expect(&f, 10, ms(10 * 20 + 15));
	expect(&f, 12, ms(11 * 20 + 15));
	/* Instead of the audio, three of them and reordered: a pause in its time. */
	for (unsigned i = 15; i > 12; i--)
		put_event(&f, i);
	put_at(&f, 16, f.timestamp + 100 * FRAME, ms(100 * 20));
	assert_int_equal(get(&f, ms(100 * 20 + 5)), JITTER_WAIT);
	expect(&f, 16, ms(100 * 20 + 15));
	assert_int_equal(stats(&f).lost, 0);
	free(f.jb);
}

static void a_loss_beside_a_telephone_event_is_one_loss(void **state)
{
	struct fixture f = make(16);

	play_in_time(&f, 10);
	/* 10 is lost, 11 an event, 12 there; 10 was due before any of them came. */
	assert_int_equal(get(&f, ms(10 * 20 + 15)), JITTER_LOST);
	put_event(&f, 11);
	put_at(&f, 12, f.timestamp + 11 * FRAME, ms(11 * 20));
	expect(&f, 12, ms(11 * 20 + 15));
	assert_int_equal(stats(&f).lost, 1);
	free(f.jb);
}

static void an_event_of_another_source_or_time_changes_nothing(void **state)
{
	struct fixture f = make(16);

	put_event(&f, 5);
	play_in_time(&f, 10);
	f.ssrc = 99;
	put_event(&f, 10);
	f.ssrc = 7;
	put_event(&f, 20000);
	put_event(&f, 65536 - 80);
	put_event(&f, 9);
	put(&f, 10, 0);
	expect(&f, 10, ms(10 * 20 + 15));
	assert_int_equal(stats(&f).lost, 0);
	free(f.jb);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_packet_waits_for_the_delay),
		cmocka_unit_test(reordered_packets_come_out_in_order),
		cmocka_unit_test(a_duplicate_is_refused_before_and_after_it_was_played),
		cmocka_unit_test(a_missing_packet_is_reported_with_the_one_behind_it),
		cmocka_unit_test(only_the_packet_right_behind_is_good_for_fec),
		cmocka_unit_test(one_frame_made_up_stands_for_one_packet_lost),
		cmocka_unit_test(a_packet_late_by_less_than_a_frame_is_still_played),
		cmocka_unit_test(a_packet_passed_over_comes_too_late),
		cmocka_unit_test(a_source_that_stops_is_concealed_for_120_ms_and_then_waited_for),
		cmocka_unit_test(a_gap_in_timestamps_alone_is_a_pause),
		cmocka_unit_test(a_short_pause_within_the_buffer_keeps_its_length),
		cmocka_unit_test(a_pause_that_the_sender_did_not_count_ends_in_sound),
		cmocka_unit_test(timestamps_set_anew_in_talk_do_not_stop_the_sound),
		cmocka_unit_test(timestamps_set_anew_are_measured_anew_within_a_second),
		cmocka_unit_test(a_packet_from_before_timestamps_were_set_anew_is_not_waited_for),
		cmocka_unit_test(a_way_that_became_shorter_is_excess_at_once),
		cmocka_unit_test(sequence_and_timestamp_wrap_unnoticed),
		cmocka_unit_test(a_gap_across_the_wrap_is_one_lost_packet),
		cmocka_unit_test(a_new_source_starts_anew_at_once),
		cmocka_unit_test(a_jump_in_sequence_is_believed_with_the_second_packet),
		cmocka_unit_test(a_stray_from_elsewhere_in_the_sequence_changes_nothing),
		cmocka_unit_test(a_burst_is_cut_to_the_maximum_delay),
		cmocka_unit_test(a_leg_that_does_not_ask_holds_no_more_than_the_maximum),
		cmocka_unit_test(capacity_bounds_what_timestamps_do_not),
		cmocka_unit_test(large_payloads_push_out_the_oldest),
		cmocka_unit_test(a_payload_larger_than_any_packet_is_refused),
		cmocka_unit_test(an_empty_payload_is_a_packet),
		cmocka_unit_test(excess_is_told_and_seen_to_be_drained),
		cmocka_unit_test(jitter_is_that_of_rfc_3550),
		cmocka_unit_test(packets_of_60_ms_are_understood),
		cmocka_unit_test(telephone_events_are_not_loss),
		cmocka_unit_test(a_loss_beside_a_telephone_event_is_one_loss),
		cmocka_unit_test(an_event_of_another_source_or_time_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
