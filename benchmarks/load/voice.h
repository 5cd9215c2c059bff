/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Voices of the load generator: speech-like sounds, encoded once before the load begins. */
#ifndef BENCH_VOICE_H
#define BENCH_VOICE_H

#include <stdint.h>

enum {
	VOICES = 8,         /* different ones */
	VOICE_FRAMES = 250, /* of 20 ms each, then it begins anew */
	VOICE_MAX_FRAME = 320,
};

enum voice_codec { VOICE_OPUS, VOICE_PCMU, VOICE_CODECS };

struct voice_frame {
	uint16_t n; /* bytes */
	uint8_t p[VOICE_MAX_FRAME];
};

struct voice {
	struct voice_frame frames[VOICE_FRAMES];
};

/*
 * Make the n-th voice: Opus at 48 kHz, some 26 kbit/s, as a telephone sends it, or PCMU. seed: two
 * generators that send to one room speak differently. Returns 0, -ENOMEM or -EINVAL (the encoder).
 */
int voice_make(struct voice *voice, enum voice_codec codec, unsigned n, unsigned seed);

/* RTP clock ticks of one frame (Opus counts at 48 kHz whatever it carries, RFC 7587 4.1). */
unsigned voice_ticks(enum voice_codec codec);

#endif
