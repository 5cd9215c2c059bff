/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Stream: a connection as its user sees it, whatever lies below. TCP is a link; TLS is a link of
 * the same shape on top of another, and its user does not ask. Writes are queued up to a
 * cap; drained tells when there is room again (back-pressure), and reading can be paused.
 *
 * Loop thread. A stream is an object; whoever holds it closes it and gives its reference back.
 * Handlers may close the stream they are called for; after stream_close none is called any more.
 */
#ifndef NET_STREAM_H
#define NET_STREAM_H

#include <stddef.h>

#include "core/loop.h"
#include "core/slice.h"
#include "net/addr.h"

struct stream;

struct stream_handlers {
	/* Our connect is through (TLS: the handshake, in either role). May be NULL. */
	void (*connected)(void *arg);
	/* Bytes arrived; the slice is good during the call only. */
	void (*received)(struct slice bytes, void *arg);
	/* The write queue, having refused a write, is below half its cap again. May be NULL. */
	void (*drained)(void *arg);
	/* The end: 0 closed by the peer in order, else a negative errno. Once, as the last call. */
	void (*closed)(int err, void *arg);
};

/* The operations of one kind of link. */
struct stream_ops {
	int (*write)(struct stream *s, struct slice bytes);
	void (*pause)(struct stream *s);
	void (*resume)(struct stream *s);
	void (*close)(struct stream *s);
	size_t (*queued)(const struct stream *s);
	void (*await_drained)(struct stream *s);
};

/* The common head of every link's struct. */
struct stream {
	const struct stream_ops *ops;
	const struct stream_handlers *handlers; /* NULL once closed */
	void *arg;
	struct addr local, remote;
};

void stream_set_handlers(struct stream *s, const struct stream_handlers *handlers, void *arg);

/*
 * Write all of bytes (copied as far as the kernel does not take them at once). Returns 0, -EAGAIN
 * when the queue is full (nothing was taken; wait for drained), -ENOTCONN when closed.
 */
int stream_write(struct stream *s, struct slice bytes);

/* Stop and go on reading. */
void stream_pause(struct stream *s);
void stream_resume(struct stream *s);

/* Close: what is queued is still sent (for at most some seconds). Idempotent. */
void stream_close(struct stream *s);

/* Bytes waiting to be sent. */
size_t stream_queued(const struct stream *s);

/*
 * Have drained called once the queue is below half its cap, as if a write had been refused: for
 * links on top of others. Something must be queued.
 */
void stream_await_drained(struct stream *s);

#endif
