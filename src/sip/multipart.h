/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Multipart bodies (RFC 2046 5.1, RFC 5621): walked in place, without a copy. Any thread.
 */
#ifndef SIP_MULTIPART_H
#define SIP_MULTIPART_H

#include <stdbool.h>

#include "core/slice.h"

enum {
	SIP_MULTIPART_PARTS = 32, /* of one body, all levels together */
	SIP_MULTIPART_DEPTH = 4,
};

struct sip_part {
	struct slice type;        /* Content-Type; "text/plain" where it has none (RFC 2046 5.1) */
	struct slice disposition; /* Content-Disposition, empty where it has none */
	struct slice encoding;    /* Content-Transfer-Encoding, likewise */
	struct slice body;
};

/*
 * Find the part of this media type ("application/sdp") in a body of the given Content-Type, which
 * may be of that type itself, or multipart, in which others are stood in. Of multipart/alternative
 * the last one counts (RFC 2046 5.1.4), of any other the first. Slices are into body and type.
 *
 * Returns 0; -ENOENT, there is none; -ENOTSUP, a part must be understood and is not, or the one
 * wanted is encoded (RFC 5621 5.3, 8): answer 415; -EBADMSG, no boundary, no end, too many parts or
 * too deep: 400.
 */
int sip_multipart_find(
	struct slice type, struct slice body, struct slice wanted, struct sip_part *part);

#endif
