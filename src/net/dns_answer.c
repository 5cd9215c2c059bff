/* SPDX-License-Identifier: GPL-3.0-or-later */
/* DNS answers: records in the order of preference, in one object that nobody changes. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/mem.h"
#include "net/dns.h"

/* Records are sorted as pointers: equal ones keep the order in which they came. */
struct ranked {
	const struct dns_record *record;
	size_t place;
};

static void destroy(void *obj)
{
	struct dns_answer *answer = obj;

	mem_free(answer->records);
	mem_free(answer->text);
}

struct dns_answer *dns_answer_error(int err)
{
	struct dns_answer *answer = obj_new(sizeof *answer, destroy);

	if (answer)
		answer->err = err;
	return answer;
}

static int compare(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

/* RFC 2782: by priority alone, the weight is drawn later. */
static int by_priority(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;
	int difference = compare(x->record->priority, y->record->priority);

	return difference ? difference : compare(x->place, y->place);
}

/* RFC 3403 4.1: by order, then by preference. */
static int by_preference(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;
	int difference = compare(x->record->priority, y->record->priority);

	if (difference == 0)
		difference = compare(x->record->weight, y->record->weight);
	return difference ? difference : compare(x->place, y->place);
}

static struct slice put(char *text, size_t *used, struct slice s, bool name)
{
	char *at = text + *used;

	for (size_t i = 0; i < s.n; i++)
		at[i] = name ? ascii_lower(s.p[i]) : s.p[i];
	*used += s.n;
	return slice_of(at, s.n);
}

/* Copy the records and their texts. Returns 0 or -ENOMEM. */
static int copy(struct dns_answer *answer, const struct ranked *ranked, size_t n)
{
	size_t size = 0, used = 0;

	for (size_t i = 0; i < n; i++) {
		const struct dns_record *r = ranked[i].record;

		size += r->target.n + r->flags.n + r->service.n;
	}
	answer->records = mem_zalloc(n * sizeof *answer->records);
	answer->text = mem_zalloc(size + 1);
	if (!answer->records || !answer->text)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		struct dns_record *r = &answer->records[i];

		*r = *ranked[i].record;
		r->target = put(answer->text, &used, r->target, true);
		r->flags = put(answer->text, &used, r->flags, false);
		r->service = put(answer->text, &used, r->service, false);
	}
	answer->n = n;
	return 0;
}

struct dns_answer *dns_answer_new(
	enum dns_type type, const struct dns_record *records, size_t n, uint32_t ttl)
{
	struct dns_answer *answer = dns_answer_error(n ? 0 : -ENODATA);
	struct ranked *ranked = n ? mem_zalloc(n * sizeof *ranked) : NULL;

	if (!answer || n == 0)
		goto out;
	if (!ranked) {
		answer = obj_unref(answer);
		goto out;
	}
	for (size_t i = 0; i < n; i++)
		ranked[i] = (struct ranked){&records[i], i};
	if (type == DNS_SRV)
		qsort(ranked, n, sizeof *ranked, by_priority);
	else if (type == DNS_NAPTR)
		qsort(ranked, n, sizeof *ranked, by_preference);
	answer->ttl = ttl;
	if (copy(answer, ranked, n < DNS_MAX_RECORDS ? n : DNS_MAX_RECORDS) < 0)
		answer = obj_unref(answer);
out:
	mem_free(ranked);
	return answer;
}
