/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Datagram I/O on epoll: recvmmsg for each socket that has something, sendmmsg for each run of
 * packets from one socket.
 */
#include "media/media_io.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/mem.h"

enum {
	EVENTS = 256,
	RECEIVE_BATCH = 16,
	/* Datagrams taken from one socket in one poll: a flood on it cannot starve the others. */
	RECEIVE_MAX = 64,
	/* Rounds of EVENTS in one poll: a flood on all of them cannot starve the mixers. */
	ROUNDS = 16,
};

struct media_io_epoll {
	struct media_io io;
	int fd;
	struct epoll_event events[EVENTS];
	unsigned n_events;
	struct mmsghdr in[RECEIVE_BATCH];
	struct iovec in_vector[RECEIVE_BATCH];
	union addr_storage from[RECEIVE_BATCH];
	uint8_t bytes[RECEIVE_BATCH][MEDIA_IO_DATAGRAM];
	struct mmsghdr out[MEDIA_IO_BATCH];
	struct iovec out_vector[MEDIA_IO_BATCH];
};

static struct media_io_epoll *self_of(struct media_io *io)
{
	return (struct media_io_epoll *)io;
}

static int epoll_add(struct media_io *io, struct media_socket *s)
{
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = s};

	return epoll_ctl(self_of(io)->fd, EPOLL_CTL_ADD, s->fd, &event) < 0 ? -errno : 0;
}

static void epoll_remove(struct media_io *io, struct media_socket *s)
{
	struct media_io_epoll *self = self_of(io);

	epoll_ctl(self->fd, EPOLL_CTL_DEL, s->fd, NULL);
	/* Events of it may be waiting in the turn that is just being worked off. */
	for (unsigned i = 0; i < self->n_events; i++) {
		if (self->events[i].data.ptr == s)
			self->events[i].data.ptr = NULL;
	}
}

/* Send packets first .. first + n, all of one socket. Returns how many were dropped. */
static unsigned send_run(
	struct media_io_epoll *self, struct media_io_queue *q, unsigned first, unsigned n)
{
	unsigned done = 0, dropped = 0;

	while (done < n) {
		int sent = sendmmsg(q->packets[first].fd, self->out + first + done, n - done,
			MSG_DONTWAIT | MSG_NOSIGNAL);

		if (sent > 0) {
			done += (unsigned)sent;
		} else {
			done++; /* the first of the rest failed: without it the others may go */
			dropped++;
		}
	}
	return dropped;
}

static unsigned epoll_flush(struct media_io *io, struct media_io_queue *q)
{
	struct media_io_epoll *self = self_of(io);
	unsigned dropped = 0, n;

	for (unsigned i = 0; i < q->n; i++) {
		const struct media_io_packet *p = &q->packets[i];

		self->out_vector[i] = (struct iovec){q->slab + p->offset, p->size};
		self->out[i].msg_hdr = (struct msghdr){
			.msg_name = (void *)(uintptr_t)&p->to->u.sa,
			.msg_namelen = p->to->len,
			.msg_iov = &self->out_vector[i],
			.msg_iovlen = 1,
		};
	}
	for (unsigned i = 0; i < q->n; i += n) {
		for (n = 1; i + n < q->n && q->packets[i + n].fd == q->packets[i].fd; n++)
			;
		dropped += send_run(self, q, i, n);
	}
	return dropped;
}

static void prepare_receive(struct media_io_epoll *self)
{
	for (unsigned i = 0; i < RECEIVE_BATCH; i++) {
		self->in_vector[i] = (struct iovec){self->bytes[i], MEDIA_IO_DATAGRAM};
		self->in[i].msg_hdr = (struct msghdr){
			.msg_name = &self->from[i],
			.msg_namelen = sizeof self->from[i],
			.msg_iov = &self->in_vector[i],
			.msg_iovlen = 1,
		};
	}
}

/* Read what waits on the socket of event i; the handler may remove the socket meanwhile. */
static void receive(struct media_io_epoll *self, unsigned i)
{
	struct media_socket *s = self->events[i].data.ptr;
	int n, total = 0;

	do {
		prepare_receive(self);
		n = recvmmsg(s->fd, self->in, RECEIVE_BATCH, MSG_DONTWAIT, NULL);
		for (int k = 0; k < n; k++) {
			struct addr from;

			if (self->in[k].msg_hdr.msg_flags & MSG_TRUNC)
				continue;
			addr_from_sockaddr(&self->from[k].sa, &from);
			self->io.received(
				s, self->bytes[k], self->in[k].msg_len, &from, self->io.arg);
			if (self->events[i].data.ptr != s)
				return;
		}
		total += n;
	} while (n == RECEIVE_BATCH && total < RECEIVE_MAX);
}

static void epoll_wait_for(struct media_io *io, int timeout_ms)
{
	struct pollfd fd = {.fd = self_of(io)->fd, .events = POLLIN};

	poll(&fd, 1, timeout_ms);
}

static void epoll_poll(struct media_io *io)
{
	struct media_io_epoll *self = self_of(io);
	int n, round = 0;

	do {
		n = epoll_wait(self->fd, self->events, EVENTS, 0);
		self->n_events = n > 0 ? (unsigned)n : 0;
		for (unsigned i = 0; i < self->n_events; i++) {
			if (self->events[i].data.ptr)
				receive(self, i);
		}
	} while (n == EVENTS && ++round < ROUNDS);
	self->n_events = 0;
}

static void epoll_close(struct media_io *io)
{
	close(self_of(io)->fd);
	mem_free(io);
}

static const struct media_io_ops epoll_ops = {
	.name = "epoll",
	.add = epoll_add,
	.remove = epoll_remove,
	.flush = epoll_flush,
	.wait = epoll_wait_for,
	.poll = epoll_poll,
	.close = epoll_close,
};

int media_io_epoll_new(struct media_io **io, int wake_fd)
{
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
	struct media_io_epoll *self = mem_zalloc(sizeof *self);
	int err = 0;

	if (!self)
		return -ENOMEM;
	self->io.ops = &epoll_ops;
	self->fd = epoll_create1(EPOLL_CLOEXEC);
	if (self->fd < 0 || epoll_ctl(self->fd, EPOLL_CTL_ADD, wake_fd, &event) < 0) {
		err = -errno;
		goto out;
	}
	*io = &self->io;
out:
	if (err) {
		if (self->fd >= 0)
			close(self->fd);
		mem_free(self);
	}
	return err;
}
