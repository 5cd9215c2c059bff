/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Elements of RTP header extensions (RFC 8285), and the audio level among them (RFC 6464). Any
 * thread; nothing is kept.
 */
#ifndef MEDIA_RTP_EXTENSION_H
#define MEDIA_RTP_EXTENSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "media/rtp.h"

#define AUDIO_LEVEL_URI "urn:ietf:params:rtp-hdrext:ssrc-audio-level"
#define AUDIO_LEVEL_SILENCE 127

/* What precedes the payload of a packet with an audio level and nothing else. */
#define RTP_AUDIO_LEVEL_SIZE 8

struct rtp_element {
	uint8_t id;
	const uint8_t *data; /* in the packet */
	size_t size;
};

/*
 * The element behind the one that ended at *at, which is 0 to begin with; padding is passed over.
 * Returns false when there is none: no extension, one of another profile, or the rest is malformed.
 * Sections 4.2 (one-byte headers) and 4.3 (two-byte headers).
 */
bool rtp_next_element(const struct rtp_packet *packet, size_t *at, struct rtp_element *element);

/* The first element with this id. */
bool rtp_find_element(const struct rtp_packet *packet, uint8_t id, struct rtp_element *element);

/* RFC 6464 section 3. */
struct audio_level {
	uint8_t level; /* -dBov, 0 is the loudest; AUDIO_LEVEL_SILENCE is digital silence */
	bool voice;    /* the sender takes it for speech; only with vad=on in a=extmap */
};

/* The level that the packet carries under this id; false: it carries none. */
bool rtp_audio_level(const struct rtp_packet *packet, uint8_t id, struct audio_level *level);

/*
 * Write an extension that holds the level alone, as an element with a one-byte header, for a packet
 * with the X bit (rtp_set_extension). id: 1 to 14.
 */
void rtp_write_audio_level(
	uint8_t out[RTP_AUDIO_LEVEL_SIZE], uint8_t id, const struct audio_level *level);

/* Mark a written header: an extension follows it. */
void rtp_set_extension(uint8_t header[RTP_HEADER_SIZE]);

#endif
