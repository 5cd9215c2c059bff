/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Responses of name servers, byte by byte, and what is wrong with some of them; the hosts file. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/buf.h"
#include "core/mem.h"
#include "net/dns_message.h"
#include "net/dns_servers.h"
#include "net/hosts.h"

enum { T_A = 1, T_CNAME = 5, T_AAAA = 28, T_SRV = 33, T_NAPTR = 35 };

static struct buf message;

static int setup(void **state)
{
	buf_init(&message, 65535);
	return 0;
}

static int teardown(void **state)
{
	buf_free(&message);
	return 0;
}

/* ---- writing ----------------------------------------------------------------------------------- */

static void put(unsigned value, unsigned bytes)
{
	while (bytes-- > 0)
		buf_char(&message, (char)(value >> 8 * bytes));
}

static void put_name(const char *name)
{
	struct slice rest = slice_str(name), label;

	while (slice_cut(&rest, '.', &label)) {
		put((unsigned)label.n, 1);
		buf_slice(&message, label);
	}
	put(0, 1);
}

static void put_string(const char *text)
{
	put((unsigned)strlen(text), 1);
	buf_str(&message, text);
}

/* Header and question; the question's name stands at byte 12. */
static void begin(const char *name, unsigned type, unsigned answers)
{
	buf_reset(&message);
	put(0x1234, 2);
	put(0x8180, 2);
	put(1, 2);
	put(answers, 2);
	put(0, 4);
	put_name(name);
	put(type, 2);
	put(1, 2);
}

/* A record of the question's name, by a pointer; the data's length is put right by end_record. */
static size_t begin_record(unsigned type, unsigned ttl)
{
	put(0xc00c, 2);
	put(type, 2);
	put(1, 2);
	put(ttl, 4);
	put(0, 2);
	return message.n;
}

static void end_record(size_t start)
{
	size_t n = message.n - start;

	message.p[start - 2] = (char)(n >> 8);
	message.p[start - 1] = (char)n;
}

static void put_srv(unsigned priority, unsigned weight, unsigned port, const char *target)
{
	size_t at = begin_record(T_SRV, 300);

	put(priority, 2);
	put(weight, 2);
	put(port, 2);
	put_name(target);
	end_record(at);
}

/* An exact copy, so that the sanitizer sees a read behind the end. */
static int parse_n(size_t n, const char *name, enum dns_type type, struct dns_answer **answer)
{
	char *copy = malloc(n ? n : 1);
	int err;

	assert_non_null(copy);
	if (n)
		memcpy(copy, message.p, n);
	err = dns_message_parse(slice_of(copy, n), name, type, answer);
	free(copy);
	return err;
}

static struct dns_answer *parse(const char *name, enum dns_type type)
{
	struct dns_answer *answer;

	assert_int_equal(parse_n(message.n, name, type, &answer), 0);
	return answer;
}

/* ---- reading ----------------------------------------------------------------------------------- */

static void addresses_are_read(void **state)
{
	struct dns_answer *answer;
	char text[ADDR_TEXT];
	size_t at;

	begin("example.com", T_A, 2);
	at = begin_record(T_A, 300);
	put(0xc0000201, 4);
	end_record(at);
	at = begin_record(T_A, 60);
	put(0xc0000202, 4);
	end_record(at);
	answer = parse("example.com", DNS_A);
	assert_int_equal(answer->n, 2);
	assert_int_equal(answer->ttl, 60);
	assert_string_equal(addr_print_host(&answer->records[0].addr, text), "192.0.2.1");
	obj_unref(answer);

	begin("example.com", T_AAAA, 1);
	at = begin_record(T_AAAA, 300);
	put(0x20010db8, 4);
	put(0, 4);
	put(0, 4);
	put(1, 4);
	end_record(at);
	answer = parse("example.com", DNS_AAAA);
	assert_string_equal(addr_print_host(&answer->records[0].addr, text), "2001:db8::1");
	obj_unref(answer);
}

static void srv_records_are_read_in_the_order_of_their_priority(void **state)
{
	struct dns_answer *answer;

	begin("_sip._udp.example.com", T_SRV, 3);
	put_srv(20, 1, 5060, "c.example.com");
	put_srv(10, 2, 5062, "A.example.com");
	put_srv(10, 3, 5061, "");
	answer = parse("_sip._udp.example.com", DNS_SRV);
	assert_int_equal(answer->n, 3);
	assert_true(slice_eq(answer->records[0].target, SLICE("a.example.com")));
	assert_int_equal(answer->records[0].port, 5062);
	assert_int_equal(answer->records[0].weight, 2);
	assert_int_equal(answer->records[1].target.n, 0);
	assert_int_equal(answer->records[2].priority, 20);
	obj_unref(answer);
}

static void naptr_records_are_read_in_the_order_of_their_preference(void **state)
{
	struct dns_answer *answer;

	begin("example.com", T_NAPTR, 2);
	for (unsigned i = 0; i < 2; i++) {
		size_t at = begin_record(T_NAPTR, 300);

		put(50, 2);
		put(20 - i, 2);
		put_string("s");
		put_string(i ? "SIP+D2T" : "SIP+D2U");
		put_string(i ? "" : "!^.*$!sip:x@example.com!");
		put_name("_sip._tcp.example.com");
		end_record(at);
	}
	answer = parse("example.com", DNS_NAPTR);
	assert_int_equal(answer->n, 2);
	assert_true(slice_eq(answer->records[0].service, SLICE("SIP+D2T")));
	assert_int_equal(answer->records[0].weight, 19);
	assert_false(answer->records[0].regexp);
	assert_true(answer->records[1].regexp);
	obj_unref(answer);
}

static void put_alias(unsigned owner, const char *target)
{
	put(owner, 2);
	put(T_CNAME, 2);
	put(1, 2);
	put(30, 4);
	put((unsigned)strlen(target) + 2, 2);
	put_name(target);
}

static void aliases_are_followed_in_any_order(void **state)
{
	struct dns_answer *answer;
	size_t at;

	begin("example.com", T_A, 3);
	put_name("c.example.com"); /* before the aliases that lead here */
	put(T_A, 2);
	put(1, 2);
	put(300, 4);
	put(4, 2);
	put(0xc0000201, 4);
	at = message.n + 12;
	put_alias(0xc00c, "b.example.com");
	put_alias(0xc000 | (unsigned)at, "c.example.com");
	answer = parse("example.com", DNS_A);
	assert_int_equal(answer->n, 1);
	assert_int_equal(answer->ttl, 30);
	obj_unref(answer);
}

static void aliases_in_a_circle_end(void **state)
{
	struct dns_answer *answer;

	begin("example.com", T_A, 2);
	put_alias(0xc00c, "b.example.com");
	put_alias(0xc000 | ((unsigned)message.n - 15), "example.com");
	answer = parse("example.com", DNS_A);
	assert_int_equal(answer->err, -ENODATA);
	obj_unref(answer);
}

static void records_of_other_names_types_and_classes_are_left_out(void **state)
{
	struct dns_answer *answer;

	begin("example.com", T_A, 3);
	put_name("evil.example.com");
	put(T_A, 2);
	put(1, 2);
	put(300, 4);
	put(4, 2);
	put(0x0a000001, 4);
	put(0xc00c, 2);
	put(T_A, 2);
	put(3, 2); /* class CH */
	put(300, 4);
	put(4, 2);
	put(0x0a000001, 4);
	put(0xc00c, 2);
	put(T_A, 2);
	put(1, 2);
	put(300, 4);
	put(3, 2); /* three bytes are no address */
	put(0x0a0000, 3);
	answer = parse("example.com", DNS_A);
	assert_int_equal(answer->err, -ENODATA);
	obj_unref(answer);
}

static void compression_that_leads_nowhere_is_refused(void **state)
{
	static const unsigned pointers[] = {0xffff, 0xc000};
	struct dns_answer *answer;

	for (size_t i = 0; i < 2; i++) {
		begin("example.com", T_A, 1);
		put(i ? 0xc000U | (unsigned)message.n : pointers[i], 2);
		put(T_A, 2);
		put(1, 2);
		put(300, 4);
		put(4, 2);
		put(0xc0000201, 4);
		answer = parse("example.com", DNS_A);
		assert_int_equal(answer->err, -ENODATA);
		obj_unref(answer);
	}
}

static void a_name_that_is_no_text_is_left_out(void **state)
{
	struct dns_answer *answer;

	begin("_sip._udp.example.com", T_SRV, 3);
	put_srv(1, 0, 5060, "a b.example.com");
	put_srv(1, 0, 5060, "a\nb.example.com");
	put_srv(2, 0, 5060, "c.example.com");
	answer = parse("_sip._udp.example.com", DNS_SRV);
	assert_int_equal(answer->n, 1);
	assert_int_equal(answer->records[0].priority, 2);
	obj_unref(answer);
}

static void a_response_cut_anywhere_is_survived(void **state)
{
	struct dns_answer *answer;

	begin("_sip._udp.example.com", T_SRV, 2);
	put_srv(1, 0, 5060, "a.example.com");
	put_srv(2, 0, 5060, "c.example.com");
	for (size_t n = 0; n < message.n; n++) {
		int err = parse_n(n, "_sip._udp.example.com", DNS_SRV, &answer);

		assert_true(err == 0 || err == -EBADMSG);
		assert_true(err || answer->n < 2);
		if (err == 0)
			obj_unref(answer);
	}
}

static void a_thousand_records_are_capped_to_the_preferred(void **state)
{
	struct dns_answer *answer;

	begin("_sip._udp.example.com", T_SRV, 1000);
	for (unsigned i = 0; i < 1000; i++)
		put_srv(1000 - i, 0, 5060, "a.example.com");
	answer = parse("_sip._udp.example.com", DNS_SRV);
	assert_int_equal(answer->n, DNS_MAX_RECORDS);
	assert_int_equal(answer->records[0].priority, 1);
	obj_unref(answer);
}

/* ---- servers and hosts ------------------------------------------------------------------------- */

static void name_servers_are_addresses_with_or_without_a_port(void **state)
{
	static const struct {
		const char *text, *server;
	} rows[] = {
		{"192.0.2.53", "192.0.2.53:53"},
		{"192.0.2.53:5353", "192.0.2.53:5353"},
		{"2001:db8::53", "[2001:db8::53]:53"},
		{"[2001:db8::53]", "[2001:db8::53]:53"},
		{"[2001:db8::53]:5353", "[2001:db8::53]:5353"},
		{"dns.example.com", NULL},
		{"192.0.2.53:0", NULL},
		{"192.0.2.53:99999", NULL},
		{"192.0.2.53:", NULL},
		{"", NULL},
	};
	char text[ADDR_TEXT];

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct addr addr;
		int err = dns_server_parse(slice_str(rows[i].text), &addr);

		assert_int_equal(err, rows[i].server ? 0 : -EINVAL);
		if (err == 0)
			assert_string_equal(addr_print(&addr, text), rows[i].server);
	}
}

static void write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static void the_hosts_file_is_read_and_read_again_when_it_changes(void **state)
{
	char path[] = "/tmp/sylk-hosts-XXXXXX", text[ADDR_TEXT];
	struct addr addrs[4];
	struct hosts hosts;
	bool known;
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	close(fd);
	write_file(path, "# comment\n127.0.0.1\tlocalhost local. # c\n::1 LocalHost\n"
			 "192.0.2.1 a b\n192.0.2.2 a\nnonsense c\n192.0.2.3 # d\n192.0.2.4 last");
	hosts_init(&hosts, path);
	assert_int_equal(hosts_find(&hosts, "a", AF_INET, addrs, 4, &known), 2);
	assert_string_equal(addr_print_host(&addrs[1], text), "192.0.2.2");
	assert_int_equal(hosts_find(&hosts, "a", AF_INET, addrs, 1, &known), 1);
	assert_int_equal(hosts_find(&hosts, "a", AF_INET6, addrs, 4, &known), 0);
	assert_true(known);
	assert_int_equal(hosts_find(&hosts, "localhost", AF_INET6, addrs, 4, &known), 1);
	assert_int_equal(hosts_find(&hosts, "local", AF_INET, addrs, 4, &known), 1);
	assert_int_equal(hosts_find(&hosts, "last", AF_INET, addrs, 4, &known), 1);
	assert_int_equal(hosts_find(&hosts, "c", AF_INET, addrs, 4, &known), 0);
	assert_false(known);
	assert_int_equal(hosts_find(&hosts, "d", AF_INET, addrs, 4, &known), 0);
	write_file(path, "192.0.2.9 d\n");
	assert_int_equal(hosts_find(&hosts, "d", AF_INET, addrs, 4, &known), 1);
	unlink(path);
	assert_int_equal(hosts_find(&hosts, "d", AF_INET, addrs, 4, &known), 0);
	hosts_free(&hosts);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(addresses_are_read),
		TEST(srv_records_are_read_in_the_order_of_their_priority),
		TEST(naptr_records_are_read_in_the_order_of_their_preference),
		TEST(aliases_are_followed_in_any_order),
		TEST(aliases_in_a_circle_end),
		TEST(records_of_other_names_types_and_classes_are_left_out),
		TEST(compression_that_leads_nowhere_is_refused),
		TEST(a_name_that_is_no_text_is_left_out),
		TEST(a_response_cut_anywhere_is_survived),
		TEST(a_thousand_records_are_capped_to_the_preferred),
		TEST(name_servers_are_addresses_with_or_without_a_port),
		TEST(the_hosts_file_is_read_and_read_again_when_it_changes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
