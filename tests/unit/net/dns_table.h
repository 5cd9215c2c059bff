/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A table of records in place of name servers, for resolvers on a virtual clock. A name that is not
 * in it does not exist.
 */
#ifndef TESTS_DNS_TABLE_H
#define TESTS_DNS_TABLE_H

#include "net/dns.h"

enum { DNS_TABLE_RECORDS = 1200, DNS_TABLE_NAME = 300 };

struct dns_table_record {
	char name[DNS_TABLE_NAME], text[DNS_TABLE_NAME];
	enum dns_type type;
	uint32_t ttl;
	int err; /* not 0: no record, but this answer */
	struct dns_record record;
};

struct dns_table {
	struct timer_set *timers;
	struct dns *dns;                   /* the resolver on this table */
	struct dns_table_record **records; /* each allocated: most tests have few */
	size_t n;
	uint64_t delay_ms, failure_ms; /* until there is an answer, or a failure */
	unsigned asked;                /* questions so far */
	struct list_node waiting;
	int refuse; /* not 0: what asking returns */
};

/* Aborts when it cannot be made. settings may be NULL. */
void dns_table_open(
	struct dns_table *table, struct timer_set *timers, const struct dns_settings *settings);
void dns_table_close(struct dns_table *table);

/*
 * Add a record for an hour: "A 192.0.2.1", "AAAA 2001:db8::1", "SRV 0 1 5060 server1.example.com",
 * "NAPTR 50 50 s SIP+D2T _sip._tcp.example.com" (with a sixth word: a regular expression), or what
 * failure a question gets: "SRV fails" (a time-out), "SRV broken" (-EIO). Aborts when it is none.
 */
void dns_table_add(struct dns_table *table, const char *name, const char *text);
void dns_table_add_ttl(struct dns_table *table, const char *name, const char *text, uint32_t ttl);

/* Forget all records. */
void dns_table_clear(struct dns_table *table);

#endif
