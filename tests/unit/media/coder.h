/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Codecs under test: their states, sounds to put in, and measures of what comes out. */
#ifndef TESTS_MEDIA_CODER_H
#define TESTS_MEDIA_CODER_H

#include <stddef.h>
#include <stdint.h>

#include "media/codec.h"

#define MAX_SAMPLES 5760 /* 120 ms at 48 kHz */
#define TONE_AMPLITUDE 8000

/* Fails the test when there is none. rate 0: any. */
const struct audio_codec *find_codec(const char *name, unsigned rate);

/* States exactly as large as said, so that the sanitizer sees a step outside. */
void *make_encoder(const struct audio_codec *codec, const struct codec_settings *settings);
void *make_decoder(const struct audio_codec *codec, unsigned rate);
void end_encoder(const struct audio_codec *codec, void *state);
void end_decoder(const struct audio_codec *codec, void *state);

/* A sine of TONE_AMPLITUDE; from: the first sample's place in it. */
void make_tone(int16_t *pcm, size_t samples, size_t from, unsigned rate, double hz);

/* Something like a voice: a buzz of 120 Hz that swells. */
void make_voice(int16_t *pcm, size_t samples, size_t from, unsigned rate);

double power(const int16_t *pcm, size_t samples);

/* Power of the sine of this frequency in pcm. */
double power_at(const int16_t *pcm, size_t samples, unsigned rate, double hz);

/* Mean square of a - b. */
double difference(const int16_t *a, const int16_t *b, size_t samples);

double decibels(double ratio);

#endif
