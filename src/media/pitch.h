/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The pitch of a stretch of sound, for concealment and for changing its length. Any thread. */
#ifndef MEDIA_PITCH_H
#define MEDIA_PITCH_H

#include <stddef.h>
#include <stdint.h>

struct pitch {
	size_t lag;     /* samples after which the sound is most like itself */
	float likeness; /* -1 .. 1: normalised correlation at that lag; 1 in silence */
};

/*
 * Compare span samples at pcm with those lag earlier or later, for all lags from min to max; sign -1
 * looks back (pcm - max is read), +1 ahead (up to pcm + max + span). rate in Hz decides how coarse
 * the first look is.
 */
struct pitch pitch_find(const int16_t *pcm, size_t span, size_t min, size_t max, int sign,
	unsigned rate);

#endif
