/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Slices: a pointer and a length into memory that somebody else owns. Parsers hand out slices into
 * their input and copy nothing; a slice is good for as long as that input is. Any thread.
 */
#ifndef CORE_SLICE_H
#define CORE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct slice {
	const char *p;
	size_t n;
};

#define SLICE(literal) ((struct slice){(literal), sizeof(literal) - 1})
#define SLICE_NONE ((struct slice){NULL, 0})

/* For printf("%.*s", SLICE_ARG(s)). */
#define SLICE_ARG(s) (int)(s).n, ((s).p ? (s).p : "")

static inline struct slice slice_of(const char *p, size_t n)
{
	return (struct slice){p, n};
}

/* The slice of a NUL-terminated string; NULL gives the empty slice. */
static inline struct slice slice_str(const char *s)
{
	return (struct slice){s, s ? strlen(s) : 0};
}

static inline bool slice_eq(struct slice a, struct slice b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

/* Equal without regard to the case of ASCII letters (never the locale's). */
bool slice_eq_nocase(struct slice a, struct slice b);

bool slice_starts(struct slice s, struct slice prefix);
bool slice_starts_nocase(struct slice s, struct slice prefix);

/* Without leading and trailing SP, HTAB, CR and LF. */
struct slice slice_trim(struct slice s);

/* Offset of the first c, or -1. */
ptrdiff_t slice_find(struct slice s, char c);

/*
 * Cut *s at the first c: what stands before it goes to *head, what stands behind it stays in *s.
 * Without a c, *head is all of *s and *s becomes empty. Returns false when *s was empty.
 */
bool slice_cut(struct slice *s, char c, struct slice *head);

/*
 * Decimal number without sign, at most max. The whole slice must be digits.
 * Returns 0, or -EINVAL (not a number) or -ERANGE (larger than max).
 */
int slice_u64(struct slice s, uint64_t max, uint64_t *value);
int slice_u32(struct slice s, uint32_t max, uint32_t *value);

/* Copy with a NUL behind it; the caller gives it back with mem_free. NULL without memory. */
char *slice_dup(struct slice s);

/* Lower case of an ASCII letter; every other byte as it is. */
static inline char ascii_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

#endif
