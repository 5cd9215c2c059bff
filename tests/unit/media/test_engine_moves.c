/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Legs that go from room to room, also while speaking and between threads, and objects that are
 * closed in any order at any time.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/id.h"
#include "core/mem.h"
#include "phone.h"

#define LOUD 6000.0
#define SIMULATED_START 1000000000
#define MOVES 20
#define CODES 16
#define WINDOW 80 /* samples: 10 ms */
#define MAX_SENT 400

static struct media_mixer *room(struct world *w, int thread)
{
	struct media_mixer *mixer;

	assert_int_equal(media_mixer_new(w->engine, thread, &mixer), 0);
	return mixer;
}

/* Which packet's tone sounds in the window at sample from; -1: none. */
static int code_at(const struct phone *listener, size_t from)
{
	int best = -1;
	double most = LOUD / 4;

	for (int i = 0; i < CODES; i++) {
		double level = phone_level(listener, 400 + 100 * i, from, WINDOW);

		if (level > most) {
			most = level;
			best = i;
		}
	}
	return best;
}

/* What both rooms heard of the talker, on one clock of 10 ms windows. */
struct heard {
	bool sound[PHONE_SECONDS * 100];
	unsigned first;           /* window of the first sound */
	unsigned times[MAX_SENT]; /* windows in which each packet was heard, in either room */
};

/*
 * The mixers' packets come in an unbroken row, so the earliest arrival, row by row, gives the
 * begin of the recording free of the jitter of its way here.
 */
static uint64_t begin_of(const struct phone *p)
{
	uint64_t begin = UINT64_MAX;

	for (unsigned i = 0; i < p->n_packets; i++) {
		uint64_t at = p->packets[i].time_us - i * 20000;

		begin = at < begin ? at : begin;
	}
	return begin;
}

/* Which packet has this code: the one that is nearest to what is due in this window. */
static unsigned packet_of(const struct heard *h, unsigned window, unsigned code)
{
	unsigned due = (window - h->first) / 2;
	unsigned packet = due - due % CODES + code;

	if (packet > due + CODES / 2 && packet >= CODES)
		packet -= CODES;
	else if (packet + CODES / 2 < due)
		packet += CODES;
	return packet;
}

static void merge(struct heard *h, const struct phone *listener)
{
	unsigned shift = (unsigned)((begin_of(listener) - SIMULATED_START) / 10000);

	for (size_t i = 0; i + WINDOW <= listener->n_pcm; i += WINDOW) {
		unsigned window = shift + (unsigned)(i / WINDOW);
		int code = code_at(listener, i);

		if (code < 0 || window >= PHONE_SECONDS * 100)
			continue;
		if (!h->first)
			h->first = window;
		h->sound[window] = true;
		window = packet_of(h, window, (unsigned)code);
		if (window < MAX_SENT)
			h->times[window]++;
	}
}

/* Longest silence between the first and the last sound, in windows. */
static unsigned longest_gap(const struct heard *h)
{
	unsigned longest = 0, gap = 0;

	for (unsigned i = h->first; i < PHONE_SECONDS * 100; i++) {
		gap = h->sound[i] ? 0 : gap + 1;
		for (unsigned k = i; k < PHONE_SECONDS * 100 && gap > longest; k++) {
			if (h->sound[k])
				longest = gap;
		}
	}
	return longest;
}

static void move_back_and_forth(struct world *w, struct phone *talker, struct media_mixer *rooms[2])
{
	for (int i = 0; i < MOVES; i++) {
		assert_int_equal(media_leg_join(talker->leg, rooms[(i + 1) % 2]), 0);
		world_run(w, 83); /* at every phase of the ticks */
	}
}

/* Each is heard for its 20 ms, give or take the edges of the windows. */
static void assert_each_heard_once(const struct heard *h, unsigned from, unsigned to)
{
	for (unsigned i = from; i < to; i++) {
		if (h->times[i] < 1 || h->times[i] > 3)
			print_error("packet %u was heard in %u windows of 10 ms\n", i, h->times[i]);
		assert_in_range(h->times[i], 1, 3);
	}
}

/* What comes back to the talker himself: a packet every 20 ms, in one unbroken row. */
static void assert_cadence(const struct phone *p)
{
	for (unsigned i = 1; i < p->n_packets; i++) {
		const struct phone_packet *before = &p->packets[i - 1], *now = &p->packets[i];

		assert_int_equal((uint16_t)(now->seq - before->seq), 1);
		assert_int_equal(now->timestamp - before->timestamp, 160);
		assert_int_equal(now->ssrc, before->ssrc);
		assert_true(now->time_us - before->time_us < 40000);
	}
	/* On the whole neither more nor fewer than there is time for. */
	assert_true(p->n_packets > 100);
	assert_in_range(p->packets[p->n_packets - 1].time_us - p->packets[0].time_us,
		(p->n_packets - 1) * 20000 - 18000, (p->n_packets - 1) * 20000 + 18000);
}

struct move_test {
	struct world w;
	struct media_mixer *rooms[2];
	struct phone *talker, *listeners[2];
};

static void set_up(struct move_test *m, unsigned phase)
{
	struct media_engine_settings settings = world_settings(2);

	world_open_simulated(&m->w, &settings);
	/* The slots of a thread go round: so the two below tick at any distance. */
	for (unsigned i = 0; i < phase % 4; i++)
		media_mixer_close(room(&m->w, 1));
	for (int i = 0; i < 2; i++) {
		m->rooms[i] = room(&m->w, i);
		m->listeners[i] = world_phone(&m->w, "PCMU", 20, 0, 0);
		media_leg_join(m->listeners[i]->leg, m->rooms[i]);
	}
	m->talker = world_phone(&m->w, "PCMU", 20, 400, LOUD);
	m->talker->n_codes = CODES;
	media_leg_join(m->talker->leg, m->rooms[0]);
}

static void a_talker_moves_between_threads_and_nothing_is_lost_or_heard_twice(void **state)
{
	for (uint64_t seed = 1; seed <= 20; seed++) {
		struct heard h = {0};
		struct move_test m;

		random_seed_for_test(seed);
		set_up(&m, (unsigned)seed);
		world_run(&m.w, 400);
		move_back_and_forth(&m.w, m.talker, m.rooms);
		world_run(&m.w, 200);
		for (int k = 0; k < 2; k++)
			merge(&h, m.listeners[k]);
		assert_true(m.talker->n_sent > 100);
		assert_true(longest_gap(&h) <= 2);
		assert_each_heard_once(&h, 5, m.talker->n_sent - 10);
		assert_cadence(m.talker);
		for (int k = 0; k < 2; k++)
			assert_cadence(m.listeners[k]);
		media_mixer_close(m.rooms[0]);
		media_mixer_close(m.rooms[1]);
		world_close(&m.w);
	}
	random_seed_for_test(0);
}

/* The old thread is held up for longer than home sends spares: the packets wait at the new one. */
static void packets_wait_for_a_leg_whose_old_thread_is_held_up(void **state)
{
	struct media_engine_settings settings = world_settings(3);
	struct media_mixer *rooms[2];
	struct phone *talker, *listener;
	struct heard h = {0};
	struct world w;
	unsigned first = 0;

	random_seed_for_test(1);
	world_open_simulated(&w, &settings);
	talker = world_phone(&w, "PCMU", 20, 400, LOUD); /* on thread 0 */
	talker->n_codes = CODES;
	rooms[0] = room(&w, 1);
	rooms[1] = room(&w, 2);
	media_leg_join(talker->leg, rooms[0]);
	world_run(&w, 400);
	w.frozen = 1;
	w.frozen_until = w.now + 70000;
	media_leg_join(talker->leg, rooms[1]);
	listener = world_phone(&w, "PCMU", 20, 0, 0);
	media_leg_join(listener->leg, rooms[1]);
	world_run(&w, 600);
	merge(&h, listener);
	/* The listener hears from the first packet on that came after the move. */
	while (first < CODES && h.times[first] == 0)
		first++;
	assert_each_heard_once(&h, first, first + 20);
	media_mixer_close(rooms[0]);
	media_mixer_close(rooms[1]);
	world_close(&w);
	random_seed_for_test(0);
}

/* ---- anything in any order ---------------------------------------------------------------- */

#define LEGS 200
#define ROOMS 8
#define ACTIONS 6000

struct crowd {
	struct world w;
	int fd;
	struct media_mixer *rooms[ROOMS];
	struct media_port *ports[LEGS];
	struct media_leg *legs[LEGS];
	unsigned events;
};

static void count_started(const struct addr *from, void *arg)
{
	struct crowd *c = arg;

	c->events++;
}

static void count_timeout(void *arg)
{
	struct crowd *c = arg;

	c->events++;
}

static const struct media_leg_handlers counting = {count_started, count_timeout};

static void open_leg(struct crowd *c, unsigned i)
{
	struct addr local;

	addr_parse(slice_str("127.0.0.1"), 0, &local);
	if (!c->ports[i])
		assert_int_equal(media_port_open(c->w.engine, &local, &c->ports[i]), 0);
	if (!c->legs[i])
		assert_int_equal(media_leg_new(c->ports[i], &counting, c, &c->legs[i]), 0);
}

static void close_leg(struct crowd *c, unsigned i)
{
	/* The port at once, or kept for another leg, or both. */
	if (random_below(3))
		media_leg_close(c->legs[i]);
	else
		media_port_close(c->ports[i]), c->ports[i] = NULL;
	c->legs[i] = NULL;
	if (c->ports[i] && random_below(2)) {
		media_port_close(c->ports[i]);
		c->ports[i] = NULL;
	}
}

static void configure_leg(struct crowd *c, unsigned i)
{
	static const char *const names[] = {"PCMU", "PCMA", "opus"};
	const struct audio_codec *codec = audio_codec_find(slice_str(names[random_below(3)]), 0);
	struct media_payload payload = {
		.codec = codec, .payload_type = 0, .settings.sample_rate = codec->default_rate};
	struct media_leg_config config = {.receive = {payload},
		.n_receive = 1,
		.send = payload,
		.ptime_ms = 10 * (1 + random_below(6)),
		.sending = random_below(4) != 0,
		.receiving = random_below(4) != 0};

	addr_parse(slice_str("127.0.0.1"), 9, &config.remote_rtp);
	assert_int_equal(media_leg_configure(c->legs[i], &config), 0);
}

static void speak(struct crowd *c, unsigned i)
{
	struct addr to = *media_port_local(c->ports[i]);
	uint8_t packet[12 + 160] = {0x80, 0};

	random_bytes(packet + 2, sizeof packet - 2);
	sendto(c->fd, packet, sizeof packet, MSG_DONTWAIT, &to.u.sa, to.len);
}

static void act(struct crowd *c)
{
	unsigned i = random_below(LEGS), r = random_below(ROOMS);

	switch (random_below(12)) {
	case 0:
		media_mixer_close(c->rooms[r]);
		c->rooms[r] = room(&c->w, random_below(2) ? -1 : (int)random_below(3));
		break;
	case 1:
		if (c->legs[i])
			close_leg(c, i);
		break;
	case 2:
		open_leg(c, i);
		media_leg_echo(c->legs[i], random_below(3) != 0);
		break;
	case 3:
	case 4:
		open_leg(c, i);
		configure_leg(c, i);
		break;
	case 5:
	case 6:
	case 7:
		open_leg(c, i);
		media_leg_join(c->legs[i], random_below(5) ? c->rooms[r] : NULL);
		break;
	default:
		if (c->ports[i])
			speak(c, i);
		break;
	}
}

static void open_crowd(struct crowd *c, uint64_t seed)
{
	struct media_engine_settings settings = world_settings(3);

	random_seed_for_test(seed);
	*c = (struct crowd){.fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
	settings.timeout_s = 1;
	world_open(&c->w, &settings);
	for (int i = 0; i < ROOMS; i++)
		c->rooms[i] = room(&c->w, -1);
	for (unsigned i = 0; i < LEGS; i++) {
		open_leg(c, i);
		configure_leg(c, i);
		media_leg_join(c->legs[i], c->rooms[random_below(ROOMS)]);
	}
}

static void legs_come_and_go_at_random_and_leave_nothing_alive(void **state)
{
	size_t alive = obj_alive();

	for (uint64_t seed = 1; seed <= 4; seed++) {
		struct crowd c;

		open_crowd(&c, seed);
		for (int i = 0; i < ACTIONS; i++) {
			act(&c);
			if (i % 64 == 0)
				world_run(&c.w, 2);
		}
		assert_true(c.events > 0);
		/* Every second time the engine is closed with everything still open. */
		for (int i = 0; i < ROOMS && seed % 2; i++)
			media_mixer_close(c.rooms[i]);
		for (unsigned i = 0; i < LEGS && seed % 2; i++) {
			if (c.legs[i])
				media_leg_close(c.legs[i]);
			if (c.ports[i])
				media_port_close(c.ports[i]);
		}
		world_close(&c.w);
		close(c.fd);
		assert_int_equal(obj_alive(), alive);
	}
	random_seed_for_test(0);
}

static void a_leg_in_a_closed_room_can_join_another(void **state)
{
	struct media_engine_settings settings = world_settings(2);
	struct media_mixer *first, *second;
	struct phone *talker, *listener;
	struct world w;

	world_open(&w, &settings);
	first = room(&w, 1);
	second = room(&w, 0);
	talker = world_phone(&w, "PCMU", 20, 400, LOUD);
	listener = world_phone(&w, "PCMU", 20, 0, 0);
	media_leg_join(talker->leg, first);
	media_leg_join(listener->leg, first);
	/* The room closes with the joins still under way. */
	media_mixer_close(first);
	world_run(&w, 100);
	phone_forget(listener);
	media_leg_join(talker->leg, second);
	media_leg_join(listener->leg, second);
	world_run(&w, 600);
	assert_true(listener->n_pcm >= PHONE_RATE / 4);
	assert_true(phone_level(listener, 400, listener->n_pcm - 800, 800) > LOUD * 0.7);
	media_mixer_close(second);
	world_close(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_talker_moves_between_threads_and_nothing_is_lost_or_heard_twice),
		cmocka_unit_test(packets_wait_for_a_leg_whose_old_thread_is_held_up),
		cmocka_unit_test(legs_come_and_go_at_random_and_leave_nothing_alive),
		cmocka_unit_test(a_leg_in_a_closed_room_can_join_another),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
