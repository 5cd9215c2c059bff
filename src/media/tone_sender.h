/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Tone sender: keys of a telephone as tones (DTMF, ITU-T Q.23) for one who did not agree to
 * telephone-event. A plain value; one thread at a time.
 */
#ifndef MEDIA_TONE_SENDER_H
#define MEDIA_TONE_SENDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "media/engine.h"

/* Zeroed: nothing waits. */
struct tone_sender {
	uint8_t n;
	bool pausing;
	uint16_t elapsed_ms; /* of the first, or of the pause */
	struct {
		uint8_t event; /* RFC 4733 3.2 */
		uint16_t duration_ms;
	} keys[MEDIA_KEYS_MAX];
	uint32_t low, high; /* phases, 2^32 in a turn */
};

/* Queue a key; durations are made multiples of 20 ms. Returns 0, -ENOSPC, or -EINVAL: it has no tone. */
int tone_sender_add(struct tone_sender *sender, uint8_t event, unsigned duration_ms);

static inline bool tone_sender_is_busy(const struct tone_sender *sender)
{
	return sender->n > 0 || sender->pausing;
}

/*
 * The next 20 ms at rate Hz to pcm, in place of what is there. Returns false, and leaves it alone,
 * when no key sounds.
 */
bool tone_sender_next(struct tone_sender *sender, unsigned rate, int16_t *pcm);

#endif
