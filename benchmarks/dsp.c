/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the arithmetic of one participant costs: microseconds of one core per 20 ms frame, the best of
 * nine runs. Usage: dsp
 */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "media/codec.h"
#include "media/jitter_buffer.h"
#include "media/mix.h"
#include "media/resampler.h"

#define RUNS 9
#define FRAMES 500 /* per run, and of sound */
#define MAX_FIGURES 48

static int16_t sound[FRAMES][960], out[960];
static int32_t sum[960];

static struct figure {
	char name[48];
	double us;
} figures[MAX_FIGURES];
static unsigned n_figures;

static double cpu_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

/* Call step for frame after frame; print the cost of one. */
static void measure(const char *name, void (*step)(void *arg, unsigned frame), void *arg)
{
	struct figure *figure = &figures[n_figures++];
	double best = 1e9;

	for (unsigned run = 0; run < RUNS; run++) {
		double start = cpu_us(), each;

		for (unsigned frame = 0; frame < FRAMES; frame++)
			step(arg, frame);
		each = (cpu_us() - start) / FRAMES;
		best = each < best ? each : best;
	}
	snprintf(figure->name, sizeof figure->name, "%s", name);
	figure->us = best;
	printf("%-32s %8.3f us\n", name, best);
}

/* A buzz of changing pitch and level, with noise. */
static void make_sound(unsigned rate)
{
	double phase = 0;

	for (unsigned i = 0; i < FRAMES * 960; i++) {
		double t = (double)i / rate, x = 0;

		phase += 2 * M_PI * (120 + 40 * sin(3 * t)) / rate;
		for (unsigned k = 1; k < 12; k++)
			x += sin(k * phase) / k;
		x = x * (0.5 + 0.5 * sin(11 * t)) + (double)rand() / RAND_MAX * 0.1;
		sound[i / 960][i % 960] = (int16_t)(6000 * x);
	}
}

struct coder {
	const struct audio_codec *codec;
	void *encoder, *decoder;
	unsigned samples;
	uint8_t payloads[FRAMES][CODEC_MAX_PAYLOAD];
	int sizes[FRAMES];
};

static void encode(void *arg, unsigned frame)
{
	struct coder *c = arg;
	const int16_t *pcm = &sound[0][0] + frame * c->samples;

	c->sizes[frame] = c->codec->encode(
		c->encoder, pcm, c->samples, c->payloads[frame], CODEC_MAX_PAYLOAD);
}

static void decode(void *arg, unsigned frame)
{
	struct coder *c = arg;

	c->codec->decode(c->decoder, c->payloads[frame], (size_t)c->sizes[frame], out, 960);
}

static void decode_with_loss(void *arg, unsigned frame)
{
	struct coder *c = arg;

	if (frame % 10 == 0)
		c->codec->conceal(c->decoder, NULL, 0, out, c->samples);
	else
		decode(arg, frame);
}

static void bench_codec(
	const struct audio_codec *codec, const struct codec_settings *settings, const char *variant)
{
	static struct coder c;
	char name[48];

	c.codec = codec;
	c.samples = settings->sample_rate / 50;
	c.encoder = malloc(codec->encoder_size);
	c.decoder = malloc(codec->decoder_size);
	if (!c.encoder || !c.decoder || codec->encoder_init(c.encoder, settings) < 0 ||
		codec->decoder_init(c.decoder, settings->sample_rate) < 0)
		exit(1);
	make_sound(settings->sample_rate);
	snprintf(name, sizeof name, "%s%s encode", codec->name, variant);
	measure(name, encode, &c);
	snprintf(name, sizeof name, "%s%s decode", codec->name, variant);
	measure(name, decode, &c);
	snprintf(name, sizeof name, "%s%s decode, 10 %% lost", codec->name, variant);
	measure(name, decode_with_loss, &c);
	free(c.encoder);
	free(c.decoder);
}

static void bench_codecs(void)
{
	struct codec_settings fec = {.sample_rate = 48000, .fec = true};

	for (size_t i = 0; audio_codecs[i]; i++) {
		struct codec_settings settings = {.sample_rate = audio_codecs[i]->default_rate};

		bench_codec(audio_codecs[i], &settings, "");
	}
	bench_codec(audio_codec_find(SLICE("opus"), 48000), &fec, " (FEC)");
}

struct conversion {
	struct resampler resampler;
	unsigned samples;
};

static void resample(void *arg, unsigned frame)
{
	struct conversion *c = arg;

	resampler_run(&c->resampler, sound[frame], c->samples, out);
}

static void bench_resampler(void)
{
	static const unsigned rates[] = {8000, 16000, 32000, 48000};
	struct conversion c;
	char name[48];

	for (unsigned i = 0; i < 4; i++) {
		for (unsigned o = 0; o < 4; o++) {
			if (i == o || resampler_init(&c.resampler, rates[i], rates[o]) < 0)
				continue;
			c.samples = rates[i] / 50;
			snprintf(name, sizeof name, "resample %u to %u", rates[i], rates[o]);
			measure(name, resample, &c);
		}
	}
}

static void add(void *arg, unsigned frame)
{
	mix_add(sum, sound[frame], 960);
}

static void minus(void *arg, unsigned frame)
{
	mix_minus(arg, sum, sound[frame], out, 960);
}

static void energy(void *arg, unsigned frame)
{
	volatile uint32_t *level = arg;

	*level = mix_energy(sound[frame], 960);
}

static void bench_mix(void)
{
	struct mix_limiter limiter = {0};
	uint32_t level;

	measure("mix_add", add, NULL);
	for (unsigned i = 0; i < 960; i++)
		sum[i] = sound[0][i];
	measure("mix_minus", minus, &limiter);
	for (unsigned i = 0; i < 960; i++)
		sum[i] = sound[0][i] * 20;
	measure("mix_minus, limiting", minus, &limiter);
	measure("mix_energy", energy, &level);
}

struct stream {
	struct jitter_buffer *jb;
	struct rtp_packet packet;
	uint64_t now;
};

static void receive_and_play(void *arg, unsigned frame)
{
	struct stream *s = arg;
	struct rtp_packet next;

	s->packet.seq++;
	s->packet.timestamp += 960;
	s->now += 20000;
	jitter_buffer_put(s->jb, &s->packet, s->now);
	jitter_buffer_get(s->jb, s->now + 15000, &next);
	sum[0] += (int32_t)jitter_buffer_excess(s->jb, s->now + 15000);
}

static void bench_jitter(void)
{
	struct jitter_settings settings = {
		.capacity = 32, .clock_rate = 48000, .min_delay_ms = 20, .max_delay_ms = 200};
	struct stream s = {.jb = malloc(jitter_buffer_size(settings.capacity)),
		.packet = {.payload = (const uint8_t *)sound, .payload_size = 80}};

	if (!s.jb)
		exit(1);
	jitter_buffer_init(s.jb, &settings);
	measure("jitter buffer, put and get", receive_and_play, &s);
	free(s.jb);
}

static void print_sizes(void)
{
	for (size_t i = 0; audio_codecs[i]; i++)
		printf("%s: encoder %zu, decoder %zu bytes\n", audio_codecs[i]->name,
			audio_codecs[i]->encoder_size, audio_codecs[i]->decoder_size);
	printf("jitter buffer of 32 packets: %zu bytes\n", jitter_buffer_size(32));
}

int main(void)
{
	resampler_setup();
	bench_codecs();
	bench_resampler();
	bench_mix();
	bench_jitter();
	print_sizes();
	for (unsigned i = 0; i < n_figures; i++)
		printf("%s\"%s\": %.3f", i ? ", " : "{", figures[i].name, figures[i].us);
	printf("}\n");
	return 0;
}
