/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A hostile peer against a whole agent. The input is a list of steps, each ended by a zero byte; its
 * first byte says what it is:
 *
 *   u, t    a message over UDP or TCP. In it, bytes 1 to 4 stand for the tag, the branch, the Call-ID
 *           and the RSeq of our last message that had one
 *   +       two bytes: the clock goes on, in units of 10 ms
 *   a       the application does: one byte, an index into the commands below
 *   !       sends fail with the error that the next byte chooses
 *
 * In the end the agent shuts down; nothing may be left then.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/id.h"
#include "core/log.h"
#include "core/mem.h"
#include "script_app.h"
#include "wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MAX_STEPS = 64, VALUE = 64 };

struct run {
	struct wire wire;
	struct wire_endpoint *endpoint;
	struct script_app app;
	char tag[VALUE], branch[VALUE], call_id[VALUE], rseq[VALUE];
};

static const char *const commands[] = {"ring", "accept", "reject 486", "end", "offer", "call",
	"call-late", "progress 183", "reject 302", "end SIP;cause=500", "update", "update empty",
	"prack-offer"};

static void learn(struct slice text, const char *before, char value[VALUE])
{
	const char *at = memmem(text.p, text.n, before, strlen(before));
	size_t left, n = 0;

	if (!at)
		return;
	at += strlen(before);
	left = text.n - (size_t)(at - text.p);
	while (n < left && n + 1 < VALUE && at[n] != ';' && at[n] != '\r')
		n++;
	memcpy(value, at, n);
	value[n] = '\0';
}

static void tap(struct slice bytes, const struct addr *from, const struct addr *to,
	enum sip_transport transport, void *arg)
{
	struct run *run = arg;

	/* In a response our tag is in To, in a request in From, which stands first. */
	learn(bytes, slice_starts(bytes, SLICE("SIP/2.0")) ? "room@192.0.2.10>;tag=" : ";tag=",
		run->tag);
	learn(bytes, "branch=", run->branch);
	learn(bytes, "Call-ID: ", run->call_id);
	learn(bytes, "RSeq: ", run->rseq);
}

static void deliver(struct run *run, const uint8_t *data, size_t size, enum sip_transport transport)
{
	struct addr peer = wire_addr("192.0.2.1", 5060);
	struct buf message;

	buf_init(&message, SIP_MAX_MESSAGE + 1024);
	for (size_t i = 0; i < size; i++) {
		if (data[i] == 1)
			buf_str(&message, run->tag);
		else if (data[i] == 2)
			buf_str(&message, run->branch);
		else if (data[i] == 3)
			buf_str(&message, run->call_id);
		else if (data[i] == 4)
			buf_str(&message, run->rseq);
		else
			buf_char(&message, (char)data[i]);
	}
	if (message.n) {
		/* An exact-size copy, so that the sanitizer sees a read behind the end. */
		char *copy = malloc(message.n);

		if (!copy)
			abort();
		memcpy(copy, message.p, message.n);
		wire_deliver(run->endpoint, slice_of(copy, message.n), &peer, transport);
		free(copy);
	}
	buf_free(&message);
}

static void step(struct run *run, const uint8_t *data, size_t size)
{
	static const int errors[] = {0, -EAGAIN, -EMSGSIZE, -ENOTCONN};

	switch (size ? data[0] : 0) {
	case 'u':
		deliver(run, data + 1, size - 1, SIP_UDP);
		break;
	case 't':
		deliver(run, data + 1, size - 1, SIP_TCP);
		break;
	case '+':
		if (size >= 3)
			wire_run(&run->wire, 10 * (uint64_t)(data[1] << 8 | data[2]));
		break;
	case 'a':
		if (size >= 2)
			script_app_do(&run->app,
				commands[data[1] % (sizeof commands / sizeof commands[0])]);
		break;
	case '!':
		if (size >= 2)
			run->wire.send_error = errors[data[1] % 4];
		break;
	default:
		break;
	}
}

static void open_run(struct run *run)
{
	static const struct sip_agent_settings settings = {
		.product = "Test", .session_expires = 120};
	struct sip_agent_core core;

	memset(run, 0, sizeof *run);
	random_seed_for_test(1);
	wire_init(&run->wire, 1);
	run->wire.tap = tap;
	run->wire.tap_arg = run;
	run->endpoint = wire_add(&run->wire, "192.0.2.10", 5060);
	core = wire_core(run->endpoint);
	core.limits = (struct sip_limits){40, 30};
	if (sip_agent_new_with(
		    &run->endpoint->agent, &core, &settings, &script_app_handlers, &run->app) < 0)
		abort();
	run->app.agent = run->endpoint->agent;
	run->app.peer = wire_addr("192.0.2.1", 5060);
}

static void close_run(struct run *run)
{
	struct sip_agent_load load;

	run->wire.send_error = 0;
	sip_agent_shutdown(run->endpoint->agent, 60000, NULL, NULL);
	wire_run(&run->wire, 200000);
	load = sip_agent_load(run->endpoint->agent);
	if (load.invites || load.dialogs || load.client_transactions || load.server_transactions)
		abort();
	sip_agent_close(run->endpoint->agent);
	script_app_release(&run->app);
	obj_unref(run->endpoint->agent);
	wire_close(&run->wire);
	random_seed_for_test(0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct run run;
	size_t alive = obj_alive();

	log_set_level(LOG_LEVEL_CRITICAL);
	open_run(&run);
	for (int i = 0; i < MAX_STEPS && size; i++) {
		const uint8_t *end = memchr(data, 0, size);
		size_t n = end ? (size_t)(end - data) : size;

		/* The clock's bytes may be zero. */
		if (data[0] == '+' && size >= 3)
			n = 3;
		step(&run, data, n);
		data += n;
		size -= n;
		if (size && *data == 0) {
			data++;
			size--;
		}
	}
	close_run(&run);
	if (obj_alive() != alive)
		abort();
	return 0;
}
