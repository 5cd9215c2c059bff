/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Responses of a hostile name server. The first byte chooses the type of the question, which is
 * for a.example; the rest is the response.
 */
#include <stdlib.h>

#include "core/mem.h"
#include "net/dns_message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct dns_answer *answer)
{
	if (answer->n > DNS_MAX_RECORDS || (answer->err == 0) != (answer->n > 0))
		abort();
	for (size_t i = 0; i < answer->n; i++) {
		const struct dns_record *r = &answer->records[i];

		if (r->target.n > DNS_MAX_NAME)
			abort();
		for (size_t k = 0; k < r->target.n; k++) {
			if (r->target.p[k] <= ' ' || r->target.p[k] == '\\')
				abort();
		}
		if (i > 0 && answer->records[i - 1].priority > r->priority)
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct dns_answer *answer;

	if (size == 0)
		return 0;
	if (dns_message_parse(slice_of((const char *)data + 1, size - 1), "a.example",
		    (enum dns_type)(data[0] % 4), &answer) == 0) {
		check(answer);
		obj_unref(answer);
	}
	return 0;
}
