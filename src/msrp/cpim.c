/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Message in CPIM form (RFC 3862). */
#include "msrp/cpim.h"

#include <errno.h>

/* Cut the next line off *rest, without its end. False at the end of the input. */
static bool next_line(struct slice *rest, struct slice *line)
{
	if (!slice_cut(rest, '\n', line))
		return false;
	if (line->n && line->p[line->n - 1] == '\r')
		line->n--;
	return true;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* "[prefix.]Name: value" (RFC 3862 3.1). Returns 0 or -EBADMSG. */
static int read_header(struct slice line, struct cpim_header *header)
{
	ptrdiff_t colon = slice_find(line, ':'), dot;
	struct slice name;

	*header = (struct cpim_header){0};
	if (colon <= 0)
		return -EBADMSG;
	name = slice_trim(slice_of(line.p, (size_t)colon));
	header->value = slice_trim(slice_of(line.p + colon + 1, line.n - (size_t)colon - 1));
	dot = slice_find(name, '.');
	header->name = name;
	if (dot >= 0) {
		header->prefix = slice_of(name.p, (size_t)dot);
		header->name = slice_of(name.p + dot + 1, name.n - (size_t)dot - 1);
	}
	for (size_t i = 0; i < name.n; i++) {
		if (is_blank(name.p[i]))
			return -EBADMSG;
	}
	return header->name.n ? 0 : -EBADMSG;
}

int cpim_address_parse(struct slice value, struct cpim_address *address)
{
	ptrdiff_t open = -1;

	*address = (struct cpim_address){0};
	value = slice_trim(value);
	if (value.n < 2 || value.p[value.n - 1] != '>')
		return -EINVAL;
	/* The last one: a display name may hold another. */
	for (size_t i = 0; i < value.n; i++) {
		if (value.p[i] == '<')
			open = (ptrdiff_t)i;
	}
	if (open < 0)
		return -EINVAL;
	address->display = slice_trim(slice_of(value.p, (size_t)open));
	address->uri = slice_trim(slice_of(value.p + open + 1, value.n - (size_t)open - 2));
	return address->uri.n ? 0 : -EINVAL;
}

/* "Subject:;lang=en Hello" (RFC 3862 3.3.2); the value begins behind the colon. */
static struct slice without_language(struct slice value)
{
	struct slice language;

	if (value.n == 0 || *value.p != ';')
		return value;
	slice_cut(&value, ' ', &language);
	return slice_trim(value);
}

/* The headers of RFC 3862 section 4, which need no namespace. */
static void note_header(struct cpim_message *msg, const struct cpim_header *header)
{
	struct cpim_address address;

	if (header->prefix.n)
		return;
	if (slice_eq(header->name, SLICE("From"))) {
		if (!msg->from.uri.n)
			cpim_address_parse(header->value, &msg->from);
	} else if (slice_eq(header->name, SLICE("To"))) {
		if (msg->n_to < CPIM_MAX_RECIPIENTS &&
			cpim_address_parse(header->value, &address) == 0)
			msg->to[msg->n_to++] = address;
	} else if (slice_eq(header->name, SLICE("DateTime"))) {
		msg->date_time = header->value;
	} else if (slice_eq(header->name, SLICE("Subject")) && !msg->subject.n) {
		msg->subject = without_language(header->value);
	}
}

/* Up to the empty line. */
static int read_headers(struct slice *rest, struct cpim_message *msg)
{
	struct slice line;

	while (next_line(rest, &line)) {
		struct cpim_header *header = &msg->headers[msg->n_headers];

		if (line.n == 0)
			return 0;
		if (msg->n_headers == CPIM_MAX_HEADERS || read_header(line, header) < 0)
			return -EBADMSG;
		note_header(msg, header);
		msg->n_headers++;
	}
	return -EBADMSG;
}

static void note_mime(struct cpim_message *msg, const struct cpim_header *header)
{
	if (slice_eq_nocase(header->name, SLICE("Content-Type")))
		msg->content_type = header->value;
	else if (slice_eq_nocase(header->name, SLICE("Content-Transfer-Encoding")))
		msg->content_encoding = header->value;
	else if (slice_eq_nocase(header->name, SLICE("Content-ID")))
		msg->content_id = header->value;
}

/* Folded lines and ones that are no header say nothing that we need. */
static int read_mime(struct slice *rest, struct cpim_message *msg)
{
	struct cpim_header header;
	struct slice line;

	while (next_line(rest, &line)) {
		if (line.n == 0)
			return 0;
		if (!is_blank(*line.p) && read_header(line, &header) == 0)
			note_mime(msg, &header);
	}
	return -EBADMSG;
}

int cpim_parse(struct slice in, struct cpim_message *msg)
{
	int err;

	*msg = (struct cpim_message){0};
	err = read_headers(&in, msg);
	if (err == 0)
		err = read_mime(&in, msg);
	if (err < 0)
		return err;
	if (!msg->content_type.n)
		msg->content_type = SLICE("text/plain"); /* RFC 2045 5.2 */
	msg->body = in;
	return 0;
}

/* Whether "NS: prefix <uri>" declares this prefix for this URI (RFC 3862 3.4). */
static bool declares(const struct cpim_header *header, struct slice prefix, struct slice space)
{
	struct cpim_address declaration;

	return !header->prefix.n && slice_eq(header->name, SLICE("NS")) &&
	       cpim_address_parse(header->value, &declaration) == 0 &&
	       slice_eq(declaration.display, prefix) && slice_eq(declaration.uri, space);
}

static bool in_namespace(const struct cpim_message *msg, unsigned at, struct slice space)
{
	/* A declaration holds for what follows it. */
	for (unsigned i = 0; i < at; i++) {
		if (declares(&msg->headers[i], msg->headers[at].prefix, space))
			return true;
	}
	return false;
}

bool cpim_header(
	const struct cpim_message *msg, const char *space, const char *name, struct slice *value)
{
	for (unsigned i = 0; i < msg->n_headers; i++) {
		if (slice_eq(msg->headers[i].name, slice_str(name)) &&
			in_namespace(msg, i, slice_str(space))) {
			*value = msg->headers[i].value;
			return true;
		}
	}
	return false;
}

static int hex_digit(char c)
{
	c = ascii_lower(c);
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static void append_utf8(unsigned code, struct buf *out)
{
	if (code < 0x80) {
		buf_char(out, (char)code);
	} else if (code < 0x800) {
		buf_char(out, (char)(0xc0 | code >> 6));
		buf_char(out, (char)(0x80 | (code & 0x3f)));
	} else {
		buf_char(out, (char)(0xe0 | code >> 12));
		buf_char(out, (char)(0x80 | (code >> 6 & 0x3f)));
		buf_char(out, (char)(0x80 | (code & 0x3f)));
	}
}

/* "\uxxxx" at s; a lone surrogate is none. False: not that. */
static bool unescape_code(struct slice s, struct buf *out)
{
	unsigned code = 0;

	if (s.n < 6 || s.p[1] != 'u')
		return false;
	for (size_t i = 2; i < 6; i++) {
		int digit = hex_digit(s.p[i]);

		if (digit < 0)
			return false;
		code = code << 4 | (unsigned)digit;
	}
	if (code >= 0xd800 && code <= 0xdfff)
		return false;
	append_utf8(code, out);
	return true;
}

void cpim_unescape(struct slice value, struct buf *out)
{
	static const char letters[] = "btnr\"'\\", bytes[] = "\b\t\n\r\"'\\";

	while (value.n) {
		const char *at = value.n > 1 && *value.p == '\\' && value.p[1]
					 ? strchr(letters, value.p[1])
					 : NULL;
		size_t used = 1;

		if (at) {
			buf_char(out, bytes[at - letters]);
			used = 2;
		} else if (*value.p == '\\' && unescape_code(value, out)) {
			used = 6;
		} else {
			buf_char(out, *value.p);
		}
		value = slice_of(value.p + used, value.n - used);
	}
}
