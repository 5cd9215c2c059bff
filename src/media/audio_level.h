/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How loud audio is, as packets say it in their headers (RFC 6464 section 3). Any thread. */
#ifndef MEDIA_AUDIO_LEVEL_H
#define MEDIA_AUDIO_LEVEL_H

#include <stdbool.h>
#include <stdint.h>

#define AUDIO_LEVEL_URI "urn:ietf:params:rtp-hdrext:ssrc-audio-level"
#define AUDIO_LEVEL_SILENCE 127

struct audio_level {
	uint8_t level; /* -dBov, 0 is the loudest; AUDIO_LEVEL_SILENCE is digital silence */
	bool voice;    /* the sender takes it for speech; only with vad=on in a=extmap */
};

/* The mean square of samples, 0 .. 2^30 (mix_energy), and back. */
struct audio_level audio_level_of(uint32_t energy);
uint32_t audio_level_energy(uint8_t level);

#endif
