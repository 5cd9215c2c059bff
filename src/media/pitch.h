/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The pitch of a stretch of sound, for concealment. Any thread. */
#ifndef MEDIA_PITCH_H
#define MEDIA_PITCH_H

#include <stddef.h>
#include <stdint.h>

/*
 * Compare span samples at pcm with those lag earlier, for all lags from min to max; pcm - max is
 * read. rate in Hz decides how coarse the first look is. Returns the best lag, in samples.
 */
size_t pitch_find(const int16_t *pcm, size_t span, size_t min, size_t max, unsigned rate);

#endif
