/* SPDX-License-Identifier: GPL-3.0-or-later */
/* a=extmap: extensions of the RTP header (RFC 8285 sections 5, 7 and 8). */
#include "sdp/extmap.h"

#include <errno.h>

static bool find_direction(struct slice name, enum sdp_direction *direction)
{
	for (int d = SDP_INACTIVE; d <= SDP_SENDRECV; d++) {
		*direction = (enum sdp_direction)d;
		if (slice_eq(name, slice_str(sdp_direction_name(*direction))))
			return true;
	}
	return false;
}

static bool is_id(uint32_t id)
{
	return (id >= 1 && id <= SDP_EXTMAP_MAX_ID) ||
	       (id >= SDP_EXTMAP_FIRST_OPEN_ID && id <= SDP_EXTMAP_LAST_OPEN_ID);
}

int sdp_extmap_parse(struct slice value, struct sdp_extmap *map)
{
	struct slice word, id;
	uint32_t number;

	*map = (struct sdp_extmap){.direction = SDP_SENDRECV};
	if (!sdp_next_word(&value, &word))
		return -EINVAL;
	map->directed = slice_find(word, '/') >= 0;
	slice_cut(&word, '/', &id);
	if (slice_u32(id, SDP_EXTMAP_LAST_OPEN_ID, &number) < 0 || !is_id(number))
		return -EINVAL;
	if (map->directed && !find_direction(word, &map->direction))
		return -EINVAL;
	if (!sdp_next_word(&value, &map->uri))
		return -EINVAL;
	map->id = number;
	map->attributes = slice_trim(value);
	return 0;
}

bool sdp_extmap_find(const struct sdp_media *media, const char *uri, struct sdp_extmap *map)
{
	const struct sdp_section *section = sdp_inherited(media, "extmap");
	const struct sdp_line *line = NULL;

	while ((line = sdp_next_attribute(section, "extmap", line))) {
		if (sdp_extmap_parse(line->value, map) == 0 && slice_eq(map->uri, slice_str(uri)))
			return true;
	}
	return false;
}

unsigned sdp_extmap_free_id(const struct sdp_media *media)
{
	const struct sdp_section *section = sdp_inherited(media, "extmap");
	const struct sdp_line *line = NULL;
	struct sdp_extmap map;
	uint32_t used = 0;

	while ((line = sdp_next_attribute(section, "extmap", line))) {
		if (sdp_extmap_parse(line->value, &map) == 0 &&
			map.id <= SDP_EXTMAP_MAX_ONE_BYTE_ID)
			used |= UINT32_C(1) << map.id;
	}
	for (unsigned id = 1; id <= SDP_EXTMAP_MAX_ONE_BYTE_ID; id++) {
		if (!(used >> id & 1))
			return id;
	}
	return 0;
}

void sdp_extmap_write(struct sdp_draft *draft, const struct sdp_extmap *map)
{
	sdp_draft_attribute(draft, "extmap", "%u%s%s %.*s%s%.*s", map->id, map->directed ? "/" : "",
		map->directed ? sdp_direction_name(map->direction) : "", SLICE_ARG(map->uri),
		map->attributes.n ? " " : "", SLICE_ARG(map->attributes));
}
