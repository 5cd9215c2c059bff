/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What an operator sets about audio: [RTP] of config.ini. Signalling thread. */
#ifndef SESSION_AUDIO_SETTINGS_H
#define SESSION_AUDIO_SETTINGS_H

#include "core/config.h"
#include "media/engine.h"

struct rtp_port_range {
	uint16_t min, max;
};

enum srtp_encryption {
	SRTP_ENCRYPTION_DISABLED,
	SRTP_ENCRYPTION_SDES,
	SRTP_ENCRYPTION_OPPORTUNISTIC, /* whatever there is: SDES, as long as that is all */
};

struct rtp_settings {
	struct config_list audio_codecs; /* in order of preference */
	struct rtp_port_range port_range;
	int timeout;     /* seconds */
	int sample_rate; /* index into rtp_sample_rates */
	int mixed_talkers;
	int media_threads;
	int srtp_encryption; /* enum srtp_encryption */
};

/* Hz, in the order of the option's choices. */
extern const unsigned rtp_sample_rates[];

extern const struct config_section rtp_section;

/* What the engine needs of them. */
void rtp_settings_engine(const struct rtp_settings *rtp, struct media_engine_settings *engine);

#endif
