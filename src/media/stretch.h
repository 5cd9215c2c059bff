/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Sound made shorter or longer without a change of pitch (WSOLA): one period is taken out or
 * repeated, and the seam is cross-faded. In silence any length will do. Pure functions. Any thread.
 */
#ifndef MEDIA_STRETCH_H
#define MEDIA_STRETCH_H

#include <stddef.h>
#include <stdint.h>

/* How alike (-1 to 1) the two stretches at a seam must be, for sound; for silence never mind. */
#define STRETCH_ANY (-1.0F)
#define STRETCH_SILENCE_ONLY 2.0F

/*
 * Shorten n samples in place: in silence by at most by samples, in sound by one period, which may be
 * a little more. What follows joins to the end, and the beginning to what was before. Returns the
 * new number; n if there is no good place, or n is under some 8 ms.
 */
size_t stretch_shorten(int16_t *pcm, size_t n, size_t by, unsigned rate, float alike);

/* The opposite; pcm has room for max samples. */
size_t stretch_lengthen(int16_t *pcm, size_t n, size_t max, size_t by, unsigned rate, float alike);

#endif
