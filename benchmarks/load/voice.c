/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Voices: a glottal pulse's harmonics under two moving formants, in syllables, with breath between
 * them. Codecs and level detectors treat it as speech: libopus at this bitrate takes its hybrid mode.
 */
#include "voice.h"

#include <errno.h>
#include <math.h>
#include <opus.h>
#include <stdlib.h>

enum {
	OPUS_BITRATE = 32000,
	OPUS_COMPLEXITY = 5,
	MAX_FRAME_SAMPLES = 960,
	HARMONICS = 30,
};

#define PEAK 9000.0

/* One speaker. Phases are kept from frame to frame. */
struct speaker {
	double rate;             /* samples per second */
	double pitch, syllables; /* Hz, at rest */
	double phase, time;
	uint32_t noise;
};

static double next_noise(struct speaker *s)
{
	/* A linear congruential generator is random enough for breath. */
	s->noise = s->noise * 1664525U + 1013904223U;
	return (double)s->noise / 2147483648.0 - 1.0;
}

/* How much of a harmonic at hz passes a formant at centre. */
static double formant(double hz, double centre, double width)
{
	double x = (hz - centre) / width;

	return 1.0 / (1.0 + x * x);
}

static double voiced(const struct speaker *s, double pitch)
{
	double first = 500.0 + 250.0 * sin(2.1 * s->time), sum = 0;
	double second = 1500.0 + 600.0 * sin(1.3 * s->time + 1.0);
	double twice = 2.0 * cos(s->phase), sine = sin(s->phase), before = 0, next;

	for (int k = 1; k <= HARMONICS && k * pitch < s->rate * 0.45; k++) {
		double hz = k * pitch;

		sum += (formant(hz, first, 120.0) + 0.5 * formant(hz, second, 180.0) + 0.02) * sine;
		/* sin (k+1)x = 2 cos x sin kx - sin (k-1)x */
		next = twice * sine - before;
		before = sine;
		sine = next;
	}
	return sum;
}

static int16_t next_sample(struct speaker *s)
{
	double syllable = 0.5 - 0.5 * cos(2.0 * M_PI * s->syllables * s->time);
	double pitch = s->pitch * (1.0 + 0.08 * sin(3.0 * s->time) + 0.02 * sin(31.0 * s->time));
	double value = 0.5 * syllable * voiced(s, pitch);

	value += 0.06 * (1.0 - syllable) * next_noise(s);
	s->phase = fmod(s->phase + 2.0 * M_PI * pitch / s->rate, 2.0 * M_PI);
	s->time += 1.0 / s->rate;
	return (int16_t)(PEAK * fmax(-1.0, fmin(1.0, value)));
}

/* ITU-T G.711, 2.2: mu-law with the bits inverted. */
static uint8_t to_mulaw(int16_t sample)
{
	int magnitude = sample < 0 ? -(int)sample : sample;
	int sign = sample < 0 ? 0x80 : 0, exponent = 7;

	magnitude = (magnitude > 32635 ? 32635 : magnitude) + 132;
	while (exponent > 0 && !(magnitude & (0x80 << exponent)))
		exponent--;
	return (uint8_t) ~(sign | exponent << 4 | (magnitude >> (exponent + 3) & 0x0f));
}

static int make_opus(struct voice *voice, struct speaker *speaker)
{
	int16_t pcm[MAX_FRAME_SAMPLES];
	OpusEncoder *encoder;
	int err, n;

	encoder = opus_encoder_create(48000, 1, OPUS_APPLICATION_VOIP, &err);
	if (!encoder)
		return -ENOMEM;
	opus_encoder_ctl(encoder, OPUS_SET_BITRATE(OPUS_BITRATE));
	opus_encoder_ctl(encoder, OPUS_SET_COMPLEXITY(OPUS_COMPLEXITY));
	err = 0;
	for (int f = 0; f < VOICE_FRAMES && !err; f++) {
		for (int i = 0; i < MAX_FRAME_SAMPLES; i++)
			pcm[i] = next_sample(speaker);
		n = opus_encode(
			encoder, pcm, MAX_FRAME_SAMPLES, voice->frames[f].p, VOICE_MAX_FRAME);
		if (n < 0)
			err = -EINVAL;
		else
			voice->frames[f].n = (uint16_t)n;
	}
	opus_encoder_destroy(encoder);
	return err;
}

static void make_pcmu(struct voice *voice, struct speaker *speaker)
{
	for (int f = 0; f < VOICE_FRAMES; f++) {
		voice->frames[f].n = 160;
		for (int i = 0; i < 160; i++)
			voice->frames[f].p[i] = to_mulaw(next_sample(speaker));
	}
}

int voice_make(struct voice *voice, enum voice_codec codec, unsigned n, unsigned seed)
{
	struct speaker speaker = {
		.rate = codec == VOICE_OPUS ? 48000 : 8000,
		.pitch = 95.0 + 17.0 * n,
		.syllables = 3.0 + 0.37 * n,
		.time = 0.71 * n + 0.13 * seed,
		.noise = 1 + n + 977 * seed,
	};

	if (codec == VOICE_OPUS)
		return make_opus(voice, &speaker);
	make_pcmu(voice, &speaker);
	return 0;
}

unsigned voice_ticks(enum voice_codec codec)
{
	return codec == VOICE_OPUS ? 960 : 160;
}
