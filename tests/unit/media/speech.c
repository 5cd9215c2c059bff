/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "speech.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define MS (SPEECH_RATE / 1000)

/* ---- speaking --------------------------------------------------------------------------- */

#define PEAK 13000.0
#define FORMANTS 3

/* A resonance: y = x + a y' + b y''. */
struct resonator {
	double a, b, y1, y2;
};

struct speaker {
	uint32_t random;
	double phase; /* of the glottis, 0 .. 1 */
	double pitch; /* Hz */
	struct resonator formants[FORMANTS];
};

static double chance(struct speaker *s)
{
	s->random = s->random * 1664525U + 1013904223U;
	return (double)(s->random >> 8) / (1 << 24);
}

static double between(struct speaker *s, double low, double high)
{
	return low + (high - low) * chance(s);
}

static void tune(struct resonator *r, double hz, double width)
{
	double radius = exp(-M_PI * width / SPEECH_RATE);

	r->a = 2 * radius * cos(2 * M_PI * hz / SPEECH_RATE);
	r->b = -radius * radius;
}

static double resonate(struct resonator *r, double x)
{
	double y = x * (1 - r->a - r->b) + r->a * r->y1 + r->b * r->y2;

	r->y2 = r->y1;
	r->y1 = y;
	return y;
}

static double voiced(struct speaker *s, double at)
{
	double x = 0.02 * (chance(s) - 0.5), y = 0;

	s->phase += s->pitch * (1.1 - 0.2 * at) / SPEECH_RATE;
	if (s->phase >= 1) {
		s->phase -= 1;
		x += 1;
	}
	for (unsigned i = 0; i < FORMANTS; i++)
		y += resonate(&s->formants[i], x) * (i ? 8 : 10);
	return y;
}

/* n samples of a vowel or a fricative, swelling and fading. Returns how many there was room for. */
static size_t speak(struct speaker *s, int16_t *pcm, size_t n, size_t room, bool vowel)
{
	double last = 0;

	n = n < room ? n : room;
	for (size_t i = 0; i < n; i++) {
		double at = (double)i / (double)n, shape = sin(M_PI * at), noise = chance(s) - 0.5;
		double x = vowel ? voiced(s, at) * sqrt(shape) : (noise - last) * 0.25 * shape;

		last = noise;
		pcm[i] = (int16_t)(PEAK * tanh(x));
	}
	return n;
}

void speech_make(int16_t *pcm, size_t n, unsigned seed)
{
	struct speaker s = {.random = seed, .pitch = 120};
	size_t at = 0;
	unsigned syllable = 0;

	while (at < n) {
		size_t pause = (size_t)(MS * between(&s, 10, 60));

		if (++syllable % 12 == 0)
			pause = (size_t)(MS * between(&s, 400, 900));
		pause = pause < n - at ? pause : n - at;
		for (size_t i = 0; i < pause; i++)
			pcm[at + i] = (int16_t)(8 * (chance(&s) - 0.5));
		at += pause;
		s.pitch = between(&s, 90, 220);
		tune(&s.formants[0], between(&s, 300, 800), 80);
		tune(&s.formants[1], between(&s, 900, 2200), 120);
		tune(&s.formants[2], between(&s, 2300, 3000), 180);
		if (chance(&s) < 0.5)
			at += speak(
				&s, pcm + at, (size_t)(MS * between(&s, 40, 90)), n - at, false);
		at += speak(&s, pcm + at, (size_t)(MS * between(&s, 100, 280)), n - at, true);
	}
}

/* ---- comparing -------------------------------------------------------------------------- */

#define BLOCK (200 * MS) /* delay is measured on */
#define PIECE 256        /* samples of a score */
#define TAPS 32
#define EARLIEST (-100 * MS)
#define LATEST (400 * MS)
#define NEAR (12 * MS) /* within a block the lag may change by so much */
#define ACTIVE 300.0   /* root mean square of speech */
#define STEP (5 * MS)
#define HOLE_DB 15.0

/* Heard outside its bounds is silence. */
struct pair {
	const int16_t *reference, *heard;
	long n;
	double drift;
};

static double heard_at(const struct pair *p, long i)
{
	return i >= 0 && i < p->n ? p->heard[i] : 0;
}

static double rms(const int16_t *pcm, long n)
{
	double sum = 0;

	for (long i = 0; i < n; i++)
		sum += (double)pcm[i] * pcm[i];
	return sqrt(sum / (double)n);
}

static double likeness(const struct pair *p, long from, long n, long lag, long step)
{
	double cross = 0, a = 1, b = 1;

	/* Within bounds as a rule: then without looking for them at each sample. */
	if (from + lag >= 0 && from + lag + n <= p->n) {
		const int16_t *x = p->reference + from, *y = p->heard + from + lag;

		for (long i = 0; i < n; i += step) {
			cross += x[i] * y[i];
			a += x[i] * x[i];
			b += y[i] * y[i];
		}
		return cross / sqrt(a * b);
	}
	for (long i = from; i < from + n; i += step) {
		double x = p->reference[i], y = heard_at(p, i + lag);

		cross += x * y;
		a += x * x;
		b += y * y;
	}
	return cross / sqrt(a * b);
}

/* The lag of the greatest likeness in low .. high. */
static long best_lag(
	const struct pair *p, long from, long n, long low, long high, long step, double *likest)
{
	long best = low;

	*likest = -2;
	for (long lag = low; lag <= high; lag += step) {
		double like = likeness(p, from, n, lag, step);

		if (like > *likest) {
			*likest = like;
			best = lag;
		}
	}
	return best;
}

/* The lag of a block; that of the one before where what was heard is like nothing in the reference. */
static long block_lag(const struct pair *p, long from, long before)
{
	double like;
	long lag = best_lag(p, from, BLOCK, before - NEAR, before + NEAR, 2, &like);

	if (like < 0.9)
		lag = best_lag(p, from, BLOCK, EARLIEST, LATEST, 2, &like);
	if (like < 0.5)
		return before;
	return best_lag(p, from, BLOCK, lag - 2, lag + 2, 1, &like);
}

/* Between two samples: a windowed sinc. */
static double heard_between(const struct pair *p, long i, double more)
{
	double y = 0;

	if (more == 0)
		return heard_at(p, i);
	for (long k = 1 - TAPS / 2; k <= TAPS / 2; k++) {
		double x = M_PI * ((double)k - more);

		y += heard_at(p, i + k) * sin(x) / x * (0.5 + 0.5 * cos(2 * x / TAPS));
	}
	return y;
}

static double snr_at(const struct pair *p, long from, long lag, double more)
{
	double signal = 1, noise = 1, db;

	for (long i = from; i < from + PIECE; i++) {
		double x = p->reference[i], d = x - heard_between(p, i + lag, more);

		signal += x * x;
		noise += d * d;
	}
	db = 10 * log10(signal / noise);
	return db < -10 ? -10 : db > 35 ? 35 : db;
}

/* The mixer may have moved it by a part of a sample here. */
static double piece_snr(const struct pair *p, long from, long lag)
{
	double best = snr_at(p, from, lag, 0);

	for (int k = -5; k <= 5 && best < 30; k++) {
		double db =
			k ? snr_at(p, from, k < 0 ? lag - 1 : lag, k < 0 ? k / 6.0 + 1 : k / 6.0)
			  : -10;

		best = db > best ? db : best;
	}
	return best;
}

/* Power of one frequency of a Hann-windowed piece, over a floor of about -70 dB of full scale. */
static double power(const struct pair *p, long from, long lag, bool heard, unsigned bin)
{
	static double cosines[PIECE];
	double re = 0, im = 0;

	if (cosines[0] == 0) {
		for (unsigned i = 0; i < PIECE; i++)
			cosines[i] = cos(2 * M_PI * i / PIECE);
	}
	for (unsigned i = 0; i < PIECE; i++) {
		double x = heard ? heard_at(p, from + lag + i) : p->reference[from + i];

		x *= 0.5 - 0.5 * cosines[i];
		re += x * cosines[i * bin % PIECE];
		im += x * cosines[(i * bin + PIECE / 4) % PIECE];
	}
	return (re * re + im * im) / PIECE + 100;
}

static double piece_lsd(const struct pair *p, long from, long lag)
{
	double sum = 0;
	unsigned n = 0;

	/* 100 to 3400 Hz, the band of a telephone. */
	for (unsigned bin = 4; bin < 109; bin += 2) {
		double db = 10 *
			    log10(power(p, from, lag, false, bin) / power(p, from, lag, true, bin));

		sum += db * db;
		n++;
	}
	return sqrt(sum / n);
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *values, size_t n)
{
	qsort(values, n, sizeof *values, by_value);
	return n ? values[n / 2] : NAN;
}

/* Whether 10 ms of speech are missing in what was heard, within a period of the lag. */
static bool is_missing(const struct pair *p, long from, long lag)
{
	double wanted = rms(p->reference + from, 2 * STEP), sum = 0;

	if (wanted < ACTIVE)
		return false;
	for (long i = from; i < from + 2 * STEP; i++)
		sum += heard_at(p, i + lag) * heard_at(p, i + lag);
	return 10 * log10(wanted * wanted / (sum / (2 * STEP) + 1)) > HOLE_DB;
}

static void find_gap(const struct pair *p, const long *lags, struct speech_score *score)
{
	unsigned run = 0, longest = 0;
	long where = 0;

	for (long at = 0; at + LATEST < p->n; at += STEP) {
		run = is_missing(p, at, lags[at / BLOCK]) ? run + 1 : 0;
		if (run > longest) {
			longest = run;
			where = at;
		}
	}
	score->gap_at_s = (double)where / SPEECH_RATE;
	score->gap_ms = longest ? (longest + 1) * 5 : 0;
}

/* Where the lags of blocks, or NAN's place those without speech take over from before. */
static void find_delays(const struct pair *p, long *lags, struct speech_score *score)
{
	long blocks = p->n / BLOCK, lag = 0;
	double *delays = calloc((size_t)blocks + 1, sizeof *delays);
	size_t n = 0, tail;

	for (long b = 0; delays && b < blocks; b++) {
		if (b * BLOCK + BLOCK <= p->n && rms(p->reference + b * BLOCK, BLOCK) > ACTIVE) {
			lag = block_lag(p, b * BLOCK, lag);
			delays[n++] = ((double)lag + p->drift * (double)(b * BLOCK)) / MS;
		}
		lags[b] = lag;
	}
	lags[blocks] = lag;
	if (delays && n > 0) {
		tail = n < 25 ? n : 25;
		score->tail_ms = median(delays + n - tail, tail);
		score->delay_median_ms = median(delays, n);
		score->delay_min_ms = delays[0];
		score->delay_max_ms = delays[n - 1];
	}
	free(delays);
}

void speech_compare(const int16_t *reference, const int16_t *heard, size_t n, double drift,
	struct speech_score *score)
{
	struct pair p = {reference, heard, (long)n, drift};
	long *lags = calloc(n / BLOCK + 1, sizeof *lags);
	unsigned pieces = 0;

	*score = (struct speech_score){0};
	if (!lags)
		return;
	find_delays(&p, lags, score);
	for (long at = 0; at + PIECE <= p.n; at += PIECE) {
		double like;
		long lag = lags[at / BLOCK];

		if (rms(reference + at, PIECE) < ACTIVE)
			continue;
		lag = best_lag(&p, at, PIECE, lag - NEAR, lag + NEAR, 1, &like);
		score->snr_db += piece_snr(&p, at, lag);
		score->lsd_db += piece_lsd(&p, at, lag);
		pieces++;
	}
	score->snr_db /= pieces ? pieces : 1;
	score->lsd_db /= pieces ? pieces : 1;
	find_gap(&p, lags, score);
	free(lags);
}

double speech_distance(const int16_t *reference, const int16_t *heard, size_t n, size_t from)
{
	struct pair p = {reference, heard, (long)n, 0};
	double like;

	if (from + PIECE > n || rms(reference + from, PIECE) < ACTIVE)
		return -1;
	return piece_lsd(
		&p, (long)from, best_lag(&p, (long)from, PIECE, -5 * MS, 5 * MS, 1, &like));
}
