/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SIP over TLS: whose connection may be used for what, and limits for those still shaking hands. */
#include <errno.h>
#include <unistd.h>

#include "certificates.h"
#include "core/log.h"
#include "core/mem.h"
#include "net/tls_context.h"
#include "transport_fixture.h"

enum { SOON_MS = 30 };

/* The transports of the fixture are the server; these call it. */
struct caller {
	struct sip_transports *transports;
	struct addr to; /* the server's TLS listener */
	size_t failed;
	int err;
	struct sip_flow_watch watch;
};

static struct certificates certificates;

static struct tls_context *context_of(struct fixture *f, const char *certificate, bool verify)
{
	struct tls_settings settings = {
		.certificate = certificates_path(&certificates, certificate),
		.ca_file = certificates_path(&certificates, "ca.pem"),
		.verify_server = verify,
	};
	struct tls_context *context;
	char error[512];

	if (tls_context_new(&context, f->loop, &settings, error, sizeof error) < 0)
		fail_msg("%s", error);
	/* No timer that outlives the loop. */
	tls_context_close(context);
	return context;
}

/* The fixture's transports with TLS; returns the listener's address. */
static struct addr listen_with_tls(struct fixture *f)
{
	struct addr local = loopback("127.0.0.1", 0);
	enum sip_transport transport;

	f->settings.tls = context_of(f, "server.pem", false);
	fixture_restart(f);
	f->settings.tls = obj_unref(f->settings.tls);
	assert_int_equal(sip_transports_listen(f->transports, SIP_TLS, &local), 0);
	assert_true(sip_transports_listener(f->transports, 2, &transport, &local));
	assert_int_equal(transport, SIP_TLS);
	return local;
}

static void ignore(struct sip_flow *flow, struct sip_msg *msg, void *arg)
{
}

static void caller_init(struct caller *c, struct fixture *f, const char *certificate, bool verify)
{
	static const struct sip_transports_handlers handlers = {.received = ignore};
	struct sip_transports_settings settings = {.tls = context_of(f, certificate, verify)};
	struct addr local = loopback("127.0.0.1", 0);

	*c = (struct caller){.to = listen_with_tls(f)};
	assert_int_equal(sip_transports_new(&c->transports, f->loop, &settings, &handlers, c), 0);
	obj_unref(settings.tls);
	assert_int_equal(sip_transports_listen(c->transports, SIP_TLS, &local), 0);
	assert_int_equal(sip_transports_listen(c->transports, SIP_TCP, &local), 0);
}

static void caller_close(struct caller *c)
{
	sip_flow_unwatch(&c->watch);
	sip_transports_close(c->transports);
	obj_unref(c->transports);
}

static void on_failed(int err, void *arg)
{
	struct caller *c = arg;

	c->failed++;
	c->err = err;
}

static struct sip_flow *flow_to(struct caller *c, enum sip_transport transport, const char *name)
{
	struct sip_flow *flow;

	assert_int_equal(sip_transports_flow(c->transports, transport, &c->to, name, &flow), 0);
	return flow;
}

static void send_request(struct sip_flow *flow, const char *call_id)
{
	const char *text = request_text("TLS", 5061, "", call_id, 0, "");

	assert_int_equal(sip_flow_send(flow, slice_str(text)), 0);
}

static void connections_become(struct fixture *f, unsigned n)
{
	for (int i = 0; i < TURNS_LIMIT_MS && sip_transports_connections(f->transports) != n; i++) {
		usleep(1000);
		turn(f->loop);
	}
	assert_int_equal(sip_transports_connections(f->transports), n);
}

/* ---- tests ---- */

static void request_comes_by_tls_and_so_does_what_goes_back(void **state)
{
	struct fixture *f = *state;
	struct sip_flow *flow, *back;
	struct caller c;

	caller_init(&c, f, "server.pem", true);
	flow = flow_to(&c, SIP_TLS, "example.com");
	send_request(flow, "a");
	fixture_received(f, 1);
	assert_int_equal(f->flow->transport, SIP_TLS);
	assert_true(sip_flow_reliable(f->flow));
	assert_true(addr_equal(&f->flow->local, &c.to));
	/* Requests to where it came from take the same connection. */
	assert_int_equal(
		sip_transports_flow(f->transports, SIP_TLS, &f->source, "anybody", &back), 0);
	assert_ptr_equal(back, f->flow);
	obj_unref(back);
	obj_unref(flow);
	caller_close(&c);
}

static void open_connection_is_used_for_the_names_it_has_proved_only(void **state)
{
	struct fixture *f = *state;
	struct sip_flow *first, *same, *proved, *other;
	struct caller c;

	caller_init(&c, f, "server.pem", true);
	first = flow_to(&c, SIP_TLS, "example.com");
	same = flow_to(&c, SIP_TLS, "Example.COM");
	assert_ptr_equal(first, same);
	send_request(first, "a");
	fixture_received(f, 1);
	proved = flow_to(&c, SIP_TLS, "www.example.com");
	assert_ptr_equal(first, proved);
	log_set_level(LOG_LEVEL_CRITICAL);
	other = flow_to(&c, SIP_TLS, "example.org");
	assert_ptr_not_equal(first, other);
	c.watch = (struct sip_flow_watch){.failed = on_failed, .arg = &c};
	sip_flow_watch(other, &c.watch);
	turn_until(f->loop, &c.failed, 1);
	log_set_level(LOG_LEVEL_WARNING);
	assert_int_equal(c.err, -EPROTO);
	assert_false(first->closed);
	obj_unref(first);
	obj_unref(same);
	obj_unref(proved);
	obj_unref(other);
	caller_close(&c);
}

static void address_must_be_proved_where_no_name_is_known(void **state)
{
	struct fixture *f = *state;
	struct sip_flow *flow;
	struct caller c;

	caller_init(&c, f, "server.pem", true);
	flow = flow_to(&c, SIP_TLS, NULL);
	/* The certificate names 127.0.0.1. */
	send_request(flow, "a");
	fixture_received(f, 1);
	obj_unref(flow);
	caller_close(&c);
}

static void tls_is_not_mistaken_for_tcp(void **state)
{
	struct fixture *f = *state;
	struct sip_flow *tls, *tcp;
	struct caller c;

	caller_init(&c, f, "server.pem", false);
	tls = flow_to(&c, SIP_TLS, NULL);
	tcp = flow_to(&c, SIP_TCP, NULL);
	assert_ptr_not_equal(tls, tcp);
	assert_false(sip_flow_proves(tcp, SLICE("127.0.0.1")));
	obj_unref(tls);
	obj_unref(tcp);
	caller_close(&c);
}

/* RFC 5922 7.4. */
static void certificate_of_a_client_proves_its_domain(void **state)
{
	struct fixture *f = *state;
	struct sip_flow *flow;
	struct caller c;

	caller_init(&c, f, "client.pem", true);
	flow = flow_to(&c, SIP_TLS, "example.com");
	send_request(flow, "a");
	fixture_received(f, 1);
	assert_true(sip_flow_proves(f->flow, SLICE("client.example.com")));
	assert_false(sip_flow_proves(f->flow, SLICE("example.com")));
	assert_true(sip_flow_proves(flow, SLICE("example.com")));
	obj_unref(flow);
	caller_close(&c);
	fixture_watch(f, f->flow);
	turn_until(f->loop, &f->failed, 1);
	assert_false(sip_flow_proves(f->flow, SLICE("client.example.com")));
}

static void unfinished_handshakes_are_capped_per_source(void **state)
{
	struct fixture *f = *state;
	struct sip_flow *flow;
	struct caller c;
	int fd[3];

	f->settings.max_handshakes_per_source = 2;
	caller_init(&c, f, "server.pem", false);
	for (int i = 0; i < 3; i++)
		fd[i] = peer_connect(&c.to);
	peer_expect_end(f, fd[2]);
	assert_int_equal(sip_transports_connections(f->transports), 2);
	assert_int_equal(sip_transports_counters(f->transports)->refused, 1);
	/* One that gives up makes room; one that is done counts no more. */
	close(fd[0]);
	connections_become(f, 1);
	flow = flow_to(&c, SIP_TLS, NULL);
	send_request(flow, "a");
	fixture_received(f, 1);
	fd[0] = peer_connect(&c.to);
	connections_become(f, 3);
	assert_int_equal(sip_transports_counters(f->transports)->refused, 1);
	obj_unref(flow);
	caller_close(&c);
	for (int i = 0; i < 3; i++)
		close(fd[i]);
}

static void unfinished_handshakes_are_capped_in_all(void **state)
{
	struct fixture *f = *state;
	struct addr to;
	int fd[2];

	f->settings.max_handshakes = 1;
	to = listen_with_tls(f);
	fd[0] = peer_connect(&to);
	fd[1] = peer_connect(&to);
	peer_expect_end(f, fd[1]);
	assert_int_equal(sip_transports_connections(f->transports), 1);
	close(fd[0]);
	close(fd[1]);
}

static void handshake_has_a_time_limit(void **state)
{
	struct fixture *f = *state;
	struct addr to;
	int fd;

	f->settings.handshake_ms = SOON_MS;
	to = listen_with_tls(f);
	fd = peer_connect(&to);
	peer_expect_end(f, fd);
	assert_int_equal(sip_transports_connections(f->transports), 0);
	close(fd);
}

static void plain_sip_on_the_tls_port_is_no_message(void **state)
{
	struct fixture *f = *state;
	struct addr to = listen_with_tls(f);
	int fd = peer_connect(&to);

	peer_write(fd, tcp_request("a"));
	connections_become(f, 1);
	connections_become(f, 0);
	assert_int_equal(f->received + f->malformed, 0);
	close(fd);
}

static void without_a_context_there_is_no_tls(void **state)
{
	struct addr local = loopback("127.0.0.1", 0);
	struct fixture *f = *state;
	struct sip_flow *flow;

	assert_int_equal(sip_transports_listen(f->transports, SIP_TLS, &local), -EPROTONOSUPPORT);
	assert_int_equal(
		sip_transports_flow(f->transports, SIP_TLS, &f->tcp, NULL, &flow), -EAFNOSUPPORT);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(request_comes_by_tls_and_so_does_what_goes_back),
		TEST(open_connection_is_used_for_the_names_it_has_proved_only),
		TEST(address_must_be_proved_where_no_name_is_known),
		TEST(tls_is_not_mistaken_for_tcp),
		TEST(certificate_of_a_client_proves_its_domain),
		TEST(unfinished_handshakes_are_capped_per_source),
		TEST(unfinished_handshakes_are_capped_in_all),
		TEST(handshake_has_a_time_limit),
		TEST(plain_sip_on_the_tls_port_is_no_message),
		TEST(without_a_context_there_is_no_tls),
	};
	int failed;

	certificates_init(&certificates);
	certificates_issue(&certificates, "server.pem", NULL,
		"DNS:example.com,DNS:www.example.com,IP:127.0.0.1", 10);
	certificates_issue(&certificates, "client.pem", NULL, "DNS:client.example.com", 10);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	certificates_free(&certificates);
	return failed;
}
