/* SPDX-License-Identifier: GPL-3.0-or-later */
/* New work under overload and above a source's rate: 503, and nothing for work in hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "one_agent.h"
#include "sip/invite.h"

struct fixture {
	struct one_agent one;
	bool overloaded, slow;
	unsigned invites, ended;
};

static const struct sip_body body = {
	{"application/sdp", sizeof "application/sdp" - 1}, {"v=0\r\n", 5}};

static void on_ended(
	struct sip_invite *invite, unsigned status, const struct sip_msg *message, void *arg)
{
	struct fixture *f = arg;

	f->ended++;
}

static void on_renegotiate(struct sip_invite *invite, const struct sip_msg *request, void *arg)
{
	sip_invite_accept(invite, &body, SLICE_NONE);
}

static const struct sip_invite_handlers handlers = {
	.renegotiate = on_renegotiate, .ended = on_ended};

static void on_invite(struct sip_invite *invite, const struct sip_msg *request, void *arg)
{
	struct fixture *f = arg;

	f->invites++;
	sip_invite_set_handlers(invite, &handlers, f);
	if (!f->slow)
		sip_invite_accept(invite, &body, SLICE_NONE);
}

static bool overloaded(void *arg)
{
	const struct fixture *f = arg;

	return f->overloaded;
}

static const struct sip_agent_handlers agent_handlers = {
	.overloaded = overloaded, .invite = on_invite};

static void open_with(struct fixture *f, unsigned rate)
{
	struct sip_limits limits = {.rate_per_source = rate};

	memset(f, 0, sizeof *f);
	one_agent_open(&f->one, &agent_handlers, f, &limits);
}

static void close_it(struct fixture *f)
{
	assert_int_equal(one_agent_close(&f->one), 0);
}

static void request(struct fixture *f, const char *method, unsigned n, const char *to_tag)
{
	char branch[64];

	snprintf(branch, sizeof branch, "z9hG4bK%s%u", method, n);
	one_agent_request(&f->one, SIP_UDP, method, n, branch, to_tag);
}

static bool put_off(const struct fixture *f)
{
	return one_agent_last_is(&f->one, "SIP/2.0 503");
}

static void new_work_is_put_off_without_a_transaction(void **state)
{
	static const char *const methods[] = {"INVITE", "SUBSCRIBE", "REFER", "MESSAGE", "PUBLISH"};
	struct fixture f;

	open_with(&f, 0);
	f.overloaded = true;
	for (unsigned i = 0; i < 5; i++) {
		unsigned long seconds;

		one_agent_mark(&f.one);
		request(&f, methods[i], i + 1, NULL);
		assert_true(put_off(&f));
		assert_int_equal(f.one.sent, 1); /* nor 100 */
		seconds = strtoul(one_agent_header(&f.one, "Retry-After"), NULL, 10);
		assert_in_range(seconds, 5, 15);
	}
	/* Its ACK is for nobody; the same INVITE again gets the same. */
	one_agent_mark(&f.one);
	request(&f, "ACK", 1, one_agent_to_tag(&f.one));
	assert_int_equal(f.one.sent, 0);
	assert_int_equal(sip_agent_load(f.one.agent).server_transactions, 0);
	assert_int_equal(f.invites, 0);
	f.overloaded = false;
	request(&f, "INVITE", 9, NULL);
	assert_true(one_agent_last_is(&f.one, "SIP/2.0 200"));
	close_it(&f);
}

static void work_in_hand_is_never_put_off(void **state)
{
	struct fixture f;
	char tag[64];

	open_with(&f, 1);
	request(&f, "INVITE", 1, NULL);
	snprintf(tag, sizeof tag, "%s", one_agent_to_tag(&f.one));
	f.overloaded = true;
	one_agent_mark(&f.one);
	request(&f, "INVITE", 1, NULL); /* its 200 was lost */
	assert_true(one_agent_last_is(&f.one, "SIP/2.0 200"));
	one_agent_request(&f.one, SIP_UDP, "ACK", 1, "z9hG4bKack", tag);
	request(&f, "OPTIONS", 2, tag);
	assert_true(one_agent_last_is(&f.one, "SIP/2.0 200"));
	request(&f, "INVITE", 3, tag);
	assert_true(one_agent_last_is(&f.one, "SIP/2.0 200"));
	one_agent_request(&f.one, SIP_UDP, "ACK", 3, "z9hG4bKack3", tag);
	request(&f, "BYE", 4, tag);
	assert_true(one_agent_last_is(&f.one, "SIP/2.0 200"));
	assert_int_equal(f.ended, 1);
	close_it(&f);
}

static void a_ringing_call_can_be_cancelled_under_overload(void **state)
{
	struct fixture f;

	open_with(&f, 0);
	f.slow = true;
	request(&f, "INVITE", 1, NULL);
	f.overloaded = true;
	one_agent_request(&f.one, SIP_UDP, "CANCEL", 1, "z9hG4bKINVITE1", NULL);
	assert_true(one_agent_last_is(&f.one, "SIP/2.0 487"));
	assert_int_equal(f.ended, 1);
	close_it(&f);
}

static void a_source_gets_its_rate_and_no_more(void **state)
{
	struct fixture f;
	unsigned taken = 0, n = 0;

	open_with(&f, 10);
	f.slow = true; /* no retransmissions of 200 */
	for (unsigned i = 0; i < 25; i++)
		request(&f, "INVITE", ++n, NULL);
	assert_int_equal(f.invites, 10);
	assert_true(put_off(&f));
	/* Another is not concerned. */
	f.one.peer = wire_addr("192.0.2.2", 5060);
	request(&f, "INVITE", 100, NULL);
	assert_int_equal(f.invites, 11);
	f.one.peer = wire_addr("192.0.2.1", 5061); /* the same as the first */
	for (unsigned ms = 0; ms < 3000; ms += 50) {
		wire_run(&f.one.wire, 50);
		request(&f, "INVITE", ++n, NULL);
	}
	taken = f.invites - 11;
	assert_in_range(taken, 29, 31);
	sip_agent_close(f.one.agent);
	close_it(&f);
}

/* Over UDP it is dealt with unparsed, and so is the ACK that comes of it. */
static void a_datagram_is_put_off_before_it_is_parsed(void **state)
{
	struct fixture f;
	char answer[ONE_AGENT_TEXT];

	open_with(&f, 0);
	f.overloaded = true;
	request(&f, "INVITE", 1, NULL);
	assert_true(put_off(&f));
	assert_int_equal(f.one.endpoint->early, 1);
	strcpy(answer, f.one.last);
	request(&f, "INVITE", 1, NULL); /* as if the answer had been lost */
	assert_string_equal(f.one.last, answer);
	one_agent_mark(&f.one);
	request(&f, "ACK", 1, one_agent_to_tag(&f.one));
	assert_int_equal(f.one.endpoint->early, 3);
	assert_int_equal(f.one.sent, 0);
	close_it(&f);
}

static void work_in_hand_is_always_parsed(void **state)
{
	struct fixture f;
	char tag[64];

	open_with(&f, 0);
	request(&f, "INVITE", 1, NULL);
	snprintf(tag, sizeof tag, "%s", one_agent_to_tag(&f.one));
	f.overloaded = true;
	request(&f, "INVITE", 2, NULL); /* ACKs are looked at from now on */
	assert_int_equal(f.one.endpoint->early, 1);
	request(&f, "INVITE", 1, NULL);
	one_agent_request(&f.one, SIP_UDP, "ACK", 1, "z9hG4bKack", tag);
	request(&f, "OPTIONS", 2, tag);
	request(&f, "OPTIONS", 3, NULL);
	assert_true(one_agent_last_is(&f.one, "SIP/2.0 200"));
	request(&f, "BYE", 3, tag);
	assert_int_equal(f.ended, 1);
	assert_int_equal(f.one.endpoint->early, 1);
	close_it(&f);
}

/* What cannot be judged at a glance; %u is for a number of its own. */
static const char *const at_length[] = {
	/* A branch of RFC 2543, and one that is none. */
	"INVITE sip:a@192.0.2.10 SIP/2.0\nVia: SIP/2.0/UDP 192.0.2.1:5060;branch=%u\n"
	"From: <sip:b@192.0.2.1>;tag=b\nTo: <sip:a@192.0.2.10>\nCall-ID: c\nCSeq: 1 INVITE\n\n",
	/* Nobody to answer. */
	"INVITE sip:a@192.0.2.10 SIP/2.0\nFrom: <sip:b@192.0.2.1>;tag=b%u\n"
	"To: <sip:a@192.0.2.10>\nCall-ID: c\nCSeq: 1 INVITE\n\n",
	/* Two of what there is but one of. */
	"INVITE sip:a@192.0.2.10 SIP/2.0\nVia: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKd%u\n"
	"From: <sip:b@192.0.2.1>;tag=b\nFrom: <sip:b@192.0.2.1>;tag=b\n"
	"To: <sip:a@192.0.2.10>\nCall-ID: c\nCSeq: 1 INVITE\n\n",
	/* No end. */
	"INVITE sip:a@192.0.2.10 SIP/2.0\nVia: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKe%u\n"
	"From: <sip:b@192.0.2.1>;tag=b\nTo: <sip:a@192.0.2.10>\nCall-ID: c\nCSeq: 1 INVITE\n",
	"INVITE sip:a@192.0.2.10 SIP/3.0\nVia: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKf%u\n"
	"From: <sip:b@192.0.2.1>;tag=b\nTo: <sip:a@192.0.2.10>\nCall-ID: c\nCSeq: 1 INVITE\n\n",
};

static void what_is_unclear_at_a_glance_is_parsed(void **state)
{
	struct fixture f;

	open_with(&f, 0);
	f.overloaded = true;
	for (unsigned i = 0; i < sizeof at_length / sizeof at_length[0]; i++)
		one_agent_receive(&f.one, SIP_UDP, at_length[i], i);
	assert_int_equal(f.one.endpoint->early, 0);
	assert_int_equal(f.invites, 0);
	assert_int_equal(sip_agent_load(f.one.agent).server_transactions, 0);
	close_it(&f);
}

/* Well-formed, in as many ways as they are written. */
static const char *const at_a_glance[] = {
	"INVITE sip:a@192.0.2.10 SIP/2.0\nVia: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1;rport\n"
	"Max-Forwards: 70\nFrom: <sip:b@192.0.2.1>;tag=b\nTo: <sip:a@192.0.2.10>\nCall-ID: c1\n"
	"CSeq: 1 INVITE\nContact: <sip:b@192.0.2.1>\nContent-Length: 0\n\n",
	"SUBSCRIBE sip:a@192.0.2.10 SIP/2.0\nv: SIP/2.0/UDP b.example.com;branch=z9hG4bK2,\n"
	" SIP/2.0/TCP 192.0.2.7;branch=z9hG4bK2a;received=192.0.2.8\nf:\n"
	" \"B\" <sip:b@192.0.2.1>;tag=b\nt : A <sip:a@192.0.2.10;tag=x>\ni: c2\n"
	"Via: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bK2b\nCSeq: 7 SUBSCRIBE\no: presence\nl: 0\n\n",
	"MESSAGE sip:a@192.0.2.10 SIP/2.0\nCSEQ: 1 MESSAGE\nCALL-ID: c3\nTO: sip:a@192.0.2.10\n"
	"FROM: sip:b@192.0.2.1;tag=b\nVIA: SIP/2.0/UDP 192.0.2.1:5070;branch=Z9HG4BK3\n"
	"Content-Type: text/plain\nContent-Length: 2\n\nHi",
};

static void both_ways_to_put_off_give_the_same_answer(void **state)
{
	for (unsigned i = 0; i < sizeof at_a_glance / sizeof at_a_glance[0]; i++) {
		char early[ONE_AGENT_TEXT];
		struct addr early_to;
		struct fixture f;

		open_with(&f, 0);
		f.overloaded = true;
		one_agent_receive(&f.one, SIP_UDP, "%s", at_a_glance[i]);
		assert_int_equal(f.one.endpoint->early, 1);
		assert_true(put_off(&f));
		strcpy(early, f.one.last);
		early_to = f.one.last_to;
		f.one.endpoint->late = true;
		f.one.last[0] = '\0';
		one_agent_receive(&f.one, SIP_UDP, "%s", at_a_glance[i]);
		assert_string_equal(f.one.last, early);
		assert_true(addr_equal(&f.one.last_to, &early_to));
		close_it(&f);
	}
}

/* The rate is asked before the message is parsed, and taken from once. */
static void a_source_beyond_its_rate_is_put_off_unparsed(void **state)
{
	struct fixture f;

	open_with(&f, 2);
	f.slow = true;
	for (unsigned i = 1; i <= 4; i++)
		request(&f, "INVITE", i, NULL);
	assert_int_equal(f.invites, 2);
	assert_int_equal(f.one.endpoint->early, 2);
	sip_agent_close(f.one.agent);
	close_it(&f);
}

static bool admit_nobody(const struct addr *source, void *arg)
{
	return false;
}

static void who_may_not_come_in_is_told_so_under_overload(void **state)
{
	static const struct sip_agent_handlers strict = {
		.admit = admit_nobody, .overloaded = overloaded, .invite = on_invite};
	struct fixture f = {.overloaded = true};

	one_agent_open(&f.one, &strict, &f, NULL);
	request(&f, "INVITE", 1, NULL);
	assert_true(one_agent_last_is(&f.one, "SIP/2.0 403"));
	close_it(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_datagram_is_put_off_before_it_is_parsed),
		cmocka_unit_test(work_in_hand_is_always_parsed),
		cmocka_unit_test(what_is_unclear_at_a_glance_is_parsed),
		cmocka_unit_test(both_ways_to_put_off_give_the_same_answer),
		cmocka_unit_test(a_source_beyond_its_rate_is_put_off_unparsed),
		cmocka_unit_test(who_may_not_come_in_is_told_so_under_overload),
		cmocka_unit_test(new_work_is_put_off_without_a_transaction),
		cmocka_unit_test(work_in_hand_is_never_put_off),
		cmocka_unit_test(a_ringing_call_can_be_cancelled_under_overload),
		cmocka_unit_test(a_source_gets_its_rate_and_no_more),
	};

	return cmocka_run_group_tests_name("new_work", tests, NULL, NULL);
}
