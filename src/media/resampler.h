/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Polyphase resampler between 8, 16, 32 and 48 kHz (any pair), mono int16. Linear phase, pass band
 * to 0.9 of the lower Nyquist frequency within 0.1 dB, stop band from 1.15 of it under -60 dB. The
 * coefficient tables are computed once per pair and shared; the state is a plain struct without
 * heap pointers. Delay: 16 samples of the lower rate.
 */
#ifndef MEDIA_RESAMPLER_H
#define MEDIA_RESAMPLER_H

#include <stddef.h>
#include <stdint.h>

#define RESAMPLER_HISTORY 192 /* input samples of memory: enough for the longest filter */

struct resampler_filter;

struct resampler {
	const struct resampler_filter *filter; /* NULL: both rates equal, samples are copied */
	int16_t history[RESAMPLER_HISTORY];
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

#endif
