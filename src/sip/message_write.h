/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Writing SIP messages onto a capped buffer. Errors stick to the buffer (core/buf.h): the writer
 * checks out->err once, after sip_write_end. A value that holds CR, LF (folds of a received value
 * excepted; they become one blank) makes it -EINVAL, so that no value can forge a header line. Any
 * thread.
 */
#ifndef SIP_MESSAGE_WRITE_H
#define SIP_MESSAGE_WRITE_H

#include "core/buf.h"
#include "core/slice.h"
#include "sip/names.h"

struct sip_msg;
struct addr;

/* "INVITE sip:a@b SIP/2.0" and CRLF. The URI holds no blank, else -EINVAL. */
void sip_write_request(struct buf *out, struct slice method, struct slice uri);

/* "SIP/2.0 200 OK" and CRLF. reason NULL: the standard phrase. */
void sip_write_status(struct buf *out, unsigned status, const char *reason);

/* "Name: value" and CRLF. id is not SIP_HDR_OTHER. */
void sip_write_header(struct buf *out, enum sip_header_id id, struct slice value);
void sip_write_header_str(struct buf *out, enum sip_header_id id, const char *value);
void sip_write_header_u32(struct buf *out, enum sip_header_id id, uint32_t value);
void sip_write_header_named(struct buf *out, struct slice name, struct slice value);

/* The same with printf's format; the text is checked like any value. */
void sip_write_header_f(struct buf *out, enum sip_header_id id, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* A value or a part of one alone, for header lines composed of several. */
void sip_write_value(struct buf *out, struct slice value);

/* Copy every header line with this id from msg, in order. */
void sip_write_copy(struct buf *out, const struct sip_msg *msg, enum sip_header_id id);

/*
 * Header lines made elsewhere, each ended by CRLF; checked line by line: a name, a colon, no empty
 * line, else -EINVAL.
 */
void sip_write_lines(struct buf *out, struct slice lines);

/* "CSeq: 1 INVITE" and CRLF. */
void sip_write_cseq(struct buf *out, uint32_t number, struct slice method);

/* A display name as a quoted string, with its quotes. */
void sip_write_quoted(struct buf *out, struct slice text);

/*
 * The first part of a response (RFC 3261 8.2.6.2): status line; the request's Vias, the top one
 * with received and rport filled in from request->source (RFC 3261 18.2.1, RFC 3581 section 4);
 * From; To with to_tag unless it has a tag or to_tag is NULL; Call-ID; CSeq; Timestamp in a 100; the
 * request's Record-Route in 18x and 2xx answers to requests that make dialogs (RFC 3261 12.1.1).
 * Also for an answerable request whose parsing failed. Go on with the other headers and sip_write_end.
 */
void sip_write_response(struct buf *out, const struct sip_msg *request, unsigned status,
	const char *reason, const char *to_tag);

/*
 * Content-Type (type empty: no body, and none is written), Content-Length, the empty line and the
 * body.
 */
void sip_write_end(struct buf *out, struct slice type, struct slice body);

#endif
