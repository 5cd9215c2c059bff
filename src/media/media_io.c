/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Datagram I/O of a media thread: the queue of packets to send, and the choice of a backend. */
#include "media/media_io.h"

#include <unistd.h>

int media_io_new(
	struct media_io **iop, int wake_fd, bool io_uring, media_received_fn *received, void *arg)
{
	struct media_io *io;
	int err = io_uring ? media_io_uring_new(&io, wake_fd) : -1;

	if (err)
		err = media_io_epoll_new(&io, wake_fd);
	if (err)
		return err;
	io->received = received;
	io->arg = arg;
	*iop = io;
	return 0;
}

void media_io_close(struct media_io *io)
{
	if (io)
		io->ops->close(io);
}

int media_io_add(struct media_io *io, struct media_socket *s)
{
	return io->ops->add(io, s);
}

void media_io_remove(struct media_io *io, struct media_socket *s)
{
	if (s->fd < 0)
		return;
	media_io_flush(io);
	io->ops->remove(io, s);
	close(s->fd);
	s->fd = -1;
}

uint8_t *media_io_prepare(struct media_io *io, size_t size)
{
	struct media_io_queue *q = &io->queue;

	if (q->n == MEDIA_IO_BATCH || q->used + size > sizeof q->slab)
		media_io_flush(io);
	return q->slab + q->used;
}

void media_io_send(
	struct media_io *io, const struct media_socket *s, size_t size, const struct addr *to)
{
	struct media_io_queue *q = &io->queue;

	q->packets[q->n++] = (struct media_io_packet){
		.fd = s->fd, .offset = (uint32_t)q->used, .size = (uint16_t)size, .to = to};
	q->used += size;
}

void media_io_flush(struct media_io *io)
{
	if (io->queue.n)
		io->dropped += io->ops->flush(io, &io->queue);
	io->queue.n = 0;
	io->queue.used = 0;
}

void media_io_wait(struct media_io *io, int timeout_ms)
{
	io->ops->wait(io, timeout_ms);
}

void media_io_poll(struct media_io *io)
{
	io->ops->poll(io);
}
