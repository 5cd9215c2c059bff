/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SIP over connections: framing, keep-alive, limits, reuse, and connections that break. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/mem.h"
#include "transport_fixture.h"

enum { SOON_MS = 30, UNHURRIED_MS = 700 /* what must not run out before the test is done */ };

static const size_t *timed_out(const struct fixture *f)
{
	return (const size_t *)&sip_transports_counters(f->transports)->timed_out;
}

static void connections_become(struct fixture *f, unsigned n)
{
	bool expired = false;
	struct timer guard;

	timer_init(&guard, turns_expired, &expired);
	timer_start_ms(&guard, loop_timers(f->loop), TURNS_LIMIT_MS);
	while (sip_transports_connections(f->transports) != n && !expired)
		uv_run(loop_uv(f->loop), UV_RUN_ONCE);
	timer_stop(&guard);
	assert_int_equal(sip_transports_connections(f->transports), n);
}

/* ---- framing ---- */

static void message_may_come_byte_by_byte(void **state)
{
	struct fixture *f = *state;
	const char *text = request_text("TCP", 5060, "", "slow", 4, "body");
	int fd = peer_connect(&f->tcp);

	for (const char *p = text; *p; p++) {
		assert_int_equal(f->received, 0);
		peer_send(fd, p, 1);
		turn(f->loop);
		turn(f->loop);
	}
	fixture_received(f, 1);
	assert_string_equal(f->call_ids, "slow ");
	assert_int_equal(f->body, 4);
	assert_true(sip_flow_reliable(f->flow));
	assert_true(addr_equal(&f->flow->local, &f->tcp));
	assert_true(addr_equal(&f->flow->remote, &f->source));
	close(fd);
}

static void several_messages_may_come_in_one_segment(void **state)
{
	struct fixture *f = *state;
	int fd = peer_connect(&f->tcp);
	char text[4096];
	size_t n = 0, cut;

	n += (size_t)sprintf(text + n, "%s", request_text("TCP", 5060, "", "a", 4, "body"));
	n += (size_t)sprintf(text + n, "\r\n%s", tcp_request("b"));
	cut = n + 60;
	n += (size_t)sprintf(text + n, "%s", request_text("TCP", 5060, "", "c", 2, "xy"));
	peer_send(fd, text, cut);
	fixture_received(f, 2);
	assert_string_equal(f->call_ids, "a b ");
	peer_send(fd, text + cut, n - cut);
	fixture_received(f, 3);
	assert_string_equal(f->call_ids, "a b c ");
	assert_int_equal(f->body, 2);
	close(fd);
}

/* RFC 5626 3.5.1; a single CRLF is a pong, or a blank line before a message (RFC 3261 7.5). */
static void double_crlf_is_answered_with_a_single_one(void **state)
{
	struct fixture *f = *state;
	int fd = peer_connect(&f->tcp);

	peer_write(fd, "\r\n\r\n");
	peer_expect(f, fd, "\r\n");
	peer_write(fd, "\r");
	turn(f->loop);
	peer_write(fd, "\n\r");
	turn(f->loop);
	peer_write(fd, "\n");
	peer_expect(f, fd, "\r\n");
	peer_write(fd, "\r\n");
	peer_write(fd, tcp_request("a"));
	f->answer = true;
	fixture_received(f, 1);
	/* No pong stands before the answer. */
	peer_expect(f, fd, "OK");
	assert_int_equal(sip_transports_counters(f->transports)->malformed, 0);
	close(fd);
}

static void flood_of_pings_is_not_multiplied(void **state)
{
	struct fixture *f = *state;
	int fd = peer_connect(&f->tcp);
	char crlfs[4000], got[4000];

	for (size_t i = 0; i < sizeof crlfs; i += 2)
		memcpy(crlfs + i, "\r\n", 2);
	peer_send(fd, crlfs, sizeof crlfs);
	assert_in_range(peer_read(f, fd, got, sizeof got), 2, 64);
	close(fd);
}

static void garbage_closes_the_connection(void **state)
{
	struct fixture *f = *state;
	static const char *const bad[] = {
		"\x16\x03\x01\x02\x00\x01", "GET / HTTP/1.1\r\nHost: x\r\n\r\n", "\r\n \r\n\r\n"};

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		int fd = peer_connect(&f->tcp);

		peer_write(fd, bad[i]);
		peer_expect_end(f, fd);
		close(fd);
	}
	assert_int_equal(f->received + f->malformed, 0);
	assert_int_equal(sip_transports_counters(f->transports)->malformed, 3);
	assert_int_equal(sip_transports_connections(f->transports), 0);
}

/* RFC 3261 18.3: without Content-Length nobody knows where the message ends. */
static void request_without_content_length_is_answered_and_the_connection_closed(void **state)
{
	struct fixture *f = *state;
	int fd = peer_connect(&f->tcp);

	f->answer = true;
	peer_write(fd, request_text("TCP", 5060, "", "a", -1, "body"));
	peer_expect(f, fd, "OK");
	peer_expect_end(f, fd);
	assert_int_equal(f->malformed, 1);
	assert_int_equal(f->error_status, 400);
	close(fd);
}

static void malformed_request_of_known_length_leaves_the_connection_open(void **state)
{
	struct fixture *f = *state;
	int fd = peer_connect(&f->tcp);
	char text[2048];

	/* A second Call-ID. */
	snprintf(text, sizeof text, "%s",
		request_text("TCP", 5060, "", "a\r\nCall-ID: b", 4, "body"));
	peer_write(fd, text);
	turn_until(f->loop, &f->malformed, 1);
	peer_write(fd, tcp_request("good"));
	fixture_received(f, 1);
	assert_string_equal(f->call_ids + strlen(f->call_ids) - 5, "good ");
	close(fd);
}

static void message_above_the_limit_closes_the_connection(void **state)
{
	struct fixture *f = *state;
	char line[3000];
	int fd;

	f->settings.max_message = 2048;
	fixture_restart(f);
	f->answer = true;
	fd = peer_connect(&f->tcp);
	peer_write(fd, request_text("TCP", 5060, "", "big", 5000, ""));
	peer_expect(f, fd, "OK");
	peer_expect_end(f, fd);
	assert_int_equal(f->error_status, 513);
	close(fd);
	/* A header section without end. */
	memset(line, 'x', sizeof line);
	fd = peer_connect(&f->tcp);
	peer_send(fd, line, sizeof line);
	peer_expect_end(f, fd);
	close(fd);
	assert_int_equal(sip_transports_connections(f->transports), 0);
}

static void largest_message_passes(void **state)
{
	struct fixture *f = *state;
	static char body[262144];
	size_t head, n;
	int fd = peer_connect(&f->tcp);
	char text[1024];

	/* 6 digits of length either way. */
	head = strlen(request_text("TCP", 5060, "", "big", 100000, ""));
	n = SIP_MAX_MESSAGE - head;
	snprintf(text, sizeof text, "%s", request_text("TCP", 5060, "", "big", (long)n, ""));
	peer_write(fd, text);
	for (size_t sent = 0; sent < n;) {
		size_t piece = n - sent < 16384 ? n - sent : 16384;

		peer_send(fd, body + sent, piece);
		sent += piece;
		turn(f->loop);
	}
	fixture_received(f, 1);
	assert_int_equal(f->body, n);
	close(fd);
}

/* ---- time limits ---- */

static void partial_message_is_not_waited_for_forever(void **state)
{
	struct fixture *f = *state;
	const char *text;
	size_t i = 0;
	int fd;

	f->settings.partial_ms = SOON_MS;
	fixture_restart(f);
	fd = peer_connect(&f->tcp);
	text = tcp_request("drip");
	/* It drips on and on, which does not prolong the limit. */
	while (*timed_out(f) == 0 && i < strlen(text) - 1) {
		if (send(fd, text + i++, 1, MSG_NOSIGNAL) < 0)
			break;
		for (int k = 0; k < 3 && *timed_out(f) == 0; k++) {
			usleep(1000);
			turn(f->loop);
		}
	}
	assert_int_equal(*timed_out(f), 1);
	assert_int_equal(f->received, 0);
	peer_expect_end(f, fd);
	close(fd);
}

static void complete_messages_are_under_no_time_limit(void **state)
{
	struct fixture *f = *state;
	const char *text;
	int quiet, dripping;

	f->settings.partial_ms = UNHURRIED_MS;
	fixture_restart(f);
	quiet = peer_connect(&f->tcp);
	text = tcp_request("a");
	peer_send(quiet, text, 9);
	connections_become(f, 1);
	turn(f->loop);
	peer_write(quiet, text + 9);
	fixture_received(f, 1);
	dripping = peer_connect(&f->tcp);
	peer_write(dripping, "OPTIONS");
	turn_until(f->loop, timed_out(f), 1);
	/* The other's limit has passed; this one lives. */
	peer_write(quiet, tcp_request("b"));
	fixture_received(f, 2);
	assert_int_equal(sip_transports_connections(f->transports), 1);
	close(quiet);
	close(dripping);
}

static void idle_connection_is_closed(void **state)
{
	struct fixture *f = *state;
	int fd;

	f->settings.idle_ms = SOON_MS;
	fixture_restart(f);
	fd = peer_connect(&f->tcp);
	peer_write(fd, tcp_request("a"));
	fixture_received(f, 1);
	fixture_watch(f, f->flow);
	turn_until(f->loop, &f->failed, 1);
	assert_int_equal(f->failed_err, -ETIMEDOUT);
	peer_expect_end(f, fd);
	close(fd);
}

/* Write until the connection's queue is full. */
static size_t flood(struct sip_flow *flow)
{
	static char message[16384];
	size_t n = 0;
	int err;

	while ((err = sip_flow_send(flow, slice_of(message, sizeof message))) == 0)
		n += sizeof message;
	assert_int_equal(err, -EAGAIN);
	return n;
}

static void peer_that_does_not_read_is_cut_off(void **state)
{
	struct fixture *f = *state;
	int fd;

	f->settings.partial_ms = SOON_MS;
	f->settings.write_cap = 65536;
	fixture_restart(f);
	fd = peer_connect(&f->tcp);
	peer_write(fd, tcp_request("a"));
	fixture_received(f, 1);
	fixture_watch(f, f->flow);
	flood(f->flow);
	/* It may not ask for more meanwhile. */
	peer_write(fd, tcp_request("b"));
	turn_until(f->loop, &f->failed, 1);
	assert_int_equal(f->failed_err, -ETIMEDOUT);
	assert_int_equal(f->received, 1);
	close(fd);
}

static void peer_that_reads_again_is_heard_again(void **state)
{
	struct fixture *f = *state;
	static char got[65536];
	size_t n, sent;
	int fd, dripping;

	f->settings.write_cap = 65536;
	f->settings.partial_ms = UNHURRIED_MS;
	fixture_restart(f);
	fd = peer_connect(&f->tcp);
	peer_write(fd, tcp_request("a"));
	fixture_received(f, 1);
	sent = flood(f->flow);
	peer_write(fd, tcp_request("b"));
	for (n = 0; n < sent;)
		n += peer_read(f, fd, got, sizeof got);
	fixture_received(f, 2);
	/* Once the limit for a stalled write has passed, another connection shows, it lives on. */
	dripping = peer_connect(&f->tcp);
	peer_write(dripping, "OPTIONS");
	turn_until(f->loop, timed_out(f), 1);
	peer_write(fd, tcp_request("c"));
	fixture_received(f, 3);
	close(dripping);
	close(fd);
}

/* ---- caps ---- */

static void connections_are_capped_per_source(void **state)
{
	struct fixture *f = *state;
	int fd[4];

	f->settings.max_per_source = 3;
	fixture_restart(f);
	for (int i = 0; i < 4; i++)
		fd[i] = peer_connect(&f->tcp);
	peer_expect_end(f, fd[3]);
	assert_int_equal(sip_transports_connections(f->transports), 3);
	assert_int_equal(sip_transports_counters(f->transports)->refused, 1);
	/* One that goes makes room. */
	close(fd[0]);
	connections_become(f, 2);
	fd[0] = peer_connect(&f->tcp);
	peer_write(fd[0], tcp_request("a"));
	fixture_received(f, 1);
	for (int i = 0; i < 4; i++)
		close(fd[i]);
}

static void connections_are_capped_in_all(void **state)
{
	struct fixture *f = *state;
	int fd[3];

	f->settings.max_connections = 2;
	fixture_restart(f);
	for (int i = 0; i < 3; i++)
		fd[i] = peer_connect(&f->tcp);
	/* None of them has been idle for long, so none is given up for the newcomer. */
	peer_expect_end(f, fd[2]);
	assert_int_equal(sip_transports_connections(f->transports), 2);
	assert_int_equal(sip_transports_counters(f->transports)->refused, 1);
	for (int i = 0; i < 3; i++)
		close(fd[i]);
}

static void idle_connection_gives_way_when_all_are_taken(void **state)
{
	struct fixture *f = *state;
	int used, idle, newcomer;

	f->settings.max_connections = 2;
	f->settings.partial_ms = 1;
	fixture_restart(f);
	used = peer_connect(&f->tcp);
	peer_write(used, tcp_request("a"));
	fixture_received(f, 1);
	fixture_watch(f, f->flow);
	idle = peer_connect(&f->tcp);
	connections_become(f, 2);
	usleep(2000);
	newcomer = peer_connect(&f->tcp);
	peer_write(newcomer, tcp_request("b"));
	fixture_received(f, 2);
	/* The one that somebody waits for stays, though it has been idle for longer. */
	assert_int_equal(f->failed, 0);
	peer_expect_end(f, idle);
	assert_int_equal(sip_transports_connections(f->transports), 2);
	close(used);
	close(idle);
	close(newcomer);
}

static void connections_we_open_are_capped_too(void **state)
{
	struct fixture *f = *state;
	struct sip_flow *first, *second;
	struct addr to, other;
	int fd = peer_listen(&to), fd2 = peer_listen(&other);

	f->settings.max_connections = 1;
	fixture_restart(f);
	assert_int_equal(sip_transports_flow(f->transports, SIP_TCP, &to, NULL, &first), 0);
	assert_int_equal(
		sip_transports_flow(f->transports, SIP_TCP, &other, NULL, &second), -EMFILE);
	assert_null(second);
	obj_unref(first);
	close(fd);
	close(fd2);
}

/* ---- our own connections, reuse, breaking ---- */

static void open_connection_is_used_again(void **state)
{
	struct fixture *f = *state;
	struct sip_flow *first, *second;
	struct addr to;
	int listener = peer_listen(&to), fd;

	assert_int_equal(sip_transports_flow(f->transports, SIP_TCP, &to, NULL, &first), 0);
	assert_int_equal(sip_flow_send(first, SLICE("one ")), 0);
	assert_int_equal(sip_transports_flow(f->transports, SIP_TCP, &to, NULL, &second), 0);
	assert_ptr_equal(first, second);
	assert_int_equal(sip_flow_send(second, SLICE("two")), 0);
	/* Our Via and Contact name the listener, not the port the connection happens to have. */
	assert_true(addr_equal(&first->local, &f->tcp));
	assert_int_equal(sip_transports_connections(f->transports), 1);
	connections_become(f, 1);
	fd = accept(listener, NULL, NULL);
	peer_expect(f, fd, "one two");
	peer_write(fd, tcp_request("back"));
	fixture_received(f, 1);
	assert_ptr_equal(f->flow, first);
	obj_unref(first);
	obj_unref(second);
	close(fd);
	close(listener);
}

static void request_to_a_connected_peer_takes_its_connection(void **state)
{
	struct fixture *f = *state;
	struct sip_flow *flow;
	int fd = peer_connect(&f->tcp);

	peer_write(fd, tcp_request("a"));
	fixture_received(f, 1);
	assert_int_equal(sip_transports_flow(f->transports, SIP_TCP, &f->source, NULL, &flow), 0);
	assert_ptr_equal(flow, f->flow);
	obj_unref(flow);
	close(fd);
}

static void failed_connect_tells_who_watches(void **state)
{
	struct fixture *f = *state;
	struct sip_flow *flow;
	struct addr to;
	int fd = peer_listen(&to);

	close(fd);
	assert_int_equal(sip_transports_flow(f->transports, SIP_TCP, &to, NULL, &flow), 0);
	assert_int_equal(sip_flow_send(flow, SLICE("x")), 0);
	fixture_watch(f, flow);
	turn_until(f->loop, &f->failed, 1);
	assert_int_equal(f->failed_err, -ECONNREFUSED);
	assert_true(flow->closed);
	assert_int_equal(sip_flow_send(flow, SLICE("x")), -ENOTCONN);
	assert_int_equal(sip_transports_connections(f->transports), 0);
	obj_unref(flow);
}

static void peer_that_hangs_up_ends_the_flow(void **state)
{
	struct fixture *f = *state;
	int fd = peer_connect(&f->tcp);

	peer_write(fd, tcp_request("a"));
	fixture_received(f, 1);
	fixture_watch(f, f->flow);
	close(fd);
	turn_until(f->loop, &f->failed, 1);
	assert_true(f->flow->closed);
	assert_int_equal(f->failed_err, -ENOTCONN);
	assert_int_equal(sip_flow_send(f->flow, SLICE("x")), -ENOTCONN);
}

static void half_a_message_before_the_end_is_forgotten(void **state)
{
	struct fixture *f = *state;
	int fd = peer_connect(&f->tcp);

	peer_write(fd, "OPTIONS sip:room@127.0.0.1 SIP/2.0\r\nVia: ");
	connections_become(f, 1);
	turn(f->loop);
	close(fd);
	connections_become(f, 0);
	assert_int_equal(f->received + f->malformed, 0);
}

/* RFC 3261 18.2.2: "received", with the port of sent-by. */
static void response_finds_a_new_connection_when_the_old_one_is_gone(void **state)
{
	struct fixture *f = *state;
	struct sip_flow *flow;
	struct addr sent_by;
	int listener = peer_listen(&sent_by), fd = peer_connect(&f->tcp);

	peer_write(fd, request_text("TCP", addr_port(&sent_by), "", "a", 0, ""));
	fixture_received(f, 1);
	fixture_watch(f, f->flow);
	close(fd);
	turn_until(f->loop, &f->failed, 1);
	assert_int_equal(sip_flow_towards(f->flow, &sent_by, &flow), 0);
	assert_ptr_not_equal(flow, f->flow);
	assert_int_equal(sip_flow_send(flow, SLICE("late OK")), 0);
	turn(f->loop);
	fd = accept(listener, NULL, NULL);
	peer_expect(f, fd, "late OK");
	obj_unref(flow);
	close(fd);
	close(listener);
}

/* ---- closing ---- */

static void handler_may_close_the_transports_amid_a_segment(void **state)
{
	struct fixture *f = *state;
	int fd = peer_connect(&f->tcp);
	char text[2048];
	size_t n;

	f->close_after = true;
	n = (size_t)sprintf(text, "%s", tcp_request("a"));
	sprintf(text + n, "%s", tcp_request("b"));
	/* Half of it first, so that the rest is read from the connection's own buffer. */
	peer_send(fd, text, 40);
	connections_become(f, 1);
	turn(f->loop);
	peer_write(fd, text + 40);
	fixture_received(f, 1);
	assert_true(f->flow->closed);
	peer_expect_end(f, fd);
	assert_string_equal(f->call_ids, "a ");
	close(fd);
}

static void closing_fails_the_flows_but_sends_what_was_written(void **state)
{
	struct fixture *f = *state;
	struct sip_flow *other;
	int fd = peer_connect(&f->tcp);

	peer_write(fd, tcp_request("a"));
	fixture_received(f, 1);
	fixture_watch(f, f->flow);
	assert_int_equal(sip_flow_send(f->flow, SLICE("bye")), 0);
	sip_transports_close(f->transports);
	f->transports = obj_unref(f->transports);
	assert_int_equal(f->failed, 1);
	assert_int_equal(f->failed_err, -ENOTCONN);
	assert_int_equal(sip_flow_send(f->flow, SLICE("x")), -ENOTCONN);
	assert_int_equal(sip_flow_towards(f->flow, &f->source, &other), -ENOTCONN);
	peer_expect(f, fd, "bye");
	peer_expect_end(f, fd);
	close(fd);
}

/* Every allocation on the way of a connection fails once; what matters is that nothing breaks. */
static void lack_of_memory_never_does_harm(void **state)
{
	struct fixture *f = *state;

	for (long i = 0; i < 8; i++) {
		int fd = peer_connect(&f->tcp);

		mem_fail_after(i);
		peer_write(fd, "OPTIONS sip:room@127.0.0.1 SIP/2.0\r\nVia: ");
		for (int k = 0; k < 5; k++)
			turn(f->loop);
		mem_fail_after(-1);
		close(fd);
		connections_become(f, 0);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(message_may_come_byte_by_byte),
		TEST(several_messages_may_come_in_one_segment),
		TEST(double_crlf_is_answered_with_a_single_one),
		TEST(flood_of_pings_is_not_multiplied),
		TEST(garbage_closes_the_connection),
		TEST(request_without_content_length_is_answered_and_the_connection_closed),
		TEST(malformed_request_of_known_length_leaves_the_connection_open),
		TEST(message_above_the_limit_closes_the_connection),
		TEST(largest_message_passes),
		TEST(partial_message_is_not_waited_for_forever),
		TEST(complete_messages_are_under_no_time_limit),
		TEST(idle_connection_is_closed),
		TEST(peer_that_does_not_read_is_cut_off),
		TEST(peer_that_reads_again_is_heard_again),
		TEST(connections_are_capped_per_source),
		TEST(connections_are_capped_in_all),
		TEST(idle_connection_gives_way_when_all_are_taken),
		TEST(connections_we_open_are_capped_too),
		TEST(open_connection_is_used_again),
		TEST(request_to_a_connected_peer_takes_its_connection),
		TEST(failed_connect_tells_who_watches),
		TEST(peer_that_hangs_up_ends_the_flow),
		TEST(half_a_message_before_the_end_is_forgotten),
		TEST(response_finds_a_new_connection_when_the_old_one_is_gone),
		TEST(handler_may_close_the_transports_amid_a_segment),
		TEST(closing_fails_the_flows_but_sends_what_was_written),
		TEST(lack_of_memory_never_does_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
