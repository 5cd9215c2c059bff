/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Comma lists, parameters and quoted strings (RFC 3261 7.3.1, 25.1). */
#include "sip/field.h"

#include <errno.h>

#include "sip/lex.h"

/* Offset of the first comma of s outside "" and <>, or its length. */
static size_t element_end(struct slice s)
{
	struct slice quoted, rest = s;
	ptrdiff_t at;

	while (rest.n) {
		switch (*rest.p) {
		case ',':
			return s.n - rest.n;
		case '"':
			/* What has no end takes all; whoever parses the element refuses it. */
			if (!lex_quoted(&rest, &quoted))
				return s.n;
			break;
		case '<':
			at = slice_find(rest, '>');
			if (at < 0)
				return s.n;
			lex_drop(&rest, (size_t)at);
			break;
		default:
			lex_drop(&rest, 1);
		}
	}
	return s.n;
}

bool sip_list_next(struct slice *rest, struct slice *element)
{
	while (rest->n) {
		size_t end = element_end(*rest);

		*element = slice_trim(slice_of(rest->p, end));
		lex_drop(rest, end < rest->n ? end + 1 : end);
		if (element->n)
			return true;
	}
	*element = SLICE_NONE;
	return false;
}

/* gen-value, or a quoted string with its quotes (RFC 3261 25.1 generic-param). */
static int param_value(struct slice *rest, struct slice *value)
{
	if (rest->n && *rest->p == '"')
		return lex_quoted(rest, value) ? 0 : -EINVAL;
	*value = lex_run(rest, LEX_VALUE);
	return 0;
}

/* One "name[=value]" off the front of *rest, and the separator behind it. */
static int next_param(struct slice *rest, char separator, struct slice *name, struct slice *value)
{
	int err;

	lex_skip_blanks(rest);
	*name = *value = SLICE_NONE;
	if (rest->n == 0)
		return 0;
	*name = lex_run(rest, LEX_TOKEN);
	if (name->n == 0)
		return -EINVAL;
	if (lex_separator(rest, '=')) {
		err = param_value(rest, value);
		if (err)
			return err;
	}
	/* A separator with nothing behind it is malformed (RFC 4475 3.1.2.1). */
	if (lex_separator(rest, separator))
		return rest->n ? 1 : -EINVAL;
	lex_skip_blanks(rest);
	return rest->n ? -EINVAL : 1;
}

int sip_param_next(struct slice *rest, struct slice *name, struct slice *value)
{
	return next_param(rest, ';', name, value);
}

static bool find_param(struct slice rest, char separator, const char *wanted, struct slice *value)
{
	struct slice name, found;

	while (next_param(&rest, separator, &name, &found) > 0) {
		if (slice_eq_nocase(name, slice_str(wanted))) {
			if (value)
				*value = found;
			return true;
		}
	}
	return false;
}

bool sip_param(struct slice params, const char *name, struct slice *value)
{
	return find_param(params, ';', name, value);
}

bool sip_auth_param(const struct sip_auth *auth, const char *name, struct slice *value)
{
	return find_param(auth->params, ',', name, value);
}

void sip_unquote(struct slice s, struct buf *out)
{
	if (s.n < 2 || s.p[0] != '"' || s.p[s.n - 1] != '"') {
		buf_slice(out, s);
		return;
	}
	for (size_t i = 1; i < s.n - 1; i++) {
		if (s.p[i] == '\\' && i + 1 < s.n - 1)
			i++;
		buf_char(out, s.p[i]);
	}
}

bool sip_is_token(struct slice s)
{
	return lex_all(s, LEX_TOKEN);
}
