/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A resolver (net/dns.h) that asks name servers, by c-ares, over UDP and for long answers TCP. A
 * server that does not answer is asked last for the next half minute. Names in the hosts file have
 * the addresses that stand there. Loop thread.
 */
#ifndef NET_DNS_SERVERS_H
#define NET_DNS_SERVERS_H

#include "core/loop.h"
#include "net/dns.h"

#define DNS_MAX_SERVERS 8

struct dns_servers_settings {
	const struct addr *servers; /* in the order in which to ask them */
	size_t n;                   /* 0: those of the system, as of now (resolv.conf(5)) */
	const char *hosts_file;     /* copied; NULL: /etc/hosts */
	unsigned timeout_ms;        /* until a server is asked again, then twice that; 0: 800 */
};

/* "192.0.2.53", "192.0.2.53:5353", "[2001:db8::53]:5353", "2001:db8::53". Returns 0 or -EINVAL. */
int dns_server_parse(struct slice text, struct addr *server);

/*
 * Make a resolver: an object, the caller owns one reference and ends with dns_close. settings may be
 * NULL. Returns 0, -ENOMEM, or -EIO when the system's settings cannot be read.
 */
int dns_servers_open(
	struct dns **dns, struct loop *loop, const struct dns_servers_settings *settings);

#endif
