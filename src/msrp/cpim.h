/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Message in CPIM form (message/cpim, RFC 3862), as in MSRP chats and in SIP MESSAGE: who wrote to
 * whom and when, extension headers in namespaces, and the content in its MIME part. Parsing copies
 * nothing; all slices point into the bytes given. Any thread.
 */
#ifndef MSRP_CPIM_H
#define MSRP_CPIM_H

#include <stdbool.h>

#include "core/buf.h"
#include "core/slice.h"

#define CPIM_MAX_HEADERS 64
#define CPIM_MAX_RECIPIENTS 32 /* of To, and as many of cc */

/* The namespace of delivery notifications (RFC 5438 6). */
#define CPIM_NS_IMDN "urn:ietf:params:imdn"

struct cpim_address {
	struct slice display; /* as written: may hold escapes, or stand in quotes */
	struct slice uri;     /* without <> */
};

struct cpim_header {
	struct slice prefix; /* of its namespace; empty: the default one */
	struct slice name;
	struct slice value; /* trimmed, escapes left in (cpim_unescape) */
};

struct cpim_message {
	struct cpim_address from; /* uri empty: none */
	struct cpim_address to[CPIM_MAX_RECIPIENTS];
	unsigned n_to;
	struct slice date_time; /* RFC 3339, or empty */
	struct slice subject;   /* the first, without its language; or empty */

	struct cpim_header headers[CPIM_MAX_HEADERS]; /* all of them, in order */
	unsigned n_headers;

	struct slice content_type, content_encoding, content_id; /* of the MIME part, or empty */
	struct slice body;
};

/*
 * Parse all of in. Lines may end with CRLF or LF, MIME headers may be missing, unknown or empty
 * (text/plain is then the type). Addresses that cannot be read are left out. Returns 0 or -EBADMSG:
 * no empty line behind the headers, a line that is none, too many headers.
 */
int cpim_parse(struct slice in, struct cpim_message *msg);

/*
 * The first header with this name (case counts, RFC 3862 3.4) in the namespace with this URI, under
 * whatever prefix the message declares for it. False when there is none.
 */
bool cpim_header(
	const struct cpim_message *msg, const char *space, const char *name, struct slice *value);

/* Append value with its \ escapes undone (RFC 3862 3.3.1); a malformed one is kept as it is. */
void cpim_unescape(struct slice value, struct buf *out);

/* "Name <uri>", with or without quotes round the name. Returns 0 or -EINVAL. */
int cpim_address_parse(struct slice value, struct cpim_address *address);

#endif
