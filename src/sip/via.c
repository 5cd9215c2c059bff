/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Via (RFC 3261 20.42, RFC 3581). */
#include <errno.h>

#include "sip/field.h"
#include "sip/lex.h"

/* sent-protocol: the version is not looked at, so that a 505 finds its way (RFC 4475 3.1.2.16). */
static int parse_protocol(struct slice *s, struct sip_via *via)
{
	if (lex_run(s, LEX_TOKEN).n == 0 || !lex_separator(s, '/'))
		return -EINVAL;
	if (lex_run(s, LEX_TOKEN).n == 0 || !lex_separator(s, '/'))
		return -EINVAL;
	via->transport = lex_run(s, LEX_TOKEN);
	if (via->transport.n == 0 || s->n == 0 || !lex_is(*s->p, LEX_BLANK))
		return -EINVAL;
	lex_skip_blanks(s);
	return 0;
}

static int parse_port(struct slice digits, uint16_t *port)
{
	uint32_t number;

	if (slice_u32(digits, UINT16_MAX, &number) < 0 || number == 0)
		return -EINVAL;
	*port = (uint16_t)number;
	return 0;
}

static int parse_sent_by(struct slice *s, struct sip_via *via)
{
	if (s->n && *s->p == '[') {
		ptrdiff_t end = slice_find(*s, ']');

		if (end < 2)
			return -EINVAL;
		via->host = slice_of(s->p, (size_t)end + 1);
		for (ptrdiff_t i = 1; i < end; i++) {
			if (!lex_is(s->p[i], LEX_HOST) && s->p[i] != ':')
				return -EINVAL;
		}
		lex_drop(s, (size_t)end + 1);
	} else {
		via->host = lex_run(s, LEX_HOST);
	}
	if (via->host.n == 0)
		return -EINVAL;
	return lex_separator(s, ':') ? parse_port(lex_run(s, LEX_HOST), &via->port) : 0;
}

static int parse_param(struct slice name, struct slice value, struct sip_via *via)
{
	uint32_t ttl;

	switch (name.n) {
	case 3:
		if (!slice_eq_nocase(name, SLICE("ttl")))
			return 0;
		if (slice_u32(value, UINT8_MAX, &ttl) < 0)
			return -EINVAL;
		via->ttl = (int)ttl;
		return 0;
	case 5:
		if (slice_eq_nocase(name, SLICE("maddr"))) {
			via->maddr = value;
		} else if (slice_eq_nocase(name, SLICE("rport"))) {
			/* RFC 3581 section 3: a request carries it without a value. */
			via->has_rport = true;
			return value.n ? parse_port(value, &via->rport) : 0;
		}
		return 0;
	case 6:
		if (slice_eq_nocase(name, SLICE("branch")))
			via->branch = value;
		return 0;
	case 8:
		if (slice_eq_nocase(name, SLICE("received")))
			via->received = value;
		return 0;
	default:
		return 0;
	}
}

int sip_via_parse(struct slice element, struct sip_via *via)
{
	struct slice s = slice_trim(element), name, value;
	int err, more;

	*via = (struct sip_via){.ttl = -1};
	err = parse_protocol(&s, via);
	if (err)
		return err;
	err = parse_sent_by(&s, via);
	if (err)
		return err;
	if (!lex_separator(&s, ';'))
		return s.n ? -EINVAL : 0;
	if (s.n == 0)
		return -EINVAL;
	via->params = s;
	while ((more = sip_param_next(&s, &name, &value)) > 0) {
		err = parse_param(name, value, via);
		if (err)
			return err;
	}
	return more;
}
