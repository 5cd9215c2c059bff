/* SPDX-License-Identifier: GPL-3.0-or-later */
/* URIs: equivalence (RFC 3261 19.1.4, RFC 5954 4.2, RFC 3966 4). */
#include "core/uri.h"

#include <arpa/inet.h>

/* RFC 2396 2.2: reserved bytes differ in meaning from their escapes. */
static bool is_reserved(int c)
{
	return c > 0 && strchr(";/?:@&=+$,", c);
}

/* Equal, "%HH" standing for its byte unless that is a reserved one. */
static bool equal_escaped(struct slice a, struct slice b, bool nocase)
{
	bool escaped_a, escaped_b;
	int x, y;

	do {
		x = uri_next_byte(&a, &escaped_a);
		y = uri_next_byte(&b, &escaped_b);
		if (escaped_a != escaped_b && is_reserved(x))
			return false;
		if (nocase && x >= 0 && y >= 0) {
			x = ascii_lower((char)x);
			y = ascii_lower((char)y);
		}
	} while (x == y && a.n && b.n);
	return x == y && a.n == b.n;
}

static bool ipv6_of(struct slice host, struct in6_addr *address)
{
	char text[INET6_ADDRSTRLEN];

	if (host.n < 2 || host.p[0] != '[' || host.n - 2 >= sizeof text)
		return false;
	memcpy(text, host.p + 1, host.n - 2);
	text[host.n - 2] = '\0';
	return inet_pton(AF_INET6, text, address) == 1;
}

/* RFC 5954 4.2: two spellings of one IPv6 address are one host. */
static bool equal_hosts(struct slice a, struct slice b)
{
	struct in6_addr x, y;

	if (ipv6_of(a, &x) && ipv6_of(b, &y))
		return memcmp(&x, &y, sizeof x) == 0;
	return slice_eq_nocase(a, b);
}

/* Whether a parameter that stands in only one of the URIs makes them different. */
static bool must_be_in_both(struct slice name)
{
	static const char *const names[] = {"user", "ttl", "method", "maddr", "transport"};

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		if (slice_eq_nocase(name, slice_str(names[i])))
			return true;
	}
	return false;
}

typedef bool next_fn(struct slice *rest, struct slice *name, struct slice *value);

static bool find(next_fn *next, struct slice list, struct slice wanted, struct slice *value)
{
	struct slice name;

	while (next(&list, &name, value)) {
		if (equal_escaped(name, wanted, true))
			return true;
	}
	return false;
}

/*
 * What stands in both must match; what stands in a alone must not be needed. Of a parameter that is
 * wrongly there twice (19.1.1) the first counts, as everywhere.
 */
static bool params_match(struct slice a, struct slice b)
{
	struct slice rest = a, name, value, other;

	while (uri_next_param(&rest, &name, &value)) {
		find(uri_next_param, a, name, &value);
		if (find(uri_next_param, b, name, &other)) {
			if (!equal_escaped(value, other, true))
				return false;
		} else if (must_be_in_both(name)) {
			return false;
		}
	}
	return true;
}

/* Every header of a is in b with the same value. */
static bool headers_in(struct slice a, struct slice b)
{
	struct slice rest = a, name, value;

	while (uri_next_header(&rest, &name, &value)) {
		struct slice all = b, other_name, other_value;
		bool found = false;

		while (!found && uri_next_header(&all, &other_name, &other_value))
			found = equal_escaped(name, other_name, true) &&
				equal_escaped(value, other_value, true);
		if (!found)
			return false;
	}
	return true;
}

static bool equal_sip(const struct uri *a, const struct uri *b)
{
	return equal_escaped(a->user, b->user, false) && !a->password.p == !b->password.p &&
	       equal_escaped(a->password, b->password, false) && a->port == b->port &&
	       equal_hosts(a->host, b->host) && params_match(a->params, b->params) &&
	       params_match(b->params, a->params) && headers_in(a->headers, b->headers) &&
	       headers_in(b->headers, a->headers);
}

static void skip_separators(struct slice *s)
{
	while (s->n && memchr("-.()", s->p[0], 4)) {
		s->p++;
		s->n--;
	}
}

/* RFC 3966 4: the same digits, visual separators left aside. */
static bool equal_numbers(struct slice a, struct slice b)
{
	for (;;) {
		skip_separators(&a);
		skip_separators(&b);
		if (a.n == 0 || b.n == 0)
			return a.n == b.n;
		if (ascii_lower(a.p[0]) != ascii_lower(b.p[0]))
			return false;
		a = slice_of(a.p + 1, a.n - 1);
		b = slice_of(b.p + 1, b.n - 1);
	}
}

/* RFC 3966 4: every parameter of a is in b, with an equal value; the order is of no matter. */
static bool tel_params_in(struct slice a, struct slice b)
{
	struct slice rest = a, name, value, other;

	while (uri_next_param(&rest, &name, &value)) {
		bool number = slice_eq_nocase(name, SLICE("ext"));

		find(uri_next_param, a, name, &value);
		if (slice_eq_nocase(name, SLICE("phone-context")))
			number = value.n && value.p[0] == '+';
		if (!find(uri_next_param, b, name, &other))
			return false;
		if (number ? !equal_numbers(value, other) : !equal_escaped(value, other, true))
			return false;
	}
	return true;
}

bool uri_equal(const struct uri *a, const struct uri *b)
{
	/* 19.1.4: "A SIP and SIPS URI are never equivalent." */
	if (a->scheme != b->scheme)
		return false;
	switch (a->scheme) {
	case URI_SIP:
	case URI_SIPS:
		return equal_sip(a, b);
	case URI_TEL:
		return equal_numbers(a->user, b->user) && tel_params_in(a->params, b->params) &&
		       tel_params_in(b->params, a->params);
	case URI_OTHER:
		break;
	}
	return slice_eq_nocase(a->scheme_name, b->scheme_name) && slice_eq(a->opaque, b->opaque);
}
