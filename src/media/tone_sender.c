/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tone sender: pairs of sines. */
#include "media/tone_sender.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#define FRAME_MS 20
#define RAMP_MS 2 /* no clicks */

/*
 * -9 and -7 dBm0, where a full-scale sine has 3.14 dBm0 (G.711): what receivers expect (Q.24: -25 to
 * -3, the higher one at most 4 dB over the lower), and in sum below the mixers' ceiling.
 */
#define LOW_LEVEL 8098.0F
#define HIGH_LEVEL 10194.0F

static const struct {
	uint16_t low, high; /* Hz */
} tones[] = {
	{941, 1336}, /* 0 */
	{697, 1209},
	{697, 1336},
	{697, 1477},
	{770, 1209},
	{770, 1336},
	{770, 1477},
	{852, 1209},
	{852, 1336},
	{852, 1477},
	{941, 1209}, /* star */
	{941, 1477}, /* # */
	{697, 1633}, /* A */
	{770, 1633},
	{852, 1633},
	{941, 1633},
};

int tone_sender_add(struct tone_sender *s, uint8_t event, unsigned duration_ms)
{
	if (event >= sizeof tones / sizeof *tones)
		return -EINVAL;
	if (s->n == MEDIA_KEYS_MAX)
		return -ENOSPC;
	s->keys[s->n].event = event;
	s->keys[s->n].duration_ms = (uint16_t)((duration_ms + FRAME_MS - 1) / FRAME_MS * FRAME_MS);
	s->n++;
	return 0;
}

static float sine(uint32_t phase)
{
	return sinf((float)(int32_t)phase * (float)(M_PI / INT32_MAX));
}

static uint32_t turn_per_sample(unsigned frequency, unsigned rate)
{
	return (uint32_t)(((uint64_t)frequency << 32) / rate);
}

static void generate(struct tone_sender *s, unsigned rate, int16_t *pcm)
{
	size_t frame = rate / 1000 * FRAME_MS, ramp = rate / 1000 * RAMP_MS;
	uint32_t low = turn_per_sample(tones[s->keys[0].event].low, rate);
	uint32_t high = turn_per_sample(tones[s->keys[0].event].high, rate);
	bool first = s->elapsed_ms == 0;
	bool last = s->elapsed_ms + FRAME_MS >= s->keys[0].duration_ms;

	for (size_t i = 0; i < frame; i++) {
		float gain = 1;

		if (first && i < ramp)
			gain = (float)i / (float)ramp;
		else if (last && frame - i < ramp)
			gain = (float)(frame - i) / (float)ramp;
		pcm[i] = (int16_t)(gain * (LOW_LEVEL * sine(s->low) + HIGH_LEVEL * sine(s->high)));
		s->low += low;
		s->high += high;
	}
}

bool tone_sender_next(struct tone_sender *s, unsigned rate, int16_t *pcm)
{
	bool sounds = !s->pausing && s->n > 0;

	if (!tone_sender_is_busy(s))
		return false;
	if (sounds)
		generate(s, rate, pcm);
	s->elapsed_ms += FRAME_MS;
	if (s->elapsed_ms < (sounds ? s->keys[0].duration_ms : MEDIA_KEY_PAUSE_MS))
		return sounds;
	s->elapsed_ms = 0;
	s->pausing = sounds;
	if (sounds) {
		s->n--;
		memmove(s->keys, s->keys + 1, s->n * sizeof s->keys[0]);
		s->low = s->high = 0;
	}
	return sounds;
}
