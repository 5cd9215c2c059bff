/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Session descriptions (RFC 8866): model, parser, writer, and typed access to what the lines say.
 *
 * A description is one immutable object in one block of memory, with its own copy of the text. It
 * keeps every line, known or not, in the order it came; what is new is made as text with
 * sdp/draft.h and parsed. All slices and pointers handed out are good as long as the description.
 * One thread at a time.
 */
#ifndef SDP_SDP_H
#define SDP_SDP_H

#include <stdbool.h>
#include <stdint.h>

#include "core/buf.h"
#include "core/slice.h"

#define SDP_MAX_TEXT 65536  /* bytes of one description */
#define SDP_MAX_MEDIA 32    /* m-lines */
#define SDP_MAX_LINES 512   /* lines of the session part, and of each media section */
#define SDP_MAX_FORMATS 256 /* formats on one m-line */

/*
 * One line other than m=. For a=, name is what stands before the first colon and value what stands
 * behind it; for every other type, name is empty.
 */
struct sdp_line {
	char type;
	struct slice name, value;
};

/* The session part, or what follows one m-line. */
struct sdp_section {
	const struct sdp_line *lines;
	unsigned n;
};

/* o= (5.2). id and version are digits by the RFC, of any length; they are not checked. */
struct sdp_origin {
	struct slice username, id, version, nettype, addrtype, address;
};

struct sdp_media {
	const struct sdp *sdp; /* the description it is part of */
	unsigned index;        /* its place in sdp->media */
	struct slice media;    /* "audio", "video", "message" ... */
	uint16_t port;         /* 0: disabled (RFC 3264), see sdp_media_enabled */
	uint16_t n_ports;      /* 1 when nothing is written */
	struct slice proto;    /* "RTP/AVP", "TCP/TLS/MSRP" ... */
	struct slice
		formats; /* separated by blanks: walk with sdp_next_word; empty only with port 0 */
	struct sdp_section section;
	struct slice text; /* m-line and all that follows it, as it came */
};

/* An object (core/mem.h). */
struct sdp {
	struct sdp_origin origin;
	struct slice name; /* s=, empty when missing */
	struct sdp_section session;
	const struct sdp_media *media;
	unsigned n_media;
	struct slice text; /* all of it, as it came */
};

struct sdp_error {
	unsigned line;      /* counted from 1; 0: the description as a whole */
	const char *reason; /* static text */
};

/*
 * Parse. Lines may end in LF; s= and t= may be missing or empty; blank lines are skipped; bytes
 * above 127 stand anywhere. *sdp: one reference, the caller's. error may be NULL.
 * Returns 0, -EINVAL (malformed), -E2BIG (one of the limits above) or -ENOMEM.
 */
int sdp_parse(struct slice text, struct sdp **sdp, struct sdp_error *error);

/*
 * Append the description in the order of the RFC's grammar (section 9), lines ended by CRLF; a line
 * of unknown type stays behind the line it followed. Missing s= and t= are supplied.
 */
void sdp_write(const struct sdp *sdp, struct buf *out);

/* Append one media section, likewise. */
void sdp_write_media(const struct sdp_media *media, struct buf *out);

/* Place of a line in its part of a description, from 1; 0: an unknown type, which has none. */
unsigned sdp_line_rank(char type, bool in_media);

/* The next line of this type behind the given one (NULL: from the start). NULL at the end. */
const struct sdp_line *sdp_next_line(
	const struct sdp_section *section, char type, const struct sdp_line *behind);

/* The next attribute of this name (case matters, RFC 8866 9) behind the given one, likewise. */
const struct sdp_line *sdp_next_attribute(
	const struct sdp_section *section, const char *name, const struct sdp_line *behind);

/* Value of the first attribute of this name. False: there is none (value is then empty). */
bool sdp_attribute(const struct sdp_section *section, const char *name, struct slice *value);
bool sdp_has_attribute(const struct sdp_section *section, const char *name);

/*
 * The section where a media section's attributes of this name stand: its own, or that of the
 * session when it has none itself (setup, fingerprint, ice-ufrag, ice-pwd, ice-options ...).
 */
const struct sdp_section *sdp_inherited(const struct sdp_media *media, const char *name);

/* Cut the next word off a list separated by blanks. False at the end. */
bool sdp_next_word(struct slice *rest, struct slice *word);

/* Whether this format stands on the m-line. */
bool sdp_has_format(const struct sdp_media *media, struct slice format);

struct sdp_connection {
	struct slice nettype, addrtype; /* "IN", "IP4" or "IP6" */
	struct slice address;           /* without "/ttl"; literal address or a name */
};

/* Take the value of a c= line apart. Returns 0 or -EINVAL. */
int sdp_connection_parse(struct slice value, struct sdp_connection *connection);

/* The c= that holds for a media section: its own first one, or the session's. -ENOENT: none. */
int sdp_media_connection(const struct sdp_media *media, struct sdp_connection *connection);

/* 0.0.0.0 or :: in any spelling (RFC 3264 8.4). */
bool sdp_address_is_zero(struct slice address);

/* Value of "b=type:value" as written; units depend on the type. -ENOENT, or -EINVAL. */
int sdp_bandwidth(const struct sdp_section *section, const char *type, uint32_t *value);

/* Seen from whoever wrote the description; the two ways are bits. */
enum sdp_direction {
	SDP_INACTIVE = 0,
	SDP_SENDONLY = 1,
	SDP_RECVONLY = 2,
	SDP_SENDRECV = 3,
};

/* By a= line of the section, else of the session, else sendrecv (RFC 8866 6.7). */
enum sdp_direction sdp_media_direction(const struct sdp_media *media);
const char *sdp_direction_name(enum sdp_direction direction);

/* The same stream seen from the other end. */
enum sdp_direction sdp_direction_reverse(enum sdp_direction direction);

/* What to answer to an offered direction when we would like to do wish (RFC 3264 6.1). */
enum sdp_direction sdp_direction_answer(enum sdp_direction offered, enum sdp_direction wish);

/* RTP by its transport: "RTP/AVP", "UDP/TLS/RTP/SAVPF" ... */
bool sdp_media_is_rtp(const struct sdp_media *media);

/*
 * Whether the peer that wrote this section holds us: an enabled RTP stream on which it does not
 * wish to receive, by direction or, without ICE, by a zero address (RFC 3264 8.4). Other streams
 * are never held.
 */
bool sdp_media_held(const struct sdp_media *media);

/*
 * Whether the m-line is in use: its port is not 0, or, where bundle is true, it is marked
 * a=bundle-only and named in a BUNDLE group (RFC 9143 6).
 */
bool sdp_media_enabled(const struct sdp_media *media, bool bundle);

struct sdp_rtpmap {
	uint8_t payload;
	struct slice name; /* encoding name; compared without regard to case */
	uint32_t clock_rate;
	unsigned channels; /* 1 when nothing is written */
};

/* Take the value of an rtpmap attribute apart. Returns 0 or -EINVAL. */
int sdp_rtpmap_parse(struct slice value, struct sdp_rtpmap *map);

/* The rtpmap of a payload type. -ENOENT: none, or none that can be read. */
int sdp_rtpmap(const struct sdp_media *media, unsigned payload, struct sdp_rtpmap *map);

/* The fmtp parameters of a format. False: none (params is then empty). */
bool sdp_fmtp(const struct sdp_media *media, struct slice format, struct slice *params);

/* Cut the next "key=value" off "key=value;key=value"; without "=", value is empty. */
bool sdp_fmtp_next(struct slice *rest, struct slice *key, struct slice *value);

/* Value of one parameter, key compared without regard to case. False: absent. */
bool sdp_fmtp_param(struct slice params, const char *key, struct slice *value);

/* a=ptime and a=maxptime in milliseconds (a fraction is cut off); 0: absent or senseless. */
unsigned sdp_ptime(const struct sdp_media *media);
unsigned sdp_maxptime(const struct sdp_media *media);

struct sdp_rtcp {
	uint16_t port;
	struct slice address; /* empty: that of the media */
};

/*
 * Where RTCP goes: a=rtcp (RFC 3605), else the port above that of the media, or the same one
 * where a=rtcp-mux stands (RFC 5761; whether both want that is for the caller to see).
 */
void sdp_rtcp(const struct sdp_media *media, struct sdp_rtcp *rtcp);

/* a=mid (RFC 5888); empty when there is none. */
struct slice sdp_mid(const struct sdp_media *media);

/* The mids of the first a=group with these semantics ("BUNDLE"), a list for sdp_next_word. */
bool sdp_group(const struct sdp *sdp, const char *semantics, struct slice *mids);

/* The enabled or disabled media section with this mid, or NULL. */
const struct sdp_media *sdp_media_by_mid(const struct sdp *sdp, struct slice mid);

#endif
