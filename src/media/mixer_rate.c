/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * From a mixer's rate, which may change, to one that stays. The last frame before a change goes two
 * ways: as until now, and through a resampler to the mixer's next rate and from there to the output:
 *
 *     this frame  ----- resampler as it was ------------> .
 *          '----> next rate ----- new resampler ---> blended
 *     next frame   --------------- new resampler ---------->
 *
 * The voices join to what this made of them by resampler_turn, so the second way has no seam at all;
 * what is left is the blend of two ways that are some milliseconds apart.
 */
#include "media/mixer_rate.h"

#define MAX_FRAME (48000 / 50)

/*
 * In the first half of the frame the new resamplers still fill: 4 ms each at most. The blend is a
 * smoothstep, without a kink at either end.
 */
static void blend_second_half(int16_t *out, const int16_t *next, size_t samples)
{
	size_t half = samples / 2;

	for (size_t i = half; i < samples; i++) {
		float x = (float)(i + 1 - half) / (float)(samples - half);
		float weight = x * x * (3 - 2 * x);

		out[i] = (int16_t)((float)out[i] + (float)(next[i] - out[i]) * weight);
	}
}

/* The last frame at f->in_rate. */
static size_t go_over(struct mixer_rate_follower *f, unsigned next_rate, unsigned out_rate,
	const int16_t *pcm, int16_t *out)
{
	size_t n = resampler_run(&f->resampler, pcm, f->in_rate / 50, out);
	int16_t between[MAX_FRAME], after[MAX_FRAME];
	struct resampler resampler;

	resampler_init(&resampler, f->in_rate, next_rate);
	resampler_run(&resampler, pcm, f->in_rate / 50, between);
	resampler_init(&f->resampler, next_rate, out_rate);
	resampler_run(&f->resampler, between, next_rate / 50, after);
	f->in_rate = next_rate;
	blend_second_half(out, after, n);
	return n;
}

size_t mixer_rate_follow(struct mixer_rate_follower *f, const struct mixer_rate *rate,
	unsigned out_rate, const int16_t *pcm, int16_t *out)
{
	if (f->in_rate != rate->now)
		resampler_init(&f->resampler, rate->now, out_rate);
	f->in_rate = rate->now;
	if (rate->next != rate->now)
		return go_over(f, rate->next, out_rate, pcm, out);
	return resampler_run(&f->resampler, pcm, rate->now / 50, out);
}
