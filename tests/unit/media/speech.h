/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Speech-like sound for tests, and measures of how much of it arrived. The sound has words of voiced
 * syllables (glottal pulses through formants) and fricatives, pauses between them and longer ones
 * between phrases. All at SPEECH_RATE.
 */
#ifndef TEST_SPEECH_H
#define TEST_SPEECH_H

#include <stddef.h>
#include <stdint.h>

#define SPEECH_RATE 8000

/* Fill n samples; the same seed speaks the same. Peaks at about -8 dB of full scale. */
void speech_make(int16_t *pcm, size_t n, unsigned seed);

struct speech_score {
	double snr_db;   /* segmental, each 32 ms of speech within -10 .. 35 dB */
	double lsd_db;   /* log-spectral distance of the same pieces, mean */
	unsigned gap_ms; /* the longest time in speech at which at least 15 dB are missing */
	double gap_at_s;
	double delay_median_ms, delay_max_ms, delay_min_ms; /* of heard behind reference */
	double tail_ms; /* median delay of the last five seconds */
};

/*
 * Compare what was heard with what should have been. heard may lag by -100 to 400 ms, and that may
 * change; each piece is compared at its own lag. Both have n samples. drift:
 * of the clock by which heard was spoken; that it grows late or early by it is no delay.
 */
void speech_compare(const int16_t *reference, const int16_t *heard, size_t n, double drift,
	struct speech_score *score);

/*
 * Log-spectral distance in dB of the 32 ms at from, at the best of lags up to 5 ms; negative when they
 * hold no speech.
 */
double speech_distance(const int16_t *reference, const int16_t *heard, size_t n, size_t from);

#endif
