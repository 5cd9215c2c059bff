/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Comfort noise: fills the pauses of a peer that sends nothing while nobody speaks (DTX), so that the
 * background he was heard against does not come and go. What it is to sound like is learned from the
 * end of what was heard, or said by a packet of RFC 3389. Plain struct, no heap; one thread at a time.
 */
#ifndef MEDIA_COMFORT_NOISE_H
#define MEDIA_COMFORT_NOISE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define COMFORT_NOISE_PAYLOAD 13 /* RFC 3389 4: the static payload type, at 8 kHz */
#define COMFORT_NOISE_ORDER 10

/* Zeroed it is silence. */
struct comfort_noise {
	float level;                          /* root mean square */
	float excitation;                     /* the same of what goes into the filter */
	float predictor[COMFORT_NOISE_ORDER]; /* of the newest sample first */
	float past[COMFORT_NOISE_ORDER];      /* newest first */
	uint32_t random;
};

/*
 * Take some 20 ms for background. Returns false, and is silence from then on, when they are too loud for
 * that, or no sound at all.
 */
bool comfort_noise_learn(struct comfort_noise *noise, const int16_t *pcm, size_t samples);

/* Take a payload of RFC 3389: level and, perhaps, spectrum. One too loud to be background is lowered. */
void comfort_noise_describe(struct comfort_noise *noise, const uint8_t *payload, size_t size);

void comfort_noise_make(struct comfort_noise *noise, int16_t *pcm, size_t samples);

#endif
