/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Multipart bodies (RFC 2046, RFC 5621): which part is found, and what is refused. */
#include "sip/multipart.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static int find(const char *type, const char *body, struct sip_part *part)
{
	return sip_multipart_find(slice_str(type), slice_str(body), SLICE("application/sdp"), part);
}

static void assert_found(const char *type, const char *body, const char *expected)
{
	struct sip_part part;

	assert_int_equal(find(type, body, &part), 0);
	assert_true(slice_eq(part.body, slice_str(expected)));
}

static void a_body_that_is_one_is_found(void **state)
{
	assert_found("application/SDP;charset=utf-8", "v=0\r\n", "v=0\r\n");
}

static void the_part_among_others_is_found(void **state)
{
	assert_found("multipart/mixed; boundary=\"b 1\"",
		"to be ignored\r\n--b 1\r\nContent-Type: text/plain\r\n\r\n--b\r\n--b 1  \r\n"
		"content-type:\r\n application/sdp\r\n\r\nv=0\r\ns=-\r\n\r\n--b 1--\r\nepilogue",
		"v=0\r\ns=-\r\n");
	assert_found("multipart/mixed;boundary=b",
		"--b\r\nContent-Type: multipart/related;boundary=c\r\n\r\n--c\r\n\r\nx\r\n--c\r\n"
		"Content-Type: application/sdp\r\n\r\nv=0\r\n--c--\r\n--b--",
		"v=0");
}

static void the_last_of_alternatives_counts_and_the_first_of_others(void **state)
{
	static const char body[] = "--b\r\nContent-Type: application/sdp\r\n\r\nv=1\r\n--b\r\n"
				   "Content-Type: application/sdp\r\n\r\nv=2\r\n--b--\r\n";

	assert_found("multipart/alternative;boundary=b", body, "v=2");
	assert_found("multipart/mixed;boundary=b", body, "v=1");
}

static void a_required_part_that_is_unknown_is_not_passed_over(void **state)
{
	static const char format[] = "--b\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n--b\r\n"
				     "Content-Type: application/x\r\n"
				     "Content-Disposition: session;handling=%s\r\n\r\nx\r\n--b--";
	struct sip_part part;
	char body[512];

	snprintf(body, sizeof body, format, "required");
	assert_int_equal(find("multipart/mixed;boundary=b", body, &part), -ENOTSUP);
	snprintf(body, sizeof body, format, "optional");
	assert_int_equal(find("multipart/mixed;boundary=b", body, &part), 0);
	assert_int_equal(find("multipart/mixed;boundary=b",
				 "--b\r\nContent-Type: application/sdp\r\n"
				 "Content-Transfer-Encoding: base64\r\n\r\ndj0w\r\n--b--",
				 &part),
		-ENOTSUP);
}

static void odd_bodies_are_refused(void **state)
{
	struct sip_part part;
	char body[4096];
	size_t n = 0;

	assert_int_equal(find("multipart/mixed", "--b\r\n\r\n--b--", &part), -EBADMSG);
	assert_int_equal(find("multipart/mixed;boundary=b", "", &part), -EBADMSG);
	assert_int_equal(find("multipart/mixed;boundary=b", "--b\r\n\r\nx", &part), -EBADMSG);
	assert_int_equal(
		find("multipart/mixed;boundary=b", "--b\r\n\r\nx\r\n--b--", &part), -ENOENT);
	assert_int_equal(find("", "v=0", &part), -ENOENT);
	for (int i = 0; i < SIP_MULTIPART_PARTS + 1; i++)
		n += (size_t)snprintf(body + n, sizeof body - n, "--b\r\n\r\nx\r\n");
	snprintf(body + n, sizeof body - n, "--b--");
	assert_int_equal(find("multipart/mixed;boundary=b", body, &part), -EBADMSG);
}

/* Nested without end, each level in the next. */
static void depth_is_bounded(void **state)
{
	struct sip_part part;
	char body[2048] = "v=0", next[sizeof body + 256];

	for (int i = 0; i < SIP_MULTIPART_DEPTH + 1; i++) {
		snprintf(next, sizeof next, "--b%d\r\nContent-Type: %s%d\r\n\r\n%s\r\n--b%d--\r\n",
			i, i ? "multipart/mixed;boundary=b" : "application/sdp;x=", i - 1, body, i);
		snprintf(body, sizeof body, "%.2000s", next);
		snprintf(next, sizeof next, "multipart/mixed;boundary=b%d", i);
		assert_int_equal(find(next, body, &part), i < SIP_MULTIPART_DEPTH ? 0 : -EBADMSG);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_body_that_is_one_is_found),
		cmocka_unit_test(the_part_among_others_is_found),
		cmocka_unit_test(the_last_of_alternatives_counts_and_the_first_of_others),
		cmocka_unit_test(a_required_part_that_is_unknown_is_not_passed_over),
		cmocka_unit_test(odd_bodies_are_refused),
		cmocka_unit_test(depth_is_bounded),
	};

	return cmocka_run_group_tests_name("multipart", tests, NULL, NULL);
}
