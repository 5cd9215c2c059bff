/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Slices: comparison, cutting, numbers. */
#include "core/slice.h"

#include <errno.h>

#include "core/mem.h"

bool slice_eq_nocase(struct slice a, struct slice b)
{
	if (a.n != b.n)
		return false;
	for (size_t i = 0; i < a.n; i++) {
		if (ascii_lower(a.p[i]) != ascii_lower(b.p[i]))
			return false;
	}
	return true;
}

bool slice_starts(struct slice s, struct slice prefix)
{
	return s.n >= prefix.n && slice_eq(slice_of(s.p, prefix.n), prefix);
}

bool slice_starts_nocase(struct slice s, struct slice prefix)
{
	return s.n >= prefix.n && slice_eq_nocase(slice_of(s.p, prefix.n), prefix);
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct slice slice_trim(struct slice s)
{
	while (s.n && is_blank(s.p[0])) {
		s.p++;
		s.n--;
	}
	while (s.n && is_blank(s.p[s.n - 1]))
		s.n--;
	return s;
}

ptrdiff_t slice_find(struct slice s, char c)
{
	const char *hit = s.n ? memchr(s.p, c, s.n) : NULL;

	return hit ? hit - s.p : -1;
}

bool slice_cut(struct slice *s, char c, struct slice *head)
{
	ptrdiff_t at = slice_find(*s, c);

	*head = *s;
	if (s->n == 0)
		return false;
	if (at < 0) {
		s->p += s->n;
		s->n = 0;
		return true;
	}
	head->n = (size_t)at;
	s->p += at + 1;
	s->n -= (size_t)at + 1;
	return true;
}

int slice_u64(struct slice s, uint64_t max, uint64_t *value)
{
	uint64_t v = 0;

	if (s.n == 0)
		return -EINVAL;
	for (size_t i = 0; i < s.n; i++) {
		unsigned digit = (unsigned)(unsigned char)s.p[i] - '0';

		if (digit > 9)
			return -EINVAL;
		if (v > UINT64_MAX / 10 || v * 10 > UINT64_MAX - digit)
			return -ERANGE;
		v = v * 10 + digit;
		if (v > max)
			return -ERANGE;
	}
	*value = v;
	return 0;
}

int slice_u32(struct slice s, uint32_t max, uint32_t *value)
{
	uint64_t v;
	int err = slice_u64(s, max, &v);

	if (!err)
		*value = (uint32_t)v;
	return err;
}

char *slice_dup(struct slice s)
{
	return mem_strndup(s.p, s.n);
}
