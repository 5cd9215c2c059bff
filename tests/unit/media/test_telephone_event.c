/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "media/telephone_event.h"

enum { MS = 1000 };

/* Keys pressed and for how long, as a receiver tells them. */
struct heard {
	char keys[32];
	uint32_t ms[32];
	unsigned n;
};

static void on_pressed(char key, uint32_t duration_ms, void *arg)
{
	struct heard *heard = arg;

	assert_true(heard->n + 1 < sizeof heard->keys);
	heard->keys[heard->n] = key;
	heard->ms[heard->n++] = duration_ms;
}

/* An event packet at 8 kHz. */
static int put(struct event_receiver *r, uint32_t timestamp, uint8_t event, bool end,
	uint16_t duration, uint64_t now_us)
{
	uint8_t p[TELEPHONE_EVENT_SIZE];
	struct rtp_packet packet = {
		.ssrc = 7, .timestamp = timestamp, .payload = p, .payload_size = sizeof p};

	telephone_event_write(
		p, &(struct telephone_event){.event = event, .end = end, .duration = duration});
	return event_receiver_put(r, &packet, 8000, now_us);
}

static void a_payload_reads_back_as_written(void **state)
{
	/* RFC 4733 2.3 by hand: event 11, E, volume 10, duration 400. */
	static const uint8_t wire[] = {11, 0x80 | 10, 0x01, 0x90};
	uint8_t p[TELEPHONE_EVENT_SIZE];
	struct telephone_event e;

	assert_int_equal(telephone_event_parse(wire, sizeof wire, &e), 0);
	assert_int_equal(e.event, 11);
	assert_true(e.end);
	assert_int_equal(e.volume, 10);
	assert_int_equal(e.duration, 400);
	telephone_event_write(p, &e);
	assert_memory_equal(p, wire, sizeof wire);
	assert_int_equal(telephone_event_parse(wire, 3, &e), -EBADMSG);
}

static void keys_have_the_events_of_the_rfc(void **state)
{
	assert_int_equal(telephone_event_of_key('0'), 0);
	assert_int_equal(telephone_event_of_key('9'), 9);
	assert_int_equal(telephone_event_of_key('*'), 10);
	assert_int_equal(telephone_event_of_key('#'), 11);
	assert_int_equal(telephone_event_of_key('A'), 12);
	assert_int_equal(telephone_event_of_key('d'), 15);
	assert_int_equal(telephone_event_of_key('x'), -1);
	assert_int_equal(telephone_event_of_key(0), -1);
	assert_int_equal(telephone_event_key(11), '#');
	assert_int_equal(telephone_event_key(17), 0);
}

static void a_key_is_told_once_with_its_duration(void **state)
{
	struct heard heard = {0};
	struct event_receiver r;

	event_receiver_init(&r, on_pressed, &heard);
	for (unsigned i = 1; i <= 4; i++)
		assert_int_equal(put(&r, 1000, 5, false, (uint16_t)(160 * i), 20 * MS * i), 0);
	assert_int_equal(heard.n, 0);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(put(&r, 1000, 5, true, 800, (100 + 20 * i) * MS), 0);
	assert_int_equal(heard.n, 1);
	assert_int_equal(heard.keys[0], '5');
	assert_int_equal(heard.ms[0], 100);
}

static void a_lost_beginning_does_not_matter(void **state)
{
	struct heard heard = {0};
	struct event_receiver r;

	event_receiver_init(&r, on_pressed, &heard);
	put(&r, 1000, 1, true, 800, 0);
	assert_string_equal(heard.keys, "1");
	assert_int_equal(heard.ms[0], 100);
}

static void a_lost_end_is_made_up_for(void **state)
{
	struct heard heard = {0};
	struct event_receiver r;

	event_receiver_init(&r, on_pressed, &heard);
	put(&r, 1000, 1, false, 400, 0);
	event_receiver_tick(&r, 100 * MS);
	assert_int_equal(heard.n, 0);
	event_receiver_tick(&r, 250 * MS);
	assert_string_equal(heard.keys, "1");
	assert_int_equal(heard.ms[0], 50);
	/* The end after all, and the next key without an end of its own before the one after it. */
	put(&r, 1000, 1, true, 800, 260 * MS);
	put(&r, 5000, 2, false, 160, 300 * MS);
	put(&r, 6000, 3, true, 160, 320 * MS);
	assert_string_equal(heard.keys, "123");
}

static void the_same_key_twice_is_two_keys(void **state)
{
	struct heard heard = {0};
	struct event_receiver r;

	event_receiver_init(&r, on_pressed, &heard);
	put(&r, 1000, 7, true, 400, 0);
	put(&r, 2000, 7, true, 400, 100 * MS);
	assert_string_equal(heard.keys, "77");
}

static void late_and_unknown_packets_change_nothing(void **state)
{
	struct heard heard = {0};
	struct event_receiver r;

	event_receiver_init(&r, on_pressed, &heard);
	put(&r, 2000, 1, true, 400, 0);
	put(&r, 1000, 9, true, 400, 20 * MS);
	put(&r, 3000, 32, true, 400, 40 * MS); /* answering tone */
	assert_string_equal(heard.keys, "1");
	assert_int_equal(
		event_receiver_put(&r,
			&(struct rtp_packet){.payload = (const uint8_t *)"abc", .payload_size = 3},
			8000, 0),
		-EBADMSG);
}

static void a_long_key_goes_on_in_segments(void **state)
{
	struct heard heard = {0};
	struct event_receiver r;

	event_receiver_init(&r, on_pressed, &heard);
	put(&r, 0xffff0000, 4, false, 0x8000, 0);
	put(&r, 0xffff0000, 4, false, 0xffff, 100 * MS);
	put(&r, 0xffff0000 + 0xffff, 4, false, 160, 120 * MS);
	put(&r, 0xffff0000 + 0xffff, 4, true, 1601, 140 * MS);
	assert_string_equal(heard.keys, "4");
	assert_int_equal(heard.ms[0], (0xffff + 1601) / 8);
}

static void after_hours_of_talk_keys_are_still_heard(void **state)
{
	struct heard heard = {0};
	struct event_receiver r;

	event_receiver_init(&r, on_pressed, &heard);
	put(&r, 1000, 1, true, 400, 0);
	put(&r, 1000 + 0x90000000u, 2, true, 400, 1000ULL * 1000 * MS);
	assert_string_equal(heard.keys, "12");
}

/* All packets of one key of 100 ms, in spans of 20 ms at 8 kHz, to a receiver. */
static void sent_keys_are_heard(void **state)
{
	struct event_sender s = {0};
	struct heard heard = {0};
	struct event_receiver r;
	struct event_packet packet;
	unsigned packets = 0, markers = 0, ends = 0;
	uint32_t began = 0;

	event_receiver_init(&r, on_pressed, &heard);
	assert_int_equal(event_sender_add(&s, 11, 800), 0);
	assert_int_equal(event_sender_add(&s, 11, 400), 0);
	for (uint32_t now = 0; now < 8000; now += 160) {
		if (!event_sender_next(&s, 160, 800, &packet))
			continue;
		packets++;
		markers += packet.marker;
		ends += packet.event.end;
		if (packet.marker)
			began = now;
		put(&r, began, packet.event.event, packet.event.end, packet.event.duration,
			now / 8 * MS);
	}
	assert_string_equal(heard.keys, "##");
	assert_int_equal(heard.ms[0], 100);
	assert_int_equal(heard.ms[1], 50);
	assert_int_equal(markers, 2);
	assert_int_equal(ends, 6);
	assert_int_equal(packets, 5 + 2 + 3 + 2);
}

static void a_full_queue_of_keys_refuses(void **state)
{
	struct event_sender s = {0};

	for (unsigned i = 0; i < EVENT_SENDER_MAX; i++)
		assert_int_equal(event_sender_add(&s, 1, 800), 0);
	assert_int_equal(event_sender_add(&s, 1, 800), -ENOSPC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_payload_reads_back_as_written),
		cmocka_unit_test(keys_have_the_events_of_the_rfc),
		cmocka_unit_test(a_key_is_told_once_with_its_duration),
		cmocka_unit_test(a_lost_beginning_does_not_matter),
		cmocka_unit_test(a_lost_end_is_made_up_for),
		cmocka_unit_test(the_same_key_twice_is_two_keys),
		cmocka_unit_test(late_and_unknown_packets_change_nothing),
		cmocka_unit_test(a_long_key_goes_on_in_segments),
		cmocka_unit_test(after_hours_of_talk_keys_are_still_heard),
		cmocka_unit_test(sent_keys_are_heard),
		cmocka_unit_test(a_full_queue_of_keys_refuses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
