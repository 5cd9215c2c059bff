/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Registrations on a virtual clock: their life, losses, back-off, Outbound, keep-alives, GRUUs. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/mem.h"
#include "one_agent.h"
#include "sip/invite.h"
#include "sip/register_private.h"

#define INSTANCE "urn:uuid:00000000-0000-4000-8000-000000000001"

struct fixture {
	struct one_agent one;
	struct sip_register *reg;
	unsigned changes;
	struct sip_register_state state; /* the last one told; its GRUUs are not kept */
};

static void changed(struct sip_register *reg, const struct sip_register_state *state, void *arg)
{
	struct fixture *f = arg;

	f->changes++;
	f->state = *state;
}

static const struct sip_agent_handlers no_handlers;

static struct sip_register_params plain(void)
{
	return (struct sip_register_params){.aor = SLICE("sip:room@192.0.2.1")};
}

static struct sip_register_params outbound(void)
{
	return (struct sip_register_params){
		.aor = SLICE("sip:room@192.0.2.1"), .instance = SLICE(INSTANCE), .reg_id = 1};
}

static void open_fixture(struct fixture *f, const struct sip_register_params *params)
{
	memset(f, 0, sizeof *f);
	one_agent_open(&f->one, &no_handlers, NULL, NULL);
	assert_int_equal(sip_register_start(&f->reg, f->one.agent, params, changed, f), 0);
	wire_run(&f->one.wire, 0);
}

static void close_fixture(struct fixture *f)
{
	f->reg = obj_unref(f->reg);
	assert_int_equal(one_agent_close(&f->one), 0);
}

static void run_s(struct fixture *f, unsigned seconds)
{
	wire_run(&f->one.wire, seconds * 1000UL);
}

/* Answer the last message; lines: further headers, each ended by \n. */
static void answer_by(
	struct fixture *f, enum sip_transport transport, unsigned status, const char *lines)
{
	char via[512], from[512], to[512], call_id[512], cseq[512];

	snprintf(via, sizeof via, "%s", one_agent_header(&f->one, "Via"));
	snprintf(from, sizeof from, "%s", one_agent_header(&f->one, "From"));
	snprintf(to, sizeof to, "%s", one_agent_header(&f->one, "To"));
	snprintf(call_id, sizeof call_id, "%s", one_agent_header(&f->one, "Call-ID"));
	snprintf(cseq, sizeof cseq, "%s", one_agent_header(&f->one, "CSeq"));
	one_agent_receive(&f->one, transport,
		"SIP/2.0 %u Reason\nVia: %s\nFrom: %s\nTo: %s;tag=r\nCall-ID: %s\nCSeq: %s\n%s"
		"Content-Length: 0\n\n",
		status, via, from, to, call_id, cseq, lines);
	wire_run(&f->one.wire, 0); /* where to go next is found out later */
}

static void answer(struct fixture *f, unsigned status, const char *lines)
{
	answer_by(f, SIP_UDP, status, lines);
}

static bool is_register(const struct fixture *f)
{
	return one_agent_last_is(&f->one, "REGISTER sip:192.0.2.1 SIP/2.0\r\n");
}

/* The time from now until the next message of ours, which has to be a REGISTER. */
static uint64_t ms_to_next(struct fixture *f, unsigned limit_s)
{
	one_agent_mark(&f->one);
	for (unsigned i = 0; i < limit_s * 10 && f->one.sent == 0; i++)
		wire_run(&f->one.wire, 100);
	assert_true(f->one.sent > 0);
	return f->one.when[0];
}

#define GRANTED \
	"Contact: <sip:room@192.0.2.10:5060>;expires=600, <sip:other@192.0.2.77>;expires=7\n"
#define GRANTED_OUTBOUND                                                                  \
	"Require: outbound\nContact: <sip:room@192.0.2.10:5060;ob>;expires=600;reg-id=1;" \
	"+sip.instance=\"<" INSTANCE ">\"\n"

/* ---- plain registrations ----------------------------------------------------------------------- */

static void binding_is_made_and_refreshed_in_time(void **state)
{
	struct sip_register_params params = plain();
	char call_id[128], from[128];
	struct fixture f;

	params.contacts = SLICE("<sip:backup@192.0.2.11>;q=0.5");
	open_fixture(&f, &params);
	assert_true(is_register(&f));
	assert_string_equal(one_agent_header(&f.one, "To"), "<sip:room@192.0.2.1>");
	assert_string_equal(one_agent_header(&f.one, "Expires"), "3600");
	assert_string_equal(one_agent_header(&f.one, "CSeq"), "1 REGISTER");
	assert_string_equal(one_agent_header(&f.one, "Contact"),
		"<sip:room@192.0.2.10:5060>;expires=3600, <sip:backup@192.0.2.11>;q=0.5");
	snprintf(call_id, sizeof call_id, "%s", one_agent_header(&f.one, "Call-ID"));
	snprintf(from, sizeof from, "%s", one_agent_header(&f.one, "From"));
	answer(&f, 200, GRANTED);
	assert_true(f.state.registered);
	assert_int_equal(f.state.expires, 600);
	assert_int_equal(f.changes, 1);

	one_agent_mark(&f.one);
	run_s(&f, 299);
	assert_int_equal(f.one.sent, 0);
	run_s(&f, 1);
	assert_int_equal(f.one.sent, 1);
	assert_true(is_register(&f));
	assert_string_equal(one_agent_header(&f.one, "CSeq"), "2 REGISTER");
	assert_string_equal(one_agent_header(&f.one, "Call-ID"), call_id);
	assert_string_equal(one_agent_header(&f.one, "From"), from);
	close_fixture(&f);
}

static void long_binding_is_refreshed_ten_minutes_early(void **state)
{
	struct sip_register_params params = plain();
	struct fixture f;

	open_fixture(&f, &params);
	answer(&f, 200, "Expires: 3600\n");
	assert_int_equal(ms_to_next(&f, 4000), 3000 * 1000);
	close_fixture(&f);
}

static void lost_requests_and_answers_are_made_up_for(void **state)
{
	struct sip_register_params params = plain();
	struct fixture f;

	open_fixture(&f, &params);
	run_s(&f, 20);
	assert_true(f.one.sent > 5);
	assert_string_equal(one_agent_header(&f.one, "CSeq"), "1 REGISTER");
	answer(&f, 200, GRANTED);
	assert_true(f.state.registered);
	close_fixture(&f);
}

static void challenge_is_answered(void **state)
{
	struct sip_credentials credentials = {SLICE("room"), SLICE("secret"), SLICE_NONE};
	struct sip_register_params params = plain();
	struct fixture f;

	params.credentials = &credentials;
	open_fixture(&f, &params);
	answer(&f, 401, "WWW-Authenticate: Digest realm=\"r\", nonce=\"n\", qop=\"auth\"\n");
	assert_true(is_register(&f));
	assert_string_equal(one_agent_header(&f.one, "CSeq"), "2 REGISTER");
	assert_non_null(strstr(one_agent_header(&f.one, "Authorization"),
		"username=\"room\", realm=\"r\", nonce=\"n\", uri=\"sip:192.0.2.1\""));
	answer(&f, 200, GRANTED);
	assert_true(f.state.registered);
	ms_to_next(&f, 400);
	assert_string_equal(one_agent_header(&f.one, "CSeq"), "3 REGISTER");
	close_fixture(&f);
}

static void wrong_password_is_not_tried_in_a_loop(void **state)
{
	struct sip_credentials credentials = {SLICE("room"), SLICE("wrong"), SLICE_NONE};
	struct sip_register_params params = plain();
	struct fixture f;
	uint64_t wait;

	params.credentials = &credentials;
	open_fixture(&f, &params);
	answer(&f, 401, "WWW-Authenticate: Digest realm=\"r\", nonce=\"n\"\n");
	answer(&f, 401, "WWW-Authenticate: Digest realm=\"r\", nonce=\"m\"\n");
	assert_int_equal(f.state.status, 401);
	assert_false(f.state.registered);
	wait = ms_to_next(&f, 100);
	assert_in_range(wait, 30000, 60000);
	close_fixture(&f);
}

static void interval_too_brief_is_raised_once(void **state)
{
	struct sip_register_params params = plain();
	struct fixture f;

	params.expires = 60;
	open_fixture(&f, &params);
	answer(&f, 423, "Min-Expires: 1800\n");
	assert_string_equal(one_agent_header(&f.one, "CSeq"), "2 REGISTER");
	assert_string_equal(one_agent_header(&f.one, "Expires"), "1800");
	one_agent_mark(&f.one);
	answer(&f, 423, "Min-Expires: 3600\n");
	assert_int_equal(f.one.sent, 0);
	assert_int_equal(f.state.status, 423);
	close_fixture(&f);
}

static void waits_grow_up_to_half_an_hour(void **state)
{
	struct sip_register_params params = plain();
	struct fixture f;
	uint64_t max = 30000;

	open_fixture(&f, &params);
	for (unsigned failures = 1; failures < 10; failures++) {
		max = max * 2 < 1800000 ? max * 2 : 1800000;
		answer(&f, 403, "");
		assert_int_equal(f.changes, failures);
		assert_in_range(f.state.retry_ms, max / 2, max);
		assert_in_range(
			ms_to_next(&f, 1900), f.state.retry_ms - 100, f.state.retry_ms + 100);
	}
	answer(&f, 200, GRANTED);
	ms_to_next(&f, 400);
	answer(&f, 403, "");
	assert_in_range(f.state.retry_ms, 30000, 60000);
	close_fixture(&f);
}

static void retry_after_and_a_backup_make_waits_longer(void **state)
{
	struct sip_register_params params = plain();
	struct fixture f;

	open_fixture(&f, &params);
	answer(&f, 503, "Retry-After: 4000 (soon);duration=60\n");
	assert_int_equal(f.state.retry_ms, 4000000);
	close_fixture(&f);

	open_fixture(&f, &params);
	sip_register_set_backed(f.reg, true);
	answer(&f, 404, "");
	assert_in_range(f.state.retry_ms, 90000, 180000);
	close_fixture(&f);
}

static void silent_registrar_is_asked_again(void **state)
{
	struct sip_register_params params = plain();
	struct fixture f;

	open_fixture(&f, &params);
	run_s(&f, 33);
	assert_int_equal(f.changes, 1);
	assert_int_equal(f.state.status, 408);
	assert_in_range(ms_to_next(&f, 100), 20000, 60000);
	assert_true(is_register(&f));
	close_fixture(&f);
}

static void closing_takes_the_binding_back(void **state)
{
	struct sip_register_params params = plain();
	struct fixture f;

	open_fixture(&f, &params);
	answer(&f, 200, GRANTED);
	one_agent_mark(&f.one);
	sip_register_close(f.reg);
	assert_int_equal(f.one.sent, 1);
	assert_string_equal(one_agent_header(&f.one, "Expires"), "0");
	assert_string_equal(
		one_agent_header(&f.one, "Contact"), "<sip:room@192.0.2.10:5060>;expires=0");
	answer(&f, 200, "");
	assert_true(list_empty(&f.one.agent->registers));
	assert_int_equal(f.changes, 1);
	sip_register_close(f.reg);
	run_s(&f, 4000);
	assert_int_equal(f.one.sent, 1);
	close_fixture(&f);
}

static void closing_while_one_is_under_way_waits_for_it(void **state)
{
	struct sip_register_params params = plain();
	struct fixture f;

	open_fixture(&f, &params);
	one_agent_mark(&f.one);
	sip_register_close(f.reg);
	assert_int_equal(f.one.sent, 0);
	answer(&f, 200, GRANTED);
	assert_int_equal(f.one.sent, 1);
	assert_string_equal(one_agent_header(&f.one, "Expires"), "0");
	assert_string_equal(one_agent_header(&f.one, "CSeq"), "2 REGISTER");
	answer(&f, 200, "");
	assert_true(list_empty(&f.one.agent->registers));
	assert_int_equal(f.changes, 0);
	close_fixture(&f);
}

static void what_cannot_be_registered_is_refused(void **state)
{
	static const char *const bad[] = {"", "room", "tel:+1", "sip:", "sip:a b@c"};
	struct sip_register_params params = {0};
	struct sip_register *reg;
	struct one_agent one;

	one_agent_open(&one, &no_handlers, NULL, NULL);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		params.aor = slice_str(bad[i]);
		assert_int_equal(sip_register_start(&reg, one.agent, &params, NULL, NULL), -EINVAL);
	}
	assert_int_equal(one_agent_close(&one), 0);
}

/* ---- Outbound ---------------------------------------------------------------------------------- */

/* The tap keeps texts, and this one begins with a zero. */
static bool is_stun_request(const struct fixture *f)
{
	return f->one.last[0] == '\0' && f->reg->keepalive.sent > 0;
}

static void answer_stun(struct fixture *f, const char *mapped, enum stun_class class)
{
	struct stun_writer w;
	struct addr addr;

	assert_int_equal(addr_parse(slice_str(mapped), 5060, &addr), 0);
	stun_begin(&w, class, STUN_BINDING, &f->reg->keepalive.id);
	if (class == STUN_SUCCESS)
		stun_add_mapped(&w, &addr);
	sip_register_receive_stun(f->one.agent, sip_register_flow(f->reg), stun_view(&w));
}

static void open_outbound(struct fixture *f)
{
	struct sip_register_params params = outbound();

	open_fixture(f, &params);
	answer(f, 200, GRANTED_OUTBOUND);
	assert_true(f->state.registered && f->state.outbound);
	one_agent_mark(&f->one);
}

static void outbound_registration_names_instance_and_flow(void **state)
{
	struct sip_register_params params = outbound();
	struct fixture f;

	params.route = SLICE("<sip:192.0.2.1:5060;lr>");
	open_fixture(&f, &params);
	assert_string_equal(one_agent_header(&f.one, "Supported"), "path, outbound, gruu");
	assert_string_equal(one_agent_header(&f.one, "Route"), "<sip:192.0.2.1:5060;lr>");
	assert_string_equal(one_agent_header(&f.one, "Contact"),
		"<sip:room@192.0.2.10:5060;ob>;expires=3600;+sip.instance=\"<" INSTANCE
		">\";reg-id=1");
	answer(&f, 439, "");
	assert_null(strstr(one_agent_header(&f.one, "Contact"), "reg-id"));
	assert_string_equal(one_agent_header(&f.one, "Supported"), "path, gruu");
	answer(&f, 200, "");
	assert_true(f.state.registered);
	assert_false(f.state.outbound);
	one_agent_mark(&f.one);
	run_s(&f, 600);
	assert_int_equal(f.one.sent, 0);
	close_fixture(&f);
}

static void udp_flow_is_kept_alive_by_stun(void **state)
{
	struct fixture f;

	open_outbound(&f);
	for (int i = 0; i < 5; i++) {
		assert_in_range(ms_to_next(&f, 40), 24000, 29100);
		assert_true(is_stun_request(&f));
		answer_stun(&f, "198.51.100.7", STUN_SUCCESS);
		assert_true(f.reg->proved);
	}
	assert_int_equal(f.changes, 1);
	close_fixture(&f);
}

static void proved_udp_flow_that_falls_silent_is_made_anew_at_once(void **state)
{
	struct fixture f;

	open_outbound(&f);
	ms_to_next(&f, 40);
	answer_stun(&f, "198.51.100.7", STUN_SUCCESS);
	ms_to_next(&f, 40);
	one_agent_mark(&f.one);
	/* RFC 8489 6.2.1: at 0, 500, 1500, 3500, 7500, 15500, 31500; given up at 39500. */
	run_s(&f, 39);
	assert_int_equal(f.one.sent, 6);
	assert_in_range(f.one.when[5], 31400, 31600);
	assert_int_equal(f.changes, 1);
	run_s(&f, 1);
	assert_int_equal(f.changes, 2);
	assert_true(is_register(&f));
	assert_false(f.state.registered);
	answer(&f, 200, GRANTED_OUTBOUND);
	assert_true(f.state.registered);
	close_fixture(&f);
}

static void flow_that_never_answered_counts_as_a_failure(void **state)
{
	struct fixture f;

	open_outbound(&f);
	run_s(&f, 29 + 40);
	assert_int_equal(f.changes, 2);
	assert_in_range(f.state.retry_ms, 30000, 60000);
	close_fixture(&f);
}

static void new_address_behind_a_nat_or_an_error_ends_the_flow(void **state)
{
	struct fixture f;

	open_outbound(&f);
	ms_to_next(&f, 40);
	answer_stun(&f, "198.51.100.7", STUN_SUCCESS);
	ms_to_next(&f, 40);
	answer_stun(&f, "198.51.100.8", STUN_SUCCESS);
	wire_run(&f.one.wire, 1);
	assert_int_equal(f.changes, 2);
	assert_true(is_register(&f));
	answer(&f, 200, GRANTED_OUTBOUND);
	ms_to_next(&f, 40);
	answer_stun(&f, "198.51.100.8", STUN_ERROR);
	assert_int_equal(f.changes, 4);
	assert_false(f.state.registered);
	close_fixture(&f);
}

static void stun_of_strangers_is_answered_or_ignored(void **state)
{
	struct stun_id id = {{1, 2, 3}};
	struct stun_writer w;
	struct fixture f;

	open_outbound(&f);
	ms_to_next(&f, 40);
	one_agent_mark(&f.one);
	stun_begin(&w, STUN_SUCCESS, STUN_BINDING, &id);
	sip_register_receive_stun(f.one.agent, sip_register_flow(f.reg), stun_view(&w));
	assert_false(f.reg->proved);
	stun_begin(&w, STUN_REQUEST, STUN_BINDING, &id);
	sip_register_receive_stun(f.one.agent, sip_register_flow(f.reg), stun_view(&w));
	assert_int_equal(f.one.sent, 1);
	assert_memory_equal(f.one.last, "\1\1\0", 3);
	close_fixture(&f);
}

static void open_tcp(struct fixture *f, const char *lines)
{
	struct sip_register_params params = outbound();

	params.registrar = SLICE("sip:192.0.2.1;transport=tcp");
	open_fixture(f, &params);
	answer_by(f, SIP_TCP, 200, lines);
	assert_true(f->state.registered);
	one_agent_mark(&f->one);
}

static void connection_is_kept_alive_by_crlf(void **state)
{
	struct fixture f;

	open_tcp(&f, "Require: outbound\nExpires: 3600\n");
	for (int i = 0; i < 3; i++) {
		/* RFC 5626 4.4.1: 80 to 100 % of 120 s, of which up to 1.1 have gone by. */
		assert_in_range(ms_to_next(&f, 130), 94800, 120100);
		assert_string_equal(f.one.last, "\r\n\r\n");
		sip_register_flow(f.reg)->heard++;
		run_s(&f, 10);
	}
	assert_true(f.reg->proved);
	ms_to_next(&f, 130);
	one_agent_mark(&f.one);
	wire_run(&f.one.wire, 9800);
	assert_int_equal(f.changes, 1);
	assert_int_equal(f.one.sent, 0);
	wire_run(&f.one.wire, 300);
	assert_int_equal(f.changes, 2);
	assert_true(one_agent_last_is(&f.one, "REGISTER "));
	close_fixture(&f);
}

static void flow_timer_of_the_server_is_kept(void **state)
{
	struct fixture f;

	open_tcp(&f, "Require: outbound\nFlow-Timer: 20\nExpires: 3600\n");
	assert_in_range(ms_to_next(&f, 30), 16000, 20100);
	assert_string_equal(f.one.last, "\r\n\r\n");
	close_fixture(&f);
}

static void broken_connection_is_made_anew(void **state)
{
	struct fixture f;

	open_tcp(&f, "Expires: 3600\n");
	wire_break(&f.one.wire, &f.one.endpoint->addr, &f.one.peer);
	assert_int_equal(f.changes, 2);
	assert_false(f.state.registered);
	wire_run(&f.one.wire, 1);
	assert_int_equal(f.one.sent, 1);
	assert_true(one_agent_last_is(&f.one, "REGISTER "));
	answer_by(&f, SIP_TCP, 200, "Expires: 3600\n");
	assert_true(f.state.registered);
	close_fixture(&f);
}

/* ---- GRUU, ob ---------------------------------------------------------------------------------- */

static void assert_contact_by(struct fixture *f, const struct sip_flow *flow, const char *own,
	const char *user, bool focus, const char *expected)
{
	struct buf out;

	buf_init(&out, 1024);
	assert_int_equal(sip_register_write_contact(
				 f->one.agent, &out, flow, slice_str(own), slice_str(user), focus),
		expected != NULL);
	buf_char(&out, '\0');
	assert_string_equal(out.p, expected ? expected : "");
	buf_free(&out);
}

/* By the flow of the registration, for another address than the one that is bound. */
static void assert_contact(struct fixture *f, const char *user, bool focus, const char *expected)
{
	assert_contact_by(
		f, sip_register_flow(f->reg), "<sip:other@192.0.2.10>", user, focus, expected);
}

static void gruu_becomes_our_contact(void **state)
{
	struct sip_register_params params = outbound();
	struct fixture f;

	open_fixture(&f, &params);
	answer(&f, 200,
		"Contact: <sip:x@192.0.2.99>;pub-gruu=\"sip:wrong@a\"\n"
		"Contact: <sip:room@192.0.2.10:5060;ob>;expires=600;reg-id=1;"
		"pub-gruu=\"sip:room@192.0.2.1;gr=" INSTANCE "\";"
		"temp-gruu=\"sip:tgruu.7@192.0.2.1;gr\";+sip.instance=\"<" INSTANCE ">\"\n");
	assert_int_equal(f.reg->state.temp_gruu.n, strlen("sip:tgruu.7@192.0.2.1;gr"));
	assert_contact(
		&f, "room", true, "Contact: <sip:room@192.0.2.1;gr=" INSTANCE ">;isfocus\r\n");
	assert_contact(&f, "", false, "Contact: <sip:room@192.0.2.1;gr=" INSTANCE ">\r\n");
	assert_contact(&f, "another", false, "Contact: <sip:another@192.0.2.10:5060;ob>\r\n");
	close_fixture(&f);
}

/* RFC 5627 4.4, 4.4.1: whoever speaks for the address has its GRUU, and only while it is bound. */
static void gruu_is_our_contact_by_any_flow(void **state)
{
	struct sip_register_params params = outbound();
	struct addr local = wire_addr("192.0.2.10", 5060), far = wire_addr("192.0.2.77", 5060);
	struct sip_flow *flow;
	struct fixture f;

	open_fixture(&f, &params);
	answer(&f, 200,
		"Contact: <sip:room@192.0.2.10:5060;ob>;expires=600;reg-id=1;"
		"pub-gruu=\"sip:room@192.0.2.1;gr=" INSTANCE "\";+sip.instance=\"<" INSTANCE
		">\"\n");
	flow = wire_flow(&f.one.wire, SIP_UDP, &local, &far);
	assert_contact_by(&f, flow, "\"Room\" <sip:room@192.0.2.1>;tag=1", "any", true,
		"Contact: <sip:room@192.0.2.1;gr=" INSTANCE ">;isfocus\r\n");
	assert_contact_by(&f, flow, "<sip:other@192.0.2.1>;tag=1", "any", false, NULL);
	f.reg->state.registered = false;
	assert_contact_by(&f, flow, "<sip:room@192.0.2.1>;tag=1", "any", false, NULL);
	f.reg->state.registered = true;
	obj_unref(flow);
	close_fixture(&f);
}

static void without_gruu_our_contact_asks_for_the_flow(void **state)
{
	struct fixture f;

	open_outbound(&f);
	assert_contact(&f, "", false, "Contact: <sip:room@192.0.2.10:5060;ob>\r\n");
	answer_stun(&f, "198.51.100.7", STUN_SUCCESS);
	close_fixture(&f);
}

static void malformed_gruus_are_left_alone(void **state)
{
	struct sip_register_params params = outbound();
	struct fixture f;

	open_fixture(&f, &params);
	answer(&f, 200,
		"Contact: <sip:room@192.0.2.10:5060;ob>;reg-id=1;pub-gruu=\"tel:+1\";"
		"temp-gruu=\"sip:a>b\";+sip.instance=\"<" INSTANCE ">\"\n");
	assert_true(f.state.registered);
	assert_int_equal(f.reg->state.pub_gruu.n, 0);
	assert_int_equal(f.reg->state.temp_gruu.n, 0);
	close_fixture(&f);
}

static void take_call(struct sip_invite *invite, const struct sip_msg *request, void *arg)
{
	static const struct sip_invite_handlers none;
	struct sip_body body = {SLICE("text/plain"), SLICE("x")};
	struct sip_invite **kept = arg;

	*kept = obj_ref(invite);
	sip_invite_set_handlers(invite, &none, NULL);
	sip_invite_accept(invite, &body, SLICE_NONE);
}

static void call_with_contact(const char *contact, const char *expected_hop)
{
	static const struct sip_agent_handlers handlers = {.invite = take_call};
	struct sip_invite *invite = NULL;
	struct one_agent one;
	char host[ADDR_TEXT];

	one_agent_open(&one, &handlers, &invite, NULL);
	for (int ack = 0; ack < 2; ack++)
		one_agent_receive(&one, SIP_UDP,
			"%s sip:room@192.0.2.10 SIP/2.0\n"
			"Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK%d\n"
			"Max-Forwards: 70\nFrom: <sip:alice@a>;tag=alice\n"
			"To: <sip:room@192.0.2.10>%s%s\nCall-ID: one\nCSeq: 1 %s\n"
			"Contact: <%s>\nContent-Length: 0\n\n",
			ack ? "ACK" : "INVITE", ack, ack ? ";tag=" : "",
			ack ? one_agent_to_tag(&one) : "", ack ? "ACK" : "INVITE", contact);
	assert_non_null(invite);
	sip_invite_end(invite, SLICE_NONE);
	assert_true(one_agent_last_is(&one, "BYE "));
	assert_string_equal(addr_print_host(&one.last_to, host), expected_hop);
	obj_unref(invite);
	assert_int_equal(one_agent_close(&one), 0);
}

static void peer_that_asks_for_its_flow_is_reached_by_it(void **state)
{
	call_with_contact("sip:alice@10.0.0.1:5060", "10.0.0.1");
	call_with_contact("sip:alice@10.0.0.1:5060;ob", "192.0.2.1");
}

/* ---- memory ------------------------------------------------------------------------------------ */

/* Whatever allocation fails, it ends registered, waiting or refused, and nothing leaks. */
static const char challenge[] = "WWW-Authenticate: Digest realm=\"r\", nonce=\"n\", qop=\"auth\"\n";

/* A call to us by the way of the registration; from: where it comes from. */
static void call_in(struct fixture *f, const char *from)
{
	f->one.peer = wire_addr(from, 5060);
	for (int ack = 0; ack < 2; ack++)
		one_agent_receive(&f->one, SIP_UDP,
			"%s sip:room@192.0.2.10 SIP/2.0\n"
			"Via: SIP/2.0/UDP %s:5060;branch=z9hG4bK%s%d\n"
			"Max-Forwards: 70\nFrom: <sip:alice@a>;tag=alice\n"
			"To: <sip:room@192.0.2.10>%s%s\nCall-ID: %s\nCSeq: 1 %s\n"
			"Contact: <sip:alice@%s>\nContent-Length: 0\n\n",
			ack ? "ACK" : "INVITE", from, from, ack, ack ? ";tag=" : "",
			ack ? one_agent_to_tag(&f->one) : "", from, ack ? "ACK" : "INVITE", from);
}

static void the_registrar_is_shown_credentials_in_calls_and_nobody_else(void **state)
{
	static const struct sip_agent_handlers handlers = {.invite = take_call};
	struct sip_credentials credentials = {SLICE("room"), SLICE("secret"), SLICE_NONE};
	struct sip_register_params params = plain();
	struct sip_invite *invite = NULL;
	struct fixture f;

	params.credentials = &credentials;
	memset(&f, 0, sizeof f);
	one_agent_open(&f.one, &handlers, &invite, NULL);
	assert_int_equal(sip_register_start(&f.reg, f.one.agent, &params, changed, &f), 0);
	wire_run(&f.one.wire, 0);
	answer(&f, 200, GRANTED);
	for (int trusted = 0; trusted < 2; trusted++) {
		call_in(&f, trusted ? "192.0.2.1" : "192.0.2.66");
		assert_non_null(invite);
		sip_invite_end(invite, SLICE_NONE);
		assert_true(one_agent_last_is(&f.one, "BYE "));
		one_agent_mark(&f.one);
		answer(&f, 401, challenge);
		assert_int_equal(f.one.sent, trusted);
		if (trusted)
			assert_non_null(strstr(one_agent_header(&f.one, "Authorization"),
				"username=\"room\", realm=\"r\", nonce=\"n\", "
				"uri=\"sip:alice@192.0.2.1\""));
		invite = obj_unref(invite);
	}
	answer(&f, 200, "");
	close_fixture(&f);
}

static void call_from(struct fixture *f, struct slice from)
{
	struct sip_invite_target target = {.uri = SLICE("sip:bob@192.0.2.77"),
		.from = from,
		.to = SLICE("<sip:bob@192.0.2.77>")};
	struct sip_invite *invite;

	assert_int_equal(
		sip_invite_connect(&invite, f->one.agent, &target, NULL, SLICE_NONE, NULL, NULL),
		0);
	wire_run(&f->one.wire, 0);
	assert_true(one_agent_last_is(&f->one, "INVITE sip:bob@192.0.2.77 SIP/2.0\r\n"));
	f->one.peer = f->one.last_to;
	obj_unref(invite);
}

static void calls_take_the_way_that_the_registrar_wants(void **state)
{
	struct sip_register_params params = plain();
	struct fixture f;
	char host[ADDR_TEXT];

	open_fixture(&f, &params);
	answer(&f, 200,
		GRANTED "Service-Route: <sip:192.0.2.5;lr>, <sip:192.0.2.6;x=1;lr>\n"
			"Service-Route: <sip:192.0.2.7;lr>\n");
	assert_true(f.state.registered);
	call_from(&f, SLICE("\"Room\" <sip:room@192.0.2.1>"));
	assert_string_equal(addr_print_host(&f.one.last_to, host), "192.0.2.5");
	assert_string_equal(one_agent_header(&f.one, "Route"),
		"<sip:192.0.2.5;lr>, <sip:192.0.2.6;x=1;lr>, <sip:192.0.2.7;lr>");
	answer(&f, 486, "");
	call_from(&f, SLICE("<sip:other@192.0.2.1>"));
	assert_string_equal(addr_print_host(&f.one.last_to, host), "192.0.2.77");
	assert_string_equal(one_agent_header(&f.one, "Route"), "");
	answer(&f, 486, "");
	/* The next response says nothing of it, or nonsense. */
	f.one.peer = wire_addr("192.0.2.1", 5060);
	assert_true(ms_to_next(&f, 700) > 0);
	answer(&f, 200, GRANTED "Service-Route: <sip:192.0.2.5>\n");
	call_from(&f, SLICE("<sip:room@192.0.2.1>"));
	assert_string_equal(addr_print_host(&f.one.last_to, host), "192.0.2.77");
	answer(&f, 486, "");
	close_fixture(&f);
}

static void failing_memory_is_only_a_failure(void **state)
{
	struct sip_credentials credentials = {SLICE("room"), SLICE("secret"), SLICE_NONE};
	struct sip_register_params params = outbound();
	struct fixture f;
	bool done = false;

	params.credentials = &credentials;
	for (long i = 0; i < 200 && !done; i++) {
		memset(&f, 0, sizeof f);
		one_agent_open(&f.one, &no_handlers, NULL, NULL);
		mem_fail_after(i);
		if (sip_register_start(&f.reg, f.one.agent, &params, changed, &f) == 0) {
			wire_run(&f.one.wire, 0);
			if (f.one.sent)
				answer(&f, 401,
					"WWW-Authenticate: Digest realm=\"r\", nonce=\"n\"\n");
			if (f.one.sent)
				answer(&f, 200, GRANTED_OUTBOUND);
			mem_fail_after(-1);
			if (!f.state.registered) {
				run_s(&f, 130);
				assert_true(f.one.sent > 0);
			} else {
				done = i > 0;
			}
		}
		mem_fail_after(-1);
		close_fixture(&f);
	}
	assert_true(done);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(binding_is_made_and_refreshed_in_time),
		cmocka_unit_test(long_binding_is_refreshed_ten_minutes_early),
		cmocka_unit_test(lost_requests_and_answers_are_made_up_for),
		cmocka_unit_test(challenge_is_answered),
		cmocka_unit_test(wrong_password_is_not_tried_in_a_loop),
		cmocka_unit_test(interval_too_brief_is_raised_once),
		cmocka_unit_test(waits_grow_up_to_half_an_hour),
		cmocka_unit_test(retry_after_and_a_backup_make_waits_longer),
		cmocka_unit_test(silent_registrar_is_asked_again),
		cmocka_unit_test(closing_takes_the_binding_back),
		cmocka_unit_test(closing_while_one_is_under_way_waits_for_it),
		cmocka_unit_test(what_cannot_be_registered_is_refused),
		cmocka_unit_test(outbound_registration_names_instance_and_flow),
		cmocka_unit_test(udp_flow_is_kept_alive_by_stun),
		cmocka_unit_test(proved_udp_flow_that_falls_silent_is_made_anew_at_once),
		cmocka_unit_test(flow_that_never_answered_counts_as_a_failure),
		cmocka_unit_test(new_address_behind_a_nat_or_an_error_ends_the_flow),
		cmocka_unit_test(stun_of_strangers_is_answered_or_ignored),
		cmocka_unit_test(connection_is_kept_alive_by_crlf),
		cmocka_unit_test(flow_timer_of_the_server_is_kept),
		cmocka_unit_test(broken_connection_is_made_anew),
		cmocka_unit_test(gruu_becomes_our_contact),
		cmocka_unit_test(gruu_is_our_contact_by_any_flow),
		cmocka_unit_test(without_gruu_our_contact_asks_for_the_flow),
		cmocka_unit_test(malformed_gruus_are_left_alone),
		cmocka_unit_test(peer_that_asks_for_its_flow_is_reached_by_it),
		cmocka_unit_test(the_registrar_is_shown_credentials_in_calls_and_nobody_else),
		cmocka_unit_test(calls_take_the_way_that_the_registrar_wants),
		cmocka_unit_test(failing_memory_is_only_a_failure),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
