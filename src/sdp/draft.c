/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Drafts of sections: lines put where the grammar has them (RFC 8866 section 9). */
#include "sdp/draft.h"

#include <errno.h>

static bool keep_error(struct sdp_draft *draft, int err)
{
	if (err && !draft->err)
		draft->err = err;
	return draft->err != 0;
}

/* RFC 8866 9, byte-string. What comes from a peer (names of files) may hold anything. */
static bool is_one_line(const char *p, size_t n)
{
	return !n || (!memchr(p, '\0', n) && !memchr(p, '\r', n) && !memchr(p, '\n', n));
}

static bool is_word(struct slice s)
{
	return s.n && is_one_line(s.p, s.n) && !memchr(s.p, ' ', s.n) && !memchr(s.p, '\t', s.n);
}

void sdp_draft_init(struct sdp_draft *draft)
{
	*draft = (struct sdp_draft){.err = 0};
	buf_init(&draft->text, SDP_MAX_TEXT);
}

void sdp_draft_free(struct sdp_draft *draft)
{
	buf_free(&draft->text);
	sdp_draft_init(draft);
}

/* Make a gap of n bytes at an offset. NULL, with the error kept, without memory. */
static char *open_gap(struct sdp_draft *draft, size_t at, size_t n)
{
	struct buf *b = &draft->text;

	if (draft->err || keep_error(draft, buf_reserve(b, n)))
		return NULL;
	if (at < b->n)
		memmove(b->p + at + n, b->p + at, b->n - at);
	b->n += n;
	return b->p + at;
}

/* Forget the text and begin an m-line, open for formats. */
static void begin_media(
	struct sdp_draft *draft, struct slice media, unsigned port, struct slice proto)
{
	buf_reset(&draft->text);
	draft->err = 0;
	draft->formats_end = 0;
	if (keep_error(draft, is_word(media) && is_word(proto) && port <= UINT16_MAX ? 0 : -EINVAL))
		return;
	buf_str(&draft->text, "m=");
	buf_slice(&draft->text, media);
	buf_char(&draft->text, ' ');
	buf_u64(&draft->text, port);
	buf_char(&draft->text, ' ');
	buf_slice(&draft->text, proto);
	draft->formats_end = draft->text.n;
	buf_str(&draft->text, "\r\n");
	keep_error(draft, draft->text.err);
}

void sdp_draft_media(struct sdp_draft *draft, const char *media, unsigned port, const char *proto)
{
	begin_media(draft, slice_str(media), port, slice_str(proto));
}

void sdp_draft_disabled(struct sdp_draft *draft, const struct sdp_media *of)
{
	struct slice rest = of->formats, word;

	begin_media(draft, of->media, 0, of->proto);
	if (!rest.n)
		sdp_draft_format(draft, SLICE("0"));
	while (sdp_next_word(&rest, &word))
		sdp_draft_format(draft, word);
}

void sdp_draft_copy(struct sdp_draft *draft, const struct sdp_media *of)
{
	ptrdiff_t end;

	buf_reset(&draft->text);
	draft->formats_end = 0;
	draft->err = 0;
	sdp_write_media(of, &draft->text);
	if (keep_error(draft, draft->text.err))
		return;
	end = slice_find(sdp_draft_text(draft), '\r');
	draft->formats_end = end > 0 ? (size_t)end : 0;
}

void sdp_draft_format(struct sdp_draft *draft, struct slice format)
{
	char *gap;

	if (keep_error(draft, draft->formats_end && is_word(format) ? 0 : -EINVAL))
		return;
	gap = open_gap(draft, draft->formats_end, format.n + 1);
	if (!gap)
		return;
	gap[0] = ' ';
	memcpy(gap + 1, format.p, format.n);
	draft->formats_end += format.n + 1;
}

void sdp_draft_payload(struct sdp_draft *draft, unsigned payload)
{
	char digits[3];
	size_t i = sizeof digits;

	if (keep_error(draft, payload <= 127 ? 0 : -EINVAL))
		return;
	do {
		digits[--i] = (char)('0' + payload % 10);
		payload /= 10;
	} while (payload);
	sdp_draft_format(draft, slice_of(digits + i, sizeof digits - i));
}

/* The lines behind the m-line, if there is one. */
static struct slice lines_of(const struct sdp_draft *draft)
{
	size_t at = draft->formats_end ? draft->formats_end + 2 : 0;

	return slice_of(draft->text.p + at, draft->text.n - at);
}

/* Where a line of this type goes: behind the last one that may stand before it. */
static size_t place_of(const struct sdp_draft *draft, char type)
{
	bool in_media = draft->formats_end > 0;
	unsigned rank = sdp_line_rank(type, in_media), at_rank = 0;
	struct slice rest, line;
	size_t place = draft->text.n;

	if (rank == 0 || draft->text.n == 0)
		return place;
	rest = lines_of(draft);
	place -= rest.n;
	while (slice_cut(&rest, '\n', &line)) {
		unsigned own = sdp_line_rank(line.p[0], in_media);

		at_rank = own ? own : at_rank;
		if (at_rank <= rank)
			place = draft->text.n - rest.n;
	}
	return place;
}

void sdp_draft_line(struct sdp_draft *draft, char type, struct slice value)
{
	bool good = ascii_lower(type) >= 'a' && ascii_lower(type) <= 'z' && type != 'm' &&
		    is_one_line(value.p, value.n);
	char *gap;

	if (keep_error(draft, good ? 0 : -EINVAL))
		return;
	gap = open_gap(draft, place_of(draft, type), value.n + 4);
	if (!gap)
		return;
	*gap++ = type;
	*gap++ = '=';
	if (value.n)
		memcpy(gap, value.p, value.n);
	memcpy(gap + value.n, "\r\n", 2);
}

bool sdp_draft_has_line(const struct sdp_draft *draft, char type)
{
	struct slice rest, line;

	if (!draft->text.n)
		return false;
	rest = lines_of(draft);
	while (slice_cut(&rest, '\n', &line)) {
		if (line.p[0] == type)
			return true;
	}
	return false;
}

void sdp_draft_connection(struct sdp_draft *draft, struct slice address)
{
	char value[96];
	struct buf b;

	if (keep_error(draft, is_word(address) && address.n < 80 ? 0 : -EINVAL))
		return;
	/* A buffer on the stack: as large as it may become, it is never reallocated. */
	b = (struct buf){.p = value, .cap = sizeof value, .max = sizeof value};
	buf_str(&b, slice_find(address, ':') >= 0 ? "IN IP6 " : "IN IP4 ");
	buf_slice(&b, address);
	sdp_draft_line(draft, 'c', buf_view(&b));
}

void sdp_draft_bandwidth(struct sdp_draft *draft, const char *type, unsigned value)
{
	char text[64];
	struct buf b = {.p = text, .cap = sizeof text, .max = sizeof text};

	buf_str(&b, type);
	buf_char(&b, ':');
	buf_u64(&b, value);
	if (!keep_error(draft, b.err))
		sdp_draft_line(draft, 'b', buf_view(&b));
}

void sdp_draft_flag(struct sdp_draft *draft, const char *name)
{
	sdp_draft_line(draft, 'a', slice_str(name));
}

void sdp_draft_attribute(struct sdp_draft *draft, const char *name, const char *format, ...)
{
	struct buf *b = &draft->text;
	size_t start = b->n;
	va_list ap;

	if (draft->err)
		return;
	/* Attributes come last in either part: this line goes to the end. */
	buf_str(b, "a=");
	buf_str(b, name);
	buf_char(b, ':');
	va_start(ap, format);
	buf_vprintf(b, format, ap);
	va_end(ap);
	if (!b->err && !is_one_line(b->p + start, b->n - start))
		draft->err = -EINVAL;
	buf_str(b, "\r\n");
	if (keep_error(draft, b->err))
		b->n = start;
}

void sdp_draft_direction(struct sdp_draft *draft, enum sdp_direction direction)
{
	sdp_draft_flag(draft, sdp_direction_name(direction));
}
