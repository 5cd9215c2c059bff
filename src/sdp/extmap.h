/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * a=extmap: which extensions of the RTP header are used, and under which identifiers (RFC 8285
 * sections 5 and 7). Knows no extension: each is a URI. One thread at a time.
 */
#ifndef SDP_EXTMAP_H
#define SDP_EXTMAP_H

#include <stdbool.h>

#include "sdp/draft.h"
#include "sdp/sdp.h"

/* Identifiers that can stand in a packet; from 15 on only with two-byte headers (4.2, 4.3). */
#define SDP_EXTMAP_MAX_ID 255
#define SDP_EXTMAP_MAX_ONE_BYTE_ID 14

/* Those of extensions that an answer may give another one (7). */
#define SDP_EXTMAP_FIRST_OPEN_ID 4096
#define SDP_EXTMAP_LAST_OPEN_ID 4351

struct sdp_extmap {
	unsigned id;
	bool directed; /* a direction is written; without, it is that of the stream */
	enum sdp_direction direction; /* seen from whoever wrote it; SDP_SENDRECV if not written */
	struct slice uri, attributes;
};

/*
 * Take the value of an extmap attribute apart. Returns 0, or -EINVAL: malformed, or an identifier of
 * no use.
 */
int sdp_extmap_parse(struct slice value, struct sdp_extmap *map);

/* The first extension of this URI in a media section, or for all of the session. False: none. */
bool sdp_extmap_find(const struct sdp_media *media, const char *uri, struct sdp_extmap *map);

/* The lowest identifier for one-byte headers that no extension of the section has; 0: none. */
unsigned sdp_extmap_free_id(const struct sdp_media *media);

/* Append it. Errors stick in the draft. */
void sdp_extmap_write(struct sdp_draft *draft, const struct sdp_extmap *map);

#endif
