/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * TLS: a link under net/stream.h on top of another one. What is written in one turn of the loop is
 * encrypted together at its end. connected tells that the handshake is done; nothing is received
 * before. The peer's close_notify is an orderly end (0); an end without one is -ECONNRESET, as bytes
 * may have been cut off; a breach of the protocol or a certificate that is not believed is -EPROTO.
 * Loop thread.
 */
#ifndef NET_TLS_H
#define NET_TLS_H

#include "net/stream.h"
#include "net/tls_context.h"

/*
 * Be the server on an accepted connection whose handlers are not set yet. write_cap: of the queue,
 * bytes, and no more than that of lower. The handshake must be done within handshake_ms. On success
 * the caller's reference on lower belongs to the new stream, and the caller owns one of that; on
 * failure (-ENOMEM) nothing has changed.
 */
int tls_accept(struct stream **stream, struct tls_context *context, struct loop *loop,
	struct stream *lower, size_t write_cap, uint64_t handshake_ms);

/*
 * Be the client, as above, on a connection that may still be connecting (handshake_ms then includes
 * that). name: what is asked for (SNI), and what the peer must prove if the context verifies: a
 * domain or a literal address; copied.
 */
int tls_connect(struct stream **stream, struct tls_context *context, struct loop *loop,
	struct stream *lower, const char *name, size_t write_cap, uint64_t handshake_ms,
	const struct stream_handlers *handlers, void *arg);

/*
 * Whether the peer has shown a certificate that the authorities of our ca_file stand behind and that
 * speaks for this SIP domain or literal address (RFC 5922 section 7). Any stream may be asked; only
 * an open TLS one proves anything.
 */
bool tls_peer_proves(const struct stream *stream, struct slice domain);

#endif
