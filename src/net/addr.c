/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Addresses: IPv4 and IPv6 with a port. */
#include "net/addr.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/hash.h"

static void set_in4(struct addr *a, struct in_addr host, in_port_t port)
{
	*a = (struct addr){.len = sizeof a->u.in4};
	a->u.in4.sin_family = AF_INET;
	a->u.in4.sin_addr = host;
	a->u.in4.sin_port = port;
}

/* An IPv4-mapped address is the IPv4 address: our IPv6 sockets are IPV6_V6ONLY. */
static void set_in6(struct addr *a, const struct in6_addr *host, in_port_t port, uint32_t scope)
{
	if (IN6_IS_ADDR_V4MAPPED(host)) {
		struct in_addr mapped;

		memcpy(&mapped, host->s6_addr + 12, sizeof mapped);
		set_in4(a, mapped, port);
		return;
	}
	*a = (struct addr){.len = sizeof a->u.in6};
	a->u.in6.sin6_family = AF_INET6;
	a->u.in6.sin6_addr = *host;
	a->u.in6.sin6_port = port;
	a->u.in6.sin6_scope_id = scope;
}

int addr_parse(struct slice host, uint16_t port, struct addr *a)
{
	char text[INET6_ADDRSTRLEN];
	struct in_addr in4;
	struct in6_addr in6;
	bool brackets = host.n >= 2 && host.p[0] == '[' && host.p[host.n - 1] == ']';

	*a = (struct addr){.len = 0};
	if (brackets)
		host = slice_of(host.p + 1, host.n - 2);
	if (host.n == 0 || host.n >= sizeof text || memchr(host.p, '\0', host.n))
		return -EINVAL;
	memcpy(text, host.p, host.n);
	text[host.n] = '\0';
	if (!brackets && inet_pton(AF_INET, text, &in4) == 1) {
		set_in4(a, in4, htons(port));
		return 0;
	}
	if (inet_pton(AF_INET6, text, &in6) == 1) {
		set_in6(a, &in6, htons(port), 0);
		return 0;
	}
	return -EINVAL;
}

/* The host into text; how many characters it takes. */
static size_t print_host(const struct addr *a, char text[ADDR_TEXT])
{
	text[0] = '\0';
	if (addr_family(a) == AF_INET)
		inet_ntop(AF_INET, &a->u.in4.sin_addr, text, ADDR_TEXT);
	else if (addr_family(a) == AF_INET6)
		inet_ntop(AF_INET6, &a->u.in6.sin6_addr, text, ADDR_TEXT);
	else
		snprintf(text, ADDR_TEXT, "none");
	return strlen(text);
}

const char *addr_print_host(const struct addr *a, char text[ADDR_TEXT])
{
	print_host(a, text);
	return text;
}

const char *addr_print_uri_host(const struct addr *a, char text[ADDR_TEXT])
{
	size_t n;

	if (addr_family(a) != AF_INET6)
		return addr_print_host(a, text);
	n = print_host(a, text);
	memmove(text + 1, text, n);
	text[0] = '[';
	text[n + 1] = ']';
	text[n + 2] = '\0';
	return text;
}

const char *addr_print(const struct addr *a, char text[ADDR_TEXT])
{
	size_t n;

	addr_print_uri_host(a, text);
	n = strlen(text);
	if (addr_family(a) != AF_UNSPEC)
		snprintf(text + n, ADDR_TEXT - n, ":%u", addr_port(a));
	return text;
}

void addr_from_sockaddr(const struct sockaddr *sa, struct addr *a)
{
	struct sockaddr_in6 in6;
	struct sockaddr_in in4;

	*a = (struct addr){.len = 0};
	if (sa->sa_family == AF_INET) {
		memcpy(&in4, sa, sizeof in4);
		set_in4(a, in4.sin_addr, in4.sin_port);
	} else if (sa->sa_family == AF_INET6) {
		memcpy(&in6, sa, sizeof in6);
		set_in6(a, &in6.sin6_addr, in6.sin6_port, in6.sin6_scope_id);
	}
}

uint16_t addr_port(const struct addr *a)
{
	switch (addr_family(a)) {
	case AF_INET:
		return ntohs(a->u.in4.sin_port);
	case AF_INET6:
		return ntohs(a->u.in6.sin6_port);
	default:
		return 0;
	}
}

void addr_set_port(struct addr *a, uint16_t port)
{
	if (addr_family(a) == AF_INET)
		a->u.in4.sin_port = htons(port);
	else if (addr_family(a) == AF_INET6)
		a->u.in6.sin6_port = htons(port);
}

int addr_family(const struct addr *a)
{
	return a->len ? a->u.sa.sa_family : AF_UNSPEC;
}

bool addr_equal_host(const struct addr *a, const struct addr *b)
{
	if (addr_family(a) != addr_family(b))
		return false;
	switch (addr_family(a)) {
	case AF_INET:
		return a->u.in4.sin_addr.s_addr == b->u.in4.sin_addr.s_addr;
	case AF_INET6:
		return a->u.in6.sin6_scope_id == b->u.in6.sin6_scope_id &&
		       memcmp(&a->u.in6.sin6_addr, &b->u.in6.sin6_addr, 16) == 0;
	default:
		return true;
	}
}

bool addr_equal(const struct addr *a, const struct addr *b)
{
	return addr_equal_host(a, b) && addr_port(a) == addr_port(b);
}

bool addr_is_any(const struct addr *a)
{
	switch (addr_family(a)) {
	case AF_INET:
		return a->u.in4.sin_addr.s_addr == htonl(INADDR_ANY);
	case AF_INET6:
		return IN6_IS_ADDR_UNSPECIFIED(&a->u.in6.sin6_addr);
	default:
		return false;
	}
}

bool addr_is_loopback(const struct addr *a)
{
	switch (addr_family(a)) {
	case AF_INET:
		return ntohl(a->u.in4.sin_addr.s_addr) >> 24 == 127;
	case AF_INET6:
		return IN6_IS_ADDR_LOOPBACK(&a->u.in6.sin6_addr);
	default:
		return false;
	}
}

bool addr_is_multicast(const struct addr *a)
{
	switch (addr_family(a)) {
	case AF_INET:
		return IN_MULTICAST(ntohl(a->u.in4.sin_addr.s_addr));
	case AF_INET6:
		return IN6_IS_ADDR_MULTICAST(&a->u.in6.sin6_addr);
	default:
		return false;
	}
}

uint64_t addr_hash(const struct addr *a)
{
	uint16_t port = addr_port(a);
	uint64_t h = hash_bytes(0, &port, sizeof port);

	if (addr_family(a) == AF_INET)
		return hash_bytes(h, &a->u.in4.sin_addr, 4);
	if (addr_family(a) == AF_INET6)
		return hash_bytes(h, &a->u.in6.sin6_addr, 16);
	return h;
}

int addr_source_for(const struct addr *destination, struct addr *source)
{
	struct addr to = *destination;
	union addr_storage name;
	socklen_t len = sizeof name;
	int err = 0, fd;

	*source = (struct addr){.len = 0};
	if (addr_family(&to) == AF_UNSPEC)
		return -EINVAL;
	/* Connecting a UDP socket sends nothing; any port but 0 will do. */
	if (addr_port(&to) == 0)
		addr_set_port(&to, 9);
	fd = socket(addr_family(&to), SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, &to.u.sa, to.len) < 0 || getsockname(fd, &name.sa, &len) < 0) {
		err = -errno;
		goto out;
	}
	addr_from_sockaddr(&name.sa, source);
	addr_set_port(source, 0);
out:
	close(fd);
	return err;
}

void addr_default(int family, struct addr *a)
{
	/* Addresses for documentation (RFC 5737, RFC 3849): they leave by the default route. */
	struct slice far = family == AF_INET6 ? SLICE("2001:db8::1") : SLICE("192.0.2.1");
	struct slice loopback = family == AF_INET6 ? SLICE("::1") : SLICE("127.0.0.1");
	struct addr to;

	if (addr_parse(far, 9, &to) == 0 && addr_source_for(&to, a) == 0)
		return;
	addr_parse(loopback, 0, a);
}
