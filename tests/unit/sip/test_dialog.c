/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Dialog: where its requests go, and what it takes for its own (RFC 3261 12). */
#include "sip/dialog.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/mem.h"
#include "one_agent.h"
#include "sip/flow.h"
#include "sip/invite.h"

struct fixture {
	struct one_agent one;
	struct sip_invite *invite;
	unsigned ended;
};

static const struct sip_body body = {
	{"application/sdp", sizeof "application/sdp" - 1}, {"v=0\r\n", 5}};

static void on_ended(
	struct sip_invite *invite, unsigned status, const struct sip_msg *message, void *arg)
{
	((struct fixture *)arg)->ended++;
}

static const struct sip_invite_handlers handlers = {.ended = on_ended};

static void on_invite(struct sip_invite *invite, const struct sip_msg *request, void *arg)
{
	struct fixture *f = arg;

	f->invite = obj_ref(invite);
	sip_invite_set_handlers(invite, &handlers, f);
	sip_invite_set_contact(invite, SLICE("a room"), true);
	sip_invite_accept(invite, &body, SLICE_NONE);
}

static const struct sip_agent_handlers agent_handlers = {.invite = on_invite};

static int setup(void **state)
{
	struct fixture *f = test_calloc(1, sizeof *f);

	one_agent_open(&f->one, &agent_handlers, f, NULL);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	obj_unref(f->invite);
	assert_int_equal(one_agent_close(&f->one), 0);
	test_free(f);
	return 0;
}

/* A call whose Contact, and whose Record-Route if given, are these; acknowledged. */
static void call(
	struct fixture *f, enum sip_transport transport, const char *contact, const char *route)
{
	static const char *const methods[] = {"INVITE", "ACK"};
	char tag[64] = "";

	for (int i = 0; i < 2; i++) {
		one_agent_receive(&f->one, transport,
			"%s sip:room@192.0.2.10 SIP/2.0\n"
			"Via: SIP/2.0/%s 192.0.2.1:5060;branch=z9hG4bK%d;rport\n"
			"Max-Forwards: 70\n"
			"From: <sip:alice@192.0.2.1>;tag=alice\n"
			"To: <sip:room@192.0.2.10>%s\n"
			"Call-ID: one\n"
			"CSeq: 1 %s\n"
			"Contact: %s\n%s%s%s"
			"Content-Length: 0\n\n",
			methods[i], transport == SIP_UDP ? "UDP" : "TCP", i, tag, methods[i],
			contact, route ? "Record-Route: " : "", route ? route : "",
			route ? "\n" : "");
		if (i == 0)
			snprintf(tag, sizeof tag, ";tag=%s", one_agent_to_tag(&f->one));
	}
}

static void assert_bye_to(struct fixture *f, const char *host, uint16_t port, const char *via)
{
	struct addr to = wire_addr(host, port);

	sip_invite_end(f->invite, SLICE_NONE);
	assert_true(one_agent_last_is(&f->one, "BYE "));
	assert_true(addr_equal(&f->one.last_to, &to));
	assert_int_equal(strncmp(one_agent_header(&f->one, "Via"), via, strlen(via)), 0);
}

static void request_goes_to_the_contact_when_that_is_an_address(void **state)
{
	call(*state, SIP_UDP, "<sip:alice@192.0.2.77:5099>", NULL);
	assert_bye_to(*state, "192.0.2.77", 5099, "SIP/2.0/UDP ");
}

static void transport_of_the_contact_is_used(void **state)
{
	call(*state, SIP_UDP, "<sip:alice@192.0.2.77;transport=tcp>", NULL);
	assert_bye_to(*state, "192.0.2.77", 5060, "SIP/2.0/TCP ");
}

static void ipv6_contact_is_reached(void **state)
{
	call(*state, SIP_UDP, "<sip:alice@[2001:db8::7]:5070>", NULL);
	assert_bye_to(*state, "2001:db8::7", 5070, "SIP/2.0/UDP ");
}

static void first_route_goes_before_the_contact(void **state)
{
	call(*state, SIP_UDP, "<sip:alice@192.0.2.77>", "<sip:192.0.2.50:5088;lr>");
	assert_bye_to(*state, "192.0.2.50", 5088, "SIP/2.0/UDP ");
}

static void name_is_reached_by_the_way_the_call_came(void **state)
{
	struct fixture *f = *state;

	f->one.peer = wire_addr("192.0.2.1", 6000);
	call(f, SIP_UDP, "<sip:alice@phone.example.com>", NULL);
	assert_bye_to(f, "192.0.2.1", 6000, "SIP/2.0/UDP ");
}

static void open_connection_is_used_although_the_contact_has_another_port(void **state)
{
	struct fixture *f = *state;

	f->one.peer = wire_addr("192.0.2.1", 40123);
	call(f, SIP_TCP, "<sip:alice@192.0.2.1:5060;transport=tcp>", NULL);
	assert_bye_to(f, "192.0.2.1", 40123, "SIP/2.0/TCP ");
}

static void broken_connection_is_opened_to_the_contact(void **state)
{
	struct fixture *f = *state;
	struct addr peer = wire_addr("192.0.2.1", 40123);

	f->one.peer = peer;
	call(f, SIP_TCP, "<sip:alice@192.0.2.1:5060;transport=tcp>", NULL);
	wire_break(&f->one.wire, &f->one.endpoint->addr, &peer);
	assert_bye_to(f, "192.0.2.1", 5060, "SIP/2.0/TCP ");
}

static void contact_of_ours_has_user_and_focus(void **state)
{
	struct fixture *f = *state;

	call(f, SIP_TCP, "<sip:alice@192.0.2.1:5060;transport=tcp>", NULL);
	assert_string_equal(one_agent_header(&f->one, "Contact"),
		"<sip:a%20room@192.0.2.10:5060;transport=tcp>;isfocus");
}

static void refused_reinvite_leaves_the_target(void **state)
{
	struct fixture *f = *state;
	char tag[64];

	call(f, SIP_UDP, "<sip:alice@192.0.2.77>", NULL);
	snprintf(tag, sizeof tag, "%s", one_agent_to_tag(&f->one));
	one_agent_request(&f->one, SIP_UDP, "INVITE", 2, NULL, tag);
	assert_true(one_agent_last_is(&f->one, "SIP/2.0 488"));
	assert_bye_to(f, "192.0.2.77", 5060, "SIP/2.0/UDP ");
}

static void other_tags_or_call_id_are_another_dialog(void **state)
{
	static const char *const tags[][3] = {
		{"alice", "x", "one"}, {"mallory", NULL, "one"}, {"alice", NULL, "two"}};
	struct fixture *f = *state;
	char tag[64];

	call(f, SIP_UDP, "<sip:alice@192.0.2.1>", NULL);
	snprintf(tag, sizeof tag, "%s", one_agent_to_tag(&f->one));
	for (int i = 0; i < 3; i++) {
		one_agent_receive(&f->one, SIP_UDP,
			"BYE sip:room@192.0.2.10 SIP/2.0\n"
			"Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKother%d\n"
			"Max-Forwards: 70\n"
			"From: <sip:alice@192.0.2.1>;tag=%s\n"
			"To: <sip:room@192.0.2.10>;tag=%s\n"
			"Call-ID: %s\nCSeq: 2 BYE\nContent-Length: 0\n\n",
			i, tags[i][0], tags[i][1] ? tags[i][1] : tag, tags[i][2]);
		assert_true(one_agent_last_is(&f->one, "SIP/2.0 481"));
	}
	assert_int_equal(f->ended, 0);
	one_agent_request(&f->one, SIP_UDP, "BYE", 2, NULL, tag);
	assert_true(one_agent_last_is(&f->one, "SIP/2.0 200"));
	assert_int_equal(f->ended, 1);
}

static void header_lines_of_the_stack_cannot_be_added(void **state)
{
	static const char *const lines[] = {"To: <sip:a@b>\r\n", "f: <sip:a@b>\r\n",
		"CONTACT: <sip:a@b>\r\n", "X: y\r\nVia: SIP/2.0/UDP a\r\n", "Call-ID : x\r\n",
		"l: 0\r\n", "nonsense\r\n", "X: y\r\n\r\nbody"};
	struct fixture *f = *state;

	call(f, SIP_UDP, "<sip:alice@192.0.2.1>", NULL);
	for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
		if (sip_invite_renegotiate(f->invite, &body, slice_str(lines[i])) == 0)
			fail_msg("taken: %s", lines[i]);
	}
	assert_int_equal(
		sip_invite_renegotiate(f->invite, &body, SLICE("Subject: x\r\nX-A: b\r\n")), 0);
	assert_string_equal(one_agent_header(&f->one, "Subject"), "x");
}

int main(void)
{
#define DEMAND(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		DEMAND(request_goes_to_the_contact_when_that_is_an_address),
		DEMAND(transport_of_the_contact_is_used),
		DEMAND(ipv6_contact_is_reached),
		DEMAND(first_route_goes_before_the_contact),
		DEMAND(name_is_reached_by_the_way_the_call_came),
		DEMAND(open_connection_is_used_although_the_contact_has_another_port),
		DEMAND(broken_connection_is_opened_to_the_contact),
		DEMAND(contact_of_ours_has_user_and_focus),
		DEMAND(refused_reinvite_leaves_the_target),
		DEMAND(other_tags_or_call_id_are_another_dialog),
		DEMAND(header_lines_of_the_stack_cannot_be_added),
	};

	return cmocka_run_group_tests_name("dialog", tests, NULL, NULL);
}
