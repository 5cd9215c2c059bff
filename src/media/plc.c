/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Packet loss concealment by repeating the last pitch period. */
#include "media/plc.h"

#include <errno.h>
#include <string.h>

#include "media/codec.h"
#include "media/pitch.h"

#define MIN_PITCH_US 7500 /* a single period of a high voice sounds like a machine: several then */
#define MAX_PITCH_MS 15   /* 66 Hz */
#define COMPARED_MS 20    /* what is compared to find it */
#define LEVEL_MS 10       /* as loud as before for so long, */
#define FADED_MS 120      /* and silent after this */
#define BLEND_MS 2

static size_t history_size(const struct plc *plc)
{
	return plc->rate * 40 / 1000;
}

void plc_start(struct plc *plc, unsigned rate)
{
	*plc = (struct plc){.rate = rate};
}

/* weight / of parts of b, the rest of a */
static int16_t blend(int16_t a, int16_t b, size_t weight, size_t of)
{
	int32_t w = (int32_t)weight, n = (int32_t)of;

	return (int16_t)((a * (n - w) + b * w) / n);
}

/* The largest magnitude of samples. */
static int16_t peak_of(const int16_t *pcm, size_t n)
{
	int32_t peak = 0;

	for (size_t i = 0; i < n; i++) {
		int32_t x = pcm[i] < 0 ? -(int32_t)pcm[i] : pcm[i];

		peak = x > peak ? x : peak;
	}
	return (int16_t)(peak > INT16_MAX ? INT16_MAX : peak);
}

/*
 * The last period, its last quarter blended into the one before, so that it joins to its own
 * beginning.
 */
static void find_cycle(struct plc *plc)
{
	size_t n = history_size(plc), compared = plc->rate * COMPARED_MS / 1000;
	size_t min = plc->rate * MIN_PITCH_US / 1000000, max = plc->rate * MAX_PITCH_MS / 1000;
	const int16_t *end = plc->history + n, *last;
	size_t quarter, pitch;

	pitch = pitch_find(end - compared, compared, min, max, plc->rate);
	quarter = pitch / 4;
	last = end - pitch;
	memcpy(plc->cycle, last, pitch * sizeof *last);
	for (size_t i = 0; i < quarter; i++) {
		size_t at = pitch - quarter + i;

		plc->cycle[at] = blend(last[at], (last - pitch)[at], i + 1, quarter);
	}
	plc->pitch = pitch;
	plc->step = (int16_t)((end[-1] - last[-1]) / 2);
	plc->peak = peak_of(last, pitch);
}

/* The made-up sample at a place in the gap. */
static int16_t repeated(const struct plc *plc, size_t at)
{
	size_t level = plc->rate * LEVEL_MS / 1000, faded = plc->rate * FADED_MS / 1000;
	size_t smooth = plc->rate * BLEND_MS / 1000;
	int32_t x;

	if (at >= faded)
		return 0;
	x = plc->cycle[at % plc->pitch];
	/* Where the sound was not quite periodic the step is spread over the beginning. */
	if (at < smooth)
		x += 2 * plc->step * (int32_t)(smooth - at) / (int32_t)smooth;
	x = x > plc->peak ? plc->peak : x;
	x = x < -plc->peak ? -plc->peak : x;
	if (at > level)
		x = x * (int32_t)(faded - at) / (int32_t)(faded - level);
	return (int16_t)x;
}

static void remember(struct plc *plc, const int16_t *pcm, size_t samples)
{
	size_t n = history_size(plc);

	if (samples < n) {
		memmove(plc->history, plc->history + samples, (n - samples) * sizeof *pcm);
		memcpy(plc->history + n - samples, pcm, samples * sizeof *pcm);
	} else {
		memcpy(plc->history, pcm + samples - n, n * sizeof *pcm);
	}
}

void plc_received(struct plc *plc, int16_t *pcm, size_t samples)
{
	size_t n = plc->rate * BLEND_MS / 1000;

	if (plc->missing > 0) {
		n = n < samples ? n : samples;
		for (size_t i = 0; i < n; i++)
			pcm[i] = blend(repeated(plc, plc->missing + i), pcm[i], i + 1, n);
		plc->missing = 0;
	}
	remember(plc, pcm, samples);
}

void plc_conceal(struct plc *plc, int16_t *pcm, size_t samples)
{
	if (plc->missing == 0)
		find_cycle(plc);
	for (size_t i = 0; i < samples; i++)
		pcm[i] = repeated(plc, plc->missing + i);
	/* Beyond the fade there is nothing to count. */
	plc->missing += samples;
	if (plc->missing > plc->rate)
		plc->missing = plc->rate;
	remember(plc, pcm, samples);
}

int plc_conceal_packet(
	void *state, const uint8_t *next, size_t next_size, int16_t *pcm, size_t samples)
{
	struct plc *plc = state;

	if (samples == 0 || samples > plc->rate / 1000 * CODEC_MAX_FRAME_MS)
		return -EINVAL;
	plc_conceal(plc, pcm, samples);
	return (int)samples;
}
