/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The other side of what applications begin. */
#include "peer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/mem.h"

static void tap(struct slice bytes, const struct addr *from, const struct addr *to,
	enum sip_transport transport, void *arg)
{
	struct peer *p = arg;
	size_t n = strlen(p->seen);

	snprintf(p->last, sizeof p->last, "%.*s", SLICE_ARG(bytes));
	if (strncmp(p->last, "SIP/2.0 ", 8) == 0)
		return; /* to a request of ours */
	snprintf(p->seen + n, sizeof p->seen - n, "%s%.*s", n ? " " : "",
		(int)strcspn(p->last, " "), p->last);
	if (strncmp(p->last, "INVITE", 6) == 0 || strncmp(p->last, "SUBSCRIBE", 9) == 0 ||
		strncmp(p->last, "REFER", 5) == 0)
		memcpy(p->made, p->last, sizeof p->made);
}

static void on_session(struct session *session, void *arg)
{
	session_reject(session, 404);
}

static enum identity_proof prove(const struct sip_msg *request, void *arg)
{
	return IDENTITY_UNPROVED;
}

void peer_open(struct peer *p)
{
	memset(p, 0, sizeof *p);
	caller_world_open(&p->world, "127.0.0.1", 8, on_session, NULL);
	p->world.wire.tap = tap;
	p->world.wire.tap_arg = p;
	p->requests = (struct sip_request_context){
		.agent = p->world.agent, .sessions = &p->world.context, .prove = prove};
	p->world.requests = &p->requests;
	p->outgoing = (struct outgoing){&sip_outgoing, &p->requests};
}

size_t peer_close(struct peer *p)
{
	return caller_world_close(&p->world);
}

void peer_run(struct peer *p, uint64_t ms)
{
	caller_world_run(&p->world, ms);
}

/* Every \n but those behind \r becomes CRLF. */
static void deliver(struct peer *p, const char *text)
{
	static char wire[2 * CALLER_TEXT];
	size_t n = 0;

	for (const char *c = text; *c; c++) {
		if (*c == '\n' && (c == text || c[-1] != '\r'))
			wire[n++] = '\r';
		wire[n++] = *c;
	}
	wire_deliver(p->world.endpoint, slice_of(wire, n), &p->world.peer, SIP_UDP);
	peer_run(p, 1);
}

static size_t wire_length(const char *body)
{
	size_t n = strlen(body);

	for (; *body; body++)
		n += *body == '\n';
	return n;
}

static void answer_to(struct peer *p, const char *request, unsigned status, const char *tag,
	const char *lines, const char *body)
{
	static char text[CALLER_TEXT];
	size_t n = (size_t)snprintf(text, sizeof text, "SIP/2.0 %u Reason\n", status);
	static const char *const copied[] = {"Via", "From", "Call-ID", "CSeq"};

	for (size_t i = 0; i < sizeof copied / sizeof copied[0]; i++)
		n += (size_t)snprintf(text + n, sizeof text - n, "%s: %s\n", copied[i],
			caller_header(request, copied[i]));
	n += (size_t)snprintf(text + n, sizeof text - n, "To: %s%s%s\n",
		caller_header(request, "To"),
		strstr(caller_header(request, "To"), ";tag=") ? "" : ";tag=",
		strstr(caller_header(request, "To"), ";tag=") ? "" : tag);
	snprintf(text + n, sizeof text - n,
		"Contact: <sip:bob@127.0.0.2>\n%s%sContent-Length: %zu\n\n%s", lines,
		body ? "Content-Type: application/sdp\n" : "", body ? wire_length(body) : 0,
		body ? body : "");
	deliver(p, text);
}

void peer_answer(
	struct peer *p, unsigned status, const char *tag, const char *lines, const char *body)
{
	answer_to(p, p->last, status, tag, lines, body);
}

void peer_answer_first(
	struct peer *p, unsigned status, const char *tag, const char *lines, const char *body)
{
	answer_to(p, p->made, status, tag, lines, body);
}

void peer_request(struct peer *p, const char *method, const char *tag, const char *lines,
	const char *type, const char *body)
{
	static char text[CALLER_TEXT];
	char ours[256], theirs[256], call_id[128];

	snprintf(theirs, sizeof theirs, "%s", caller_header(p->made, "From"));
	snprintf(ours, sizeof ours, "%s", caller_header(p->made, "To"));
	snprintf(call_id, sizeof call_id, "%s", caller_header(p->made, "Call-ID"));
	/* A REFER in a call has the dialog's tags already. */
	snprintf(text, sizeof text,
		"%s sip:sylkserver@127.0.0.1 SIP/2.0\n"
		"Via: SIP/2.0/UDP 127.0.0.2;rport;branch=z9hG4bKpeer%u\nMax-Forwards: 70\n"
		"From: %s%s%s\nTo: %s\nCall-ID: %s\nCSeq: %u %s\nContact: <sip:bob@127.0.0.2>\n"
		"%s%s%s%sContent-Length: %zu\n\n%s",
		method, p->cseq + 1, ours,
		strstr(ours, ";tag=") ? "" : ";tag=", strstr(ours, ";tag=") ? "" : tag, theirs,
		call_id, p->cseq + 1, method, lines, type ? "Content-Type: " : "", type ? type : "",
		type ? "\n" : "", body ? wire_length(body) : 0, body ? body : "");
	p->cseq++;
	deliver(p, text);
}

const char *peer_header(const struct peer *p, const char *name)
{
	return caller_header(p->last, name);
}
