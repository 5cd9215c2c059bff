/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Speex at 8, 16 and 32 kHz (RFC 5574), by libspeex: frames of 20 ms, one or more in a packet.
 *
 * libspeex keeps its states on the heap and has no way to copy one. So ours hold a pointer, made by
 * encoder_init or decoder_init and freed by encoder_end or decoder_end. A copy of an encoder is a
 * new one that has been given the last SPEEX_PAST frames: by then its filters and its memory of
 * the pitch are near enough to the original's for the change not to be heard. While coding, nothing is
 * allocated.
 *
 * libspeex writes to stderr what it dislikes about a packet, which every peer could fill the log
 * with; and it stumbles over an empty layer that it has to skip. So we find the frames of a packet
 * (speex_frames.c), and it sees one at a time.
 */
#include <errno.h>
#include <string.h>

#include <speex/speex.h>

#include "media/codec_pause.h"
#include "media/codec_table.h"
#include "media/speex_frames.h"

#define SPEEX_QUALITY 8 /* 15, 27.8 and 29.6 kbit/s; RFC 5574 section 5 */
#define SPEEX_COMPLEXITY 3
#define SPEEX_FRAME_MS 20
#define SPEEX_MAX_FRAMES (CODEC_MAX_FRAME_MS / SPEEX_FRAME_MS)
#define SPEEX_MAX_SAMPLES (32000 / 1000 * SPEEX_FRAME_MS)
#define SPEEX_PAST 3

struct speex_encoder {
	struct codec_settings settings;
	void *libspeex;
	size_t frame; /* samples */
	struct codec_pause pause;
	int16_t past[SPEEX_PAST * SPEEX_MAX_SAMPLES]; /* SPEEX_PAST frames, oldest first */
};

struct speex_decoder {
	void *libspeex;
	size_t frame;
};

/* The mode of a sampling rate, or NULL. */
static const SpeexMode *mode_of(unsigned sample_rate)
{
	switch (sample_rate) {
	case 8000:
		return &speex_nb_mode;
	case 16000:
		return &speex_wb_mode;
	case 32000:
		return &speex_uwb_mode;
	default:
		return NULL;
	}
}

/*
 * Always at a constant bit rate, whatever the peer prefers (vbr is a preference, RFC 5574 4.1.1):
 * libspeex's variable one, and its detection of pauses, take a steady sound for noise. Of music and
 * tones in a room 25 dB were lost by it, now and then. A pause is what codec_pause.h says.
 */
static void configure(void *libspeex, const struct codec_settings *settings)
{
	spx_int32_t number = SPEEX_COMPLEXITY;

	speex_encoder_ctl(libspeex, SPEEX_SET_COMPLEXITY, &number);
	number = SPEEX_QUALITY;
	speex_encoder_ctl(libspeex, SPEEX_SET_QUALITY, &number);
	if (settings->bitrate) {
		number = (spx_int32_t)settings->bitrate;
		speex_encoder_ctl(libspeex, SPEEX_SET_BITRATE, &number);
	}
}

static int encoder_init(void *state, const struct codec_settings *settings)
{
	const SpeexMode *mode = mode_of(settings->sample_rate);
	struct speex_encoder *encoder = state;

	if (!mode || settings->bitrate > INT32_MAX)
		return -EINVAL;
	*encoder = (struct speex_encoder){.settings = *settings,
		.frame = settings->sample_rate / 1000 * SPEEX_FRAME_MS,
		.libspeex = speex_encoder_init(mode)};
	if (!encoder->libspeex)
		return -ENOMEM;
	configure(encoder->libspeex, settings);
	return 0;
}

static void encoder_end(void *state)
{
	struct speex_encoder *encoder = state;

	speex_encoder_destroy(encoder->libspeex);
}

static void remember(struct speex_encoder *encoder, const int16_t *pcm)
{
	size_t kept = (SPEEX_PAST - 1) * encoder->frame;

	memmove(encoder->past, encoder->past + encoder->frame, kept * sizeof *pcm);
	memcpy(encoder->past + kept, pcm, encoder->frame * sizeof *pcm);
}

static void encode_frame(struct speex_encoder *encoder, const int16_t *pcm, SpeexBits *bits)
{
	int16_t in[SPEEX_MAX_SAMPLES]; /* libspeex does not promise to leave it alone */

	memcpy(in, pcm, encoder->frame * sizeof *pcm);
	speex_encode_int(encoder->libspeex, in, bits);
}

static int encoder_copy(void *to, const void *from)
{
	const struct speex_encoder *original = from;
	struct speex_encoder *copy = to;
	char buffer[CODEC_MAX_PAYLOAD];
	SpeexBits bits;
	int err = encoder_init(to, &original->settings);

	if (err)
		return err;
	memcpy(copy->past, original->past, sizeof copy->past);
	speex_bits_init_buffer(&bits, buffer, sizeof buffer);
	for (unsigned i = 0; i < SPEEX_PAST; i++)
		encode_frame(copy, copy->past + i * copy->frame, &bits);
	return 0;
}

static int encode(void *state, const int16_t *pcm, size_t samples, uint8_t *out, size_t size)
{
	struct speex_encoder *encoder = state;
	size_t frames = samples / encoder->frame;
	char buffer[CODEC_MAX_PAYLOAD];
	bool pause;
	SpeexBits bits;

	if (frames == 0 || frames > SPEEX_MAX_FRAMES || samples % encoder->frame)
		return -EINVAL;
	speex_bits_init_buffer(&bits, buffer, sizeof buffer);
	for (size_t i = 0; i < frames; i++) {
		encode_frame(encoder, pcm + i * encoder->frame, &bits);
		remember(encoder, pcm + i * encoder->frame);
	}
	pause = codec_pause(&encoder->pause, pcm, samples, encoder->settings.sample_rate / 1000);
	if (encoder->settings.dtx && pause)
		return 0;
	/* One byte for the terminator that pads the last one (RFC 5574 3.3). */
	if ((size_t)speex_bits_nbytes(&bits) + 1 > size)
		return -EMSGSIZE;
	return speex_bits_write(&bits, (char *)out, (int)(size < INT32_MAX ? size : INT32_MAX));
}

static int decoder_init(void *state, unsigned sample_rate)
{
	const SpeexMode *mode = mode_of(sample_rate);
	struct speex_decoder *decoder = state;

	if (!mode)
		return -EINVAL;
	decoder->frame = sample_rate / 1000 * SPEEX_FRAME_MS;
	decoder->libspeex = speex_decoder_init(mode);
	return decoder->libspeex ? 0 : -ENOMEM;
}

static void decoder_end(void *state)
{
	struct speex_decoder *decoder = state;

	speex_decoder_destroy(decoder->libspeex);
}

static int payload_samples(const uint8_t *in, size_t size, unsigned sample_rate)
{
	int frames = speex_frames_find(in, size, NULL, SPEEX_MAX_FRAMES);

	if (!mode_of(sample_rate))
		return -EINVAL;
	return frames < 0 ? frames : frames * (int)(sample_rate / 1000) * SPEEX_FRAME_MS;
}

static int decode(void *state, const uint8_t *in, size_t size, int16_t *pcm, size_t max)
{
	struct speex_decoder *decoder = state;
	uint16_t starts[SPEEX_MAX_FRAMES];
	int frames = speex_frames_find(in, size, starts, SPEEX_MAX_FRAMES);
	char buffer[SPEEX_FRAMES_MAX_BYTES];
	SpeexBits bits;

	if (frames < 0)
		return frames;
	if ((size_t)frames * decoder->frame > max)
		return -EMSGSIZE;
	memcpy(buffer, in, size);
	for (int i = 0; i < frames; i++) {
		speex_bits_set_bit_buffer(&bits, buffer, (int)size);
		speex_bits_advance(&bits, starts[i]);
		if (speex_decode_int(decoder->libspeex, &bits, pcm + (size_t)i * decoder->frame))
			return -EBADMSG;
	}
	return frames * (int)decoder->frame;
}

static int conceal(void *state, const uint8_t *next, size_t next_size, int16_t *pcm, size_t samples)
{
	struct speex_decoder *decoder = state;
	size_t frames = samples / decoder->frame;

	if (frames == 0 || frames > SPEEX_MAX_FRAMES || samples % decoder->frame)
		return -EINVAL;
	for (size_t i = 0; i < frames; i++)
		speex_decode_int(decoder->libspeex, NULL, pcm + i * decoder->frame);
	return (int)samples;
}

#define SPEEX_CODEC(rate)                                                                     \
	{                                                                                     \
		.name = "speex", .clock_rate = rate, .sdp_channels = 1, .static_payload = -1, \
		.default_rate = rate, .ptimes = CODEC_PTIMES_20_MS,                           \
		.encoder_size = sizeof(struct speex_encoder),                                 \
		.decoder_size = sizeof(struct speex_decoder), .encoder_init = encoder_init,   \
		.encode = encode, .encoder_copy = encoder_copy, .encoder_end = encoder_end,   \
		.decoder_init = decoder_init, .decode = decode, .conceal = conceal,           \
		.decoder_end = decoder_end, .payload_samples = payload_samples,               \
	}

const struct audio_codec codec_speex8 = SPEEX_CODEC(8000);
const struct audio_codec codec_speex16 = SPEEX_CODEC(16000);
const struct audio_codec codec_speex32 = SPEEX_CODEC(32000);
