/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Pauses that an encoder need not send (DTX): digital silence, which is what a mix of nobody is. For
 * src/media/codec*.c only; part of an encoder's state.
 */
#ifndef MEDIA_CODEC_PAUSE_H
#define MEDIA_CODEC_PAUSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Zeroed is the start. */
struct codec_pause {
	size_t silent_ms; /* up to now */
};

/* Whether these samples, of per_ms a millisecond, need not be sent. */
bool codec_pause(struct codec_pause *pause, const int16_t *pcm, size_t samples, size_t per_ms);

#endif
