/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The table of codecs, the ways to look one up, and the life of their states. */
#include "media/codec.h"

#include <string.h>

#include "media/codec_table.h"

#define DEFAULT_PTIME_MS 20

const struct audio_codec *const audio_codecs[] = {
	&codec_opus,
	&codec_pcmu,
	&codec_pcma,
	&codec_g722,
	&codec_speex32,
	&codec_speex16,
	&codec_speex8,
	&codec_gsm,
	NULL,
};

const struct audio_codec *audio_codec_find(struct slice name, uint32_t clock_rate)
{
	for (size_t i = 0; audio_codecs[i]; i++) {
		const struct audio_codec *codec = audio_codecs[i];

		if (slice_eq_nocase(name, slice_str(codec->name)) &&
			(clock_rate == 0 || clock_rate == codec->clock_rate))
			return codec;
	}
	return NULL;
}

const struct audio_codec *audio_codec_static(int payload_type)
{
	for (size_t i = 0; payload_type >= 0 && audio_codecs[i]; i++) {
		if (audio_codecs[i]->static_payload == payload_type)
			return audio_codecs[i];
	}
	return NULL;
}

unsigned audio_codec_ptime(const struct audio_codec *codec, unsigned wanted, unsigned most)
{
	unsigned best = 0;

	if (wanted == 0)
		wanted = DEFAULT_PTIME_MS;
	for (unsigned ms = 10; ms <= 70; ms += 10) {
		if (!(codec->ptimes >> (ms / 10) & 1) || (best && most && ms > most))
			continue;
		best = ms;
		if (ms >= wanted)
			break;
	}
	return best;
}

void *audio_encoder_new(struct media_pool *pool, const struct audio_codec *codec,
	const struct codec_settings *settings)
{
	void *state = media_pool_get(pool, codec->encoder_size);

	if (state && codec->encoder_init(state, settings)) {
		media_pool_put(pool, state, codec->encoder_size);
		state = NULL;
	}
	return state;
}

void *audio_encoder_copy(struct media_pool *pool, const struct audio_codec *codec, const void *from)
{
	void *state = media_pool_get(pool, codec->encoder_size);

	if (!state)
		return NULL;
	if (!codec->encoder_copy) {
		memcpy(state, from, codec->encoder_size);
	} else if (codec->encoder_copy(state, from)) {
		media_pool_put(pool, state, codec->encoder_size);
		state = NULL;
	}
	return state;
}

void audio_encoder_free(struct media_pool *pool, const struct audio_codec *codec, void *state)
{
	if (state && codec->encoder_end)
		codec->encoder_end(state);
	media_pool_put(pool, state, codec->encoder_size);
}

void *audio_decoder_new(
	struct media_pool *pool, const struct audio_codec *codec, unsigned sample_rate)
{
	void *state = media_pool_get(pool, codec->decoder_size);

	if (state && codec->decoder_init(state, sample_rate)) {
		media_pool_put(pool, state, codec->decoder_size);
		state = NULL;
	}
	return state;
}

void audio_decoder_free(struct media_pool *pool, const struct audio_codec *codec, void *state)
{
	if (state && codec->decoder_end)
		codec->decoder_end(state);
	media_pool_put(pool, state, codec->decoder_size);
}
