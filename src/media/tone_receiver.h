/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Tone receiver: keys of a telephone that are heard in its audio (DTMF, ITU-T Q.24), by spandsp.
 * For peers that did not agree to telephone-event: it costs 1 us (at 8 kHz) to 2 us (at 48 kHz) for
 * 20 ms. A plain state that allocates nothing; one thread at a time.
 */
#ifndef MEDIA_TONE_RECEIVER_H
#define MEDIA_TONE_RECEIVER_H

#include <stddef.h>
#include <stdint.h>

#include "media/telephone_event.h"

struct tone_receiver;

/* Bytes of one, for a pool. */
size_t tone_receiver_size(void);

/* Compute what all share; call once before media threads start. Thread: the main one. */
void tone_receiver_setup(void);

void tone_receiver_init(struct tone_receiver *receiver);

/*
 * n samples were heard at rate (8000, 16000, 32000 or 48000 Hz), at most 120 ms. pressed is called
 * for each key that was released among them; its duration is right within 15 ms.
 */
void tone_receiver_put(struct tone_receiver *receiver, const int16_t *pcm, size_t n, unsigned rate,
	telephone_event_fn *pressed, void *arg);

/* n samples at rate never came: a key that is being heard goes on. */
void tone_receiver_skip(struct tone_receiver *receiver, size_t n, unsigned rate);

/* The sound has broken off: a key that is being heard ends here. */
void tone_receiver_pause(struct tone_receiver *receiver, telephone_event_fn *pressed, void *arg);

#endif
