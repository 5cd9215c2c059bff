/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Offer and answer (RFC 3264), with the examples of its section 10. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>

#include "core/mem.h"
#include "sdp/negotiation.h"

#define KEPT NEGOTIATION_KEPT
#define CHANGED NEGOTIATION_CHANGED
#define ADDED NEGOTIATION_ADDED
#define REMOVED NEGOTIATION_REMOVED
#define DISABLED NEGOTIATION_DISABLED

/* 1 s after 1970: session id and first version are 2208988801. */
#define OURS(version) \
	"v=0\r\no=- 2208988801 " version " IN IP4 198.51.100.1\r\ns=SylkServer-1.0\r\nt=0 0\r\n"
#define V0 OURS("2208988801")
#define V1 OURS("2208988802")
#define V2 OURS("2208988803")
#define C "c=IN IP4 198.51.100.1\r\n"

static struct negotiation *setup(void)
{
	struct negotiation *n;

	assert_int_equal(negotiation_new(&n, SLICE("SylkServer-1.0"), SLICE("198.51.100.1"), 1), 0);
	assert_int_equal(negotiation_state(n), NEGOTIATION_STABLE);
	assert_null(negotiation_local(n));
	return n;
}

/* A peer's description: its m-lines and what follows them. */
static struct sdp *peer(const char *media)
{
	struct sdp *sdp;
	char text[2048];

	snprintf(text, sizeof text,
		"v=0\r\no=bob 7 7 IN IP4 h.example\r\ns=\r\nc=IN IP4 192.0.2.2\r\n"
		"t=0 0\r\n%s",
		media);
	assert_int_equal(sdp_parse(slice_str(text), &sdp, NULL), 0);
	return sdp;
}

/* Our sections, made of text as the peer's are. */
static void draft_of(struct sdp_draft *d, const char *media)
{
	struct sdp *sdp = peer(media);

	sdp_draft_init(d);
	sdp_draft_copy(d, &sdp->media[0]);
	obj_unref(sdp);
}

static int set(struct negotiation *n, unsigned index, const char *media)
{
	struct sdp_draft d;
	int err;

	draft_of(&d, media);
	err = negotiation_set(n, index, &d);
	sdp_draft_free(&d);
	return err;
}

static unsigned add(struct negotiation *n, const char *media)
{
	struct sdp_draft d;
	unsigned index;

	draft_of(&d, media);
	assert_int_equal(negotiation_add(n, &d, &index), 0);
	sdp_draft_free(&d);
	return index;
}

static void assert_text(const struct sdp *sdp, const char *expected)
{
	if (sdp->text.n != strlen(expected) || memcmp(sdp->text.p, expected, sdp->text.n))
		fail_msg("got\n%.*s\nnot\n%s", SLICE_ARG(sdp->text), expected);
}

static void offer(struct negotiation *n, const char *expected)
{
	struct sdp *made;

	assert_int_equal(negotiation_offer(n, &made), 0);
	assert_int_equal(negotiation_state(n), NEGOTIATION_LOCAL_OFFER);
	assert_ptr_equal(negotiation_pending(n), made);
	assert_text(made, expected);
}

static void answer(struct negotiation *n, const char *expected)
{
	struct sdp *made;

	assert_int_equal(negotiation_answer(n, &made), 0);
	assert_int_equal(negotiation_state(n), NEGOTIATION_STABLE);
	assert_ptr_equal(negotiation_local(n), made);
	assert_text(made, expected);
}

static int remote_offer(struct negotiation *n, const char *media, const char **reason)
{
	struct sdp *sdp = peer(media);
	int err = negotiation_remote_offer(n, sdp, reason);

	obj_unref(sdp);
	return err;
}

static int remote_answer(struct negotiation *n, const char *media, const char **reason)
{
	struct sdp *sdp = peer(media);
	int err = negotiation_remote_answer(n, sdp, reason);

	obj_unref(sdp);
	return err;
}

static void offered(struct negotiation *n, const char *media)
{
	const char *reason = NULL;

	assert_int_equal(remote_offer(n, media, &reason), 0);
	assert_int_equal(negotiation_state(n), NEGOTIATION_REMOTE_OFFER);
}

static void answered(struct negotiation *n, const char *media)
{
	const char *reason = NULL;

	assert_int_equal(remote_answer(n, media, &reason), 0);
	assert_int_equal(negotiation_state(n), NEGOTIATION_STABLE);
	assert_null(negotiation_pending(n));
}

/* The changes of all m-lines, ended by 0. */
static void assert_changes(const struct negotiation *n, const unsigned *expected)
{
	unsigned i = 0;

	for (; expected[i]; i++)
		assert_int_equal(negotiation_change(n, i), expected[i]);
	assert_int_equal(negotiation_n_media(n), i);
	assert_int_equal(negotiation_change(n, i), 0);
}
#define CHANGES(n, ...) assert_changes(n, (const unsigned[]){__VA_ARGS__, 0})

#define AUDIO "m=audio 49170 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n"
#define H261 "m=video 51372 RTP/AVP 31\r\na=rtpmap:31 H261/90000\r\n"
#define MPV "m=video 53000 RTP/AVP 32\r\na=rtpmap:32 MPV/90000\r\n"
#define EVENTS "m=audio 51434 RTP/AVP 110\r\na=rtpmap:110 telephone-events/8000\r\n"

#define OUR_AUDIO(port) "m=audio " port " RTP/AVP 0\r\n" C "a=rtpmap:0 PCMU/8000\r\n"
#define OUR_MPV "m=video 53000 RTP/AVP 32\r\n" C "a=rtpmap:32 MPV/90000\r\n"
#define AUDIO_AT(port) "m=audio " port " RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n"
#define NO_H261 "m=video 0 RTP/AVP 31\r\n"

/* RFC 3264 10.1, we are Bob: refuse a stream, then move one and add one. */
static void basic_exchange_as_the_answerer(void **state)
{
	struct negotiation *n = setup();

	offered(n, AUDIO H261 MPV);
	CHANGES(n, ADDED, ADDED, ADDED);
	assert_int_equal(set(n, 0, AUDIO_AT("49920")), 0);
	assert_int_equal(set(n, 2, MPV), 0);
	answer(n, V0 OUR_AUDIO("49920") NO_H261 C OUR_MPV);
	CHANGES(n, ADDED, DISABLED, ADDED);

	assert_int_equal(set(n, 0, AUDIO_AT("65422")), 0);
	assert_int_equal(set(n, 1, NO_H261), 0); /* keep Bob from using the slot again */
	assert_int_equal(add(n, EVENTS "a=recvonly\r\n"), 3);
	assert_int_equal(negotiation_n_media(n), 4);
	offer(n, V1 OUR_AUDIO("65422") NO_H261 C OUR_MPV
		"m=audio 51434 RTP/AVP 110\r\n" C
		"a=rtpmap:110 telephone-events/8000\r\na=recvonly\r\n");
	CHANGES(n, CHANGED, DISABLED, KEPT, ADDED);
	answered(n, AUDIO NO_H261 "a=rtpmap:31 H261/90000\r\n" MPV EVENTS "a=sendonly\r\n");
	CHANGES(n, CHANGED, DISABLED, KEPT, ADDED);
	obj_unref(n);
}

/* RFC 3264 10.1, we are Alice. */
static void basic_exchange_as_the_offerer(void **state)
{
	struct negotiation *n = setup();

	assert_int_equal(add(n, AUDIO), 0);
	assert_int_equal(add(n, H261), 1);
	assert_int_equal(add(n, MPV), 2);
	offer(n, V0 OUR_AUDIO("49170") "m=video 51372 RTP/AVP 31\r\n" C
				       "a=rtpmap:31 H261/90000\r\n" OUR_MPV);
	CHANGES(n, ADDED, ADDED, ADDED);
	answered(n, AUDIO_AT("49920") NO_H261 MPV);
	CHANGES(n, ADDED, DISABLED, ADDED);
	assert_true(negotiation_in_use(n, 0));
	assert_false(negotiation_in_use(n, 1));

	offered(n, AUDIO_AT("65422") NO_H261 MPV EVENTS "a=recvonly\r\n");
	CHANGES(n, CHANGED, DISABLED, KEPT, ADDED);
	assert_int_equal(set(n, 0, AUDIO), 0);
	assert_int_equal(set(n, 2, MPV), 0);
	assert_int_equal(set(n, 3, "m=audio 53122 RTP/AVP 110\r\na=sendonly\r\n"), 0);
	answer(n, V1 OUR_AUDIO("49170") NO_H261 C OUR_MPV "m=audio 53122 RTP/AVP 110\r\n" C
							  "a=sendonly\r\n");
	CHANGES(n, CHANGED, DISABLED, KEPT, ADDED);
	obj_unref(n);
}

/* RFC 3264 10.2: offered inactive with three codecs, then locked down to one. */
static void one_of_n_codecs_is_locked_down_by_a_second_offer(void **state)
{
	struct negotiation *n = setup();

	assert_int_equal(add(n, "m=audio 62986 RTP/AVP 0 4 18\r\na=inactive\r\n"), 0);
	offer(n, V0 "m=audio 62986 RTP/AVP 0 4 18\r\n" C "a=inactive\r\n");
	answered(n, "m=audio 54344 RTP/AVP 0 4\r\na=inactive\r\n");
	CHANGES(n, ADDED);
	assert_int_equal(set(n, 0, "m=audio 62986 RTP/AVP 4\r\na=sendrecv\r\n"), 0);
	offer(n, V1 "m=audio 62986 RTP/AVP 4\r\n" C "a=sendrecv\r\n");
	answered(n, "m=audio 54344 RTP/AVP 4\r\na=sendrecv\r\n");
	CHANGES(n, CHANGED);
	assert_int_equal(sdp_media_direction(&negotiation_remote(n)->media[0]), SDP_SENDRECV);
	obj_unref(n);
}

/* The forms of RFC 4317 4: put on hold, taken back; the other streams stay as they are. */
static void hold_and_resume_change_only_that_stream(void **state)
{
	struct negotiation *n = setup();

	offered(n, AUDIO MPV);
	set(n, 0, AUDIO);
	set(n, 1, MPV);
	answer(n, V0 OUR_AUDIO("49170") OUR_MPV);

	offered(n, AUDIO "a=sendonly\r\n" MPV);
	CHANGES(n, CHANGED, KEPT);
	assert_true(sdp_media_held(&negotiation_pending(n)->media[0]));
	assert_false(sdp_media_held(&negotiation_pending(n)->media[1]));
	set(n, 0, AUDIO "a=recvonly\r\n");
	set(n, 1, MPV);
	answer(n, V1 OUR_AUDIO("49170") "a=recvonly\r\n" OUR_MPV);
	CHANGES(n, CHANGED, KEPT);

	offered(n, AUDIO MPV);
	set(n, 0, AUDIO);
	set(n, 1, MPV);
	answer(n, V2 OUR_AUDIO("49170") OUR_MPV);
	CHANGES(n, CHANGED, KEPT);
	obj_unref(n);
}

/* RFC 3264 8: an offer that repeats the last one is a no-op, and so is our version. */
static void the_version_grows_only_when_something_changed(void **state)
{
	struct negotiation *n = setup();

	for (unsigned i = 0; i < 3; i++) {
		offered(n, AUDIO);
		set(n, 0, AUDIO);
		answer(n, V0 OUR_AUDIO("49170"));
	}
	CHANGES(n, KEPT);
	offer(n, V0 OUR_AUDIO("49170"));
	CHANGES(n, KEPT);
	answered(n, AUDIO);
	CHANGES(n, KEPT);
	set(n, 0, AUDIO_AT("49180"));
	offer(n, V1 OUR_AUDIO("49180"));
	answered(n, AUDIO);
	CHANGES(n, CHANGED);
	obj_unref(n);
}

static void a_moved_session_address_changes_the_streams_that_inherit_it(void **state)
{
	struct negotiation *n = setup();
	const char *reason;
	struct sdp *sdp;

	offered(n, AUDIO);
	set(n, 0, AUDIO);
	answer(n, V0 OUR_AUDIO("49170"));
	assert_int_equal(
		sdp_parse(SLICE("v=0\r\no=bob 7 8 IN IP4 h.example\r\ns=\r\nc=IN IP4 192.0.2.3\r\n"
				"t=0 0\r\n" AUDIO),
			&sdp, NULL),
		0);
	assert_int_equal(negotiation_remote_offer(n, sdp, &reason), 0);
	obj_unref(sdp);
	CHANGES(n, CHANGED);
	obj_unref(n);
}

static void an_offer_with_fewer_m_lines_is_refused(void **state)
{
	struct negotiation *n = setup();
	const char *reason = NULL;

	offered(n, AUDIO MPV);
	set(n, 0, AUDIO);
	answer(n, V0 OUR_AUDIO("49170") "m=video 0 RTP/AVP 32\r\n" C);
	assert_int_equal(remote_offer(n, AUDIO, &reason), -EINVAL);
	assert_string_equal(reason, "Streams cannot be deleted from the SDP");
	assert_int_equal(negotiation_state(n), NEGOTIATION_STABLE);
	assert_true(negotiation_in_use(n, 0));
	obj_unref(n);
}

static void a_stream_is_removed_by_either_side_and_its_slot_used_again(void **state)
{
	struct negotiation *n = setup();

	offered(n, AUDIO MPV);
	set(n, 0, AUDIO);
	set(n, 1, MPV);
	answer(n, V0 OUR_AUDIO("49170") OUR_MPV);

	offered(n, AUDIO "m=video 0 RTP/AVP 32\r\n");
	CHANGES(n, KEPT, REMOVED);
	/* 8.2: what is offered with port 0 cannot be accepted. */
	assert_int_equal(set(n, 1, MPV), -EINVAL);
	set(n, 0, AUDIO);
	answer(n, V1 OUR_AUDIO("49170") "m=video 0 RTP/AVP 32\r\n" C);
	CHANGES(n, KEPT, REMOVED);

	/* 8.1: the slot is used again, also for another media type; the next one goes to the end. */
	assert_int_equal(add(n, "m=message 2855 TCP/MSRP *\r\na=path:x\r\n"), 1);
	assert_int_equal(add(n, EVENTS), 2);
	offer(n, V2 OUR_AUDIO("49170") "m=message 2855 TCP/MSRP *\r\n" C "a=path:x\r\n"
				       "m=audio 51434 RTP/AVP 110\r\n" C
				       "a=rtpmap:110 telephone-events/8000\r\n");
	answered(n, AUDIO "m=message 9 TCP/MSRP *\r\n"
			  "m=audio 0 RTP/AVP 110\r\n");
	CHANGES(n, KEPT, ADDED, DISABLED);

	assert_int_equal(negotiation_disable(n, 0), 0);
	offer(n, OURS("2208988804") "m=audio 0 RTP/AVP 0\r\n" C "m=message 2855 TCP/MSRP *\r\n" C
				    "a=path:x\r\nm=audio 0 RTP/AVP 110\r\n" C);
	CHANGES(n, REMOVED, KEPT, DISABLED);
	answered(n, "m=audio 0 RTP/AVP 0\r\nm=message 9 TCP/MSRP *\r\nm=audio 0 RTP/AVP 110\r\n");
	CHANGES(n, REMOVED, KEPT, DISABLED);
	obj_unref(n);
}

/* RFC 3264 8.3.3. */
static void a_changed_media_type_is_a_removal_and_an_addition(void **state)
{
	struct negotiation *n = setup();

	offered(n, AUDIO);
	set(n, 0, AUDIO);
	answer(n, V0 OUR_AUDIO("49170"));
	offered(n, "m=image 4000 udptl t38\r\n");
	CHANGES(n, REMOVED | ADDED);
	assert_int_equal(set(n, 0, AUDIO), -EINVAL); /* not the offered type */
	negotiation_rollback(n);
	CHANGES(n, KEPT);
	offered(n, "m=image 4000 udptl t38\r\n");
	assert_int_equal(set(n, 0, "m=image 5000 udptl t38\r\n"), 0);
	answer(n, V1 "m=image 5000 udptl t38\r\n" C);
	CHANGES(n, REMOVED | ADDED);
	/* And refused: only the removal is left. */
	offered(n, AUDIO);
	answer(n, V2 "m=audio 0 RTP/AVP 0\r\n" C);
	CHANGES(n, REMOVED);
	obj_unref(n);
}

/* Peers repeat their first offer, refused streams and all, when they put us on hold. */
static void a_refused_stream_offered_again_is_told_from_a_new_one(void **state)
{
	struct negotiation *n = setup();

	offered(n, AUDIO MPV);
	assert_false(negotiation_offered_again(n, 1));
	set(n, 0, AUDIO);
	answer(n, V0 OUR_AUDIO("49170") "m=video 0 RTP/AVP 32\r\n" C);
	offered(n, AUDIO "a=sendonly\r\n" MPV EVENTS);
	CHANGES(n, CHANGED, ADDED, ADDED);
	assert_false(negotiation_offered_again(n, 0));
	assert_true(negotiation_offered_again(n, 1));
	assert_false(negotiation_offered_again(n, 2));
	negotiation_rollback(n);
	offered(n, AUDIO "m=video 53000 RTP/SAVP 32\r\n");
	assert_false(negotiation_offered_again(n, 1));
	obj_unref(n);
}

/* RFC 3264 6: an answer has the m-lines of the offer, in number, order and type. */
static void an_answer_that_does_not_fit_the_offer_is_refused(void **state)
{
	struct negotiation *n = setup();
	const char *reason = NULL;

	add(n, AUDIO);
	add(n, MPV);
	offer(n, V0 OUR_AUDIO("49170") OUR_MPV);
	assert_int_equal(remote_answer(n, AUDIO, &reason), -EINVAL);
	assert_non_null(reason);
	assert_int_equal(remote_answer(n, AUDIO MPV MPV, &reason), -EINVAL);
	assert_string_equal(reason, "The answer has not the m-lines of the offer");
	assert_int_equal(remote_answer(n, MPV AUDIO, &reason), -EINVAL);
	assert_int_equal(negotiation_state(n), NEGOTIATION_LOCAL_OFFER);
	answered(n, AUDIO MPV);
	obj_unref(n);
}

static void an_offer_without_m_lines_is_answered_without(void **state)
{
	struct negotiation *n = setup();

	offered(n, "");
	answer(n, V0);
	assert_int_equal(negotiation_n_media(n), 0);
	offered(n, AUDIO);
	set(n, 0, AUDIO);
	answer(n, V1 OUR_AUDIO("49170"));
	CHANGES(n, ADDED);
	obj_unref(n);
}

/* An INVITE without a body: our offer goes in the 200, the answer comes in the ACK. */
static void a_late_offer_is_an_offer_of_the_current_streams(void **state)
{
	struct negotiation *n = setup();

	add(n, AUDIO);
	offer(n, V0 OUR_AUDIO("49170"));
	answered(n, AUDIO_AT("6000"));
	CHANGES(n, ADDED);
	/* A re-INVITE without a body. */
	offer(n, V0 OUR_AUDIO("49170"));
	answered(n, AUDIO_AT("7000"));
	CHANGES(n, CHANGED);
	obj_unref(n);
}

static void a_failed_offer_of_ours_is_rolled_back(void **state)
{
	struct negotiation *n = setup();

	offered(n, AUDIO);
	set(n, 0, AUDIO);
	answer(n, V0 OUR_AUDIO("49170"));
	assert_int_equal(add(n, MPV), 1);
	offer(n, V1 OUR_AUDIO("49170") OUR_MPV);
	negotiation_rollback(n);
	CHANGES(n, KEPT);
	assert_text(negotiation_local(n), V0 OUR_AUDIO("49170"));
	/* The peer has seen that version: what differs from it needs another one. */
	offer(n, V2 OUR_AUDIO("49170"));
	negotiation_rollback(n);
	/* What was prepared and never sent is forgotten too. */
	add(n, MPV);
	negotiation_rollback(n);
	assert_int_equal(negotiation_n_media(n), 1);
	offer(n, V2 OUR_AUDIO("49170"));
	obj_unref(n);
}

static void a_failed_offer_of_the_peer_is_rolled_back(void **state)
{
	struct negotiation *n = setup();

	offered(n, AUDIO);
	set(n, 0, AUDIO);
	negotiation_rollback(n);
	assert_null(negotiation_local(n));
	assert_int_equal(negotiation_n_media(n), 0);
	offered(n, AUDIO);
	set(n, 0, AUDIO);
	answer(n, V0 OUR_AUDIO("49170"));
	offered(n, AUDIO MPV);
	negotiation_rollback(n);
	CHANGES(n, KEPT);
	offered(n, AUDIO); /* fewer than in the failed offer, not than agreed */
	obj_unref(n);
}

/* RFC 6337 4.3. */
static void offers_do_not_cross(void **state)
{
	struct negotiation *n = setup();
	const char *reason;
	struct sdp *made;

	assert_int_equal(negotiation_answer(n, &made), -EPROTO);
	assert_int_equal(remote_answer(n, AUDIO, &reason), -EPROTO);
	add(n, AUDIO);
	offer(n, V0 OUR_AUDIO("49170"));
	assert_int_equal(remote_offer(n, AUDIO, &reason), -EBUSY);
	assert_int_equal(negotiation_offer(n, &made), -EBUSY);
	assert_int_equal(set(n, 0, AUDIO), -EBUSY);
	assert_int_equal(negotiation_disable(n, 0), -EBUSY);
	assert_int_equal(negotiation_answer(n, &made), -EPROTO);
	negotiation_rollback(n);
	offered(n, AUDIO);
	assert_int_equal(remote_offer(n, AUDIO, &reason), -EBUSY);
	assert_int_equal(negotiation_offer(n, &made), -EBUSY);
	assert_int_equal(remote_answer(n, AUDIO, &reason), -EPROTO);
	obj_unref(n);
}

static void what_does_not_exist_cannot_be_set(void **state)
{
	struct negotiation *n = setup();
	struct sdp_draft d;
	unsigned index;

	assert_int_equal(set(n, 0, AUDIO), -EINVAL);
	assert_int_equal(negotiation_disable(n, 0), -EINVAL);
	sdp_draft_init(&d);
	assert_int_equal(negotiation_add(n, &d, &index), -EINVAL); /* no m-line */
	sdp_draft_format(&d, SLICE("0"));
	assert_int_equal(negotiation_add(n, &d, &index), -EINVAL); /* the draft's error */
	sdp_draft_free(&d);
	for (unsigned i = 0; i < SDP_MAX_MEDIA; i++)
		assert_int_equal(add(n, AUDIO), i);
	draft_of(&d, AUDIO);
	assert_int_equal(negotiation_add(n, &d, &index), -E2BIG);
	sdp_draft_free(&d);
	obj_unref(n);
	assert_int_equal(negotiation_new(&n, SLICE("a\r\nb"), SLICE("h"), 1), -EINVAL);
	assert_int_equal(negotiation_new(&n, SLICE("a"), SLICE(""), 1), -EINVAL);
	assert_null(n);
}

static void session_lines_of_ours_are_sent_from_then_on(void **state)
{
	struct negotiation *n;
	struct sdp_draft d;

	assert_int_equal(negotiation_new(&n, SLICE(""), SLICE("2001:db8::1"), 0), 0);
	sdp_draft_init(&d);
	sdp_draft_attribute(&d, "group", "BUNDLE 0");
	sdp_draft_bandwidth(&d, "AS", 1000);
	assert_int_equal(negotiation_set_session(n, &d), 0);
	add(n, "m=audio 9 UDP/TLS/RTP/SAVPF 0\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\n");
	offer(n, "v=0\r\no=- 2208988800 2208988800 IN IP6 2001:db8::1\r\ns=-\r\nb=AS:1000\r\n"
		 "t=0 0\r\na=group:BUNDLE 0\r\n"
		 "m=audio 9 UDP/TLS/RTP/SAVPF 0\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\n");
	sdp_draft_line(&d, 't', SLICE("1 1"));
	assert_int_equal(negotiation_set_session(n, &d), -EINVAL);
	sdp_draft_media(&d, "audio", 1, "RTP/AVP");
	assert_int_equal(negotiation_set_session(n, &d), -EINVAL);
	assert_int_equal(negotiation_set_session(n, NULL), 0);
	negotiation_rollback(n);
	offer(n, "v=0\r\no=- 2208988800 2208988801 IN IP6 2001:db8::1\r\ns=-\r\nt=0 0\r\n");
	sdp_draft_free(&d);
	obj_unref(n);
}

/* RFC 9143: a=bundle-only asks with port 0; the answer accepts it with the bundle's port. */
static void bundle_only_lines_are_accepted_where_bundle_is_known(void **state)
{
	static const char text[] = "a=group:BUNDLE a v\r\nm=audio 9 RTP/AVP 0\r\na=mid:a\r\n"
				   "m=video 0 RTP/AVP 32\r\na=bundle-only\r\na=mid:v\r\n";
	struct negotiation *n = setup();

	offered(n, text);
	CHANGES(n, ADDED, DISABLED);
	assert_int_equal(set(n, 1, MPV), -EINVAL);
	negotiation_rollback(n);
	negotiation_set_bundle(n, true);
	offered(n, text);
	CHANGES(n, ADDED, ADDED);
	assert_int_equal(set(n, 1, MPV), 0);
	answer(n, V0 "m=audio 0 RTP/AVP 0\r\n" C OUR_MPV);
	CHANGES(n, DISABLED, ADDED);
	obj_unref(n);
}

/* A whole session in which any step may run out of memory. Returns 0 when none did. */
static int exchange(void)
{
	struct sdp *sdp = NULL, *made;
	struct negotiation *n = NULL;
	struct sdp_draft d;
	const char *reason;
	unsigned index;
	int err;

	sdp_draft_init(&d);
	err = sdp_parse(SLICE("v=0\r\no=bob 7 7 IN IP4 h.example\r\n" AUDIO MPV), &sdp, NULL);
	if (err)
		goto out;
	err = negotiation_new(&n, SLICE("product"), SLICE("h"), 1);
	if (err)
		goto out;
	sdp_draft_flag(&d, "ice-lite");
	err = negotiation_set_session(n, &d);
	if (err)
		goto out;
	err = negotiation_remote_offer(n, sdp, &reason);
	if (err)
		goto out;
	sdp_draft_copy(&d, &sdp->media[0]);
	err = negotiation_set(n, 0, &d);
	if (err)
		goto out;
	err = negotiation_answer(n, &made);
	if (err)
		goto out;
	err = negotiation_disable(n, 0);
	if (err)
		goto out;
	sdp_draft_copy(&d, &sdp->media[1]);
	err = negotiation_add(n, &d, &index);
	if (err)
		goto out;
	err = negotiation_offer(n, &made);
	if (err)
		goto out;
	err = negotiation_remote_answer(n, sdp, &reason);
out:
	sdp_draft_free(&d);
	obj_unref(n);
	obj_unref(sdp);
	return err;
}

static void without_memory_an_exchange_fails_and_leaks_nothing(void **state)
{
	size_t alive = obj_alive();
	long i = 0;
	int err;

	do {
		mem_fail_after(i++);
		err = exchange();
		mem_fail_after(-1);
		assert_true(err == 0 || err == -ENOMEM);
		assert_int_equal(obj_alive(), alive);
	} while (err);
	assert_true(i > 15);
}

/* The same step succeeds when it is tried again. */
static void a_step_that_ran_out_of_memory_can_be_repeated(void **state)
{
	for (long i = 0;; i++) {
		struct negotiation *n = setup();
		struct sdp *made;
		int err;

		offered(n, AUDIO MPV);
		set(n, 1, MPV);
		mem_fail_after(i);
		err = negotiation_answer(n, &made);
		mem_fail_after(-1);
		if (err) {
			assert_int_equal(err, -ENOMEM);
			assert_int_equal(negotiation_state(n), NEGOTIATION_REMOTE_OFFER);
			answer(n, V0 "m=audio 0 RTP/AVP 0\r\n" C OUR_MPV);
		}
		CHANGES(n, DISABLED, ADDED);
		obj_unref(n);
		if (!err)
			return;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(basic_exchange_as_the_answerer),
		cmocka_unit_test(basic_exchange_as_the_offerer),
		cmocka_unit_test(one_of_n_codecs_is_locked_down_by_a_second_offer),
		cmocka_unit_test(hold_and_resume_change_only_that_stream),
		cmocka_unit_test(the_version_grows_only_when_something_changed),
		cmocka_unit_test(a_moved_session_address_changes_the_streams_that_inherit_it),
		cmocka_unit_test(an_offer_with_fewer_m_lines_is_refused),
		cmocka_unit_test(a_stream_is_removed_by_either_side_and_its_slot_used_again),
		cmocka_unit_test(a_changed_media_type_is_a_removal_and_an_addition),
		cmocka_unit_test(a_refused_stream_offered_again_is_told_from_a_new_one),
		cmocka_unit_test(an_answer_that_does_not_fit_the_offer_is_refused),
		cmocka_unit_test(an_offer_without_m_lines_is_answered_without),
		cmocka_unit_test(a_late_offer_is_an_offer_of_the_current_streams),
		cmocka_unit_test(a_failed_offer_of_ours_is_rolled_back),
		cmocka_unit_test(a_failed_offer_of_the_peer_is_rolled_back),
		cmocka_unit_test(offers_do_not_cross),
		cmocka_unit_test(what_does_not_exist_cannot_be_set),
		cmocka_unit_test(session_lines_of_ours_are_sent_from_then_on),
		cmocka_unit_test(bundle_only_lines_are_accepted_where_bundle_is_known),
		cmocka_unit_test(without_memory_an_exchange_fails_and_leaks_nothing),
		cmocka_unit_test(a_step_that_ran_out_of_memory_can_be_repeated),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
