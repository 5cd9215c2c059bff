/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any bytes as an extmap attribute: what is understood, written and read again is the same. */
#include <stdlib.h>

#include "sdp/extmap.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
	if (!holds)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sdp_extmap map, again;
	struct sdp_draft draft;
	struct slice text;

	if (sdp_extmap_parse(slice_of((const char *)data, size), &map) < 0)
		return 0;
	check(map.id >= 1 && map.id <= SDP_EXTMAP_LAST_OPEN_ID && map.uri.n > 0);
	sdp_draft_init(&draft);
	sdp_extmap_write(&draft, &map);
	if (!draft.err) {
		text = sdp_draft_text(&draft);
		check(slice_starts(text, SLICE("a=extmap:")));
		check(sdp_extmap_parse(slice_of(text.p + 9, text.n - 11), &again) == 0);
		check(again.id == map.id && again.directed == map.directed);
		check(again.direction == map.direction && slice_eq(again.uri, map.uri));
		check(slice_eq(again.attributes, map.attributes));
	}
	sdp_draft_free(&draft);
	return 0;
}
