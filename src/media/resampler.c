/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Polyphase resampler: a windowed sinc (Kaiser), cut into one short filter for each position that
 * an output sample can have between two input samples. Integer arithmetic throughout, so that the
 * result does not depend on how the input is cut into blocks, nor on the processor.
 *
 * An output sample lies taps / 2 input samples in the past: 16 samples of the lower rate, which is
 * 2 ms at 8 kHz and 1 ms at 16 kHz.
 */
#include "media/resampler.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

/* Coefficients in units of 2^-14: the largest, just over 1, then fits 16 bits. */
#define COEFFICIENT_BITS 14
#define COEFFICIENT_ONE (1 << COEFFICIENT_BITS)

/*
 * Taps per sample of the lower rate, and with it the transition band: 66 dB and 32 taps make it 0.25
 * of the lower Nyquist frequency wide (Kaiser's formula), here 0.9 to 1.15.
 */
#define TAPS 32
#define CUTOFF 1.025
#define KAISER_BETA 6.31 /* 66 dB: 0.1102 (66 - 8.7) */

#define MAX_RATIO 6 /* 48000 / 8000 */
#define MAX_TAPS (TAPS * MAX_RATIO)

_Static_assert(MAX_TAPS - 1 <= RESAMPLER_HISTORY, "the history holds the longest filter");

#define DELAY (TAPS / 2) /* samples of the lower rate */

struct resampler_filter {
	unsigned up, down; /* the ratio in lowest terms: up output samples for down input samples */
	unsigned taps;     /* of each phase; a multiple of 16 */
	uint8_t offset[MAX_RATIO];      /* by phase: its first input sample within the group */
	int16_t coefficients[MAX_TAPS]; /* up phases of taps each, oldest input sample first */
};

static const unsigned rates[] = {8000, 16000, 32000, 48000};
#define N_RATES (sizeof rates / sizeof rates[0])

static struct resampler_filter filters[N_RATES][N_RATES];

static unsigned gcd(unsigned a, unsigned b)
{
	while (b) {
		unsigned t = a % b;

		a = b;
		b = t;
	}
	return a;
}

/* Modified Bessel function of the first kind, order zero. */
static double bessel_i0(double x)
{
	double sum = 1, term = 1;

	for (int k = 1; term > sum * 1e-12; k++) {
		term *= (x / (2 * k)) * (x / (2 * k));
		sum += term;
	}
	return sum;
}

static double windowed_sinc(double t, double cutoff, double half_width)
{
	double x = M_PI * cutoff * t, w = t / half_width;

	if (fabs(w) >= 1)
		return 0;
	w = bessel_i0(KAISER_BETA * sqrt(1 - w * w)) / bessel_i0(KAISER_BETA);
	return fabs(x) < 1e-9 ? w : w * sin(x) / x;
}

/*
 * Round to integers whose sum is COEFFICIENT_ONE exactly, so that every phase passes a constant
 * unchanged: what rounding left over or took is settled where the rounding was worst.
 */
static void quantise(const double *exact, int16_t *rounded, unsigned n)
{
	int rest = COEFFICIENT_ONE;

	for (unsigned i = 0; i < n; i++) {
		rounded[i] = (int16_t)lrint(exact[i]);
		rest -= rounded[i];
	}
	while (rest != 0) {
		int step = rest > 0 ? 1 : -1;
		unsigned worst = 0;

		for (unsigned i = 1; i < n; i++) {
			if ((exact[i] - rounded[i]) * step > (exact[worst] - rounded[worst]) * step)
				worst = i;
		}
		rounded[worst] = (int16_t)(rounded[worst] + step);
		rest -= step;
	}
}

static void filter_compute(struct resampler_filter *f, unsigned in_rate, unsigned out_rate)
{
	unsigned divisor = gcd(in_rate, out_rate);
	double ratio = in_rate > out_rate ? (double)in_rate / out_rate : 1;
	double exact[MAX_TAPS], sum;

	f->up = out_rate / divisor;
	f->down = in_rate / divisor;
	f->taps = (unsigned)(TAPS * ratio);
	for (unsigned phase = 0; phase < f->up; phase++) {
		double fraction = (double)(phase * f->down % f->up) / f->up;

		f->offset[phase] = (uint8_t)(phase * f->down / f->up);
		sum = 0;
		for (unsigned i = 0; i < f->taps; i++) {
			double t = (double)i + 1 - f->taps / 2.0 - fraction;

			exact[i] = windowed_sinc(t, CUTOFF / ratio, f->taps / 2.0);
			sum += exact[i];
		}
		for (unsigned i = 0; i < f->taps; i++)
			exact[i] *= COEFFICIENT_ONE / sum;
		quantise(exact, f->coefficients + phase * f->taps, f->taps);
	}
}

static bool rate_index(unsigned rate, size_t *index)
{
	for (*index = 0; *index < N_RATES; (*index)++) {
		if (rates[*index] == rate)
			return true;
	}
	return false;
}

int resampler_init(struct resampler *r, unsigned in_rate, unsigned out_rate)
{
	size_t in, out;

	if (!rate_index(in_rate, &in) || !rate_index(out_rate, &out))
		return -EINVAL;
	*r = (struct resampler){.filter = in == out ? NULL : &filters[in][out],
		.in_rate = in_rate,
		.out_rate = out_rate};
	return 0;
}

/* In samples at rate. */
static size_t delay(unsigned in_rate, unsigned out_rate, unsigned rate)
{
	if (in_rate == out_rate)
		return 0;
	return (size_t)DELAY * rate / (in_rate < out_rate ? in_rate : out_rate);
}

/*
 * What has come out, converted anew, is late by two delays; what comes from here on by one, which is
 * never more.
 */
size_t resampler_turn(struct resampler *r, unsigned out_rate, int16_t again[RESAMPLER_HISTORY])
{
	size_t in, out, late;

	if (out_rate == r->out_rate || !rate_index(r->in_rate, &in) || !rate_index(out_rate, &out))
		return 0;
	late = delay(r->in_rate, r->out_rate, r->in_rate) +
	       delay(r->out_rate, out_rate, r->in_rate) - delay(r->in_rate, out_rate, r->in_rate);
	memcpy(again, r->history + RESAMPLER_HISTORY - late, late * sizeof *again);
	memmove(r->history + late, r->history, (RESAMPLER_HISTORY - late) * sizeof *again);
	memset(r->history, 0, late * sizeof *again);
	r->filter = in == out ? NULL : &filters[in][out];
	r->out_rate = out_rate;
	return late;
}

/*
 * The sum cannot overflow: the magnitudes of a phase's coefficients add up to less than 3
 * COEFFICIENT_ONE (a test holds that), and 3 * 2^14 * 2^15 < 2^31.
 */
static inline __attribute__((always_inline)) int32_t dot_product(
	const int16_t *a, const int16_t *b, unsigned n)
{
	int32_t sum = 0;

	for (unsigned i = 0; i < n; i++)
		sum += a[i] * b[i];
	return sum;
}

/* Round and saturate; a loop of its own because so it vectorises. */
static void scale(const int32_t *in, int16_t *out, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		int32_t x = (in[i] + COEFFICIENT_ONE / 2) >> COEFFICIENT_BITS;

		x = x > INT16_MAX ? INT16_MAX : x;
		x = x < INT16_MIN ? INT16_MIN : x;
		out[i] = (int16_t)x;
	}
}

/* in: taps - 1 samples of the past, then groups * f->down new ones. */
static inline __attribute__((always_inline)) void filter_groups(
	const struct resampler_filter *f, const int16_t *in, size_t groups, int32_t *out)
{
	for (size_t group = 0; group < groups; group++) {
		const int16_t *coefficients = f->coefficients;

		for (unsigned phase = 0; phase < f->up; phase++) {
			const int16_t *at = in + f->offset[phase];

			/* The count as a constant lets the compiler unroll the common case. */
			*out++ = f->taps == TAPS ? dot_product(coefficients, at, TAPS)
						 : dot_product(coefficients, at, f->taps);
			coefficients += f->taps;
		}
		in += f->down;
	}
}

typedef void filter_fn(
	const struct resampler_filter *f, const int16_t *in, size_t groups, int32_t *out);

static void filter_groups_baseline(
	const struct resampler_filter *f, const int16_t *in, size_t groups, int32_t *out)
{
	filter_groups(f, in, groups, out);
}

/* Chosen in resampler_setup, because the loader's own choosing (ifunc) breaks sanitizer builds. */
static filter_fn *filter_run = filter_groups_baseline;

#ifdef __x86_64__
__attribute__((target("avx2"))) static void filter_groups_avx2(
	const struct resampler_filter *f, const int16_t *in, size_t groups, int32_t *out)
{
	filter_groups(f, in, groups, out);
}

static void choose_variant(void)
{
	if (__builtin_cpu_supports("avx2"))
		filter_run = filter_groups_avx2;
}
#else
static void choose_variant(void)
{
}
#endif

void resampler_setup(void)
{
	choose_variant();
	for (size_t i = 0; i < N_RATES; i++) {
		for (size_t o = 0; o < N_RATES; o++)
			filter_compute(&filters[i][o], rates[i], rates[o]);
	}
}

/* Input samples at a time: a multiple of every down (1, 2, 3, 4, 6). */
#define CHUNK 240

static void remember(struct resampler *r, const int16_t *in, size_t samples)
{
	size_t n = samples < RESAMPLER_HISTORY ? samples : RESAMPLER_HISTORY;

	memmove(r->history, r->history + n, (RESAMPLER_HISTORY - n) * sizeof *in);
	memcpy(r->history + RESAMPLER_HISTORY - n, in + samples - n, n * sizeof *in);
}

size_t resampler_run(struct resampler *r, const int16_t *in, size_t in_samples, int16_t *out)
{
	const struct resampler_filter *f = r->filter;
	int16_t work[RESAMPLER_HISTORY + CHUNK];
	int32_t sums[CHUNK * MAX_RATIO];
	size_t past, written = 0;

	if (!f) {
		memcpy(out, in, in_samples * sizeof *in);
		remember(r, in, in_samples);
		return in_samples;
	}
	past = f->taps - 1;
	in_samples -= in_samples % f->down;
	while (in_samples > 0) {
		size_t n = in_samples < CHUNK ? in_samples : CHUNK;

		memcpy(work, r->history + RESAMPLER_HISTORY - past, past * sizeof *work);
		memcpy(work + past, in, n * sizeof *in);
		filter_run(f, work, n / f->down, sums);
		remember(r, in, n);
		scale(sums, out + written, n / f->down * f->up);
		written += n / f->down * f->up;
		in += n;
		in_samples -= n;
	}
	return written;
}
