/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Pauses that an encoder need not send. */
#include "media/codec_pause.h"

/* As libopus does it: 200 ms of silence are sent, then one frame in 20 (RFC 7587 3.1.3). */
#define PAUSE_AFTER_MS 200
#define PAUSE_REFRESH_MS 400

static bool is_silent(const int16_t *pcm, size_t samples)
{
	int any = 0;

	for (size_t i = 0; i < samples; i++)
		any |= pcm[i];
	return any == 0;
}

bool codec_pause(struct codec_pause *pause, const int16_t *pcm, size_t samples, size_t per_ms)
{
	if (!is_silent(pcm, samples)) {
		pause->silent_ms = 0;
		return false;
	}
	pause->silent_ms += samples / per_ms;
	if (pause->silent_ms <= PAUSE_AFTER_MS)
		return false;
	if (pause->silent_ms <= PAUSE_AFTER_MS + PAUSE_REFRESH_MS)
		return true;
	pause->silent_ms = PAUSE_AFTER_MS;
	return false;
}
