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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(new_work_is_put_off_without_a_transaction),
		cmocka_unit_test(work_in_hand_is_never_put_off),
		cmocka_unit_test(a_ringing_call_can_be_cancelled_under_overload),
		cmocka_unit_test(a_source_gets_its_rate_and_no_more),
	};

	return cmocka_run_group_tests_name("new_work", tests, NULL, NULL);
}
