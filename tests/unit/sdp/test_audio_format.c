/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Audio formats: matching, offering, answering. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>

#include "core/mem.h"
#include "sdp/audio_format.h"

static const struct audio_format formats[] = {
	{"opus", 48000, 2, -1, "useinbandfec=1"},
	{"G722", 8000, 1, 9, NULL},
	{"PCMA", 8000, 1, 8, NULL},
	{"PCMU", 8000, 1, 0, NULL},
};
#define N_FORMATS (sizeof formats / sizeof *formats)
enum { OPUS, G722, PCMA, PCMU };

static struct sdp *peer(const char *media)
{
	char text[2048];
	struct sdp *sdp;

	snprintf(text, sizeof text, "v=0\r\no=- 1 1 IN IP4 h\r\nm=audio 4000 RTP/AVP %s", media);
	assert_int_equal(sdp_parse(slice_str(text), &sdp, NULL), 0);
	return sdp;
}

static struct sdp *match(const char *media, enum audio_order order, struct audio_matches *m)
{
	struct sdp *sdp = peer(media);

	assert_int_equal(audio_match_offer(&sdp->media[0], formats, N_FORMATS, order, m), 0);
	return sdp;
}

static void assert_match(
	const struct audio_match *m, unsigned format, unsigned send, unsigned receive)
{
	assert_int_equal(m->format, format);
	assert_int_equal(m->send_payload, send);
	assert_int_equal(m->receive_payload, receive);
}

static void assert_events(const struct audio_match *m, int send, int receive, uint32_t rate)
{
	assert_int_equal(m->events.send, send);
	assert_int_equal(m->events.receive, receive);
	assert_int_equal(m->events.clock_rate, rate);
}

static void assert_draft(const struct sdp_draft *d, const char *expected)
{
	struct slice text = sdp_draft_text(d);

	assert_int_equal(d->err, 0);
	if (!slice_eq(text, slice_str(expected)))
		fail_msg("got\n%.*s\nnot\n%s", SLICE_ARG(text), expected);
}

#define RICH                                                                             \
	"8 0 111 18 9 101 110\r\na=rtpmap:111 OPUS/48000/2\r\na=rtpmap:110 "             \
	"telephone-event/48000\r\n"                                                      \
	"a=rtpmap:101 telephone-event/8000\r\na=fmtp:111 minptime=10;useinbandfec=1\r\n" \
	"a=ptime:20\r\na=maxptime:60\r\n"

static void formats_in_common_come_in_our_order(void **state)
{
	struct audio_matches m;
	struct sdp *sdp = match(RICH, AUDIO_ORDER_LOCAL, &m);

	assert_int_equal(m.n, 4);
	assert_match(&m.items[0], OPUS, 111, 111);
	assert_match(&m.items[1], G722, 9, 9);
	assert_match(&m.items[2], PCMA, 8, 8);
	assert_match(&m.items[3], PCMU, 0, 0);
	assert_true(slice_eq(m.items[0].fmtp, SLICE("minptime=10;useinbandfec=1")));
	assert_int_equal(m.items[1].fmtp.n, 0);
	assert_int_equal(m.ptime, 20);
	assert_int_equal(m.maxptime, 60);
	obj_unref(sdp);
}

static void formats_in_common_come_in_the_peers_order(void **state)
{
	struct audio_matches m;
	struct sdp *sdp = match(RICH, AUDIO_ORDER_PEER, &m);

	assert_int_equal(m.n, 4);
	assert_match(&m.items[0], PCMA, 8, 8);
	assert_match(&m.items[1], PCMU, 0, 0);
	assert_match(&m.items[2], OPUS, 111, 111);
	assert_match(&m.items[3], G722, 9, 9);
	obj_unref(sdp);
}

/* RFC 4733 2.1. */
static void events_have_the_clock_of_their_audio(void **state)
{
	struct audio_matches m;
	struct sdp *sdp = match(RICH, AUDIO_ORDER_LOCAL, &m);

	assert_events(&m.items[0], 110, 110, 48000);
	assert_events(&m.items[1], 101, 101, 8000);
	obj_unref(sdp);
	/* Peers with one clock for all: better that than none. */
	sdp = match("111 101\r\na=rtpmap:111 opus/48000/2\r\na=rtpmap:101 telephone-event/8000\r\n",
		AUDIO_ORDER_LOCAL, &m);
	assert_events(&m.items[0], 101, 101, 8000);
	obj_unref(sdp);
	sdp = match("0\r\n", AUDIO_ORDER_LOCAL, &m);
	assert_events(&m.items[0], -1, -1, 0);
	obj_unref(sdp);
}

/* RFC 3551 table 4; a rtpmap line, when there is one, is what counts. */
static void static_payload_types_need_no_rtpmap(void **state)
{
	struct sdp *sdp = peer("0 8 9 18 10 96 3\r\na=rtpmap:3 PCMA/8000\r\n");
	const struct sdp_media *media = &sdp->media[0];
	struct sdp_rtpmap map;

	assert_int_equal(audio_payload_meaning(media, 0, &map), 0);
	assert_true(slice_eq(map.name, SLICE("PCMU")));
	assert_int_equal(audio_payload_meaning(media, 9, &map), 0);
	assert_true(slice_eq(map.name, SLICE("G722")));
	assert_int_equal(map.clock_rate, 8000);
	assert_int_equal(audio_payload_meaning(media, 10, &map), 0);
	assert_int_equal(map.channels, 2);
	assert_int_equal(audio_payload_meaning(media, 18, &map), 0);
	assert_int_equal(audio_payload_meaning(media, 96, &map), -ENOENT);
	assert_int_equal(audio_payload_meaning(media, 3, &map), 0);
	assert_true(slice_eq(map.name, SLICE("PCMA")));
	obj_unref(sdp);
}

static void other_clocks_channels_and_names_are_no_match(void **state)
{
	struct sdp *sdp = peer("96 97 98 99 200 x -1 130\r\na=rtpmap:96 opus/48000/3\r\n"
			       "a=rtpmap:97 PCMU/16000\r\na=rtpmap:98 PCMUX/8000\r\n"
			       "a=rtpmap:99 telephone-event/8000\r\na=rtpmap:130 PCMU/8000\r\n");
	struct audio_matches m;

	assert_int_equal(
		audio_match_offer(&sdp->media[0], formats, N_FORMATS, AUDIO_ORDER_PEER, &m),
		-ENOENT);
	assert_int_equal(m.n, 0);
	obj_unref(sdp);
}

/* RFC 7587 section 7 demands the 2; not every peer writes it. We answer with it. */
static void opus_without_its_channels_is_taken(void **state)
{
	struct audio_matches m;
	struct sdp *sdp = peer("96\r\na=rtpmap:96 opus/48000\r\n");

	assert_int_equal(
		audio_match_offer(&sdp->media[0], formats, N_FORMATS, AUDIO_ORDER_PEER, &m), 0);
	assert_match(&m.items[0], 0, 96, 96);
	obj_unref(sdp);
}

static void the_first_of_repeated_payload_types_counts(void **state)
{
	struct audio_matches m;
	struct sdp *sdp = match("111 112 111 0 0\r\na=rtpmap:112 opus/48000/2\r\n"
				"a=rtpmap:111 opus/48000/2\r\na=rtpmap:111 PCMA/8000\r\n",
		AUDIO_ORDER_PEER, &m);

	assert_int_equal(m.n, 2);
	assert_match(&m.items[0], OPUS, 111, 111);
	assert_match(&m.items[1], PCMU, 0, 0);
	obj_unref(sdp);
}

/* As many formats as a m-line may have, twice as many as there are payload types. */
static void a_payload_type_repeated_many_times_does_no_harm(void **state)
{
	struct audio_matches m;
	struct sdp *sdp;
	struct buf b;

	buf_init(&b, SDP_MAX_TEXT);
	for (unsigned i = 0; i < SDP_MAX_FORMATS; i++)
		buf_printf(&b, "%u ", i < 200 ? 8 : 0);
	buf_append(&b, "", 1);
	sdp = match(b.p, AUDIO_ORDER_PEER, &m);
	assert_int_equal(m.n, 2);
	assert_match(&m.items[0], PCMA, 8, 8);
	assert_match(&m.items[1], PCMU, 0, 0);
	obj_unref(sdp);
	buf_free(&b);
}

static void an_offer_has_all_formats_and_events_for_each_clock(void **state)
{
	struct sdp_draft d;

	sdp_draft_init(&d);
	sdp_draft_media(&d, "audio", 50000, "RTP/AVP");
	audio_write_offer(&d, formats, N_FORMATS, true);
	assert_draft(&d,
		"m=audio 50000 RTP/AVP 96 9 8 0 97 101\r\na=rtpmap:96 opus/48000/2\r\n"
		"a=fmtp:96 useinbandfec=1\r\na=rtpmap:9 G722/8000\r\na=rtpmap:8 PCMA/8000\r\n"
		"a=rtpmap:0 PCMU/8000\r\na=rtpmap:97 telephone-event/48000\r\na=fmtp:97 0-15\r\n"
		"a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\n");
	sdp_draft_media(&d, "audio", 50000, "RTP/AVP");
	audio_write_offer(&d, formats + 2, 1, false);
	assert_draft(&d, "m=audio 50000 RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\n");
	sdp_draft_free(&d);
}

static void an_offer_never_runs_out_of_its_payload_types(void **state)
{
	struct audio_format many[40];
	struct sdp_draft d;

	for (unsigned i = 0; i < 40; i++)
		many[i] = (struct audio_format){"x", 8000, 1, -1, NULL};
	sdp_draft_init(&d);
	sdp_draft_media(&d, "audio", 1, "RTP/AVP");
	audio_write_offer(&d, many, 31, true); /* 96 to 127 without 101 */
	assert_int_equal(d.err, 0);
	sdp_draft_media(&d, "audio", 1, "RTP/AVP");
	audio_write_offer(&d, many, 32, true);
	assert_int_equal(d.err, -ERANGE);
	sdp_draft_free(&d);
}

/* RFC 3264 6.1; the server's rule is one codec and telephone-event (spec 1.6). */
static void an_answer_has_the_offers_payload_types(void **state)
{
	struct audio_matches m;
	struct sdp *sdp = match(RICH, AUDIO_ORDER_LOCAL, &m);
	struct sdp_draft d;

	sdp_draft_init(&d);
	sdp_draft_media(&d, "audio", 50000, "RTP/AVP");
	audio_write_answer(&d, &m, 1, formats);
	assert_draft(&d, "m=audio 50000 RTP/AVP 111 110\r\na=rtpmap:111 opus/48000/2\r\n"
			 "a=fmtp:111 useinbandfec=1\r\na=rtpmap:110 telephone-event/48000\r\n"
			 "a=fmtp:110 0-15\r\n");
	sdp_draft_media(&d, "audio", 50000, "RTP/AVP");
	audio_write_answer(&d, &m, 9, formats);
	assert_draft(&d,
		"m=audio 50000 RTP/AVP 111 9 8 0 110 101\r\na=rtpmap:111 opus/48000/2\r\n"
		"a=fmtp:111 useinbandfec=1\r\na=rtpmap:9 G722/8000\r\na=rtpmap:8 PCMA/8000\r\n"
		"a=rtpmap:0 PCMU/8000\r\na=rtpmap:110 telephone-event/48000\r\na=fmtp:110 0-15\r\n"
		"a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\n");
	sdp_draft_free(&d);
	obj_unref(sdp);
}

/* RFC 3264 5.1: send with the numbers of the answer, receive with those of the offer. */
static void payload_types_differ_by_direction_where_the_answer_has_its_own(void **state)
{
	struct sdp *offer = peer("96 0 101\r\na=rtpmap:96 opus/48000/2\r\n"
				 "a=rtpmap:101 telephone-event/8000\r\n");
	struct sdp *answer = peer("0 120 8 121\r\na=rtpmap:120 opus/48000/2\r\n"
				  "a=fmtp:120 stereo=0\r\na=rtpmap:121 telephone-event/8000\r\n");
	struct audio_matches m;

	assert_int_equal(audio_match_answer(&offer->media[0], &answer->media[0], formats, N_FORMATS,
				 AUDIO_ORDER_PEER, &m),
		0);
	assert_int_equal(m.n, 2); /* PCMA was not offered */
	assert_match(&m.items[0], PCMU, 0, 0);
	assert_match(&m.items[1], OPUS, 120, 96);
	assert_true(slice_eq(m.items[1].fmtp, SLICE("stereo=0")));
	assert_events(&m.items[0], 121, 101, 8000);
	obj_unref(answer);
	obj_unref(offer);
}

static void an_answer_without_rtpmap_means_what_the_offer_said(void **state)
{
	struct sdp *offer = peer("96 0\r\na=rtpmap:96 opus/48000/2\r\n"), *answer = peer("96\r\n");
	struct audio_matches m;

	assert_int_equal(audio_match_answer(&offer->media[0], &answer->media[0], formats, N_FORMATS,
				 AUDIO_ORDER_LOCAL, &m),
		0);
	assert_match(&m.items[0], OPUS, 96, 96);
	obj_unref(answer);
	obj_unref(offer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(formats_in_common_come_in_our_order),
		cmocka_unit_test(formats_in_common_come_in_the_peers_order),
		cmocka_unit_test(events_have_the_clock_of_their_audio),
		cmocka_unit_test(static_payload_types_need_no_rtpmap),
		cmocka_unit_test(other_clocks_channels_and_names_are_no_match),
		cmocka_unit_test(opus_without_its_channels_is_taken),
		cmocka_unit_test(the_first_of_repeated_payload_types_counts),
		cmocka_unit_test(a_payload_type_repeated_many_times_does_no_harm),
		cmocka_unit_test(an_offer_has_all_formats_and_events_for_each_clock),
		cmocka_unit_test(an_offer_never_runs_out_of_its_payload_types),
		cmocka_unit_test(an_answer_has_the_offers_payload_types),
		cmocka_unit_test(payload_types_differ_by_direction_where_the_answer_has_its_own),
		cmocka_unit_test(an_answer_without_rtpmap_means_what_the_offer_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
