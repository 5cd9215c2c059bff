/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * SIP message: parsing, looking things up, keeping (RFC 3261 sections 7, 8.1.1, 18.3, 20, 25).
 * Parsing copies nothing; all slices of a message point into the bytes it was parsed from. Writing
 * is in sip/message_write.h, the values of header fields in sip/field.h.
 *
 * Everything here works on the caller's memory alone; any thread.
 */
#ifndef SIP_MESSAGE_H
#define SIP_MESSAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/slice.h"
#include "core/uri.h"
#include "net/addr.h"
#include "sip/field.h"
#include "sip/message_write.h"
#include "sip/names.h"

struct sip_flow;

#define SIP_MAX_HEADERS 128    /* header lines of one message */
#define SIP_MAX_MESSAGE 262144 /* bytes of one message; upstream's limit */

struct sip_header {
	enum sip_header_id id;
	struct slice name; /* as written */
	struct slice
		value; /* trimmed; may hold folds (CRLF followed by SP or HTAB), which are blanks */
};

/*
 * A message. The struct ends with its headers and a kept one is allocated for as many as it has:
 * never copy it by assignment, use sip_msg_keep.
 */
struct sip_msg {
	bool is_request;
	enum sip_method method;   /* of the request line, or of a response's CSeq */
	struct slice method_name; /* likewise */
	struct slice uri_text;    /* request-URI */
	struct uri uri;
	unsigned status; /* response: 100..699 */
	struct slice reason;

	struct sip_via via; /* the topmost */
	struct sip_name_addr from, to;
	struct slice call_id;
	struct sip_cseq cseq;
	int max_forwards;       /* -1: none */
	int64_t content_length; /* -1: none */
	struct slice content_type;
	struct slice body;

	/* Filled in by the transport. flow is borrowed; sip_msg_keep copies the pointer. */
	struct sip_flow *flow;
	struct addr source; /* where the message came from */

	/* When parsing failed: why, the status to answer with, and whether one can answer. */
	const char *error;
	unsigned error_status; /* 400, 501, 505 or 513 */
	bool answerable; /* a request, not ACK, whose Via, From, To, Call-ID, CSeq are there */

	struct slice raw; /* first to last byte */
	unsigned n_headers;
	struct sip_header headers[SIP_MAX_HEADERS]; /* in the order they came */
};

/*
 * Parse one message from the start of in.
 *
 * stream: in comes from a connection. CRLFs in front are skipped, Content-Length is required (RFC
 * 3261 20.14) and bytes behind the message are left alone. Else in is a datagram: the message is all of
 * it, less what follows the Content-Length.
 *
 * Returns
 *   0          one message; *consumed bytes of in belong to it
 *   -EAGAIN    stream only: more bytes are needed; *consumed leading CRLFs may be dropped;
 *              msg says nothing
 *   -EBADMSG   malformed (msg->error says why). The fields of msg that could be read are filled in.
 *              *consumed is the length of the message when its end is known; 0: the stream cannot
 *              be used further, answer if msg->answerable and close it
 *   -EMSGSIZE  larger than SIP_MAX_MESSAGE; like -EBADMSG with *consumed 0
 *   -ENODATA   datagram only: nothing but blanks and CRLFs, a keep-alive; drop it
 */
int sip_msg_parse(struct slice in, bool stream, struct sip_msg *msg, size_t *consumed);

/*
 * A first look at a datagram, for a third of what parsing it costs: of a request whose Via has a
 * branch of RFC 3261, what an answer without a transaction is made of. That is method, method_name, via,
 * to, and the header lines Via, From, To, Call-ID and CSeq, of which one each is there; their values,
 * the top Via and To apart, are not looked at. False: it is anything else, or malformed, and msg says
 * nothing.
 */
bool sip_msg_glance(struct slice datagram, struct sip_msg *msg);

/*
 * sip_msg_parse for a connection whose input grows: remembers how far it has looked, so that a message
 * that comes in small pieces is read once. Start with all zero. in must begin with the bytes that
 * the last call was given and did not consume. Keep-alives: RFC 5626 4.4.1.
 */
struct sip_framer {
	size_t scanned; /* bytes known to hold no end of the header section */
	size_t need;    /* length of the whole message, once known */
	bool half_ping; /* a CRLF was skipped that may be the first half of a ping */
	unsigned pings; /* double CRLFs skipped; each is answered with a CRLF, then set to 0 */
};

/* max: as SIP_MAX_MESSAGE in sip_msg_parse. */
int sip_framer_next(struct sip_framer *framer, struct slice in, size_t max, struct sip_msg *msg,
	size_t *consumed);

/* First header line with this id, the one after prev (prev NULL: the first); NULL at the end. */
const struct sip_header *sip_msg_header(const struct sip_msg *msg, enum sip_header_id id);
const struct sip_header *sip_msg_next(
	const struct sip_msg *msg, enum sip_header_id id, const struct sip_header *prev);

/* The same for a name, known to us or not (long form; any case). */
const struct sip_header *sip_msg_header_named(
	const struct sip_msg *msg, const char *name, const struct sip_header *prev);

/* Value of the first header with this id; empty when there is none. */
struct slice sip_msg_value(const struct sip_msg *msg, enum sip_header_id id);

/*
 * Walk all elements of all header lines with this id, as if they stood in one (RFC 3261 7.3.1).
 * Start with all zero. False at the end.
 */
struct sip_element_walk {
	const struct sip_header *header;
	struct slice rest;
};

bool sip_msg_element(const struct sip_msg *msg, enum sip_header_id id,
	struct sip_element_walk *walk, struct slice *element);

/*
 * The next element as an address (Contact, Route, Record-Route, Path ...). Returns 1, 0 at the end,
 * or -EINVAL for one that is malformed (the walk may go on).
 */
int sip_msg_address(const struct sip_msg *msg, enum sip_header_id id, struct sip_element_walk *walk,
	struct sip_name_addr *addr);

/* Whether one element is this token, parameters aside: Supported, Require, Allow, Accept ... */
bool sip_msg_has_token(const struct sip_msg *msg, enum sip_header_id id, const char *token);

/*
 * Whether the parsed values of all headers that the server acts upon are well-formed (Contact,
 * Route, Record-Route, Expires ...). Returns 0 or -EBADMSG with msg->error set; a request is then
 * answered with 400, a response dropped.
 */
int sip_msg_check(struct sip_msg *msg);

/*
 * A copy that lasts: one object (core/mem.h) with the raw bytes behind it, its slices pointing into
 * them. The caller owns the reference. NULL without memory.
 */
struct sip_msg *sip_msg_keep(const struct sip_msg *msg);

#endif
