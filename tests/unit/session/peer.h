/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The other side of what applications begin: sees what is sent to 127.0.0.2 and answers as told. */
#ifndef TESTS_PEER_H
#define TESTS_PEER_H

#include "call.h"
#include "session/sip_requests.h"

struct peer {
	struct caller_world world;
	struct sip_request_context requests;
	struct outgoing outgoing;
	char seen[512];         /* what was sent here: "INVITE ACK" */
	char last[CALLER_TEXT]; /* the last of it */
	char made[CALLER_TEXT]; /* the last INVITE, SUBSCRIBE or REFER: it makes the dialog */
	unsigned cseq;          /* of our requests */
};

void peer_open(struct peer *p);

/* Returns how many objects have leaked. */
size_t peer_close(struct peer *p);

/* Answer the last request with this To tag, header lines (\n at their ends) and body (or NULL). */
void peer_answer(
	struct peer *p, unsigned status, const char *tag, const char *lines, const char *body);

/* The same to the request that made the dialog, even if others have come since. */
void peer_answer_first(
	struct peer *p, unsigned status, const char *tag, const char *lines, const char *body);

/* A request in the dialog that "made" makes, from who has this tag. */
void peer_request(struct peer *p, const char *method, const char *tag, const char *lines,
	const char *type, const char *body);

/* Let time pass. */
void peer_run(struct peer *p, uint64_t ms);

/* Value of a header of the last message sent here; static. */
const char *peer_header(const struct peer *p, const char *name);

#endif
