/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Audio formats. */
#include "session/audio_formats.h"

#include <errno.h>
#include <string.h>

#include "core/log.h"

#define LOG_NAME "sylk.core"
#define OPUS_OWN_BITRATE 32000 /* what media/codec_opus.c sends unless told */

/* What we say of ourselves as a receiver (RFC 7587 section 6.1). */
static const char *own_fmtp(const struct audio_codec *codec)
{
	return strcmp(codec->name, "opus") == 0 ? "useinbandfec=1" : NULL;
}

static void add(struct audio_formats *formats, const struct audio_codec *codec)
{
	for (unsigned i = 0; i < formats->n; i++) {
		if (formats->codecs[i] == codec)
			return;
	}
	formats->codecs[formats->n] = codec;
	formats->items[formats->n++] = (struct audio_format){
		.name = codec->name,
		.clock_rate = codec->clock_rate,
		.channels = codec->sdp_channels,
		.static_payload = codec->static_payload,
		.fmtp = own_fmtp(codec),
	};
}

int audio_formats_init(struct audio_formats *formats, const struct rtp_settings *rtp)
{
	formats->n = 0;
	for (size_t i = 0; i < rtp->audio_codecs.n && formats->n < AUDIO_FORMATS_MAX; i++) {
		const char *name = rtp->audio_codecs.items[i];
		const struct audio_codec *codec = audio_codec_find(slice_str(name), 0);

		if (codec)
			add(formats, codec);
		else
			log_warning(LOG_NAME,
				"[RTP] audio_codecs: %s is not among the codecs of this server",
				name);
	}
	return formats->n ? 0 : -ENOENT;
}

static bool fmtp_flag(struct slice fmtp, const char *key)
{
	struct slice value;

	return sdp_fmtp_param(fmtp, key, &value) && slice_eq(value, SLICE("1"));
}

static uint32_t fmtp_number(struct slice fmtp, const char *key)
{
	struct slice value;
	uint32_t number;

	if (!sdp_fmtp_param(fmtp, key, &value) || slice_u32(value, UINT32_MAX, &number) < 0)
		return 0;
	return number;
}

/*
 * What the peer sets as its limit (RFC 7587 6.1: 6000 to 510000), where that is below what we would
 * send by ourselves (0); else it is no wish. One of a few rates: those who ask for nearly the same
 * share one encoder.
 */
static unsigned limited_bitrate(uint32_t limit)
{
	static const unsigned rates[] = {24000, 16000, 12000, 8000, 6000};

	if (limit >= OPUS_OWN_BITRATE)
		return 0;
	for (size_t i = 0; i < sizeof rates / sizeof rates[0]; i++) {
		if (limit >= rates[i])
			return rates[i];
	}
	return 0;
}

void audio_format_settings(
	const struct audio_codec *codec, struct slice fmtp, struct codec_settings *settings)
{
	*settings = (struct codec_settings){.sample_rate = codec->default_rate};
	if (strcmp(codec->name, "opus") != 0)
		return;
	settings->bitrate = limited_bitrate(fmtp_number(fmtp, "maxaveragebitrate"));
	/*
	 * useinbandfec says what the peer can decode, not that it loses packets; libopus has FEC
	 * only in its costlier mode of less band width (media/codec_opus.c). So none without losses.
	 */
	settings->dtx = fmtp_flag(fmtp, "usedtx");
	settings->cbr = fmtp_flag(fmtp, "cbr");
}
