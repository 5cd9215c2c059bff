/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Fuzz target: STUN messages are read without harm, and what they say can be said back. */
#include <stdint.h>
#include <stdlib.h>

#include "net/stun.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct stun_message msg, again;
	struct stun_writer w;

	if (stun_parse(slice_of((const char *)data, size), &msg) < 0)
		return 0;
	stun_verify(&msg, SLICE("key"));
	stun_begin(&w, msg.class, msg.method, &msg.id);
	if (msg.mapped.len)
		stun_add_mapped(&w, &msg.mapped);
	if (msg.error)
		stun_add_error(&w, msg.error, msg.reason);
	if (msg.username.n)
		stun_add(&w, STUN_USERNAME, msg.username);
	if (msg.n_unknown)
		stun_add_unknown(&w, &msg);
	stun_add_integrity(&w, SLICE("key"));
	stun_add_fingerprint(&w);
	if (w.err)
		return 0;
	if (stun_parse(stun_view(&w), &again) < 0 || !again.has_fingerprint ||
		!stun_verify(&again, SLICE("key")) || again.method != msg.method ||
		again.class != msg.class || again.error != msg.error)
		abort();
	if (msg.mapped.len && !addr_equal(&msg.mapped, &again.mapped))
		abort();
	return 0;
}
