/* SPDX-License-Identifier: GPL-3.0-or-later */
/* UDP socket on a loop: batches from the kernel, batches to the kernel. */
#include "net/udp.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "core/mem.h"

enum {
	BATCH = 64,               /* datagrams per system call */
	MAX_BATCHES = 8,          /* received in one turn; then the other sockets have theirs */
	MAX_DATAGRAM = 65536,     /* more than any UDP datagram has */
	MAX_PAYLOAD = 65507,      /* IPv4: 65535 less the IP and UDP headers */
	SEND_BYTES = 1 << 18,     /* collected before they are sent within the turn */
	SOCKET_BUFFER = 16 << 20, /* as much as overload control lets queue up (docs/overload.md) */
};

/* Room for one struct in_pktinfo or in6_pktinfo. */
union control {
	struct cmsghdr align;
	char bytes[CMSG_SPACE(sizeof(struct in6_pktinfo))];
};

/* What the kernel fills in; one allocation, whose datagrams' pages are touched only when used. */
struct in_batch {
	struct mmsghdr headers[BATCH];
	struct iovec iov[BATCH];
	union addr_storage from[BATCH];
	union control control[BATCH];
	char data[BATCH][MAX_DATAGRAM];
};

/* What waits for the end of the turn. */
struct out_batch {
	unsigned n;
	size_t used;
	struct mmsghdr headers[BATCH];
	struct iovec iov[BATCH];
	union addr_storage to[BATCH];
	union control control[BATCH];
	char data[SEND_BYTES];
};

/* Owned by its user; the poll handle keeps one more reference until libuv has closed it. */
struct udp {
	struct loop *loop;
	udp_recv_fn *recv;
	void *arg;
	int fd;
	bool closed;
	bool wildcard; /* the kernel tells by which of our addresses a datagram came */
	struct addr local, arrived_at;
	uv_poll_t poll;
	struct loop_task flush;
	struct in_batch *in;
	struct out_batch *out;
	struct udp_counters counters;
};

static void udp_destroy(void *obj)
{
	struct udp *udp = obj;

	udp_close(udp);
	mem_free(udp->in);
	mem_free(udp->out);
}

/* ---- sockets ---- */

static void set_int(int fd, int level, int option, int value)
{
	/* Best effort: the socket works without it. */
	(void)setsockopt(fd, level, option, &value, sizeof value);
}

static void enlarge(int fd, int force, int option)
{
	int value = SOCKET_BUFFER;

	/* Forcing needs CAP_NET_ADMIN; without it the limit is net.core.rmem_max or wmem_max. */
	if (setsockopt(fd, SOL_SOCKET, force, &value, sizeof value) < 0)
		set_int(fd, SOL_SOCKET, option, value);
}

static int open_socket(struct udp *udp, const struct addr *local)
{
	int family = addr_family(local), on = 1;
	union addr_storage name;
	socklen_t len = sizeof name;

	udp->fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (udp->fd < 0)
		return -errno;
	if (family == AF_INET6 &&
		setsockopt(udp->fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) < 0)
		return -errno;
	udp->wildcard = addr_is_any(local);
	if (udp->wildcard && family == AF_INET6)
		set_int(udp->fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
	else if (udp->wildcard)
		set_int(udp->fd, IPPROTO_IP, IP_PKTINFO, 1);
	enlarge(udp->fd, SO_RCVBUFFORCE, SO_RCVBUF);
	enlarge(udp->fd, SO_SNDBUFFORCE, SO_SNDBUF);
	if (bind(udp->fd, &local->u.sa, local->len) < 0 || getsockname(udp->fd, &name.sa, &len) < 0)
		return -errno;
	addr_from_sockaddr(&name.sa, &udp->local);
	return 0;
}

/* ---- receiving ---- */

/* Where to the datagram was sent, from its control message; else what the socket is bound to. */
static void read_destination(struct udp *udp, struct msghdr *header)
{
	struct cmsghdr *c;

	udp->arrived_at = udp->local;
	for (c = CMSG_FIRSTHDR(header); c; c = CMSG_NXTHDR(header, c)) {
		if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
			struct in_pktinfo info;

			memcpy(&info, CMSG_DATA(c), sizeof info);
			udp->arrived_at.u.in4.sin_addr = info.ipi_addr;
		} else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
			struct in6_pktinfo info;

			memcpy(&info, CMSG_DATA(c), sizeof info);
			udp->arrived_at.u.in6.sin6_addr = info.ipi6_addr;
			if (IN6_IS_ADDR_LINKLOCAL(&info.ipi6_addr))
				udp->arrived_at.u.in6.sin6_scope_id = info.ipi6_ifindex;
		}
	}
}

/* Let the kernel write into the first n slots (again). */
static void prepare_in(struct udp *udp, unsigned n)
{
	struct in_batch *in = udp->in;

	for (unsigned i = 0; i < n; i++) {
		in->iov[i] = (struct iovec){in->data[i], MAX_DATAGRAM};
		in->headers[i].msg_hdr = (struct msghdr){
			.msg_name = &in->from[i],
			.msg_namelen = sizeof in->from[i],
			.msg_iov = &in->iov[i],
			.msg_iovlen = 1,
			.msg_control = udp->wildcard ? &in->control[i] : NULL,
			.msg_controllen = udp->wildcard ? sizeof in->control[i] : 0,
		};
	}
}

static void deliver(struct udp *udp, unsigned i)
{
	struct mmsghdr *header = &udp->in->headers[i];
	struct addr from;

	if (header->msg_hdr.msg_flags & MSG_TRUNC || header->msg_hdr.msg_namelen == 0) {
		udp->counters.dropped++;
		return;
	}
	addr_from_sockaddr(&udp->in->from[i].sa, &from);
	if (udp->wildcard)
		read_destination(udp, &header->msg_hdr);
	udp->counters.received++;
	udp->recv(slice_of(udp->in->data[i], header->msg_len), &from, udp->arg);
}

/* Take one batch; whether there may be more. */
static bool receive_batch(struct udp *udp)
{
	int n = recvmmsg(udp->fd, udp->in->headers, BATCH, MSG_DONTWAIT, NULL);

	/* Another error than EAGAIN is one that an ICMP message left for us: it is read away. */
	if (n < 0)
		return errno != EAGAIN;
	for (int i = 0; i < n && !udp->closed; i++)
		deliver(udp, (unsigned)i);
	prepare_in(udp, (unsigned)n);
	return n == BATCH;
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
	struct udp *udp = poll->data;
	unsigned batches = 0;

	loop_wake(udp->loop);
	obj_ref(udp);
	while (batches < MAX_BATCHES && !udp->closed && receive_batch(udp))
		batches++;
	if (batches == MAX_BATCHES)
		loop_leave_unread(udp->loop);
	/* libuv stops polling after an error on the descriptor; ours has just been read away. */
	if (status < 0 && !udp->closed)
		uv_poll_start(&udp->poll, UV_READABLE, on_readable);
	obj_unref(udp);
}

/* ---- sending ---- */

static void send_batch(struct udp *udp)
{
	struct out_batch *out = udp->out;
	unsigned done = 0;

	while (done < out->n) {
		int n = sendmmsg(udp->fd, out->headers + done, out->n - done, MSG_DONTWAIT);

		if (n > 0) {
			udp->counters.sent += (unsigned)n;
			done += (unsigned)n;
		} else if (errno == EAGAIN || errno == ENOBUFS) {
			udp->counters.dropped += out->n - done;
			break;
		} else if (errno != EINTR) {
			/* This one cannot be sent (no route, refused by a filter ...); others may. */
			udp->counters.dropped++;
			done++;
		}
	}
	out->n = 0;
	out->used = 0;
}

static void on_turn_end(void *arg)
{
	send_batch(arg);
}

/* Say which of our addresses the datagram leaves with. */
static void set_source(struct msghdr *header, union control *control, const struct addr *from)
{
	struct cmsghdr *c = &control->align;

	memset(control, 0, sizeof *control);
	header->msg_control = control;
	if (addr_family(from) == AF_INET6) {
		struct in6_pktinfo info = {.ipi6_addr = from->u.in6.sin6_addr};

		info.ipi6_ifindex = from->u.in6.sin6_scope_id;
		header->msg_controllen = CMSG_SPACE(sizeof info);
		c->cmsg_level = IPPROTO_IPV6;
		c->cmsg_type = IPV6_PKTINFO;
		c->cmsg_len = CMSG_LEN(sizeof info);
		memcpy(CMSG_DATA(c), &info, sizeof info);
	} else {
		struct in_pktinfo info = {.ipi_spec_dst = from->u.in4.sin_addr};

		header->msg_controllen = CMSG_SPACE(sizeof info);
		c->cmsg_level = IPPROTO_IP;
		c->cmsg_type = IP_PKTINFO;
		c->cmsg_len = CMSG_LEN(sizeof info);
		memcpy(CMSG_DATA(c), &info, sizeof info);
	}
}

int udp_send_from(
	struct udp *udp, struct slice datagram, const struct addr *to, const struct addr *from)
{
	struct out_batch *out;
	struct msghdr *header;

	if (udp->closed)
		return -ENOTCONN;
	if (datagram.n > MAX_PAYLOAD)
		return -EMSGSIZE;
	if (addr_family(to) != addr_family(&udp->local))
		return -EAFNOSUPPORT;
	if (!udp->out)
		udp->out = mem_zalloc(sizeof *udp->out);
	out = udp->out;
	if (!out)
		return -ENOBUFS;
	if (out->n == BATCH || out->used + datagram.n > SEND_BYTES)
		send_batch(udp);
	if (datagram.n)
		memcpy(out->data + out->used, datagram.p, datagram.n);
	out->iov[out->n] = (struct iovec){out->data + out->used, datagram.n};
	out->to[out->n] = to->u;
	header = &out->headers[out->n].msg_hdr;
	*header = (struct msghdr){
		.msg_name = &out->to[out->n],
		.msg_namelen = to->len,
		.msg_iov = &out->iov[out->n],
		.msg_iovlen = 1,
	};
	if (from && udp->wildcard && addr_family(from) == addr_family(to) && !addr_is_any(from))
		set_source(header, &out->control[out->n], from);
	out->used += datagram.n;
	out->n++;
	loop_task_schedule(udp->loop, &udp->flush);
	return 0;
}

int udp_send(struct udp *udp, struct slice datagram, const struct addr *to)
{
	return udp_send_from(udp, datagram, to, NULL);
}

/* ---- life ---- */

static void on_poll_closed(uv_handle_t *handle)
{
	struct udp *udp = handle->data;

	loop_wake(udp->loop);
	close(udp->fd);
	udp->fd = -1;
	obj_unref(udp);
}

int udp_new(
	struct udp **udp, struct loop *loop, const struct addr *local, udp_recv_fn *recv, void *arg)
{
	struct udp *u;
	int err;

	*udp = NULL;
	if (addr_family(local) == AF_UNSPEC)
		return -EINVAL;
	u = obj_new(sizeof *u, udp_destroy);
	if (!u)
		return -ENOMEM;
	u->loop = loop;
	u->recv = recv;
	u->arg = arg;
	u->fd = -1;
	u->closed = true; /* until the poll handle is there */
	loop_task_init(&u->flush, on_turn_end, u);
	u->in = mem_zalloc(sizeof *u->in);
	err = u->in ? open_socket(u, local) : -ENOMEM;
	if (err)
		goto out;
	u->arrived_at = u->local;
	prepare_in(u, BATCH);
	err = uv_poll_init(loop_uv(loop), &u->poll, u->fd);
	if (err)
		goto out;
	/* From here on the handle holds a reference and closes the descriptor. */
	u->poll.data = obj_ref(u);
	u->closed = false;
	err = uv_poll_start(&u->poll, UV_READABLE, on_readable);
	if (err)
		udp_close(u);
	else
		*udp = obj_ref(u);
out:
	if (err && !u->poll.data && u->fd >= 0)
		close(u->fd);
	obj_unref(u);
	return err;
}

void udp_close(struct udp *udp)
{
	if (udp->closed)
		return;
	if (udp->out)
		send_batch(udp);
	udp->closed = true;
	loop_task_cancel(&udp->flush);
	uv_close((uv_handle_t *)&udp->poll, on_poll_closed);
}

const struct addr *udp_local(const struct udp *udp)
{
	return &udp->local;
}

const struct addr *udp_arrived_at(const struct udp *udp)
{
	return &udp->arrived_at;
}

const struct udp_counters *udp_counters(const struct udp *udp)
{
	return &udp->counters;
}
