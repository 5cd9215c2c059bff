/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The table of codecs and the two ways to look one up. */
#include "media/codec.h"

#include "media/codec_table.h"

const struct audio_codec *const audio_codecs[] = {
	&codec_opus,
	&codec_pcmu,
	&codec_pcma,
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
