/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What NAPTR and SRV records mean for SIP (RFC 3263 4.1, RFC 2782). */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/id.h"
#include "sip/locate_private.h"

enum { SIP_PORT = 5060, SIPS_PORT = 5061 };

uint16_t sip_default_port(enum sip_transport transport)
{
	return transport == SIP_TLS ? SIPS_PORT : SIP_PORT;
}

int sip_uri_transport(enum uri_scheme scheme, struct slice name, enum sip_transport *transport)
{
	bool sips = scheme == URI_SIPS;

	if (slice_eq_nocase(name, SLICE("tls")) || (sips && slice_eq_nocase(name, SLICE("tcp"))))
		*transport = SIP_TLS;
	else if (!sips && slice_eq_nocase(name, SLICE("tcp")))
		*transport = SIP_TCP;
	else if (!sips && slice_eq_nocase(name, SLICE("udp")))
		*transport = SIP_UDP;
	else
		return -EPROTONOSUPPORT;
	return 0;
}

bool sip_service_name(struct sip_service *service, enum sip_transport transport, const char *host)
{
	static const char *const labels[] = {
		[SIP_UDP] = "_sip._udp", [SIP_TCP] = "_sip._tcp", [SIP_TLS] = "_sips._tcp"};
	int n = snprintf(service->name, sizeof service->name, "%s.%s", labels[transport], host);

	service->transport = transport;
	return n > 0 && (size_t)n < sizeof service->name;
}

/* "SIP+D2U" and its like; false for what we do not speak. */
static bool service_transport(struct slice service, bool *sips, enum sip_transport *transport)
{
	*sips = false;
	if (slice_eq_nocase(service, SLICE("SIP+D2U"))) {
		*transport = SIP_UDP;
	} else if (slice_eq_nocase(service, SLICE("SIP+D2T"))) {
		*transport = SIP_TCP;
	} else if (slice_eq_nocase(service, SLICE("SIPS+D2T"))) {
		*transport = SIP_TLS;
		*sips = true;
	} else {
		return false;
	}
	return true;
}

size_t sip_read_naptr(const struct dns_record *records, size_t n, bool sips,
	bool (*usable)(enum sip_transport transport, void *arg), void *arg,
	struct sip_service services[SIP_LOCATE_MAX_SERVICES])
{
	size_t used = 0;

	for (size_t i = 0; i < n && used < SIP_LOCATE_MAX_SERVICES; i++) {
		const struct dns_record *r = &records[i];
		struct sip_service *service = &services[used];
		bool record_sips;

		/* An SRV name stands in the replacement, the regular expression is empty (4.1). */
		if (!slice_eq_nocase(r->flags, SLICE("s")) || r->regexp || r->target.n == 0 ||
			r->target.n >= sizeof service->name)
			continue;
		if (!service_transport(r->service, &record_sips, &service->transport) ||
			(sips && !record_sips) || !usable(service->transport, arg))
			continue;
		service->order = r->priority;
		memcpy(service->name, r->target.p, r->target.n);
		service->name[r->target.n] = '\0';
		used++;
	}
	return used;
}

/*
 * RFC 2782: draw one of n records of the same priority: those with weight 0 first, then a number up
 * to the sum of all weights points into their running sum.
 */
static size_t draw(const struct dns_record **records, size_t n)
{
	uint32_t sum = 0, running = 0, point;
	size_t i;

	for (i = 0; i < n; i++)
		sum += records[i]->weight;
	point = random_below(sum + 1);
	for (i = 0; i < n; i++) {
		running += records[i]->weight;
		if (running >= point)
			return i;
	}
	return n - 1;
}

static void put_weightless_first(const struct dns_record **records, size_t n)
{
	size_t zeros = 0;

	for (size_t i = 0; i < n; i++) {
		const struct dns_record *r = records[i];

		if (r->weight != 0)
			continue;
		memmove(&records[zeros + 1], &records[zeros], (i - zeros) * sizeof records[0]);
		records[zeros++] = r;
	}
}

size_t sip_read_srv(const struct dns_record *all, size_t n, enum sip_transport transport,
	struct sip_host *hosts, size_t max)
{
	const struct dns_record *equal[DNS_MAX_RECORDS];
	size_t used = 0, at = 0;

	while (at < n && used < max) {
		size_t count = 0;

		for (size_t i = at; i < n && all[i].priority == all[at].priority; i++) {
			if (count < DNS_MAX_RECORDS)
				equal[count++] = &all[i];
		}
		at += count;
		put_weightless_first(equal, count);
		for (; count > 0 && used < max; count--) {
			size_t i = draw(equal, count);
			const struct dns_record *r = equal[i];

			memmove(&equal[i], &equal[i + 1], (count - i - 1) * sizeof equal[0]);
			if (r->target.n == 0 || r->target.n >= sizeof hosts->name)
				continue;
			hosts[used].transport = transport;
			hosts[used].port = r->port;
			memcpy(hosts[used].name, r->target.p, r->target.n);
			hosts[used].name[r->target.n] = '\0';
			used++;
		}
	}
	return used;
}
