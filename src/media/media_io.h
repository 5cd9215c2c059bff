/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Datagram I/O of one media thread: sends are queued and leave in batches, what has arrived is
 * read in batches. Two backends of one shape: io_uring where the kernel permits it (one system
 * call for packets of many sockets), else epoll with recvmmsg and sendmmsg.
 *
 * Media thread that made it. Nothing is allocated per packet; what cannot be sent at once is
 * dropped, as a network would, and counted.
 */
#ifndef MEDIA_MEDIA_IO_H
#define MEDIA_MEDIA_IO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/addr.h"

#define MEDIA_IO_BATCH 256         /* packets queued at most before they are sent */
#define MEDIA_IO_BYTES (64 * 1024) /* and their bytes */
#define MEDIA_IO_DATAGRAM 2048     /* longer ones are no media; they are dropped */

/* A socket; embedded in its owner, which keeps it until media_io_remove. */
struct media_socket {
	int fd; /* non-blocking; -1: none */
	bool rtcp;
	void *owner;
	unsigned slot; /* the backend's own */
};

struct media_io;

/*
 * A datagram arrived; p and from are good during the call, and what is at p may be changed. May add
 * and remove sockets.
 */
typedef void media_received_fn(
	struct media_socket *s, uint8_t *p, size_t n, const struct addr *from, void *arg);

/* A packet waiting to be sent; its bytes lie in the queue's slab. */
struct media_io_packet {
	int fd;
	uint32_t offset;
	uint16_t size;
	const struct addr *to;
};

struct media_io_queue {
	struct media_io_packet packets[MEDIA_IO_BATCH];
	unsigned n;
	size_t used; /* bytes of the slab */
	uint8_t slab[MEDIA_IO_BYTES];
};

struct media_io_ops {
	const char *name;
	int (*add)(struct media_io *io, struct media_socket *s);
	void (*remove)(struct media_io *io, struct media_socket *s);
	/* Send all of queue; returns how many packets were dropped. */
	unsigned (*flush)(struct media_io *io, struct media_io_queue *queue);
	void (*wait)(struct media_io *io, int timeout_ms);
	void (*poll)(struct media_io *io);
	void (*close)(struct media_io *io);
};

/* The common head of both backends' structs. */
struct media_io {
	const struct media_io_ops *ops;
	media_received_fn *received;
	void *arg;
	uint64_t dropped; /* packets that could not be sent */
	struct media_io_queue queue;
};

/*
 * Make one; wake_fd ends media_io_wait when it is readable (it is not read here).
 * io_uring: try that backend first. Returns 0 or a negative errno.
 */
int media_io_new(
	struct media_io **io, int wake_fd, bool io_uring, media_received_fn *received, void *arg);
void media_io_close(struct media_io *io);

/* Begin to receive on s. Returns 0 or a negative errno; the descriptor stays the caller's then. */
int media_io_add(struct media_io *io, struct media_socket *s);

/* Stop and close the descriptor; what is queued is sent before. s may be freed afterwards. */
void media_io_remove(struct media_io *io, struct media_socket *s);

/* Room for a packet of at most size bytes (up to MEDIA_IO_DATAGRAM), to be written by the caller. */
uint8_t *media_io_prepare(struct media_io *io, size_t size);

/* Queue what was written there; to must stay until the next flush or the socket's removal. */
void media_io_send(
	struct media_io *io, const struct media_socket *s, size_t size, const struct addr *to);

/* Send what is queued. */
void media_io_flush(struct media_io *io);

/* Wait until something arrives or wake_fd is readable, timeout_ms at most (-1: no limit). */
void media_io_wait(struct media_io *io, int timeout_ms);

/* Deliver what has arrived. */
void media_io_poll(struct media_io *io);

/* The backends; each returns 0 or a negative errno. */
int media_io_epoll_new(struct media_io **io, int wake_fd);
int media_io_uring_new(struct media_io **io, int wake_fd);

#endif
