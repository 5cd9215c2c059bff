/* SPDX-License-Identifier: GPL-3.0-or-later */
/* UDP: batches both ways, whose address answers, closing at awkward moments. */
#include "net/udp.h"

#include <errno.h>
#include <string.h>

#include "core/mem.h"
#include "turns.h"

struct end {
	struct udp *udp;
	size_t n, bytes;
	bool echo, close_on_first;
	struct addr from, arrived_at;
	char last[2048];
	size_t last_n;
};

struct fixture {
	struct loop *loop;
	struct end a, b;
	size_t alive;
};

static struct addr local(const char *host)
{
	struct addr a;

	assert_int_equal(addr_parse(slice_str(host), 0, &a), 0);
	return a;
}

static void on_datagram(struct slice datagram, const struct addr *from, void *arg)
{
	struct end *e = arg;

	e->n++;
	e->bytes += datagram.n;
	e->from = *from;
	e->arrived_at = *udp_arrived_at(e->udp);
	e->last_n = datagram.n < sizeof e->last ? datagram.n : sizeof e->last;
	if (e->last_n)
		memcpy(e->last, datagram.p, e->last_n);
	if (e->echo)
		assert_int_equal(udp_send_from(e->udp, datagram, from, &e->arrived_at), 0);
	if (e->close_on_first) {
		udp_close(e->udp);
		e->udp = obj_unref(e->udp);
	}
}

static void open_end(struct fixture *f, struct end *e, const char *host)
{
	struct addr a = local(host);

	assert_int_equal(udp_new(&e->udp, f->loop, &a, on_datagram, e), 0);
	assert_int_not_equal(addr_port(udp_local(e->udp)), 0);
}

static int setup(void **state)
{
	struct fixture *f = test_calloc(1, sizeof *f);

	f->alive = obj_alive();
	assert_int_equal(loop_new(&f->loop), 0);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	struct end *ends[] = {&f->a, &f->b};

	for (int i = 0; i < 2; i++) {
		if (ends[i]->udp)
			udp_close(ends[i]->udp);
		obj_unref(ends[i]->udp);
	}
	loop_close(f->loop);
	assert_int_equal(obj_alive(), f->alive);
	test_free(f);
	return 0;
}

static void datagrams_arrive_with_their_source(void **state)
{
	struct fixture *f = *state;

	open_end(f, &f->a, "127.0.0.1");
	open_end(f, &f->b, "127.0.0.1");
	assert_int_equal(udp_send(f->a.udp, SLICE("hello"), udp_local(f->b.udp)), 0);
	turn_until(f->loop, &f->b.n, 1);
	assert_int_equal(f->b.last_n, 5);
	assert_memory_equal(f->b.last, "hello", 5);
	assert_true(addr_equal(&f->b.from, udp_local(f->a.udp)));
	assert_true(addr_equal(&f->b.arrived_at, udp_local(f->b.udp)));
	assert_int_equal(udp_counters(f->a.udp)->sent, 1);
	assert_int_equal(udp_counters(f->b.udp)->received, 1);
}

static void nothing_leaves_before_the_turn_ends(void **state)
{
	struct fixture *f = *state;

	open_end(f, &f->a, "127.0.0.1");
	open_end(f, &f->b, "127.0.0.1");
	for (int i = 0; i < 10; i++)
		assert_int_equal(udp_send(f->a.udp, SLICE("x"), udp_local(f->b.udp)), 0);
	assert_int_equal(udp_counters(f->a.udp)->sent, 0);
	turn(f->loop);
	assert_int_equal(udp_counters(f->a.udp)->sent, 10);
}

static void many_more_than_a_batch_arrive_in_order(void **state)
{
	struct fixture *f = *state;
	char data[1200];

	open_end(f, &f->a, "127.0.0.1");
	open_end(f, &f->b, "127.0.0.1");
	memset(data, 'd', sizeof data);
	for (uint32_t i = 0; i < 700; i++) {
		memcpy(data, &i, sizeof i);
		assert_int_equal(
			udp_send(f->a.udp, slice_of(data, sizeof data), udp_local(f->b.udp)), 0);
		if (i % 100 == 99) {
			turn_until(f->loop, &f->b.n, i + 1);
			assert_memory_equal(f->b.last, &i, sizeof i);
		}
	}
	assert_int_equal(f->b.bytes, 700 * sizeof data);
	assert_int_equal(udp_counters(f->b.udp)->dropped, 0);
}

static void what_is_left_unread_for_the_next_turn_is_a_backlog_until_it_is_read(void **state)
{
	struct fixture *f = *state;

	open_end(f, &f->a, "127.0.0.1");
	open_end(f, &f->b, "127.0.0.1");
	for (int i = 0; i < 600; i++)
		assert_int_equal(udp_send(f->a.udp, SLICE("x"), udp_local(f->b.udp)), 0);
	assert_int_equal(loop_backlog(f->loop), 0);
	/* The first turn sends the rest. */
	turn_until(f->loop, &f->b.n, 512);
	assert_int_equal(f->b.n, 512);
	assert_true(loop_backlog(f->loop) > 0);
	turn_until(f->loop, &f->b.n, 600);
	turn(f->loop);
	assert_int_equal(loop_backlog(f->loop), 0);
}

static void empty_and_largest_datagrams_pass_larger_ones_do_not(void **state)
{
	struct fixture *f = *state;
	char *data = test_calloc(1, 65536);

	open_end(f, &f->a, "127.0.0.1");
	open_end(f, &f->b, "127.0.0.1");
	assert_int_equal(udp_send(f->a.udp, SLICE_NONE, udp_local(f->b.udp)), 0);
	assert_int_equal(udp_send(f->a.udp, slice_of(data, 65507), udp_local(f->b.udp)), 0);
	assert_int_equal(udp_send(f->a.udp, slice_of(data, 65508), udp_local(f->b.udp)), -EMSGSIZE);
	turn_until(f->loop, &f->b.n, 2);
	assert_int_equal(f->b.bytes, 65507);
	test_free(data);
}

static void answers_leave_by_the_address_that_was_asked(void **state)
{
	struct fixture *f = *state;
	struct addr asked;

	open_end(f, &f->a, "0.0.0.0");
	open_end(f, &f->b, "127.0.0.1");
	f->a.echo = true;
	asked = local("127.0.0.3");
	addr_set_port(&asked, addr_port(udp_local(f->a.udp)));
	assert_int_equal(udp_send(f->b.udp, SLICE("?"), &asked), 0);
	turn_until(f->loop, &f->b.n, 1);
	assert_true(addr_equal(&f->a.arrived_at, &asked));
	assert_true(addr_equal(&f->b.from, &asked));
}

static void ipv6_stands_beside_ipv4_on_the_same_port(void **state)
{
	struct fixture *f = *state;
	struct addr any = local("0.0.0.0"), to;

	open_end(f, &f->a, "::");
	addr_set_port(&any, addr_port(udp_local(f->a.udp)));
	assert_int_equal(udp_new(&f->b.udp, f->loop, &any, on_datagram, &f->b), 0);
	f->a.echo = true;
	to = local("::1");
	addr_set_port(&to, addr_port(&any));
	assert_int_equal(udp_send(f->a.udp, SLICE("6"), &to), 0);
	turn_until(f->loop, &f->a.n, 1);
	f->a.echo = false;
	assert_true(addr_equal(&f->a.arrived_at, &to));
	assert_int_equal(f->b.n, 0);
	assert_int_equal(udp_send(f->a.udp, SLICE("6"), &any), -EAFNOSUPPORT);
}

static void what_was_sent_before_closing_still_leaves(void **state)
{
	struct fixture *f = *state;

	open_end(f, &f->a, "127.0.0.1");
	open_end(f, &f->b, "127.0.0.1");
	assert_int_equal(udp_send(f->a.udp, SLICE("bye"), udp_local(f->b.udp)), 0);
	udp_close(f->a.udp);
	udp_close(f->a.udp);
	assert_int_equal(udp_send(f->a.udp, SLICE("x"), udp_local(f->b.udp)), -ENOTCONN);
	turn_until(f->loop, &f->b.n, 1);
	assert_int_equal(f->b.last_n, 3);
}

static void handler_may_close_and_forget_its_socket(void **state)
{
	struct fixture *f = *state;

	open_end(f, &f->a, "127.0.0.1");
	open_end(f, &f->b, "127.0.0.1");
	f->b.close_on_first = true;
	for (int i = 0; i < 3; i++)
		assert_int_equal(udp_send(f->a.udp, SLICE("x"), udp_local(f->b.udp)), 0);
	turn_until(f->loop, &f->b.n, 1);
	turn(f->loop);
	assert_int_equal(f->b.n, 1);
}

static void one_bad_destination_does_not_hold_up_the_others(void **state)
{
	struct fixture *f = *state;
	struct addr nowhere = local("255.255.255.255");

	open_end(f, &f->a, "127.0.0.1");
	open_end(f, &f->b, "127.0.0.1");
	addr_set_port(&nowhere, 9);
	/* Broadcast is not permitted on this socket: the kernel refuses it. */
	assert_int_equal(udp_send(f->a.udp, SLICE("1"), udp_local(f->b.udp)), 0);
	assert_int_equal(udp_send(f->a.udp, SLICE("2"), &nowhere), 0);
	assert_int_equal(udp_send(f->a.udp, SLICE("3"), udp_local(f->b.udp)), 0);
	turn_until(f->loop, &f->b.n, 2);
	assert_int_equal(f->b.last[0], '3');
	assert_int_equal(udp_counters(f->a.udp)->dropped, 1);
}

static void opening_fails_cleanly(void **state)
{
	struct fixture *f = *state;
	struct addr none = {.len = 0}, a = local("127.0.0.1");
	struct udp *udp;

	open_end(f, &f->a, "127.0.0.1");
	assert_int_equal(
		udp_new(&udp, f->loop, udp_local(f->a.udp), on_datagram, NULL), -EADDRINUSE);
	assert_int_equal(udp_new(&udp, f->loop, &none, on_datagram, NULL), -EINVAL);
	for (long i = 0; i < 2; i++) {
		mem_fail_after(i);
		assert_int_equal(udp_new(&udp, f->loop, &a, on_datagram, NULL), -ENOMEM);
		mem_fail_after(-1);
		assert_null(udp);
	}
	mem_fail_after(0);
	assert_int_equal(udp_send(f->a.udp, SLICE("x"), &a), -ENOBUFS);
	mem_fail_after(-1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(datagrams_arrive_with_their_source),
		TEST(nothing_leaves_before_the_turn_ends),
		TEST(many_more_than_a_batch_arrive_in_order),
		TEST(what_is_left_unread_for_the_next_turn_is_a_backlog_until_it_is_read),
		TEST(empty_and_largest_datagrams_pass_larger_ones_do_not),
		TEST(answers_leave_by_the_address_that_was_asked),
		TEST(ipv6_stands_beside_ipv4_on_the_same_port),
		TEST(what_was_sent_before_closing_still_leaves),
		TEST(handler_may_close_and_forget_its_socket),
		TEST(one_bad_destination_does_not_hold_up_the_others),
		TEST(opening_fails_cleanly),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
