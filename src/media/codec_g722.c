/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * G.722 at 64 kbit/s (RFC 3551 4.5.2), by spandsp: 16 kHz sound, a byte for two samples. Its RTP
 * clock is 8000 Hz, and stays so for the sake of an error in RFC 1890.
 */
#include <errno.h>

#include <spandsp.h>
#include <spandsp/private/g722.h>

#include "media/codec_table.h"
#include "media/plc.h"

#define G722_RATE 16000
#define G722_BIT_RATE 64000
#define G722_MAX_BYTES (G722_RATE / 2000 * CODEC_MAX_FRAME_MS)

struct g722_decoder {
	struct plc plc; /* first: plc_conceal_packet */
	g722_decode_state_t spandsp;
};

static int encoder_init(void *state, const struct codec_settings *settings)
{
	if (settings->sample_rate != G722_RATE)
		return -EINVAL;
	return g722_encode_init(state, G722_BIT_RATE, 0) ? 0 : -EINVAL;
}

static int encode(void *state, const int16_t *pcm, size_t samples, uint8_t *out, size_t size)
{
	if (samples == 0 || samples % 2 || samples / 2 > G722_MAX_BYTES)
		return -EINVAL;
	if (samples / 2 > size)
		return -EMSGSIZE;
	return g722_encode(state, out, pcm, (int)samples);
}

static int decoder_init(void *state, unsigned sample_rate)
{
	struct g722_decoder *decoder = state;

	if (sample_rate != G722_RATE)
		return -EINVAL;
	plc_start(&decoder->plc, G722_RATE);
	return g722_decode_init(&decoder->spandsp, G722_BIT_RATE, 0) ? 0 : -EINVAL;
}

static int payload_samples(const uint8_t *in, size_t size, unsigned sample_rate)
{
	if (sample_rate != G722_RATE)
		return -EINVAL;
	return size > 0 && size <= G722_MAX_BYTES ? (int)size * 2 : -EBADMSG;
}

static int decode(void *state, const uint8_t *in, size_t size, int16_t *pcm, size_t max)
{
	struct g722_decoder *decoder = state;
	int n = payload_samples(in, size, G722_RATE);

	if (n < 0)
		return n;
	if ((size_t)n > max)
		return -EMSGSIZE;
	n = g722_decode(&decoder->spandsp, pcm, in, (int)size);
	plc_received(&decoder->plc, pcm, (size_t)n);
	return n;
}

const struct audio_codec codec_g722 = {
	.name = "G722",
	.clock_rate = 8000,
	.sdp_channels = 1,
	.static_payload = 9,
	.default_rate = G722_RATE,
	.ptimes = CODEC_PTIMES_ALL,
	.encoder_size = sizeof(g722_encode_state_t),
	.decoder_size = sizeof(struct g722_decoder),
	.encoder_init = encoder_init,
	.encode = encode,
	.decoder_init = decoder_init,
	.decode = decode,
	.conceal = plc_conceal_packet,
	.payload_samples = payload_samples,
};
