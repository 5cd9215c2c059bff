/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SIP transports: datagrams, where responses go, and closing (RFC 3261 18, RFC 3581). */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/mem.h"
#include "transport_fixture.h"

/* ---- datagrams ---- */

static void datagram_is_one_message_with_source_and_flow(void **state)
{
	struct fixture *f = *state;
	struct addr peer;
	int fd = peer_udp(&peer);

	peer_send_to(fd, &f->udp, request_text("UDP", 5060, ";rport", "one", 4, "body"));
	fixture_received(f, 1);
	assert_string_equal(f->call_ids, "one ");
	assert_int_equal(f->body, 4);
	assert_true(addr_equal(&f->source, &peer));
	assert_int_equal(f->flow->transport, SIP_UDP);
	assert_false(sip_flow_reliable(f->flow));
	assert_true(addr_equal(&f->flow->remote, &peer));
	assert_true(addr_equal(&f->flow->local, &f->udp));
	assert_int_equal(sip_flow_send(f->flow, SLICE("back")), 0);
	peer_expect(f, fd, "back");
	assert_int_equal(f->traced, 2);
	assert_int_equal(sip_transports_counters(f->transports)->sent, 1);
	close(fd);
}

/* RFC 3261 18.3. */
static void bytes_behind_content_length_are_discarded(void **state)
{
	struct fixture *f = *state;
	struct addr peer;
	int fd = peer_udp(&peer);

	peer_send_to(fd, &f->udp, request_text("UDP", 5060, "", "a", 4, "bodyOPTIONS sip:x"));
	fixture_received(f, 1);
	assert_int_equal(f->body, 4);
	close(fd);
}

static void body_without_content_length_reaches_to_the_end(void **state)
{
	struct fixture *f = *state;
	struct addr peer;
	int fd = peer_udp(&peer);

	peer_send_to(fd, &f->udp, request_text("UDP", 5060, "", "a", -1, "body of 18 letters"));
	fixture_received(f, 1);
	assert_int_equal(f->body, 18);
	close(fd);
}

static void datagram_shorter_than_its_content_length_is_to_be_answered_with_400(void **state)
{
	struct fixture *f = *state;
	struct addr peer;
	int fd = peer_udp(&peer);

	peer_send_to(fd, &f->udp, request_text("UDP", 5060, "", "a", 5, "body"));
	turn_until(f->loop, &f->malformed, 1);
	assert_int_equal(f->error_status, 400);
	assert_int_equal(f->received, 0);
	close(fd);
}

static void what_cannot_be_answered_is_dropped_and_counted(void **state)
{
	struct fixture *f = *state;
	static const char *const bad[] = {
		"garbage",
		"OPTIONS sip:x SIP/2.0\r\n\r\n",
		/* A response that is not well-formed is never answered. */
		"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bK1\r\n"
		"From: <sip:a@b>;tag=1\r\nTo: <sip:c@d>;tag=2\r\nCall-ID: x\r\nCSeq: 1 OPTIONS\r\n"
		"Content-Length: 99\r\n\r\n",
	};
	size_t n = sizeof bad / sizeof *bad;
	struct addr peer;
	int fd = peer_udp(&peer);

	for (size_t i = 0; i < n; i++)
		peer_send_to(fd, &f->udp, bad[i]);
	peer_send_to(fd, &f->udp, request_text("UDP", 5060, "", "good", 0, ""));
	fixture_received(f, 1);
	assert_string_equal(f->call_ids, "good ");
	assert_int_equal(f->malformed, 0);
	assert_int_equal(sip_transports_counters(f->transports)->malformed, n);
	close(fd);
}

static void keep_alive_datagrams_are_no_messages(void **state)
{
	struct fixture *f = *state;
	struct addr peer;
	int fd = peer_udp(&peer);

	peer_send_to(fd, &f->udp, "\r\n\r\n");
	peer_send_to(fd, &f->udp, "\r\n");
	peer_send_to(fd, &f->udp, request_text("UDP", 5060, "", "good", 0, ""));
	fixture_received(f, 1);
	assert_int_equal(sip_transports_counters(f->transports)->malformed, 0);
	assert_int_equal(f->traced, 1);
	close(fd);
}

static void message_above_the_limit_is_dropped(void **state)
{
	struct fixture *f = *state;
	struct addr peer;
	char body[1500];
	int fd = peer_udp(&peer);

	f->settings.max_message = 1024;
	fixture_restart(f);
	memset(body, 'b', sizeof body - 1);
	body[sizeof body - 1] = '\0';
	peer_send_to(fd, &f->udp, request_text("UDP", 5060, "", "big", -1, body));
	peer_send_to(fd, &f->udp, request_text("UDP", 5060, "", "small", -1, ""));
	fixture_received(f, 1);
	assert_string_equal(f->call_ids, "small ");
	close(fd);
}

static void messages_of_one_peer_share_a_flow(void **state)
{
	struct fixture *f = *state;
	struct sip_flow *first, *ours;
	struct addr peer;
	int fd = peer_udp(&peer);

	peer_send_to(fd, &f->udp, request_text("UDP", 5060, "", "a", 0, ""));
	fixture_received(f, 1);
	first = obj_ref(f->flow);
	peer_send_to(fd, &f->udp, request_text("UDP", 5060, "", "b", 0, ""));
	fixture_received(f, 2);
	assert_ptr_equal(f->flow, first);
	assert_int_equal(sip_transports_flow(f->transports, SIP_UDP, &peer, NULL, &ours), 0);
	assert_ptr_equal(ours, first);
	obj_unref(ours);
	obj_unref(first);
	close(fd);
}

static void wildcard_listener_answers_from_the_address_asked(void **state)
{
	struct fixture *f = *state;
	struct addr any = loopback("0.0.0.0", 0), bound, to, peer;
	enum sip_transport transport;
	struct addr from;
	union addr_storage name;
	socklen_t len = sizeof name;
	char got[8];
	int fd = peer_udp(&peer);

	assert_int_equal(sip_transports_listen(f->transports, SIP_UDP, &any), 0);
	assert_true(sip_transports_listener(f->transports, 2, &transport, &bound));
	to = loopback("127.0.0.7", addr_port(&bound));
	f->answer = true;
	peer_send_to(fd, &to, request_text("UDP", 5060, ";rport", "a", 0, ""));
	fixture_received(f, 1);
	assert_true(addr_equal(&f->flow->local, &to));
	turn(f->loop);
	assert_int_equal(recvfrom(fd, got, sizeof got, 0, &name.sa, &len), 2);
	addr_from_sockaddr(&name.sa, &from);
	assert_true(addr_equal(&from, &to));
	close(fd);
}

/* ---- where responses go ---- */

static void response_with_rport_goes_to_the_source_port(void **state)
{
	struct fixture *f = *state;
	struct addr source, sent_by;
	int fd = peer_udp(&source), other = peer_udp(&sent_by);

	f->answer = true;
	peer_send_to(fd, &f->udp, request_text("UDP", addr_port(&sent_by), ";rport", "a", 0, ""));
	fixture_received(f, 1);
	assert_int_equal(f->answered, 0);
	peer_expect(f, fd, "OK");
	close(fd);
	close(other);
}

static void response_without_rport_goes_to_the_port_of_sent_by(void **state)
{
	struct fixture *f = *state;
	struct addr source, sent_by;
	int fd = peer_udp(&source), other = peer_udp(&sent_by);

	f->answer = true;
	peer_send_to(fd, &f->udp, request_text("UDP", addr_port(&sent_by), "", "a", 0, ""));
	fixture_received(f, 1);
	assert_int_equal(f->answered, 0);
	peer_expect(f, other, "OK");
	close(fd);
	close(other);
}

/* Transport, Via as received, source, and where the response must go. */
static const struct {
	enum sip_transport transport;
	const char *via;
	const char *to;
} response_cases[] = {
	{SIP_UDP, "SIP/2.0/UDP 192.0.2.9:5070;branch=z9hG4bK1", "198.51.100.4:5070"},
	{SIP_UDP, "SIP/2.0/UDP pc.example.com;branch=z9hG4bK1", "198.51.100.4:5060"},
	{SIP_UDP, "SIP/2.0/UDP 192.0.2.9:5070;rport;branch=z9hG4bK1", "198.51.100.4:40000"},
	/* A value the client made up does not count; what we saw does. */
	{SIP_UDP, "SIP/2.0/UDP 192.0.2.9;received=192.0.2.1;rport=9;branch=z9hG4bK1",
		"198.51.100.4:40000"},
	{SIP_UDP, "SIP/2.0/UDP 192.0.2.9:5070;maddr=224.0.1.75;branch=z9hG4bK1", "224.0.1.75:5070"},
	{SIP_UDP, "SIP/2.0/UDP 192.0.2.9;maddr=224.0.1.75;branch=z9hG4bK1", "224.0.1.75:5060"},
	/* Nobody may aim our responses at a third party. */
	{SIP_UDP, "SIP/2.0/UDP 192.0.2.9;maddr=203.0.113.5;branch=z9hG4bK1", "198.51.100.4:5060"},
	{SIP_UDP, "SIP/2.0/UDP 192.0.2.9;maddr=example.com;branch=z9hG4bK1", "198.51.100.4:5060"},
	{SIP_TCP, "SIP/2.0/TCP 192.0.2.9:5070;branch=z9hG4bK1", "198.51.100.4:5070"},
	{SIP_TCP, "SIP/2.0/TCP 192.0.2.9;rport;branch=z9hG4bK1", "198.51.100.4:5060"},
	{SIP_TLS, "SIP/2.0/TLS 192.0.2.9;branch=z9hG4bK1", "198.51.100.4:5061"},
};

/* RFC 3261 18.2.2, RFC 3581 section 4. */
static void response_address_follows_the_top_via(void **state)
{
	for (size_t i = 0; i < sizeof response_cases / sizeof *response_cases; i++) {
		struct addr source = loopback("198.51.100.4", 40000), to;
		char text[ADDR_TEXT];
		struct sip_via via;

		assert_int_equal(sip_via_parse(slice_str(response_cases[i].via), &via), 0);
		sip_response_address(&via, response_cases[i].transport, &source, &to);
		assert_string_equal(addr_print(&to, text), response_cases[i].to);
	}
}

/* ---- listeners and routes ---- */

static void listener_is_chosen_by_the_way_to_the_peer(void **state)
{
	struct fixture *f = *state;
	struct addr six = loopback("::1", 0), bound, remote = loopback("::1", 5090);
	struct addr any = loopback("0.0.0.0", 0);
	enum sip_transport transport;
	struct sip_flow *flow;

	assert_int_equal(
		sip_transports_flow(f->transports, SIP_UDP, &remote, NULL, &flow), -EAFNOSUPPORT);
	assert_null(flow);
	assert_int_equal(sip_transports_listen(f->transports, SIP_UDP, &six), 0);
	assert_true(sip_transports_listener(f->transports, 2, &transport, &bound));
	assert_int_equal(sip_transports_flow(f->transports, SIP_UDP, &remote, NULL, &flow), 0);
	assert_true(addr_equal(&flow->local, &bound));
	obj_unref(flow);
	/* The listener on the very address comes before one on all addresses. */
	assert_int_equal(sip_transports_listen(f->transports, SIP_UDP, &any), 0);
	remote = loopback("127.0.0.1", 5090);
	assert_int_equal(sip_transports_flow(f->transports, SIP_UDP, &remote, NULL, &flow), 0);
	assert_true(addr_equal(&flow->local, &f->udp));
	obj_unref(flow);
}

static void flow_from_a_wildcard_listener_names_a_real_address(void **state)
{
	struct fixture *f = *state;
	struct addr any = loopback("0.0.0.0", 0), remote = loopback("127.0.0.1", 5090);
	struct sip_transports *transports;
	struct sip_transports_handlers none = {.received = NULL};
	struct sip_flow *flow;

	assert_int_equal(sip_transports_new(&transports, f->loop, NULL, &none, NULL), 0);
	assert_int_equal(sip_transports_listen(transports, SIP_UDP, &any), 0);
	assert_int_equal(sip_transports_flow(transports, SIP_UDP, &remote, NULL, &flow), 0);
	assert_true(addr_is_loopback(&flow->local));
	assert_int_not_equal(addr_port(&flow->local), 0);
	obj_unref(flow);
	obj_unref(transports);
}

static void listening_fails_cleanly(void **state)
{
	struct fixture *f = *state;
	enum sip_transport transport;
	struct addr a;

	assert_int_equal(sip_transports_listen(f->transports, SIP_UDP, &f->udp), -EADDRINUSE);
	assert_int_equal(sip_transports_listen(f->transports, SIP_TCP, &f->tcp), -EADDRINUSE);
	assert_int_equal(sip_transports_listen(f->transports, SIP_TLS, &f->tcp), -EPROTONOSUPPORT);
	assert_false(sip_transports_listener(f->transports, 2, &transport, &a));
}

/* ---- closing ---- */

static void handler_may_close_the_transports(void **state)
{
	struct fixture *f = *state;
	struct addr peer;
	int fd = peer_udp(&peer);

	f->close_after = true;
	for (int i = 0; i < 3; i++)
		peer_send_to(fd, &f->udp, request_text("UDP", 5060, "", "a", 0, ""));
	fixture_received(f, 1);
	turn(f->loop);
	assert_int_equal(f->received, 1);
	close(fd);
}

static void flows_outlive_closed_transports(void **state)
{
	struct fixture *f = *state;
	struct sip_flow *flow, *other;
	struct addr peer;
	int fd = peer_udp(&peer);

	peer_send_to(fd, &f->udp, request_text("UDP", 5060, "", "a", 0, ""));
	fixture_received(f, 1);
	flow = obj_ref(f->flow);
	sip_transports_close(f->transports);
	f->transports = obj_unref(f->transports);
	assert_int_equal(sip_flow_send(flow, SLICE("x")), -ENOTCONN);
	assert_int_equal(sip_flow_towards(flow, &peer, &other), -ENOTCONN);
	assert_null(other);
	obj_unref(flow);
	close(fd);
}

static void closed_transports_refuse_everything(void **state)
{
	struct fixture *f = *state;
	struct addr local = loopback("127.0.0.1", 0);
	struct sip_flow *flow;

	sip_transports_close(f->transports);
	sip_transports_close(f->transports);
	assert_int_equal(sip_transports_listen(f->transports, SIP_UDP, &local), -ENOTCONN);
	assert_int_equal(
		sip_transports_flow(f->transports, SIP_UDP, &f->udp, NULL, &flow), -ENOTCONN);
}

static void lack_of_memory_drops_a_datagram_and_nothing_else(void **state)
{
	struct fixture *f = *state;
	struct addr peer;
	int fd = peer_udp(&peer);

	mem_fail_after(0);
	peer_send_to(fd, &f->udp, request_text("UDP", 5060, "", "lost", 0, ""));
	peer_send_to(fd, &f->udp, request_text("UDP", 5060, "", "kept", 0, ""));
	fixture_received(f, 1);
	assert_string_equal(f->call_ids, "kept ");
	close(fd);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(datagram_is_one_message_with_source_and_flow),
		TEST(bytes_behind_content_length_are_discarded),
		TEST(body_without_content_length_reaches_to_the_end),
		TEST(datagram_shorter_than_its_content_length_is_to_be_answered_with_400),
		TEST(what_cannot_be_answered_is_dropped_and_counted),
		TEST(keep_alive_datagrams_are_no_messages),
		TEST(message_above_the_limit_is_dropped),
		TEST(messages_of_one_peer_share_a_flow),
		TEST(wildcard_listener_answers_from_the_address_asked),
		TEST(response_with_rport_goes_to_the_source_port),
		TEST(response_without_rport_goes_to_the_port_of_sent_by),
		cmocka_unit_test(response_address_follows_the_top_via),
		TEST(listener_is_chosen_by_the_way_to_the_peer),
		TEST(flow_from_a_wildcard_listener_names_a_real_address),
		TEST(listening_fails_cleanly),
		TEST(handler_may_close_the_transports),
		TEST(flows_outlive_closed_transports),
		TEST(closed_transports_refuse_everything),
		TEST(lack_of_memory_drops_a_datagram_and_nothing_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
