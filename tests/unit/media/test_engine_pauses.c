/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Media engine: peers that send nothing while nobody speaks (DTX), and packets of odd lengths, in
 * simulated time.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <opus.h>

#include "media/rtp.h"
#include "phone.h"

#define MS (PHONE_RATE / 1000)
/* Root mean square of what is heard behind nobody. */
#define BACKGROUND 100.0

struct call {
	struct world w;
	struct media_mixer *mixer;
	struct phone *talker, *listener;
	uint16_t seq;
	uint32_t timestamp;
};

static void call_begin(struct call *c, const char *codec)
{
	struct media_engine_settings settings = world_settings(1);
	struct media_leg_config config;

	*c = (struct call){.seq = 100, .timestamp = 5000};
	world_open_simulated(&c->w, &settings);
	assert_int_equal(media_mixer_new(c->w.engine, 0, &c->mixer), 0);
	c->talker = world_phone(&c->w, codec, 20, 0, 0);
	c->listener = world_phone(&c->w, "PCMU", 20, 0, 0);
	config = phone_config_mux(c->talker);
	media_leg_configure(c->talker->leg, &config);
	media_leg_join(c->talker->leg, c->mixer);
	media_leg_join(c->listener->leg, c->mixer);
}

static void call_end(struct call *c)
{
	media_mixer_close(c->mixer);
	world_close(&c->w);
}

static void send_payload(struct call *c, uint8_t payload_type, const uint8_t *payload, size_t n)
{
	uint8_t packet[RTP_MAX_PACKET];

	rtp_write_header(packet, false, payload_type, c->seq++, c->timestamp, 77);
	memcpy(packet + RTP_HEADER_SIZE, payload, n);
	phone_send_raw(c->talker, packet, RTP_HEADER_SIZE + n);
}

static double noise(void)
{
	return BACKGROUND * sqrt(3) * (2.0 * rand() / RAND_MAX - 1);
}

static double rms(const struct phone *p, size_t from_ms, size_t ms)
{
	double sum = 0;

	assert_true((from_ms + ms) * MS <= p->n_pcm);
	for (size_t i = from_ms * MS; i < (from_ms + ms) * MS; i++)
		sum += (double)p->pcm[i] * p->pcm[i];
	return sqrt(sum / (double)(ms * MS));
}

static double db(double ratio)
{
	return 20 * log10(ratio + 1e-9);
}

/* 20 ms of background, with a tone of a voice in it or without. */
static void say(struct call *c, double amplitude)
{
	const struct audio_codec *codec = c->talker->format.codec;
	uint8_t out[CODEC_MAX_PAYLOAD];
	int16_t pcm[20 * MS];
	int n;

	for (size_t i = 0; i < 20 * MS; i++)
		pcm[i] = (int16_t)lrint(
			amplitude * sin(2 * M_PI * 500 * (double)i / PHONE_RATE) + noise());
	n = codec->encode(c->talker->encoder, pcm, 20 * MS, out, sizeof out);
	assert_true(n >= 0);
	if (n > 0)
		send_payload(c, c->talker->format.payload_type, out, (size_t)n);
	c->timestamp += codec->clock_rate / 50;
	world_run(&c->w, 20);
}

static void be_silent(struct call *c, unsigned ms)
{
	c->timestamp += c->talker->format.codec->clock_rate / 1000 * ms;
	world_run(&c->w, ms);
}

/* Speech, and the background in which an encoder notices that it is over. */
static void speak(struct call *c)
{
	for (unsigned i = 0; i < 25; i++)
		say(c, 6000);
	for (unsigned i = 0; i < 10; i++)
		say(c, 0);
}

/* Every window of 40 ms is about as loud as the background. */
static void assert_background(
	const struct phone *p, size_t from_ms, size_t until_ms, double background, double least)
{
	for (size_t at = from_ms; at + 40 <= until_ms; at += 20) {
		double level = db(rms(p, at, 40) / background);

		if (level < least || level > 5)
			fail_msg("%.1f dB of the background at %zu ms", level, at);
	}
}

static void background_is_heard_on_while_an_encoder_sends_now_and_then(void **state)
{
	struct media_leg_stats stats;
	struct call c;

	call_begin(&c, "PCMU");
	speak(&c);
	phone_forget(c.listener);
	/* As Opus does it: a packet every 400 ms. */
	for (unsigned i = 0; i < 4; i++) {
		be_silent(&c, 380);
		say(&c, 0);
	}
	assert_background(c.listener, 100, c.listener->n_pcm / MS, BACKGROUND, -5);
	media_leg_stats(c.talker->leg, &stats);
	assert_int_equal(stats.rx_lost, 0);
	/* Who sends nothing more is not there any more. */
	phone_forget(c.listener);
	be_silent(&c, 1500);
	assert_true(rms(c.listener, 1000, 400) < BACKGROUND / 20);
	call_end(&c);
}

static void who_is_cut_off_in_a_word_leaves_no_noise(void **state)
{
	struct call c;

	call_begin(&c, "PCMU");
	for (unsigned i = 0; i < 25; i++)
		say(&c, 6000);
	phone_forget(c.listener);
	be_silent(&c, 1000);
	assert_true(rms(c.listener, 400, 500) < BACKGROUND / 20);
	call_end(&c);
}

/* RFC 3389: one packet describes the whole pause; it is agreed on or not. */
static void a_packet_of_comfort_noise_is_the_pause_and_no_loss(void **state)
{
	static const uint8_t level[] = {50}; /* 104 of 32767 */
	struct media_leg_stats stats;
	struct call c;

	call_begin(&c, "PCMU");
	for (unsigned i = 0; i < 25; i++)
		say(&c, 6000);
	send_payload(&c, 13, level, sizeof level);
	phone_forget(c.listener);
	be_silent(&c, 1500);
	assert_background(c.listener, 150, 1400, BACKGROUND, -3);
	phone_forget(c.listener);
	speak(&c);
	assert_true(rms(c.listener, 200, 200) > 3000);
	media_leg_stats(c.talker->leg, &stats);
	assert_int_equal(stats.rx_lost, 0);
	/* Six seconds behind the last packet the peer is taken to be silent. */
	send_payload(&c, 13, level, sizeof level);
	be_silent(&c, 6000);
	phone_forget(c.listener);
	be_silent(&c, 200);
	assert_true(rms(c.listener, 0, 180) < BACKGROUND / 20);
	call_end(&c);
}

/* Some tones, as of fans: what libopus takes for background, as it does not do with any noise. */
static double hum(size_t at)
{
	double sum = 0;

	for (unsigned i = 0; i < 5; i++)
		sum += sin((double)at * (0.14 + 0.23 * i) + i);
	return BACKGROUND * sqrt(2.0 / 5) * sum;
}

/* One packet of libopus, unless it need not be sent (RFC 7587 3.1.3: two bytes at most). */
static bool say_by_opus(struct call *c, OpusEncoder *encoder, double amplitude)
{
	size_t at = c->timestamp / 6;
	uint8_t out[CODEC_MAX_PAYLOAD];
	int16_t pcm[20 * MS];
	int n;

	for (size_t i = 0; i < 20 * MS; i++)
		pcm[i] = (int16_t)lrint(
			amplitude * sin(2 * M_PI * 500 * (double)i / PHONE_RATE) + hum(at + i));
	n = opus_encode(encoder, pcm, 20 * MS, out, sizeof out);
	assert_true(n > 0);
	if (n > 2)
		send_payload(c, c->talker->format.payload_type, out, (size_t)n);
	c->timestamp += 960;
	world_run(&c->w, 20);
	return n > 2;
}

/* Real DTX, by which libopus sends what it calls background. */
static void pauses_of_opus_are_filled(void **state)
{
	struct call c;
	OpusEncoder *encoder;
	unsigned sent = 0;
	int e;

	call_begin(&c, "opus");
	encoder = opus_encoder_create(PHONE_RATE, 1, OPUS_APPLICATION_VOIP, &e);
	assert_non_null(encoder);
	opus_encoder_ctl(encoder, OPUS_SET_DTX(1));
	for (unsigned i = 0; i < 100; i++)
		say_by_opus(&c, encoder, i < 50 ? 6000 : 0);
	phone_forget(c.listener);
	for (unsigned i = 0; i < 150; i++)
		sent += say_by_opus(&c, encoder, 0);
	/* Three seconds of pause, told of by some packets. */
	assert_in_range(sent, 4, 20);
	assert_background(c.listener, 100, 2900, BACKGROUND, -8);
	opus_encoder_destroy(encoder);
	call_end(&c);
}

/* RFC 7587 3.2, 4.2: packets of 2.5 to 120 ms, of several frames. */
static void opus_packets_of_any_length_are_heard(void **state)
{
	static const unsigned half_ms[] = {5, 10, 20, 40, 80, 120, 160, 200, 240};

	for (unsigned k = 0; k < sizeof half_ms / sizeof half_ms[0]; k++) {
		size_t samples = half_ms[k] * PHONE_RATE / 2000, at = 0;
		OpusEncoder *encoder;
		uint8_t out[RTP_MAX_PACKET];
		int16_t pcm[120 * MS];
		struct call c;
		int e;

		call_begin(&c, "opus");
		encoder = opus_encoder_create(PHONE_RATE, 1, OPUS_APPLICATION_AUDIO, &e);
		assert_non_null(encoder);
		/* Two seconds, in the second of which is listened. */
		while (at < 2 * PHONE_RATE) {
			for (size_t i = 0; i < samples; i++)
				pcm[i] = (int16_t)(6000 * sin(2 * M_PI * 500 * (double)(at + i) /
								  PHONE_RATE));
			/* Whole frames of 20 ms or one shorter; libopus puts up to 120 ms in a packet. */
			e = opus_encode(encoder, pcm, (int)samples, out, 1200);
			assert_true(e > 0);
			send_payload(&c, c.talker->format.payload_type, out, (size_t)e);
			c.timestamp += half_ms[k] * 24;
			at += samples;
			world_run(&c.w, (unsigned)(at / MS - (at - samples) / MS));
			if (at - samples < PHONE_RATE && at >= PHONE_RATE)
				phone_forget(c.listener);
		}
		for (size_t ms = 0; ms + 20 <= 800; ms += 10) {
			double level = phone_level(c.listener, 500, ms * MS, 20 * MS);

			if (fabs(db(level / 6000)) > 3)
				fail_msg("packets of %u.%u ms: %.0f at %zu ms", half_ms[k] / 2,
					half_ms[k] % 2 * 5, level, ms);
		}
		opus_encoder_destroy(encoder);
		call_end(&c);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(background_is_heard_on_while_an_encoder_sends_now_and_then),
		cmocka_unit_test(who_is_cut_off_in_a_word_leaves_no_noise),
		cmocka_unit_test(a_packet_of_comfort_noise_is_the_pause_and_no_loss),
		cmocka_unit_test(pauses_of_opus_are_filled),
		cmocka_unit_test(opus_packets_of_any_length_are_heard),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
