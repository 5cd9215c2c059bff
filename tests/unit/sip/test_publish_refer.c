/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Requests of ours that are told more than once: PUBLISH (RFC 3903) and REFER (RFC 3515, 4488). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "core/mem.h"
#include "one_agent.h"
#include "sip/publish.h"
#include "sip/referrer.h"

struct fixture {
	struct one_agent one;
	unsigned published, ended, status, told;
};

static const struct sip_agent_handlers no_handlers;

static void answer(struct fixture *f, unsigned status, const char *lines)
{
	char via[512], from[512], to[512], call_id[512], cseq[512];

	snprintf(via, sizeof via, "%s", one_agent_header(&f->one, "Via"));
	snprintf(from, sizeof from, "%s", one_agent_header(&f->one, "From"));
	snprintf(to, sizeof to, "%s", one_agent_header(&f->one, "To"));
	snprintf(call_id, sizeof call_id, "%s", one_agent_header(&f->one, "Call-ID"));
	snprintf(cseq, sizeof cseq, "%s", one_agent_header(&f->one, "CSeq"));
	one_agent_receive(&f->one, SIP_UDP,
		"SIP/2.0 %u Reason\nVia: %s\nFrom: %s\nTo: %s;tag=bob\nCall-ID: %s\nCSeq: %s\n"
		"%sContent-Length: 0\n\n",
		status, via, from, to, call_id, cseq, lines);
	wire_run(&f->one.wire, 1); /* where the next one goes is found from a timer */
}

/* ---- PUBLISH ----------------------------------------------------------------------------------- */

static void on_published(struct sip_publication *p, void *arg)
{
	struct fixture *f = arg;

	f->published++;
}

static void on_publication_ended(
	struct sip_publication *p, unsigned status, int64_t retry_ms, void *arg)
{
	struct fixture *f = arg;

	f->ended++;
	f->status = status;
}

static const struct sip_publication_handlers publication_handlers = {
	.published = on_published,
	.ended = on_publication_ended,
};

static struct sip_publication *publish(struct fixture *f)
{
	struct sip_publication_params params = {
		.uri = SLICE("sip:room@192.0.2.1:5060"),
		.from = SLICE("<sip:room@192.0.2.10>"),
		.event = SLICE("presence"),
		.expires = 3600,
	};
	struct sip_body state = {SLICE("application/pidf+xml"), SLICE("open")};
	struct sip_publication *p = NULL;

	if (sip_publication_start(&p, f->one.agent, &params, &state, &publication_handlers, f) < 0)
		return NULL;
	wire_run(&f->one.wire, 1);
	return p;
}

static void open_fixture(struct fixture *f)
{
	memset(f, 0, sizeof *f);
	one_agent_open(&f->one, &no_handlers, NULL, NULL);
}

static void a_state_is_published_refreshed_modified_and_removed(void **state)
{
	struct sip_body closed = {SLICE("application/pidf+xml"), SLICE("closed")};
	struct sip_publication *p;
	struct fixture f;

	open_fixture(&f);
	p = publish(&f);
	assert_true(one_agent_last_is(&f.one, "PUBLISH sip:room@192.0.2.1:5060 SIP/2.0\r\n"));
	assert_string_equal(one_agent_header(&f.one, "Event"), "presence");
	assert_string_equal(one_agent_header(&f.one, "SIP-If-Match"), "");
	assert_non_null(strstr(f.one.last, "\r\n\r\nopen"));
	answer(&f, 200, "SIP-ETag: first\nExpires: 600\n");
	assert_int_equal(f.published, 1);
	one_agent_mark(&f.one);
	wire_run(&f.one.wire, 539000);
	assert_int_equal(f.one.sent, 0);
	wire_run(&f.one.wire, 2000);
	assert_string_equal(one_agent_header(&f.one, "SIP-If-Match"), "first");
	assert_string_equal(one_agent_header(&f.one, "Content-Length"), "0");
	answer(&f, 200, "SIP-ETag: second\nExpires: 600\n");
	assert_int_equal(sip_publication_modify(p, &closed), 0);
	wire_run(&f.one.wire, 1);
	assert_string_equal(one_agent_header(&f.one, "SIP-If-Match"), "second");
	assert_non_null(strstr(f.one.last, "\r\n\r\nclosed"));
	answer(&f, 200, "SIP-ETag: third\nExpires: 600\n");
	sip_publication_remove(p);
	wire_run(&f.one.wire, 1);
	assert_string_equal(one_agent_header(&f.one, "SIP-If-Match"), "third");
	assert_string_equal(one_agent_header(&f.one, "Expires"), "0");
	answer(&f, 200, "SIP-ETag: fourth\nExpires: 0\n");
	assert_int_equal(f.ended, 0);
	obj_unref(p);
	assert_int_equal(one_agent_close(&f.one), 0);
}

static void a_forgotten_state_is_published_anew(void **state)
{
	struct sip_publication *p;
	struct fixture f;

	open_fixture(&f);
	p = publish(&f);
	answer(&f, 200, "SIP-ETag: first\nExpires: 600\n");
	wire_run(&f.one.wire, 541000);
	answer(&f, 412, "");
	assert_string_equal(one_agent_header(&f.one, "SIP-If-Match"), "");
	assert_non_null(strstr(f.one.last, "\r\n\r\nopen"));
	answer(&f, 423, "Min-Expires: 7200\n");
	assert_string_equal(one_agent_header(&f.one, "Expires"), "7200");
	assert_non_null(strstr(f.one.last, "\r\n\r\nopen"));
	answer(&f, 489, "");
	assert_int_equal(f.ended, 1);
	assert_int_equal(f.status, 489);
	obj_unref(p);
	assert_int_equal(one_agent_close(&f.one), 0);
}

static void publishing_survives_every_failing_allocation(void **state)
{
	for (long i = 0; i < 40; i++) {
		struct sip_publication *p;
		struct fixture f;

		open_fixture(&f);
		mem_fail_after(i);
		p = publish(&f);
		if (p) {
			answer(&f, 200, "SIP-ETag: first\nExpires: 600\n");
			sip_publication_remove(p);
		}
		mem_fail_after(-1);
		wire_run(&f.one.wire, 100000);
		obj_unref(p);
		assert_int_equal(one_agent_close(&f.one), 0);
	}
}

/* ---- REFER ------------------------------------------------------------------------------------- */

static void on_progress(struct sip_referrer *r, unsigned status, struct slice phrase, void *arg)
{
	struct fixture *f = arg;

	f->told = status;
}

static void on_ended(struct sip_referrer *r, unsigned status, void *arg)
{
	struct fixture *f = arg;

	f->ended++;
	f->status = status;
}

static const struct sip_referrer_handlers referrer_handlers = {
	.progress = on_progress,
	.ended = on_ended,
};

static struct sip_referrer *refer(struct fixture *f, bool quiet)
{
	struct sip_referrer_params params = {
		.uri = SLICE("sip:bob@192.0.2.1:5060"),
		.from = SLICE("<sip:room@192.0.2.10>"),
		.to = SLICE("<sip:bob@192.0.2.1>"),
		.refer_to = SLICE("sip:carol@example.org"),
		.method = SIP_BYE,
		.referred_by = SLICE("<sip:room@192.0.2.10>"),
		.no_subscription = quiet,
	};
	struct sip_referrer *r = NULL;

	assert_int_equal(sip_referrer_start(&r, f->one.agent, &params, &referrer_handlers, f), 0);
	wire_run(&f->one.wire, 1);
	return r;
}

static void notify(
	struct fixture *f, const char *from, const char *call_id, unsigned cseq, const char *rest)
{
	char tag[64];

	snprintf(tag, sizeof tag, "%s", strstr(from, ";tag=") + 5);
	one_agent_receive(&f->one, SIP_UDP,
		"NOTIFY sip:sylkserver@192.0.2.10 SIP/2.0\n"
		"Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKn%u%s\nMax-Forwards: 70\n"
		"From: <sip:bob@192.0.2.1>;tag=bob\nTo: <sip:room@192.0.2.10>;tag=%s\n"
		"Call-ID: %s\nCSeq: %u NOTIFY\nContact: <sip:bob@192.0.2.1:5060>\n"
		"Event: refer\nContent-Type: message/sipfrag\n%s",
		cseq, tag, tag, call_id, cseq, rest);
}

static void notifys_tell_what_became_of_a_refer_even_before_its_response(void **state)
{
	char from[256], call_id[256];
	struct sip_referrer *r;
	struct fixture f;

	open_fixture(&f);
	r = refer(&f, false);
	assert_string_equal(
		one_agent_header(&f.one, "Refer-To"), "<sip:carol@example.org;method=BYE>");
	assert_string_equal(one_agent_header(&f.one, "Referred-By"), "<sip:room@192.0.2.10>");
	snprintf(from, sizeof from, "%s", one_agent_header(&f.one, "From"));
	snprintf(call_id, sizeof call_id, "%s", one_agent_header(&f.one, "Call-ID"));
	notify(&f, from, call_id, 1,
		"Subscription-State: active;expires=60\nContent-Length: 20\n\n"
		"SIP/2.0 100 Trying\n");
	assert_true(one_agent_last_is(&f.one, "SIP/2.0 200 OK\r\n"));
	assert_int_equal(f.told, 100);
	notify(&f, from, call_id, 2,
		"Subscription-State: terminated;reason=noresource\nContent-Length: 16\n\n"
		"SIP/2.0 200 OK\n");
	assert_int_equal(f.ended, 1);
	assert_int_equal(f.status, 200);
	notify(&f, from, call_id, 3,
		"Subscription-State: active\nContent-Length: 16\n\nSIP/2.0 200 OK\n");
	assert_true(one_agent_last_is(&f.one, "SIP/2.0 481 "));
	obj_unref(r);
	assert_int_equal(one_agent_close(&f.one), 0);
}

static void without_a_subscription_the_response_is_the_end(void **state)
{
	struct sip_referrer *r;
	struct fixture f;

	open_fixture(&f);
	r = refer(&f, true);
	assert_string_equal(one_agent_header(&f.one, "Refer-Sub"), "false");
	answer(&f, 202, "Refer-Sub: false\nContact: <sip:bob@192.0.2.1:5060>\n");
	assert_int_equal(f.ended, 1);
	assert_int_equal(f.status, 202);
	obj_unref(r);
	assert_int_equal(one_agent_close(&f.one), 0);
}

static void a_refer_that_is_refused_or_never_told_of_ends(void **state)
{
	struct sip_referrer *r;
	struct fixture f;

	open_fixture(&f);
	r = refer(&f, false);
	answer(&f, 603, "");
	assert_int_equal(f.ended, 1);
	assert_int_equal(f.status, 603);
	obj_unref(r);
	r = refer(&f, false);
	answer(&f, 202, "Contact: <sip:bob@192.0.2.1:5060>\n");
	wire_run(&f.one.wire, 31000);
	assert_int_equal(f.ended, 1);
	wire_run(&f.one.wire, 2000); /* timer N */
	assert_int_equal(f.ended, 2);
	assert_int_equal(f.status, 408);
	obj_unref(r);
	assert_int_equal(one_agent_close(&f.one), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_state_is_published_refreshed_modified_and_removed),
		cmocka_unit_test(a_forgotten_state_is_published_anew),
		cmocka_unit_test(publishing_survives_every_failing_allocation),
		cmocka_unit_test(notifys_tell_what_became_of_a_refer_even_before_its_response),
		cmocka_unit_test(without_a_subscription_the_response_is_the_end),
		cmocka_unit_test(a_refer_that_is_refused_or_never_told_of_ends),
	};

	return cmocka_run_group_tests_name("publish_refer", tests, NULL, NULL);
}
