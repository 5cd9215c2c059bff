/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * TCP: the link under net/stream.h, on uv_tcp.
 *
 *            connected            stream_close, or end of input
 *   (start) ---------> OPEN -------------------------------------> FLUSHING
 *                        |                                            | all is written
 *                        | error, connect timeout                     v
 *                        +-----------------------> CLOSED <------- DRAINING
 *                                                      peer's end, or LINGER_MS
 *
 * Closing with unread input would make the kernel send RST, which can destroy our last bytes on
 * their way to the peer's user (RFC 1122 4.2.2.13); so after our FIN input is read and thrown
 * away until the peer has closed too, for a limited time.
 */
#include "net/tcp.h"

#include <errno.h>
#include <stdbool.h>

#include "core/buf.h"
#include "core/mem.h"
#include "core/timer.h"
#include "net/tcp_link.h"

enum {
	LINGER_MS = 5000,
	KEEPALIVE_S = 120, /* an idle connection whose peer has vanished is noticed */
	READ_BYTES = 65536,
};

enum link_state { LINK_OPEN, LINK_FLUSHING, LINK_DRAINING, LINK_CLOSED };

/* Owned by its user; the uv handle keeps one more reference until libuv has closed it. */
struct tcp_link {
	struct stream s;
	struct loop *loop;
	enum link_state state;
	bool connected;
	bool reading;
	bool paused;
	bool input_ended;
	bool wrote;   /* something, ever */
	bool writing; /* in_flight is with libuv */
	bool refused; /* a write; drained is owed */
	int broken;   /* error of a write, to be reported at the end of this turn */
	uv_tcp_t handle;
	uv_connect_t connect_req;
	uv_write_t write_req;
	uv_shutdown_t shutdown_req;
	struct timer limit; /* connecting; later, lingering */
	struct loop_task report;
	struct buf waiting, in_flight;
	size_t write_cap;
};

/* What libuv reads into; the bytes are used up before the read callback returns. */
static _Thread_local char read_buffer[READ_BYTES];

static struct tcp_link *link_of(const struct stream *s)
{
	return CONTAINER_OF(s, struct tcp_link, s);
}

static size_t tcp_queued(const struct stream *s);
static void link_kick(struct tcp_link *l);

/* ---- ending ---- */

static void on_handle_closed(uv_handle_t *handle)
{
	struct tcp_link *l = handle->data;

	loop_wake(l->loop);
	obj_unref(l);
}

/* No handler is called here. The queue is lost. */
static void link_drop(struct tcp_link *l)
{
	if (l->state == LINK_CLOSED)
		return;
	l->state = LINK_CLOSED;
	l->s.handlers = NULL;
	timer_stop(&l->limit);
	loop_task_cancel(&l->report);
	uv_close((uv_handle_t *)&l->handle, on_handle_closed);
}

static void link_fail(struct tcp_link *l, int err)
{
	const struct stream_handlers *handlers = l->s.handlers;

	obj_ref(l);
	link_drop(l);
	if (handlers)
		handlers->closed(err, l->s.arg);
	obj_unref(l);
}

static void on_report(void *arg)
{
	struct tcp_link *l = arg;

	link_fail(l, l->broken);
}

/* A write failed: its caller gets the error, the handlers hear of it once the caller is done. */
static int link_break(struct tcp_link *l, int err)
{
	if (!l->broken)
		l->broken = err;
	loop_task_schedule(l->loop, &l->report);
	return -ENOTCONN;
}

static void on_limit(void *arg)
{
	link_fail(arg, -ETIMEDOUT);
}

/* ---- reading ---- */

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
	*buf = uv_buf_init(read_buffer, sizeof read_buffer);
}

/* Orderly end of input: nothing more comes for our user. What is queued is still sent. */
static void link_input_ended(struct tcp_link *l)
{
	const struct stream_handlers *handlers = l->s.handlers;
	void *arg = l->s.arg;

	l->input_ended = true;
	l->reading = false;
	if (l->state == LINK_DRAINING) {
		link_drop(l);
		return;
	}
	obj_ref(l);
	stream_close(&l->s);
	if (handlers)
		handlers->closed(0, arg);
	obj_unref(l);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
	struct tcp_link *l = stream->data;

	loop_wake(l->loop);
	if (n == UV_EOF) {
		link_input_ended(l);
	} else if (n < 0) {
		link_fail(l, (int)n);
	} else if (n > 0 && l->state == LINK_OPEN && l->s.handlers) {
		obj_ref(l);
		l->s.handlers->received(slice_of(buf->base, (size_t)n), l->s.arg);
		obj_unref(l);
	}
}

static void link_read(struct tcp_link *l, bool on)
{
	if (l->reading == on || l->input_ended || l->state == LINK_CLOSED || !l->connected)
		return;
	l->reading = on;
	if (on)
		uv_read_start((uv_stream_t *)&l->handle, on_alloc, on_read);
	else
		uv_read_stop((uv_stream_t *)&l->handle);
}

static void tcp_pause(struct stream *s)
{
	struct tcp_link *l = link_of(s);

	l->paused = true;
	if (l->state == LINK_OPEN)
		link_read(l, false);
}

static void tcp_resume(struct stream *s)
{
	struct tcp_link *l = link_of(s);

	l->paused = false;
	link_read(l, true);
}

/* ---- writing ---- */

static void on_shutdown(uv_shutdown_t *req, int status)
{
	struct tcp_link *l = req->data;

	loop_wake(l->loop);
	/* The peer has closed already, or there is nobody left to speak to. */
	if (status < 0 || l->input_ended)
		link_drop(l);
}

/* Send our FIN when a closed link has written everything. */
static void link_drain(struct tcp_link *l)
{
	if (l->state != LINK_FLUSHING || !l->connected || tcp_queued(&l->s) > 0)
		return;
	l->state = LINK_DRAINING;
	l->shutdown_req.data = l;
	if (uv_shutdown(&l->shutdown_req, (uv_stream_t *)&l->handle, on_shutdown) < 0)
		link_drop(l);
}

static void link_drained(struct tcp_link *l)
{
	if (!l->refused || l->state != LINK_OPEN || tcp_queued(&l->s) >= l->write_cap / 2)
		return;
	l->refused = false;
	if (l->s.handlers && l->s.handlers->drained)
		l->s.handlers->drained(l->s.arg);
}

static void on_written(uv_write_t *req, int status)
{
	struct tcp_link *l = req->data;

	loop_wake(l->loop);
	l->writing = false;
	buf_free(&l->in_flight);
	if (l->state == LINK_CLOSED)
		return;
	if (status < 0) {
		link_fail(l, status);
		return;
	}
	obj_ref(l);
	link_kick(l);
	link_drained(l);
	link_drain(l);
	obj_unref(l);
}

/* Hand what waits to libuv, one buffer at a time. */
static void link_kick(struct tcp_link *l)
{
	uv_buf_t chunk;
	int err;

	if (l->writing || !l->connected || l->state == LINK_CLOSED || l->waiting.n == 0)
		return;
	l->in_flight = l->waiting;
	buf_init(&l->waiting, l->write_cap);
	chunk = uv_buf_init(l->in_flight.p, (unsigned)l->in_flight.n);
	l->write_req.data = l;
	err = uv_write(&l->write_req, (uv_stream_t *)&l->handle, &chunk, 1, on_written);
	if (err)
		link_break(l, err);
	else
		l->writing = true;
}

/* What the kernel takes at once, when nothing waits in front of it. 0 or more, or an error. */
static ssize_t write_directly(struct tcp_link *l, struct slice bytes)
{
	uv_buf_t chunk = uv_buf_init((char *)(uintptr_t)bytes.p, (unsigned)bytes.n);
	int n;

	if (!l->connected || tcp_queued(&l->s) > 0)
		return 0;
	n = uv_try_write((uv_stream_t *)&l->handle, &chunk, 1);
	return n == UV_EAGAIN ? 0 : n;
}

static int tcp_write(struct stream *s, struct slice bytes)
{
	struct tcp_link *l = link_of(s);
	size_t queued = tcp_queued(s);
	ssize_t n;

	if (l->state != LINK_OPEN || l->broken)
		return -ENOTCONN;
	if (bytes.n > l->write_cap)
		return -EMSGSIZE;
	if (bytes.n == 0)
		return 0;
	if (bytes.n > l->write_cap - queued) {
		l->refused = true;
		return -EAGAIN;
	}
	l->wrote = true;
	n = write_directly(l, bytes);
	if (n < 0)
		return link_break(l, (int)n);
	if ((size_t)n == bytes.n)
		return 0;
	buf_append(&l->waiting, bytes.p + n, bytes.n - (size_t)n);
	if (l->waiting.err)
		return link_break(l, l->waiting.err);
	link_kick(l);
	return 0;
}

static size_t tcp_queued(const struct stream *s)
{
	const struct tcp_link *l = link_of(s);
	size_t in_flight = l->writing ? l->handle.write_queue_size : 0;

	return l->waiting.n + in_flight;
}

static void tcp_await_drained(struct stream *s)
{
	link_of(s)->refused = true;
}

static void tcp_close(struct stream *s)
{
	struct tcp_link *l = link_of(s);

	if (l->state != LINK_OPEN)
		return;
	l->s.handlers = NULL;
	/* Nothing of ours could get lost: no lingering for connections that are turned away. */
	if (l->broken || !l->wrote) {
		link_drop(l);
		return;
	}
	l->state = LINK_FLUSHING;
	timer_start_ms(&l->limit, loop_timers(l->loop), LINGER_MS);
	link_read(l, true);
	link_drain(l);
}

static const struct stream_ops tcp_ops = {
	.write = tcp_write,
	.pause = tcp_pause,
	.resume = tcp_resume,
	.close = tcp_close,
	.queued = tcp_queued,
	.await_drained = tcp_await_drained,
};

/* ---- making ---- */

static void link_destroy(void *obj)
{
	struct tcp_link *l = obj;

	buf_free(&l->waiting);
	buf_free(&l->in_flight);
}

struct tcp_link *tcp_link_new(struct loop *loop, size_t write_cap)
{
	struct tcp_link *l = obj_new(sizeof *l, link_destroy);

	if (!l)
		return NULL;
	l->s.ops = &tcp_ops;
	l->loop = loop;
	l->write_cap = write_cap;
	buf_init(&l->waiting, write_cap);
	timer_init(&l->limit, on_limit, l);
	loop_task_init(&l->report, on_report, l);
	uv_tcp_init(loop_uv(loop), &l->handle);
	l->handle.data = obj_ref(l);
	return l;
}

struct stream *tcp_link_stream(struct tcp_link *l)
{
	return &l->s;
}

/* Once there is a connection: its options and its own address. */
static int link_established(struct tcp_link *l)
{
	union addr_storage name;
	int len = sizeof name, err;

	l->connected = true;
	uv_tcp_nodelay(&l->handle, 1);
	uv_tcp_keepalive(&l->handle, 1, KEEPALIVE_S);
	err = uv_tcp_getsockname(&l->handle, &name.sa, &len);
	if (!err)
		addr_from_sockaddr(&name.sa, &l->s.local);
	return err;
}

int tcp_link_accept(struct tcp_link *l, uv_tcp_t *server)
{
	union addr_storage name;
	int len = sizeof name, err;

	err = uv_accept((uv_stream_t *)server, (uv_stream_t *)&l->handle);
	if (err)
		goto out;
	/* Fails when the peer has reset the connection meanwhile. */
	err = uv_tcp_getpeername(&l->handle, &name.sa, &len);
	if (err)
		goto out;
	addr_from_sockaddr(&name.sa, &l->s.remote);
	err = link_established(l);
out:
	if (err)
		link_drop(l);
	return err;
}

void tcp_link_start(struct tcp_link *l)
{
	if (l->state == LINK_OPEN && l->s.handlers && !l->paused)
		link_read(l, true);
}

static void on_connected(uv_connect_t *req, int status)
{
	struct tcp_link *l = req->data;

	loop_wake(l->loop);
	if (l->state == LINK_CLOSED)
		return;
	if (status == 0)
		status = link_established(l);
	if (status < 0) {
		link_fail(l, status);
		return;
	}
	obj_ref(l);
	if (l->state == LINK_OPEN) {
		timer_stop(&l->limit);
		if (l->s.handlers && l->s.handlers->connected)
			l->s.handlers->connected(l->s.arg);
	}
	link_read(l, l->state == LINK_FLUSHING || (l->state == LINK_OPEN && !l->paused));
	link_kick(l);
	link_drain(l);
	obj_unref(l);
}

static int start_connecting(struct tcp_link *l, const struct addr *local)
{
	unsigned flags = addr_family(&l->s.remote) == AF_INET6 ? UV_TCP_IPV6ONLY : 0;
	int err = 0;

	if (local)
		err = uv_tcp_bind(&l->handle, &local->u.sa, flags);
	if (err)
		return err;
	l->connect_req.data = l;
	return uv_tcp_connect(&l->connect_req, &l->handle, &l->s.remote.u.sa, on_connected);
}

int tcp_connect(struct stream **stream, struct loop *loop, const struct addr *local,
	const struct addr *remote, size_t write_cap, uint64_t timeout_ms,
	const struct stream_handlers *handlers, void *arg)
{
	struct tcp_link *l;
	int err;

	*stream = NULL;
	if (addr_family(remote) == AF_UNSPEC)
		return -EINVAL;
	l = tcp_link_new(loop, write_cap);
	if (!l)
		return -ENOMEM;
	l->s.remote = *remote;
	err = start_connecting(l, local);
	if (err) {
		link_drop(l);
		obj_unref(l);
		return err;
	}
	stream_set_handlers(&l->s, handlers, arg);
	timer_start_ms(&l->limit, loop_timers(loop), timeout_ms);
	*stream = &l->s;
	return 0;
}
