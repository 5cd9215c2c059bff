/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Drafts of media sections and session parts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#include "core/mem.h"
#include "sdp/draft.h"

#define HEAD "v=0\r\no=- 1 2 IN IP4 192.0.2.1\r\ns=-\r\nt=0 0\r\n"

static void assert_text(const struct sdp_draft *draft, const char *expected)
{
	struct slice text = sdp_draft_text(draft);

	assert_int_equal(draft->err, 0);
	assert_int_equal(text.n, strlen(expected));
	assert_memory_equal(text.p, expected, text.n);
}

static void lines_go_where_the_grammar_has_them(void **state)
{
	struct sdp_draft d;

	sdp_draft_init(&d);
	sdp_draft_media(&d, "audio", 50000, "RTP/AVP");
	sdp_draft_attribute(&d, "rtpmap", "%u %s/%u", 96, "opus", 48000);
	sdp_draft_payload(&d, 96);
	sdp_draft_direction(&d, SDP_SENDRECV);
	sdp_draft_payload(&d, 0);
	sdp_draft_bandwidth(&d, "AS", 64);
	sdp_draft_connection(&d, SLICE("192.0.2.1"));
	sdp_draft_bandwidth(&d, "TIAS", 64000);
	sdp_draft_line(&d, 'i', SLICE("title"));
	sdp_draft_line(&d, 'q', SLICE(""));
	sdp_draft_flag(&d, "rtcp-mux");
	assert_text(&d,
		"m=audio 50000 RTP/AVP 96 0\r\ni=title\r\nc=IN IP4 192.0.2.1\r\nb=AS:64\r\n"
		"b=TIAS:64000\r\na=rtpmap:96 opus/48000\r\na=sendrecv\r\nq=\r\na=rtcp-mux\r\n");
	assert_true(sdp_draft_has_line(&d, 'c'));
	assert_false(sdp_draft_has_line(&d, 'm'));
	assert_false(sdp_draft_has_line(&d, 'k'));
	sdp_draft_media(&d, "message", 2855, "TCP/TLS/MSRP");
	sdp_draft_format(&d, SLICE("*"));
	sdp_draft_connection(&d, SLICE("2001:db8::1"));
	assert_text(&d, "m=message 2855 TCP/TLS/MSRP *\r\nc=IN IP6 2001:db8::1\r\n");
	sdp_draft_free(&d);
}

static void a_session_part_is_ordered_too(void **state)
{
	struct sdp_draft d;

	sdp_draft_init(&d);
	sdp_draft_flag(&d, "ice-lite");
	sdp_draft_line(&d, 't', SLICE("0 0"));
	sdp_draft_line(&d, 'v', SLICE("0"));
	sdp_draft_bandwidth(&d, "CT", 1);
	sdp_draft_attribute(&d, "group", "BUNDLE %d %d", 0, 1);
	assert_text(&d, "v=0\r\nb=CT:1\r\nt=0 0\r\na=ice-lite\r\na=group:BUNDLE 0 1\r\n");
	sdp_draft_free(&d);
}

/* Names of files, nicknames and the like come from peers. */
static void nobody_can_put_lines_into_a_draft(void **state)
{
	static const char *const bad[] = {"x\r\na=y", "x\ny", "x\ry"};
	struct sdp_draft d;

	sdp_draft_init(&d);
	for (unsigned i = 0; i < 3; i++) {
		sdp_draft_media(&d, "audio", 1, "RTP/AVP");
		sdp_draft_attribute(&d, "file-selector", "name:\"%s\"", bad[i]);
		assert_int_equal(d.err, -EINVAL);
		sdp_draft_media(&d, "audio", 1, "RTP/AVP");
		sdp_draft_line(&d, 'i', slice_str(bad[i]));
		assert_int_equal(d.err, -EINVAL);
		sdp_draft_media(&d, "audio", 1, "RTP/AVP");
		sdp_draft_format(&d, slice_str(bad[i]));
		assert_int_equal(d.err, -EINVAL);
		sdp_draft_media(&d, bad[i], 1, "RTP/AVP");
		assert_int_equal(d.err, -EINVAL);
	}
	sdp_draft_media(&d, "audio", 1, "RTP/AVP");
	sdp_draft_line(&d, 'i', SLICE("a\0b"));
	assert_int_equal(d.err, -EINVAL);
	sdp_draft_free(&d);
}

static void errors_stick_and_change_nothing(void **state)
{
	struct sdp_draft d;

	sdp_draft_init(&d);
	sdp_draft_format(&d, SLICE("0"));
	assert_int_equal(d.err, -EINVAL); /* no m-line */
	sdp_draft_media(&d, "audio", 65536, "RTP/AVP");
	assert_int_equal(d.err, -EINVAL);
	sdp_draft_media(&d, "audio", 1, "RTP/AVP");
	sdp_draft_payload(&d, 128);
	sdp_draft_payload(&d, 1);
	assert_int_equal(d.err, -EINVAL);
	assert_int_equal(d.text.n, strlen("m=audio 1 RTP/AVP\r\n"));
	sdp_draft_media(&d, "audio", 1, "RTP/AVP");
	sdp_draft_line(&d, 'm', SLICE("audio 1 RTP/AVP 0"));
	assert_int_equal(d.err, -EINVAL);
	sdp_draft_media(&d, "audio", 1, "RTP/AVP");
	sdp_draft_attribute(&d, "x", "%*d", SDP_MAX_TEXT, 1);
	assert_int_equal(d.err, -ENOBUFS);
	sdp_draft_free(&d);
}

static void a_section_is_copied_or_disabled(void **state)
{
	struct sdp_draft d;
	struct sdp *sdp;

	assert_int_equal(sdp_parse(SLICE(HEAD "m=audio 4000/2 RTP/AVP 0  8\na=x:\nc=IN IP4 h\n"
					      "m=video 0 RTP/AVP\n"),
				 &sdp, NULL),
		0);
	sdp_draft_init(&d);
	sdp_draft_copy(&d, &sdp->media[0]);
	sdp_draft_payload(&d, 101);
	sdp_draft_flag(&d, "y");
	assert_text(&d, "m=audio 4000/2 RTP/AVP 0 8 101\r\nc=IN IP4 h\r\na=x:\r\na=y\r\n");
	sdp_draft_disabled(&d, &sdp->media[0]);
	assert_text(&d, "m=audio 0 RTP/AVP 0 8\r\n");
	sdp_draft_disabled(&d, &sdp->media[1]);
	assert_text(&d, "m=video 0 RTP/AVP 0\r\n");
	sdp_draft_free(&d);
	obj_unref(sdp);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_go_where_the_grammar_has_them),
		cmocka_unit_test(a_session_part_is_ordered_too),
		cmocka_unit_test(nobody_can_put_lines_into_a_draft),
		cmocka_unit_test(errors_stick_and_change_nothing),
		cmocka_unit_test(a_section_is_copied_or_disabled),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
