/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * DNS resolver: NAPTR, SRV, A and AAAA records by name, kept for as long as they live (RFC 1035,
 * 2782, 3403). Questions already under way are asked once. Below it stands a source that asks:
 * name servers (net/dns_servers.h), or in a simulation a table of records on the virtual clock.
 *
 * A resolver is an object on the loop's thread; whoever holds it owns a reference.
 */
#ifndef NET_DNS_H
#define NET_DNS_H

#include <stddef.h>
#include <stdint.h>

#include "core/list.h"
#include "core/slice.h"
#include "core/timer.h"
#include "net/addr.h"

struct dns;

#define DNS_MAX_NAME 253   /* RFC 1035 3.1, as text without the last dot */
#define DNS_MAX_RECORDS 64 /* of one answer; the preferred ones are kept */

enum dns_type { DNS_A, DNS_AAAA, DNS_SRV, DNS_NAPTR };

/* "A", "AAAA" ... */
const char *dns_type_name(enum dns_type type);

/* The members that its type has. Names are lower case, without the last dot; "." is empty. */
struct dns_record {
	struct addr addr;                /* A, AAAA; port 0 */
	uint16_t priority, weight, port; /* SRV; NAPTR: order is priority, preference weight */
	struct slice target;             /* SRV: target, NAPTR: replacement */
	struct slice flags, service;     /* NAPTR, as written */
	bool regexp;                     /* NAPTR: has one */
};

/* An object, never changed once made. SRV and NAPTR stand in the order of their priorities. */
struct dns_answer {
	int err;      /* 0: n > 0. -ENOENT: no such name, -ENODATA: none of this type, -ETIMEDOUT,
	                 -EIO: the servers refuse or fail, -ENOMEM */
	uint32_t ttl; /* seconds, the least of all */
	size_t n;
	struct dns_record *records;
	char *text; /* what the slices point into */
};

/* ---- asking ------------------------------------------------------------------------------------ */

typedef void dns_answered_fn(const struct dns_answer *answer, void *arg);

/* Embedded in its owner's struct, all zero at first. */
struct dns_lookup {
	struct list_node node;
	dns_answered_fn *answered;
	void *arg;
};

/*
 * Ask. The handler is called once, later, never from within; the answer is good during the call, or
 * with obj_ref. Returns 0, -EINVAL (not a name), -EBUSY (too many questions under way), -ENOMEM,
 * -ENOTCONN (closed); the handler is not called then.
 */
int dns_lookup_start(struct dns_lookup *lookup, struct dns *dns, struct slice name,
	enum dns_type type, dns_answered_fn *answered, void *arg);

/* The handler is not called any more. Harmless when nothing is under way. */
void dns_lookup_cancel(struct dns_lookup *lookup);

/* ---- the source -------------------------------------------------------------------------------- */

struct dns_question;

struct dns_source_ops {
	/*
	 * Find out, and call dns_question_answered once, now or later. name: valid, lower case,
	 * NUL-terminated, good until then. Returns 0 or a negative errno.
	 */
	int (*ask)(
		void *source, struct dns_question *question, const char *name, enum dns_type type);

	/* Stop: no question is answered any more. */
	void (*close)(void *source);
};

/* answer: err and all; the caller keeps its reference. NULL: no memory. */
void dns_question_answered(struct dns_question *question, struct dns_answer *answer);

struct dns_settings {
	size_t max_entries; /* answers kept; 0: 4096 */
	size_t max_asked;   /* questions under way; 0: 1024 */
};

/*
 * A resolver on a source and a clock, which outlive it (the source is closed with it). settings may
 * be NULL. 0 or -ENOMEM.
 */
int dns_new(struct dns **dns, struct timer_set *timers, const struct dns_source_ops *ops,
	void *source, const struct dns_settings *settings);

/* Forget everything; no handler is called any more. Idempotent. */
void dns_close(struct dns *dns);

/* Answers kept, and questions under way; for tests. */
size_t dns_entries(const struct dns *dns);
size_t dns_asked(const struct dns *dns);

/* ---- making answers ---------------------------------------------------------------------------- */

/* An answer without records. NULL without memory. */
struct dns_answer *dns_answer_error(int err);

/*
 * Copy n records; only the DNS_MAX_RECORDS preferred ones (by priority, for NAPTR order and
 * preference) are kept. n 0: -ENODATA. NULL without memory.
 */
struct dns_answer *dns_answer_new(
	enum dns_type type, const struct dns_record *records, size_t n, uint32_t ttl);

#endif
