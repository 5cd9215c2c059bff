/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Lexical elements of SIP. */
#include "sip/lex.h"

enum {
	WORD = LEX_TOKEN | LEX_HOST | LEX_VALUE | LEX_NAME | LEX_GRAPH | LEX_URI,
	MARK = LEX_TOKEN | LEX_VALUE | LEX_NAME | LEX_GRAPH | LEX_URI,
	OTHER = LEX_VALUE | LEX_GRAPH | LEX_URI,
	UTF8 = LEX_VALUE | LEX_NAME | LEX_GRAPH | LEX_URI,
};

const uint8_t lex_classes[256] = {
	['\t'] = LEX_BLANK,
	['\n'] = LEX_BLANK,
	['\r'] = LEX_BLANK,
	[' '] = LEX_BLANK,
	['!'] = MARK,
	['"'] = LEX_GRAPH,
	['#'] = OTHER,
	['$'] = OTHER,
	['%'] = MARK,
	['&'] = OTHER,
	['\''] = MARK,
	['('] = OTHER,
	[')'] = OTHER,
	['*'] = MARK,
	['+'] = MARK,
	[','] = LEX_GRAPH | LEX_URI,
	['-'] = WORD,
	['.'] = WORD,
	['/'] = OTHER,
	['0' ... '9'] = WORD,
	[':'] = OTHER,
	[';'] = LEX_GRAPH | LEX_URI,
	['<'] = LEX_GRAPH,
	['='] = OTHER,
	['>'] = LEX_GRAPH,
	['?'] = OTHER,
	['@'] = OTHER,
	['A' ... 'Z'] = WORD,
	['['] = OTHER,
	['\\'] = OTHER,
	[']'] = OTHER,
	['^'] = OTHER,
	['_'] = WORD,
	['`'] = MARK,
	['a' ... 'z'] = WORD,
	['{'] = OTHER,
	['|'] = OTHER,
	['}'] = OTHER,
	['~'] = MARK,
	[0x80 ... 0xff] = UTF8,
};

bool lex_quoted(struct slice *s, struct slice *quoted)
{
	for (size_t i = 1; i < s->n; i++) {
		if (s->p[i] == '\\') {
			i++; /* quoted-pair: whatever follows is no end */
		} else if (s->p[i] == '"') {
			*quoted = slice_of(s->p, i + 1);
			lex_drop(s, i + 1);
			return true;
		}
	}
	return false;
}
