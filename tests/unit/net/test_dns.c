/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The resolver: what it keeps, for how long, and how it serves those who wait. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/mem.h"
#include "dns_table.h"

struct asker {
	struct dns_lookup lookup;
	unsigned answers;
	int err;
	size_t n;
	struct dns_answer *answer; /* a reference */
	struct asker *cancels;     /* when it is answered */
	struct dns *closes;
};

static struct timer_set timers;
static struct dns_table table;
static size_t alive;

static int setup(void **state)
{
	alive = obj_alive();
	timer_set_init(&timers, 1000000);
	dns_table_open(&table, &timers, NULL);
	return 0;
}

static int teardown(void **state)
{
	mem_fail_after(-1);
	dns_table_close(&table);
	return alive == obj_alive() ? 0 : -1;
}

static void pass_ms(uint64_t ms)
{
	uint64_t end = timers.now + ms * 1000;

	while (timer_set_next(&timers) <= end)
		timer_set_run(&timers, timer_set_next(&timers));
	timer_set_run(&timers, end);
}

static void on_answer(const struct dns_answer *answer, void *arg)
{
	struct asker *asker = arg;

	asker->answers++;
	asker->err = answer->err;
	asker->n = answer->n;
	asker->answer = obj_ref((void *)(uintptr_t)answer);
	if (asker->cancels)
		dns_lookup_cancel(&asker->cancels->lookup);
	if (asker->closes)
		dns_close(asker->closes);
}

static int start(struct asker *asker, const char *name, enum dns_type type)
{
	obj_unref(asker->answer);
	asker->answer = NULL;
	asker->answers = 0;
	return dns_lookup_start(&asker->lookup, table.dns, slice_str(name), type, on_answer, asker);
}

/* Ask and wait; the error, or how many records. */
static int look(const char *name, enum dns_type type)
{
	struct asker asker = {0};

	assert_int_equal(start(&asker, name, type), 0);
	assert_int_equal(asker.answers, 0);
	pass_ms(table.failure_ms);
	assert_int_equal(asker.answers, 1);
	obj_unref(asker.answer);
	return asker.err ? asker.err : (int)asker.n;
}

static void records_of_each_type_are_found(void **state)
{
	struct asker asker = {0};

	dns_table_add(&table, "example.com", "A 192.0.2.1");
	dns_table_add(&table, "example.com", "A 192.0.2.2");
	dns_table_add(&table, "example.com", "AAAA 2001:db8::1");
	dns_table_add(&table, "example.com", "SRV 1 2 5060 Host.Example.COM");
	dns_table_add(&table, "example.com", "NAPTR 50 60 S SIP+D2T _sip._tcp.example.com");
	assert_int_equal(look("example.com", DNS_A), 2);
	assert_int_equal(look("example.com", DNS_AAAA), 1);
	assert_int_equal(start(&asker, "example.com", DNS_SRV), 0);
	pass_ms(0);
	assert_int_equal(asker.answer->records[0].port, 5060);
	assert_true(slice_eq(asker.answer->records[0].target, SLICE("host.example.com")));
	obj_unref(asker.answer);
	asker.answer = NULL;
	assert_int_equal(start(&asker, "example.com", DNS_NAPTR), 0);
	pass_ms(0);
	assert_true(slice_eq(asker.answer->records[0].flags, SLICE("S")));
	assert_true(slice_eq(asker.answer->records[0].service, SLICE("SIP+D2T")));
	obj_unref(asker.answer);
}

static void what_is_not_there_is_told_apart(void **state)
{
	dns_table_add(&table, "example.com", "A 192.0.2.1");
	dns_table_add(&table, "slow.example.com", "A fails");
	dns_table_add(&table, "bad.example.com", "A broken");
	assert_int_equal(look("nowhere.example.com", DNS_A), -ENOENT);
	assert_int_equal(look("example.com", DNS_SRV), -ENODATA);
	assert_int_equal(look("slow.example.com", DNS_A), -ETIMEDOUT);
	assert_int_equal(look("bad.example.com", DNS_A), -EIO);
}

static void an_answer_lives_as_long_as_its_shortest_record(void **state)
{
	dns_table_add_ttl(&table, "example.com", "A 192.0.2.1", 60);
	dns_table_add_ttl(&table, "example.com", "A 192.0.2.2", 10);
	assert_int_equal(look("example.com", DNS_A), 2);
	assert_int_equal(look("EXAMPLE.com.", DNS_A), 2);
	assert_int_equal(table.asked, 1);
	pass_ms(10000);
	assert_int_equal(look("example.com", DNS_A), 2);
	assert_int_equal(table.asked, 2);
}

static void a_life_without_time_serves_those_who_wait(void **state)
{
	dns_table_add_ttl(&table, "example.com", "A 192.0.2.1", 0);
	assert_int_equal(look("example.com", DNS_A), 1);
	assert_int_equal(look("example.com", DNS_A), 1);
	assert_int_equal(table.asked, 2);
}

static void nothing_is_believed_for_more_than_an_hour(void **state)
{
	dns_table_add_ttl(&table, "example.com", "A 192.0.2.1", 2000000000);
	assert_int_equal(look("example.com", DNS_A), 1);
	pass_ms(3600 * 1000);
	assert_int_equal(look("example.com", DNS_A), 1);
	assert_int_equal(table.asked, 2);
}

static void failures_are_remembered_for_seconds(void **state)
{
	dns_table_add(&table, "slow.example.com", "A fails");
	assert_int_equal(look("slow.example.com", DNS_A), -ETIMEDOUT);
	pass_ms(4000 - 1);
	assert_int_equal(look("nowhere.example.com", DNS_A), -ENOENT);
	assert_int_equal(table.asked, 2);
	/* 5 s after its failure it is asked again; no such name is believed for 30 s. */
	assert_int_equal(look("slow.example.com", DNS_A), -ETIMEDOUT);
	assert_int_equal(look("nowhere.example.com", DNS_A), -ENOENT);
	assert_int_equal(table.asked, 3);
	pass_ms(30000);
	assert_int_equal(look("nowhere.example.com", DNS_A), -ENOENT);
	assert_int_equal(table.asked, 4);
}

static void many_who_ask_the_same_are_served_by_one_question(void **state)
{
	struct asker askers[10] = {0};

	table.delay_ms = 50;
	dns_table_add(&table, "example.com", "A 192.0.2.1");
	for (size_t i = 0; i < 10; i++)
		assert_int_equal(start(&askers[i], "example.com", DNS_A), 0);
	assert_int_equal(table.asked, 1);
	assert_int_equal(dns_asked(table.dns), 1);
	pass_ms(50);
	for (size_t i = 0; i < 10; i++) {
		assert_int_equal(askers[i].answers, 1);
		obj_unref(askers[i].answer);
	}
	assert_int_equal(dns_asked(table.dns), 0);
}

static void who_has_cancelled_hears_nothing(void **state)
{
	struct asker one = {0}, two = {0};

	table.delay_ms = 50;
	assert_int_equal(start(&one, "example.com", DNS_A), 0);
	assert_int_equal(start(&two, "example.com", DNS_A), 0);
	dns_lookup_cancel(&one.lookup);
	dns_lookup_cancel(&one.lookup);
	pass_ms(50);
	assert_int_equal(one.answers, 0);
	assert_int_equal(two.answers, 1);
	obj_unref(two.answer);
}

static void a_handler_may_cancel_another_or_close_the_resolver(void **state)
{
	struct asker one = {0}, two = {0}, three = {0}, four = {0};

	one.cancels = &two;
	three.closes = table.dns;
	assert_int_equal(start(&one, "example.com", DNS_A), 0);
	assert_int_equal(start(&two, "example.com", DNS_A), 0);
	assert_int_equal(start(&three, "example.com", DNS_A), 0);
	assert_int_equal(start(&four, "example.com", DNS_A), 0);
	pass_ms(0);
	assert_int_equal(one.answers, 1);
	assert_int_equal(two.answers, 0);
	assert_int_equal(three.answers, 1);
	assert_int_equal(four.answers, 0);
	assert_int_equal(start(&two, "example.com", DNS_A), -ENOTCONN);
	obj_unref(one.answer);
	obj_unref(three.answer);
}

static void what_is_no_name_is_refused(void **state)
{
	char label[65], name[512] = "";
	struct asker asker = {0};

	memset(label, 'a', 64);
	label[64] = '\0';
	for (int i = 0; i < 5; i++)
		strncat(name, "0123456789012345678901234567890123456789012345678901.",
			sizeof name - strlen(name) - 1);
	assert_int_equal(start(&asker, "", DNS_A), -EINVAL);
	assert_int_equal(start(&asker, ".", DNS_A), -EINVAL);
	assert_int_equal(start(&asker, "a..b", DNS_A), -EINVAL);
	assert_int_equal(start(&asker, ".a", DNS_A), -EINVAL);
	assert_int_equal(start(&asker, "a b", DNS_A), -EINVAL);
	assert_int_equal(start(&asker, "a\\b", DNS_A), -EINVAL);
	assert_int_equal(start(&asker, "\xc3\xa4.example", DNS_A), -EINVAL);
	assert_int_equal(start(&asker, label, DNS_A), -EINVAL);
	assert_int_equal(start(&asker, name, DNS_A), -EINVAL);
	assert_int_equal(start(&asker, label + 1, DNS_A), 0);
	dns_lookup_cancel(&asker.lookup);
}

static void the_longest_unused_answer_makes_room(void **state)
{
	struct dns_settings small = {.max_entries = 3};
	char name[32];

	dns_table_close(&table);
	dns_table_open(&table, &timers, &small);
	for (int i = 0; i < 20; i++) {
		snprintf(name, sizeof name, "h%d.example.com", i);
		dns_table_add(&table, name, "A 192.0.2.1");
		assert_int_equal(look(name, DNS_A), 1);
		assert_int_equal(look("h0.example.com", DNS_A), 1);
		assert_true(dns_entries(table.dns) <= 3);
	}
	assert_int_equal(table.asked, 20);
}

static void questions_under_way_are_capped(void **state)
{
	struct dns_settings small = {.max_asked = 2};
	struct asker one = {0}, two = {0}, three = {0};

	dns_table_close(&table);
	dns_table_open(&table, &timers, &small);
	table.delay_ms = 50;
	assert_int_equal(start(&one, "a.example.com", DNS_A), 0);
	assert_int_equal(start(&two, "b.example.com", DNS_A), 0);
	assert_int_equal(start(&three, "c.example.com", DNS_A), -EBUSY);
	pass_ms(50);
	assert_int_equal(start(&three, "c.example.com", DNS_A), 0);
	pass_ms(50);
	obj_unref(one.answer);
	obj_unref(two.answer);
	obj_unref(three.answer);
}

static void a_source_that_cannot_ask_leaves_nothing_behind(void **state)
{
	struct asker asker = {0};

	table.refuse = -ENOMEM;
	assert_int_equal(start(&asker, "example.com", DNS_A), -ENOMEM);
	assert_int_equal(dns_entries(table.dns), 0);
	assert_int_equal(dns_asked(table.dns), 0);
}

static void of_very_many_records_the_preferred_are_kept(void **state)
{
	struct asker asker = {0};
	char text[64];

	for (int i = 0; i < 1000; i++) {
		snprintf(text, sizeof text, "SRV %d 0 5060 h%d.example.com", 1000 - i, i);
		dns_table_add(&table, "_sip._udp.example.com", text);
	}
	assert_int_equal(start(&asker, "_sip._udp.example.com", DNS_SRV), 0);
	pass_ms(0);
	assert_int_equal(asker.n, DNS_MAX_RECORDS);
	for (size_t i = 0; i < asker.n; i++)
		assert_int_equal(asker.answer->records[i].priority, i + 1);
	obj_unref(asker.answer);
}

static void every_failing_allocation_is_survived(void **state)
{
	dns_table_add(&table, "example.com", "SRV 0 1 5060 a.example.com");
	dns_table_add(&table, "example.com", "SRV 0 1 5060 b.example.com");
	for (long i = 0; i < 12; i++) {
		struct asker asker = {0};
		int err;

		mem_fail_after(i);
		err = start(&asker, "example.com", DNS_SRV);
		pass_ms(0);
		mem_fail_after(-1);
		if (err == 0) {
			assert_int_equal(asker.answers, 1);
			assert_true(asker.err == -ENOMEM || asker.n == 2);
			obj_unref(asker.answer);
		}
		pass_ms(3600 * 1000);
	}
	assert_int_equal(look("example.com", DNS_SRV), 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(records_of_each_type_are_found),
		TEST(what_is_not_there_is_told_apart),
		TEST(an_answer_lives_as_long_as_its_shortest_record),
		TEST(a_life_without_time_serves_those_who_wait),
		TEST(nothing_is_believed_for_more_than_an_hour),
		TEST(failures_are_remembered_for_seconds),
		TEST(many_who_ask_the_same_are_served_by_one_question),
		TEST(who_has_cancelled_hears_nothing),
		TEST(a_handler_may_cancel_another_or_close_the_resolver),
		TEST(what_is_no_name_is_refused),
		TEST(the_longest_unused_answer_makes_room),
		TEST(questions_under_way_are_capped),
		TEST(a_source_that_cannot_ask_leaves_nothing_behind),
		TEST(of_very_many_records_the_preferred_are_kept),
		TEST(every_failing_allocation_is_survived),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
