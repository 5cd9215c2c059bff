/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a listener hears of a talker behind a bad network: encoder, a lossy relay, port, jitter
 * buffer, decoder, mixer, encoder and decoder again, in simulated time and with fixed random numbers, so
 * that every run is the same. What is heard is compared with what is heard of the same talker behind a
 * network that takes NETWORK_MS and does nothing else. MEDIA_SIM_PRINT=1 prints the figures.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/id.h"
#include "media/rtp.h"
#include "phone.h"
#include "speech.h"

enum {
	FRAME = SPEECH_RATE / 50,
	FRAME_US = 20000,
	NETWORK_MS = 30,
	MAX_SECONDS = 150,
	LEAD_MS = 1000, /* the room stands before the talker begins */
	MAX_WAITING = 256,
};

struct network {
	const char *name;
	const char *codec;
	bool fec;
	const int16_t *source;
	unsigned seconds;
	unsigned phase_us; /* by which the talker begins later */
	double loss;       /* independent of each other */
	double begin,
		end; /* chances per packet that a burst of losses begins, and ends (Gilbert) */
	unsigned jitter_ms; /* 0 .. jitter_ms, equally likely; so packets overtake each other */
	double duplicates;
	double drift;   /* of the talker's clock; 200e-6 is fast */
	unsigned until; /* all of this in the seconds before; 0: always */
	bool pauses;    /* every other half second nothing is sent */
};

struct waiting {
	uint64_t due_us; /* 0: free */
	size_t n;
	uint8_t p[RTP_MAX_PACKET];
};

struct talk {
	const struct network *network;
	struct world world;
	struct phone *talker, *listener;
	void *encoder, *decoder;
	const struct audio_codec *codec;
	struct waiting waiting[MAX_WAITING];
	uint64_t random;
	bool in_burst;
	unsigned n_frames, lost, sent;
	uint16_t seq;
	uint64_t begin_us, heard_us; /* the talker's first packet; the listener's first behind it */
	int16_t heard[MAX_SECONDS * SPEECH_RATE];
	size_t n_heard;
};

static int16_t speech[MAX_SECONDS * SPEECH_RATE], tone[MAX_SECONDS * SPEECH_RATE];
static int16_t reference[MAX_SECONDS * SPEECH_RATE];

/* ---- the network ------------------------------------------------------------------------ */

/* Of its own, so that who else draws random numbers does not change what is lost. */
static double chance(struct talk *t)
{
	t->random = t->random * 6364136223846793005U + 1442695040888963407U;
	return (double)(t->random >> 40) / (1 << 24);
}

static bool is_disturbed(const struct talk *t)
{
	return !t->network->until || t->n_frames < t->network->until * 50;
}

static bool is_lost(struct talk *t)
{
	const struct network *net = t->network;

	t->in_burst = t->in_burst ? chance(t) >= net->end : chance(t) < net->begin;
	return t->in_burst || chance(t) < net->loss;
}

static void give(struct talk *t, const uint8_t *packet, size_t n)
{
	unsigned i = 0, jitter = is_disturbed(t) ? t->network->jitter_ms : 0;

	while (t->waiting[i].due_us)
		assert_true(++i < MAX_WAITING);
	t->waiting[i].due_us = t->world.now + NETWORK_MS * 1000;
	if (jitter)
		t->waiting[i].due_us += (uint64_t)(chance(t) * jitter * 1000);
	t->waiting[i].n = n;
	memcpy(t->waiting[i].p, packet, n);
}

static void give_to_network(struct talk *t, const uint8_t *packet, size_t n)
{
	t->sent++;
	if (is_disturbed(t) && is_lost(t)) {
		t->lost++;
		return;
	}
	give(t, packet, n);
	if (is_disturbed(t) && chance(t) < t->network->duplicates)
		give(t, packet, n);
}

static void deliver(struct talk *t)
{
	for (unsigned i = 0; i < MAX_WAITING; i++) {
		struct waiting *w = &t->waiting[i];

		if (w->due_us && w->due_us <= t->world.now) {
			phone_send_raw(t->talker, w->p, w->n);
			w->due_us = 0;
		}
	}
}

/* ---- talker and listener ---------------------------------------------------------------- */

static void on_heard(const struct rtp_packet *packet, void *arg)
{
	struct talk *t = arg;
	int16_t pcm[FRAME * 6];
	int n = t->listener->format.codec->decode(
		t->decoder, packet->payload, packet->payload_size, pcm, FRAME * 6);
	size_t at = t->n_heard;

	/* What is heard before the talker begins is of no interest. */
	if (t->world.now < t->begin_us)
		return;
	if (at == 0)
		t->heard_us = t->world.now;
	for (int i = 0; i < n && at < MAX_SECONDS * SPEECH_RATE; i++)
		t->heard[at++] = pcm[i];
	t->n_heard = at;
}

static void talk_frame(struct talk *t)
{
	uint8_t packet[RTP_MAX_PACKET];
	uint32_t timestamp = 5000 + t->n_frames * (t->codec->clock_rate / 50);
	int n = t->codec->encode(t->encoder, t->network->source + (size_t)t->n_frames * FRAME,
		FRAME, packet + RTP_HEADER_SIZE, sizeof packet - RTP_HEADER_SIZE);

	assert_true(n >= 0);
	if (t->network->pauses && t->n_frames % 50 >= 25)
		n = 0;
	if (n > 0) {
		rtp_write_header(packet, t->n_frames == 0, t->talker->format.payload_type, t->seq++,
			timestamp, 77);
		give_to_network(t, packet, RTP_HEADER_SIZE + (size_t)n);
	}
	t->n_frames++;
}

static void open_talk(struct talk *t, const struct network *network)
{
	struct media_engine_settings settings = world_settings(1);
	struct codec_settings sender = {.sample_rate = SPEECH_RATE, .fec = network->fec};

	random_seed_for_test(4711);
	settings.no_io_uring = true;
	*t = (struct talk){.network = network, .random = 1};
	world_open_simulated(&t->world, &settings);
	t->talker = world_phone(&t->world, network->codec, 20, 0, 0);
	t->listener = world_phone(&t->world, "PCMU", 20, 0, 0);
	t->listener->on_packet = on_heard;
	t->listener->arg = t;
	t->codec = t->talker->format.codec;
	t->encoder = calloc(1, t->codec->encoder_size);
	t->decoder = calloc(1, t->listener->format.codec->decoder_size);
	assert_int_equal(t->codec->encoder_init(t->encoder, &sender), 0);
	assert_int_equal(t->listener->format.codec->decoder_init(t->decoder, SPEECH_RATE), 0);
}

static void close_talk(struct talk *t)
{
	world_close(&t->world);
	free(t->encoder);
	free(t->decoder);
	random_seed_for_test(0);
}

/* Talk for all of the network's seconds; t->heard is what came of it. */
static void run_talk(struct talk *t, const struct network *network)
{
	struct media_mixer *mixer;
	double frame_us = FRAME_US * (1 - network->drift);
	uint64_t end;

	open_talk(t, network);
	assert_int_equal(media_mixer_new(t->world.engine, 0, &mixer), 0);
	assert_int_equal(media_leg_join(t->talker->leg, mixer), 0);
	assert_int_equal(media_leg_join(t->listener->leg, mixer), 0);
	t->begin_us = t->world.now + LEAD_MS * 1000 + network->phase_us;
	end = t->begin_us + network->seconds * UINT64_C(1000000);
	while (t->world.now < end) {
		world_run(&t->world, 1);
		while (t->world.now >= t->begin_us + (uint64_t)(t->n_frames * frame_us) &&
			t->n_frames < network->seconds * 50)
			talk_frame(t);
		deliver(t);
	}
	media_mixer_close(mixer);
	close_talk(t);
}

/* ---- what came of it -------------------------------------------------------------------- */

static struct talk *talk;

static void compare(
	const int16_t *wanted, const struct network *network, struct speech_score *score)
{
	size_t n = network->seconds * SPEECH_RATE - FRAME;

	assert_true(talk->n_heard >= n);
	speech_compare(wanted, talk->heard, n, network->drift, score);
	if (getenv("MEDIA_SIM_PRINT"))
		printf("%-5s%-4s %-24s sent %4u lost %3u | snr %5.2f dB lsd %4.2f dB gap %3u ms at "
		       "%5.1f s | behind by %5.1f (%5.1f .. %5.1f), at the end %5.1f ms\n",
			network->codec, network->fec ? " FEC" : "", network->name, talk->sent,
			talk->lost, score->snr_db, score->lsd_db, score->gap_ms, score->gap_at_s,
			score->delay_median_ms, score->delay_min_ms, score->delay_max_ms,
			score->tail_ms);
}

/* What is heard of the same talker behind a good network is made once. */
static void make_reference(const struct network *network)
{
	static struct network done;
	struct network clean = {.codec = network->codec,
		.fec = network->fec,
		.source = network->source,
		.seconds = network->seconds};

	if (done.codec == clean.codec && done.fec == clean.fec && done.source == clean.source &&
		done.seconds >= clean.seconds)
		return;
	run_talk(talk, &clean);
	memcpy(reference, talk->heard, talk->n_heard * sizeof *reference);
	done = clean;
}

static struct speech_score hear(const struct network *network)
{
	struct speech_score score;

	make_reference(network);
	run_talk(talk, network);
	compare(reference, network, &score);
	return score;
}

static int set_up(void **state)
{
	speech_make(speech, MAX_SECONDS * SPEECH_RATE, 1);
	for (unsigned i = 0; i < MAX_SECONDS * SPEECH_RATE; i++)
		tone[i] = (int16_t)(6000 * sin(2 * M_PI * 440.0 * i / SPEECH_RATE));
	talk = calloc(1, sizeof *talk);
	return talk ? 0 : -1;
}

static int tear_down(void **state)
{
	free(talk);
	return 0;
}

static const char pcmu[] = "PCMU", opus[] = "opus";

/*
 * The scores that the limits name were measured when the jitter buffer, concealment and time scaling
 * were written (those of jitter with some room); as the seeds fix everything, what is allowed beyond
 * them is small. A change that makes them worse wants a reason.
 */
struct limit {
	double snr_db, lsd_db;
};

static void assert_score(const struct speech_score *score, const struct limit *limit)
{
	assert_true(score->snr_db >= limit->snr_db - 1);
	assert_true(score->lsd_db <= limit->lsd_db * 1.15);
}

/* The codec's own delay (Opus: up to 6.5 ms) and that of the resamplers (4 ms) are in it. */
static void a_clean_network_adds_under_40_ms(void **state)
{
	enum { RUNS = 12 };
	double mean = 0;

	for (unsigned i = 0; i < RUNS; i++) {
		struct network net = {.name = "clean",
			.codec = i % 2 ? opus : pcmu,
			.source = speech,
			.seconds = 4,
			.phase_us = i * 3334};
		struct speech_score score;
		double added;

		run_talk(talk, &net);
		compare(speech, &net, &score);
		added = score.delay_median_ms + (double)(talk->heard_us - talk->begin_us) / 1000 -
			NETWORK_MS;
		mean += added / RUNS;
		/* It is the same all the time, and which one of 20 ms is a matter of chance. */
		assert_true(added > 5 && added < 45);
		assert_true(score.delay_max_ms - score.delay_min_ms < 0.5);
		assert_int_equal(score.gap_ms, 0);
	}
	assert_true(mean < 34);
}

static void lost_packets_are_made_up_for(void **state)
{
	static const double losses[] = {0.01, 0.05, 0.1};
	static const struct {
		const char *codec;
		bool fec;
		struct limit limits[3];
	} ways[] = {
		{pcmu, false, {{33.0, 0.36}, {30.6, 0.96}, {26.3, 2.2}}},
		{opus, false, {{32.1, 0.53}, {28.8, 1.43}, {23.2, 3.5}}},
		/* libopus loses more by itself, but FEC halves what losses cost. */
		{opus, true, {{32.9, 0.36}, {31.2, 0.61}, {26.5, 1.66}}},
	};

	for (unsigned i = 0; i < 9; i++) {
		struct network net = {.name = "loss",
			.codec = ways[i / 3].codec,
			.fec = ways[i / 3].fec,
			.source = speech,
			.seconds = 12,
			.loss = losses[i % 3]};
		struct speech_score score = hear(&net);

		assert_score(&score, &ways[i / 3].limits[i % 3]);
		/* Lost packets are no reason for delay. */
		assert_true(fabs(score.delay_median_ms) < 0.5 && fabs(score.tail_ms) < 0.5);
	}
}

/* At least 5 % in bursts of two on average. */
static void bursts_of_losses_leave_no_gap_over_20_ms(void **state)
{
	static const struct {
		const char *codec;
		struct limit limit;
	} ways[] = {{pcmu, {31.0, 1.08}}, {opus, {29.7, 1.42}}};

	for (unsigned i = 0; i < 2; i++) {
		struct network net = {.name = "bursts",
			.codec = ways[i].codec,
			.source = speech,
			.seconds = 12,
			.begin = 0.04,
			.end = 0.5};
		struct speech_score score = hear(&net);

		assert_true(talk->lost >= talk->sent / 20);
		/* Where a word began in what was lost, nothing can be made up: no gap is looked for. */
		assert_score(&score, &ways[i].limit);
		assert_true(fabs(score.delay_median_ms) < 0.5 && fabs(score.tail_ms) < 0.5);
		net.source = tone;
		net.name = "bursts, tone";
		score = hear(&net);
		assert_true(score.gap_ms <= 20);
	}
}

/*
 * Ten seconds of everything: 0 .. 120 ms of jitter, packets that overtake each other or come twice,
 * 1 % lost. The jitter buffer's maximum is 200 ms, so what is heard is never further behind than that;
 * and it comes back, most of it in pauses. The limits leave more room here: where seams fall differs with
 * every fraction of a millisecond.
 */
static void the_delay_of_a_disturbance_is_bounded_and_drained(void **state)
{
	static const struct {
		const char *codec;
		struct limit limit;
	} ways[] = {{pcmu, {19.0, 1.25}}, {opus, {24.0, 1.25}}};

	for (unsigned i = 0; i < 2; i++) {
		struct network net = {.name = "jitter",
			.codec = ways[i].codec,
			.source = speech,
			.seconds = 40,
			.loss = 0.01,
			.duplicates = 0.05,
			.jitter_ms = 120,
			.until = 10};
		struct speech_score score = hear(&net);

		assert_score(&score, &ways[i].limit);
		assert_true(score.delay_max_ms > 60 && score.delay_max_ms < 200);
		/* Half a minute later 70 of the 110 ms are gone. */
		assert_true(score.tail_ms < 40);
		/* Until it knows what comes. */
		assert_true(score.gap_ms <= 40);
	}
}

static void drift_makes_neither_gap_nor_delay(void **state)
{
	static const double drifts[] = {200e-6, -200e-6};

	for (unsigned i = 0; i < 2; i++) {
		struct network net = {.name = "drift",
			.codec = pcmu,
			.source = speech,
			.seconds = 150,
			.drift = drifts[i]};
		struct speech_score score = hear(&net);

		/* Compared with the beginning, where chance had set it; drift alone makes 30. */
		assert_true(score.delay_min_ms > -25 && score.delay_max_ms < 20);
		assert_true(score.gap_ms <= 10);
		assert_score(&score, &(struct limit){33.3, 0.11});
	}
}

/* The largest difference of neighbouring differences: a click is a multiple of what a tone has. */
static int sharpest(const int16_t *pcm, size_t n)
{
	int most = 0;

	for (size_t i = 2; i < n; i++) {
		int bend = abs(pcm[i] - 2 * pcm[i - 1] + pcm[i - 2]);

		most = bend > most ? bend : most;
	}
	return most;
}

/* A tone that is cut off, as by a sender that detects voices badly: hard cuts are six times as sharp. */
static void a_talker_who_pauses_makes_no_click(void **state)
{
	static const char *const codecs[] = {pcmu, opus};

	for (unsigned i = 0; i < 2; i++) {
		struct network net = {.codec = codecs[i], .source = tone, .seconds = 5};
		int steady;

		run_talk(talk, &net);
		steady = sharpest(talk->heard + SPEECH_RATE, talk->n_heard - SPEECH_RATE);
		net.pauses = true;
		run_talk(talk, &net);
		if (getenv("MEDIA_SIM_PRINT"))
			printf("steady %d, with pauses %d\n", steady,
				sharpest(talk->heard, talk->n_heard));
		assert_true(sharpest(talk->heard, talk->n_heard) < 5 * steady / 2);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_clean_network_adds_under_40_ms),
		cmocka_unit_test(lost_packets_are_made_up_for),
		cmocka_unit_test(bursts_of_losses_leave_no_gap_over_20_ms),
		cmocka_unit_test(the_delay_of_a_disturbance_is_bounded_and_drained),
		cmocka_unit_test(drift_makes_neither_gap_nor_delay),
		cmocka_unit_test(a_talker_who_pauses_makes_no_click),
	};

	return cmocka_run_group_tests_name("bad network", tests, set_up, tear_down);
}
