/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Opus (RFC 6716, RTP payload RFC 7587) by libopus, mono. A stereo stream is decoded to mono by
 * libopus itself (RFC 7587 3.4: what is received may always be stereo).
 */
#include <errno.h>
#include <limits.h>

#include <opus.h>

#include "media/codec_pause.h"
#include "media/codec_table.h"

/*
 * Opus has two coders inside: SILK (speech; alone or as the lower half of the hybrid mode) and CELT
 * (any sound). A 20 ms frame costs 130-170 us in SILK and 41 us in CELT at complexity 5. A
 * conference encodes a mix of voices, not one voice, and an encode for every talker, so CELT is what
 * we lean to: application AUDIO, complexity 5, 32 kbit/s, which gives the full band; below about
 * 18 kbit/s libopus goes to SILK by itself. Complexity 10 costs half as much again for little; 0
 * costs 15 us and is heard.
 *
 * FEC exists in SILK alone. Asked for it, libopus is told to expect OPUS_EXPECTED_LOSS and then
 * chooses SILK, at its price and at wide band. So it is to be asked for where losses are reported,
 * not wherever the peer's SDP says useinbandfec=1 (RFC 7587 6.1: that is what the peer can use).
 *
 * DTX: libopus itself detects pauses in SILK, and in CELT only from complexity 7. What a room needs
 * is that a mix of nobody costs nothing, so digital silence is recognised here, before the encoder.
 */
#define OPUS_COMPLEXITY 5
#define OPUS_DEFAULT_BITRATE 32000
#define OPUS_MAX_BITRATE 510000 /* RFC 7587 6.1, maxaveragebitrate */
#define OPUS_EXPECTED_LOSS 10   /* per cent */

/* A packet of one or two bytes is a pause, which need not be sent (opus_encode). */
#define OPUS_DTX_BYTES 2

struct opus_encoder_state {
	bool dtx;
	size_t per_ms; /* samples */
	struct codec_pause pause;
	_Alignas(16) unsigned char encoder[];
};

static OpusEncoder *encoder_of(struct opus_encoder_state *s)
{
	return (OpusEncoder *)(void *)s->encoder;
}

static int error_of(int opus_error)
{
	switch (opus_error) {
	case OPUS_BUFFER_TOO_SMALL:
		return -EMSGSIZE;
	case OPUS_INVALID_PACKET:
		return -EBADMSG;
	case OPUS_ALLOC_FAIL:
		return -ENOMEM;
	default:
		return -EINVAL;
	}
}

/* libopus's name for the band of so many Hz (RFC 6716 table 1). */
static opus_int32 bandwidth(unsigned band)
{
	if (band == 0 || band >= 48000)
		return OPUS_BANDWIDTH_FULLBAND;
	if (band >= 24000)
		return OPUS_BANDWIDTH_SUPERWIDEBAND;
	if (band >= 16000)
		return OPUS_BANDWIDTH_WIDEBAND;
	return band >= 12000 ? OPUS_BANDWIDTH_MEDIUMBAND : OPUS_BANDWIDTH_NARROWBAND;
}

static int encoder_init(void *state, const struct codec_settings *settings)
{
	unsigned bitrate = settings->bitrate ? settings->bitrate : OPUS_DEFAULT_BITRATE;
	struct opus_encoder_state *s = state;
	OpusEncoder *encoder = encoder_of(s);
	int e;

	if (settings->sample_rate > INT_MAX)
		return -EINVAL;
	if (bitrate > OPUS_MAX_BITRATE)
		bitrate = OPUS_MAX_BITRATE;
	*s = (struct opus_encoder_state){
		.dtx = settings->dtx, .per_ms = settings->sample_rate / 1000};
	e = opus_encoder_init(
		encoder, (opus_int32)settings->sample_rate, 1, OPUS_APPLICATION_AUDIO);
	if (e == OPUS_OK)
		e = opus_encoder_ctl(encoder, OPUS_SET_COMPLEXITY(OPUS_COMPLEXITY));
	if (e == OPUS_OK)
		e = opus_encoder_ctl(encoder, OPUS_SET_BITRATE((opus_int32)bitrate));
	if (e == OPUS_OK)
		e = opus_encoder_ctl(encoder, OPUS_SET_MAX_BANDWIDTH(bandwidth(settings->band)));
	if (e == OPUS_OK)
		e = opus_encoder_ctl(encoder, OPUS_SET_VBR(!settings->cbr));
	if (e == OPUS_OK)
		e = opus_encoder_ctl(encoder, OPUS_SET_DTX(settings->dtx));
	if (e == OPUS_OK && settings->fec)
		e = opus_encoder_ctl(encoder, OPUS_SET_INBAND_FEC(1));
	if (e == OPUS_OK && settings->fec)
		e = opus_encoder_ctl(encoder, OPUS_SET_PACKET_LOSS_PERC(OPUS_EXPECTED_LOSS));
	return e == OPUS_OK ? 0 : error_of(e);
}

static int encode(void *state, const int16_t *pcm, size_t samples, uint8_t *out, size_t size)
{
	struct opus_encoder_state *s = state;
	opus_int32 n;

	if (samples > INT_MAX)
		return -EINVAL;
	if (s->dtx && codec_pause(&s->pause, pcm, samples, s->per_ms))
		return 0;
	if (size > CODEC_MAX_PAYLOAD)
		size = CODEC_MAX_PAYLOAD;
	n = opus_encode(encoder_of(s), pcm, (int)samples, out, (opus_int32)size);
	if (n < 0)
		return error_of(n);
	return n <= OPUS_DTX_BYTES ? 0 : n;
}

static int decoder_init(void *state, unsigned sample_rate)
{
	int e;

	if (sample_rate > INT_MAX)
		return -EINVAL;
	e = opus_decoder_init(state, (opus_int32)sample_rate, 1);
	return e == OPUS_OK ? 0 : error_of(e);
}

/* No packet is longer than CODEC_MAX_FRAME_MS, and libopus takes stack space for all it is given. */
static int frame_limit(size_t samples)
{
	const size_t longest = 48 * CODEC_MAX_FRAME_MS;

	return (int)(samples < longest ? samples : longest);
}

static int decode(void *state, const uint8_t *in, size_t size, int16_t *pcm, size_t max)
{
	int n;

	/* An empty payload would ask libopus to conceal. */
	if (size == 0 || size > INT_MAX)
		return -EBADMSG;
	n = opus_decode(state, in, (opus_int32)size, pcm, frame_limit(max), 0);
	return n < 0 ? error_of(n) : n;
}

static int conceal(void *state, const uint8_t *next, size_t next_size, int16_t *pcm, size_t samples)
{
	int n = -1;

	if (next && next_size > 0 && next_size <= INT_MAX)
		n = opus_decode(state, next, (opus_int32)next_size, pcm, frame_limit(samples), 1);
	if (n < 0)
		n = opus_decode(state, NULL, 0, pcm, frame_limit(samples), 0);
	return n < 0 ? error_of(n) : n;
}

static int payload_samples(const uint8_t *in, size_t size, unsigned sample_rate)
{
	int n;

	if (size == 0 || size > INT_MAX || sample_rate > INT_MAX)
		return -EBADMSG;
	n = opus_packet_get_nb_samples(in, (opus_int32)size, (opus_int32)sample_rate);
	return n < 0 ? error_of(n) : n;
}

struct audio_codec codec_opus = {
	.name = "opus",
	.clock_rate = 48000, /* RFC 7587 4.1: whatever the rate inside */
	.sdp_channels = 2,   /* RFC 7587 7: always "opus/48000/2" */
	.static_payload = -1,
	.default_rate = 48000,
	.ptimes = 1 << 1 | 1 << 2 | 1 << 4 | 1 << 6, /* RFC 6716 2.1.4 */
	.encoder_init = encoder_init,
	.encode = encode,
	.decoder_init = decoder_init,
	.decode = decode,
	.conceal = conceal,
	.payload_samples = payload_samples,
};

__attribute__((constructor)) static void learn_sizes(void)
{
	codec_opus.encoder_size =
		sizeof(struct opus_encoder_state) + (size_t)opus_encoder_get_size(1);
	codec_opus.decoder_size = (size_t)opus_decoder_get_size(1);
}
