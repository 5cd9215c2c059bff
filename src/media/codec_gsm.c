/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * GSM full rate (RFC 3551 4.5.8), by spandsp: 8 kHz, frames of 20 ms in 33 bytes, one or more in a
 * packet. The upper half of a frame's first byte is a signature (4.5.8.1), by which rubbish is told.
 */
#include <errno.h>

#include <spandsp.h>
#include <spandsp/private/gsm0610.h>

#include "media/codec_table.h"
#include "media/plc.h"

#define GSM_RATE 8000
#define GSM_SAMPLES 160
#define GSM_BYTES 33
#define GSM_SIGNATURE 0xd0
#define GSM_MAX_FRAMES (CODEC_MAX_FRAME_MS / 20)

struct gsm_decoder {
	struct plc plc; /* first: plc_conceal_packet */
	gsm0610_state_t spandsp;
};

static int encoder_init(void *state, const struct codec_settings *settings)
{
	if (settings->sample_rate != GSM_RATE)
		return -EINVAL;
	return gsm0610_init(state, GSM0610_PACKING_VOIP) ? 0 : -EINVAL;
}

static int encode(void *state, const int16_t *pcm, size_t samples, uint8_t *out, size_t size)
{
	size_t frames = samples / GSM_SAMPLES;

	if (frames == 0 || frames > GSM_MAX_FRAMES || samples % GSM_SAMPLES)
		return -EINVAL;
	if (frames * GSM_BYTES > size)
		return -EMSGSIZE;
	return gsm0610_encode(state, out, pcm, (int)samples);
}

static int decoder_init(void *state, unsigned sample_rate)
{
	struct gsm_decoder *decoder = state;

	if (sample_rate != GSM_RATE)
		return -EINVAL;
	plc_start(&decoder->plc, GSM_RATE);
	return gsm0610_init(&decoder->spandsp, GSM0610_PACKING_VOIP) ? 0 : -EINVAL;
}

static int payload_samples(const uint8_t *in, size_t size, unsigned sample_rate)
{
	size_t frames = size / GSM_BYTES;

	if (sample_rate != GSM_RATE)
		return -EINVAL;
	if (frames == 0 || frames > GSM_MAX_FRAMES || size % GSM_BYTES)
		return -EBADMSG;
	for (size_t i = 0; i < frames; i++) {
		if ((in[i * GSM_BYTES] & 0xf0) != GSM_SIGNATURE)
			return -EBADMSG;
	}
	return (int)frames * GSM_SAMPLES;
}

static int decode(void *state, const uint8_t *in, size_t size, int16_t *pcm, size_t max)
{
	struct gsm_decoder *decoder = state;
	int n = payload_samples(in, size, GSM_RATE);

	if (n < 0)
		return n;
	if ((size_t)n > max)
		return -EMSGSIZE;
	n = gsm0610_decode(&decoder->spandsp, pcm, in, (int)size);
	plc_received(&decoder->plc, pcm, (size_t)n);
	return n;
}

const struct audio_codec codec_gsm = {
	.name = "GSM",
	.clock_rate = GSM_RATE,
	.sdp_channels = 1,
	.static_payload = 3,
	.default_rate = GSM_RATE,
	.ptimes = CODEC_PTIMES_20_MS,
	.encoder_size = sizeof(gsm0610_state_t),
	.decoder_size = sizeof(struct gsm_decoder),
	.encoder_init = encoder_init,
	.encode = encode,
	.decoder_init = decoder_init,
	.decode = decode,
	.conceal = plc_conceal_packet,
	.payload_samples = payload_samples,
};
