/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Audio silence: why no audio comes from a peer, in words that say what to do. Any thread. */
#ifndef SESSION_AUDIO_SILENCE_H
#define SESSION_AUDIO_SILENCE_H

#include "core/log.h"
#include "media/engine.h"

#define AUDIO_SILENCE_TEXT 512

/*
 * arrivals: what came in the first seconds instead of audio. ours: the address that our SDP gave
 * the peer; announced: the one that it gave us. Returns text.
 */
const char *audio_silence_text(const struct media_arrivals *arrivals, const struct addr *ours,
	const struct addr *announced, char text[AUDIO_SILENCE_TEXT]);

/* How much it is worth: a peer that reports, but does not speak, is as a rule one who is muted. */
enum log_level audio_silence_level(const struct media_arrivals *arrivals);

#endif
