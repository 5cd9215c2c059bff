/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Audio codecs behind one table of operations. Encoder and decoder states are blocks of memory of
 * a size known beforehand, so that media threads keep them in pools; they hold no pointers to the
 * heap and need no tearing down. A state is used by one thread at a time.
 *
 * PCM is mono int16 at the codec's sample_rate.
 */
#ifndef MEDIA_CODEC_H
#define MEDIA_CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/slice.h"

#define CODEC_MAX_FRAME_MS 120
#define CODEC_MAX_PAYLOAD 1275 /* bytes of one encoded frame (RFC 6716: 1275 for Opus) */

/* What both ends agreed on for one direction; made from SDP by session/, compared to share. */
struct codec_settings {
	unsigned sample_rate; /* Hz of the PCM side: 8000, 16000 or 48000 */
	unsigned bitrate;     /* bit/s; 0: the codec's own choice */
	bool fec;             /* encoder: in-band FEC (RFC 7587 useinbandfec) */
	bool dtx;             /* encoder: may fall silent (RFC 7587 usedtx) */
	bool cbr;             /* encoder: constant bit rate (RFC 7587 cbr) */
};

struct audio_codec {
	const char *name;                  /* SDP encoding name: "opus", "PCMU" */
	uint32_t clock_rate;               /* RTP clock, Hz (Opus: always 48000) */
	unsigned sdp_channels;             /* as written in a=rtpmap: 2 for Opus, else 1 */
	int static_payload;                /* RFC 3551 payload type, or -1 */
	unsigned default_rate;             /* PCM rate to prefer, Hz */
	size_t encoder_size, decoder_size; /* bytes of state */

	int (*encoder_init)(void *state, const struct codec_settings *settings);
	/* Encode exactly samples of PCM (2.5 to 60 ms). Returns bytes written, 0 (DTX: send
	 * nothing), or a negative errno. */
	int (*encode)(void *state, const int16_t *pcm, size_t samples, uint8_t *out, size_t size);

	int (*decoder_init)(void *state, unsigned sample_rate);
	/* Decode one payload. Returns samples written (at most max), or a negative errno. */
	int (*decode)(void *state, const uint8_t *in, size_t size, int16_t *pcm, size_t max);
	/* Conceal samples that never came. next, if not NULL, is the packet behind the gap: a codec
	 * with FEC recovers from it. Returns samples written or a negative errno. */
	int (*conceal)(
		void *state, const uint8_t *next, size_t next_size, int16_t *pcm, size_t samples);
	/* Samples (at sample_rate) a payload holds, without decoding it; negative errno if bad. */
	int (*payload_samples)(const uint8_t *in, size_t size, unsigned sample_rate);
};

/* All codecs that are built in, ending with NULL; in no order of preference. */
extern const struct audio_codec *const audio_codecs[];

/* By SDP encoding name (any case) and clock rate; rate 0: any. NULL when there is none. */
const struct audio_codec *audio_codec_find(struct slice name, uint32_t clock_rate);

/* By static payload type (RFC 3551), or NULL. */
const struct audio_codec *audio_codec_static(int payload_type);

#endif
