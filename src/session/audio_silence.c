/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Audio silence: why no audio comes from a peer. */
#include "session/audio_silence.h"

#include <stdio.h>

/* What most of the refused packets were; MEDIA_REFUSALS: there were none. */
static enum media_refusal main_refusal(const struct media_arrivals *arrivals)
{
	enum media_refusal most = MEDIA_REFUSALS;

	for (int i = 0; i < MEDIA_REFUSALS; i++) {
		if (arrivals->refused[i] > (most < MEDIA_REFUSALS ? arrivals->refused[most] : 0))
			most = (enum media_refusal)i;
	}
	return most;
}

static void nothing_refused(
	const struct media_arrivals *arrivals, const struct addr *ours, char *text)
{
	char at[ADDR_TEXT];

	if (arrivals->reports)
		snprintf(text, AUDIO_SILENCE_TEXT,
			"its RTCP reports arrive, but no RTP: it is muted, or something on the way "
			"lets only RTCP through");
	else
		snprintf(text, AUDIO_SILENCE_TEXT,
			"nothing at all has arrived at %s, where it was told to send. Behind a "
			"firewall, open UDP for all of [RTP] port_range; behind NAT, set [SIP] "
			"advertised_ip to the address that others reach this server by",
			addr_print(ours, at));
}

const char *audio_silence_text(const struct media_arrivals *arrivals, const struct addr *ours,
	const struct addr *announced, char text[AUDIO_SILENCE_TEXT])
{
	char from[ADDR_TEXT], other[ADDR_TEXT];

	addr_print(&arrivals->from, from);
	switch (main_refusal(arrivals)) {
	case MEDIA_REFUSED_SOURCE:
		snprintf(text, AUDIO_SILENCE_TEXT,
			"packets from %s were refused, as it has announced %s and was heard from "
			"elsewhere before",
			from, addr_print(announced, other));
		break;
	case MEDIA_REFUSED_PAYLOAD:
		snprintf(text, AUDIO_SILENCE_TEXT,
			"packets from %s are of payload type %u, which was not agreed on: it uses "
			"another codec than our answer allows",
			from, arrivals->payload_type);
		break;
	case MEDIA_REFUSED_STUN:
		snprintf(text, AUDIO_SILENCE_TEXT,
			"only STUN arrives from %s: it waits for ICE, which was not agreed on",
			from);
		break;
	case MEDIA_REFUSED_ZRTP:
		snprintf(text, AUDIO_SILENCE_TEXT,
			"only ZRTP arrives from %s: it waits for a key, which this server cannot "
			"agree on that way; switch ZRTP off there",
			from);
		break;
	case MEDIA_REFUSED_DTLS:
		snprintf(text, AUDIO_SILENCE_TEXT,
			"only DTLS arrives from %s: it wants encryption that was not agreed on",
			from);
		break;
	case MEDIA_REFUSED_KEY:
		snprintf(text, AUDIO_SILENCE_TEXT,
			"what arrives from %s is not encrypted, or not with the key that was "
			"agreed on",
			from);
		break;
	case MEDIA_REFUSED_OTHER:
		snprintf(text, AUDIO_SILENCE_TEXT, "what arrives from %s is no RTP", from);
		break;
	default:
		nothing_refused(arrivals, ours, text);
		break;
	}
	return text;
}

enum log_level audio_silence_level(const struct media_arrivals *arrivals)
{
	bool muted = arrivals->reports && main_refusal(arrivals) == MEDIA_REFUSALS;

	return muted ? LOG_LEVEL_INFO : LOG_LEVEL_WARNING;
}
