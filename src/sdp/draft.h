/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Drafts: one media section, or the session part, in the making. The text is at every moment what
 * would be sent: a line goes where the grammar (RFC 8866 section 9) has its type, behind those of
 * the same type; formats go to the end of the m-line. Errors stick, so the caller checks once, at
 * its end. A value with CR, LF or NUL in it is refused: nobody writes lines into our descriptions.
 * One thread at a time.
 */
#ifndef SDP_DRAFT_H
#define SDP_DRAFT_H

#include "sdp/sdp.h"

/* Embedded in its owner, who calls sdp_draft_free. */
struct sdp_draft {
	struct buf text;
	size_t formats_end; /* offset of the m-line's CRLF; 0: no m-line, a session part */
	int err;            /* 0, -EINVAL, -ERANGE, -ENOMEM or -ENOBUFS: the first error */
};

/* An empty session part; nothing is allocated. */
void sdp_draft_init(struct sdp_draft *draft);
void sdp_draft_free(struct sdp_draft *draft);

/* Make it the media section "m=media port proto", forgetting what it held, errors too. */
void sdp_draft_media(struct sdp_draft *draft, const char *media, unsigned port, const char *proto);

/* The same media, port 0, the same transport and formats, nothing else: a refusal or removal. */
void sdp_draft_disabled(struct sdp_draft *draft, const struct sdp_media *of);

/* A copy of a section, for changing it or for handing it on. */
void sdp_draft_copy(struct sdp_draft *draft, const struct sdp_media *of);

/* Append to the m-line: a payload type, or another word ("*"). */
void sdp_draft_payload(struct sdp_draft *draft, unsigned payload);
void sdp_draft_format(struct sdp_draft *draft, struct slice format);

/* c=IN IP4 or IP6 (by the look of it) and this address. */
void sdp_draft_connection(struct sdp_draft *draft, struct slice address);

void sdp_draft_bandwidth(struct sdp_draft *draft, const char *type, unsigned value);

/* a=name, for attributes that are flags. */
void sdp_draft_flag(struct sdp_draft *draft, const char *name);

/* a=name:value, the value as by printf. */
void sdp_draft_attribute(struct sdp_draft *draft, const char *name, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* a=sendrecv and so on. */
void sdp_draft_direction(struct sdp_draft *draft, enum sdp_direction direction);

/* Any line, also of a type that is not known. */
void sdp_draft_line(struct sdp_draft *draft, char type, struct slice value);

/* Whether a line of this type is there. */
bool sdp_draft_has_line(const struct sdp_draft *draft, char type);

static inline struct slice sdp_draft_text(const struct sdp_draft *draft)
{
	return buf_view(&draft->text);
}

#endif
