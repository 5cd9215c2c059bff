/* SPDX-License-Identifier: GPL-3.0-or-later */
/* TCP: order, back-pressure, and every way a connection can end. */
#include "net/tcp.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "core/mem.h"
#include "turns.h"

enum { CAP = 1 << 20, CHUNK = 32768 };

struct end {
	struct stream *stream;
	size_t connected, received, bytes, drained, closed;
	size_t queued_when_drained;
	int err;
	uint8_t next; /* of the counting bytes that are expected */
	bool counts;
	bool close_on_receive, pause_on_receive;
	char last[64];
};

struct fixture {
	struct loop *loop;
	struct tcp_listener *listener;
	struct end client, server;
	size_t accepted, alive;
	bool pause_on_accept;
};

/* ---- ends ---- */

static void on_connected(void *arg)
{
	struct end *e = arg;

	e->connected++;
}

static void on_received(struct slice bytes, void *arg)
{
	struct end *e = arg;

	e->received++;
	e->bytes += bytes.n;
	for (size_t i = 0; e->counts && i < bytes.n; i++)
		assert_int_equal((uint8_t)bytes.p[i], e->next++);
	snprintf(e->last, sizeof e->last, "%.*s", SLICE_ARG(bytes));
	if (e->pause_on_receive)
		stream_pause(e->stream);
	if (e->close_on_receive) {
		stream_close(e->stream);
		e->stream = obj_unref(e->stream);
	}
}

static void on_drained(void *arg)
{
	struct end *e = arg;

	e->drained++;
	e->queued_when_drained = stream_queued(e->stream);
}

static void on_closed(int err, void *arg)
{
	struct end *e = arg;

	e->closed++;
	e->err = err;
}

static const struct stream_handlers handlers = {
	.connected = on_connected,
	.received = on_received,
	.drained = on_drained,
	.closed = on_closed,
};

static void on_accept(struct stream *stream, void *arg)
{
	struct fixture *f = arg;

	f->accepted++;
	if (f->accepted > 1) {
		stream_close(stream);
		obj_unref(stream);
		return;
	}
	f->server.stream = stream;
	stream_set_handlers(stream, &handlers, &f->server);
	if (f->pause_on_accept)
		stream_pause(stream);
}

static struct addr loopback(void)
{
	struct addr a;

	addr_parse(SLICE("127.0.0.1"), 0, &a);
	return a;
}

static void dial(struct fixture *f, size_t cap)
{
	assert_int_equal(tcp_connect(&f->client.stream, f->loop, NULL,
				 tcp_listener_local(f->listener), cap, 5000, &handlers, &f->client),
		0);
}

static void connect_both(struct fixture *f)
{
	dial(f, CAP);
	turn_until(f->loop, &f->accepted, 1);
	turn_until(f->loop, &f->client.connected, 1);
}

static int setup(void **state)
{
	struct fixture *f = test_calloc(1, sizeof *f);
	struct addr a = loopback();

	f->alive = obj_alive();
	assert_int_equal(loop_new(&f->loop), 0);
	assert_int_equal(tcp_listen(&f->listener, f->loop, &a, CAP, on_accept, f), 0);
	*state = f;
	return 0;
}

static void hang_up(struct end *e)
{
	if (e->stream)
		stream_close(e->stream);
	e->stream = obj_unref(e->stream);
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	hang_up(&f->client);
	hang_up(&f->server);
	tcp_listener_close(f->listener);
	obj_unref(f->listener);
	loop_close(f->loop);
	assert_int_equal(obj_alive(), f->alive);
	test_free(f);
	return 0;
}

/* Write counting bytes until the queue is full; how many were taken. */
static size_t fill(struct stream *s)
{
	static char chunk[CHUNK];
	size_t n = 0;

	for (size_t i = 0; i < sizeof chunk; i++)
		chunk[i] = (char)i;
	while (stream_write(s, slice_of(chunk, sizeof chunk)) == 0)
		n += sizeof chunk;
	return n;
}

/* Turn until nothing but the listener is left. */
static void links_are_gone(struct fixture *f)
{
	bool expired = false;
	struct timer guard;

	hang_up(&f->server);
	timer_init(&guard, turns_expired, &expired);
	timer_start_ms(&guard, loop_timers(f->loop), TURNS_LIMIT_MS);
	while (obj_alive() > f->alive + 1 && !expired)
		uv_run(loop_uv(f->loop), UV_RUN_ONCE);
	timer_stop(&guard);
	assert_int_equal(obj_alive(), f->alive + 1);
}

/* ---- tests ---- */

static void both_ends_know_each_other_and_talk(void **state)
{
	struct fixture *f = *state;

	connect_both(f);
	assert_true(addr_equal(&f->client.stream->remote, tcp_listener_local(f->listener)));
	assert_true(addr_equal(&f->client.stream->local, &f->server.stream->remote));
	assert_true(addr_equal(&f->server.stream->local, &f->client.stream->remote));
	assert_int_equal(stream_write(f->client.stream, SLICE("ping")), 0);
	turn_until(f->loop, &f->server.bytes, 4);
	assert_string_equal(f->server.last, "ping");
	assert_int_equal(stream_write(f->server.stream, SLICE("pong")), 0);
	turn_until(f->loop, &f->client.bytes, 4);
	assert_string_equal(f->client.last, "pong");
	assert_int_equal(f->server.connected, 0);
}

static void writing_before_connected_is_queued(void **state)
{
	struct fixture *f = *state;

	dial(f, CAP);
	assert_int_equal(stream_write(f->client.stream, SLICE("early ")), 0);
	assert_int_equal(stream_write(f->client.stream, SLICE("bird")), 0);
	assert_int_equal(stream_queued(f->client.stream), 10);
	turn_until(f->loop, &f->server.bytes, 10);
	assert_string_equal(f->server.last, "early bird");
	assert_int_equal(stream_queued(f->client.stream), 0);
}

static void full_queue_refuses_and_drained_tells_when_to_go_on(void **state)
{
	struct fixture *f = *state;
	size_t sent;

	f->pause_on_accept = true;
	f->server.counts = true;
	connect_both(f);
	assert_int_equal(
		stream_write(f->client.stream, slice_of(f->server.last, CAP + 1)), -EMSGSIZE);
	sent = fill(f->client.stream);
	assert_true(stream_queued(f->client.stream) <= CAP);
	assert_true(stream_queued(f->client.stream) > CAP - CHUNK);
	assert_int_equal(f->client.drained, 0);
	/* In small steps, so that it would be seen if drained came too early. */
	f->server.pause_on_receive = true;
	for (int i = 0; i < 10000 && f->client.drained == 0; i++) {
		stream_resume(f->server.stream);
		turn(f->loop);
	}
	assert_int_equal(f->client.drained, 1);
	assert_true(f->client.queued_when_drained < CAP / 2);
	sent += fill(f->client.stream);
	f->server.pause_on_receive = false;
	stream_resume(f->server.stream);
	turn_until(f->loop, &f->server.bytes, sent);
	assert_int_equal(f->server.bytes, sent);
}

static void paused_stream_hands_out_nothing(void **state)
{
	struct fixture *f = *state;

	connect_both(f);
	stream_pause(f->server.stream);
	assert_int_equal(stream_write(f->client.stream, SLICE("1")), 0);
	/* The other direction works, so the byte has had its time. */
	assert_int_equal(stream_write(f->server.stream, SLICE("2")), 0);
	turn_until(f->loop, &f->client.bytes, 1);
	assert_int_equal(f->server.bytes, 0);
	stream_resume(f->server.stream);
	turn_until(f->loop, &f->server.bytes, 1);
}

static void closing_still_sends_what_is_queued(void **state)
{
	struct fixture *f = *state;
	size_t sent;

	f->pause_on_accept = true;
	f->server.counts = true;
	connect_both(f);
	sent = fill(f->client.stream);
	stream_close(f->client.stream);
	assert_int_equal(stream_write(f->client.stream, SLICE("x")), -ENOTCONN);
	hang_up(&f->client);
	stream_resume(f->server.stream);
	turn_until(f->loop, &f->server.closed, 1);
	assert_int_equal(f->server.err, 0);
	assert_int_equal(f->server.bytes, sent);
}

static void last_bytes_reach_a_peer_that_is_still_sending(void **state)
{
	struct fixture *f = *state;
	char noise[CHUNK] = {0};

	connect_both(f);
	f->server.close_on_receive = true;
	assert_int_equal(stream_write(f->server.stream, SLICE("sorry")), 0);
	/* More than is read at once stays unread when the server closes. */
	for (int i = 0; i < 10; i++)
		stream_write(f->client.stream, slice_of(noise, sizeof noise));
	turn_until(f->loop, &f->client.closed, 1);
	assert_int_equal(f->client.err, 0);
	assert_string_equal(f->client.last, "sorry");
	hang_up(&f->client);
	links_are_gone(f);
	assert_int_equal(f->server.closed, 0);
}

static void closed_stream_reads_on_though_it_was_paused(void **state)
{
	struct fixture *f = *state;
	const struct addr *to = tcp_listener_local(f->listener);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	static char noise[1 << 16];
	size_t sent = 0;

	f->pause_on_accept = true;
	(void)connect(fd, &to->u.sa, to->len);
	turn_until(f->loop, &f->accepted, 1);
	assert_int_equal(stream_write(f->server.stream, SLICE("sorry")), 0);
	hang_up(&f->server);
	/* Far more than the socket buffers hold. */
	while (sent < 64 << 20) {
		ssize_t n = send(fd, noise, sizeof noise, MSG_NOSIGNAL);

		if (n < 0 && errno != EAGAIN)
			fail_msg("%s after %zu bytes", strerror(errno), sent);
		sent += n > 0 ? (size_t)n : 0;
		turn(f->loop);
	}
	close(fd);
	links_are_gone(f);
}

static void connection_turned_away_does_not_linger(void **state)
{
	struct fixture *f = *state;
	const struct addr *to = tcp_listener_local(f->listener);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	char got;

	connect_both(f);
	/* The second one is closed at once; its peer leaves its own side open. */
	assert_int_equal(connect(fd, &to->u.sa, to->len), 0);
	turn_until(f->loop, &f->accepted, 2);
	turn(f->loop);
	assert_int_equal(obj_alive(), f->alive + 3);
	assert_int_equal(recv(fd, &got, 1, 0), 0);
	close(fd);
}

static void closing_before_connected_calls_no_handler(void **state)
{
	struct fixture *f = *state;

	dial(f, CAP);
	hang_up(&f->client);
	turn(f->loop);
	turn(f->loop);
	assert_int_equal(f->client.connected, 0);
	assert_int_equal(f->client.closed, 0);
}

static void refused_connection_is_reported(void **state)
{
	struct fixture *f = *state;

	tcp_listener_close(f->listener);
	/* Its close callback must have come before nobody listens. */
	turn(f->loop);
	dial(f, CAP);
	turn_until(f->loop, &f->client.closed, 1);
	assert_int_equal(f->client.err, -ECONNREFUSED);
	assert_int_equal(stream_write(f->client.stream, SLICE("x")), -ENOTCONN);
	assert_int_equal(f->client.connected, 0);
}

static void unanswered_connect_times_out(void **state)
{
	struct fixture *f = *state;
	int fd = socket(AF_INET, SOCK_STREAM, 0), filler[4];
	union addr_storage name;
	struct addr a = loopback();
	socklen_t len = sizeof name;

	/* A listener that accepts nothing: once its queue is full the kernel drops our SYN. */
	assert_int_equal(bind(fd, &a.u.sa, a.len), 0);
	assert_int_equal(listen(fd, 0), 0);
	assert_int_equal(getsockname(fd, &name.sa, &len), 0);
	for (int i = 0; i < 4; i++) {
		filler[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		(void)connect(filler[i], &name.sa, len);
	}
	addr_from_sockaddr(&name.sa, &a);
	assert_int_equal(
		tcp_connect(&f->client.stream, f->loop, NULL, &a, CAP, 30, &handlers, &f->client),
		0);
	turn_until(f->loop, &f->client.closed, 1);
	assert_int_equal(f->client.err, -ETIMEDOUT);
	for (int i = 0; i < 4; i++)
		close(filler[i]);
	close(fd);
}

static void reset_by_the_peer_is_an_error(void **state)
{
	struct fixture *f = *state;
	struct linger hard = {.l_onoff = 1, .l_linger = 0};
	const struct addr *to = tcp_listener_local(f->listener);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(connect(fd, &to->u.sa, to->len), 0);
	turn_until(f->loop, &f->accepted, 1);
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
	close(fd);
	turn_until(f->loop, &f->server.closed, 1);
	assert_int_equal(f->server.err, -ECONNRESET);
	assert_int_equal(f->server.closed, 1);
}

static void closed_stream_calls_no_handler_whatever_the_peer_does(void **state)
{
	struct fixture *f = *state;
	struct linger hard = {.l_onoff = 1, .l_linger = 0};
	const struct addr *to = tcp_listener_local(f->listener);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(connect(fd, &to->u.sa, to->len), 0);
	turn_until(f->loop, &f->accepted, 1);
	assert_int_equal(stream_write(f->server.stream, SLICE("bye")), 0);
	hang_up(&f->server);
	/* Our FIN leaves; the link waits for the peer's. */
	turn(f->loop);
	turn(f->loop);
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
	close(fd);
	links_are_gone(f);
	assert_int_equal(f->server.closed, 0);
}

static void end_of_input_still_lets_the_queue_out(void **state)
{
	struct fixture *f = *state;
	const struct addr *to = tcp_listener_local(f->listener);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	char got[16];

	assert_int_equal(connect(fd, &to->u.sa, to->len), 0);
	turn_until(f->loop, &f->accepted, 1);
	assert_int_equal(stream_write(f->server.stream, SLICE("answer")), 0);
	shutdown(fd, SHUT_WR);
	turn_until(f->loop, &f->server.closed, 1);
	assert_int_equal(f->server.err, 0);
	assert_int_equal(recv(fd, got, sizeof got, MSG_WAITALL), 6);
	assert_memory_equal(got, "answer", 6);
	close(fd);
}

static void handler_may_close_and_forget_its_stream(void **state)
{
	struct fixture *f = *state;

	connect_both(f);
	f->server.close_on_receive = true;
	assert_int_equal(stream_write(f->client.stream, SLICE("x")), 0);
	turn_until(f->loop, &f->client.closed, 1);
	assert_int_equal(f->server.received, 1);
	assert_int_equal(f->server.closed, 0);
	assert_int_equal(f->client.err, 0);
}

static void connection_may_start_from_a_given_address(void **state)
{
	struct fixture *f = *state;
	struct addr from;

	addr_parse(SLICE("127.0.0.4"), 0, &from);
	assert_int_equal(tcp_connect(&f->client.stream, f->loop, &from,
				 tcp_listener_local(f->listener), CAP, 5000, &handlers, &f->client),
		0);
	turn_until(f->loop, &f->accepted, 1);
	assert_true(addr_equal_host(&f->server.stream->remote, &from));
}

static void lack_of_memory_delays_an_accept_but_loses_nothing(void **state)
{
	struct fixture *f = *state;

	dial(f, CAP);
	mem_fail_after(0);
	turn_until(f->loop, &f->accepted, 1);
	mem_fail_after(-1);
	assert_int_equal(stream_write(f->client.stream, SLICE("hi")), 0);
	turn_until(f->loop, &f->server.bytes, 2);
}

static void opening_fails_cleanly(void **state)
{
	struct fixture *f = *state;
	struct addr none = {.len = 0};
	struct tcp_listener *listener;
	struct stream *stream;

	assert_int_equal(
		tcp_listen(&listener, f->loop, tcp_listener_local(f->listener), CAP, on_accept, f),
		-EADDRINUSE);
	assert_int_equal(tcp_listen(&listener, f->loop, &none, CAP, on_accept, f), -EINVAL);
	assert_int_equal(
		tcp_connect(&stream, f->loop, NULL, &none, CAP, 1, &handlers, NULL), -EINVAL);
	mem_fail_after(0);
	assert_int_equal(tcp_connect(&stream, f->loop, NULL, tcp_listener_local(f->listener), CAP,
				 1, &handlers, NULL),
		-ENOMEM);
	mem_fail_after(-1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(both_ends_know_each_other_and_talk),
		TEST(writing_before_connected_is_queued),
		TEST(full_queue_refuses_and_drained_tells_when_to_go_on),
		TEST(paused_stream_hands_out_nothing),
		TEST(closing_still_sends_what_is_queued),
		TEST(last_bytes_reach_a_peer_that_is_still_sending),
		TEST(closed_stream_reads_on_though_it_was_paused),
		TEST(connection_turned_away_does_not_linger),
		TEST(closing_before_connected_calls_no_handler),
		TEST(refused_connection_is_reported),
		TEST(unanswered_connect_times_out),
		TEST(reset_by_the_peer_is_an_error),
		TEST(closed_stream_calls_no_handler_whatever_the_peer_does),
		TEST(end_of_input_still_lets_the_queue_out),
		TEST(handler_may_close_and_forget_its_stream),
		TEST(connection_may_start_from_a_given_address),
		TEST(lack_of_memory_delays_an_accept_but_loses_nothing),
		TEST(opening_fails_cleanly),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
