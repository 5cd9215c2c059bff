/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Transports under test on loopback, with a record of what they hand out, and plain socket peers. */
#ifndef TESTS_TRANSPORT_FIXTURE_H
#define TESTS_TRANSPORT_FIXTURE_H

#include "../net/turns.h"

#include "sip/message.h"
#include "sip/transport.h"

struct fixture {
	struct loop *loop;
	struct sip_transports *transports;
	struct sip_transports_settings settings;
	struct addr udp, tcp; /* the listeners */
	size_t alive;

	/* What came out. */
	size_t received, malformed, traced;
	char call_ids[256]; /* of all messages, each followed by a blank */
	size_t body;        /* length, of the last */
	unsigned error_status;
	struct addr source;
	struct sip_flow *flow; /* of the last; a reference */

	/* What the handler shall do with a message. */
	bool answer;      /* "OK" by the flow for responses */
	bool close_after; /* the transports */
	int answered;     /* result of sending */

	/* A watch on some flow. */
	struct sip_flow_watch watch;
	size_t failed;
	int failed_err;
};

/* Setup and teardown of a test; the transports listen on 127.0.0.1 with the default settings. */
int fixture_setup(void **state);
int fixture_teardown(void **state);

/* Make the transports anew with f->settings. */
void fixture_restart(struct fixture *f);

void fixture_watch(struct fixture *f, struct sip_flow *flow);

/* Turn until this many messages have been handed out. */
void fixture_received(struct fixture *f, size_t n);

struct addr loopback(const char *host, uint16_t port);

/*
 * A request as a peer writes it: topmost Via with this transport and sent-by port (and further
 * parameters), Call-ID, body; content_length -1: no such header. Good until the next call.
 */
const char *request_text(const char *transport, uint16_t port, const char *via_params,
	const char *call_id, long content_length, const char *body);

/* A plain request of transport TCP, with its Content-Length. */
const char *tcp_request(const char *call_id);

/* Sockets of a peer, blocking with a time limit. */
int peer_udp(struct addr *local);
int peer_connect(const struct addr *to);
int peer_listen(struct addr *local);
void peer_send(int fd, const char *bytes, size_t n);
void peer_write(int fd, const char *text);
void peer_send_to(int fd, const struct addr *to, const char *text);

/* Turn the loop until the peer has something to read; then read it. The length, 0: closed. */
size_t peer_read(struct fixture *f, int fd, char *to, size_t size);

/* The next thing the peer reads is this text. */
void peer_expect(struct fixture *f, int fd, const char *text);

/* The peer reads the end of the connection, in order or by a reset. */
void peer_expect_end(struct fixture *f, int fd);

#endif
