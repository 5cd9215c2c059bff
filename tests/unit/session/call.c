/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Callers for tests of sessions, rooms and applications. */
#include "call.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/mem.h"
#include "media/engine_private.h"
#include "session/sip_requests.h"

enum { BUFFERS = 8 };

static void keep_answer(struct caller *c, const char *message)
{
	const char *body = strstr(message, "\r\n\r\n"), *tag = strstr(message, "\r\nTo: ");

	snprintf(c->answer, sizeof c->answer, "%s", body ? body + 4 : "");
	tag = tag ? strstr(tag, ";tag=") : NULL;
	if (tag)
		snprintf(
			c->to_tag, sizeof c->to_tag, "%.*s", (int)strcspn(tag + 5, "\r;"), tag + 5);
}

static void note(struct caller *c, const char *message)
{
	bool response = strncmp(message, "SIP/2.0 ", 8) == 0;
	const char *word = response ? message + 8 : message;
	size_t n = strlen(c->seen);

	if (response && strncmp(word, "100", 3) == 0)
		return;
	snprintf(c->seen + n, sizeof c->seen - n, "%s%.*s", n ? " " : "", (int)strcspn(word, " "),
		word);
	snprintf(c->last, sizeof c->last, "%s", message);
	if (!response) {
		snprintf(c->asked, sizeof c->asked, "%s", message);
		if (strncmp(message, "BYE ", 4) == 0)
			c->bye_cseq = (unsigned)strtoul(caller_header(message, "CSeq"), NULL, 10);
	} else if (strstr(caller_header(message, "CSeq"), "INVITE") && *word == '2') {
		keep_answer(c, message);
	}
}

static void tap(struct slice bytes, const struct addr *from, const struct addr *to,
	enum sip_transport transport, void *arg)
{
	struct caller_world *w = arg;
	static char text[CALLER_TEXT];

	snprintf(text, sizeof text, "%.*s", SLICE_ARG(bytes));
	for (unsigned i = 0; i < w->n_callers; i++) {
		if (strcmp(caller_header(text, "Call-ID"), w->callers[i].call_id) == 0)
			note(&w->callers[i], text);
	}
}

/* Whether all n ports from first on are free now. */
static bool are_free(const char *host, unsigned first, unsigned n)
{
	bool all = true;

	for (unsigned i = 0; i < n && all; i++) {
		struct addr a = wire_addr(host, (uint16_t)(first + i));
		int fd = socket(addr_family(&a), SOCK_DGRAM, 0);

		all = fd >= 0 && bind(fd, &a.u.sa, a.len) == 0;
		close(fd);
	}
	return all;
}

/* An even port that the kernel gives, with n free ones from it on. */
static unsigned free_ports(const char *host, unsigned n)
{
	for (int i = 0; i < 100; i++) {
		struct addr a = wire_addr(host, 0);
		socklen_t len = sizeof a.u;
		int fd = socket(addr_family(&a), SOCK_DGRAM, 0);
		unsigned port = 0;

		if (fd >= 0 && bind(fd, &a.u.sa, a.len) == 0 && getsockname(fd, &a.u.sa, &len) == 0)
			port = (addr_port(&a) + 1U) & ~1U;
		close(fd);
		if (port && port + n < UINT16_MAX && are_free(host, port, n))
			return port;
	}
	abort();
}

static void open_media(struct caller_world *w, const char *host, unsigned pairs)
{
	unsigned first = free_ports(host, 2 * pairs);
	struct media_engine_settings settings = {
		.threads = 1,
		.port_min = (uint16_t)first,
		.port_max = (uint16_t)(first + 2 * pairs),
		.sample_rate = 48000,
		.timeout_s = 30,
		.mixed_talkers = 8,
	};

	w->media_us = 1000000;
	if (loop_new(&w->loop) < 0 ||
		media_engine_new_stepped(&w->media, w->loop, &settings, w->media_us) < 0)
		abort();
}

static void on_invite(struct sip_invite *invite, const struct sip_msg *request, void *arg)
{
	struct caller_world *w = arg;

	sip_session_incoming(&w->context, invite, request);
}

static bool on_refer(struct sip_refer *refer, struct sip_invite *invite, void *arg)
{
	struct caller_world *w = arg;

	return w->requests && sip_refer_incoming(w->requests, refer, invite);
}

static void open_agent(struct caller_world *w)
{
	static const struct sip_agent_settings settings = {.product = "Test"};
	static const struct sip_agent_handlers handlers = {.invite = on_invite, .refer = on_refer};
	struct sip_agent_core core = wire_core(w->endpoint);

	if (sip_agent_new_with(&w->agent, &core, &settings, &handlers, w) < 0)
		abort();
	w->endpoint->agent = w->agent;
}

void caller_world_open(
	struct caller_world *w, const char *host, unsigned pairs, caller_incoming_fn *fn, void *arg)
{
	static char *codecs[] = {"opus", "PCMA", "PCMU"};
	struct rtp_settings rtp = {.audio_codecs = {codecs, 3}};

	memset(w, 0, sizeof *w);
	w->alive = obj_alive();
	open_media(w, host, pairs);
	wire_init(&w->wire, 1);
	w->wire.tap = tap;
	w->wire.tap_arg = w;
	w->endpoint = wire_add(&w->wire, host, 5060);
	w->peer = wire_addr(strchr(host, ':') ? "2001:db8::2" : "127.0.0.2", 5060);
	w->context = (struct sip_session_context){
		.loop = w->loop, .media = w->media, .product = "Test", .incoming = fn, .arg = arg};
	list_init(&w->context.sessions);
	if (audio_formats_init(&w->context.audio, &rtp) < 0)
		abort();
	open_agent(w);
}

void caller_world_close_agent(struct caller_world *w)
{
	sip_sessions_close(&w->context);
	sip_agent_close(w->agent);
	w->agent = obj_unref(w->agent);
	w->endpoint->agent = NULL;
	wire_close(&w->wire);
}

void caller_world_close_media(struct caller_world *w)
{
	media_engine_close(w->media);
	loop_close(w->loop);
}

size_t caller_world_close(struct caller_world *w)
{
	caller_world_close_agent(w);
	caller_world_close_media(w);
	return obj_alive() - w->alive;
}

void caller_world_settle(struct caller_world *w)
{
	for (int i = 0; i < 4; i++) {
		w->media_us += 10000;
		media_engine_step(w->media, 0, w->media_us);
		uv_run(loop_uv(w->loop), UV_RUN_NOWAIT);
	}
}

/* Deliver a message of the caller's; every \n becomes CRLF. */
static void deliver(struct caller *c, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void deliver(struct caller *c, const char *format, ...)
{
	static char text[CALLER_TEXT], wire[2 * CALLER_TEXT];
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
	wire_deliver(c->world->endpoint, slice_of(wire, n), &c->world->peer, SIP_UDP);
}

/* How many bytes a text has with CRLF for \n. */
static size_t wire_length(const char *body)
{
	size_t n = strlen(body);

	for (; *body; body++)
		n += *body == '\n';
	return n;
}

static void request(struct caller *c, const char *method, const char *branch, unsigned cseq,
	bool in_dialog, const char *body)
{
	char host[ADDR_TEXT];

	addr_print_uri_host(&c->world->peer, host);
	deliver(c,
		"%s %s SIP/2.0\n"
		"Via: SIP/2.0/UDP %s;rport;branch=z9hG4bK%s\n"
		"Max-Forwards: 70\nFrom: %s;tag=caller\nTo: %s%s%s\n"
		"Call-ID: %s\nCSeq: %u %s\nContact: <sip:caller@%s>\n%s%s%s%s"
		"Content-Length: %zu\n\n%s",
		method, c->uri, host, branch, c->from, c->to, in_dialog ? ";tag=" : "",
		in_dialog ? c->to_tag : "", c->call_id, cseq, method, host, c->lines,
		body ? "Content-Type: " : "", body ? c->type : "", body ? "\n" : "",
		body ? wire_length(body) : 0, body ? body : "");
}

static const char *branch_of(const struct caller *c, const char *suffix)
{
	static char branch[64];

	snprintf(branch, sizeof branch, "%s%u%s", c->call_id, c->cseq, suffix);
	return branch;
}

void caller_respond(
	struct caller *c, const char *request, unsigned status, const char *lines, const char *body)
{
	char via[512], from[512], to[512], cseq[64], host[ADDR_TEXT];

	snprintf(via, sizeof via, "%s", caller_header(request, "Via"));
	snprintf(from, sizeof from, "%s", caller_header(request, "From"));
	snprintf(to, sizeof to, "%s", caller_header(request, "To"));
	snprintf(cseq, sizeof cseq, "%s", caller_header(request, "CSeq"));
	addr_print_uri_host(&c->world->peer, host);
	deliver(c,
		"SIP/2.0 %u Answer\nVia: %s\nFrom: %s\nTo: %s\nCall-ID: %s\nCSeq: %s\n"
		"Contact: <sip:caller@%s>\n%s%s%s%sContent-Length: %zu\n\n%s",
		status, via, from, to, c->call_id, cseq, host, lines, body ? "Content-Type: " : "",
		body ? c->type : "", body ? "\n" : "", body ? wire_length(body) : 0,
		body ? body : "");
}

void caller_answer(struct caller *c, unsigned status, const char *body)
{
	caller_respond(c, c->asked, status, "", body);
}

static void answer_bye(struct caller *c)
{
	c->bye_cseq = 0;
	caller_answer(c, 200, NULL);
}

void caller_world_run(struct caller_world *w, uint64_t ms)
{
	struct timer_set *timers = loop_timers(w->loop);

	for (unsigned i = 0; i < w->n_callers; i++) {
		if (w->callers[i].bye_cseq)
			answer_bye(&w->callers[i]);
	}
	wire_run(&w->wire, ms);
	if (w->now_us < timers->now)
		w->now_us = timers->now;
	w->now_us += ms * 1000;
	timer_set_run(timers, w->now_us);
}

struct caller *caller_new(struct caller_world *w, const char *user)
{
	static unsigned number;
	struct caller *c = &w->callers[w->n_callers % CALLERS];
	struct addr server = w->endpoint->addr;
	char host[ADDR_TEXT];

	if (w->n_callers < CALLERS)
		w->n_callers++;
	else
		abort();
	memset(c, 0, sizeof *c);
	addr_print_uri_host(&server, host);
	c->world = w;
	snprintf(c->call_id, sizeof c->call_id, "call%u", ++number);
	snprintf(c->from, sizeof c->from, "<sip:alice@example.org>");
	snprintf(c->to, sizeof c->to, "<sip:%s@%s>", user, host);
	snprintf(c->uri, sizeof c->uri, "sip:%s@%s", user, host);
	snprintf(c->type, sizeof c->type, "application/sdp");
	return c;
}

void caller_invite(struct caller *c, const char *body)
{
	c->cseq++;
	c->seen[0] = c->last[0] = '\0';
	request(c, "INVITE", branch_of(c, ""), c->cseq, c->to_tag[0], body);
}

void caller_ack(struct caller *c, const char *body)
{
	request(c, "ACK", branch_of(c, caller_status(c) < 300 ? "ack" : ""), c->cseq, true, body);
}

void caller_cancel(struct caller *c)
{
	request(c, "CANCEL", branch_of(c, ""), c->cseq, c->to_tag[0], NULL);
}

void caller_bye(struct caller *c)
{
	c->cseq++;
	request(c, "BYE", branch_of(c, ""), c->cseq, true, NULL);
}

void caller_call(struct caller *c, const char *body)
{
	caller_invite(c, body);
	if (caller_status(c) == 200)
		caller_ack(c, NULL);
}

unsigned caller_status(const struct caller *c)
{
	return strncmp(c->last, "SIP/2.0 ", 8) == 0 ? (unsigned)strtoul(c->last + 8, NULL, 10) : 0;
}

const char *caller_header(const char *message, const char *name)
{
	static char value[1024];
	char start[64];
	const char *at;

	snprintf(start, sizeof start, "\n%s: ", name);
	at = strstr(message, start);
	if (!at)
		return "";
	at += strlen(start);
	snprintf(value, sizeof value, "%.*s", (int)strcspn(at, "\r"), at);
	return value;
}

const char *caller_sdp(const char *media)
{
	static char texts[BUFFERS][CALLER_TEXT];
	static unsigned version;
	char *text = texts[version % BUFFERS];

	snprintf(text, CALLER_TEXT, "v=0\no=- 1 %u IN IP4 127.0.0.2\ns=-\nt=0 0\n%s", ++version,
		media);
	return text;
}

const char *caller_audio(unsigned port, const char *address, const char *direction)
{
	static char texts[BUFFERS][256];
	static unsigned next;
	char *text = texts[next++ % BUFFERS];

	snprintf(text, sizeof texts[0],
		"m=audio %u RTP/AVP 8 0 101\nc=IN %s %s\na=rtpmap:101 telephone-event/8000\na=%s\n",
		port, strchr(address, ':') ? "IP6" : "IP4", address, direction);
	return text;
}
