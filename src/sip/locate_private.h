/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Between locate.c, which asks, and locate_records.c, which knows what the answers mean. */
#ifndef SIP_LOCATE_PRIVATE_H
#define SIP_LOCATE_PRIVATE_H

#include "core/uri.h"
#include "net/dns.h"
#include "sip/flow.h"

struct sip_target;

#define SIP_LOCATE_MAX_SERVICES 8
#define SIP_LOCATE_MAX_HOSTS 16

/* A name to ask SRV records of, and how its servers are spoken to. */
struct sip_service {
	enum sip_transport transport;
	size_t order; /* NAPTR's; without NAPTR, each service has one of its own */
	char name[DNS_MAX_NAME + 1];
};

struct sip_host {
	enum sip_transport transport;
	uint16_t port;
	char name[DNS_MAX_NAME + 1];
};

/* 5060, or 5061 for TLS (RFC 3261 19.1.2). */
uint16_t sip_default_port(enum sip_transport transport);

/* What a transport parameter means (RFC 3261 26.2.2, RFC 3263 4.1). 0 or -EPROTONOSUPPORT. */
int sip_uri_transport(enum uri_scheme scheme, struct slice name, enum sip_transport *transport);

/*
 * Where a URI whose host is an address leads; the target's name stays empty. Returns 0, -EINVAL for
 * a host that is a name, -EPROTONOSUPPORT.
 */
int sip_literal_hop(const struct uri *uri, struct sip_target *target);

/* "_sip._udp.", "_sip._tcp." or "_sips._tcp." and host. False when it gets too long for a name. */
bool sip_service_name(struct sip_service *service, enum sip_transport transport, const char *host);

/*
 * The services that NAPTR records offer for transports that usable agrees to (4.1), in their order.
 * records: sorted (net/dns.h). Returns how many, at most SIP_LOCATE_MAX_SERVICES.
 */
size_t sip_read_naptr(const struct dns_record *records, size_t n, bool sips,
	bool (*usable)(enum sip_transport transport, void *arg), void *arg,
	struct sip_service services[SIP_LOCATE_MAX_SERVICES]);

/*
 * The hosts of SRV records in the order in which to try them: by priority, within one as the
 * weights have it drawn (RFC 2782 "Usage rules"). records: sorted by priority. Returns how many, at
 * most max.
 */
size_t sip_read_srv(const struct dns_record *records, size_t n, enum sip_transport transport,
	struct sip_host *hosts, size_t max);

#endif
