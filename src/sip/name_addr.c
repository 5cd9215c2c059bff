/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Addresses in header fields: name-addr and addr-spec with parameters (RFC 3261 20.10, 25.1). */
#include <errno.h>

#include "sip/field.h"
#include "sip/lex.h"

/*
 * The display name in front of "<", if that is what s begins with; *s then begins with "<". Returns
 * 1 for a name-addr, 0 for an addr-spec (*s unchanged), -EINVAL.
 */
static int parse_display(struct slice *s, struct slice *display)
{
	struct slice t = *s;

	if (*t.p == '"') {
		if (!lex_quoted(&t, display))
			return -EINVAL;
		lex_skip_blanks(&t);
		if (t.n == 0 || *t.p != '<')
			return -EINVAL;
	} else {
		/* Token and blanks; also without a blank before "<" (RFC 4475 3.1.1.6). */
		lex_run(&t, LEX_NAME | LEX_BLANK);
		if (t.n == 0 || *t.p != '<')
			return 0;
		*display = slice_trim(slice_of(s->p, s->n - t.n));
	}
	*s = t;
	return 1;
}

static int parse_bracketed(struct slice *s, struct slice *uri_text)
{
	lex_drop(s, 1);
	*uri_text = lex_run(s, LEX_URI);
	if (s->n == 0 || *s->p != '>')
		return -EINVAL;
	lex_drop(s, 1);
	return 0;
}

/*
 * A URI with a comma, question mark or semicolon has to stand in <> (RFC 3261 20.10), so without
 * them the first semicolon ends it.
 */
static int parse_bare(struct slice *s, struct slice *uri_text)
{
	size_t n = 0;

	for (; n < s->n && s->p[n] != ';' && lex_is(s->p[n], LEX_URI); n++) {
		if (s->p[n] == '?' || s->p[n] == ',')
			return -EINVAL;
	}
	*uri_text = slice_of(s->p, n);
	lex_drop(s, n);
	return 0;
}

static int parse_params(struct slice s, struct sip_name_addr *addr)
{
	struct slice name, value;
	int more;

	if (!lex_separator(&s, ';')) {
		lex_skip_blanks(&s);
		return s.n ? -EINVAL : 0;
	}
	if (s.n == 0)
		return -EINVAL;
	addr->params = s;
	while ((more = sip_param_next(&s, &name, &value)) > 0) {
		if (addr->tag.n == 0 && slice_eq_nocase(name, SLICE("tag")))
			addr->tag = value;
	}
	return more;
}

int sip_name_addr_parse(struct slice element, struct sip_name_addr *addr)
{
	struct slice s = slice_trim(element);
	int err;

	*addr = (struct sip_name_addr){0};
	if (s.n == 0)
		return -EINVAL;
	if (slice_eq(s, SLICE("*"))) {
		addr->star = true;
		addr->uri_text = s;
		return 0;
	}
	err = parse_display(&s, &addr->display);
	if (err < 0)
		return err;
	err = err ? parse_bracketed(&s, &addr->uri_text) : parse_bare(&s, &addr->uri_text);
	if (err)
		return err;
	err = uri_parse(addr->uri_text, &addr->uri);
	return err ? err : parse_params(s, addr);
}
