/* SPDX-License-Identifier: GPL-3.0-or-later */
/* TLS: our client against our server, plain sockets against our server, and whose word is believed. */
#include "net/tls.h"

#include <errno.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "certificates.h"
#include "core/log.h"
#include "core/mem.h"
#include "net/tcp.h"
#include "turns.h"

enum { CAP = 1 << 20, CHUNK = 32768, LONG_MS = 20000, SOON_MS = 30 };

struct end {
	struct stream *stream;
	size_t connected, bytes, drained, closed;
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
	struct tls_context *context, *client_context;
	struct end client, server;
	size_t accepted, alive;
	uint64_t handshake_ms;
};

static struct certificates certificates;

/* ---- ends ---- */

static void on_connected(void *arg)
{
	struct end *e = arg;

	assert_int_equal(e->bytes, 0);
	e->connected++;
}

static void on_received(struct slice bytes, void *arg)
{
	struct end *e = arg;

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

static void on_accept(struct stream *lower, void *arg)
{
	struct fixture *f = arg;

	f->accepted++;
	assert_int_equal(
		tls_accept(&f->server.stream, f->context, f->loop, lower, CAP, f->handshake_ms), 0);
	stream_set_handlers(f->server.stream, &handlers, &f->server);
}

static void hang_up(struct end *e)
{
	if (e->stream)
		stream_close(e->stream);
	e->stream = obj_unref(e->stream);
}

static struct tls_context *context_of(
	struct fixture *f, const char *certificate, const char *ca, bool verify)
{
	struct tls_settings settings = {.verify_server = verify, .watch_ms = LONG_MS};
	struct tls_context *context;
	char error[512];

	if (certificate)
		settings.certificate = certificates_path(&certificates, certificate);
	if (ca)
		settings.ca_file = certificates_path(&certificates, ca);
	if (tls_context_new(&context, f->loop, &settings, error, sizeof error) < 0)
		fail_msg("%s", error);
	return context;
}

static void forget_context(struct tls_context **context)
{
	if (*context)
		tls_context_close(*context);
	*context = obj_unref(*context);
}

static void use_server_certificate(struct fixture *f, const char *file)
{
	forget_context(&f->context);
	f->context = context_of(f, file, "ca.pem", false);
}

/* A TLS client that expects the name, on a connection that is only just being made. */
static void dial(struct fixture *f, const char *name)
{
	struct stream *lower;

	assert_int_equal(tcp_connect(&lower, f->loop, NULL, tcp_listener_local(f->listener), CAP,
				 LONG_MS, NULL, NULL),
		0);
	assert_int_equal(tls_connect(&f->client.stream, f->client_context, f->loop, lower, name,
				 CAP, LONG_MS, &handlers, &f->client),
		0);
}

static void connect_both(struct fixture *f)
{
	dial(f, "example.com");
	turn_until(f->loop, &f->client.connected, 1);
	turn_until(f->loop, &f->server.connected, 1);
}

/* A plain socket connected to the server. */
static int stranger(struct fixture *f)
{
	const struct addr *to = tcp_listener_local(f->listener);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(connect(fd, &to->u.sa, to->len), 0);
	turn_until(f->loop, &f->accepted, 1);
	return fd;
}

static int setup(void **state)
{
	struct fixture *f = test_calloc(1, sizeof *f);
	struct addr a;

	f->alive = obj_alive();
	f->handshake_ms = LONG_MS;
	addr_parse(SLICE("127.0.0.1"), 0, &a);
	assert_int_equal(loop_new(&f->loop), 0);
	assert_int_equal(tcp_listen(&f->listener, f->loop, &a, CAP, on_accept, f), 0);
	f->context = context_of(f, "server.pem", "ca.pem", false);
	f->client_context = context_of(f, NULL, "ca.pem", true);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	hang_up(&f->client);
	hang_up(&f->server);
	forget_context(&f->context);
	forget_context(&f->client_context);
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

/* ---- talking ---- */

static void both_ends_shake_hands_and_talk(void **state)
{
	struct fixture *f = *state;

	connect_both(f);
	assert_true(addr_equal(&f->client.stream->remote, tcp_listener_local(f->listener)));
	assert_true(addr_equal(&f->client.stream->local, &f->server.stream->remote));
	assert_int_equal(stream_write(f->client.stream, SLICE("ping")), 0);
	turn_until(f->loop, &f->server.bytes, 4);
	assert_string_equal(f->server.last, "ping");
	assert_int_equal(stream_write(f->server.stream, SLICE("pong")), 0);
	turn_until(f->loop, &f->client.bytes, 4);
	assert_string_equal(f->client.last, "pong");
}

static void writing_before_the_handshake_is_queued(void **state)
{
	struct fixture *f = *state;

	dial(f, "example.com");
	assert_int_equal(stream_write(f->client.stream, SLICE("early ")), 0);
	assert_int_equal(stream_write(f->client.stream, SLICE("bird")), 0);
	assert_int_equal(stream_queued(f->client.stream), 10);
	turn_until(f->loop, &f->server.bytes, 10);
	/* Both in one record: they were written in one turn. */
	assert_string_equal(f->server.last, "early bird");
	assert_int_equal(stream_queued(f->client.stream), 0);
}

static void much_goes_both_ways_at_once_and_in_order(void **state)
{
	struct fixture *f = *state;
	size_t there = 0, back = 0;

	f->server.counts = f->client.counts = true;
	connect_both(f);
	while (there < 16 << 20 || back < 16 << 20) {
		there += fill(f->client.stream);
		back += fill(f->server.stream);
		turn_until(f->loop, &f->client.drained, 1);
		turn_until(f->loop, &f->server.drained, 1);
		assert_true(f->client.queued_when_drained < CAP / 2);
		f->client.drained = f->server.drained = 0;
	}
	turn_until(f->loop, &f->server.bytes, there);
	turn_until(f->loop, &f->client.bytes, back);
	assert_int_equal(f->server.bytes, there);
	assert_int_equal(f->client.bytes, back);
}

static void full_queue_refuses_until_the_peer_reads(void **state)
{
	struct fixture *f = *state;
	size_t sent;

	f->server.counts = true;
	connect_both(f);
	stream_pause(f->server.stream);
	assert_int_equal(
		stream_write(f->client.stream, slice_of(f->server.last, CAP + 1)), -EMSGSIZE);
	sent = fill(f->client.stream);
	for (int i = 0; i < 50; i++) {
		turn(f->loop);
		sent += fill(f->client.stream);
		assert_true(stream_queued(f->client.stream) < CAP + CHUNK);
	}
	f->client.drained = 0;
	assert_int_equal(f->server.bytes, 0);
	/* In small steps, each pausing amid what has come. */
	f->server.pause_on_receive = true;
	for (int i = 0; i < 100000 && f->client.drained == 0; i++) {
		stream_resume(f->server.stream);
		turn(f->loop);
	}
	assert_int_equal(f->client.drained, 1);
	assert_true(f->client.queued_when_drained < CAP / 2);
	f->server.pause_on_receive = false;
	stream_resume(f->server.stream);
	turn_until(f->loop, &f->server.bytes, sent);
	assert_int_equal(f->server.bytes, sent);
}

/* ---- ending ---- */

static void closing_still_sends_what_is_queued_and_says_goodbye(void **state)
{
	struct fixture *f = *state;
	size_t sent;

	f->server.counts = true;
	connect_both(f);
	stream_pause(f->server.stream);
	sent = fill(f->client.stream);
	stream_close(f->client.stream);
	assert_int_equal(stream_write(f->client.stream, SLICE("x")), -ENOTCONN);
	hang_up(&f->client);
	stream_resume(f->server.stream);
	turn_until(f->loop, &f->server.closed, 1);
	/* 0: by close_notify, so nothing can have been cut off. */
	assert_int_equal(f->server.err, 0);
	assert_int_equal(f->server.bytes, sent);
}

static void closing_amid_the_handshake_still_sends_what_was_written(void **state)
{
	struct fixture *f = *state;

	dial(f, "example.com");
	assert_int_equal(stream_write(f->client.stream, SLICE("last words")), 0);
	hang_up(&f->client);
	turn_until(f->loop, &f->server.closed, 1);
	assert_string_equal(f->server.last, "last words");
	assert_int_equal(f->server.err, 0);
	assert_int_equal(f->client.connected + f->client.closed, 0);
}

static void handler_may_close_and_forget_its_stream(void **state)
{
	struct fixture *f = *state;

	connect_both(f);
	f->server.close_on_receive = true;
	assert_int_equal(stream_write(f->client.stream, SLICE("x")), 0);
	turn_until(f->loop, &f->client.closed, 1);
	assert_int_equal(f->server.closed, 0);
	assert_int_equal(f->client.err, 0);
}

static void refused_connection_is_reported(void **state)
{
	struct fixture *f = *state;

	tcp_listener_close(f->listener);
	turn(f->loop);
	dial(f, "example.com");
	turn_until(f->loop, &f->client.closed, 1);
	assert_int_equal(f->client.err, -ECONNREFUSED);
	assert_int_equal(stream_write(f->client.stream, SLICE("x")), -ENOTCONN);
}

/* ---- strangers ---- */

static void garbage_ends_the_connection(void **state)
{
	struct fixture *f = *state;
	int fd = stranger(f);

	assert_int_equal(send(fd, "OPTIONS sip:a SIP/2.0\r\n\r\n", 25, MSG_NOSIGNAL), 25);
	turn_until(f->loop, &f->server.closed, 1);
	assert_int_equal(f->server.err, -EPROTO);
	assert_int_equal(f->server.connected + f->server.bytes, 0);
	close(fd);
}

/* The first flight of a client, as its bytes are. */
static size_t client_hello(char *to, size_t size)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	SSL *ssl = SSL_new(ctx);
	BIO *in = BIO_new(BIO_s_mem()), *out = BIO_new(BIO_s_mem());
	int n;

	SSL_set_bio(ssl, in, out);
	SSL_connect(ssl);
	n = BIO_read(out, to, (int)size);
	SSL_free(ssl);
	SSL_CTX_free(ctx);
	assert_true(n > 0);
	return (size_t)n;
}

static void half_a_handshake_is_not_waited_for_forever(void **state)
{
	struct fixture *f = *state;
	char hello[2048];
	size_t n = client_hello(hello, sizeof hello);
	int fd;

	f->handshake_ms = SOON_MS;
	fd = stranger(f);
	assert_int_equal(send(fd, hello, n, MSG_NOSIGNAL), (ssize_t)n);
	turn_until(f->loop, &f->server.closed, 1);
	assert_int_equal(f->server.err, -ETIMEDOUT);
	close(fd);
}

static void handshake_may_come_byte_by_byte(void **state)
{
	struct fixture *f = *state;
	char hello[2048];
	size_t n = client_hello(hello, sizeof hello);
	uint8_t answer[3];
	int fd = stranger(f);

	for (size_t i = 0; i < n; i++) {
		assert_int_equal(recv(fd, answer, 1, MSG_DONTWAIT), -1);
		assert_int_equal(send(fd, hello + i, 1, MSG_NOSIGNAL), 1);
		turn(f->loop);
		turn(f->loop);
	}
	assert_int_equal(f->server.closed, 0);
	/* A ServerHello: a handshake record of TLS. */
	assert_int_equal(recv(fd, answer, sizeof answer, MSG_WAITALL), sizeof answer);
	assert_int_equal(answer[0], 22);
	assert_int_equal(answer[1], 3);
	close(fd);
}

static void end_without_close_notify_is_an_error(void **state)
{
	struct fixture *f = *state;
	char hello[2048];
	size_t n = client_hello(hello, sizeof hello);
	int fd = stranger(f);

	assert_int_equal(send(fd, hello, n, MSG_NOSIGNAL), (ssize_t)n);
	shutdown(fd, SHUT_WR);
	turn_until(f->loop, &f->server.closed, 1);
	assert_int_equal(f->server.err, -ECONNRESET);
	close(fd);
}

/* ---- whose word is believed ---- */

static void expect_refusal(struct fixture *f, const char *name)
{
	log_set_level(LOG_LEVEL_CRITICAL);
	dial(f, name);
	turn_until(f->loop, &f->client.closed, 1);
	log_set_level(LOG_LEVEL_WARNING);
	assert_int_equal(f->client.err, -EPROTO);
	assert_int_equal(f->client.connected, 0);
}

static void server_with_another_name_is_refused(void **state)
{
	expect_refusal(*state, "example.org");
}

static void expired_certificate_is_refused(void **state)
{
	log_set_level(LOG_LEVEL_CRITICAL);
	use_server_certificate(*state, "expired.pem");
	expect_refusal(*state, "example.com");
}

static void unknown_authority_is_refused(void **state)
{
	struct fixture *f = *state;

	forget_context(&f->client_context);
	f->client_context = context_of(f, NULL, NULL, true);
	expect_refusal(f, "example.com");
}

static void without_verification_any_certificate_will_do(void **state)
{
	struct fixture *f = *state;

	forget_context(&f->client_context);
	f->client_context = context_of(f, NULL, NULL, false);
	dial(f, "example.org");
	turn_until(f->loop, &f->client.connected, 1);
	assert_false(tls_peer_proves(f->client.stream, SLICE("example.com")));
}

/* RFC 5922 7.1, 7.2. */
static void names_are_compared_as_the_rfc_has_it(void **state)
{
	static const struct {
		const char *certificate, *name;
		bool proves;
	} cases[] = {
		{"server.pem", "example.com", true},
		{"server.pem", "EXAMPLE.com", true},
		{"server.pem", "127.0.0.1", true},
		{"server.pem", "127.0.0.2", false},
		{"server.pem", "sub.example.com", false},
		{"server.pem", "cn.example.com", false}, /* alternative names hide the common one */
		{"cn.pem", "cn.example.com", true},
		{"wildcard.pem", "a.example.com", false},
		{"uri.pem", "sip.example.com", true},
		{"uri.pem", "dns.example.com", false},   /* a sip URI hides DNS names */
		{"user.pem", "user.example.com", false}, /* an individual, not a domain */
		{"user.pem", "dns.example.com", true},
		{"sips.pem", "sips.example.com", false},
		{"nobody.pem", "example.com", false},
	};
	struct fixture *f = *state;

	forget_context(&f->client_context);
	f->client_context = context_of(f, NULL, "ca.pem", false);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		use_server_certificate(f, cases[i].certificate);
		dial(f, cases[i].name);
		f->client.connected = f->server.closed = 0;
		turn_until(f->loop, &f->client.connected, 1);
		if (tls_peer_proves(f->client.stream, slice_str(cases[i].name)) != cases[i].proves)
			fail_msg("%s, %s", cases[i].certificate, cases[i].name);
		hang_up(&f->client);
		turn_until(f->loop, &f->server.closed, 1);
		hang_up(&f->server);
	}
}

static void clients_certificate_proves_its_domain_to_the_server(void **state)
{
	struct fixture *f = *state;

	forget_context(&f->client_context);
	f->client_context = context_of(f, "uri.pem", "ca.pem", true);
	connect_both(f);
	assert_true(tls_peer_proves(f->server.stream, SLICE("sip.example.com")));
	assert_false(tls_peer_proves(f->server.stream, SLICE("example.com")));
	stream_close(f->server.stream);
	turn_until(f->loop, &f->client.closed, 1);
	assert_false(tls_peer_proves(f->server.stream, SLICE("sip.example.com")));
}

static void client_with_a_bad_certificate_proves_nothing_but_may_talk(void **state)
{
	struct fixture *f = *state;

	log_set_level(LOG_LEVEL_CRITICAL);
	forget_context(&f->client_context);
	f->client_context = context_of(f, "expired.pem", "ca.pem", true);
	log_set_level(LOG_LEVEL_WARNING);
	connect_both(f);
	assert_false(tls_peer_proves(f->server.stream, SLICE("example.com")));
}

static void only_tls_proves_anything(void **state)
{
	struct fixture *f = *state;
	struct stream *plain;

	assert_int_equal(tcp_connect(&plain, f->loop, NULL, tcp_listener_local(f->listener), CAP,
				 LONG_MS, &handlers, &f->client),
		0);
	assert_false(tls_peer_proves(plain, SLICE("127.0.0.1")));
	f->client.stream = plain;
}

/* ---- the files ---- */

static void changed_certificate_is_for_new_connections_only(void **state)
{
	struct fixture *f = *state;

	certificates_issue(&certificates, "live.pem", NULL, "DNS:example.com", 10);
	use_server_certificate(f, "live.pem");
	connect_both(f);
	certificates_issue(&certificates, "fresh.pem", NULL, "DNS:new.example.com", 10);
	assert_int_equal(rename(certificates_path(&certificates, "fresh.pem"),
				 certificates_path(&certificates, "live.pem")),
		0);
	tls_context_refresh(f->context);
	/* The old connection goes on with what it has. */
	assert_int_equal(stream_write(f->client.stream, SLICE("still here")), 0);
	turn_until(f->loop, &f->server.bytes, 10);
	assert_true(tls_peer_proves(f->client.stream, SLICE("example.com")));
	hang_up(&f->client);
	turn_until(f->loop, &f->server.closed, 1);
	hang_up(&f->server);
	f->client = f->server = (struct end){0};
	dial(f, "new.example.com");
	turn_until(f->loop, &f->client.connected, 1);
}

static void bad_contents_leave_the_old_certificate_in_use(void **state)
{
	static const char *const bad[] = {
		"", "rubbish", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"};
	struct fixture *f = *state;

	certificates_issue(&certificates, "live.pem", NULL, "DNS:example.com", 10);
	use_server_certificate(f, "live.pem");
	log_set_level(LOG_LEVEL_CRITICAL);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		certificates_write(&certificates, "live.pem", bad[i]);
		tls_context_refresh(f->context);
	}
	unlink(certificates_path(&certificates, "live.pem"));
	tls_context_refresh(f->context);
	log_set_level(LOG_LEVEL_WARNING);
	connect_both(f);
}

static void files_are_watched(void **state)
{
	struct tls_settings settings = {.watch_ms = 5};
	struct fixture *f = *state;
	char error[512];

	certificates_issue(&certificates, "live.pem", NULL, "DNS:example.com", 10);
	settings.certificate = certificates_path(&certificates, "live.pem");
	forget_context(&f->context);
	assert_int_equal(tls_context_new(&f->context, f->loop, &settings, error, sizeof error), 0);
	certificates_issue(&certificates, "live.pem", NULL, "DNS:watched.example.com", 10);
	log_set_level(LOG_LEVEL_CRITICAL);
	/* Until the timer has noticed, the name is refused. */
	for (int i = 0; i < 500 && f->client.connected == 0; i++) {
		hang_up(&f->client);
		f->client = (struct end){0};
		dial(f, "watched.example.com");
		while (f->client.connected + f->client.closed == 0)
			uv_run(loop_uv(f->loop), UV_RUN_ONCE);
		if (f->client.connected == 0)
			hang_up(&f->server);
	}
	log_set_level(LOG_LEVEL_WARNING);
	assert_int_equal(f->client.connected, 1);
}

static void what_is_wrong_with_a_file_is_said(void **state)
{
	struct tls_settings settings = {0};
	struct fixture *f = *state;
	struct tls_context *context;
	char error[512];

	settings.certificate = certificates_path(&certificates, "absent.pem");
	assert_int_equal(
		tls_context_new(&context, f->loop, &settings, error, sizeof error), -ENOENT);
	assert_non_null(strstr(error, "certificate /"));
	assert_non_null(strstr(error, "absent.pem: No such file"));
	/* A certificate without its key. */
	settings.certificate = certificates_path(&certificates, "ca.pem");
	assert_int_equal(
		tls_context_new(&context, f->loop, &settings, error, sizeof error), -EINVAL);
	settings.certificate = certificates_path(&certificates, "server.pem");
	settings.ca_file = certificates_path(&certificates, "absent.pem");
	assert_int_equal(
		tls_context_new(&context, f->loop, &settings, error, sizeof error), -ENOENT);
	assert_non_null(strstr(error, "ca_file /"));
	assert_null(context);
}

/* One connection, during which the i-th allocation of either half fails. */
static void connect_without_memory(struct fixture *f, long making, long talking)
{
	struct stream *lower;
	int err;

	f->client = f->server = (struct end){0};
	assert_int_equal(tcp_connect(&lower, f->loop, NULL, tcp_listener_local(f->listener), CAP,
				 LONG_MS, NULL, NULL),
		0);
	turn_until(f->loop, &f->accepted, f->accepted + 1);
	mem_fail_after(making);
	err = tls_connect(&f->client.stream, f->client_context, f->loop, lower, "example.com", CAP,
		LONG_MS, &handlers, &f->client);
	mem_fail_after(-1);
	if (err) {
		assert_int_equal(err, -ENOMEM);
		stream_close(lower);
		obj_unref(lower);
	} else {
		mem_fail_after(talking);
		stream_write(f->client.stream, SLICE("x"));
		for (int i = 0; i < 5; i++)
			turn(f->loop);
		mem_fail_after(-1);
	}
	hang_up(&f->client);
	turn_until(f->loop, &f->server.closed, 1);
	hang_up(&f->server);
}

static void lack_of_memory_never_does_harm(void **state)
{
	log_set_level(LOG_LEVEL_CRITICAL);
	for (long i = 0; i < 30; i++)
		connect_without_memory(*state, i < 3 ? i : -1, i);
	log_set_level(LOG_LEVEL_WARNING);
}

static void issue_all(void)
{
	certificates_init(&certificates);
	certificates_issue(&certificates, "server.pem", "cn.example.com",
		"DNS:example.com,DNS:www.example.com,IP:127.0.0.1", 10);
	certificates_issue(&certificates, "expired.pem", NULL, "DNS:example.com", 0);
	certificates_issue(&certificates, "cn.pem", "cn.example.com", NULL, 10);
	certificates_issue(&certificates, "wildcard.pem", NULL, "DNS:*.example.com", 10);
	certificates_issue(
		&certificates, "uri.pem", NULL, "DNS:dns.example.com,URI:sip:sip.example.com", 10);
	certificates_issue(&certificates, "user.pem", NULL,
		"DNS:dns.example.com,URI:sip:alice@user.example.com", 10);
	certificates_issue(&certificates, "sips.pem", NULL, "URI:sips:sips.example.com", 10);
	certificates_issue(&certificates, "nobody.pem", NULL, NULL, 10);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(both_ends_shake_hands_and_talk),
		TEST(writing_before_the_handshake_is_queued),
		TEST(much_goes_both_ways_at_once_and_in_order),
		TEST(full_queue_refuses_until_the_peer_reads),
		TEST(closing_still_sends_what_is_queued_and_says_goodbye),
		TEST(closing_amid_the_handshake_still_sends_what_was_written),
		TEST(handler_may_close_and_forget_its_stream),
		TEST(refused_connection_is_reported),
		TEST(garbage_ends_the_connection),
		TEST(half_a_handshake_is_not_waited_for_forever),
		TEST(handshake_may_come_byte_by_byte),
		TEST(end_without_close_notify_is_an_error),
		TEST(server_with_another_name_is_refused),
		TEST(expired_certificate_is_refused),
		TEST(unknown_authority_is_refused),
		TEST(without_verification_any_certificate_will_do),
		TEST(names_are_compared_as_the_rfc_has_it),
		TEST(clients_certificate_proves_its_domain_to_the_server),
		TEST(client_with_a_bad_certificate_proves_nothing_but_may_talk),
		TEST(only_tls_proves_anything),
		TEST(changed_certificate_is_for_new_connections_only),
		TEST(bad_contents_leave_the_old_certificate_in_use),
		TEST(files_are_watched),
		TEST(what_is_wrong_with_a_file_is_said),
		TEST(lack_of_memory_never_does_harm),
	};
	int failed;

	log_set_level(LOG_LEVEL_WARNING);
	issue_all();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	certificates_free(&certificates);
	return failed;
}
