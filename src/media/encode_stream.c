/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Encode stream: from the mixer's 20 ms frames to packets of one codec and packet time. */
#include "media/encode_stream.h"

#include <string.h>

enum {
	FRAME_MS = 20,
	MAX_RATE = 48000,
	MAX_FRAME = MAX_RATE / 1000 * FRAME_MS,
	/* By then every encoder's memory of what was before has faded, and silence packets are alike. */
	SETTLED_SILENCE = 10,
};

void encode_format_set(
	struct encode_format *format, const struct media_payload *payload, unsigned ptime_ms)
{
	format->codec = payload->codec;
	format->settings = payload->settings;
	format->ptime_ms = audio_codec_ptime(payload->codec, ptime_ms, 0);
}

bool encode_format_equal(const struct encode_format *a, const struct encode_format *b)
{
	return a->codec == b->codec && a->ptime_ms == b->ptime_ms &&
	       a->settings.sample_rate == b->settings.sample_rate &&
	       a->settings.band == b->settings.band && a->settings.bitrate == b->settings.bitrate &&
	       a->settings.fec == b->settings.fec && a->settings.dtx == b->settings.dtx &&
	       a->settings.cbr == b->settings.cbr;
}

/* Bytes of the waiting samples: less than a packet, and a frame on top. */
static size_t wait_bytes(const struct encode_stream *s)
{
	size_t frame = s->format.settings.sample_rate / 1000 * FRAME_MS;

	return (s->packet_samples + frame) * sizeof *s->wait;
}

/* Memory for what waits, if packets are not of 20 ms; false without. */
static bool take_wait(struct media_pool *pool, struct encode_stream *s)
{
	bool needed = s->format.ptime_ms != FRAME_MS;

	s->wait = needed ? media_pool_get(pool, wait_bytes(s)) : NULL;
	return s->wait || !needed;
}

struct encode_stream *encode_stream_new(struct media_pool *pool, const struct encode_format *format)
{
	unsigned rate = format->settings.sample_rate;
	struct encode_stream *s;

	if (rate == 0 || rate > MAX_RATE || rate % 1000)
		return NULL;
	s = media_pool_get(pool, sizeof *s);
	if (!s)
		return NULL;
	*s = (struct encode_stream){.format = *format};
	s->packet_samples = (size_t)(rate / 1000) * format->ptime_ms;
	s->encoder = audio_encoder_new(pool, format->codec, &format->settings);
	if (!s->encoder || !take_wait(pool, s)) {
		encode_stream_free(pool, s);
		return NULL;
	}
	return s;
}

struct encode_stream *encode_stream_copy(struct media_pool *pool, const struct encode_stream *from)
{
	struct encode_stream *s = media_pool_get(pool, sizeof *s);

	if (!s)
		return NULL;
	*s = *from;
	s->wait = NULL;
	s->encoder = audio_encoder_copy(pool, from->format.codec, from->encoder);
	if (!s->encoder || !take_wait(pool, s)) {
		encode_stream_free(pool, s);
		return NULL;
	}
	if (s->wait)
		memcpy(s->wait, from->wait, from->n_wait * sizeof *s->wait);
	return s;
}

void encode_stream_free(struct media_pool *pool, struct encode_stream *s)
{
	if (!s)
		return;
	media_pool_put(pool, s->wait, wait_bytes(s));
	audio_encoder_free(pool, s->format.codec, s->encoder);
	media_pool_put(pool, s, sizeof *s);
}

/* Encode one packet, or repeat the last one while there is nothing but silence. */
static void encode(
	struct encode_stream *s, const int16_t *pcm, struct encoded *out, unsigned *encodes)
{
	const struct audio_codec *codec = s->format.codec;
	int n;

	if (s->silent > SETTLED_SILENCE) {
		memcpy(out->p, s->last, s->last_size);
		out->size = s->last_size;
		out->level = audio_level_of(0);
		return;
	}
	n = codec->encode(s->encoder, pcm, s->packet_samples, out->p, sizeof out->p);
	out->size = n > 0 ? (size_t)n : 0;
	out->level = audio_level_of(mix_energy(pcm, s->packet_samples));
	(*encodes)++;
	if (s->silent) {
		memcpy(s->last, out->p, out->size);
		s->last_size = out->size;
	}
}

unsigned encode_stream_push(struct encode_stream *s, const struct mixer_rate *rate,
	const int16_t *pcm, bool silent, struct encoded out[ENCODE_MAX_PACKETS], unsigned *encodes)
{
	unsigned codec_rate = s->format.settings.sample_rate;
	size_t done = 0;
	int16_t direct[MAX_FRAME];
	unsigned n = 0;

	if (!silent)
		s->silent = 0;
	else if (s->silent <= SETTLED_SILENCE)
		s->silent++;
	if (!s->wait) {
		if (s->silent <= SETTLED_SILENCE)
			mixer_rate_follow(&s->from_mixer, rate, codec_rate, pcm, direct);
		out[0].after_us = 0;
		encode(s, direct, &out[0], encodes);
		return 1;
	}
	s->n_wait += mixer_rate_follow(&s->from_mixer, rate, codec_rate, pcm, s->wait + s->n_wait);
	while (s->n_wait - done >= s->packet_samples && n < ENCODE_MAX_PACKETS) {
		out[n].after_us = n * s->format.ptime_ms * 1000;
		encode(s, s->wait + done, &out[n++], encodes);
		done += s->packet_samples;
	}
	s->n_wait -= done;
	memmove(s->wait, s->wait + done, s->n_wait * sizeof *s->wait);
	return n;
}
