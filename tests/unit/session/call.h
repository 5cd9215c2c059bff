/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Callers for tests of sessions, rooms and applications: SIP calls on a virtual clock, a media
 * engine that runs in this thread when it is given turns, and whatever takes the sessions.
 */
#ifndef TESTS_CALL_H
#define TESTS_CALL_H

#include "core/loop.h"
#include "media/engine.h"
#include "session/sip_session.h"
#include "wire.h"

enum { CALLERS = 8, CALLER_TEXT = 8192 };

struct sip_request_context;

/* Who takes the sessions. */
typedef void caller_incoming_fn(struct session *session, void *arg);

/* One peer with one call. */
struct caller {
	struct caller_world *world;
	char call_id[16];
	char from[200], to[200], uri[200]; /* header values and request-URI; presets, may be set */
	char lines[256];                   /* further header lines of its INVITEs, each with \n */
	char type[64];                     /* Content-Type of its bodies */
	char to_tag[64];
	unsigned cseq, bye_cseq;  /* bye_cseq: of the server's unanswered BYE, or 0 */
	char seen[256];           /* what the server sent: "180 200 BYE" */
	char last[CALLER_TEXT];   /* the last response (above 100) or request of it */
	char asked[CALLER_TEXT];  /* its last request */
	char answer[CALLER_TEXT]; /* body of its last 200 to an INVITE */
};

struct caller_world {
	struct wire wire;
	struct wire_endpoint *endpoint;
	struct sip_agent *agent;
	struct loop *loop;
	struct media_engine *media;
	uint64_t media_us, now_us; /* the engine's time; that of the loop's timers */
	struct sip_session_context context;
	struct sip_request_context *requests; /* who takes REFERs in calls; NULL: nobody */
	struct addr peer;
	struct caller callers[CALLERS];
	unsigned n_callers;
	size_t alive;
};

/*
 * host: where the server is, a loopback address. pairs: of ports for RTP. fn gets the sessions.
 * Aborts on an error.
 */
void caller_world_open(struct caller_world *w, const char *host, unsigned pairs,
	caller_incoming_fn *fn, void *arg);

/* Close sessions and agent; then, when those who took sessions are closed too, the rest. */
void caller_world_close_agent(struct caller_world *w);
void caller_world_close_media(struct caller_world *w);

/* Both; returns how many objects have leaked. */
size_t caller_world_close(struct caller_world *w);

/* The server's BYEs are answered; ms pass for SIP and for the loop's timers. */
void caller_world_run(struct caller_world *w, uint64_t ms);

/* Let the media engine do what it was told. */
void caller_world_settle(struct caller_world *w);

/* A caller to user@server. */
struct caller *caller_new(struct caller_world *w, const char *user);

/* INVITE or re-INVITE with this body (NULL: none); what the server sent until now is forgotten. */
void caller_invite(struct caller *c, const char *body);
void caller_ack(struct caller *c, const char *body);
void caller_cancel(struct caller *c);
void caller_bye(struct caller *c);

/* Answer the server's last request, with this body (NULL: none). */
void caller_answer(struct caller *c, unsigned status, const char *body);

/* The same to any of its requests, with further header lines, each with \n. */
void caller_respond(struct caller *c, const char *request, unsigned status, const char *lines,
	const char *body);

/* INVITE, a 200 expected, ACK. */
void caller_call(struct caller *c, const char *body);

/* Status of the last response to it. */
unsigned caller_status(const struct caller *c);

/* Value of a header of the last message, in a static buffer; "" if it is not there. */
const char *caller_header(const char *message, const char *name);

/*
 * A description with these m-lines and what belongs to them, \n at the ends, in one of a few static
 * buffers; its o= line counts up.
 */
const char *caller_sdp(const char *media);

/* "m=audio PORT RTP/AVP 8 ..." with an address and a direction; in one of a few static buffers. */
const char *caller_audio(unsigned port, const char *address, const char *direction);

#endif
