/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Writing SIP messages (RFC 3261 section 7). */
#include "sip/message_write.h"

#include <errno.h>

#include "sip/lex.h"
#include "sip/message.h"

static void refuse(struct buf *out)
{
	if (!out->err)
		out->err = -EINVAL;
}

static bool has_line_end(struct slice s)
{
	return slice_find(s, '\r') >= 0 || slice_find(s, '\n') >= 0;
}

/* Whether value begins with CR, LF and a blank. */
static bool begins_fold(struct slice value)
{
	return value.n > 2 && value.p[0] == '\r' && value.p[1] == '\n' &&
	       (value.p[2] == ' ' || value.p[2] == '\t');
}

/* RFC 3261 7.3.1: a fold is one blank. */
void sip_write_value(struct buf *out, struct slice value)
{
	if (!has_line_end(value)) {
		buf_slice(out, value);
		return;
	}
	while (value.n && !out->err) {
		if (begins_fold(value)) {
			buf_char(out, ' ');
			lex_drop(&value, 3);
		} else if (*value.p == '\r' || *value.p == '\n') {
			refuse(out);
		} else {
			buf_char(out, *value.p);
			lex_drop(&value, 1);
		}
	}
}

void sip_write_request(struct buf *out, struct slice method, struct slice uri)
{
	if (!sip_is_token(method) || !lex_all(uri, LEX_URI))
		refuse(out);
	buf_slice(out, method);
	buf_char(out, ' ');
	buf_slice(out, uri);
	buf_str(out, " SIP/2.0\r\n");
}

void sip_write_status(struct buf *out, unsigned status, const char *reason)
{
	struct slice phrase = slice_str(reason ? reason : sip_reason_phrase(status));

	if (status < 100 || status > 699 || has_line_end(phrase))
		refuse(out);
	buf_str(out, "SIP/2.0 ");
	buf_u64(out, status);
	buf_char(out, ' ');
	buf_slice(out, phrase);
	buf_str(out, "\r\n");
}

static void write_name(struct buf *out, struct slice name)
{
	buf_slice(out, name);
	buf_str(out, ": ");
}

void sip_write_header(struct buf *out, enum sip_header_id id, struct slice value)
{
	sip_write_header_named(out, sip_header_name(id), value);
}

void sip_write_header_str(struct buf *out, enum sip_header_id id, const char *value)
{
	sip_write_header(out, id, slice_str(value));
}

void sip_write_header_u32(struct buf *out, enum sip_header_id id, uint32_t value)
{
	write_name(out, sip_header_name(id));
	buf_u64(out, value);
	buf_str(out, "\r\n");
}

void sip_write_header_named(struct buf *out, struct slice name, struct slice value)
{
	if (!sip_is_token(name))
		refuse(out);
	write_name(out, name);
	sip_write_value(out, value);
	buf_str(out, "\r\n");
}

void sip_write_header_f(struct buf *out, enum sip_header_id id, const char *format, ...)
{
	size_t start;
	va_list ap;

	write_name(out, sip_header_name(id));
	start = out->n;
	va_start(ap, format);
	buf_vprintf(out, format, ap);
	va_end(ap);
	if (!out->err && has_line_end(slice_of(out->p + start, out->n - start)))
		refuse(out);
	buf_str(out, "\r\n");
}

void sip_write_copy(struct buf *out, const struct sip_msg *msg, enum sip_header_id id)
{
	const struct sip_header *h = NULL;

	while ((h = sip_msg_next(msg, id, h)))
		sip_write_header(out, id, h->value);
}

void sip_write_lines(struct buf *out, struct slice lines)
{
	while (lines.n) {
		ptrdiff_t end = slice_find(lines, '\n');
		struct slice line = slice_of(lines.p, end < 1 ? 0 : (size_t)end - 1);
		struct slice rest = line;

		if (end < 1 || line.p[line.n] != '\r' || lex_run(&rest, LEX_TOKEN).n == 0 ||
			!lex_separator(&rest, ':') || has_line_end(line)) {
			refuse(out);
			return;
		}
		buf_slice(out, line);
		buf_str(out, "\r\n");
		lex_drop(&lines, (size_t)end + 1);
	}
}

void sip_write_cseq(struct buf *out, uint32_t number, struct slice method)
{
	if (!sip_is_token(method))
		refuse(out);
	write_name(out, sip_header_name(SIP_HDR_CSEQ));
	buf_u64(out, number);
	buf_char(out, ' ');
	buf_slice(out, method);
	buf_str(out, "\r\n");
}

void sip_write_quoted(struct buf *out, struct slice text)
{
	if (has_line_end(text))
		refuse(out);
	buf_char(out, '"');
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] == '"' || text.p[i] == '\\')
			buf_char(out, '\\');
		buf_char(out, text.p[i]);
	}
	buf_char(out, '"');
}

void sip_write_end(struct buf *out, struct slice type, struct slice body)
{
	if (type.n)
		sip_write_header(out, SIP_HDR_CONTENT_TYPE, type);
	else
		body = SLICE_NONE;
	write_name(out, sip_header_name(SIP_HDR_CONTENT_LENGTH));
	buf_u64(out, body.n);
	buf_str(out, "\r\n\r\n");
	buf_slice(out, body);
}
