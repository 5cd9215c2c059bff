/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The jitter buffer on simulated lines, on a virtual clock: a sender with talk and pauses, a line
 * with delay, loss and reordering, and a leg that asks every 20 ms and does what the buffer says
 * about excess and shortage. The numbers it holds are of what is heard. MEDIA_SIM_PRINT=1 in the
 * environment prints them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "media/jitter_buffer.h"

#define FRAME_US 20000
#define FRAME_RTP 960
#define CLOCK 48000
#define MAX_PACKETS 31000
#define MAX_DELAY_MS 200

struct line {
	const char *name;
	unsigned seconds;
	double drift;                  /* of the sender's clock: +200e-6 is fast */
	unsigned jitter_ms;            /* uniform 0 .. jitter_ms */
	unsigned loss;                 /* per thousand */
	unsigned burst;                /* packets lost together */
	unsigned spike_ms;             /* every 10 s the line stands still for so long */
	unsigned spell_from, spell_to; /* jitter only in these seconds; both 0: always */
	bool dtx;                      /* pauses are not sent */
	bool still;                    /* a leg that does nothing about excess */
	unsigned seed;
};

struct arrival {
	uint64_t at_us;
	unsigned index;
};

struct outcome {
	unsigned sent, lost_on_line, played, concealed, waited, dropped, inserted;
	unsigned longest_gap;   /* ticks without a packet within talk */
	double mean_ms, p95_ms; /* delay added: played minus sent minus shortest way */
	double tail_ms;         /* mean of the last 20 s */
	double max_ms;
	struct jitter_stats stats;
};

static struct arrival arrivals[MAX_PACKETS];
static double delays[MAX_PACKETS];

static uint32_t random_state;

static uint32_t next_random(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 17;
	random_state ^= random_state << 5;
	return random_state;
}

/* 3 s of talk, 2 s of pause. */
static bool is_talk(unsigned frame)
{
	return frame % 250 < 150;
}

static uint64_t sent_us(const struct line *line, unsigned frame)
{
	return 1000000 + (uint64_t)(frame * (double)FRAME_US * (1 - line->drift));
}

static int by_time(const void *a, const void *b)
{
	const struct arrival *x = a, *y = b;

	if (x->at_us != y->at_us)
		return x->at_us < y->at_us ? -1 : 1;
	return x->index < y->index ? -1 : 1;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static uint64_t transit_us(const struct line *line, uint64_t sent)
{
	unsigned second = (unsigned)(sent / 1000000);
	bool spell = line->spell_to == 0 || (second >= line->spell_from && second < line->spell_to);
	uint64_t way = 30000;

	if (line->jitter_ms && spell)
		way += next_random() % (line->jitter_ms * 1000);
	else
		way += next_random() % 2000;
	if (line->spike_ms && (sent + 8000000) % 10000000 < line->spike_ms * 1000)
		way += line->spike_ms * 1000 - (sent + 8000000) % 10000000;
	return way;
}

/* Fill arrivals; returns how many. */
static unsigned run_line(const struct line *line, struct outcome *o)
{
	unsigned frames = line->seconds * 50, n = 0, losing = 0;

	for (unsigned i = 0; i < frames; i++) {
		if (line->dtx && !is_talk(i))
			continue;
		o->sent++;
		if (!losing && next_random() % 1000 * line->burst < line->loss)
			losing = line->burst;
		if (losing) {
			losing--;
			o->lost_on_line++;
			continue;
		}
		arrivals[n].at_us = sent_us(line, i) + transit_us(line, sent_us(line, i));
		arrivals[n++].index = i;
	}
	qsort(arrivals, n, sizeof *arrivals, by_time);
	return n;
}

static uint16_t seq_of(const struct line *line, unsigned frame)
{
	unsigned talked = frame / 250 * 150 + (frame % 250 < 150 ? frame % 250 : 150);

	return (uint16_t)(65000 + (line->dtx ? talked : frame));
}

static void put(struct jitter_buffer *jb, const struct line *line, const struct arrival *a)
{
	uint8_t payload[4];
	struct rtp_packet packet = {
		.seq = seq_of(line, a->index),
		.timestamp = 0xffff0000U + a->index * FRAME_RTP,
		.ssrc = 1,
		.payload = payload,
		.payload_size = sizeof payload,
	};

	memcpy(payload, &a->index, 4);
	jitter_buffer_put(jb, &packet, a->at_us);
}

static void account(struct outcome *o, const struct line *line, unsigned index, uint64_t now)
{
	double ms = ((double)now - (double)sent_us(line, index) - 30000) / 1000;

	delays[o->played++] = ms;
	o->mean_ms += ms;
	o->max_ms = ms > o->max_ms ? ms : o->max_ms;
}

/* One tick: returns false when the leg has nothing more to do in it. */
static void tick(struct jitter_buffer *jb, const struct line *line, uint64_t now, unsigned *gap,
	bool *insert, struct outcome *o)
{
	struct rtp_packet packet;
	enum jitter_result result;
	unsigned index;

	if (*insert) {
		*insert = false;
		o->inserted++;
		return;
	}
	for (;;) {
		result = jitter_buffer_get(jb, now, &packet);
		if (result == JITTER_LOST)
			o->concealed++;
		if (result == JITTER_WAIT)
			o->waited++;
		if (result != JITTER_PACKET) {
			++*gap;
			return;
		}
		memcpy(&index, packet.payload, 4);
		account(o, line, index, now);
		if (*gap > o->longest_gap && is_talk(index) && index % 250 > 25 && index > 150)
			o->longest_gap = *gap;
		*gap = 0;
		if (line->still || is_talk(index))
			return;
		if (jitter_buffer_shortage(jb, now) > 0)
			*insert = true;
		if (jitter_buffer_excess(jb, now) < FRAME_RTP / 2)
			return;
		o->dropped++;
	}
}

static void summarize(struct outcome *o, const struct line *line)
{
	unsigned tail = o->played < 1000 ? o->played : 1000;

	assert_true(o->played > 0);
	for (unsigned i = o->played - tail; i < o->played; i++)
		o->tail_ms += delays[i] / tail;
	o->mean_ms /= o->played;
	qsort(delays, o->played, sizeof *delays, by_value);
	o->p95_ms = delays[o->played * 95 / 100];
	if (getenv("MEDIA_SIM_PRINT"))
		printf("%-22s sent %5u lost %4u played %5u late %3u concealed %4u dropped %3u "
		       "inserted %3u | delay mean %5.1f p95 %5.1f max %5.1f tail %5.1f target %3u "
		       "longest gap %u\n",
			line->name, o->sent, o->lost_on_line, o->played, (unsigned)o->stats.late,
			o->concealed, o->dropped, o->inserted, o->mean_ms, o->p95_ms, o->max_ms,
			o->tail_ms, o->stats.delay_ms, o->longest_gap);
}

static struct outcome simulate(const struct line *line)
{
	struct jitter_settings settings = {
		.capacity = 32,
		.clock_rate = CLOCK,
		.min_delay_ms = 20,
		.max_delay_ms = MAX_DELAY_MS,
	};
	struct jitter_buffer *jb = malloc(jitter_buffer_size(settings.capacity));
	struct outcome o = {0};
	unsigned n, at = 0, gap = 0;
	uint64_t end = 1000000 + line->seconds * UINT64_C(1000000);
	bool insert = false;

	assert_non_null(jb);
	random_state = line->seed ? line->seed : 12345;
	jitter_buffer_init(jb, &settings);
	n = run_line(line, &o);
	for (uint64_t now = 1000000 + next_random() % FRAME_US; now < end; now += FRAME_US) {
		while (at < n && arrivals[at].at_us <= now)
			put(jb, line, &arrivals[at++]);
		tick(jb, line, now, &gap, &insert, &o);
	}
	jitter_buffer_stats(jb, &o.stats);
	summarize(&o, line);
	free(jb);
	return o;
}

static void a_clean_line_adds_about_20_ms_and_loses_nothing(void **state)
{
	double mean = 0;

	for (unsigned seed = 1; seed <= 20; seed++) {
		struct line line = {.name = "clean", .seconds = 60, .seed = seed * 7919};
		struct outcome o = simulate(&line);

		assert_int_equal(o.concealed, 0);
		assert_int_equal(o.stats.late, 0);
		assert_true(o.max_ms < 45);
		mean += o.mean_ms / 20;
	}
	assert_true(mean > 10 && mean < 26);
}

static void jitter_of_4_ms_is_still_clean(void **state)
{
	struct line line = {.name = "jitter 4 ms", .seconds = 120, .jitter_ms = 4};
	struct outcome o = simulate(&line);

	assert_int_equal(o.concealed, 0);
	assert_true(o.mean_ms < 32);
}

static void jitter_of_120_ms_is_absorbed(void **state)
{
	struct line line = {.name = "jitter 120 ms", .seconds = 600, .jitter_ms = 120};
	struct outcome o = simulate(&line);

	/* Under 1 % of what is heard is made up, and no gap is longer than two frames. */
	assert_true(o.concealed + o.stats.late < o.sent / 100);
	assert_true(o.p95_ms < 160);
	assert_true(o.longest_gap <= 3);
}

static void loss_is_concealed_frame_by_frame(void **state)
{
	for (unsigned loss = 10; loss <= 100; loss += 30) {
		struct line line = {.name = "loss", .seconds = 300, .loss = loss, .burst = 1};
		struct outcome o = simulate(&line);

		assert_in_range(o.played, o.sent - o.lost_on_line - 3, o.sent - o.lost_on_line);
		assert_true(o.stats.lost >= o.lost_on_line - 2 && o.stats.lost <= o.lost_on_line);
		assert_true(o.concealed >= o.lost_on_line * 95 / 100);
		assert_true(o.concealed <= o.lost_on_line * 105 / 100);
		assert_true(o.p95_ms < 45);
	}
}

static void bursts_of_loss_do_not_move_the_delay(void **state)
{
	struct line line = {.name = "loss 5 % in bursts", .seconds = 300, .loss = 50, .burst = 5};
	struct outcome o = simulate(&line);

	assert_true(o.tail_ms < 50);
	assert_true(o.longest_gap <= 20);
}

static void jitter_and_loss_and_reordering_together(void **state)
{
	struct line line = {
		.name = "60 ms + 5 %", .seconds = 600, .jitter_ms = 60, .loss = 50, .burst = 2};
	struct outcome o = simulate(&line);

	assert_true(o.stats.late < o.sent / 100);
	assert_true(o.p95_ms < 110);
}

static void stalls_of_the_line_leave_a_bounded_delay(void **state)
{
	struct line line = {.name = "stalls 150 ms", .seconds = 300, .spike_ms = 150};
	struct outcome o = simulate(&line);

	assert_true(o.max_ms < MAX_DELAY_MS + 40);
	line.spike_ms = 1500;
	line.name = "stalls 1.5 s";
	o = simulate(&line);
	assert_true(o.max_ms < MAX_DELAY_MS + 40);
}

static void the_delay_of_a_spell_of_jitter_is_drained(void **state)
{
	struct line line = {.name = "spell",
		.seconds = 180,
		.jitter_ms = 150,
		.spell_from = 20,
		.spell_to = 50};
	struct outcome o = simulate(&line);

	assert_true(o.max_ms > 100);
	assert_true(o.tail_ms < 45);
}

static void drift_is_followed_for_ten_minutes(void **state)
{
	static const double drifts[] = {200e-6, -200e-6};

	for (unsigned i = 0; i < 2; i++) {
		struct line line = {.name = "drift 200 ppm",
			.seconds = 600,
			.drift = drifts[i],
			.jitter_ms = 10};
		struct outcome o = simulate(&line);

		/* 120 ms of drift: six frames dropped or inserted, all in pauses. */
		assert_true(o.max_ms < 60);
		assert_true(o.concealed <= 6);
		assert_int_equal(o.stats.late, 0);
		assert_true(o.dropped + o.inserted <= 16);
	}
}

static void drift_without_help_stays_bounded(void **state)
{
	static const double drifts[] = {200e-6, -200e-6};

	for (unsigned i = 0; i < 2; i++) {
		struct line line = {.name = "drift, no help",
			.seconds = 600,
			.drift = drifts[i],
			.jitter_ms = 10,
			.still = true};
		struct outcome o = simulate(&line);

		assert_true(o.max_ms < MAX_DELAY_MS + 20);
		assert_true(o.concealed <= 20);
	}
}

static void pauses_are_not_loss(void **state)
{
	struct line line = {.name = "DTX", .seconds = 300, .dtx = true, .jitter_ms = 20};
	struct outcome o = simulate(&line);

	assert_int_equal(o.stats.lost, 0);
	assert_int_equal(o.played, o.sent);
	/* The end of a spurt cannot be told from a late packet: six frames each, no more. */
	assert_true(o.concealed <= line.seconds / 5 * 6 + 10);
	assert_true(o.p95_ms < 60);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_clean_line_adds_about_20_ms_and_loses_nothing),
		cmocka_unit_test(jitter_of_4_ms_is_still_clean),
		cmocka_unit_test(jitter_of_120_ms_is_absorbed),
		cmocka_unit_test(loss_is_concealed_frame_by_frame),
		cmocka_unit_test(bursts_of_loss_do_not_move_the_delay),
		cmocka_unit_test(jitter_and_loss_and_reordering_together),
		cmocka_unit_test(stalls_of_the_line_leave_a_bounded_delay),
		cmocka_unit_test(the_delay_of_a_spell_of_jitter_is_drained),
		cmocka_unit_test(drift_is_followed_for_ten_minutes),
		cmocka_unit_test(drift_without_help_stays_bounded),
		cmocka_unit_test(pauses_are_not_loss),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
