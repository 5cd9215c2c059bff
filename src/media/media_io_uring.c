/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Datagram I/O on io_uring: one system call sends packets of many sockets, and one brings in what
 * has arrived on all of them (multishot receive into buffers that the kernel picks from a ring).
 *
 * A socket's receive request names a slot, not the socket: its last completion comes after the
 * socket has been removed and perhaps freed. Only then is the slot used again.
 *
 * Sends are issued within io_uring_submit, as the sockets do not block, so a packet's bytes and
 * address are needed no longer than that. Only failed ones report back.
 */
#include "media/media_io.h"

#include <errno.h>
#include <liburing.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/mem.h"

enum {
	SUBMIT_ENTRIES = 2 * MEDIA_IO_BATCH,
	COMPLETE_ENTRIES = 4096,
	BUFFERS = 2048, /* packets that may lie between two polls; a power of two */
	BUFFER_GROUP = 1,
	MAX_PORTIONS = 256, /* of what the kernel has to do, in one poll */
	MIN_SLOTS = 64,
	PROBE_MS = 200,
};

/* user_data: kind in the upper half, slot in the lower. */
enum kind { KIND_RECEIVE = 1, KIND_SEND, KIND_CANCEL, KIND_WAKE };

/* In a buffer: the kernel's header, the address, then the datagram. */
#define BUFFER_SIZE \
	(sizeof(struct io_uring_recvmsg_out) + sizeof(union addr_storage) + MEDIA_IO_DATAGRAM)

struct slot {
	struct media_socket
		*socket; /* NULL: free, or removed and waiting for its last completion */
	bool armed;      /* a receive request is under way */
	unsigned next_free;
};

struct media_io_uring {
	struct media_io io;
	struct io_uring ring;
	struct io_uring_buf_ring *buffers; /* shared with the kernel, mmapped */
	uint8_t *memory;                   /* BUFFERS times BUFFER_SIZE */
	struct msghdr shape;               /* how each receive request lays out its buffer */
	struct slot *slots;
	unsigned n_slots, free_slot;
	bool wake_armed;
	int wake_fd;
	unsigned failed; /* sends, since the last flush */
};

static struct media_io_uring *self_of(struct media_io *io)
{
	return (struct media_io_uring *)io;
}

static uint64_t name_of(enum kind kind, unsigned slot)
{
	return (uint64_t)kind << 32 | slot;
}

/* A submission entry; what has been queued is submitted when there is none. */
static struct io_uring_sqe *entry(struct media_io_uring *self)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&self->ring);

	if (!sqe) {
		io_uring_submit(&self->ring);
		sqe = io_uring_get_sqe(&self->ring);
	}
	return sqe;
}

/* ---- receiving -------------------------------------------------------------------------- */

static uint8_t *buffer_at(struct media_io_uring *self, unsigned id)
{
	return self->memory + (size_t)id * BUFFER_SIZE;
}

static void give_buffer(struct media_io_uring *self, unsigned id, int offset)
{
	io_uring_buf_ring_add(self->buffers, buffer_at(self, id), BUFFER_SIZE, (uint16_t)id,
		io_uring_buf_ring_mask(BUFFERS), offset);
}

static void arm_receive(struct media_io_uring *self, unsigned index)
{
	struct slot *slot = &self->slots[index];
	struct io_uring_sqe *sqe = entry(self);

	if (!sqe)
		return;
	io_uring_prep_recvmsg_multishot(sqe, slot->socket->fd, &self->shape, 0);
	sqe->flags |= IOSQE_BUFFER_SELECT;
	sqe->buf_group = BUFFER_GROUP;
	io_uring_sqe_set_data64(sqe, name_of(KIND_RECEIVE, index));
	slot->armed = true;
}

static void arm_wake(struct media_io_uring *self)
{
	struct io_uring_sqe *sqe = entry(self);

	if (!sqe)
		return;
	io_uring_prep_poll_multishot(sqe, self->wake_fd, POLLIN);
	io_uring_sqe_set_data64(sqe, name_of(KIND_WAKE, 0));
	self->wake_armed = true;
}

static void deliver(struct media_io_uring *self, struct slot *slot, uint8_t *buffer, int n)
{
	struct io_uring_recvmsg_out *out = io_uring_recvmsg_validate(buffer, n, &self->shape);
	struct addr from;

	if (!out || out->flags & MSG_TRUNC || out->namelen > sizeof(union addr_storage))
		return;
	addr_from_sockaddr(io_uring_recvmsg_name(out), &from);
	self->io.received(slot->socket, io_uring_recvmsg_payload(out, &self->shape),
		io_uring_recvmsg_payload_length(out, n, &self->shape), &from, self->io.arg);
}

static void free_slot(struct media_io_uring *self, unsigned index)
{
	struct slot *slot = &self->slots[index];

	slot->next_free = self->free_slot;
	self->free_slot = index;
}

/* A datagram, or the end of a receive request. */
static void on_receive(struct media_io_uring *self, const struct io_uring_cqe *cqe)
{
	unsigned index = (unsigned)(cqe->user_data & 0xffffffff);
	struct slot *slot = &self->slots[index];

	if (cqe->flags & IORING_CQE_F_BUFFER) {
		unsigned id = cqe->flags >> IORING_CQE_BUFFER_SHIFT;

		if (slot->socket && cqe->res > 0)
			deliver(self, slot, buffer_at(self, id), cqe->res);
		give_buffer(self, id, 0);
		io_uring_buf_ring_advance(self->buffers, 1);
	}
	if (cqe->flags & IORING_CQE_F_MORE)
		return;
	/* The handler may have removed the socket, and slots may have moved meanwhile. */
	slot = &self->slots[index];
	slot->armed = false;
	if (slot->socket)
		arm_receive(self, index); /* it ran out of buffers for a moment */
	else
		free_slot(self, index);
}

static void on_completion(struct media_io_uring *self, const struct io_uring_cqe *cqe)
{
	switch ((enum kind)(cqe->user_data >> 32)) {
	case KIND_RECEIVE:
		on_receive(self, cqe);
		break;
	case KIND_SEND:
		self->failed++;
		break;
	case KIND_WAKE:
		if (!(cqe->flags & IORING_CQE_F_MORE))
			self->wake_armed = false;
		break;
	case KIND_CANCEL:
		break;
	}
}

static void complete(struct media_io_uring *self)
{
	struct io_uring_cqe *cqe;
	unsigned n = 0;

	/* Not more than there can be at once: a flood cannot keep us here. */
	while (n++ < COMPLETE_ENTRIES && io_uring_peek_cqe(&self->ring, &cqe) == 0) {
		struct io_uring_cqe copy = *cqe;

		io_uring_cqe_seen(&self->ring, cqe);
		on_completion(self, &copy);
	}
}

static void uring_poll(struct media_io *io)
{
	struct media_io_uring *self = self_of(io);
	unsigned portions = 0;

	if (!self->wake_armed)
		arm_wake(self);
	/* The kernel reads some 20 sockets at a time, and says when there is more for it to do. */
	do {
		io_uring_submit_and_get_events(&self->ring);
		complete(self);
	} while (IO_URING_READ_ONCE(*self->ring.sq.kflags) & IORING_SQ_TASKRUN &&
		 ++portions < MAX_PORTIONS);
	self->io.dropped += self->failed;
	self->failed = 0;
	io_uring_submit(&self->ring);
}

static void uring_wait(struct media_io *io, int timeout_ms)
{
	struct media_io_uring *self = self_of(io);
	struct __kernel_timespec ts = {
		.tv_sec = timeout_ms / 1000, .tv_nsec = (long long)(timeout_ms % 1000) * 1000000};
	struct io_uring_cqe *cqe;

	if (!self->wake_armed)
		arm_wake(self);
	io_uring_submit_and_wait_timeout(&self->ring, &cqe, 1, timeout_ms < 0 ? NULL : &ts, NULL);
}

/* ---- sockets ---------------------------------------------------------------------------- */

static int grow_slots(struct media_io_uring *self)
{
	unsigned n = self->n_slots ? 2 * self->n_slots : MIN_SLOTS;
	struct slot *slots = mem_realloc(self->slots, n * sizeof *slots);

	if (!slots)
		return -ENOMEM;
	self->slots = slots;
	for (unsigned i = n; i-- > self->n_slots;) {
		slots[i] = (struct slot){.next_free = self->free_slot};
		self->free_slot = i;
	}
	self->n_slots = n;
	return 0;
}

static int uring_add(struct media_io *io, struct media_socket *s)
{
	struct media_io_uring *self = self_of(io);

	if (self->free_slot == UINT32_MAX && grow_slots(self) < 0)
		return -ENOMEM;
	s->slot = self->free_slot;
	self->free_slot = self->slots[s->slot].next_free;
	self->slots[s->slot].socket = s;
	arm_receive(self, s->slot);
	io_uring_submit(&self->ring);
	return 0;
}

static void uring_remove(struct media_io *io, struct media_socket *s)
{
	struct media_io_uring *self = self_of(io);
	struct slot *slot = &self->slots[s->slot];
	struct io_uring_sqe *sqe;

	if (slot->socket != s)
		return;
	slot->socket = NULL;
	if (!slot->armed) {
		free_slot(self, s->slot);
		return;
	}
	sqe = entry(self);
	if (!sqe)
		return;
	io_uring_prep_cancel64(sqe, name_of(KIND_RECEIVE, s->slot), 0);
	io_uring_sqe_set_data64(sqe, name_of(KIND_CANCEL, 0));
	sqe->flags |= IOSQE_CQE_SKIP_SUCCESS;
	io_uring_submit(&self->ring);
}

/* ---- sending ---------------------------------------------------------------------------- */

static unsigned uring_flush(struct media_io *io, struct media_io_queue *q)
{
	struct media_io_uring *self = self_of(io);
	unsigned dropped = 0;

	for (unsigned i = 0; i < q->n; i++) {
		const struct media_io_packet *p = &q->packets[i];
		struct io_uring_sqe *sqe = entry(self);

		if (!sqe) {
			dropped++;
			continue;
		}
		io_uring_prep_send(
			sqe, p->fd, q->slab + p->offset, p->size, MSG_DONTWAIT | MSG_NOSIGNAL);
		io_uring_prep_send_set_addr(sqe, &p->to->u.sa, (uint16_t)p->to->len);
		sqe->flags |= IOSQE_CQE_SKIP_SUCCESS;
		io_uring_sqe_set_data64(sqe, name_of(KIND_SEND, 0));
	}
	io_uring_submit(&self->ring);
	return dropped;
}

/* ---- life ------------------------------------------------------------------------------- */

static void uring_close(struct media_io *io)
{
	struct media_io_uring *self = self_of(io);

	if (self->buffers) {
		io_uring_unregister_buf_ring(&self->ring, BUFFER_GROUP);
		munmap(self->buffers, BUFFERS * sizeof(struct io_uring_buf));
	}
	io_uring_queue_exit(&self->ring);
	mem_free(self->memory);
	mem_free(self->slots);
	mem_free(self);
}

static const struct media_io_ops uring_ops = {
	.name = "io_uring",
	.add = uring_add,
	.remove = uring_remove,
	.flush = uring_flush,
	.wait = uring_wait,
	.poll = uring_poll,
	.close = uring_close,
};

static int provide_buffers(struct media_io_uring *self)
{
	size_t size = BUFFERS * sizeof(struct io_uring_buf);
	struct io_uring_buf_reg reg = {.ring_entries = BUFFERS, .bgid = BUFFER_GROUP};
	int err;

	self->memory = mem_zalloc((size_t)BUFFERS * BUFFER_SIZE);
	if (!self->memory)
		return -ENOMEM;
	/* The kernel wants it aligned to a page. */
	self->buffers =
		mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_ANONYMOUS | MAP_PRIVATE, -1, 0);
	if (self->buffers == MAP_FAILED) {
		self->buffers = NULL;
		return -errno;
	}
	reg.ring_addr = (uint64_t)(uintptr_t)self->buffers;
	err = io_uring_register_buf_ring(&self->ring, &reg, 0);
	if (err)
		return err;
	io_uring_buf_ring_init(self->buffers);
	for (unsigned i = 0; i < BUFFERS; i++)
		give_buffer(self, i, (int)i);
	io_uring_buf_ring_advance(self->buffers, BUFFERS);
	return 0;
}

/* ---- does this kernel do all that? ------------------------------------------------------- */

static void on_probe(
	struct media_socket *s, uint8_t *p, size_t n, const struct addr *from, void *arg)
{
	bool *came = arg;

	*came = n == 5 && memcmp(p, "probe", 5) == 0;
}

/* Send ourselves a packet: old kernels accept the flags and then fail in one place or another. */
static int probe(struct media_io_uring *self)
{
	struct media_socket s = {
		.fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
	struct addr to;
	bool came = false;

	if (s.fd < 0)
		return -errno;
	addr_parse(slice_str("127.0.0.1"), 0, &to);
	if (bind(s.fd, &to.u.sa, to.len) < 0 || getsockname(s.fd, &to.u.sa, &to.len) < 0) {
		close(s.fd);
		return -errno;
	}
	self->io.received = on_probe;
	self->io.arg = &came;
	uring_add(&self->io, &s);
	memcpy(media_io_prepare(&self->io, 5), "probe", 5);
	media_io_send(&self->io, &s, 5, &to);
	media_io_flush(&self->io);
	for (int i = 0; i < PROBE_MS / 10 && !came; i++) {
		uring_wait(&self->io, 10);
		uring_poll(&self->io);
	}
	media_io_remove(&self->io, &s);
	uring_poll(&self->io);
	return came ? 0 : -EOPNOTSUPP;
}

int media_io_uring_new(struct media_io **io, int wake_fd)
{
	struct io_uring_params params = {.flags = IORING_SETUP_SINGLE_ISSUER |
						  IORING_SETUP_DEFER_TASKRUN |
						  IORING_SETUP_TASKRUN_FLAG | IORING_SETUP_CQSIZE,
		.cq_entries = COMPLETE_ENTRIES};
	struct media_io_uring *self = mem_zalloc(sizeof *self);
	int err;

	if (!self)
		return -ENOMEM;
	self->io.ops = &uring_ops;
	self->wake_fd = wake_fd;
	self->free_slot = UINT32_MAX;
	self->shape.msg_namelen = sizeof(union addr_storage);
	err = io_uring_queue_init_params(SUBMIT_ENTRIES, &self->ring, &params);
	if (err) {
		mem_free(self);
		return err;
	}
	err = provide_buffers(self);
	if (!err)
		err = probe(self);
	if (err) {
		uring_close(&self->io);
		return err;
	}
	*io = &self->io;
	return 0;
}
