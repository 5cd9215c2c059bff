/* SPDX-License-Identifier: GPL-3.0-or-later */
/* TCP listener. */
#include <errno.h>
#include <stdbool.h>

#include "core/mem.h"
#include "core/timer.h"
#include "net/tcp.h"
#include "net/tcp_link.h"

enum {
	BACKLOG = 511,
	RETRY_MS = 100, /* until a connection is accepted for which there was no memory */
};

/* Owned by its user; the uv handle keeps one more reference until libuv has closed it. */
struct tcp_listener {
	struct loop *loop;
	uv_tcp_t handle;
	struct addr local;
	size_t write_cap;
	bool closed;
	struct timer retry;
	tcp_accept_fn *accept;
	void *arg;
};

static void accept_one(struct tcp_listener *listener)
{
	struct tcp_link *link = tcp_link_new(listener->loop, listener->write_cap);

	if (!link) {
		/* libuv holds the connection, and looks for no other, until it is accepted. */
		timer_start_ms(&listener->retry, loop_timers(listener->loop), RETRY_MS);
		return;
	}
	if (tcp_link_accept(link, &listener->handle) < 0) {
		obj_unref(link);
		return;
	}
	obj_ref(link);
	listener->accept(tcp_link_stream(link), listener->arg);
	tcp_link_start(link);
	obj_unref(link);
}

static void on_connection(uv_stream_t *server, int status)
{
	struct tcp_listener *listener = server->data;

	loop_wake(listener->loop);
	/* An error (descriptors used up, say) concerns one connection; libuv goes on. */
	if (status < 0 || listener->closed)
		return;
	obj_ref(listener);
	accept_one(listener);
	obj_unref(listener);
}

static void on_retry(void *arg)
{
	struct tcp_listener *listener = arg;

	obj_ref(listener);
	accept_one(listener);
	obj_unref(listener);
}

static void on_handle_closed(uv_handle_t *handle)
{
	struct tcp_listener *listener = handle->data;

	loop_wake(listener->loop);
	obj_unref(listener);
}

static int start_listening(struct tcp_listener *listener, const struct addr *local)
{
	unsigned flags = addr_family(local) == AF_INET6 ? UV_TCP_IPV6ONLY : 0;
	union addr_storage name;
	int len = sizeof name, err;

	err = uv_tcp_bind(&listener->handle, &local->u.sa, flags);
	if (!err)
		err = uv_listen((uv_stream_t *)&listener->handle, BACKLOG, on_connection);
	if (!err)
		err = uv_tcp_getsockname(&listener->handle, &name.sa, &len);
	if (!err)
		addr_from_sockaddr(&name.sa, &listener->local);
	return err;
}

int tcp_listen(struct tcp_listener **listener, struct loop *loop, const struct addr *local,
	size_t write_cap, tcp_accept_fn *accept, void *arg)
{
	struct tcp_listener *l;
	int err;

	*listener = NULL;
	if (addr_family(local) == AF_UNSPEC)
		return -EINVAL;
	l = obj_new(sizeof *l, NULL);
	if (!l)
		return -ENOMEM;
	l->loop = loop;
	l->write_cap = write_cap;
	l->accept = accept;
	l->arg = arg;
	timer_init(&l->retry, on_retry, l);
	uv_tcp_init(loop_uv(loop), &l->handle);
	l->handle.data = obj_ref(l);
	err = start_listening(l, local);
	if (err) {
		tcp_listener_close(l);
		obj_unref(l);
		return err;
	}
	*listener = l;
	return 0;
}

void tcp_listener_close(struct tcp_listener *listener)
{
	if (listener->closed)
		return;
	listener->closed = true;
	timer_stop(&listener->retry);
	uv_close((uv_handle_t *)&listener->handle, on_handle_closed);
}

const struct addr *tcp_listener_local(const struct tcp_listener *listener)
{
	return &listener->local;
}
