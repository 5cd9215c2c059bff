/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Audio formats. */
#include "session/audio_formats.h"

#include <errno.h>
#include <string.h>

#define OPUS_OWN_BITRATE 32000 /* what media/codec_opus.c sends unless told */

/* What we say of ourselves (RFC 7587 section 6.1): nothing is heard or made above the mixers' rate. */
static const char *own_fmtp(const struct audio_codec *codec, unsigned mixer_rate)
{
	if (strcmp(codec->name, "opus") != 0)
		return NULL;
	switch (mixer_rate) {
	case 16000:
		return "useinbandfec=1;maxplaybackrate=16000;sprop-maxcapturerate=16000";
	case 32000:
		return "useinbandfec=1;maxplaybackrate=32000;sprop-maxcapturerate=32000";
	default:
		return "useinbandfec=1";
	}
}

/* All of a name's: Speex has three clock rates, the widest band first. */
static void add(struct audio_formats *formats, struct slice name, unsigned mixer_rate)
{
	for (unsigned i = 0; i < formats->n; i++) {
		if (slice_eq_nocase(name, slice_str(formats->codecs[i]->name)))
			return;
	}
	for (size_t i = 0; audio_codecs[i] && formats->n < AUDIO_FORMATS_MAX; i++) {
		const struct audio_codec *codec = audio_codecs[i];

		if (!slice_eq_nocase(name, slice_str(codec->name)))
			continue;
		formats->codecs[formats->n] = codec;
		formats->items[formats->n++] = (struct audio_format){
			.name = codec->name,
			.clock_rate = codec->clock_rate,
			.channels = codec->sdp_channels,
			.static_payload = codec->static_payload,
			.fmtp = own_fmtp(codec, mixer_rate),
		};
	}
}

int audio_formats_init(struct audio_formats *formats, const struct rtp_settings *rtp)
{
	formats->n = 0;
	formats->srtp = rtp->srtp_encryption != SRTP_ENCRYPTION_DISABLED;
	for (size_t i = 0; i < rtp->audio_codecs.n; i++)
		add(formats, slice_str(rtp->audio_codecs.items[i]),
			rtp_sample_rates[rtp->sample_rate]);
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

/* A rate from 8000 to 48000 Hz that a peer states as its limit, or 0: none below ours. */
static unsigned limited_rate(struct slice fmtp, const char *key)
{
	uint32_t rate = fmtp_number(fmtp, key);

	return rate >= 8000 && rate < 48000 ? rate : 0;
}

/* The lowest PCM rate that has all of a band sampled at so many Hz (0: 48000). */
static unsigned rate_for_band(unsigned band)
{
	if (band == 0 || band > 16000)
		return 48000;
	return band > 8000 ? 16000 : 8000;
}

static void opus_settings(struct slice fmtp, struct codec_settings *settings)
{
	static const unsigned bands[] = {24000, 16000, 12000, 8000};
	unsigned limit = limited_rate(fmtp, "maxplaybackrate");

	/* Those of Opus (RFC 6716 table 1), so that nearly the same limits share an encoder. */
	for (size_t i = 0; limit && i < sizeof bands / sizeof bands[0] && !settings->band; i++) {
		if (limit >= bands[i])
			settings->band = bands[i];
	}
	settings->sample_rate = rate_for_band(settings->band);
	settings->bitrate = limited_bitrate(fmtp_number(fmtp, "maxaveragebitrate"));
	/* What the peer can decode, not that it loses packets: see media/mixer.c. */
	settings->fec = fmtp_flag(fmtp, "useinbandfec");
	settings->dtx = fmtp_flag(fmtp, "usedtx");
	settings->cbr = fmtp_flag(fmtp, "cbr");
}

/* Bit rate of the first mode in the list that there is (RFC 5574 4.1.1), 0: any, or no list. */
static unsigned speex_bitrate(struct slice modes, unsigned clock_rate)
{
	/* RFC 5574 tables 1 and 2; ultra wide band adds a layer of 1800 bit/s. */
	static const unsigned narrow[] = {0, 2150, 5950, 8000, 11000, 15000, 18200, 24600, 3950};
	static const unsigned wide[] = {
		3950, 5750, 7750, 9800, 12800, 16800, 20600, 23800, 27800, 34200, 42200};
	struct slice word;
	uint32_t mode;

	if (modes.n >= 2 && modes.p[0] == '"' && modes.p[modes.n - 1] == '"')
		modes = slice_of(modes.p + 1, modes.n - 2);
	while (slice_cut(&modes, ',', &word)) {
		if (slice_u32(slice_trim(word), 10, &mode) < 0)
			continue;
		if (clock_rate != 8000)
			return wide[mode] + (clock_rate == 32000 ? 1800 : 0);
		if (mode > 0 && mode < sizeof narrow / sizeof narrow[0])
			return narrow[mode];
	}
	return 0;
}

static void speex_settings(struct slice fmtp, unsigned clock_rate, struct codec_settings *settings)
{
	struct slice value;

	if (sdp_fmtp_param(fmtp, "mode", &value))
		settings->bitrate = speex_bitrate(value, clock_rate);
	settings->cbr = true; /* codec_speex.c says why */
	if (sdp_fmtp_param(fmtp, "vbr", &value))
		settings->dtx = slice_eq_nocase(value, SLICE("vad"));
}

void audio_format_settings(
	const struct audio_codec *codec, struct slice fmtp, struct codec_settings *settings)
{
	*settings = (struct codec_settings){.sample_rate = codec->default_rate};
	if (strcmp(codec->name, "opus") == 0)
		opus_settings(fmtp, settings);
	else if (strcmp(codec->name, "speex") == 0)
		speex_settings(fmtp, codec->clock_rate, settings);
}

unsigned audio_format_decoded_rate(const struct audio_codec *codec, struct slice fmtp)
{
	if (strcmp(codec->name, "opus") == 0)
		return rate_for_band(limited_rate(fmtp, "sprop-maxcapturerate"));
	return codec->default_rate;
}
