/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Lexical elements of SIP (RFC 3261 25.1) for the parsers of this folder: classes of bytes, and
 * functions that cut one element off the front of a slice. Any thread.
 */
#ifndef SIP_LEX_H
#define SIP_LEX_H

#include <stdbool.h>
#include <stdint.h>

#include "core/slice.h"

enum {
	LEX_BLANK = 1,  /* SP, HTAB, and CR and LF, which inside a value are folds */
	LEX_TOKEN = 2,  /* token */
	LEX_HOST = 4,   /* hostname, IPv4address; '_' too, which occurs */
	LEX_VALUE = 8,  /* of a parameter, unquoted: more than token and host, as peers do */
	LEX_NAME = 16,  /* of an unquoted display name: token, and bytes of UTF-8, as peers do */
	LEX_GRAPH = 32, /* anything but blanks and controls: Call-ID */
	LEX_URI = 64,   /* the same without what delimits a URI: < > " */
};

extern const uint8_t lex_classes[256];

static inline bool lex_is(char c, unsigned class)
{
	return lex_classes[(unsigned char)c] & class;
}

static inline void lex_drop(struct slice *s, size_t n)
{
	s->p += n;
	s->n -= n;
}

static inline void lex_skip_blanks(struct slice *s)
{
	while (s->n && lex_is(*s->p, LEX_BLANK))
		lex_drop(s, 1);
}

/* Cut the longest run of the class off *s; empty when there is none. */
static inline struct slice lex_run(struct slice *s, unsigned class)
{
	struct slice run = {s->p, 0};

	while (run.n < s->n && lex_is(s->p[run.n], class))
		run.n++;
	if (run.n)
		lex_drop(s, run.n);
	return run;
}

/* Whether every byte of s is of the class. */
static inline bool lex_all(struct slice s, unsigned class)
{
	return lex_run(&s, class).n > 0 && s.n == 0;
}

/* Cut c off the front, and the blanks before and behind it (RFC 3261 25.1 SEMI, EQUAL, SLASH ...). */
static inline bool lex_separator(struct slice *s, char c)
{
	struct slice t = *s;

	lex_skip_blanks(&t);
	if (t.n == 0 || *t.p != c)
		return false;
	lex_drop(&t, 1);
	lex_skip_blanks(&t);
	*s = t;
	return true;
}

/* Cut a quoted string, with its quotes, off *s, which begins with one. False: it does not end. */
bool lex_quoted(struct slice *s, struct slice *quoted);

#endif
