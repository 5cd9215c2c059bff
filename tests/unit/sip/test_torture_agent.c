/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The messages of RFC 4475 and RFC 5118, byte for byte, at an agent: what it answers, and what it
 * hands to the application. The sections say what an element should do.
 */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/mem.h"
#include "one_agent.h"
#include "sip/invite.h"
#include "sip/server_transaction.h"

enum { MAX_MESSAGE = 8192, DROPPED = 0 };

enum taker { NOBODY, CALL, REQUEST }; /* who in the application is given it */

struct expected {
	const char *name;
	unsigned status; /* final; DROPPED: nothing is sent */
	enum taker taker;
};

static const struct expected rfc4475[] = {
	{"wsinv", 481, NOBODY},   /* 3.1.1.1, well-formed; its To tag is of no dialog here */
	{"intmeth", 501, NOBODY}, /* 3.1.1.2: a method that this element does not know */
	{"esc01", 200, CALL},
	{"escnull", 200, REQUEST},
	{"esc02", 501, NOBODY}, /* 3.1.1.5: RE%47IST%45R is not REGISTER */
	{"lwsdisp", 200, NOBODY},
	{"longreq", 200, CALL},
	{"dblreq", 200, REQUEST}, /* 3.1.1.8: the second message in the datagram is no message */
	{"semiuri", 200, NOBODY},
	{"transports", 200, NOBODY},
	{"mpart01", 200, REQUEST},
	{"unreason", DROPPED, NOBODY}, /* responses to nothing that was asked */
	{"noreason", DROPPED, NOBODY},
	{"badinv01", 400, NOBODY},
	{"clerr", 400, NOBODY},
	{"ncl", 400, NOBODY},
	{"scalar02", 400, NOBODY},
	{"scalarlg", DROPPED, NOBODY}, /* 3.1.2.5: will simply discard it */
	{"quotbal", 400, NOBODY},
	{"ltgtruri", 400, NOBODY},
	{"lwsruri", 400, NOBODY},
	{"lwsstart", 400, NOBODY},
	{"trws", 400, NOBODY},
	{"escruri", 200, CALL}, /* 3.1.2.11: liberal, the escaped headers are ignored */
	{"baddate", 200, CALL}, /* 3.1.2.12: Date means nothing to this element */
	{"regbadct", 400, NOBODY},
	{"badaspec", 400, NOBODY},
	{"baddn", 400, NOBODY},
	{"badvers", 505, NOBODY},
	{"mismatch01", 400, NOBODY},
	{"mismatch02", 501, NOBODY}, /* 3.1.2.18: 501 tells more than 400 */
	{"bigcode", DROPPED, NOBODY},
	{"badbranch", 200, NOBODY}, /* 3.2.1: matched as RFC 2543's */
	{"insuf", DROPPED, NOBODY}, /* 3.3.1: not answerable without To, From, Call-ID */
	{"unkscm", 416, NOBODY},
	{"novelsc", 416, NOBODY},
	{"unksm2", 200, REQUEST}, /* 3.3.4: what To may be is the registrar's to say */
	{"bext01", 420, NOBODY},
	{"invut", 200, CALL}, /* 3.3.6: its 415 is the session's */
	{"regaut01", 200, REQUEST},
	{"multi01", 400, NOBODY},
	{"mcl01", 400, NOBODY},
	{"bcast", DROPPED, NOBODY}, /* 3.3.10 */
	{"zeromf", 200, NOBODY},    /* 3.3.11: an endpoint processes it */
	{"cparam01", 200, REQUEST},
	{"cparam02", 200, REQUEST},
	{"regescrt", 200, REQUEST},
	{"sdp01", 200, CALL},     /* 3.3.15: application/sdp may be answered all the same */
	{"inv2543", 400, NOBODY}, /* 3.4.1, understood; but without Contact there is no dialog */
	{"test", DROPPED, NOBODY},
};

static const struct expected rfc5118[] = {
	{"ipv6-good", 200, REQUEST},
	{"ipv6-bad", 400, NOBODY},
	{"port-ambiguous", 200, REQUEST},
	{"port-unambiguous", 200, REQUEST},
	{"via-received-param-with-delim", 481, NOBODY}, /* BYE of no dialog here */
	{"via-received-param-no-delim", 200, NOBODY},
	{"ipv6-in-sdp", 200, CALL},
	{"mult-ip-in-header", 481, NOBODY},
	{"mult-ip-in-sdp", 200, CALL},
	{"ipv4-mapped-ipv6", 200, CALL},
	{"ipv6-bug-abnf-3-colons", 200, NOBODY}, /* 4.10: must tolerate both */
	{"ipv6-correct-abnf-2-colons", 200, NOBODY},
};

struct fixture {
	struct one_agent one;
	unsigned taken[3];
	char text[MAX_MESSAGE];
	size_t n;
};

static const struct sip_body body = {
	{"application/sdp", sizeof "application/sdp" - 1}, {"v=0\r\n", 5}};

static void on_ended(
	struct sip_invite *invite, unsigned status, const struct sip_msg *message, void *arg)
{
}

static const struct sip_invite_handlers handlers = {.ended = on_ended};

static void on_invite(struct sip_invite *invite, const struct sip_msg *request, void *arg)
{
	struct fixture *f = arg;

	f->taken[CALL]++;
	sip_invite_set_handlers(invite, &handlers, f);
	sip_invite_accept(invite, &body, SLICE_NONE);
}

static bool on_request(struct sip_server_transaction *txn, const struct sip_msg *request, void *arg)
{
	struct fixture *f = arg;

	f->taken[REQUEST]++;
	sip_server_transaction_reply(txn, 200, SLICE_NONE, SLICE_NONE, SLICE_NONE);
	return true;
}

static const struct sip_agent_handlers agent_handlers = {
	.invite = on_invite, .request = on_request};

/*
 * The lines of RFC 5118's archive end with LF alone, which is no SIP. Not all its lengths are those
 * of the bodies with CRLF: each is put right, in its three digits.
 */
static void end_lines_with_crlf(struct fixture *f)
{
	char text[MAX_MESSAGE], *length;
	const char *end;
	size_t n = 0;

	if (memchr(f->text, '\r', f->n))
		return;
	for (size_t i = 0; i < f->n && n < sizeof text - 3; i++) {
		if (f->text[i] == '\n')
			text[n++] = '\r';
		text[n++] = f->text[i];
	}
	memcpy(f->text, text, n);
	f->n = n;
	if (!memmem(text, n, "\r\n\r\n", 4)) { /* two lack their empty line */
		memcpy(f->text + n, "\r\n", 2);
		f->n += 2;
	}
	length = memmem(f->text, n, "Content-Length: ", 16);
	end = memmem(f->text, n, "\r\n\r\n", 4);
	if (length && end && length[16] != '0') {
		char digits[16];

		snprintf(digits, sizeof digits, "%03zu", (size_t)(f->text + n - end) - 4);
		memcpy(length + 16, digits, 3);
	}
}

static void load(struct fixture *f, const char *rfc, const char *name)
{
	char path[512];
	FILE *file;

	snprintf(path, sizeof path, TORTURE "/%s/%s.dat", rfc, name);
	file = fopen(path, "rb");
	if (!file)
		fail_msg("%s cannot be read", path);
	f->n = fread(f->text, 1, sizeof f->text, file);
	fclose(file);
	end_lines_with_crlf(f);
}

/* By what a Via says, as it is the transport that RFC 4475 has it come by. */
static enum sip_transport transport_of(const struct fixture *f)
{
	return memmem(f->text, f->n, "\r\nVia: SIP/2.0/TCP", 18) ? SIP_TCP : SIP_UDP;
}

static void deliver(struct fixture *f, enum sip_transport transport)
{
	wire_deliver(f->one.endpoint, slice_of(f->text, f->n), &f->one.peer, transport);
}

static unsigned status_of(const struct fixture *f)
{
	return f->one.sent ? (unsigned)strtoul(f->one.last + strlen("SIP/2.0 "), NULL, 10)
			   : DROPPED;
}

static void judge(struct fixture *f, const struct expected *e)
{
	if (status_of(f) != e->status)
		fail_msg("%s: %u instead of %u:\n%s", e->name, status_of(f), e->status,
			f->one.sent ? f->one.last : "");
	if (f->taken[CALL] != (e->taker == CALL) || f->taken[REQUEST] != (e->taker == REQUEST))
		fail_msg("%s: handed out as %u calls and %u requests", e->name, f->taken[CALL],
			f->taken[REQUEST]);
}

static void run(const char *rfc, const struct expected *e)
{
	struct fixture f;

	memset(&f, 0, sizeof f);
	one_agent_open(&f.one, &agent_handlers, &f, NULL);
	load(&f, rfc, e->name);
	deliver(&f, transport_of(&f));
	judge(&f, e);
	/* Nobody acknowledges; the retransmissions end, and so does the call. */
	wire_run(&f.one.wire, 200000);
	assert_int_equal(sip_agent_load(f.one.agent).server_transactions, 0);
	assert_int_equal(sip_agent_load(f.one.agent).client_transactions, 0);
	assert_int_equal(sip_agent_load(f.one.agent).invites, 0);
	assert_int_equal(one_agent_close(&f.one), 0);
}

static void run_all(const char *rfc, const struct expected *all, size_t n)
{
	char path[512];
	const struct dirent *entry;
	size_t files = 0;
	DIR *dir;

	for (size_t i = 0; i < n; i++)
		run(rfc, &all[i]);
	snprintf(path, sizeof path, TORTURE "/%s", rfc);
	dir = opendir(path);
	assert_non_null(dir);
	while ((entry = readdir(dir)))
		files += strstr(entry->d_name, ".dat") != NULL;
	closedir(dir);
	assert_int_equal(files, n); /* none is forgotten */
}

static void every_message_of_rfc4475_gets_what_it_should(void **state)
{
	run_all("rfc4475", rfc4475, sizeof rfc4475 / sizeof rfc4475[0]);
}

static void every_message_of_rfc5118_gets_what_it_should(void **state)
{
	run_all("rfc5118", rfc5118, sizeof rfc5118 / sizeof rfc5118[0]);
}

/* RFC 4475 3.3.5: the 420 says which extensions. */
static void unknown_extensions_are_named(void **state)
{
	struct fixture f;

	memset(&f, 0, sizeof f);
	one_agent_open(&f.one, &agent_handlers, &f, NULL);
	load(&f, "rfc4475", "bext01");
	deliver(&f, SIP_UDP);
	assert_string_equal(one_agent_header(&f.one, "Unsupported"),
		"nothingSupportsThis, nothingSupportsThisEither");
	assert_int_equal(one_agent_close(&f.one), 0);
}

/* A message that comes twice, as UDP does it, is not taken twice. */
static void a_repeated_message_is_not_taken_twice(void **state)
{
	for (size_t i = 0; i < sizeof rfc4475 / sizeof rfc4475[0]; i++) {
		struct fixture f;

		memset(&f, 0, sizeof f);
		one_agent_open(&f.one, &agent_handlers, &f, NULL);
		load(&f, "rfc4475", rfc4475[i].name);
		deliver(&f, SIP_UDP);
		deliver(&f, SIP_UDP);
		judge(&f, &rfc4475[i]);
		assert_int_equal(one_agent_close(&f.one), 0);
	}
}

/* Each cut short at each byte, whole and in a connection: no answer breaks, nothing is left. */
static void messages_cut_short_break_nothing(void **state)
{
	for (size_t i = 0; i < sizeof rfc4475 / sizeof rfc4475[0]; i++) {
		struct fixture f;
		size_t whole;

		memset(&f, 0, sizeof f);
		one_agent_open(&f.one, &agent_handlers, &f, NULL);
		load(&f, "rfc4475", rfc4475[i].name);
		whole = f.n;
		for (f.n = 0; f.n < whole; f.n += 7) {
			char *copy = malloc(f.n ? f.n : 1); /* for the sanitizer to see its end */

			assert_non_null(copy);
			memcpy(copy, f.text, f.n);
			wire_deliver(f.one.endpoint, slice_of(copy, f.n), &f.one.peer,
				f.n & 1 ? SIP_TCP : SIP_UDP);
			free(copy);
		}
		wire_run(&f.one.wire, 200000);
		assert_int_equal(sip_agent_load(f.one.agent).invites, 0);
		assert_int_equal(one_agent_close(&f.one), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_message_of_rfc4475_gets_what_it_should),
		cmocka_unit_test(every_message_of_rfc5118_gets_what_it_should),
		cmocka_unit_test(unknown_extensions_are_named),
		cmocka_unit_test(a_repeated_message_is_not_taken_twice),
		cmocka_unit_test(messages_cut_short_break_nothing),
	};

	return cmocka_run_group_tests_name("torture_agent", tests, NULL, NULL);
}
