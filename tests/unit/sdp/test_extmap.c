/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Extensions of the RTP header in descriptions (RFC 8285 sections 5 and 7). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "core/mem.h"
#include "sdp/extmap.h"

#define LEVEL "urn:x:level"

static struct sdp *description(const char *session_lines, const char *media_lines)
{
	struct sdp *sdp;
	struct buf b;

	buf_init(&b, SDP_MAX_TEXT);
	buf_str(&b, "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n");
	buf_str(&b, session_lines);
	buf_str(&b, "m=audio 4000 RTP/AVP 0\r\n");
	buf_str(&b, media_lines);
	assert_int_equal(sdp_parse(buf_view(&b), &sdp, NULL), 0);
	buf_free(&b);
	return sdp;
}

static void an_extension_is_taken_apart(void **state)
{
	struct sdp_extmap map;

	assert_int_equal(sdp_extmap_parse(SLICE("1 " LEVEL), &map), 0);
	assert_int_equal(map.id, 1);
	assert_false(map.directed);
	assert_int_equal(map.direction, SDP_SENDRECV);
	assert_true(slice_eq(map.uri, SLICE(LEVEL)));
	assert_int_equal(map.attributes.n, 0);
	assert_int_equal(sdp_extmap_parse(SLICE("255/recvonly \t" LEVEL "  vad=on x "), &map), 0);
	assert_int_equal(map.id, 255);
	assert_true(map.directed);
	assert_int_equal(map.direction, SDP_RECVONLY);
	assert_true(slice_eq(map.attributes, SLICE("vad=on x")));
	assert_int_equal(sdp_extmap_parse(SLICE("4351/inactive " LEVEL), &map), 0);
	assert_int_equal(map.direction, SDP_INACTIVE);
}

static void what_is_malformed_is_no_extension(void **state)
{
	static const char *const bad[] = {"", "1", "1 ", "x " LEVEL, "-1 " LEVEL, "0 " LEVEL,
		"256 " LEVEL, "4095 " LEVEL, "4352 " LEVEL, "99999999999 " LEVEL, "1/ " LEVEL,
		"1/both " LEVEL, "/sendonly " LEVEL, "1/sendonly/x " LEVEL, "1/sendonly"};
	struct sdp_extmap map;

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_int_equal(sdp_extmap_parse(slice_str(bad[i]), &map), -EINVAL);
}

static void an_extension_is_found_for_the_stream_or_for_the_session(void **state)
{
	struct sdp *sdp = description("a=extmap:7 " LEVEL "\r\n", "");
	struct sdp_extmap map;

	assert_true(sdp_extmap_find(&sdp->media[0], LEVEL, &map));
	assert_int_equal(map.id, 7);
	assert_false(sdp_extmap_find(&sdp->media[0], "urn:x:other", &map));
	obj_unref(sdp);
	/* A stream that has any has no others (5). */
	sdp = description("a=extmap:7 " LEVEL "\r\n",
		"a=extmap:0 " LEVEL "\r\na=extmap:2 urn:x:y\r\na=extmap:3 urn:x:y\r\n");
	assert_false(sdp_extmap_find(&sdp->media[0], LEVEL, &map));
	assert_true(sdp_extmap_find(&sdp->media[0], "urn:x:y", &map));
	assert_int_equal(map.id, 2);
	obj_unref(sdp);
}

static void a_free_identifier_is_one_that_nobody_has(void **state)
{
	struct sdp *sdp = description("", "a=extmap:1 urn:x:a\r\na=extmap:2/sendonly urn:x:b\r\n"
					  "a=extmap:15 urn:x:c\r\na=extmap:4096 urn:x:d\r\n");
	struct buf b;

	assert_int_equal(sdp_extmap_free_id(&sdp->media[0]), 3);
	obj_unref(sdp);
	buf_init(&b, SDP_MAX_TEXT);
	for (unsigned id = 1; id <= 14; id++) {
		buf_str(&b, "a=extmap:");
		buf_u64(&b, id);
		buf_str(&b, " urn:x:a\r\n");
	}
	buf_char(&b, '\0');
	sdp = description("", b.p);
	assert_int_equal(sdp_extmap_free_id(&sdp->media[0]), 0);
	obj_unref(sdp);
	buf_free(&b);
}

static void an_extension_reads_back_as_written(void **state)
{
	struct sdp_extmap map = {.id = 9, .uri = SLICE(LEVEL)};
	struct sdp_draft draft;

	sdp_draft_init(&draft);
	sdp_extmap_write(&draft, &map);
	map.directed = true;
	map.direction = SDP_SENDONLY;
	map.attributes = SLICE("vad=on");
	sdp_extmap_write(&draft, &map);
	assert_int_equal(draft.err, 0);
	assert_true(slice_eq(sdp_draft_text(&draft),
		SLICE("a=extmap:9 " LEVEL "\r\na=extmap:9/sendonly " LEVEL " vad=on\r\n")));
	sdp_draft_free(&draft);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_extension_is_taken_apart),
		cmocka_unit_test(what_is_malformed_is_no_extension),
		cmocka_unit_test(an_extension_is_found_for_the_stream_or_for_the_session),
		cmocka_unit_test(a_free_identifier_is_one_that_nobody_has),
		cmocka_unit_test(an_extension_reads_back_as_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
