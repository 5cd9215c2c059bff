/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One agent on a wire whose other end is the test: what tests of transactions begin with. */
#ifndef TESTS_ONE_AGENT_H
#define TESTS_ONE_AGENT_H

#include "wire.h"

enum { ONE_AGENT_LOG = 64, ONE_AGENT_TEXT = 4096 };

struct one_agent {
	struct wire wire;
	struct wire_endpoint *endpoint;
	struct sip_agent *agent;
	struct addr peer;
	unsigned sent;                /* messages of ours so far */
	uint64_t when[ONE_AGENT_LOG]; /* ms since the start, of the first of them */
	char last[ONE_AGENT_TEXT];    /* the last one */
	struct addr last_to;
	size_t alive;
};

/* Returns 0; aborts when it cannot be made. limits: zero for the presets. */
void one_agent_open(struct one_agent *one, const struct sip_agent_handlers *handlers, void *arg,
	const struct sip_limits *limits);

/* Close; the number of objects that have leaked. */
size_t one_agent_close(struct one_agent *one);

/* Hand a message in; format as printf's, every \n becomes CRLF. */
void one_agent_receive(struct one_agent *one, enum sip_transport transport, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * A request from the peer with all it needs. to_tag may be NULL. The branch is "z9hG4bK" and the
 * method and number unless given.
 */
void one_agent_request(struct one_agent *one, enum sip_transport transport, const char *method,
	unsigned cseq, const char *branch, const char *to_tag);

/* A response to the last message of ours, with this To tag. */
void one_agent_respond(
	struct one_agent *one, enum sip_transport transport, unsigned status, const char *to_tag);

/* Value of a header of the last message, in a static buffer; "" if it is not there. */
const char *one_agent_header(const struct one_agent *one, const char *name);

/* Whether the last message begins with this. */
bool one_agent_last_is(const struct one_agent *one, const char *start);

/* The tag in To of the last message, in a static buffer. */
const char *one_agent_to_tag(const struct one_agent *one);

/* Forget what was sent so far; when counts from now. */
void one_agent_mark(struct one_agent *one);

#endif
