/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * URIs: sip and sips (RFC 3261 19.1), tel (RFC 3966), and any other scheme as an opaque rest.
 * Parsing copies nothing; the slices point into the text given. Any thread.
 */
#ifndef CORE_URI_H
#define CORE_URI_H

#include <stdbool.h>
#include <stdint.h>

#include "core/buf.h"
#include "core/slice.h"

enum uri_scheme { URI_SIP, URI_SIPS, URI_TEL, URI_OTHER };

struct uri {
	enum uri_scheme scheme;
	struct slice scheme_name; /* as written */
	struct slice user;        /* still escaped; for tel the number; empty: none */
	struct slice password;    /* p NULL: none; "sip:alice:@host" has an empty one */
	struct slice host;        /* a literal IPv6 address with its brackets */
	uint16_t port;            /* 0: none written */
	struct slice params;      /* "transport=tcp;lr", without the first semicolon */
	struct slice headers;     /* "subject=x&priority=y", without the question mark */
	struct slice opaque;      /* URI_OTHER: what follows the colon */
};

/*
 * Parse all of text. More liberal than the grammar where peers are (non-ASCII and unescaped bytes
 * in a user, underscores in a host, a malformed escape), but never lets a blank, control byte, quote
 * or angle bracket pass, nor more than 64 parameters or headers. Returns 0 or -EINVAL.
 */
int uri_parse(struct slice text, struct uri *uri);

/* Append to out; without a scheme_name, scheme gives it. */
void uri_write(const struct uri *uri, struct buf *out);

/* As a Request-URI (RFC 3261 19.1.5): without the method parameter and the headers. */
void uri_write_request(const struct uri *uri, struct buf *out);

/*
 * Value of a parameter, name compared without case. Returns false when it is absent; a parameter
 * without "=" gives an empty value.
 */
bool uri_param(const struct uri *uri, const char *name, struct slice *value);

/* Walk a parameter list: cuts the next "name[=value]" off *rest. False at the end. */
bool uri_next_param(struct slice *rest, struct slice *name, struct slice *value);

/* The same for a header list ("name[=value]" between ampersands). */
bool uri_next_header(struct slice *rest, struct slice *name, struct slice *value);

/*
 * Equivalent by the rules of RFC 3261 19.1.4, IPv6 addresses by value (RFC 5954 4.2); tel by
 * RFC 3966 section 4; other schemes byte for byte behind the scheme.
 */
bool uri_equal(const struct uri *a, const struct uri *b);

/*
 * The canonical user@host that names rooms, identities and rules: user unescaped where RFC 3261
 * lets it stand unescaped, host in lower case without a trailing dot, no port, no parameters; the
 * host alone when there is no user. A tel number without its visual separators, a local one with its
 * phone-context; of other schemes what follows the colon. Appended to out.
 */
void uri_canonical(const struct uri *uri, struct buf *out);

/*
 * Cut the next byte off *rest, undoing its %HH escape (*escaped tells). A malformed escape is taken
 * as it is. Returns the byte, or -1 at the end.
 */
int uri_next_byte(struct slice *rest, bool *escaped);

/* Undo %HH escapes; a malformed escape is kept as it is. Appended to out. */
void uri_unescape(struct slice s, struct buf *out);

/* Escape what a SIP user part may not hold (RFC 3261 25.1 "user"). Appended to out. */
void uri_escape_user(struct slice s, struct buf *out);

/* Whether it is a sip: or sips: URI. */
bool uri_is_sip(const struct uri *uri);

#endif
