/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The pitch of a stretch of sound, for concealment and time scaling. Any thread. */
#ifndef MEDIA_PITCH_H
#define MEDIA_PITCH_H

#include <stddef.h>
#include <stdint.h>

/*
 * Compare span samples at pcm with those lag earlier, for all lags from min to max; pcm - max is
 * read. rate in Hz decides how coarse the first look is. Returns the best lag, in samples.
 */
size_t pitch_find(const int16_t *pcm, size_t span, size_t min, size_t max, unsigned rate);

/* How alike two stretches are: 1 but for the loudness, 0 not at all, -1 turned over. */
float pitch_likeness(const int16_t *a, const int16_t *b, size_t span);

#endif
