/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Session descriptions: parser, writer, typed access. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/mem.h"
#include "sdp/sdp.h"

static struct sdp *parse(const char *text)
{
	struct sdp_error error = {0};
	struct sdp *sdp;
	int err = sdp_parse(slice_str(text), &sdp, &error);

	if (err)
		fail_msg("line %u: %s", error.line, error.reason);
	return sdp;
}

static void assert_slice(struct slice s, const char *expected)
{
	assert_int_equal(s.n, strlen(expected));
	assert_memory_equal(s.p, expected, s.n);
}

static void assert_written(const char *text, const char *expected)
{
	struct sdp *sdp = parse(text);
	struct buf out;

	buf_init(&out, SDP_MAX_TEXT);
	sdp_write(sdp, &out);
	assert_int_equal(out.err, 0);
	assert_int_equal(out.n, strlen(expected));
	assert_memory_equal(out.p, expected, out.n);
	buf_free(&out);
	obj_unref(sdp);
}

static void assert_refused(const char *text, size_t n, int expected, unsigned line)
{
	struct sdp_error error = {0};
	struct sdp *sdp;

	assert_int_equal(sdp_parse(slice_of(text, n), &sdp, &error), expected);
	assert_null(sdp);
	assert_non_null(error.reason);
	assert_int_equal(error.line, line);
}

#define HEAD "v=0\r\no=- 1 2 IN IP4 192.0.2.1\r\ns=-\r\nt=0 0\r\n"

static const char browser[] =
	"v=0\r\n"
	"o=- 4611731400430051336 2 IN IP4 127.0.0.1\r\n"
	"s=-\r\n"
	"t=0 0\r\n"
	"a=group:BUNDLE 0 1\r\n"
	"a=extmap-allow-mixed\r\n"
	"a=fingerprint:sha-256 AA:BB\r\n"
	"a=setup:actpass\r\n"
	"m=audio 9 UDP/TLS/RTP/SAVPF 111 9 0\r\n"
	"c=IN IP4 0.0.0.0\r\n"
	"a=rtcp:9 IN IP4 0.0.0.0\r\n"
	"a=candidate:1 1 udp 2122260223 192.0.2.7 54609 typ host generation 0\r\n"
	"a=ice-ufrag:F7gI\r\n"
	"a=ice-pwd:x9cml/YzichV2+XlhiMu8g\r\n"
	"a=mid:0\r\n"
	"a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level\r\n"
	"a=sendrecv\r\n"
	"a=rtcp-mux\r\n"
	"a=rtpmap:111 opus/48000/2\r\n"
	"a=rtcp-fb:111 transport-cc\r\n"
	"a=fmtp:111 minptime=10;useinbandfec=1\r\n"
	"a=ssrc:1001 cname:abc\r\n"
	"m=video 0 UDP/TLS/RTP/SAVPF 96\r\n"
	"c=IN IP4 0.0.0.0\r\n"
	"a=bundle-only\r\n"
	"a=mid:1\r\n"
	"a=setup:active\r\n"
	"a=rid:hi send\r\n"
	"a=simulcast:send hi\r\n";

static void every_line_of_a_browsers_offer_is_written_as_it_came(void **state)
{
	assert_written(browser, browser);
}

static void typed_access_reads_a_browsers_offer(void **state)
{
	struct sdp *sdp = parse(browser);
	const struct sdp_media *audio = &sdp->media[0], *video = &sdp->media[1];
	struct slice value, mids, word;
	struct sdp_rtcp rtcp;

	assert_int_equal(sdp->n_media, 2);
	assert_slice(sdp->origin.id, "4611731400430051336");
	assert_slice(audio->proto, "UDP/TLS/RTP/SAVPF");
	assert_slice(audio->formats, "111 9 0");
	assert_true(sdp_media_is_rtp(audio));
	assert_true(sdp_has_format(audio, SLICE("9")));
	assert_false(sdp_has_format(audio, SLICE("11")));
	assert_slice(sdp_mid(audio), "0");
	assert_true(sdp_group(sdp, "BUNDLE", &mids));
	assert_true(sdp_next_word(&mids, &word));
	assert_ptr_equal(sdp_media_by_mid(sdp, word), audio);
	assert_true(sdp_next_word(&mids, &word));
	assert_ptr_equal(sdp_media_by_mid(sdp, word), video);
	assert_false(sdp_next_word(&mids, &word));
	assert_false(sdp_group(sdp, "LS", &mids));
	sdp_rtcp(audio, &rtcp);
	assert_int_equal(rtcp.port, 9);
	assert_slice(rtcp.address, "0.0.0.0");
	assert_true(sdp_attribute(sdp_inherited(audio, "setup"), "setup", &value));
	assert_slice(value, "actpass");
	assert_true(sdp_attribute(sdp_inherited(video, "setup"), "setup", &value));
	assert_slice(value, "active");
	assert_true(sdp_attribute(sdp_inherited(video, "fingerprint"), "fingerprint", &value));
	assert_slice(value, "sha-256 AA:BB");
	assert_false(sdp_attribute(&video->section, "fingerprint", &value));
	assert_int_equal(value.n, 0);
	obj_unref(sdp);
}

static void a_bundle_only_line_is_enabled_where_bundle_is_known(void **state)
{
	struct sdp *sdp = parse(browser);

	assert_true(sdp_media_enabled(&sdp->media[0], false));
	assert_false(sdp_media_enabled(&sdp->media[1], false));
	assert_true(sdp_media_enabled(&sdp->media[1], true));
	obj_unref(sdp);
	sdp = parse(HEAD "m=video 0 RTP/AVP 96\r\na=bundle-only\r\na=mid:1\r\n");
	assert_false(sdp_media_enabled(&sdp->media[0], true));
	obj_unref(sdp);
}

static void lines_of_unknown_type_and_odd_lines_stay_in_place(void **state)
{
	assert_written(HEAD
		"q=what\r\na=one\r\ny=0100000001\r\na=two:\r\na=three:x:y\r\n"
		"m=audio 4000/2 RTP/AVP 0\r\ni=a title\r\ni=b title\r\nc=IN IP4 192.0.2.1\r\n"
		"b=AS:64\r\nb=TIAS:64000\r\na=x\r\nf=v/1/2/3\r\na=y\r\n",
		HEAD "q=what\r\na=one\r\ny=0100000001\r\na=two:\r\na=three:x:y\r\n"
		     "m=audio 4000/2 RTP/AVP 0\r\ni=a title\r\ni=b title\r\nc=IN IP4 192.0.2.1\r\n"
		     "b=AS:64\r\nb=TIAS:64000\r\na=x\r\nf=v/1/2/3\r\na=y\r\n");
}

static void lines_out_of_order_are_written_in_the_order_of_the_grammar(void **state)
{
	assert_written(
		"v=0\r\no=a 1 1 IN IP4 h\r\na=x\r\nc=IN IP4 h\r\nt=1 2\r\nr=1 2 3\r\nt=3 4\r\n"
		"z=0 "
		"1h\r\nk=prompt\r\nu=http://h\r\ne=a@h\r\np=+1\r\ni=info\r\ns=name\r\nb=AS:1\r\n"
		"m=audio 1 RTP/AVP 0\r\na=y\r\nb=AS:2\r\nc=IN IP4 g\r\ni=title\r\n",
		"v=0\r\no=a 1 1 IN IP4 "
		"h\r\ns=name\r\ni=info\r\nu=http://h\r\ne=a@h\r\np=+1\r\nc=IN IP4 h\r\n"
		"b=AS:1\r\nt=1 2\r\nr=1 2 3\r\nt=3 4\r\nz=0 1h\r\nk=prompt\r\na=x\r\n"
		"m=audio 1 RTP/AVP 0\r\ni=title\r\nc=IN IP4 g\r\nb=AS:2\r\na=y\r\n");
}

static void bare_lf_blank_lines_and_missing_s_and_t_are_tolerated(void **state)
{
	assert_written("v=0\no=- 1 1 IN IP4 h\n\nm=audio 1 RTP/AVP 0  8 \na=x\n\r\n",
		"v=0\r\no=- 1 1 IN IP4 h\r\ns=-\r\nt=0 0\r\nm=audio 1 RTP/AVP 0 8\r\na=x\r\n");
	assert_written("v=0\r\no=- 1 1 IN IP4 h\r\ns=\r\nc=IN IP4 h\r\nt=0 0\r\na=x",
		"v=0\r\no=- 1 1 IN IP4 h\r\ns=-\r\nc=IN IP4 h\r\nt=0 0\r\na=x\r\n");
}

static void an_origin_whose_username_has_blanks_is_read_from_its_end(void **state)
{
	struct sdp *sdp = parse("v=0\r\no=Jane Doe 12 34 IN IP6 2001:db8::1\r\n");

	assert_slice(sdp->origin.username, "Jane Doe");
	assert_slice(sdp->origin.id, "12");
	assert_slice(sdp->origin.version, "34");
	assert_slice(sdp->origin.addrtype, "IP6");
	assert_slice(sdp->origin.address, "2001:db8::1");
	obj_unref(sdp);
}

/* One such byte in the transport made another parser take all memory (research, sip-stack 3.2). */
static void bytes_above_127_stand_anywhere(void **state)
{
	static const char text[] = "v=0\r\no=J\xf6rg 1 1 IN IP4 h\r\ns=Gr\xc3\xbc\xc3\x9f"
				   "e\r\nt=0 0\r\n"
				   "m=message 2855 TCP/\xc3\x84/MSRP \xff\r\na=\xe9:\x80\r\n";
	struct sdp *sdp = parse(text);

	assert_slice(sdp->media[0].proto, "TCP/\xc3\x84/MSRP");
	assert_false(sdp_media_is_rtp(&sdp->media[0]));
	obj_unref(sdp);
	assert_written(text, text);
}

static void errors_name_the_line(void **state)
{
#define REFUSED(text, err, line) assert_refused(text, sizeof(text) - 1, err, line)
	REFUSED("", -EINVAL, 0);
	REFUSED("\r\n\r\n", -EINVAL, 0);
	REFUSED("v=0\r\n", -EINVAL, 0);
	REFUSED("v=1\r\n", -EINVAL, 1);
	REFUSED("o=- 1 1 IN IP4 h\r\nv=0\r\n", -EINVAL, 1);
	REFUSED("m=audio 1 RTP/AVP 0\r\n", -EINVAL, 1);
	REFUSED("v=0\r\nv=0\r\n", -EINVAL, 2);
	REFUSED("v=0\r\no=1 1 IN IP4 h\r\n", -EINVAL, 2);
	REFUSED(HEAD "o=- 1 2 IN IP4 h\r\n", -EINVAL, 5);
	REFUSED(HEAD "hello\r\n", -EINVAL, 5);
	REFUSED(HEAD "\r\n a=x\r\n", -EINVAL, 6);
	REFUSED(HEAD "a=x\0y\r\n", -EINVAL, 5);
	REFUSED(HEAD "a=x\ry\r\n", -EINVAL, 5);
	REFUSED(HEAD "m=audio\r\n", -EINVAL, 5);
	REFUSED(HEAD "m=audio 1 RTP/AVP\r\n", -EINVAL, 5);
	REFUSED(HEAD "m=audio x RTP/AVP 0\r\n", -EINVAL, 5);
	REFUSED(HEAD "m=audio 65536 RTP/AVP 0\r\n", -EINVAL, 5);
	REFUSED(HEAD "m=audio -1 RTP/AVP 0\r\n", -EINVAL, 5);
	REFUSED(HEAD "m=audio 99999999999999999999999 RTP/AVP 0\r\n", -EINVAL, 5);
	REFUSED(HEAD "m=audio 1/0 RTP/AVP 0\r\n", -EINVAL, 5);
	REFUSED(HEAD "m=audio 1/ RTP/AVP 0\r\n", -EINVAL, 5);
	REFUSED(HEAD "m=audio 1/4294967295 RTP/AVP 0\r\n", -EINVAL, 5);
#undef REFUSED
}

static void repeat(struct buf *b, const char *line, unsigned times)
{
	while (times--)
		buf_str(b, line);
}

static int parse_buf(const struct buf *b, struct sdp_error *error)
{
	struct sdp *sdp;
	int err = sdp_parse(buf_view(b), &sdp, error);

	obj_unref(sdp);
	return err;
}

static void counts_beyond_the_limits_are_refused(void **state)
{
	struct sdp_error error;
	struct buf b;

	buf_init(&b, 1 << 20);
	buf_str(&b, HEAD);
	repeat(&b, "m=a 0 b c\n", SDP_MAX_MEDIA);
	assert_int_equal(parse_buf(&b, &error), 0);
	repeat(&b, "m=a 0 b c\n", 1);
	assert_int_equal(parse_buf(&b, &error), -E2BIG);
	assert_int_equal(error.line, 4 + SDP_MAX_MEDIA + 1);

	buf_reset(&b);
	buf_str(&b, HEAD "m=a 0 b c\n");
	repeat(&b, "a=\n", SDP_MAX_LINES);
	assert_int_equal(parse_buf(&b, &error), 0);
	repeat(&b, "a=\n", 1);
	assert_int_equal(parse_buf(&b, &error), -E2BIG);

	buf_reset(&b);
	buf_str(&b, HEAD "m=a 1 b");
	repeat(&b, " 0", SDP_MAX_FORMATS);
	assert_int_equal(parse_buf(&b, &error), 0);
	repeat(&b, " 0", 1);
	assert_int_equal(parse_buf(&b, &error), -E2BIG);
	assert_int_equal(error.line, 5);

	buf_reset(&b);
	repeat(&b, "\n", SDP_MAX_TEXT + 1);
	assert_int_equal(parse_buf(&b, &error), -E2BIG);
	buf_free(&b);
}

static void a_disabled_line_without_formats_is_tolerated(void **state)
{
	assert_written(HEAD "m=video 0 RTP/AVP\r\n", HEAD "m=video 0 RTP/AVP 0\r\n");
}

static void the_medias_connection_goes_before_the_sessions(void **state)
{
	struct sdp *sdp =
		parse("v=0\r\no=- 1 1 IN IP4 h\r\ns=-\r\nc=IN IP4 224.2.1.1/127/3\r\nt=0 0\r\n"
		      "m=audio 1 RTP/AVP 0\r\n"
		      "m=audio 1 RTP/AVP 0\r\nc=IN IP6 2001:db8::2\r\n"
		      "m=audio 1 RTP/AVP 0\r\nc=nonsense\r\n");
	struct sdp_connection c;

	assert_int_equal(sdp_media_connection(&sdp->media[0], &c), 0);
	assert_slice(c.address, "224.2.1.1");
	assert_int_equal(sdp_media_connection(&sdp->media[1], &c), 0);
	assert_slice(c.addrtype, "IP6");
	assert_slice(c.address, "2001:db8::2");
	assert_int_equal(sdp_media_connection(&sdp->media[2], &c), -EINVAL);
	obj_unref(sdp);
	sdp = parse(HEAD "m=audio 1 RTP/AVP 0\r\n");
	assert_int_equal(sdp_media_connection(&sdp->media[0], &c), -ENOENT);
	obj_unref(sdp);
}

static void direction_is_the_medias_else_the_sessions_else_sendrecv(void **state)
{
	struct sdp *sdp = parse(HEAD "a=recvonly\r\nm=audio 1 RTP/AVP 0\r\na=inactive\r\n"
				     "m=audio 1 RTP/AVP 0\r\na=sendonly\r\n"
				     "m=audio 1 RTP/AVP 0\r\na=sendonly:x\r\n");

	assert_int_equal(sdp_media_direction(&sdp->media[0]), SDP_INACTIVE);
	assert_int_equal(sdp_media_direction(&sdp->media[1]), SDP_SENDONLY);
	assert_int_equal(sdp_media_direction(&sdp->media[2]), SDP_RECVONLY);
	obj_unref(sdp);
	sdp = parse(HEAD "m=audio 1 RTP/AVP 0\r\n");
	assert_int_equal(sdp_media_direction(&sdp->media[0]), SDP_SENDRECV);
	obj_unref(sdp);
}

/* RFC 3264 6.1: rows the offer, columns our wish. */
static void the_answered_direction_fits_the_offered_one(void **state)
{
	static const enum sdp_direction expected[4][4] = {
		[SDP_INACTIVE] = {0, 0, 0, 0},
		[SDP_SENDONLY] = {0, SDP_INACTIVE, SDP_RECVONLY, SDP_RECVONLY},
		[SDP_RECVONLY] = {0, SDP_SENDONLY, SDP_INACTIVE, SDP_SENDONLY},
		[SDP_SENDRECV] = {0, SDP_SENDONLY, SDP_RECVONLY, SDP_SENDRECV},
	};

	for (int offered = 0; offered < 4; offered++) {
		for (int wish = 0; wish < 4; wish++)
			assert_int_equal(sdp_direction_answer((enum sdp_direction)offered,
						 (enum sdp_direction)wish),
				expected[offered][wish]);
	}
	assert_int_equal(sdp_direction_reverse(SDP_SENDONLY), SDP_RECVONLY);
	assert_string_equal(sdp_direction_name(SDP_RECVONLY), "recvonly");
}

static bool held(const char *media)
{
	char text[512];
	struct sdp *sdp;
	bool is;

	snprintf(text, sizeof text, HEAD "%s", media);
	sdp = parse(text);
	is = sdp_media_held(&sdp->media[0]);
	obj_unref(sdp);
	return is;
}

static void every_form_of_hold_is_seen(void **state)
{
	assert_false(held("m=audio 1 RTP/AVP 0\r\nc=IN IP4 192.0.2.1\r\n"));
	assert_false(held("m=audio 1 RTP/AVP 0\r\na=recvonly\r\n"));
	assert_true(held("m=audio 1 RTP/AVP 0\r\na=sendonly\r\n"));
	assert_true(held("m=audio 1 RTP/SAVP 0\r\na=inactive\r\n"));
	assert_true(held("m=audio 1 RTP/AVP 0\r\nc=IN IP4 0.0.0.0\r\n"));
	assert_true(held("m=audio 1 RTP/AVP 0\r\nc=IN IP6 ::\r\n"));
	assert_true(held("m=audio 1 RTP/AVP 0\r\nc=IN IP6 0:0:0:0:0:0:0:0\r\na=sendrecv\r\n"));
	assert_false(held("m=audio 1 RTP/AVP 0\r\nc=IN IP6 ::1\r\n"));
	assert_false(sdp_address_is_zero(SLICE("")));
	/* Not in use, not RTP, candidates still to come. */
	assert_false(held("m=audio 0 RTP/AVP 0\r\na=sendonly\r\n"));
	assert_false(held("m=message 2855 TCP/MSRP *\r\na=sendonly\r\nc=IN IP4 0.0.0.0\r\n"));
	assert_false(
		held("m=audio 9 UDP/TLS/RTP/SAVPF 0\r\nc=IN IP4 0.0.0.0\r\na=ice-ufrag:x\r\n"));
}

static void rtpmap_and_fmtp_are_found_by_payload_type(void **state)
{
	struct sdp *sdp =
		parse(HEAD "m=audio 1 RTP/AVP 111 0 97\r\na=rtpmap:111 opus/48000/2\r\n"
			   "a=rtpmap:97 speex/16000\r\na=rtpmap:98 bad\r\na=rtpmap:128 a/1\r\n"
			   "a=rtpmap:99 a/0\r\na=rtpmap:100 a/8000/x\r\n"
			   "a=fmtp:111  useinbandfec=1; stereo=0;x ; =;cbr = 1\r\n"
			   "a=fmtp:101 0-15\r\n");
	const struct sdp_media *m = &sdp->media[0];
	struct slice params, key, value;
	struct sdp_rtpmap map;

	assert_int_equal(sdp_rtpmap(m, 111, &map), 0);
	assert_slice(map.name, "opus");
	assert_int_equal(map.clock_rate, 48000);
	assert_int_equal(map.channels, 2);
	assert_int_equal(sdp_rtpmap(m, 97, &map), 0);
	assert_int_equal(map.channels, 1);
	for (unsigned i = 98; i <= 100; i++)
		assert_int_equal(sdp_rtpmap(m, i, &map), -ENOENT);
	assert_int_equal(sdp_rtpmap(m, 0, &map), -ENOENT);

	assert_true(sdp_fmtp(m, SLICE("111"), &params));
	assert_true(sdp_fmtp_param(params, "CBR", &value));
	assert_slice(value, "1");
	assert_true(sdp_fmtp_param(params, "x", &value));
	assert_int_equal(value.n, 0);
	assert_false(sdp_fmtp_param(params, "y", &value));
	assert_true(sdp_fmtp_next(&params, &key, &value));
	assert_slice(key, "useinbandfec");
	assert_true(sdp_fmtp(m, SLICE("101"), &params));
	assert_slice(params, "0-15");
	assert_false(sdp_fmtp(m, SLICE("97"), &params));
	obj_unref(sdp);
}

static void ptime_bandwidth_and_rtcp_are_read(void **state)
{
	struct sdp *sdp =
		parse(HEAD "m=audio 5000 RTP/AVP 0\r\nb=AS:64\r\nb=TIAS:x\r\na=ptime:20\r\n"
			   "a=maxptime:60.5\r\na=rtcp:53020 IN IP4 192.0.2.9\r\n"
			   "m=audio 5000 RTP/AVP 0\r\na=ptime:0\r\na=maxptime:-5\r\n"
			   "m=audio 5000 RTP/AVP 0\r\na=rtcp-mux\r\na=ptime:99999999999\r\n"
			   "m=audio 65535 RTP/AVP 0\r\na=rtcp:0\r\n");
	struct sdp_rtcp rtcp;
	uint32_t v;

	assert_int_equal(sdp_ptime(&sdp->media[0]), 20);
	assert_int_equal(sdp_maxptime(&sdp->media[0]), 60);
	assert_int_equal(sdp_ptime(&sdp->media[1]), 0);
	assert_int_equal(sdp_maxptime(&sdp->media[1]), 0);
	assert_int_equal(sdp_ptime(&sdp->media[2]), 0);
	assert_int_equal(sdp_bandwidth(&sdp->media[0].section, "AS", &v), 0);
	assert_int_equal(v, 64);
	assert_int_equal(sdp_bandwidth(&sdp->media[0].section, "TIAS", &v), -EINVAL);
	assert_int_equal(sdp_bandwidth(&sdp->media[0].section, "CT", &v), -ENOENT);
	sdp_rtcp(&sdp->media[0], &rtcp);
	assert_int_equal(rtcp.port, 53020);
	assert_slice(rtcp.address, "192.0.2.9");
	sdp_rtcp(&sdp->media[1], &rtcp);
	assert_int_equal(rtcp.port, 5001);
	assert_int_equal(rtcp.address.n, 0);
	sdp_rtcp(&sdp->media[2], &rtcp);
	assert_int_equal(rtcp.port, 5000);
	sdp_rtcp(&sdp->media[3], &rtcp);
	assert_int_equal(rtcp.port, 65535);
	obj_unref(sdp);
}

static void parsing_is_one_allocation(void **state)
{
	struct sdp *sdp;

	mem_fail_after(1);
	assert_int_equal(sdp_parse(slice_str(browser), &sdp, NULL), 0);
	mem_fail_after(0);
	obj_unref(sdp);
	assert_int_equal(sdp_parse(slice_str(browser), &sdp, NULL), -ENOMEM);
	mem_fail_after(-1);
	assert_int_equal(obj_alive(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_line_of_a_browsers_offer_is_written_as_it_came),
		cmocka_unit_test(typed_access_reads_a_browsers_offer),
		cmocka_unit_test(a_bundle_only_line_is_enabled_where_bundle_is_known),
		cmocka_unit_test(lines_of_unknown_type_and_odd_lines_stay_in_place),
		cmocka_unit_test(lines_out_of_order_are_written_in_the_order_of_the_grammar),
		cmocka_unit_test(bare_lf_blank_lines_and_missing_s_and_t_are_tolerated),
		cmocka_unit_test(an_origin_whose_username_has_blanks_is_read_from_its_end),
		cmocka_unit_test(bytes_above_127_stand_anywhere),
		cmocka_unit_test(errors_name_the_line),
		cmocka_unit_test(counts_beyond_the_limits_are_refused),
		cmocka_unit_test(a_disabled_line_without_formats_is_tolerated),
		cmocka_unit_test(the_medias_connection_goes_before_the_sessions),
		cmocka_unit_test(direction_is_the_medias_else_the_sessions_else_sendrecv),
		cmocka_unit_test(the_answered_direction_fits_the_offered_one),
		cmocka_unit_test(every_form_of_hold_is_seen),
		cmocka_unit_test(rtpmap_and_fmtp_are_found_by_payload_type),
		cmocka_unit_test(ptime_bandwidth_and_rtcp_are_read),
		cmocka_unit_test(parsing_is_one_allocation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
