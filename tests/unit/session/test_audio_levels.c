/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Audio levels in packets, as they are offered and answered (RFC 6464 4, RFC 8285 7). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <sys/socket.h>
#include <unistd.h>

#include "core/mem.h"
#include "media/engine_private.h"
#include "media/rtp.h"
#include "session/audio_levels.h"
#include "session_fixture.h"

#define LEVEL "urn:ietf:params:rtp-hdrext:ssrc-audio-level"

static struct sdp *section(const char *lines)
{
	char text[1024];
	struct sdp *sdp;

	snprintf(text, sizeof text,
		"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
		"m=audio 4000 RTP/AVP 0\r\n%s%s",
		lines, *lines ? "\r\n" : "");
	assert_int_equal(sdp_parse(slice_str(text), &sdp, NULL), 0);
	return sdp;
}

/* What two sections agree on. */
static void assert_agreed(const char *ours, const char *theirs, unsigned in, unsigned out)
{
	struct sdp *own = section(ours), *other = section(theirs);
	struct media_leg_config config = {.level_in = 99, .level_out = 99};

	audio_levels_read(&own->media[0], &other->media[0], &config);
	assert_int_equal(config.level_in, in);
	assert_int_equal(config.level_out, out);
	obj_unref(own);
	obj_unref(other);
}

static void levels_go_both_ways_under_the_identifier_of_the_offer(void **state)
{
	assert_agreed("a=extmap:1 " LEVEL " vad=on", "a=extmap:1 " LEVEL, 1, 1);
	assert_agreed("a=extmap:200 " LEVEL, "a=extmap:200 " LEVEL " vad=off", 200, 200);
}

static void levels_go_in_the_directions_that_both_name(void **state)
{
	assert_agreed("a=extmap:3/recvonly " LEVEL, "a=extmap:3/sendonly " LEVEL, 3, 0);
	assert_agreed("a=extmap:3/sendonly " LEVEL, "a=extmap:3/recvonly " LEVEL, 0, 3);
	assert_agreed("a=extmap:3 " LEVEL, "a=extmap:3/recvonly " LEVEL, 0, 3);
	assert_agreed("a=extmap:3/sendonly " LEVEL, "a=extmap:3/sendonly " LEVEL, 0, 0);
	assert_agreed("a=extmap:3/inactive " LEVEL, "a=extmap:3 " LEVEL, 0, 0);
}

static void without_agreement_there_are_no_levels(void **state)
{
	assert_agreed("a=extmap:1 " LEVEL, "", 0, 0);
	assert_agreed("", "a=extmap:1 " LEVEL, 0, 0);
	assert_agreed("a=extmap:1 " LEVEL, "a=extmap:2 " LEVEL, 0, 0);
	assert_agreed("a=extmap:1 " LEVEL, "a=extmap:1 urn:x:other", 0, 0);
	assert_agreed("a=extmap:4096 " LEVEL, "a=extmap:4096 " LEVEL, 0, 0);
}

static void an_identifier_left_open_is_the_one_of_the_answer(void **state)
{
	assert_agreed("a=extmap:2 " LEVEL, "a=extmap:4097 " LEVEL, 2, 2);
}

/* Our answer's line to what a caller offers, on a stream of this direction; "": none. */
static void assert_answer(const char *direction, const char *offered, const char *answered)
{
	struct caller *c = caller_new(&script.world, "room");
	char media[512], line[160] = "";
	const char *at;

	snprintf(media, sizeof media, "m=audio 40000 RTP/AVP 8\nc=IN IP4 127.0.0.2\n%s\na=%s\n",
		offered, direction);
	caller_call(c, caller_sdp(media));
	assert_int_equal(caller_status(c), 200);
	at = strstr(c->answer, "a=extmap");
	if (at)
		sscanf(at, "%159[^\r\n]", line);
	assert_string_equal(line, answered);
	assert_true(!at || !strstr(at + 1, "a=extmap"));
	caller_bye(c);
}

static void an_offer_of_levels_is_answered_with_its_identifier(void **state)
{
	assert_answer("sendrecv", "a=extmap:5 urn:x:other\na=extmap:6 " LEVEL,
		"a=extmap:6 " LEVEL " vad=on");
	assert_answer("sendrecv", "a=extmap:77 " LEVEL " vad=off", "a=extmap:77 " LEVEL " vad=on");
	assert_answer("sendrecv", "a=extmap:5 urn:x:other", "");
	assert_answer("sendrecv", "a=extmap:0 " LEVEL, "");
}

static void the_directions_of_an_offer_are_turned_round(void **state)
{
	assert_answer(
		"sendrecv", "a=extmap:6/sendonly " LEVEL, "a=extmap:6/recvonly " LEVEL " vad=on");
	assert_answer(
		"sendrecv", "a=extmap:6/recvonly " LEVEL, "a=extmap:6/sendonly " LEVEL " vad=on");
	assert_answer(
		"sendrecv", "a=extmap:6/sendrecv " LEVEL, "a=extmap:6/sendrecv " LEVEL " vad=on");
	assert_answer(
		"sendonly", "a=extmap:6/sendrecv " LEVEL, "a=extmap:6/recvonly " LEVEL " vad=on");
	assert_answer(
		"sendrecv", "a=extmap:6/inactive " LEVEL, "a=extmap:6/inactive " LEVEL " vad=on");
}

static void an_identifier_that_is_left_to_us_is_a_free_one(void **state)
{
	assert_answer("sendrecv", "a=extmap:1 urn:x:a\na=extmap:4096 " LEVEL,
		"a=extmap:2 " LEVEL " vad=on");
}

static void our_offers_have_levels_and_keep_their_identifier(void **state)
{
	struct caller *c = caller_new(&script.world, "room");

	caller_invite(c, NULL);
	assert_non_null(strstr(c->answer, "a=extmap:1 " LEVEL " vad=on\r\n"));
	caller_ack(c, caller_sdp(audio(40000)));
	assert_int_equal(session_state(script.session), SESSION_CONNECTED);
	/* Though that answer had none. */
	assert_int_equal(session_hold(script.session, true), 0);
	assert_non_null(strstr(c->asked, "a=extmap:1 " LEVEL " vad=on\r\n"));
	caller_bye(c);
}

static void a_re_invite_drops_levels_and_brings_them_back(void **state)
{
	static const char with[] =
		"m=audio 40000 RTP/AVP 8\nc=IN IP4 127.0.0.2\na=extmap:9 " LEVEL "\n";
	struct caller *c = caller_new(&script.world, "room");

	caller_call(c, caller_sdp(with));
	assert_non_null(strstr(c->answer, "a=extmap:9 " LEVEL " vad=on\r\n"));
	caller_call(c, caller_sdp(audio(40000)));
	assert_null(strstr(c->answer, "extmap"));
	caller_call(c, caller_sdp(with));
	assert_non_null(strstr(c->answer, "a=extmap:9 " LEVEL " vad=on\r\n"));
	assert_int_equal(session_hold(script.session, true), 0);
	assert_non_null(strstr(c->asked, "a=extmap:9 " LEVEL " vad=on\r\n"));
	caller_bye(c);
}

/* Send PCMA packets from the address of our SDP to the server's port, as it ticks: loud or silent. */
static void send_packets(int fd, const struct caller *c, unsigned n, bool loud)
{
	static uint16_t seq;
	uint8_t packet[RTP_HEADER_SIZE + 160];
	struct addr to;
	unsigned port;

	assert_int_equal(sscanf(strstr(c->answer, "m=audio"), "m=audio %u", &port), 1);
	assert_int_equal(addr_parse(slice_str("127.0.0.1"), (uint16_t)port, &to), 0);
	for (unsigned i = 0; i < n; i++) {
		struct rtp_packet head = {
			.payload_type = 8, .seq = seq, .timestamp = 160U * seq, .ssrc = 5};

		/* Full scale, and the softest, with changing signs. */
		for (unsigned k = 0; k < 160; k++)
			packet[RTP_HEADER_SIZE + k] =
				(uint8_t)((loud ? 0x2a : 0x55) | (k & 8) << 4);
		rtp_write_head(packet, &head);
		seq++;
		assert_int_equal(sendto(fd, packet, sizeof packet, 0, &to.u.sa, to.len),
			(ssize_t)sizeof packet);
		for (int k = 0; k < 4; k++) {
			script.world.media_us += 5000;
			media_engine_step(script.world.media, 0, script.world.media_us);
		}
		uv_run(loop_uv(script.world.loop), UV_RUN_NOWAIT);
	}
}

static void the_application_is_told_who_talks(void **state)
{
	struct caller *c = caller_new(&script.world, "room");
	struct media_mixer *mixer;
	struct session_stream *stream;
	struct addr from;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(addr_parse(slice_str(HERE), 0, &from), 0);
	assert_int_equal(bind(fd, &from.u.sa, from.len), 0);
	caller_call(c, caller_sdp(audio(40000)));
	stream = session_find(script.session, STREAM_AUDIO);
	assert_int_equal(media_mixer_new(script.world.media, 0, &mixer), 0);
	assert_int_equal(media_leg_join(stream->leg, mixer), 0);
	caller_world_settle(&script.world);
	script_forget(&script);
	send_packets(fd, c, 20, true);
	assert_string_equal(script.log, "talks");
	assert_true(stream->talking);
	send_packets(fd, c, 60, false);
	assert_string_equal(script.log, "talks; silent");
	assert_false(stream->talking);
	close(fd);
	caller_bye(c);
	media_mixer_close(mixer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(levels_go_both_ways_under_the_identifier_of_the_offer),
		cmocka_unit_test(levels_go_in_the_directions_that_both_name),
		cmocka_unit_test(without_agreement_there_are_no_levels),
		cmocka_unit_test(an_identifier_left_open_is_the_one_of_the_answer),
		cmocka_unit_test_setup_teardown(an_offer_of_levels_is_answered_with_its_identifier,
			session_open, session_close),
		cmocka_unit_test_setup_teardown(
			the_directions_of_an_offer_are_turned_round, session_open, session_close),
		cmocka_unit_test_setup_teardown(an_identifier_that_is_left_to_us_is_a_free_one,
			session_open, session_close),
		cmocka_unit_test_setup_teardown(our_offers_have_levels_and_keep_their_identifier,
			session_open, session_close),
		cmocka_unit_test_setup_teardown(
			a_re_invite_drops_levels_and_brings_them_back, session_open, session_close),
		cmocka_unit_test_setup_teardown(
			the_application_is_told_who_talks, session_open, session_close),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
