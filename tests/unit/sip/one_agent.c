/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One agent on a wire whose other end is the test. */
#include "one_agent.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/mem.h"

static uint64_t mark_ms;

static void tap(struct slice bytes, const struct addr *from, const struct addr *to,
	enum sip_transport transport, void *arg)
{
	struct one_agent *one = arg;

	if (one->sent < ONE_AGENT_LOG)
		one->when[one->sent] = one->wire.timers.now / 1000 - mark_ms;
	one->sent++;
	snprintf(one->last, sizeof one->last, "%.*s", SLICE_ARG(bytes));
	one->last_to = *to;
}

void one_agent_mark(struct one_agent *one)
{
	one->sent = 0;
	mark_ms = one->wire.timers.now / 1000;
}

void one_agent_open(struct one_agent *one, const struct sip_agent_handlers *handlers, void *arg,
	const struct sip_limits *limits)
{
	static const struct sip_agent_settings settings = {.product = "Test"};
	struct sip_agent_core core;

	memset(one, 0, sizeof *one);
	one->alive = obj_alive();
	wire_init(&one->wire, 1);
	one->wire.tap = tap;
	one->wire.tap_arg = one;
	one->endpoint = wire_add(&one->wire, "192.0.2.10", 5060);
	one->peer = wire_addr("192.0.2.1", 5060);
	core = wire_core(one->endpoint);
	if (limits)
		core.limits = *limits;
	if (sip_agent_new_with(&one->agent, &core, &settings, handlers, arg) < 0)
		abort();
	one->endpoint->agent = one->agent;
	one_agent_mark(one);
}

size_t one_agent_close(struct one_agent *one)
{
	sip_agent_close(one->agent);
	one->agent = obj_unref(one->agent);
	wire_close(&one->wire);
	return obj_alive() - one->alive;
}

void one_agent_receive(struct one_agent *one, enum sip_transport transport, const char *format, ...)
{
	char text[ONE_AGENT_TEXT], wire[2 * ONE_AGENT_TEXT];
	size_t n = 0;
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof text, format, ap);
	va_end(ap);
	for (const char *p = text; *p; p++) {
		if (*p == '\n')
			wire[n++] = '\r';
		wire[n++] = *p;
	}
	wire_deliver(one->endpoint, slice_of(wire, n), &one->peer, transport);
}

void one_agent_request(struct one_agent *one, enum sip_transport transport, const char *method,
	unsigned cseq, const char *branch, const char *to_tag)
{
	char own[64];

	snprintf(own, sizeof own, "z9hG4bK%s%u", method, cseq);
	one_agent_receive(one, transport,
		"%s sip:room@192.0.2.10 SIP/2.0\n"
		"Via: SIP/2.0/%s 192.0.2.1:5060;branch=%s\n"
		"Max-Forwards: 70\n"
		"From: <sip:alice@192.0.2.1>;tag=alice\n"
		"To: <sip:room@192.0.2.10>%s%s\n"
		"Call-ID: one\n"
		"CSeq: %u %s\n"
		"Contact: <sip:alice@192.0.2.1:5060%s>\n"
		"Content-Length: 0\n\n",
		method, transport == SIP_UDP ? "UDP" : "TCP", branch ? branch : own,
		to_tag ? ";tag=" : "", to_tag ? to_tag : "", cseq, method,
		transport == SIP_UDP ? "" : ";transport=tcp");
}

const char *one_agent_header(const struct one_agent *one, const char *name)
{
	static char value[512];
	char start[64];
	const char *at;

	snprintf(start, sizeof start, "\n%s: ", name);
	at = strstr(one->last, start);
	if (!at)
		return "";
	at += strlen(start);
	snprintf(value, sizeof value, "%.*s", (int)strcspn(at, "\r"), at);
	return value;
}

void one_agent_respond(
	struct one_agent *one, enum sip_transport transport, unsigned status, const char *to_tag)
{
	char via[512], from[512], to[512], call_id[512], cseq[512];

	snprintf(via, sizeof via, "%s", one_agent_header(one, "Via"));
	snprintf(from, sizeof from, "%s", one_agent_header(one, "From"));
	snprintf(to, sizeof to, "%s", one_agent_header(one, "To"));
	snprintf(call_id, sizeof call_id, "%s", one_agent_header(one, "Call-ID"));
	snprintf(cseq, sizeof cseq, "%s", one_agent_header(one, "CSeq"));
	one_agent_receive(one, transport,
		"SIP/2.0 %u Reason\nVia: %s\nFrom: %s\nTo: %s%s%s\nCall-ID: %s\nCSeq: %s\n"
		"Contact: <sip:bob@192.0.2.1:5060>\nContent-Length: 0\n\n",
		status, via, from, to, to_tag ? ";tag=" : "", to_tag ? to_tag : "", call_id, cseq);
}

bool one_agent_last_is(const struct one_agent *one, const char *start)
{
	return strncmp(one->last, start, strlen(start)) == 0;
}

const char *one_agent_to_tag(const struct one_agent *one)
{
	static char tag[64];
	const char *at = strstr(one_agent_header(one, "To"), ";tag=");

	snprintf(tag, sizeof tag, "%s", at ? at + 5 : "");
	return tag;
}
