/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * G.711, mu-law and A-law (RFC 3551 4.5.14): spandsp's arithmetic, a byte per sample, 8 kHz only.
 * Spandsp's own concealment is not used: it copies between overlapping areas with memcpy.
 */
#include <errno.h>

#include <spandsp.h>

#include "media/codec_table.h"
#include "media/plc.h"

#define G711_RATE 8000
#define G711_MAX_SAMPLES (G711_RATE / 1000 * CODEC_MAX_FRAME_MS)

static int encoder_init(void *state, const struct codec_settings *settings)
{
	return settings->sample_rate == G711_RATE ? 0 : -EINVAL;
}

static int check_encode(size_t samples, size_t size)
{
	if (samples == 0 || samples > G711_MAX_SAMPLES)
		return -EINVAL;
	return samples > size ? -EMSGSIZE : 0;
}

static int encode_ulaw(void *state, const int16_t *pcm, size_t samples, uint8_t *out, size_t size)
{
	int err = check_encode(samples, size);

	for (size_t i = 0; !err && i < samples; i++)
		out[i] = linear_to_ulaw(pcm[i]);
	return err ? err : (int)samples;
}

static int encode_alaw(void *state, const int16_t *pcm, size_t samples, uint8_t *out, size_t size)
{
	int err = check_encode(samples, size);

	for (size_t i = 0; !err && i < samples; i++)
		out[i] = linear_to_alaw(pcm[i]);
	return err ? err : (int)samples;
}

static int decoder_init(void *state, unsigned sample_rate)
{
	if (sample_rate != G711_RATE)
		return -EINVAL;
	plc_start(state, G711_RATE);
	return 0;
}

static int payload_samples(const uint8_t *in, size_t size, unsigned sample_rate)
{
	if (sample_rate != G711_RATE)
		return -EINVAL;
	return size > 0 && size <= G711_MAX_SAMPLES ? (int)size : -EBADMSG;
}

static int check_decode(const uint8_t *in, size_t size, size_t max)
{
	int n = payload_samples(in, size, G711_RATE);

	return n > 0 && (size_t)n > max ? -EMSGSIZE : n;
}

static int decode_ulaw(void *state, const uint8_t *in, size_t size, int16_t *pcm, size_t max)
{
	int n = check_decode(in, size, max);

	for (int i = 0; i < n; i++)
		pcm[i] = ulaw_to_linear(in[i]);
	if (n > 0)
		plc_received(state, pcm, (size_t)n);
	return n;
}

static int decode_alaw(void *state, const uint8_t *in, size_t size, int16_t *pcm, size_t max)
{
	int n = check_decode(in, size, max);

	for (int i = 0; i < n; i++)
		pcm[i] = alaw_to_linear(in[i]);
	if (n > 0)
		plc_received(state, pcm, (size_t)n);
	return n;
}

const struct audio_codec codec_pcmu = {
	.name = "PCMU",
	.clock_rate = G711_RATE,
	.sdp_channels = 1,
	.static_payload = 0,
	.default_rate = G711_RATE,
	.ptimes = CODEC_PTIMES_ALL,
	.encoder_size = 1, /* it has none; a pool wants a size */
	.decoder_size = sizeof(struct plc),
	.encoder_init = encoder_init,
	.encode = encode_ulaw,
	.decoder_init = decoder_init,
	.decode = decode_ulaw,
	.conceal = plc_conceal_packet,
	.payload_samples = payload_samples,
};

const struct audio_codec codec_pcma = {
	.name = "PCMA",
	.clock_rate = G711_RATE,
	.sdp_channels = 1,
	.static_payload = 8,
	.default_rate = G711_RATE,
	.ptimes = CODEC_PTIMES_ALL,
	.encoder_size = 1,
	.decoder_size = sizeof(struct plc),
	.encoder_init = encoder_init,
	.encode = encode_alaw,
	.decoder_init = decoder_init,
	.decode = decode_alaw,
	.conceal = plc_conceal_packet,
	.payload_samples = payload_samples,
};
