/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Audio formats: the codecs that media/ has and the operator wants, as sdp/ speaks of them, and
 * back. Made once at start, constant afterwards; any thread.
 */
#ifndef SESSION_AUDIO_FORMATS_H
#define SESSION_AUDIO_FORMATS_H

#include "media/codec.h"
#include "sdp/audio_format.h"
#include "session/audio_settings.h"

struct audio_formats {
	struct audio_format items[AUDIO_FORMATS_MAX]; /* in the operator's order */
	const struct audio_codec *codecs[AUDIO_FORMATS_MAX];
	unsigned n;
	bool srtp; /* with keys in the SDP (sdes.h) */
};

/* Returns 0, or -ENOENT when none of the codecs named is built in. */
int audio_formats_init(struct audio_formats *formats, const struct rtp_settings *rtp);

/* How we are to encode for somebody who says this in his fmtp (RFC 7587 Opus, RFC 5574 Speex). */
void audio_format_settings(
	const struct audio_codec *codec, struct slice fmtp, struct codec_settings *settings);

/* The PCM rate at which to decode what he sends, from the same fmtp (RFC 7587 sprop-maxcapturerate). */
unsigned audio_format_decoded_rate(const struct audio_codec *codec, struct slice fmtp);

#endif
