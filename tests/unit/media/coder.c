/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "coder.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

const struct audio_codec *find_codec(const char *name, unsigned rate)
{
	const struct audio_codec *codec = audio_codec_find(slice_str(name), rate);

	assert_non_null(codec);
	return codec;
}

void *make_encoder(const struct audio_codec *codec, const struct codec_settings *settings)
{
	void *state = malloc(codec->encoder_size);

	assert_non_null(state);
	memset(state, 0xa5, codec->encoder_size);
	assert_int_equal(codec->encoder_init(state, settings), 0);
	return state;
}

void *make_decoder(const struct audio_codec *codec, unsigned rate)
{
	void *state = malloc(codec->decoder_size);

	assert_non_null(state);
	memset(state, 0xa5, codec->decoder_size);
	assert_int_equal(codec->decoder_init(state, rate), 0);
	return state;
}

void end_encoder(const struct audio_codec *codec, void *state)
{
	if (codec->encoder_end)
		codec->encoder_end(state);
	free(state);
}

void end_decoder(const struct audio_codec *codec, void *state)
{
	if (codec->decoder_end)
		codec->decoder_end(state);
	free(state);
}

void make_tone(int16_t *pcm, size_t samples, size_t from, unsigned rate, double hz)
{
	for (size_t i = 0; i < samples; i++)
		pcm[i] = (int16_t)lrint(
			TONE_AMPLITUDE * sin(2 * M_PI * hz * (double)(from + i) / rate));
}

void make_voice(int16_t *pcm, size_t samples, size_t from, unsigned rate)
{
	for (size_t i = 0; i < samples; i++) {
		double t = (double)(from + i) / rate, x = 0;

		for (unsigned k = 1; k < 30; k++)
			x += sin(2 * M_PI * 120 * k * t) / k;
		pcm[i] = (int16_t)lrint(4000 * x * (0.6 + 0.4 * sin(2 * M_PI * 3 * t)));
	}
}

double power(const int16_t *pcm, size_t samples)
{
	double sum = 0;

	for (size_t i = 0; i < samples; i++)
		sum += (double)pcm[i] * pcm[i];
	return sum / (double)samples;
}

double power_at(const int16_t *pcm, size_t samples, unsigned rate, double hz)
{
	double re = 0, im = 0;

	for (size_t i = 0; i < samples; i++) {
		re += pcm[i] * cos(2 * M_PI * hz * (double)i / rate);
		im += pcm[i] * sin(2 * M_PI * hz * (double)i / rate);
	}
	return 2 * (re * re + im * im) / ((double)samples * (double)samples);
}

double difference(const int16_t *a, const int16_t *b, size_t samples)
{
	double sum = 0;

	for (size_t i = 0; i < samples; i++)
		sum += (double)(a[i] - b[i]) * (a[i] - b[i]);
	return sum / (double)samples;
}

double decibels(double ratio)
{
	return 10 * log10(ratio);
}
