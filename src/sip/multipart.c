/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Multipart bodies (RFC 2046 5.1, RFC 5621). */
#include "sip/multipart.h"

#include <errno.h>
#include <string.h>

#include "sip/field.h"

enum { BOUNDARY_MAX = 70 }; /* RFC 2046 5.1.1 */

struct search {
	struct slice wanted;
	unsigned parts;
	bool not_understood;
};

static int find(
	struct search *search, struct sip_part *whole, unsigned depth, struct sip_part *found);

/* Cut one line off *s, without its end. False when there is none. */
static bool cut_line(struct slice *s, struct slice *line)
{
	if (!slice_cut(s, '\n', line))
		return false;
	if (line->n && line->p[line->n - 1] == '\r')
		line->n--;
	return true;
}

static bool boundary_of(struct slice params, struct slice *boundary)
{
	if (!sip_param(params, "boundary", boundary))
		return false;
	if (boundary->n >= 2 && boundary->p[0] == '"')
		*boundary = slice_of(boundary->p + 1, boundary->n - 2);
	return boundary->n > 0 && boundary->n <= BOUNDARY_MAX;
}

/* Whether the line is the boundary's; last: the one that ends the body. Blanks may follow. */
static bool is_boundary(struct slice line, struct slice boundary, bool *last)
{
	if (line.n < boundary.n + 2 || memcmp(line.p, "--", 2) != 0 ||
		memcmp(line.p + 2, boundary.p, boundary.n) != 0)
		return false;
	line = slice_trim(slice_of(line.p + boundary.n + 2, line.n - boundary.n - 2));
	*last = slice_eq(line, SLICE("--"));
	return *last || line.n == 0;
}

/*
 * Cut *rest at the next line of the boundary; what stands before it, without the line end that
 * belongs to it, goes to *before. False when there is none.
 */
static bool cut_at_boundary(
	struct slice *rest, struct slice boundary, struct slice *before, bool *last)
{
	const char *start = rest->p;
	struct slice line;

	while (cut_line(rest, &line)) {
		if (!is_boundary(line, boundary, last))
			continue;
		*before = slice_of(start, (size_t)(line.p - start));
		if (before->n && before->p[before->n - 1] == '\n')
			before->n--;
		if (before->n && before->p[before->n - 1] == '\r')
			before->n--;
		return true;
	}
	return false;
}

static void take_header(struct sip_part *part, struct slice line)
{
	struct slice name, value = line;

	slice_cut(&value, ':', &name);
	name = slice_trim(name);
	value = slice_trim(value);
	if (slice_eq_nocase(name, SLICE("Content-Type")))
		part->type = value;
	else if (slice_eq_nocase(name, SLICE("Content-Disposition")))
		part->disposition = value;
	else if (slice_eq_nocase(name, SLICE("Content-Transfer-Encoding")))
		part->encoding = value;
}

/* A header field that goes on in the next line is one slice, which sip_param_next walks. */
static void read_part(struct slice text, struct sip_part *part)
{
	struct slice field = SLICE_NONE, line;

	*part = (struct sip_part){.type = SLICE("text/plain")};
	while (cut_line(&text, &line) && line.n) {
		if (field.n && (line.p[0] == ' ' || line.p[0] == '\t')) {
			field.n = (size_t)(line.p + line.n - field.p);
			continue;
		}
		take_header(part, field);
		field = line;
	}
	take_header(part, field);
	part->body = text;
}

/* RFC 5621 5.3: required unless it says otherwise; only what says so aloud is taken seriously. */
static bool is_required(const struct sip_part *part)
{
	struct sip_word_params disposition;
	struct slice handling;

	return part->disposition.n && sip_word_params_parse(part->disposition, &disposition) == 0 &&
	       sip_param(disposition.params, "handling", &handling) &&
	       slice_eq_nocase(handling, SLICE("required"));
}

static bool is_encoded(const struct sip_part *part)
{
	return part->encoding.n && !slice_eq_nocase(part->encoding, SLICE("binary")) &&
	       !slice_eq_nocase(part->encoding, SLICE("8bit")) &&
	       !slice_eq_nocase(part->encoding, SLICE("7bit"));
}

static int find_in_parts(struct search *search, struct slice body, struct slice boundary,
	bool alternative, unsigned depth, struct sip_part *found)
{
	struct slice before;
	int result = -ENOENT;
	bool last;

	if (!cut_at_boundary(&body, boundary, &before, &last)) /* the preamble */
		return -EBADMSG;
	while (!last) {
		struct sip_part part, inner;
		int err;

		if (!cut_at_boundary(&body, boundary, &before, &last) ||
			++search->parts > SIP_MULTIPART_PARTS)
			return -EBADMSG;
		read_part(before, &part);
		err = find(search, &part, depth + 1, &inner);
		if (err == -EBADMSG || err == -ENOTSUP)
			return err;
		if (err == 0 && (result < 0 || alternative)) {
			*found = inner;
			result = 0;
		} else if (err == -ENOENT && !alternative && is_required(&part)) {
			search->not_understood = true;
		}
	}
	return result;
}

static int find(
	struct search *search, struct sip_part *whole, unsigned depth, struct sip_part *found)
{
	struct sip_word_params type;
	struct slice boundary;

	if (sip_word_params_parse(whole->type, &type) < 0)
		return -ENOENT;
	if (slice_eq_nocase(type.word, search->wanted)) {
		*found = *whole;
		return is_encoded(whole) ? -ENOTSUP : 0;
	}
	if (!slice_starts_nocase(type.word, SLICE("multipart/")))
		return -ENOENT;
	if (depth >= SIP_MULTIPART_DEPTH || !boundary_of(type.params, &boundary))
		return -EBADMSG;
	return find_in_parts(search, whole->body, boundary,
		slice_eq_nocase(type.word, SLICE("multipart/alternative")), depth, found);
}

int sip_multipart_find(
	struct slice type, struct slice body, struct slice wanted, struct sip_part *part)
{
	struct search search = {.wanted = wanted};
	struct sip_part whole = {.type = type, .body = body}, found;
	int err = find(&search, &whole, 0, &found);

	if (err == 0 && search.not_understood)
		return -ENOTSUP;
	if (err == 0)
		*part = found;
	return err;
}
