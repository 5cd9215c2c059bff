/* SPDX-License-Identifier: GPL-3.0-or-later */
/* URIs: parsing, writing and escapes (RFC 3261 19.1.1, 19.1.2, 19.1.5, 25.1; RFC 3966 3). */
#include "core/uri.h"

#include <arpa/inet.h>
#include <errno.h>

enum {
	MAX_LIST = 64, /* parameters or headers: comparing them is quadratic */
	MAX_HOST = 255,
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_alpha(char c)
{
	return ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z';
}

static bool is_in(char c, const char *set)
{
	return c != '\0' && strchr(set, c);
}

/* RFC 3261 25.1: unreserved / user-unreserved. */
static bool is_user_byte(char c)
{
	return is_alpha(c) || is_digit(c) || is_in(c, "-_.!~*'()&=+$,;?/");
}

static struct slice slice_from(struct slice s, size_t start)
{
	return slice_of(s.p + start, s.n - start);
}

/* No URI holds these bytes, and whoever lets them through can be made to write a forged header. */
static bool has_forbidden_byte(struct slice s)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (c <= ' ' || c == 0x7f || c == '<' || c == '>' || c == '"')
			return true;
	}
	return false;
}

/* RFC 3261 25.1: scheme = ALPHA *( ALPHA / DIGIT / "+" / "-" / "." ). */
static bool is_scheme(struct slice s)
{
	if (s.n == 0 || !is_alpha(s.p[0]))
		return false;
	for (size_t i = 1; i < s.n; i++) {
		if (!is_alpha(s.p[i]) && !is_digit(s.p[i]) && !is_in(s.p[i], "+-."))
			return false;
	}
	return true;
}

/*
 * RFC 3261's grammar has one colon too many before an IPv4 part, and some write it: it is passed
 * over (RFC 5118 4.10).
 */
static bool is_ipv6(struct slice s)
{
	char text[INET6_ADDRSTRLEN];
	struct in6_addr address;
	char *surplus;

	if (s.n == 0 || s.n >= sizeof text)
		return false;
	memcpy(text, s.p, s.n);
	text[s.n] = '\0';
	surplus = strstr(text, ":::");
	if (surplus && strchr(surplus, '.'))
		memmove(surplus, surplus + 1, strlen(surplus));
	return inet_pton(AF_INET6, text, &address) == 1;
}

/* Labels between dots, none of them empty; one dot may stand at the end. */
static bool is_hostname(struct slice s)
{
	if (s.n == 0 || s.n > MAX_HOST)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '.' ? i == 0 || s.p[i - 1] == '.'
				  : !is_alpha(s.p[i]) && !is_digit(s.p[i]) && !is_in(s.p[i], "-_"))
			return false;
	}
	return true;
}

static size_t count(struct slice s, char c)
{
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++)
		n += s.p[i] == c;
	return n;
}

/* Cut *rest (";a=b;c?d=e&f=g") into the parameters and headers of uri. */
static int parse_tail(struct slice rest, struct uri *uri)
{
	ptrdiff_t question = slice_find(rest, '?');

	if (question >= 0) {
		uri->headers = slice_from(rest, (size_t)question + 1);
		rest.n = (size_t)question;
	}
	if (rest.n) {
		if (rest.p[0] != ';')
			return -EINVAL;
		uri->params = slice_from(rest, 1);
	}
	if (count(uri->params, ';') >= MAX_LIST || count(uri->headers, '&') >= MAX_LIST)
		return -EINVAL;
	return 0;
}

/* RFC 3261 25.1: userinfo, already without its "@". */
static int parse_userinfo(struct slice s, struct uri *uri)
{
	ptrdiff_t colon = slice_find(s, ':');

	uri->user = s;
	if (colon >= 0) {
		uri->user.n = (size_t)colon;
		uri->password = slice_from(s, (size_t)colon + 1);
	}
	/* 19.1.1: with an @, "the user field MUST NOT be empty". */
	return uri->user.n ? 0 : -EINVAL;
}

/* RFC 3261 25.1: hostport; what follows it stays in *s. */
static int parse_hostport(struct slice *s, struct uri *uri)
{
	uint32_t port;
	size_t n = 0;

	if (s->n && s->p[0] == '[') {
		ptrdiff_t end = slice_find(*s, ']');

		if (end < 0 || !is_ipv6(slice_of(s->p + 1, (size_t)end - 1)))
			return -EINVAL;
		n = (size_t)end + 1;
	} else {
		while (n < s->n && !is_in(s->p[n], ":;?"))
			n++;
		if (!is_hostname(slice_of(s->p, n)))
			return -EINVAL;
	}
	uri->host = slice_of(s->p, n);
	*s = slice_from(*s, n);
	if (s->n == 0 || s->p[0] != ':')
		return 0;

	for (n = 1; n < s->n && is_digit(s->p[n]);)
		n++;
	/* Port 0 cannot be sent to, and means "none" in struct uri. */
	if (slice_u32(slice_of(s->p + 1, n - 1), UINT16_MAX, &port) < 0 || port == 0)
		return -EINVAL;
	uri->port = (uint16_t)port;
	*s = slice_from(*s, n);
	return 0;
}

static int parse_sip(struct slice rest, struct uri *uri)
{
	ptrdiff_t at = slice_find(rest, '@');
	int err;

	/* An unescaped @ can stand only behind the userinfo, which may hold ";" and "?" itself. */
	if (at >= 0) {
		err = parse_userinfo(slice_of(rest.p, (size_t)at), uri);
		if (err)
			return err;
		rest = slice_from(rest, (size_t)at + 1);
		if (slice_find(rest, '@') >= 0)
			return -EINVAL;
	}
	err = parse_hostport(&rest, uri);
	if (err)
		return err;
	return parse_tail(rest, uri);
}

/* RFC 3966 3: "+" digits, or a local number of hexadecimal digits, "*" and "#". */
static int parse_tel(struct slice rest, struct uri *uri)
{
	size_t n, digits = 0;
	bool global = rest.n && rest.p[0] == '+';

	for (n = global; n < rest.n && rest.p[n] != ';'; n++) {
		char c = ascii_lower(rest.p[n]);

		if (is_digit(c) || (!global && ((c >= 'a' && c <= 'f') || is_in(c, "*#"))))
			digits++;
		else if (!is_in(c, "-.()"))
			return -EINVAL;
	}
	if (digits == 0)
		return -EINVAL;
	uri->user = slice_of(rest.p, n);
	if (n < rest.n)
		uri->params = slice_from(rest, n + 1);
	return count(uri->params, ';') < MAX_LIST ? 0 : -EINVAL;
}

int uri_parse(struct slice text, struct uri *uri)
{
	ptrdiff_t colon = slice_find(text, ':');
	struct slice rest;

	*uri = (struct uri){.scheme = URI_OTHER};
	if (colon < 0 || has_forbidden_byte(text))
		return -EINVAL;
	uri->scheme_name = slice_of(text.p, (size_t)colon);
	rest = slice_from(text, (size_t)colon + 1);
	if (rest.n == 0 || !is_scheme(uri->scheme_name))
		return -EINVAL;
	if (slice_eq_nocase(uri->scheme_name, SLICE("sip")))
		uri->scheme = URI_SIP;
	else if (slice_eq_nocase(uri->scheme_name, SLICE("sips")))
		uri->scheme = URI_SIPS;
	else if (slice_eq_nocase(uri->scheme_name, SLICE("tel")))
		uri->scheme = URI_TEL;
	if (uri_is_sip(uri))
		return parse_sip(rest, uri);
	if (uri->scheme == URI_TEL)
		return parse_tel(rest, uri);
	uri->opaque = rest;
	return 0;
}

static void write_scheme(const struct uri *uri, struct buf *out)
{
	if (uri->scheme_name.n)
		buf_slice(out, uri->scheme_name);
	else if (uri->scheme != URI_OTHER)
		buf_str(out, uri->scheme == URI_SIP    ? "sip"
			     : uri->scheme == URI_SIPS ? "sips"
						       : "tel");
	buf_char(out, ':');
}

/* Everything up to the parameters. */
static void write_address(const struct uri *uri, struct buf *out)
{
	buf_slice(out, uri->user);
	if (uri->scheme == URI_TEL)
		return;
	if (uri->password.p) {
		buf_char(out, ':');
		buf_slice(out, uri->password);
	}
	if (uri->user.n)
		buf_char(out, '@');
	buf_slice(out, uri->host);
	if (uri->port) {
		buf_char(out, ':');
		buf_u64(out, uri->port);
	}
}

void uri_write(const struct uri *uri, struct buf *out)
{
	write_scheme(uri, out);
	if (uri->scheme == URI_OTHER) {
		buf_slice(out, uri->opaque);
		return;
	}
	write_address(uri, out);
	if (uri->params.n) {
		buf_char(out, ';');
		buf_slice(out, uri->params);
	}
	if (uri->headers.n) {
		buf_char(out, '?');
		buf_slice(out, uri->headers);
	}
}

void uri_write_request(const struct uri *uri, struct buf *out)
{
	struct slice rest = uri->params, name, value;

	if (!uri_is_sip(uri)) {
		uri_write(uri, out);
		return;
	}
	write_scheme(uri, out);
	write_address(uri, out);
	while (uri_next_param(&rest, &name, &value)) {
		if (slice_eq_nocase(name, SLICE("method")))
			continue;
		buf_char(out, ';');
		buf_slice(out, name);
		if (value.p) {
			buf_char(out, '=');
			buf_slice(out, value);
		}
	}
}

/* Cut the next "name[=value]" off a list; empty items are passed over. value.p NULL: no "=". */
static bool next_pair(struct slice *rest, char separator, struct slice *name, struct slice *value)
{
	struct slice item;

	while (slice_cut(rest, separator, &item)) {
		if (item.n == 0)
			continue;
		*value = SLICE_NONE;
		*name = item;
		if (slice_find(item, '=') >= 0) {
			slice_cut(&item, '=', name);
			*value = item;
		}
		return true;
	}
	return false;
}

bool uri_next_param(struct slice *rest, struct slice *name, struct slice *value)
{
	return next_pair(rest, ';', name, value);
}

bool uri_next_header(struct slice *rest, struct slice *name, struct slice *value)
{
	return next_pair(rest, '&', name, value);
}

bool uri_param(const struct uri *uri, const char *name, struct slice *value)
{
	struct slice rest = uri->params, each, wanted = slice_str(name);

	while (uri_next_param(&rest, &each, value)) {
		if (slice_eq_nocase(each, wanted))
			return true;
	}
	*value = SLICE_NONE;
	return false;
}

bool uri_is_sip(const struct uri *uri)
{
	return uri->scheme == URI_SIP || uri->scheme == URI_SIPS;
}

static int hex_digit(char c)
{
	if (is_digit(c))
		return c - '0';
	c = ascii_lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int uri_next_byte(struct slice *rest, bool *escaped)
{
	int c, high, low;

	*escaped = false;
	if (rest->n == 0)
		return -1;
	c = (unsigned char)rest->p[0];
	if (c == '%' && rest->n >= 3) {
		high = hex_digit(rest->p[1]);
		low = hex_digit(rest->p[2]);
		if (high >= 0 && low >= 0) {
			*escaped = true;
			*rest = slice_from(*rest, 3);
			return high * 16 + low;
		}
	}
	*rest = slice_from(*rest, 1);
	return c;
}

void uri_unescape(struct slice s, struct buf *out)
{
	bool escaped;
	int c;

	while ((c = uri_next_byte(&s, &escaped)) >= 0)
		buf_char(out, (char)c);
}

static void write_user_byte(struct buf *out, char c)
{
	static const char digits[16] = "0123456789ABCDEF";
	unsigned char byte = (unsigned char)c;

	if (is_user_byte(c))
		buf_char(out, c);
	else
		buf_append(out, (char[]){'%', digits[byte >> 4], digits[byte & 15]}, 3);
}

void uri_escape_user(struct slice s, struct buf *out)
{
	for (size_t i = 0; i < s.n; i++)
		write_user_byte(out, s.p[i]);
}

static void write_lower(struct buf *out, struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		buf_char(out, ascii_lower(s.p[i]));
}

static void canonical_host(struct slice host, struct buf *out)
{
	char text[INET6_ADDRSTRLEN + 2];
	struct in6_addr address;

	if (host.n && host.p[host.n - 1] == '.')
		host.n--;
	if (host.n > 2 && host.n < sizeof text && host.p[0] == '[') {
		memcpy(text, host.p + 1, host.n - 2);
		text[host.n - 2] = '\0';
		if (inet_pton(AF_INET6, text, &address) == 1) {
			inet_ntop(AF_INET6, &address, text, sizeof text);
			buf_printf(out, "[%s]", text);
			return;
		}
	}
	write_lower(out, host);
}

static void canonical_tel(const struct uri *uri, struct buf *out)
{
	struct slice context;

	for (size_t i = 0; i < uri->user.n; i++) {
		if (!is_in(uri->user.p[i], "-.()"))
			buf_char(out, ascii_lower(uri->user.p[i]));
	}
	if (uri->user.n && uri->user.p[0] != '+' && uri_param(uri, "phone-context", &context)) {
		buf_str(out, ";phone-context=");
		write_lower(out, context);
	}
}

void uri_canonical(const struct uri *uri, struct buf *out)
{
	struct slice rest = uri->user;
	bool escaped;
	int c;

	if (uri->scheme == URI_OTHER) {
		buf_slice(out, uri->opaque);
		return;
	}
	if (uri->scheme == URI_TEL) {
		canonical_tel(uri, out);
		return;
	}
	while ((c = uri_next_byte(&rest, &escaped)) >= 0)
		write_user_byte(out, (char)c);
	if (uri->user.n)
		buf_char(out, '@');
	canonical_host(uri->host, out);
}
