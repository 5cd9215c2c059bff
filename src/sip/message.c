/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Parsing a SIP message (RFC 3261 section 7, 18.3). One pass over the lines; an error in one line
 * does not end it, so that as much as possible is known for the answer.
 */
#include "sip/message.h"

#include <errno.h>
#include <string.h>

#include "sip/lex.h"
#include "sip/message_parse.h"

void sip_parse_init(struct sip_msg *msg)
{
	memset(msg, 0, offsetof(struct sip_msg, headers));
	msg->method = SIP_OTHER;
	msg->max_forwards = -1;
	msg->content_length = -1;
	msg->via.ttl = -1;
}

/* The first error counts. */
static void fail_with(struct sip_msg *msg, unsigned status, const char *error)
{
	if (msg->error)
		return;
	msg->error = error;
	msg->error_status = status;
}

static void fail(struct sip_msg *msg, const char *error)
{
	fail_with(msg, 400, error);
}

static bool is_version(struct slice version)
{
	return slice_eq_nocase(version, SLICE("SIP/2.0"));
}

/* Status-Line (RFC 3261 7.2); the blank behind the status is left out by some. */
static void parse_status_line(struct sip_msg *msg, struct slice line)
{
	struct slice version, digits;
	uint32_t status = 0;

	slice_cut(&line, ' ', &version);
	slice_cut(&line, ' ', &digits);
	msg->reason = line;
	if (!is_version(version))
		fail(msg, "unknown SIP version");
	/* RFC 4475 3.1.2.5, 3.1.2.19: out of range is dropped. */
	if (digits.n != 3 || slice_u32(digits, 699, &status) < 0 || status < 100)
		fail(msg, "bad status code");
	msg->status = status;
}

/*
 * Request-Line (RFC 3261 7.1): exactly one blank between the parts and none at the end. Where it is
 * otherwise, the parts are found all the same, for the answer (RFC 4475 3.1.2.8 to 3.1.2.10).
 */
static void parse_request_line(struct sip_msg *msg, struct slice line)
{
	struct slice version = slice_trim(line);
	size_t at = version.n;

	msg->is_request = true;
	slice_cut(&line, ' ', &msg->method_name);
	msg->method = sip_method_of(msg->method_name);
	if (!sip_is_token(msg->method_name))
		fail(msg, "bad method");
	while (at > 0 && version.p[at - 1] != ' ')
		at--;
	lex_drop(&version, at);
	if (version.p <= line.p) {
		fail(msg, "bad request line");
		return;
	}
	msg->uri_text = slice_of(line.p, (size_t)(version.p - line.p) - 1);
	if (version.p + version.n != line.p + line.n)
		fail(msg, "blanks behind the request line");
	if (!lex_all(msg->uri_text, LEX_URI) || uri_parse(msg->uri_text, &msg->uri) < 0)
		fail(msg, "bad request-URI");
	if (is_version(version))
		return;
	if (!msg->error && slice_starts_nocase(version, SLICE("SIP/")))
		fail_with(msg, 505, "unknown SIP version");
	fail(msg, "unknown SIP version");
}

static void parse_start_line(struct sip_msg *msg, struct slice line)
{
	/* A method is a token and holds no slash. */
	if (slice_starts_nocase(line, SLICE("SIP/")))
		parse_status_line(msg, line);
	else
		parse_request_line(msg, line);
}

static void parse_via(struct sip_msg *msg, struct slice value)
{
	struct slice element;

	if (!sip_list_next(&value, &element) || sip_via_parse(element, &msg->via) < 0)
		fail(msg, "bad Via");
}

/* Headers seen; all but Via may stand only once. */
enum {
	SEEN_FROM = 1,
	SEEN_TO = 2,
	SEEN_CALL_ID = 4,
	SEEN_CSEQ = 8,
	SEEN_MAX_FORWARDS = 16,
	SEEN_CONTENT_LENGTH = 32,
	SEEN_VIA = 64,
};

/* Whether it is the first of its kind (RFC 4475 3.3.8, 3.3.9). */
static bool first(struct sip_msg *msg, unsigned *seen, unsigned bit, const char *twice)
{
	if (*seen & bit) {
		fail(msg, twice);
		return false;
	}
	*seen |= bit;
	return true;
}

static void parse_max_forwards(struct sip_msg *msg, struct slice value)
{
	uint32_t hops;

	/* RFC 3261 20.22: 0 to 255. */
	if (slice_u32(value, 255, &hops) < 0)
		fail(msg, "bad Max-Forwards");
	else
		msg->max_forwards = (int)hops;
}

static void parse_content_length(struct sip_msg *msg, struct slice value, bool *framed)
{
	uint32_t length;
	int err = slice_u32(value, INT32_MAX, &length);

	if (err == -EINVAL) {
		fail(msg, "bad Content-Length");
		*framed = false;
		return;
	}
	/* One beyond all limits is not worth telling from another. */
	msg->content_length = err ? INT32_MAX : length;
}

/* What is parsed of a header line at once. */
static void parse_header(struct sip_msg *msg, const struct sip_header *h, struct parse *parse)
{
	switch (h->id) {
	case SIP_HDR_VIA:
		if (!(parse->seen & SEEN_VIA))
			parse_via(msg, h->value);
		parse->seen |= SEEN_VIA;
		break;
	case SIP_HDR_FROM:
		if (first(msg, &parse->seen, SEEN_FROM, "two From headers") &&
			(sip_name_addr_parse(h->value, &msg->from) < 0 || msg->from.star))
			fail(msg, "bad From");
		break;
	case SIP_HDR_TO:
		if (first(msg, &parse->seen, SEEN_TO, "two To headers") &&
			(sip_name_addr_parse(h->value, &msg->to) < 0 || msg->to.star))
			fail(msg, "bad To");
		break;
	case SIP_HDR_CALL_ID:
		if (first(msg, &parse->seen, SEEN_CALL_ID, "two Call-ID headers")) {
			msg->call_id = h->value;
			if (!lex_all(h->value, LEX_GRAPH))
				fail(msg, "bad Call-ID");
		}
		break;
	case SIP_HDR_CSEQ:
		if (first(msg, &parse->seen, SEEN_CSEQ, "two CSeq headers") &&
			sip_cseq_parse(h->value, &msg->cseq) < 0)
			fail(msg, "bad CSeq");
		break;
	case SIP_HDR_MAX_FORWARDS:
		if (first(msg, &parse->seen, SEEN_MAX_FORWARDS, "two Max-Forwards headers"))
			parse_max_forwards(msg, h->value);
		break;
	case SIP_HDR_CONTENT_LENGTH:
		if (first(msg, &parse->seen, SEEN_CONTENT_LENGTH, "two Content-Length headers"))
			parse_content_length(msg, h->value, &parse->framed);
		else
			parse->framed = false;
		break;
	case SIP_HDR_CONTENT_TYPE:
		if (msg->content_type.n == 0)
			msg->content_type = h->value;
		break;
	default:
		break;
	}
}

bool sip_cut_line(struct slice *s, bool folds, struct slice *line)
{
	const char *p = s->p, *end = s->p + s->n, *cr;

	*line = SLICE_NONE;
	for (;;) {
		cr = p < end ? memchr(p, '\r', (size_t)(end - p)) : NULL;
		if (!cr || cr + 1 == end || cr[1] != '\n' || memchr(p, '\n', (size_t)(cr - p)))
			return false;
		p = cr + 2;
		if (!folds || p == end || (*p != ' ' && *p != '\t'))
			break;
	}
	*line = slice_of(s->p, (size_t)(cr - s->p));
	lex_drop(s, (size_t)(p - s->p));
	return true;
}

static void parse_line(struct sip_msg *msg, struct slice line, struct parse *parse)
{
	struct slice name = lex_run(&line, LEX_TOKEN);
	struct sip_header *h;

	/* HCOLON: blanks before the colon too, but no folds there. */
	while (line.n && (*line.p == ' ' || *line.p == '\t'))
		lex_drop(&line, 1);
	if (name.n == 0 || line.n == 0 || *line.p != ':') {
		fail(msg, "bad header line");
		return;
	}
	lex_drop(&line, 1);
	if (msg->n_headers == SIP_MAX_HEADERS) {
		fail(msg, "too many header lines");
		parse->framed = false;
		return;
	}
	h = &msg->headers[msg->n_headers++];
	h->id = sip_header_id_of(name);
	h->name = name;
	h->value = slice_trim(line);
	parse_header(msg, h, parse);
}

/* Section 8.1.1: what every message has. Max-Forwards and tags are lacking in RFC 2543's. */
static void check_complete(struct sip_msg *msg, unsigned seen)
{
	const unsigned all = SEEN_FROM | SEEN_TO | SEEN_CALL_ID | SEEN_CSEQ;
	bool has_via = msg->via.host.n > 0;

	if (!has_via)
		fail(msg, "no Via");
	if ((seen & all) != all)
		fail(msg, "From, To, Call-ID or CSeq is missing");
	if (!msg->is_request) {
		msg->method = msg->cseq.method;
		msg->method_name = msg->cseq.method_name;
	} else if (!slice_eq(msg->method_name, msg->cseq.method_name)) {
		/* RFC 4475 3.1.2.17, 3.1.2.18. */
		fail_with(msg, msg->method == SIP_OTHER ? 501 : 400, "method and CSeq differ");
	}
	msg->answerable =
		msg->is_request && msg->method != SIP_ACK && has_via && (seen & all) == all;
}

int sip_parse_head(struct slice in, struct sip_msg *msg, struct parse *parse)
{
	struct slice s = in, line;

	sip_parse_init(msg);
	msg->raw = slice_of(in.p, 0);
	*parse = (struct parse){.framed = true};
	if (!sip_cut_line(&s, false, &line)) {
		fail(msg, "no start line");
		parse->framed = false;
		return -EBADMSG;
	}
	parse_start_line(msg, line);
	while (!slice_starts(s, SLICE("\r\n"))) {
		if (!sip_cut_line(&s, true, &line)) {
			fail(msg, "no end of the header section");
			parse->framed = false;
			break;
		}
		parse_line(msg, line, parse);
	}
	check_complete(msg, parse->seen);
	parse->length = in.n - s.n + (slice_starts(s, SLICE("\r\n")) ? 2 : 0);
	msg->raw.n = parse->length;
	return msg->error ? -EBADMSG : 0;
}

static int parse_datagram(struct slice in, struct sip_msg *msg, size_t *consumed)
{
	struct parse parse;
	size_t rest;
	int err;

	err = sip_parse_head(in, msg, &parse);
	rest = in.n - parse.length;
	if (msg->content_length > (int64_t)rest) {
		/* RFC 3261 18.3. */
		fail(msg, "body shorter than Content-Length");
		err = -EBADMSG;
	} else if (msg->content_length >= 0 && parse.framed) {
		rest = (size_t)msg->content_length;
	}
	msg->body = slice_of(in.p + parse.length, rest);
	msg->raw.n += rest;
	*consumed = in.n;
	return err;
}

/* What keeps a NAT's binding alive: nothing, blanks, NULs. */
static bool is_keep_alive(struct slice in)
{
	for (size_t i = 0; i < in.n; i++) {
		if (!lex_is(in.p[i], LEX_BLANK) && in.p[i] != '\0')
			return false;
	}
	return true;
}

int sip_msg_parse(struct slice in, bool stream, struct sip_msg *msg, size_t *consumed)
{
	struct sip_framer framer = {0};
	struct slice s = in;

	*consumed = 0;
	if (stream)
		return sip_framer_next(&framer, in, SIP_MAX_MESSAGE, msg, consumed);
	if (in.n > SIP_MAX_MESSAGE) {
		sip_parse_init(msg);
		fail_with(msg, 513, "message too large");
		return -EMSGSIZE;
	}
	while (slice_starts(s, SLICE("\r\n")))
		lex_drop(&s, 2);
	if (is_keep_alive(s)) {
		sip_parse_init(msg);
		*consumed = in.n;
		return -ENODATA;
	}
	return parse_datagram(s, msg, consumed);
}
