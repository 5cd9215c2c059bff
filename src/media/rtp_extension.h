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

#include "media/audio_level.h"
#include "media/rtp.h"

/* Bytes of the extension of a packet with an audio level and nothing else. */
#define RTP_AUDIO_LEVEL_SIZE 4

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

/* The level that the packet carries under this id; false: it carries none. */
bool rtp_audio_level(const struct rtp_packet *packet, uint8_t id, struct audio_level *level);

/*
 * Give a packet that is to be written an extension with the level alone, which is put into out. id: 1
 * to 255; from 15 on it takes a two-byte header.
 */
void rtp_set_audio_level(struct rtp_packet *packet, uint8_t id, const struct audio_level *level,
	uint8_t out[RTP_AUDIO_LEVEL_SIZE]);

#endif
