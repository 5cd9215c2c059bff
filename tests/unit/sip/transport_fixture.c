/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "transport_fixture.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "core/log.h"
#include "core/mem.h"

static void answer(struct fixture *f, struct sip_msg *msg)
{
	struct sip_flow *flow;

	f->answered = sip_flow_for_response(msg, &flow);
	if (f->answered == 0)
		f->answered = sip_flow_send(flow, SLICE("OK"));
	obj_unref(flow);
}

static void note(struct fixture *f, struct sip_flow *flow, struct sip_msg *msg)
{
	size_t n = strlen(f->call_ids);

	assert_ptr_equal(msg->flow, flow);
	assert_false(addr_is_any(&flow->local));
	snprintf(f->call_ids + n, sizeof f->call_ids - n, "%.*s ", SLICE_ARG(msg->call_id));
	f->body = msg->body.n;
	f->source = msg->source;
	obj_unref(f->flow);
	f->flow = obj_ref(flow);
	if (f->answer)
		answer(f, msg);
	if (f->close_after)
		sip_transports_close(f->transports);
	/* Whatever was closed: the message is good until the handler returns. */
	assert_int_equal(msg->raw.p[0], 'O');
}

static void on_received(struct sip_flow *flow, struct sip_msg *msg, void *arg)
{
	struct fixture *f = arg;

	f->received++;
	note(f, flow, msg);
}

static void on_malformed(struct sip_flow *flow, struct sip_msg *msg, void *arg)
{
	struct fixture *f = arg;

	assert_true(msg->is_request && msg->answerable);
	f->malformed++;
	f->error_status = msg->error_status;
	note(f, flow, msg);
}

static void on_trace(const struct sip_flow *flow, bool sent, struct slice bytes, void *arg)
{
	struct fixture *f = arg;

	f->traced++;
}

static const struct sip_transports_handlers handlers = {
	.received = on_received,
	.malformed = on_malformed,
	.trace = on_trace,
};

static void on_failed(int err, void *arg)
{
	struct fixture *f = arg;

	f->failed++;
	f->failed_err = err;
}

void fixture_watch(struct fixture *f, struct sip_flow *flow)
{
	f->watch.failed = on_failed;
	f->watch.arg = f;
	sip_flow_watch(flow, &f->watch);
}

static void fixture_stop(struct fixture *f)
{
	sip_flow_unwatch(&f->watch);
	f->flow = obj_unref(f->flow);
	if (f->transports)
		sip_transports_close(f->transports);
	f->transports = obj_unref(f->transports);
}

void fixture_restart(struct fixture *f)
{
	struct addr local = loopback("127.0.0.1", 0);
	enum sip_transport transport;

	fixture_stop(f);
	assert_int_equal(
		sip_transports_new(&f->transports, f->loop, &f->settings, &handlers, f), 0);
	assert_int_equal(sip_transports_listen(f->transports, SIP_UDP, &local), 0);
	assert_int_equal(sip_transports_listen(f->transports, SIP_TCP, &local), 0);
	assert_true(sip_transports_listener(f->transports, 0, &transport, &f->udp));
	assert_int_equal(transport, SIP_UDP);
	assert_true(sip_transports_listener(f->transports, 1, &transport, &f->tcp));
	assert_int_equal(transport, SIP_TCP);
	assert_false(sip_transports_listener(f->transports, 2, &transport, &local));
}

int fixture_setup(void **state)
{
	struct fixture *f = test_calloc(1, sizeof *f);

	log_set_level(LOG_LEVEL_WARNING);
	f->alive = obj_alive();
	assert_int_equal(loop_new(&f->loop), 0);
	fixture_restart(f);
	*state = f;
	return 0;
}

int fixture_teardown(void **state)
{
	struct fixture *f = *state;

	mem_fail_after(-1);
	fixture_stop(f);
	loop_close(f->loop);
	assert_int_equal(obj_alive(), f->alive);
	test_free(f);
	return 0;
}

void fixture_received(struct fixture *f, size_t n)
{
	turn_until(f->loop, &f->received, n);
	assert_int_equal(f->received, n);
}

struct addr loopback(const char *host, uint16_t port)
{
	struct addr a;

	assert_int_equal(addr_parse(slice_str(host), port, &a), 0);
	return a;
}

const char *request_text(const char *transport, uint16_t port, const char *via_params,
	const char *call_id, long content_length, const char *body)
{
	static char text[8192];
	int n;

	n = snprintf(text, sizeof text,
		"OPTIONS sip:room@127.0.0.1 SIP/2.0\r\n"
		"Via: SIP/2.0/%s 127.0.0.1:%u;branch=z9hG4bK74%s\r\n"
		"Max-Forwards: 70\r\n"
		"From: <sip:alice@example.com>;tag=88sja8x\r\n"
		"To: <sip:room@127.0.0.1>\r\n"
		"Call-ID: %s\r\n"
		"CSeq: 1 OPTIONS\r\n",
		transport, port, via_params, call_id);
	if (content_length >= 0)
		n += snprintf(text + n, sizeof text - (size_t)n, "Content-Length: %ld\r\n",
			content_length);
	snprintf(text + n, sizeof text - (size_t)n, "\r\n%s", body);
	return text;
}

const char *tcp_request(const char *call_id)
{
	return request_text("TCP", 5060, "", call_id, 0, "");
}

/* ---- peers ---- */

static int peer_socket(int type)
{
	struct timeval limit = {.tv_sec = 10};
	int fd = socket(AF_INET, type, 0);

	assert_true(fd >= 0);
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
	return fd;
}

static void peer_bind(int fd, struct addr *local)
{
	union addr_storage name;
	socklen_t len = sizeof name;

	*local = loopback("127.0.0.1", 0);
	assert_int_equal(bind(fd, &local->u.sa, local->len), 0);
	assert_int_equal(getsockname(fd, &name.sa, &len), 0);
	addr_from_sockaddr(&name.sa, local);
}

int peer_udp(struct addr *local)
{
	int fd = peer_socket(SOCK_DGRAM);

	peer_bind(fd, local);
	return fd;
}

int peer_listen(struct addr *local)
{
	int fd = peer_socket(SOCK_STREAM);

	peer_bind(fd, local);
	assert_int_equal(listen(fd, 16), 0);
	return fd;
}

int peer_connect(const struct addr *to)
{
	int fd = peer_socket(SOCK_STREAM);

	assert_int_equal(connect(fd, &to->u.sa, to->len), 0);
	return fd;
}

void peer_send(int fd, const char *bytes, size_t n)
{
	assert_int_equal(send(fd, bytes, n, MSG_NOSIGNAL), (ssize_t)n);
}

void peer_write(int fd, const char *text)
{
	peer_send(fd, text, strlen(text));
}

void peer_send_to(int fd, const struct addr *to, const char *text)
{
	size_t n = strlen(text);

	assert_int_equal(sendto(fd, text, n, 0, &to->u.sa, to->len), (ssize_t)n);
}

/* Turn the loop until the descriptor is readable. */
static void peer_wait(struct fixture *f, int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	for (int i = 0; i < TURNS_LIMIT_MS; i++) {
		turn(f->loop);
		if (poll(&p, 1, 1) == 1)
			return;
	}
	fail_msg("the peer waited in vain");
}

size_t peer_read(struct fixture *f, int fd, char *to, size_t size)
{
	ssize_t n;

	peer_wait(f, fd);
	n = recv(fd, to, size, 0);
	return n > 0 ? (size_t)n : 0;
}

void peer_expect(struct fixture *f, int fd, const char *text)
{
	char got[1024];
	size_t n = peer_read(f, fd, got, sizeof got - 1);

	got[n] = '\0';
	assert_string_equal(got, text);
}

void peer_expect_end(struct fixture *f, int fd)
{
	char got[64];

	assert_int_equal(peer_read(f, fd, got, sizeof got), 0);
}
