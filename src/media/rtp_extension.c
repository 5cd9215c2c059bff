/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Elements of RTP header extensions, RFC 8285; the audio level, RFC 6464. */
#include "media/rtp_extension.h"

#include <string.h>

#define ONE_BYTE_PROFILE 0xBEDE /* RFC 8285 section 4.2 */
#define TWO_BYTE_PROFILE 0x1000 /* section 4.3: the low four bits are the application's */
#define TWO_BYTE_MASK 0xfff0

enum {
	PADDING_ID = 0,
	STOP_ID = 15, /* section 4.2: what follows it is not to be looked at */
	MAX_ONE_BYTE_ID = 14,
};

/* Take the header of an element at p, n bytes before the end. Returns its size; 0: there is none. */
static size_t one_byte_header(const uint8_t *p, struct rtp_element *element)
{
	element->id = p[0] >> 4;
	element->size = (p[0] & 0x0fu) + 1u;
	/* Padding has no length; an id of 0 with one ends the extension as 15 does. */
	return element->id == STOP_ID || element->id == PADDING_ID ? 0 : 1;
}

static size_t two_byte_header(const uint8_t *p, size_t n, struct rtp_element *element)
{
	if (n < 2)
		return 0;
	element->id = p[0];
	element->size = p[1];
	return 2;
}

bool rtp_next_element(const struct rtp_packet *packet, size_t *at, struct rtp_element *element)
{
	bool one_byte = packet->extension_profile == ONE_BYTE_PROFILE;
	size_t header, left;

	if (!packet->extension)
		return false;
	if (!one_byte && (packet->extension_profile & TWO_BYTE_MASK) != TWO_BYTE_PROFILE)
		return false;
	while (*at < packet->extension_size && packet->extension[*at] == PADDING_ID)
		++*at;
	left = packet->extension_size - *at;
	if (left == 0)
		return false;
	header = one_byte ? one_byte_header(packet->extension + *at, element)
			  : two_byte_header(packet->extension + *at, left, element);
	if (header == 0 || left - header < element->size) {
		*at = packet->extension_size;
		return false;
	}
	element->data = packet->extension + *at + header;
	*at += header + element->size;
	return true;
}

bool rtp_find_element(const struct rtp_packet *packet, uint8_t id, struct rtp_element *element)
{
	size_t at = 0;

	while (rtp_next_element(packet, &at, element)) {
		if (element->id == id)
			return true;
	}
	return false;
}

bool rtp_audio_level(const struct rtp_packet *packet, uint8_t id, struct audio_level *level)
{
	struct rtp_element element;

	if (!rtp_find_element(packet, id, &element) || element.size < 1)
		return false;
	level->voice = element.data[0] & 0x80;
	level->level = element.data[0] & 0x7f;
	return true;
}

void rtp_set_audio_level(struct rtp_packet *packet, uint8_t id, const struct audio_level *level,
	uint8_t out[RTP_AUDIO_LEVEL_SIZE])
{
	bool one_byte = id <= MAX_ONE_BYTE_ID;
	uint8_t value = (uint8_t)((level->voice ? 0x80 : 0) | (level->level & 0x7f));

	memset(out, 0, RTP_AUDIO_LEVEL_SIZE);
	out[0] = (uint8_t)(one_byte ? id << 4 : id);
	out[1] = one_byte ? value : 1;
	out[2] = one_byte ? PADDING_ID : value;
	packet->extension_profile = one_byte ? ONE_BYTE_PROFILE : TWO_BYTE_PROFILE;
	packet->extension = out;
	packet->extension_size = RTP_AUDIO_LEVEL_SIZE;
}
