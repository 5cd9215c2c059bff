/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Audio levels: decibels under the overload point, from mean squares and back. */
#include "media/audio_level.h"

#include <math.h>

#define OVERLOAD 1073741824.0F /* 2^30, the mean square of a square wave at full scale: 0 dBov */
#define VOICE_FROM 60          /* -dBov, as talkers.c has it: what is softer is silence */

struct audio_level audio_level_of(uint32_t energy)
{
	struct audio_level level = {.level = AUDIO_LEVEL_SILENCE};
	float db;

	if (energy == 0)
		return level;
	db = -10 * log10f((float)energy / OVERLOAD);
	level.level = db > 0 ? (uint8_t)(db + 0.5F) : 0;
	level.voice = level.level < VOICE_FROM;
	return level;
}

uint32_t audio_level_energy(uint8_t level)
{
	return (uint32_t)(OVERLOAD * powf(10, -0.1F * (float)level));
}
