/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Fuzz: the decoders. The first byte chooses the codec, then come records of two bytes and a
 * payload: length, and whether the packet before it was lost. Whatever comes, a decoder writes no more
 * than it was given room for, says the same of a payload as payload_samples does, and can conceal.
 */
#include <stdint.h>
#include <stdlib.h>

#include "media/codec.h"

#define MAX_SAMPLES (48 * CODEC_MAX_FRAME_MS)

static void check(bool ok)
{
	if (!ok)
		abort();
}

static void lose(const struct audio_codec *codec, void *decoder, const uint8_t *next, size_t size)
{
	static int16_t pcm[MAX_SAMPLES];
	size_t samples = codec->default_rate / 50;

	check(codec->conceal(decoder, next, size, pcm, samples) == (int)samples);
}

static void receive(const struct audio_codec *codec, void *decoder, const uint8_t *p, size_t size)
{
	static int16_t pcm[MAX_SAMPLES];
	int said = codec->payload_samples(p, size, codec->default_rate);
	int n = codec->decode(decoder, p, size, pcm, MAX_SAMPLES);

	check(n != 0 && n <= MAX_SAMPLES);
	/* Opus may find a frame to be broken that its length says nothing about. */
	check(n < 0 || n == said);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct media_pool pool;
	const struct audio_codec *codec;
	unsigned n_codecs = 0;
	void *decoder;

	while (audio_codecs[n_codecs])
		n_codecs++;
	if (size == 0)
		return 0;
	codec = audio_codecs[data[0] % n_codecs];
	decoder = audio_decoder_new(&pool, codec, codec->default_rate);
	check(decoder);
	data++;
	size--;
	while (size >= 2) {
		size_t n = data[0];
		bool lost = data[1] & 1;

		data += 2;
		size -= 2;
		n = n < size ? n : size;
		if (lost)
			lose(codec, decoder, data, n);
		receive(codec, decoder, data, n);
		data += n;
		size -= n;
	}
	audio_decoder_free(&pool, codec, decoder);
	media_pool_free(&pool);
	return 0;
}
