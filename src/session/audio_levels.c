/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Audio levels in the session descriptions (RFC 6464 4, RFC 8285 7). */
#include "session/audio_levels.h"

#include "media/audio_level.h"
#include "sdp/extmap.h"

#define OFFERED_ID 1

/*
 * RFC 6464 4: we set the V bit. Of peers it is not looked at, with vad=on either: what many set
 * always, and some never, does not help to choose among them.
 */
static void write_line(struct sdp_draft *draft, struct sdp_extmap *map)
{
	map->uri = SLICE(AUDIO_LEVEL_URI);
	map->attributes = SLICE("vad=on");
	sdp_extmap_write(draft, map);
}

void audio_levels_write_offer(struct sdp_draft *draft)
{
	write_line(draft, &(struct sdp_extmap){.id = OFFERED_ID});
}

void audio_levels_write_offer_again(struct sdp_draft *draft, const struct sdp_media *ours)
{
	struct sdp_extmap map;

	/* RFC 8285 7: an identifier keeps its meaning. The direction is the stream's again. */
	if (sdp_extmap_find(ours, AUDIO_LEVEL_URI, &map))
		write_line(draft, &(struct sdp_extmap){.id = map.id});
}

void audio_levels_write_answer(
	struct sdp_draft *draft, const struct sdp_media *offer, enum sdp_direction direction)
{
	struct sdp_extmap map;

	if (!sdp_extmap_find(offer, AUDIO_LEVEL_URI, &map))
		return;
	if (map.id > SDP_EXTMAP_MAX_ID)
		map.id = sdp_extmap_free_id(offer);
	if (map.id == 0)
		return;
	/* RFC 8285 7: never a direction that the stream does not have. */
	map.direction = sdp_direction_answer(map.direction, direction);
	write_line(draft, &map);
}

void audio_levels_read(const struct sdp_media *ours, const struct sdp_media *theirs,
	struct media_leg_config *config)
{
	struct sdp_extmap own, other;
	bool sent, received;

	config->level_in = config->level_out = 0;
	if (!sdp_extmap_find(ours, AUDIO_LEVEL_URI, &own) ||
		!sdp_extmap_find(theirs, AUDIO_LEVEL_URI, &other) || own.id > SDP_EXTMAP_MAX_ID)
		return;
	/* An offer with an identifier that was left open is answered with one that can be used. */
	if (other.id != own.id && other.id <= SDP_EXTMAP_MAX_ID)
		return;
	sent = own.direction & sdp_direction_reverse(other.direction) & SDP_SENDONLY;
	received = own.direction & sdp_direction_reverse(other.direction) & SDP_RECVONLY;
	config->level_out = sent ? (uint8_t)own.id : 0;
	config->level_in = received ? (uint8_t)own.id : 0;
}
