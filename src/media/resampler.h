/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Polyphase resampler between 8, 16, 32 and 48 kHz (any pair), mono int16. Linear phase, pass band
 * to 0.9 of the lower Nyquist frequency within 0.1 dB, stop band from 1.15 of it under -60 dB. The
 * coefficient tables are computed once per pair and shared; the state is a plain struct without
 * heap pointers. Delay: 16 samples of the lower rate; none between equal rates.
 */
#ifndef MEDIA_RESAMPLER_H
#define MEDIA_RESAMPLER_H

#include <stddef.h>
#include <stdint.h>

/* Input samples of memory: enough for a filter, and for what resampler_turn asks for once more. */
#define RESAMPLER_HISTORY 240

struct resampler_filter;

struct resampler {
	const struct resampler_filter *filter; /* NULL: both rates equal, samples are copied */
	unsigned in_rate, out_rate;
	int16_t history[RESAMPLER_HISTORY]; /* the last ones, oldest first */
};

/* Compute all tables; call once before media threads start. Thread: the main one. */
void resampler_setup(void);

/* Returns 0, or -EINVAL for a rate that is not 8000, 16000, 32000 or 48000. */
int resampler_init(struct resampler *r, unsigned in_rate, unsigned out_rate);

/*
 * Convert in_samples, which must be a multiple of in_rate / gcd (1 ms is always one). Writes
 * exactly in_samples * out_rate / in_rate samples to out and returns that number.
 */
size_t resampler_run(struct resampler *r, const int16_t *in, size_t in_samples, int16_t *out);

/*
 * Go over to another output rate without a seam for those who have converted what came out so far from
 * the old rate to the new one with a resampler of their own. Writes to again the newest input samples,
 * which are to be put in once more before what follows, and returns how many: up to 4 ms of them; 0
 * when the rate is what it was. out_rate: one that resampler_init takes.
 */
size_t resampler_turn(struct resampler *r, unsigned out_rate, int16_t again[RESAMPLER_HISTORY]);

#endif
