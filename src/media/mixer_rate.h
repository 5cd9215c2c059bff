/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The rate of a mixer, which changes with those who are in its room (mixer.c): how its frames are
 * brought to a rate that stays, a codec's or a file's, without a click. The media thread of the mixer.
 */
#ifndef MEDIA_MIXER_RATE_H
#define MEDIA_MIXER_RATE_H

#include <stddef.h>
#include <stdint.h>

#include "media/resampler.h"

/* Hz: of a tick's frame, and of the next one's. */
struct mixer_rate {
	unsigned now, next;
};

/* Zero it to start. */
struct mixer_rate_follower {
	unsigned in_rate; /* of the next frame; 0: none came yet */
	struct resampler resampler;
};

/*
 * Convert a frame of 20 ms to out_rate, always the same one; all rates are such as resampler_init takes.
 * Frames may be left out. Returns samples: those of 20 ms.
 */
size_t mixer_rate_follow(struct mixer_rate_follower *f, const struct mixer_rate *rate,
	unsigned out_rate, const int16_t *pcm, int16_t *out);

#endif
