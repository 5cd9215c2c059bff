/* SPDX-License-Identifier: GPL-3.0-or-later */
/* CPIM: whatever is parsed lies inside the input, and every value can be unescaped and notified of. */
#include <stdint.h>
#include <stdlib.h>

#include "msrp/imdn.h"

enum { MAX_OUT = 1 << 20 };

static void check_inside(struct slice s, struct slice in)
{
	if (s.n && (s.p < in.p || s.p + s.n > in.p + in.n))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice in = slice_of((const char *)data, size), id;
	static struct cpim_message msg;
	struct imdn_delivery delivery = {0};
	struct buf out;

	if (cpim_parse(in, &msg) < 0)
		return 0;
	buf_init(&out, MAX_OUT);
	check_inside(msg.body, in);
	check_inside(msg.from.uri, in);
	check_inside(msg.from.display, in);
	check_inside(msg.subject, in);
	for (unsigned i = 0; i < msg.n_to; i++)
		check_inside(msg.to[i].uri, in);
	for (unsigned i = 0; i < msg.n_headers; i++) {
		check_inside(msg.headers[i].value, in);
		cpim_unescape(msg.headers[i].value, &out);
	}
	if (imdn_wants_delivery(&msg, &id)) {
		delivery.id = id;
		delivery.date_time = msg.date_time;
		imdn_write_delivered(&delivery, &out);
	}
	buf_free(&out);
	return 0;
}
