/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Addresses: IPv4 and IPv6 with a port. A plain value; any thread. */
#ifndef NET_ADDR_H
#define NET_ADDR_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "core/slice.h"

union addr_storage {
	struct sockaddr sa;
	struct sockaddr_in in4;
	struct sockaddr_in6 in6;
};

struct addr {
	union addr_storage u;
	socklen_t len; /* 0: no address */
};

#define ADDR_TEXT 64 /* room for any address with port and NUL */

/* Literal "192.0.2.1", "2001:db8::1" or "[2001:db8::1]"; no name is looked up. 0 or -EINVAL. */
int addr_parse(struct slice host, uint16_t port, struct addr *a);

/* "192.0.2.1:5060", "[2001:db8::1]:5060"; without port: "192.0.2.1", "2001:db8::1". */
const char *addr_print(const struct addr *a, char text[ADDR_TEXT]);
const char *addr_print_host(const struct addr *a, char text[ADDR_TEXT]);

/* As a URI's host: IPv6 in brackets. */
const char *addr_print_uri_host(const struct addr *a, char text[ADDR_TEXT]);

/* From the kernel; an IPv4-mapped IPv6 address becomes the IPv4 one. */
void addr_from_sockaddr(const struct sockaddr *sa, struct addr *a);

uint16_t addr_port(const struct addr *a);
void addr_set_port(struct addr *a, uint16_t port);
int addr_family(const struct addr *a); /* AF_INET, AF_INET6, AF_UNSPEC */
bool addr_equal(const struct addr *a, const struct addr *b);
bool addr_equal_host(const struct addr *a, const struct addr *b);
bool addr_is_any(const struct addr *a); /* 0.0.0.0 or :: */
bool addr_is_loopback(const struct addr *a);
bool addr_is_multicast(const struct addr *a);
uint64_t addr_hash(const struct addr *a); /* keyed, for core/hash.h */

/* The address that packets to the destination would leave with. 0 or a negative errno. */
int addr_source_for(const struct addr *destination, struct addr *source);

/* The address of the interface with the default route; loopback when there is none. */
void addr_default(int family, struct addr *a);

#endif
