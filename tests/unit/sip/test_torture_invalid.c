/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The malformed messages of RFC 4475 (SDP bodies cut to their first line) and RFC 5118: with what
 * status each is answered, if at all.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "sip/message.h"

struct torture {
	const char *name;
	unsigned status; /* 0: dropped */
	struct slice text;
};

#define MESSAGE(literal)                       \
	{                                      \
		(literal), sizeof(literal) - 1 \
	}

/* clang-format off */
static const struct torture messages[] = {
	{"3.1.2.1 badinv01", 400, MESSAGE(
		"INVITE sip:user@example.com SIP/2.0\r\n"
		"To: sip:j.user@example.com\r\n"
		"From: sip:caller@example.net;tag=134161461246\r\n"
		"Max-Forwards: 7\r\n"
		"Call-ID: badinv01.0ha0isndaksdjasdf3234nas\r\n"
		"CSeq: 8 INVITE\r\n"
		"Via: SIP/2.0/UDP 192.0.2.15;;,;,,\r\n"
		"Contact: \"Joe\" <sip:joe@example.org>;;;;\r\n"
		"Content-Length: 5\r\n"
		"Content-Type: application/sdp\r\n"
		"\r\n"
		"v=0\r\n")},
	{"3.1.2.2 clerr", 400, MESSAGE(
		"INVITE sip:user@example.com SIP/2.0\r\n"
		"Max-Forwards: 80\r\n"
		"To: sip:j.user@example.com\r\n"
		"From: sip:caller@example.net;tag=93942939o2\r\n"
		"Contact: <sip:caller@hungry.example.net>\r\n"
		"Call-ID: clerr.0ha0isndaksdjweiafasdk3\r\n"
		"CSeq: 8 INVITE\r\n"
		"Via: SIP/2.0/UDP host5.example.com;branch=z9hG4bK-39234-23523\r\n"
		"Content-Type: application/sdp\r\n"
		"Content-Length: 9999\r\n"
		"\r\n"
		"v=0\r\n")},
	{"3.1.2.3 ncl", 400, MESSAGE(
		"INVITE sip:user@example.com SIP/2.0\r\n"
		"Max-Forwards: 254\r\n"
		"To: sip:j.user@example.com\r\n"
		"From: sip:caller@example.net;tag=32394234\r\n"
		"Call-ID: ncl.0ha0isndaksdj2193423r542w35\r\n"
		"CSeq: 0 INVITE\r\n"
		"Via: SIP/2.0/UDP 192.0.2.53;branch=z9hG4bKkdjuw\r\n"
		"Contact: <sip:caller@example53.example.net>\r\n"
		"Content-Type: application/sdp\r\n"
		"Content-Length: -999\r\n"
		"\r\n"
		"v=0\r\n")},
	{"3.1.2.4 scalar02", 400, MESSAGE(
		"REGISTER sip:example.com SIP/2.0\r\n"
		"Via: SIP/2.0/TCP host129.example.com;branch=z9hG4bK342sdfoi3\r\n"
		"To: <sip:user@example.com>\r\n"
		"From: <sip:user@example.com>;tag=239232jh3\r\n"
		"CSeq: 36893488147419103232 REGISTER\r\n"
		"Call-ID: scalar02.23o0pd9vanlq3wnrlnewofjas9ui32\r\n"
		"Max-Forwards: 300\r\n"
		"Expires: 1000000000000000000000000000000\r\n"
		"Contact: <sip:user@host129.example.com>\r\n"
		"  ;expires=280297596632815\r\n"
		"Content-Length: 0\r\n"
		"\r\n")},
	{"3.1.2.5 scalarlg", 0, MESSAGE(
		"SIP/2.0 503 Service Unavailable\r\n"
		"Via: SIP/2.0/TCP host129.example.com;branch=z9hG4bKzzxdiwo34sw;received=192.0.2.129\r\n"
		"To: <sip:user@example.com>\r\n"
		"From: <sip:other@example.net>;tag=2easdjfejw\r\n"
		"CSeq: 9292394834772304023312 OPTIONS\r\n"
		"Call-ID: scalarlg.noase0of0234hn2qofoaf0232aewf2394r\r\n"
		"Retry-After: 949302838503028349304023988\r\n"
		"Warning: 1812 overture \"In Progress\"\r\n"
		"Content-Length: 0\r\n"
		"\r\n")},
	{"3.1.2.6 quotbal", 400, MESSAGE(
		"INVITE sip:user@example.com SIP/2.0\r\n"
		"To: \"Mr. J. User <sip:j.user@example.com>\r\n"
		"From: sip:caller@example.net;tag=93334\r\n"
		"Max-Forwards: 10\r\n"
		"Call-ID: quotbal.aksdj\r\n"
		"Contact: <sip:caller@host59.example.net>\r\n"
		"CSeq: 8 INVITE\r\n"
		"Via: SIP/2.0/UDP 192.0.2.59:5050;branch=z9hG4bKkdjuw39234\r\n"
		"Content-Type: application/sdp\r\n"
		"Content-Length: 5\r\n"
		"\r\n"
		"v=0\r\n")},
	{"3.1.2.7 ltgtruri", 400, MESSAGE(
		"INVITE <sip:user@example.com> SIP/2.0\r\n"
		"To: sip:user@example.com\r\n"
		"From: sip:caller@example.net;tag=39291\r\n"
		"Max-Forwards: 23\r\n"
		"Call-ID: ltgtruri.1@192.0.2.5\r\n"
		"CSeq: 1 INVITE\r\n"
		"Via: SIP/2.0/UDP 192.0.2.5\r\n"
		"Contact: <sip:caller@host5.example.net>\r\n"
		"Content-Type: application/sdp\r\n"
		"Content-Length: 5\r\n"
		"\r\n"
		"v=0\r\n")},
	{"3.1.2.8 lwsruri", 400, MESSAGE(
		"INVITE sip:user@example.com; lr SIP/2.0\r\n"
		"To: sip:user@example.com;tag=3xfe-9921883-z9f\r\n"
		"From: sip:caller@example.net;tag=231413434\r\n"
		"Max-Forwards: 5\r\n"
		"Call-ID: lwsruri.asdfasdoeoi2323-asdfwrn23-asd834rk423\r\n"
		"CSeq: 2130706432 INVITE\r\n"
		"Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKkdjuw2395\r\n"
		"Contact: <sip:caller@host1.example.net>\r\n"
		"Content-Type: application/sdp\r\n"
		"Content-Length: 5\r\n"
		"\r\n"
		"v=0\r\n")},
	{"3.1.2.9 lwsstart", 400, MESSAGE(
		"INVITE  sip:user@example.com  SIP/2.0\r\n"
		"Max-Forwards: 8\r\n"
		"To: sip:user@example.com\r\n"
		"From: sip:caller@example.net;tag=8814\r\n"
		"Call-ID: lwsstart.dfknq234oi243099adsdfnawe3@example.com\r\n"
		"CSeq: 1893884 INVITE\r\n"
		"Via: SIP/2.0/UDP host1.example.com;branch=z9hG4bKkdjuw3923\r\n"
		"Contact: <sip:caller@host1.example.net>\r\n"
		"Content-Type: application/sdp\r\n"
		"Content-Length: 5\r\n"
		"\r\n"
		"v=0\r\n")},
	{"3.1.2.10 trws", 400, MESSAGE(
		"OPTIONS sip:remote-target@example.com SIP/2.0  \r\n"
		"Via: SIP/2.0/TCP host1.examle.com;branch=z9hG4bK299342093\r\n"
		"To: <sip:remote-target@example.com>\r\n"
		"From: <sip:local-resource@example.com>;tag=329429089\r\n"
		"Call-ID: trws.oicu34958239neffasdhr2345r\r\n"
		"Accept: application/sdp\r\n"
		"CSeq: 238923 OPTIONS\r\n"
		"Max-Forwards: 70\r\n"
		"Content-Length: 0\r\n"
		"\r\n")},
	{"3.1.2.14 badaspec", 400, MESSAGE(
		"OPTIONS sip:user@example.org SIP/2.0\r\n"
		"Via: SIP/2.0/UDP host4.example.com:5060;branch=z9hG4bKkdju43234\r\n"
		"Max-Forwards: 70\r\n"
		"From: \"Bell, Alexander\" <sip:a.g.bell@example.com>;tag=433423\r\n"
		"To: \"Watson, Thomas\" < sip:t.watson@example.org >\r\n"
		"Call-ID: badaspec.sdf0234n2nds0a099u23h3hnnw009cdkne3\r\n"
		"Accept: application/sdp\r\n"
		"CSeq: 3923239 OPTIONS\r\n"
		"l: 0\r\n"
		"\r\n")},
	{"3.1.2.15 baddn", 400, MESSAGE(
		"OPTIONS sip:t.watson@example.org SIP/2.0\r\n"
		"Via:     SIP/2.0/UDP c.example.com:5060;branch=z9hG4bKkdjuw\r\n"
		"Max-Forwards:      70\r\n"
		"From:    Bell, Alexander <sip:a.g.bell@example.com>;tag=43\r\n"
		"To:      Watson, Thomas <sip:t.watson@example.org>\r\n"
		"Call-ID: baddn.31415@c.example.com\r\n"
		"Accept: application/sdp\r\n"
		"CSeq:    3923239 OPTIONS\r\n"
		"l: 0\r\n"
		"\r\n"
		"\r\n")},
	{"3.1.2.16 badvers", 505, MESSAGE(
		"OPTIONS sip:t.watson@example.org SIP/7.0\r\n"
		"Via:     SIP/7.0/UDP c.example.com;branch=z9hG4bKkdjuw\r\n"
		"Max-Forwards:     70\r\n"
		"From:    A. Bell <sip:a.g.bell@example.com>;tag=qweoiqpe\r\n"
		"To:      T. Watson <sip:t.watson@example.org>\r\n"
		"Call-ID: badvers.31417@c.example.com\r\n"
		"CSeq:    1 OPTIONS\r\n"
		"l: 0\r\n"
		"\r\n")},
	{"3.1.2.17 mismatch01", 400, MESSAGE(
		"OPTIONS sip:user@example.com SIP/2.0\r\n"
		"To: sip:j.user@example.com\r\n"
		"From: sip:caller@example.net;tag=34525\r\n"
		"Max-Forwards: 6\r\n"
		"Call-ID: mismatch01.dj0234sxdfl3\r\n"
		"CSeq: 8 INVITE\r\n"
		"Via: SIP/2.0/UDP host.example.com;branch=z9hG4bKkdjuw\r\n"
		"l: 0\r\n"
		"\r\n")},
	{"3.1.2.18 mismatch02", 501, MESSAGE(
		"NEWMETHOD sip:user@example.com SIP/2.0\r\n"
		"To: sip:j.user@example.com\r\n"
		"From: sip:caller@example.net;tag=34525\r\n"
		"Max-Forwards: 6\r\n"
		"Call-ID: mismatch02.dj0234sxdfl3\r\n"
		"CSeq: 8 INVITE\r\n"
		"Contact: <sip:caller@host.example.net>\r\n"
		"Via: SIP/2.0/UDP host.example.net;branch=z9hG4bKkdjuw\r\n"
		"Content-Type: application/sdp\r\n"
		"l: 5\r\n"
		"\r\n"
		"v=0\r\n")},
	{"3.1.2.19 bigcode", 0, MESSAGE(
		"SIP/2.0 4294967301 better not break the receiver\r\n"
		"Via: SIP/2.0/UDP 192.0.2.105;branch=z9hG4bK2398ndaoe\r\n"
		"Call-ID: bigcode.asdof3uj203asdnf3429uasdhfas3ehjasdfas9i\r\n"
		"CSeq: 353494 INVITE\r\n"
		"From: <sip:user@example.com>;tag=39ansfi3\r\n"
		"To: <sip:user@example.edu>;tag=902jndnke3\r\n"
		"Content-Length: 0\r\n"
		"Contact: <sip:user@host105.example.com>\r\n"
		"\r\n")},
	{"3.3.1 insuf", 0, MESSAGE(
		"INVITE sip:user@example.com SIP/2.0\r\n"
		"CSeq: 193942 INVITE\r\n"
		"Via: SIP/2.0/UDP 192.0.2.95;branch=z9hG4bKkdj.insuf\r\n"
		"Content-Type: application/sdp\r\n"
		"l: 5\r\n"
		"\r\n"
		"v=0\r\n")},
	{"3.3.8 multi01", 400, MESSAGE(
		"INVITE sip:user@company.com SIP/2.0\r\n"
		"Contact: <sip:caller@host25.example.net>\r\n"
		"Via: SIP/2.0/UDP 192.0.2.25;branch=z9hG4bKkdjuw\r\n"
		"Max-Forwards: 70\r\n"
		"CSeq: 5 INVITE\r\n"
		"Call-ID: multi01.98asdh@192.0.2.1\r\n"
		"CSeq: 59 INVITE\r\n"
		"Call-ID: multi01.98asdh@192.0.2.2\r\n"
		"From: sip:caller@example.com;tag=3413415\r\n"
		"To: sip:user@example.com\r\n"
		"To: sip:other@example.net\r\n"
		"From: sip:caller@example.net;tag=2923420123\r\n"
		"Content-Type: application/sdp\r\n"
		"l: 5\r\n"
		"Contact: <sip:caller@host36.example.net>\r\n"
		"Max-Forwards: 5\r\n"
		"\r\n"
		"v=0\r\n")},
	{"3.3.9 mcl01", 400, MESSAGE(
		"OPTIONS sip:user@example.com SIP/2.0\r\n"
		"Via: SIP/2.0/UDP host5.example.net;branch=z9hG4bK293423\r\n"
		"To: sip:user@example.com\r\n"
		"From: sip:other@example.net;tag=3923942\r\n"
		"Call-ID: mcl01.fhn2323orihawfdoa3o4r52o3irsdf\r\n"
		"CSeq: 15932 OPTIONS\r\n"
		"Content-Length: 13\r\n"
		"Max-Forwards: 60\r\n"
		"Content-Length: 5\r\n"
		"Content-Type: text/plain\r\n"
		"\r\n"
		"There's no way to know how many octets are supposed to be here.\r\n"
		"\r\n")},
	{"RFC 5118 4.2 ipv6-bad", 400, MESSAGE(
		"REGISTER sip:2001:db8::10 SIP/2.0\r\n"
		"To: sip:user@example.com\r\n"
		"From: sip:user@example.com;tag=81x2\r\n"
		"Via: SIP/2.0/UDP [2001:db8::9:1];branch=z9hG4bKas3-111\r\n"
		"Call-ID: SSG9559905523997077@hlau_4100\r\n"
		"Contact: \"Caller\" <sip:caller@[2001:db8::1]>\r\n"
		"CSeq: 98176 REGISTER\r\n"
		"Content-Length: 0\r\n\r\n")},
};

/* RFC 4475 3.1.2.13: found only when Contact is looked at. */
static const struct torture regbadct = {"3.1.2.13 regbadct", 400, MESSAGE(
	"REGISTER sip:example.com SIP/2.0\r\n"
	"To: sip:user@example.com\r\n"
	"From: sip:user@example.com;tag=998332\r\n"
	"Max-Forwards: 70\r\n"
	"Call-ID: regbadct.k345asrl3fdbv@10.0.0.1\r\n"
	"CSeq: 1 REGISTER\r\n"
	"Via: SIP/2.0/UDP 135.180.130.133:5060;branch=z9hG4bKkdjuw\r\n"
	"Contact: sip:user@example.com?Route=%3Csip:sip.example.com%3E\r\n"
	"l: 0\r\n\r\n")};
/* clang-format on */

static void malformed_messages_are_refused_with_the_right_status(void **state)
{
	for (size_t i = 0; i < sizeof messages / sizeof messages[0]; i++) {
		const struct torture *t = &messages[i];
		struct sip_msg msg;
		size_t consumed;

		if (sip_msg_parse(t->text, false, &msg, &consumed) != -EBADMSG)
			fail_msg("%s is accepted", t->name);
		if (msg.answerable != (t->status != 0))
			fail_msg("%s: %s", t->name, msg.error);
		if (msg.answerable && msg.error_status != t->status)
			fail_msg("%s: %s, %u", t->name, msg.error, msg.error_status);
	}
}

static void a_malformed_contact_is_found_by_the_check(void **state)
{
	struct sip_msg msg;
	size_t consumed;

	assert_int_equal(sip_msg_parse(regbadct.text, false, &msg, &consumed), 0);
	assert_int_equal(sip_msg_check(&msg), -EBADMSG);
	assert_int_equal(msg.error_status, regbadct.status);
}

/* RFC 4475 3.1.2.3, 3.3.9: on a connection, what comes behind cannot be found. */
static void doubtful_lengths_end_a_connection(void **state)
{
	for (size_t i = 0; i < sizeof messages / sizeof messages[0]; i++) {
		const struct torture *t = &messages[i];
		struct sip_msg msg;
		size_t consumed = 1;

		if (!strstr(t->name, " ncl") && !strstr(t->name, " mcl01"))
			continue;
		assert_int_equal(sip_msg_parse(t->text, true, &msg, &consumed), -EBADMSG);
		assert_int_equal(consumed, 0);
		assert_true(msg.answerable);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(malformed_messages_are_refused_with_the_right_status),
		cmocka_unit_test(a_malformed_contact_is_found_by_the_check),
		cmocka_unit_test(doubtful_lengths_end_a_connection),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
