/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Session descriptions: parser and writer (RFC 8866 sections 5 and 9).
 *
 * The parser makes two passes: the first counts lines and m-lines, so that the description, its
 * text and its tables are one block of known size; the second fills them.
 */
#include "sdp/sdp.h"

#include <errno.h>

#include "core/mem.h"

/* Order of lines by section 9. t=, r= and z= share a rank: they stay as they come. */
#define RANK_TIME 9
#define RANK_LAST 11

struct parser {
	struct sdp *sdp;
	struct sdp_media *media;
	struct sdp_line *lines; /* the next free one */
	struct sdp_section *section;
	struct slice rest;
	unsigned line;
	struct sdp_error *error;
};

static int fail(struct parser *p, int err, const char *reason)
{
	if (p->error)
		*p->error = (struct sdp_error){.line = p->line, .reason = reason};
	return err;
}

unsigned sdp_line_rank(char type, bool in_media)
{
	switch (type) {
	case 'i':
		return 4;
	case 'c':
		return 7;
	case 'b':
		return 8;
	case 'k':
		return 10;
	case 'a':
		return RANK_LAST;
	default:
		break;
	}
	if (in_media)
		return 0;
	switch (type) {
	case 'v':
		return 1;
	case 'o':
		return 2;
	case 's':
		return 3;
	case 'u':
		return 5;
	case 'e':
	case 'p':
		return 6;
	case 't':
	case 'r':
	case 'z':
		return RANK_TIME;
	default:
		return 0;
	}
}

/* Take the next line, without its end. Both CRLF and LF end one (RFC 8866 5). */
static bool next_line(struct slice *rest, struct slice *line)
{
	if (!slice_cut(rest, '\n', line))
		return false;
	if (line->n && line->p[line->n - 1] == '\r')
		line->n--;
	return true;
}

static bool is_media_line(struct slice line)
{
	return line.n >= 2 && line.p[0] == 'm' && line.p[1] == '=';
}

static int count_lines(struct parser *p, size_t *n_lines, size_t *n_media)
{
	struct slice rest = p->rest, line;
	unsigned in_section = 0;

	*n_lines = *n_media = 0;
	for (p->line = 1; next_line(&rest, &line); p->line++) {
		if (line.n == 0)
			continue;
		if (is_media_line(line)) {
			if (++*n_media > SDP_MAX_MEDIA)
				return fail(p, -E2BIG, "too many m-lines");
			in_section = 0;
			continue;
		}
		if (++in_section > SDP_MAX_LINES)
			return fail(p, -E2BIG, "too many lines in one section");
		++*n_lines;
	}
	return 0;
}

/* One block: the object, its media sections, their lines, and the text. */
static int allocate(struct parser *p, size_t n_lines, size_t n_media)
{
	size_t media_at = sizeof(struct sdp);
	size_t lines_at = media_at + n_media * sizeof(struct sdp_media);
	size_t text_at = lines_at + n_lines * sizeof(struct sdp_line);
	char *block = obj_new(text_at + p->rest.n, NULL);

	if (!block)
		return -ENOMEM;
	memcpy(block + text_at, p->rest.p, p->rest.n);
	p->sdp = (struct sdp *)(void *)block;
	p->media = (struct sdp_media *)(void *)(block + media_at);
	p->lines = (struct sdp_line *)(void *)(block + lines_at);
	p->rest.p = block + text_at;
	p->sdp->text = p->rest;
	p->sdp->media = p->media;
	p->section = &p->sdp->session;
	p->section->lines = p->lines;
	return 0;
}

/* Cut the last word off a list separated by blanks. */
static bool last_word(struct slice *rest, struct slice *word)
{
	size_t i;

	*rest = slice_trim(*rest);
	for (i = rest->n; i > 0 && rest->p[i - 1] != ' '; i--)
		;
	*word = slice_of(rest->p + i, rest->n - i);
	rest->n = i;
	return word->n > 0;
}

/* 5.2. Read from its end, because some clients put a name with blanks in front. */
static int parse_origin(struct parser *p, struct slice value)
{
	struct sdp_origin *o = &p->sdp->origin;

	if (o->address.n)
		return fail(p, -EINVAL, "a second o= line");
	if (!last_word(&value, &o->address) || !last_word(&value, &o->addrtype) ||
		!last_word(&value, &o->nettype) || !last_word(&value, &o->version) ||
		!last_word(&value, &o->id))
		return fail(p, -EINVAL, "o= line with less than six fields");
	o->username = slice_trim(value);
	if (o->username.n == 0)
		return fail(p, -EINVAL, "o= line with less than six fields");
	return 0;
}

static int parse_port(struct parser *p, struct slice word, struct sdp_media *m)
{
	struct slice port;
	uint32_t v, n = 1;
	bool several = slice_find(word, '/') >= 0;

	slice_cut(&word, '/', &port);
	if (slice_u32(port, UINT16_MAX, &v) < 0)
		return fail(p, -EINVAL, "port of the m-line is no number up to 65535");
	if (several && (slice_u32(word, UINT16_MAX, &n) < 0 || n == 0))
		return fail(p, -EINVAL, "number of ports is not from 1 to 65535");
	m->port = (uint16_t)v;
	m->n_ports = (uint16_t)n;
	return 0;
}

/* 5.14. Formats may only be missing where nothing is to be sent. */
static int parse_media(struct parser *p, struct slice line)
{
	struct sdp_media *m = &p->media[p->sdp->n_media];
	struct slice rest = slice_of(line.p + 2, line.n - 2), port, word;
	unsigned n_formats = 0;
	int err;

	m->sdp = p->sdp;
	m->index = p->sdp->n_media++;
	m->text = slice_of(line.p, 0);
	if (!sdp_next_word(&rest, &m->media) || !sdp_next_word(&rest, &port) ||
		!sdp_next_word(&rest, &m->proto))
		return fail(p, -EINVAL, "m-line without media, port and transport");
	err = parse_port(p, port, m);
	if (err)
		return err;
	m->formats = slice_trim(rest);
	for (rest = m->formats; sdp_next_word(&rest, &word); n_formats++)
		;
	if (n_formats > SDP_MAX_FORMATS)
		return fail(p, -E2BIG, "too many formats on one m-line");
	if (n_formats == 0 && m->port)
		return fail(p, -EINVAL, "m-line without formats");
	p->section = &m->section;
	p->section->lines = p->lines;
	return 0;
}

static int parse_session_line(struct parser *p, const struct sdp_line *line)
{
	if (p->sdp->session.n == 1 && line->type != 'v')
		return fail(p, -EINVAL, "does not begin with v=0");
	switch (line->type) {
	case 'v':
		if (p->sdp->session.n != 1)
			return fail(p, -EINVAL, "a second v= line");
		if (!slice_eq(slice_trim(line->value), SLICE("0")))
			return fail(p, -EINVAL, "version is not 0");
		return 0;
	case 'o':
		return parse_origin(p, line->value);
	case 's':
		if (!p->sdp->name.n)
			p->sdp->name = line->value;
		return 0;
	default:
		return 0;
	}
}

static int parse_line(struct parser *p, struct slice text)
{
	struct sdp_line *line;

	/* RFC 8866 9, byte-string: none of NUL, CR, LF; they would make new lines when written. */
	if (memchr(text.p, '\0', text.n) || memchr(text.p, '\r', text.n))
		return fail(p, -EINVAL, "NUL or CR within a line");
	if (text.n < 2 || text.p[1] != '=' || ascii_lower(text.p[0]) < 'a' ||
		ascii_lower(text.p[0]) > 'z')
		return fail(p, -EINVAL, "not of the form x=value");
	if (is_media_line(text)) {
		/* The description begins before its media. */
		if (p->sdp->session.n == 0)
			return fail(p, -EINVAL, "does not begin with v=0");
		return parse_media(p, text);
	}
	line = p->lines++;
	p->section->n++;
	line->type = text.p[0];
	line->value = slice_of(text.p + 2, text.n - 2);
	if (line->type == 'a')
		slice_cut(&line->value, ':', &line->name);
	return p->section == &p->sdp->session ? parse_session_line(p, line) : 0;
}

static int parse_lines(struct parser *p)
{
	struct sdp_media *m = NULL;
	struct slice line;
	int err;

	for (p->line = 1; next_line(&p->rest, &line); p->line++) {
		if (line.n == 0)
			continue;
		err = parse_line(p, line);
		if (err)
			return err;
		if (p->sdp->n_media) {
			m = &p->media[p->sdp->n_media - 1];
			m->text.n = (size_t)(p->rest.p - m->text.p);
		}
	}
	p->line = 0;
	if (p->sdp->session.n == 0)
		return fail(p, -EINVAL, "empty");
	if (!p->sdp->origin.address.n)
		return fail(p, -EINVAL, "no o= line");
	return 0;
}

int sdp_parse(struct slice text, struct sdp **sdp, struct sdp_error *error)
{
	struct parser p = {.rest = text, .error = error};
	size_t n_lines, n_media;
	int err;

	*sdp = NULL;
	if (text.n == 0) {
		err = fail(&p, -EINVAL, "empty");
		goto out;
	}
	if (text.n > SDP_MAX_TEXT) {
		err = fail(&p, -E2BIG, "longer than 64 KB");
		goto out;
	}
	err = count_lines(&p, &n_lines, &n_media);
	if (err)
		goto out;
	p.line = 0;
	err = allocate(&p, n_lines, n_media);
	if (err) {
		fail(&p, err, "no memory");
		goto out;
	}
	err = parse_lines(&p);
	if (err)
		goto out;
	*sdp = p.sdp;
	p.sdp = NULL;
out:
	obj_unref(p.sdp);
	return err;
}

static void write_line(const struct sdp_line *line, struct buf *out)
{
	buf_char(out, line->type);
	buf_char(out, '=');
	if (line->type == 'a') {
		buf_slice(out, line->name);
		/* The value begins right behind the name when there was no colon. */
		if (line->value.p > line->name.p + line->name.n)
			buf_char(out, ':');
	}
	buf_slice(out, line->value);
	buf_str(out, "\r\n");
}

/* The lines of one rank; a line of unknown type has that of the line before it. */
static void write_rank(
	const struct sdp_section *section, bool in_media, unsigned rank, struct buf *out)
{
	unsigned effective = 0;

	for (unsigned i = 0; i < section->n; i++) {
		const struct sdp_line *line = &section->lines[i];
		unsigned own = sdp_line_rank(line->type, in_media);

		effective = own ? own : effective;
		if (effective != rank)
			continue;
		if (line->type == 's' && !in_media && slice_trim(line->value).n == 0)
			buf_str(out, "s=-\r\n"); /* 5.3: never empty */
		else
			write_line(line, out);
	}
}

void sdp_write_media(const struct sdp_media *media, struct buf *out)
{
	struct slice rest = media->formats, word;

	buf_str(out, "m=");
	buf_slice(out, media->media);
	buf_char(out, ' ');
	buf_u64(out, media->port);
	if (media->n_ports != 1) {
		buf_char(out, '/');
		buf_u64(out, media->n_ports);
	}
	buf_char(out, ' ');
	buf_slice(out, media->proto);
	/* The grammar wants a format even where it means nothing. */
	if (!media->formats.n)
		buf_str(out, " 0");
	while (sdp_next_word(&rest, &word)) {
		buf_char(out, ' ');
		buf_slice(out, word);
	}
	buf_str(out, "\r\n");
	for (unsigned rank = 0; rank <= RANK_LAST; rank++)
		write_rank(&media->section, true, rank, out);
}

void sdp_write(const struct sdp *sdp, struct buf *out)
{
	bool has_name = sdp_next_line(&sdp->session, 's', NULL);
	bool has_time = sdp_next_line(&sdp->session, 't', NULL);

	for (unsigned rank = 1; rank <= RANK_LAST; rank++) {
		if (rank == RANK_TIME && !has_time)
			buf_str(out, "t=0 0\r\n");
		write_rank(&sdp->session, false, rank, out);
		if (rank == 2 && !has_name)
			buf_str(out, "s=-\r\n");
	}
	for (unsigned i = 0; i < sdp->n_media; i++)
		sdp_write_media(&sdp->media[i], out);
}
