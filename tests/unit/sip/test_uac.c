/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Requests and calls of ours: from name to target, from one target to the next, by TCP when they are
 * large, with credentials when asked. The peers are a tap that notes what is sent where.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/id.h"
#include "core/mem.h"
#include "dns_table.h"
#include "one_agent.h"
#include "sip/agent_private.h"
#include "sip/invite.h"
#include "sip/uac.h"

enum { LOG = 4096 };

static struct one_agent one;
static struct dns_table table;
static char sent[LOG]; /* "OPTIONS UDP 192.0.2.1:5060\n" ... */
static char last[8192];
static struct addr last_to;
static enum sip_transport last_transport;

static struct outcome {
	unsigned done, provisional, status;
	bool response;
} outcome;

static void tap(struct slice bytes, const struct addr *from, const struct addr *to,
	enum sip_transport transport, void *arg)
{
	char address[ADDR_TEXT];
	size_t n = strlen(sent);
	struct slice rest = bytes, method;

	slice_cut(&rest, ' ', &method);
	snprintf(sent + n, sizeof sent - n, "%.*s %s %s\n", SLICE_ARG(method),
		sip_transport_name(transport), addr_print(to, address));
	snprintf(last, sizeof last, "%.*s", SLICE_ARG(bytes));
	snprintf(one.last, sizeof one.last, "%.*s", SLICE_ARG(bytes));
	last_to = *to;
	last_transport = transport;
}

static int setup(void **state)
{
	static const struct sip_agent_handlers handlers;
	static const struct sip_agent_settings settings = {.product = "Test"};
	struct sip_agent_core core;

	memset(&one, 0, sizeof one);
	memset(&outcome, 0, sizeof outcome);
	sent[0] = '\0';
	one.alive = obj_alive();
	wire_init(&one.wire, 1);
	one.wire.tap = tap;
	one.endpoint = wire_add(&one.wire, "192.0.2.10", 5060);
	one.peer = wire_addr("192.0.2.1", 5060);
	dns_table_open(&table, &one.wire.timers, NULL);
	core = wire_core(one.endpoint);
	core.dns = table.dns;
	if (sip_agent_new_with(&one.agent, &core, &settings, &handlers, NULL) < 0)
		return -1;
	one.endpoint->agent = one.agent;
	dns_table_add(&table, "example.com", "A 192.0.2.1");
	dns_table_add(&table, "two.example.com", "A 192.0.2.1");
	dns_table_add(&table, "two.example.com", "A 192.0.2.2");
	return 0;
}

static int teardown(void **state)
{
	mem_fail_after(-1);
	sip_agent_close(one.agent);
	one.agent = obj_unref(one.agent);
	dns_table_close(&table);
	wire_close(&one.wire);
	return obj_alive() == one.alive ? 0 : -1;
}

static void on_provisional(struct sip_uac *uac, const struct sip_msg *response, void *arg)
{
	outcome.provisional++;
}

static void on_done(struct sip_uac *uac, unsigned status, const struct sip_msg *response, void *arg)
{
	outcome.done++;
	outcome.status = status;
	outcome.response = response != NULL;
}

static const struct sip_uac_handlers handlers = {.provisional = on_provisional, .done = on_done};

static struct sip_uac_params params_to(const char *uri)
{
	return (struct sip_uac_params){
		.method = SIP_OPTIONS,
		.uri = slice_str(uri),
		.from = SLICE("<sip:us@192.0.2.10>"),
		.to = SLICE("<sip:bob@example.com>"),
	};
}

static void request(const char *uri)
{
	struct sip_uac_params params = params_to(uri);

	assert_int_equal(sip_uac_start(NULL, one.agent, &params, &handlers, NULL), 0);
	wire_run(&one.wire, 0);
}

/* From the target that the last request went to. */
static void respond(unsigned status, const char *lines)
{
	char via[512], from[512], to[512], call_id[512], cseq[512];

	snprintf(via, sizeof via, "%s", one_agent_header(&one, "Via"));
	snprintf(from, sizeof from, "%s", one_agent_header(&one, "From"));
	snprintf(to, sizeof to, "%s", one_agent_header(&one, "To"));
	snprintf(call_id, sizeof call_id, "%s", one_agent_header(&one, "Call-ID"));
	snprintf(cseq, sizeof cseq, "%s", one_agent_header(&one, "CSeq"));
	one.peer = last_to;
	one_agent_receive(&one, last_transport,
		"SIP/2.0 %u Reason\nVia: %s\nFrom: %s\nTo: %s;tag=x\nCall-ID: %s\nCSeq: %s\n%s"
		"Content-Length: 0\n\n",
		status, via, from, to, call_id, cseq, lines);
	wire_run(&one.wire, 0);
}

static void break_to(const char *host, uint16_t port)
{
	struct addr to = wire_addr(host, port);

	wire_break(&one.wire, &one.endpoint->addr, &to);
}

/* ---- to the target ----------------------------------------------------------------------------- */

static void a_request_goes_where_its_uri_leads(void **state)
{
	request("sip:bob@example.com");
	assert_string_equal(sent, "OPTIONS UDP 192.0.2.1:5060\n");
	assert_non_null(strstr(last, "OPTIONS sip:bob@example.com SIP/2.0\r\n"));
	assert_non_null(strstr(last, "From: <sip:us@192.0.2.10>;tag="));
	assert_non_null(strstr(last, "CSeq: 1 OPTIONS\r\n"));
	assert_null(strstr(last, "Contact:"));
	assert_null(strstr(last, "Route:"));
	respond(100, "");
	respond(200, "");
	assert_int_equal(outcome.provisional, 1);
	assert_int_equal(outcome.done, 1);
	assert_int_equal(outcome.status, 200);
	assert_true(outcome.response);
	wire_run(&one.wire, 64000);
	assert_int_equal(outcome.done, 1);
}

static void what_is_given_is_written(void **state)
{
	struct sip_uac_params params = params_to("sip:bob@example.com;transport=tcp");
	struct sip_uac *uac;

	params.method = SIP_PUBLISH;
	params.from = SLICE("\"Us\" <sip:us@192.0.2.10>;tag=mine");
	params.call_id = SLICE("call-1");
	params.cseq = 7;
	params.extra = SLICE("Event: presence\r\n");
	params.contact = true;
	params.contact_user = SLICE("room");
	params.body.type = SLICE("text/plain");
	params.body.data = SLICE("hello");
	assert_int_equal(sip_uac_start(&uac, one.agent, &params, &handlers, NULL), 0);
	wire_run(&one.wire, 0);
	assert_string_equal(sent, "PUBLISH TCP 192.0.2.1:5060\n");
	assert_non_null(strstr(last, "From: \"Us\" <sip:us@192.0.2.10>;tag=mine\r\n"));
	assert_non_null(strstr(last, "Call-ID: call-1\r\n"));
	assert_non_null(strstr(last, "CSeq: 7 PUBLISH\r\n"));
	assert_non_null(strstr(last, "Event: presence\r\n"));
	assert_non_null(strstr(last, "Contact: <sip:room@192.0.2.10:5060;transport=tcp>\r\n"));
	assert_non_null(strstr(last, "\r\n\r\nhello"));
	assert_int_equal(sip_uac_cseq(uac), 7);
	assert_int_equal(sip_uac_flow(uac)->transport, SIP_TCP);
	respond(200, "");
	obj_unref(uac);
}

static void a_route_is_where_it_goes(void **state)
{
	struct sip_uac_params params = params_to("sip:bob@elsewhere.example");

	params.route = SLICE("<sip:two.example.com;lr>, <sip:192.0.2.77;lr>");
	assert_int_equal(sip_uac_start(NULL, one.agent, &params, &handlers, NULL), 0);
	wire_run(&one.wire, 0);
	assert_string_equal(sent, "OPTIONS UDP 192.0.2.1:5060\n");
	assert_non_null(strstr(last, "OPTIONS sip:bob@elsewhere.example SIP/2.0\r\n"));
	assert_non_null(strstr(last, "Route: <sip:two.example.com;lr>, <sip:192.0.2.77;lr>\r\n"));
	/* A strict router gets itself as request-URI. */
	params.route = SLICE("<sip:two.example.com>, <sip:192.0.2.77;lr>");
	assert_int_equal(sip_uac_start(NULL, one.agent, &params, &handlers, NULL), 0);
	wire_run(&one.wire, 0);
	assert_non_null(strstr(last, "OPTIONS sip:two.example.com SIP/2.0\r\n"));
	assert_non_null(
		strstr(last, "Route: <sip:192.0.2.77;lr>, <sip:bob@elsewhere.example>\r\n"));
}

static void a_given_flow_is_the_only_way(void **state)
{
	struct addr to = wire_addr("192.0.2.5", 5099);
	struct sip_uac_params params = params_to("sip:bob@two.example.com");

	params.flow = wire_flow(&one.wire, SIP_UDP, &one.endpoint->addr, &to);
	params.body.type = SLICE("text/plain");
	params.body.data = slice_of(last, 3000);
	memset(last, 'x', 3000);
	assert_int_equal(sip_uac_start(NULL, one.agent, &params, &handlers, NULL), 0);
	obj_unref(params.flow);
	wire_run(&one.wire, 5000);
	assert_non_null(strstr(sent, "OPTIONS UDP 192.0.2.5:5099\n"));
	assert_null(strstr(sent, "192.0.2.1"));
	assert_null(strstr(sent, "TCP"));
	break_to("192.0.2.5", 5099);
	assert_int_equal(outcome.status, 503);
}

static void what_cannot_be_sent_is_refused(void **state)
{
	struct sip_uac_params params = params_to("sip:bob@example.com");

	params.method = SIP_INVITE;
	assert_int_equal(sip_uac_start(NULL, one.agent, &params, &handlers, NULL), -EINVAL);
	params = params_to("nonsense");
	assert_int_equal(sip_uac_start(NULL, one.agent, &params, &handlers, NULL), -EINVAL);
	params = params_to("sip:bob@example.com");
	params.from = SLICE("nobody");
	assert_int_equal(sip_uac_start(NULL, one.agent, &params, &handlers, NULL), -EINVAL);
	request("sip:bob@nowhere.example");
	wire_run(&one.wire, 10000);
	assert_int_equal(outcome.status, 503);
	assert_false(outcome.response);
}

/* ---- fail-over --------------------------------------------------------------------------------- */

static void a_silent_target_is_given_up_for_the_next(void **state)
{
	request("sip:bob@two.example.com");
	wire_run(&one.wire, 3999);
	assert_string_equal(sent, "OPTIONS UDP 192.0.2.1:5060\nOPTIONS UDP 192.0.2.1:5060\n"
				  "OPTIONS UDP 192.0.2.1:5060\nOPTIONS UDP 192.0.2.1:5060\n");
	sent[0] = '\0';
	wire_run(&one.wire, 1);
	assert_string_equal(sent, "OPTIONS UDP 192.0.2.2:5060\n");
	assert_non_null(strstr(last, "CSeq: 1 OPTIONS\r\n"));
	respond(200, "");
	assert_int_equal(outcome.status, 200);
	/* The next request knows. */
	sent[0] = '\0';
	request("sip:bob@two.example.com");
	assert_string_equal(sent, "OPTIONS UDP 192.0.2.2:5060\n");
	respond(200, "");
}

static void the_last_target_has_all_its_time(void **state)
{
	request("sip:bob@two.example.com");
	wire_run(&one.wire, 4000 + 31999);
	assert_int_equal(outcome.done, 0);
	wire_run(&one.wire, 1);
	assert_int_equal(outcome.done, 1);
	assert_int_equal(outcome.status, 408);
}

static void a_target_that_has_answered_is_waited_for(void **state)
{
	request("sip:bob@two.example.com");
	respond(100, "");
	wire_run(&one.wire, 31999);
	assert_null(strstr(sent, "192.0.2.2"));
	wire_run(&one.wire, 1);
	assert_int_equal(outcome.status, 408);
	assert_null(strstr(sent, "192.0.2.2"));
}

static void a_503_and_a_transport_error_go_on_to_the_next(void **state)
{
	request("sip:bob@two.example.com");
	respond(503, "");
	assert_string_equal(sent, "OPTIONS UDP 192.0.2.1:5060\nOPTIONS UDP 192.0.2.2:5060\n");
	respond(503, "");
	assert_int_equal(outcome.status, 503);
	assert_true(outcome.response);
	wire_run(&one.wire, 31000);
	sent[0] = '\0';
	request("sip:bob@two.example.com;transport=tcp");
	break_to("192.0.2.1", 5060);
	assert_string_equal(sent, "OPTIONS TCP 192.0.2.1:5060\nOPTIONS TCP 192.0.2.2:5060\n");
	break_to("192.0.2.2", 5060);
	assert_int_equal(outcome.done, 2);
	assert_int_equal(outcome.status, 503);
	assert_false(outcome.response);
}

static void any_other_refusal_is_final(void **state)
{
	request("sip:bob@two.example.com");
	respond(486, "");
	assert_int_equal(outcome.status, 486);
	wire_run(&one.wire, 64000);
	assert_null(strstr(sent, "192.0.2.2"));
}

static void nobody_hears_of_an_abandoned_request(void **state)
{
	struct sip_uac_params params = params_to("sip:bob@two.example.com");
	struct sip_uac *uac;

	assert_int_equal(sip_uac_start(&uac, one.agent, &params, &handlers, NULL), 0);
	sip_uac_abandon(uac);
	obj_unref(uac);
	wire_run(&one.wire, 64000);
	assert_int_equal(outcome.done, 0);
	assert_non_null(strstr(sent, "192.0.2.2"));
}

static void the_agents_end_ends_requests_without_a_word(void **state)
{
	request("sip:bob@two.example.com");
	request("sip:bob@example.com");
	table.delay_ms = 100;
	request("sip:bob@other.example.com");
	sip_agent_close(one.agent);
	wire_run(&one.wire, 64000);
	assert_int_equal(outcome.done, 0);
}

/* ---- 18.1.1 ------------------------------------------------------------------------------------ */

static void request_large(const char *uri, size_t n)
{
	static char body[4096];
	struct sip_uac_params params = params_to(uri);

	memset(body, 'x', sizeof body);
	params.method = SIP_MESSAGE;
	params.body.type = SLICE("text/plain");
	params.body.data = slice_of(body, n);
	assert_int_equal(sip_uac_start(NULL, one.agent, &params, &handlers, NULL), 0);
	wire_run(&one.wire, 0);
}

static void what_is_too_large_for_udp_goes_by_tcp(void **state)
{
	size_t overhead;

	request_large("sip:bob@example.com", 500);
	assert_string_equal(sent, "MESSAGE UDP 192.0.2.1:5060\n");
	overhead = strlen(last) - 500 + 1; /* Content-Length grows by a digit */
	respond(200, "");
	sent[0] = '\0';
	request_large("sip:bob@example.com", 1300 - overhead);
	assert_string_equal(sent, "MESSAGE UDP 192.0.2.1:5060\n");
	assert_int_equal(strlen(last), 1300 - (1300 - overhead < 1000 ? 1 : 0));
	respond(200, "");
	sent[0] = '\0';
	request_large("sip:bob@example.com", 1300 - overhead + 2);
	assert_string_equal(sent, "MESSAGE TCP 192.0.2.1:5060\n");
	assert_non_null(strstr(last, "Via: SIP/2.0/TCP 192.0.2.10:5060"));
	respond(200, "");
	assert_int_equal(outcome.status, 200);
}

static void where_there_is_no_tcp_it_goes_by_udp_however_large(void **state)
{
	request_large("sip:bob@example.com", 3000);
	break_to("192.0.2.1", 5060);
	assert_string_equal(sent, "MESSAGE TCP 192.0.2.1:5060\nMESSAGE UDP 192.0.2.1:5060\n");
	assert_non_null(strstr(last, "Via: SIP/2.0/UDP"));
	respond(200, "");
	assert_int_equal(outcome.status, 200);
}

static void the_next_target_may_have_tcp_again(void **state)
{
	request_large("sip:bob@two.example.com", 3000);
	break_to("192.0.2.1", 5060);
	respond(503, "");
	assert_string_equal(sent, "MESSAGE TCP 192.0.2.1:5060\nMESSAGE UDP 192.0.2.1:5060\n"
				  "MESSAGE TCP 192.0.2.2:5060\n");
	respond(200, "");
}

/* ---- digest ------------------------------------------------------------------------------------ */

static void a_challenge_is_answered_at_the_same_target(void **state)
{
	struct sip_credentials credentials = {SLICE("us"), SLICE("secret"), SLICE_NONE};
	struct sip_uac_params params = params_to("sip:bob@two.example.com");

	params.credentials = &credentials;
	assert_int_equal(sip_uac_start(NULL, one.agent, &params, &handlers, NULL), 0);
	wire_run(&one.wire, 0);
	assert_null(strstr(last, "Authorization:"));
	respond(401, "WWW-Authenticate: Digest realm=\"r\", nonce=\"n1\", qop=\"auth\"\n");
	assert_string_equal(sent, "OPTIONS UDP 192.0.2.1:5060\nOPTIONS UDP 192.0.2.1:5060\n");
	assert_non_null(strstr(last, "Authorization: Digest "));
	assert_non_null(strstr(last, "CSeq: 2 OPTIONS\r\n"));
	assert_int_equal(outcome.done, 0);
	respond(200, "");
	assert_int_equal(outcome.status, 200);
}

static void a_challenge_without_credentials_or_again_is_final(void **state)
{
	struct sip_credentials credentials = {SLICE("us"), SLICE("wrong"), SLICE_NONE};
	struct sip_uac_params params = params_to("sip:bob@example.com");
	const char *challenge = "WWW-Authenticate: Digest realm=\"r\", nonce=\"n1\"\n";

	request("sip:bob@example.com");
	respond(401, challenge);
	assert_int_equal(outcome.status, 401);
	params.credentials = &credentials;
	assert_int_equal(sip_uac_start(NULL, one.agent, &params, &handlers, NULL), 0);
	wire_run(&one.wire, 0);
	respond(401, challenge);
	respond(401, challenge);
	assert_int_equal(outcome.done, 2);
	assert_int_equal(outcome.status, 401);
}

/* ---- calls ------------------------------------------------------------------------------------- */

static struct call {
	struct sip_invite *invite;
	unsigned answered, ended, status;
} call;

static void on_answered(struct sip_invite *invite, const struct sip_msg *response, void *arg)
{
	call.answered++;
}

static void on_ended(
	struct sip_invite *invite, unsigned status, const struct sip_msg *message, void *arg)
{
	call.ended++;
	call.status = status;
}

static const struct sip_invite_handlers call_handlers = {
	.answered = on_answered, .ended = on_ended};

static void dial(const char *uri, size_t body_size)
{
	static char text[4096];
	struct sip_body body = {SLICE("application/sdp"), {text, body_size}};
	struct sip_invite_target target = {.uri = slice_str(uri),
		.from = SLICE("<sip:us@192.0.2.10>"),
		.to = SLICE("<sip:bob@example.com>")};

	memset(text, 'x', sizeof text);
	memset(&call, 0, sizeof call);
	assert_int_equal(sip_invite_connect(&call.invite, one.agent, &target, &body, SLICE_NONE,
				 &call_handlers, NULL),
		0);
	wire_run(&one.wire, 0);
}

static void hang_up(void)
{
	if (!call.ended)
		sip_invite_end(call.invite, SLICE_NONE);
	if (strncmp(last, "BYE", 3) == 0)
		respond(200, "");
	wire_run(&one.wire, 64000);
	assert_int_equal(call.ended, 1);
	obj_unref(call.invite);
}

static void a_call_goes_to_the_next_target(void **state)
{
	dial("sip:bob@two.example.com", 300);
	assert_string_equal(sent, "INVITE UDP 192.0.2.1:5060\n");
	sent[0] = '\0';
	wire_run(&one.wire, 3999);
	assert_null(strstr(sent, "192.0.2.2"));
	wire_run(&one.wire, 1);
	assert_non_null(strstr(sent, "INVITE UDP 192.0.2.2:5060\n"));
	assert_non_null(strstr(last, "CSeq: 1 INVITE\r\n"));
	/* The first gets nothing more. */
	sent[0] = '\0';
	respond(180, "");
	wire_run(&one.wire, 60000);
	assert_string_equal(sent, "");
	respond(200, "Contact: <sip:bob@192.0.2.2>\n");
	assert_string_equal(sent, "ACK UDP 192.0.2.2:5060\n");
	assert_int_equal(call.answered, 1);
	assert_string_equal(addr_print(sip_invite_peer(call.invite), sent), "192.0.2.2:5060");
	hang_up();
}

static void a_silent_target_that_rings_late_is_cancelled(void **state)
{
	char first[sizeof one.last];

	dial("sip:bob@two.example.com", 300);
	memcpy(first, one.last, sizeof first);
	wire_run(&one.wire, 4000);
	sent[0] = '\0';
	memcpy(one.last, first, sizeof first);
	last_to = wire_addr("192.0.2.1", 5060);
	respond(180, "");
	assert_string_equal(sent, "CANCEL UDP 192.0.2.1:5060\n");
	assert_int_equal(call.ended, 0);
	hang_up();
}

static void a_silent_target_that_answers_late_is_sent_away(void **state)
{
	static const char *const contact = "Contact: <sip:bob@192.0.2.1>\n";
	char first[sizeof one.last];

	dial("sip:bob@two.example.com", 300);
	memcpy(first, one.last, sizeof first);
	wire_run(&one.wire, 4000);
	for (int copy = 0; copy < 2; copy++) {
		sent[0] = '\0';
		memcpy(one.last, first, sizeof first);
		last_to = wire_addr("192.0.2.1", 5060);
		respond(200, contact);
		assert_string_equal(
			sent, copy ? "ACK UDP 192.0.2.1:5060\n"
				   : "ACK UDP 192.0.2.1:5060\nBYE UDP 192.0.2.1:5060\n");
	}
	assert_int_equal(call.answered + call.ended, 0);
	hang_up();
	assert_int_equal(one.agent->n_strays, 0);
}

static void a_call_refused_with_503_goes_on(void **state)
{
	dial("sip:bob@two.example.com", 300);
	respond(503, "");
	assert_non_null(strstr(sent, "INVITE UDP 192.0.2.2:5060\n"));
	respond(486, "");
	assert_int_equal(call.status, 486);
	hang_up();
}

static void a_large_call_goes_by_tcp_or_else_by_udp(void **state)
{
	dial("sip:bob@example.com", 3000);
	break_to("192.0.2.1", 5060);
	assert_string_equal(sent, "INVITE TCP 192.0.2.1:5060\nINVITE UDP 192.0.2.1:5060\n");
	assert_int_equal(sip_invite_transport(call.invite), SIP_UDP);
	respond(486, "");
	hang_up();
}

static void a_call_may_be_ended_while_its_name_is_looked_up(void **state)
{
	table.delay_ms = 500;
	dial("sip:bob@two.example.com", 300);
	assert_int_equal(sip_invite_local(call.invite)->len, 0);
	sip_invite_end(call.invite, SLICE_NONE);
	wire_run(&one.wire, 5000);
	assert_int_equal(call.ended, 1);
	assert_int_equal(call.status, 487);
	assert_string_equal(sent, "");
	hang_up();
}

static void a_call_to_nowhere_ends_with_503(void **state)
{
	dial("sip:bob@nowhere.example", 300);
	assert_int_equal(call.ended, 1);
	assert_int_equal(call.status, 503);
	hang_up();
}

static void requests_in_a_call_go_to_the_name_of_its_contact(void **state)
{
	dns_table_add(&table, "phone.example.com", "A 192.0.2.7");
	table.delay_ms = 50;
	dial("sip:bob@example.com:5060", 300);
	wire_run(&one.wire, 50);
	sent[0] = '\0';
	respond(200, "Contact: <sip:bob@phone.example.com>\n");
	assert_string_equal(sent, "");
	wire_run(&one.wire, 200);
	assert_string_equal(sent, "ACK UDP 192.0.2.7:5060\n");
	sent[0] = '\0';
	sip_invite_end(call.invite, SLICE_NONE);
	wire_run(&one.wire, 0);
	assert_string_equal(sent, "BYE UDP 192.0.2.7:5060\n");
	hang_up();
}

static void a_call_ended_before_its_contact_is_found_is_acknowledged_first(void **state)
{
	table.delay_ms = 5000;
	dial("sip:bob@192.0.2.1", 300);
	respond(200, "Contact: <sip:bob@phone.example.com>\n");
	assert_string_equal(sent, "INVITE UDP 192.0.2.1:5060\n");
	sent[0] = '\0';
	sip_invite_end(call.invite, SLICE_NONE);
	assert_string_equal(sent, "ACK UDP 192.0.2.1:5060\n");
	wire_run(&one.wire, 10000);
	assert_true(strncmp(sent, "ACK UDP 192.0.2.1:5060\nBYE UDP 192.0.2.1:5060\n", 46) == 0);
	hang_up();
}

static void a_request_in_a_call_goes_on_to_the_next_target(void **state)
{
	dial("sip:bob@192.0.2.1", 300);
	respond(200, "Contact: <sip:bob@two.example.com>\n");
	wire_run(&one.wire, 0);
	sent[0] = '\0';
	sip_invite_end(call.invite, SLICE_NONE);
	wire_run(&one.wire, 0);
	assert_string_equal(sent, "BYE UDP 192.0.2.1:5060\n");
	respond(503, "");
	assert_string_equal(sent, "BYE UDP 192.0.2.1:5060\nBYE UDP 192.0.2.2:5060\n");
	hang_up();
}

static void renegotiate(size_t body_size, bool update)
{
	static char text[4096];
	struct sip_body body = {SLICE("application/sdp"), {text, body_size}};

	memset(text, 'x', sizeof text);
	sent[0] = '\0';
	assert_int_equal(update ? sip_invite_update(call.invite, &body, SLICE_NONE)
				: sip_invite_renegotiate(call.invite, &body, SLICE_NONE),
		0);
}

static void large_requests_in_a_call_go_by_tcp_or_else_by_udp(void **state)
{
	dial("sip:bob@example.com", 300);
	respond(200, "Contact: <sip:bob@192.0.2.1>\nAllow: UPDATE\n");
	for (int update = 0; update < 2; update++) {
		const char *method = update ? "UPDATE" : "INVITE";
		char expected[128];

		renegotiate(3000, update);
		snprintf(expected, sizeof expected, "%s TCP 192.0.2.1:5060\n", method);
		assert_string_equal(sent, expected);
		respond(100, "");
		respond(200, "Contact: <sip:bob@192.0.2.1>\n");
		renegotiate(3000, update);
		break_to("192.0.2.1", 5060);
		snprintf(expected, sizeof expected,
			"%s TCP 192.0.2.1:5060\n%s UDP 192.0.2.1:5060\n", method, method);
		assert_string_equal(sent, expected);
		assert_non_null(strstr(last, update ? "CSeq: 6 UPDATE" : "CSeq: 3 INVITE"));
		respond(200, "Contact: <sip:bob@192.0.2.1>\n");
		renegotiate(300, update);
		snprintf(expected, sizeof expected, "%s UDP 192.0.2.1:5060\n", method);
		assert_string_equal(sent, expected);
		respond(200, "Contact: <sip:bob@192.0.2.1>\n");
	}
	assert_int_equal(call.answered, 7);
	sip_invite_end(call.invite, SLICE_NONE);
	hang_up();
}

static void large_requests_keep_to_the_flow_that_the_peer_asks_for(void **state)
{
	dial("sip:bob@example.com", 300);
	respond(200, "Contact: <sip:bob@192.0.2.77;ob>\nAllow: UPDATE\n");
	renegotiate(3000, false);
	assert_string_equal(sent, "INVITE UDP 192.0.2.1:5060\n");
	respond(200, "Contact: <sip:bob@192.0.2.77;ob>\n");
	renegotiate(3000, true);
	assert_string_equal(sent, "UPDATE UDP 192.0.2.1:5060\n");
	respond(200, "Contact: <sip:bob@192.0.2.77;ob>\n");
	sip_invite_end(call.invite, SLICE_NONE);
	hang_up();
}

static void every_failing_allocation_is_survived(void **state)
{
	unsigned good = 0;

	for (long i = 0; good < 3; i++) {
		struct sip_uac_params params = params_to("sip:bob@two.example.com");
		struct sip_credentials credentials = {SLICE("us"), SLICE("x"), SLICE_NONE};
		int err;

		assert_true(i < 300);
		params.credentials = &credentials;
		memset(&outcome, 0, sizeof outcome);
		mem_fail_after(i);
		err = sip_uac_start(NULL, one.agent, &params, &handlers, NULL);
		wire_run(&one.wire, 0);
		mem_fail_after(-1);
		wire_run(&one.wire, 64000);
		assert_int_equal(outcome.done, err == 0 ? 1 : 0);
		good += outcome.status == 408;
		wire_run(&one.wire, 3600 * 1000);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(a_request_goes_where_its_uri_leads),
		TEST(what_is_given_is_written),
		TEST(a_route_is_where_it_goes),
		TEST(a_given_flow_is_the_only_way),
		TEST(what_cannot_be_sent_is_refused),
		TEST(a_silent_target_is_given_up_for_the_next),
		TEST(the_last_target_has_all_its_time),
		TEST(a_target_that_has_answered_is_waited_for),
		TEST(a_503_and_a_transport_error_go_on_to_the_next),
		TEST(any_other_refusal_is_final),
		TEST(nobody_hears_of_an_abandoned_request),
		TEST(the_agents_end_ends_requests_without_a_word),
		TEST(what_is_too_large_for_udp_goes_by_tcp),
		TEST(where_there_is_no_tcp_it_goes_by_udp_however_large),
		TEST(the_next_target_may_have_tcp_again),
		TEST(a_challenge_is_answered_at_the_same_target),
		TEST(a_challenge_without_credentials_or_again_is_final),
		TEST(a_call_goes_to_the_next_target),
		TEST(a_silent_target_that_rings_late_is_cancelled),
		TEST(a_silent_target_that_answers_late_is_sent_away),
		TEST(a_call_refused_with_503_goes_on),
		TEST(a_large_call_goes_by_tcp_or_else_by_udp),
		TEST(a_call_may_be_ended_while_its_name_is_looked_up),
		TEST(a_call_to_nowhere_ends_with_503),
		TEST(requests_in_a_call_go_to_the_name_of_its_contact),
		TEST(a_call_ended_before_its_contact_is_found_is_acknowledged_first),
		TEST(a_request_in_a_call_goes_on_to_the_next_target),
		TEST(large_requests_in_a_call_go_by_tcp_or_else_by_udp),
		TEST(large_requests_keep_to_the_flow_that_the_peer_asks_for),
		TEST(every_failing_allocation_is_survived),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
