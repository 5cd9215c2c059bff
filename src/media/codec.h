/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Audio codecs behind one table of operations. Encoder and decoder states are blocks of memory of
 * a size known beforehand, so that media threads keep them in pools. A state is used by one thread
 * at a time.
 *
 * Nearly all states hold no pointers: copying one is copying its bytes, and nothing is to be done
 * before its memory is given back. Speex is the exception, since its library allocates by itself
 * when a state is made (never while coding). So states are made, copied and ended by the functions
 * at the end of this file alone.
 *
 * PCM is mono int16 at the codec's sample_rate.
 */
#ifndef MEDIA_CODEC_H
#define MEDIA_CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/slice.h"
#include "media/pool.h"

#define CODEC_MAX_FRAME_MS 120
#define CODEC_MAX_PAYLOAD 1275 /* bytes of one encoded frame (RFC 6716: 1275 for Opus) */

/* What both ends agreed on for one direction; made from SDP by session/, compared to share. */
struct codec_settings {
	unsigned sample_rate; /* Hz of the PCM side: 8000, 16000, 32000 or 48000 */
	unsigned band;        /* encoder: nothing above half of these Hz (Opus only); 0: all */
	unsigned bitrate;     /* bit/s; 0: the codec's own choice */
	bool fec; /* encoder: in-band FEC; of a leg: the peer can use it (useinbandfec) */
	bool dtx; /* encoder: may fall silent (RFC 7587 usedtx, RFC 5574 vbr=vad) */
	bool cbr; /* encoder: constant bit rate (RFC 7587 cbr, RFC 5574 vbr) */
};

struct audio_codec {
	const char *name;                  /* SDP encoding name: "opus", "PCMU" */
	uint32_t clock_rate;               /* RTP clock, Hz (Opus: always 48000) */
	unsigned sdp_channels;             /* as written in a=rtpmap: 2 for Opus, else 1 */
	int static_payload;                /* RFC 3551 payload type, or -1 */
	unsigned default_rate;             /* PCM rate to prefer, Hz */
	uint8_t ptimes;                    /* bit n: packets of n * 10 ms can be made; n <= 6 */
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

	/* For states with memory of their own, else NULL: make a copy that goes on from the same
	 * past (0 or a negative errno), and end a state that was made. */
	int (*encoder_copy)(void *to, const void *from);
	void (*encoder_end)(void *state);
	void (*decoder_end)(void *state);
};

/* All codecs that are built in, ending with NULL; in no order of preference. */
extern const struct audio_codec *const audio_codecs[];

/* By SDP encoding name (any case) and clock rate; rate 0: any. NULL when there is none. */
const struct audio_codec *audio_codec_find(struct slice name, uint32_t clock_rate);

/* By static payload type (RFC 3551), or NULL. */
const struct audio_codec *audio_codec_static(int payload_type);

/*
 * The packet time to send with, in ms, for a peer that prefers wanted and takes most (0: not said):
 * wanted rounded up to what the codec can do (RFC 5574 5.6) if most permits it, else the longest
 * that it permits, else the codec's shortest. wanted 0: 20 ms (RFC 3551 4.2).
 */
unsigned audio_codec_ptime(const struct audio_codec *codec, unsigned wanted, unsigned most);

/*
 * States from a pool: made and initialised, copied, ended and given back. NULL without memory, or
 * when the codec refuses the settings. The pool's thread.
 */
void *audio_encoder_new(struct media_pool *pool, const struct audio_codec *codec,
	const struct codec_settings *settings);
void *audio_encoder_copy(
	struct media_pool *pool, const struct audio_codec *codec, const void *from);
void audio_encoder_free(struct media_pool *pool, const struct audio_codec *codec, void *state);
void *audio_decoder_new(
	struct media_pool *pool, const struct audio_codec *codec, unsigned sample_rate);
void audio_decoder_free(struct media_pool *pool, const struct audio_codec *codec, void *state);

#endif
