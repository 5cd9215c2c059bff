/* SPDX-License-Identifier: GPL-3.0-or-later */
/* [RTP] of config.ini. */
#include "session/audio_settings.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>

const unsigned rtp_sample_rates[] = {16000, 32000, 48000};

static const char *const sample_rate_names[] = {"16000", "32000", "48000", NULL};

/* All of upstream's that are built in; see session/audio_formats.c. */
static const char *const codec_names[] = {"opus", "speex", "G722", "GSM", "PCMU", "PCMA", NULL};

static int parse_port_range(struct slice value, void *field, char *error, size_t error_size)
{
	struct rtp_port_range *range = field;
	struct slice first;
	uint32_t min, max;

	if (!slice_cut(&value, ':', &first) || slice_u32(slice_trim(first), 65536, &min) < 0 ||
		slice_u32(slice_trim(value), 65536, &max) < 0 || min < 1024 || min % 2 || max % 2 ||
		min >= max) {
		snprintf(error, error_size,
			"must be FIRST:LAST, two even ports from 1024 to 65536, the first the "
			"lower");
		return -EINVAL;
	}
	range->min = (uint16_t)min;
	range->max = (uint16_t)(max > UINT16_MAX ? UINT16_MAX : max);
	return 0;
}

static const char *const srtp_encryption_names[] = {"disabled", "sdes", "opportunistic", NULL};

/* Upstream has it. To go on with another value would leave calls less secret than was wished. */
static int check_srtp_encryption(struct slice value, void *field, char *error, size_t error_size)
{
	if (!slice_eq_nocase(value, SLICE("zrtp")))
		return 0;
	snprintf(error, error_size, "is not there yet: use sdes, opportunistic or disabled");
	return -EINVAL;
}

#define FIELD(name) offsetof(struct rtp_settings, name)

static const struct config_option rtp_options[] = {
	{"audio_codecs", CONFIG_LIST, FIELD(audio_codecs), "opus, G722, PCMA, PCMU",
		"Codecs to use, the preferred one first: opus, speex, G722, GSM, PCMU, PCMA.",
		.choices = codec_names},
	{"port_range", CONFIG_CUSTOM, FIELD(port_range), "50000:50500",
		"Ports for RTP and RTCP; a call with audio needs two.", .parse = parse_port_range},
	{"timeout", CONFIG_INT, FIELD(timeout), "30",
		"Seconds with neither audio nor RTCP from a participant after which his call is "
		"ended; 0: never.",
		.min = 0, .max = 86400},
	{"sample_rate", CONFIG_ENUM, FIELD(sample_rate), "48000",
		"Highest rate of the mixers, in Hz; a room's is what its widest codec needs.",
		.choices = sample_rate_names},
	{"mixed_talkers", CONFIG_INT, FIELD(mixed_talkers), "8",
		"How many people are heard at once in a room: the loudest.", .min = 1, .max = 64},
	{"media_threads", CONFIG_INT, FIELD(media_threads), "0",
		"Threads that carry media; 0: one for each processor.", .min = 0, .max = 64},
	{"srtp_encryption", CONFIG_ENUM, FIELD(srtp_encryption), "opportunistic",
		"disabled; sdes: encrypted where the peer's SDP has a key (RTP/SAVP, or RTP/AVP "
		"with "
		"a=crypto), and offered that way; opportunistic: every way that there is, which so "
		"far is sdes.",
		.choices = srtp_encryption_names, .parse = check_srtp_encryption, .vital = true},
	{NULL},
};

const struct config_section rtp_section = {"config.ini", "RTP", "Audio: codecs, ports and mixing.",
	rtp_options, sizeof(struct rtp_settings)};

void rtp_settings_engine(const struct rtp_settings *rtp, struct media_engine_settings *engine)
{
	*engine = (struct media_engine_settings){
		.threads = (unsigned)rtp->media_threads,
		.port_min = rtp->port_range.min,
		.port_max = rtp->port_range.max,
		.sample_rate = rtp_sample_rates[rtp->sample_rate],
		.timeout_s = (unsigned)rtp->timeout,
		.mixed_talkers = (unsigned)rtp->mixed_talkers,
	};
}
