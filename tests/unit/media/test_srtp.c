/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/mem.h"
#include "media/rtp.h"
#include "media/srtp.h"
#include "media/srtp_cipher.h"

#define SSRC 0x01020304

struct pair {
	struct srtp_key key;
	struct srtp *send, *receive;
};

static void make_pair(struct pair *pair, enum srtp_suite suite)
{
	srtp_key_make(&pair->key, suite);
	assert_int_equal(srtp_new(&pair->send, &pair->key, true), 0);
	assert_int_equal(srtp_new(&pair->receive, &pair->key, false), 0);
}

static void free_pair(struct pair *pair)
{
	srtp_free(pair->send);
	srtp_free(pair->receive);
}

/* A plain packet that says its number. */
static size_t make_packet(uint8_t *p, uint32_t ssrc, uint16_t seq, size_t payload)
{
	rtp_write_header(p, false, 96, seq, 160U * seq, ssrc);
	memset(p + RTP_HEADER_SIZE, (int)(seq & 0xff), payload);
	return RTP_HEADER_SIZE + payload;
}

static size_t protect(struct srtp *srtp, uint8_t *p, uint32_t ssrc, uint16_t seq)
{
	size_t n = make_packet(p, ssrc, seq, 20);

	assert_int_equal(srtp_seal(srtp, p, &n), 0);
	return n;
}

/* Send seq from one to the other; returns what unprotecting returned. */
static int pass(struct pair *pair, uint16_t seq)
{
	uint8_t p[SRTP_MAX_PACKET];
	size_t n = protect(pair->send, p, SSRC, seq);

	return srtp_open(pair->receive, p, &n);
}

static size_t make_rtcp(uint8_t *p, uint32_t ssrc)
{
	static const uint8_t report[] = {0x80, 201, 0, 1, 0, 0, 0, 0, 0x81, 202, 0, 2, 1, 2, 3, 4,
		1, 2, 'm', 'e', 0, 0, 0, 0};

	memcpy(p, report, sizeof report);
	for (unsigned i = 0; i < 4; i++)
		p[4 + i] = (uint8_t)(ssrc >> (24 - 8 * i));
	return sizeof report;
}

/* ---- what is protected ------------------------------------------------------------------------- */

static void every_suite_gives_back_packets_of_every_size(void **state)
{
	for (unsigned suite = SRTP_NONE + 1; suite < SRTP_SUITES; suite++) {
		struct pair pair;
		uint16_t seq = 1;

		make_pair(&pair, suite);
		for (size_t payload = 0; payload <= 1400; payload += payload < 70 ? 1 : 133) {
			uint8_t p[SRTP_MAX_PACKET], plain[SRTP_MAX_PACKET];
			size_t n = make_packet(p, SSRC, seq++, payload), before = n;

			memcpy(plain, p, n);
			assert_int_equal(srtp_seal(pair.send, p, &n), 0);
			assert_in_range(n, before + 4, before + SRTP_MAX_OVERHEAD);
			assert_memory_equal(p, plain, RTP_HEADER_SIZE);
			if (payload > 8)
				assert_memory_not_equal(p + 12, plain + 12, payload);
			assert_int_equal(srtp_open(pair.receive, p, &n), 0);
			assert_int_equal(n, before);
			assert_memory_equal(p, plain, n);
		}
		free_pair(&pair);
	}
}

static void rtcp_is_encrypted_and_numbered(void **state)
{
	for (unsigned suite = SRTP_NONE + 1; suite < SRTP_SUITES; suite++) {
		struct pair pair;
		uint8_t p[128], first[128], plain[128];

		make_pair(&pair, suite);
		for (unsigned i = 0; i < 3; i++) {
			size_t n = make_rtcp(p, SSRC), before = n;

			memcpy(plain, p, n);
			assert_int_equal(srtp_seal_rtcp(pair.send, p, &n), 0);
			assert_in_range(n, before + 14, before + SRTP_MAX_OVERHEAD);
			assert_memory_equal(p, plain, 8);
			assert_memory_not_equal(p + 8, plain + 8, before - 8);
			if (i)
				assert_memory_not_equal(p, first, n);
			memcpy(first, p, n);
			assert_int_equal(srtp_open_rtcp(pair.receive, p, &n), 0);
			assert_int_equal(n, before);
			assert_memory_equal(p, plain, n);
			assert_int_equal(srtp_open_rtcp(pair.receive, first, &n), -EBADMSG);
		}
		free_pair(&pair);
	}
}

static void csrcs_and_header_extensions_stay_in_the_clear(void **state)
{
	static const uint8_t packet[] = {0x92, 96, 0, 1, 0, 0, 0, 2, 1, 2, 3, 4, 0, 0, 0, 9, 0, 0,
		0, 8, 0xbe, 0xde, 0, 1, 0x10, 0x7f, 0, 0, 's', 'e', 'c', 'r', 'e', 't'};
	struct pair pair;
	uint8_t p[64];
	size_t n = sizeof packet;

	make_pair(&pair, SRTP_AES_CM_128_HMAC_SHA1_80);
	memcpy(p, packet, sizeof packet);
	assert_int_equal(srtp_seal(pair.send, p, &n), 0);
	assert_memory_equal(p, packet, 28);
	assert_memory_not_equal(p + 28, packet + 28, 6);
	assert_int_equal(srtp_open(pair.receive, p, &n), 0);
	assert_memory_equal(p, packet, sizeof packet);
	free_pair(&pair);
}

/* Every bit of a packet counts: a changed one is refused, and what was refused is as it was. */
static void a_changed_bit_is_refused_and_changes_nothing(void **state)
{
	for (unsigned suite = SRTP_NONE + 1; suite < SRTP_SUITES; suite++) {
		struct pair pair;
		uint8_t sent[64], p[64], before[64];
		size_t n;

		make_pair(&pair, suite);
		n = protect(pair.send, sent, SSRC, 7);
		for (size_t bit = 0; bit < 8 * n; bit++) {
			size_t size = n;

			memcpy(p, sent, n);
			p[bit / 8] ^= (uint8_t)(1 << bit % 8);
			memcpy(before, p, n);
			assert_int_equal(srtp_open(pair.receive, p, &size), -EBADMSG);
			assert_int_equal(size, n);
			assert_memory_equal(p, before, n);
		}
		assert_int_equal(srtp_open(pair.receive, sent, &n), 0);
		free_pair(&pair);
	}
}

static void what_is_too_short_or_no_rtp_is_refused(void **state)
{
	for (unsigned suite = SRTP_NONE + 1; suite < SRTP_SUITES; suite++) {
		struct pair pair;
		uint8_t p[SRTP_MAX_PACKET + 8] = {0};
		size_t whole;

		make_pair(&pair, suite);
		whole = protect(pair.send, p, SSRC, 1);
		for (size_t n = 0; n < whole; n++) {
			size_t size = n;

			assert_int_equal(srtp_open(pair.receive, p, &size), -EBADMSG);
			assert_int_equal(srtp_open_rtcp(pair.receive, p, &size), -EBADMSG);
		}
		whole = sizeof p;
		assert_int_equal(srtp_open(pair.receive, p, &whole), -EBADMSG);
		assert_int_equal(srtp_open_rtcp(pair.receive, p, &whole), -EBADMSG);
		assert_int_equal(srtp_seal(pair.send, p, &whole), -EBADMSG);
		assert_int_equal(srtp_seal_rtcp(pair.send, p, &whole), -EBADMSG);
		memset(p, 0x40, 12);
		whole = 40;
		assert_int_equal(srtp_seal(pair.send, p, &whole), -EBADMSG);
		p[0] = 0x9f; /* 15 CSRCs and an extension, which are not there */
		assert_int_equal(srtp_seal(pair.send, p, &whole), -EBADMSG);
		free_pair(&pair);
	}
}

static void rtcp_that_is_not_encrypted_is_refused(void **state)
{
	struct pair pair;
	uint8_t p[64];
	size_t n = make_rtcp(p, SSRC);

	make_pair(&pair, SRTP_AES_CM_128_HMAC_SHA1_80);
	assert_int_equal(srtp_seal_rtcp(pair.send, p, &n), 0);
	p[n - 14] &= 0x7f; /* the E bit */
	assert_int_equal(srtp_open_rtcp(pair.receive, p, &n), -EBADMSG);
	free_pair(&pair);
}

static void an_mki_of_any_length_is_skipped(void **state)
{
	static const uint8_t sizes[] = {1, 4, SRTP_MAX_MKI};

	for (unsigned suite = SRTP_NONE + 1; suite < SRTP_SUITES; suite++) {
		bool gcm = suite >= SRTP_AEAD_AES_128_GCM;

		for (unsigned i = 0; i < sizeof sizes; i++) {
			struct pair pair;
			struct srtp *receive;
			uint8_t p[SRTP_MAX_PACKET], *at;
			size_t n, tag;

			make_pair(&pair, suite);
			pair.key.mki_size = sizes[i];
			assert_int_equal(srtp_new(&receive, &pair.key, false), 0);
			n = protect(pair.send, p, SSRC, 1);
			/* RFC 3711 3.1: in front of the tag; RFC 7714 figure 3: behind it. */
			tag = gcm ? 0 : n - (RTP_HEADER_SIZE + 20);
			at = p + n - tag;
			memmove(at + sizes[i], at, tag);
			memset(at, 0x55, sizes[i]);
			n += sizes[i];
			assert_int_equal(srtp_open(receive, p, &n), 0);
			assert_int_equal(n, RTP_HEADER_SIZE + 20);
			n = make_rtcp(p, SSRC);
			assert_int_equal(srtp_seal_rtcp(pair.send, p, &n), 0);
			tag = gcm ? 0 : 10;
			at = p + n - tag;
			memmove(at + sizes[i], at, tag);
			memset(at, 0x55, sizes[i]);
			n += sizes[i];
			assert_int_equal(srtp_open_rtcp(receive, p, &n), 0);
			srtp_free(receive);
			free_pair(&pair);
		}
	}
}

/* ---- order of packets -------------------------------------------------------------------------- */

static void a_replay_is_refused(void **state)
{
	struct pair pair;
	uint8_t p[64], again[64];
	size_t n, size;

	make_pair(&pair, SRTP_AES_CM_128_HMAC_SHA1_80);
	size = n = protect(pair.send, p, SSRC, 100);
	memcpy(again, p, n);
	assert_int_equal(srtp_open(pair.receive, p, &size), 0);
	size = n;
	assert_int_equal(srtp_open(pair.receive, again, &size), -EALREADY);
	size = make_rtcp(p, SSRC);
	assert_int_equal(srtp_seal_rtcp(pair.send, p, &size), 0);
	memcpy(again, p, size);
	n = size;
	assert_int_equal(srtp_open_rtcp(pair.receive, p, &size), 0);
	assert_int_equal(srtp_open_rtcp(pair.receive, again, &n), -EALREADY);
	free_pair(&pair);
}

static void packets_out_of_order_are_taken_once_within_the_window(void **state)
{
	struct pair pair;
	uint8_t held[130][64];
	size_t sizes[130];

	make_pair(&pair, SRTP_AEAD_AES_128_GCM);
	for (uint16_t i = 0; i < 130; i++)
		sizes[i] = protect(pair.send, held[i], SSRC, (uint16_t)(1000 + i));
	assert_int_equal(srtp_open(pair.receive, held[129], &sizes[129]), 0);
	/* 128 in the window with the last: 2 to 129. */
	assert_int_equal(srtp_open(pair.receive, held[0], &sizes[0]), -EALREADY);
	assert_int_equal(srtp_open(pair.receive, held[1], &sizes[1]), -EALREADY);
	for (unsigned i = 2; i < 129; i += 2)
		assert_int_equal(srtp_open(pair.receive, held[i], &sizes[i]), 0);
	for (unsigned i = 127; i > 2; i -= 2)
		assert_int_equal(srtp_open(pair.receive, held[i], &sizes[i]), 0);
	free_pair(&pair);
}

static void the_rollover_counter_follows_the_sequence_number(void **state)
{
	struct pair pair;
	uint32_t seq = 32000;

	make_pair(&pair, SRTP_AES_CM_128_HMAC_SHA1_32);
	for (; seq < 5 * 65536; seq += 1777)
		assert_int_equal(pass(&pair, (uint16_t)seq), 0);
	assert_int_equal(srtp_rollovers(pair.receive, SSRC), 4);
	assert_int_equal(srtp_rollovers(pair.send, SSRC), 4);
	assert_int_equal(srtp_rollovers(pair.send, SSRC + 1), 0);
	free_pair(&pair);
}

static void packets_around_the_turn_may_come_in_any_order(void **state)
{
	static const uint16_t order[] = {2, 0, 4, 1, 3, 5};
	struct pair pair;
	uint8_t held[6][64];
	size_t sizes[6];

	make_pair(&pair, SRTP_AES_CM_128_HMAC_SHA1_80);
	assert_int_equal(pass(&pair, 65000), 0);
	for (uint16_t i = 0; i < 6; i++)
		sizes[i] = protect(pair.send, held[i], SSRC, (uint16_t)(65533 + i));
	for (unsigned i = 0; i < 6; i++)
		assert_int_equal(srtp_open(pair.receive, held[order[i]], &sizes[order[i]]), 0);
	free_pair(&pair);
}

/* What was lost was the turn itself: at the start, and during an outage of eleven minutes. */
static void a_turn_that_was_not_heard_is_found_out(void **state)
{
	struct pair pair;
	uint8_t p[64];

	make_pair(&pair, SRTP_AES_CM_128_HMAC_SHA1_80);
	protect(pair.send, p, SSRC, 65535);
	assert_int_equal(pass(&pair, 3), 0);
	assert_int_equal(srtp_rollovers(pair.receive, SSRC), 1);
	for (uint32_t seq = 0; seq < 40000; seq += 20000)
		protect(pair.send, p, SSRC, (uint16_t)seq);
	assert_int_equal(pass(&pair, 40000), 0);
	protect(pair.send, p, SSRC, 65535);
	assert_int_equal(pass(&pair, 20000), 0);
	assert_int_equal(srtp_rollovers(pair.receive, SSRC), 2);
	free_pair(&pair);
}

static void forged_packets_move_neither_counter_nor_window(void **state)
{
	struct pair pair;
	uint8_t p[64];

	make_pair(&pair, SRTP_AES_CM_128_HMAC_SHA1_80);
	assert_int_equal(pass(&pair, 1), 0);
	for (uint32_t seq = 5; seq < 65536; seq += 7) {
		size_t n = make_packet(p, SSRC + seq % 64, (uint16_t)seq, 30);

		assert_int_equal(srtp_open(pair.receive, p, &n), -EBADMSG);
	}
	assert_int_equal(pass(&pair, 2), 0);
	assert_int_equal(srtp_rollovers(pair.receive, SSRC), 0);
	free_pair(&pair);
}

/* ---- sending ----------------------------------------------------------------------------------- */

static void no_keystream_is_used_twice(void **state)
{
	struct pair pair;
	uint8_t p[64];
	size_t n;

	make_pair(&pair, SRTP_AEAD_AES_256_GCM);
	protect(pair.send, p, SSRC, 500);
	n = make_packet(p, SSRC, 500, 10);
	assert_int_equal(srtp_seal(pair.send, p, &n), -EALREADY);
	protect(pair.send, p, SSRC, 700);
	n = make_packet(p, SSRC, 500, 10);
	assert_int_equal(srtp_seal(pair.send, p, &n), -EALREADY);
	free_pair(&pair);
}

static void a_sender_has_room_for_so_many_sources_and_forgets_none(void **state)
{
	struct pair pair;
	uint8_t p[64];
	uint32_t ssrc = 0;
	size_t n;

	make_pair(&pair, SRTP_AES_CM_128_HMAC_SHA1_80);
	while (ssrc < 16)
		protect(pair.send, p, ssrc++, 1);
	n = make_packet(p, ssrc, 1, 10);
	assert_int_equal(srtp_seal(pair.send, p, &n), -ENOSPC);
	n = make_packet(p, 3, 1, 10);
	assert_int_equal(srtp_seal(pair.send, p, &n), -EALREADY);
	free_pair(&pair);
}

static void a_receiver_forgets_the_source_that_was_silent_longest(void **state)
{
	struct pair pair, other;
	uint8_t p[64];

	make_pair(&pair, SRTP_AES_CM_128_HMAC_SHA1_80);
	for (uint32_t ssrc = 0; ssrc < 40; ssrc++) {
		size_t n;

		/* A sender of its own for each, with the same key; source 0 goes on all the time. */
		assert_int_equal(srtp_new(&other.send, &pair.key, true), 0);
		n = protect(other.send, p, ssrc, 65000);
		assert_int_equal(srtp_open(pair.receive, p, &n), 0);
		srtp_free(other.send);
		n = protect(pair.send, p, 0, (uint16_t)(65001 + 100 * ssrc));
		assert_int_equal(srtp_open(pair.receive, p, &n), 0);
	}
	assert_int_equal(srtp_rollovers(pair.receive, 0), 1);
	free_pair(&pair);
}

/* ---- a new key --------------------------------------------------------------------------------- */

/* Another key takes over behind the first turn of the sequence number. */
static void change_key(struct pair *old, struct pair *new, bool sender_counts_on)
{
	make_pair(old, SRTP_AES_CM_128_HMAC_SHA1_80);
	assert_int_equal(pass(old, 40000), 0);
	assert_int_equal(pass(old, 65535), 0);
	assert_int_equal(pass(old, 100), 0);
	make_pair(new, SRTP_AEAD_AES_256_GCM);
	if (sender_counts_on)
		srtp_inherit(new->send, old->send);
	srtp_inherit(new->receive, old->receive);
}

static void a_new_key_goes_on_with_the_rollover_counter(void **state)
{
	struct pair old, new;

	change_key(&old, &new, true);
	assert_int_equal(srtp_rollovers(new.send, SSRC), 1);
	assert_int_equal(pass(&new, 101), 0);
	assert_int_equal(pass(&old, 102), 0); /* on its way when the key changed */
	assert_int_equal(srtp_rollovers(new.receive, SSRC), 1);
	free_pair(&old);
	free_pair(&new);
}

static void a_peer_that_counts_from_zero_under_a_new_key_is_understood(void **state)
{
	struct pair old, new;

	change_key(&old, &new, false);
	assert_int_equal(pass(&new, 101), 0);
	assert_int_equal(pass(&new, 99), 0); /* seen under no key: no replay */
	assert_int_equal(srtp_rollovers(new.receive, SSRC), 0);
	free_pair(&old);
	free_pair(&new);
}

/* ---- keys -------------------------------------------------------------------------------------- */

static void suites_have_the_names_of_the_registry(void **state)
{
	assert_int_equal(
		srtp_suite_find(SLICE("AES_CM_128_HMAC_SHA1_80")), SRTP_AES_CM_128_HMAC_SHA1_80);
	assert_int_equal(srtp_suite_find(SLICE("aead_aes_256_gcm")), SRTP_AEAD_AES_256_GCM);
	assert_int_equal(srtp_suite_find(SLICE("")), SRTP_NONE);
	assert_int_equal(srtp_suite_find(SLICE("F8_128_HMAC_SHA1_80")), SRTP_NONE);
	assert_string_equal(
		srtp_suite_name(SRTP_AES_256_CM_HMAC_SHA1_32), "AES_256_CM_HMAC_SHA1_32");
	assert_int_equal(srtp_suite_master_size(SRTP_AES_CM_128_HMAC_SHA1_32), 30);
	assert_int_equal(srtp_suite_master_size(SRTP_AES_256_CM_HMAC_SHA1_80), 46);
	assert_int_equal(srtp_suite_master_size(SRTP_AEAD_AES_128_GCM), 28);
	assert_int_equal(srtp_suite_master_size(SRTP_AEAD_AES_256_GCM), 44);
	assert_int_equal(srtp_suite_master_size(SRTP_NONE), 0);
}

static void keys_are_random_compared_and_wiped(void **state)
{
	struct srtp_key a, b, zero = {0};
	struct srtp *srtp;

	srtp_key_make(&a, SRTP_AEAD_AES_128_GCM);
	srtp_key_make(&b, SRTP_AEAD_AES_128_GCM);
	assert_false(srtp_key_equal(&a, &b));
	b = a;
	assert_true(srtp_key_equal(&a, &b));
	b.mki_size = 4;
	assert_false(srtp_key_equal(&a, &b));
	srtp_key_wipe(&b);
	assert_memory_equal(&b, &zero, sizeof b);
	assert_int_equal(srtp_new(&srtp, &b, true), -EINVAL);
	srtp_free(NULL);
}

static void without_memory_there_is_an_error_and_no_leak(void **state)
{
	struct srtp_key key;
	struct srtp *srtp;

	srtp_key_make(&key, SRTP_AEAD_AES_128_GCM);
	mem_fail_after(0);
	assert_int_equal(srtp_new(&srtp, &key, true), -ENOMEM);
	mem_fail_after(-1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_suite_gives_back_packets_of_every_size),
		cmocka_unit_test(rtcp_is_encrypted_and_numbered),
		cmocka_unit_test(csrcs_and_header_extensions_stay_in_the_clear),
		cmocka_unit_test(a_changed_bit_is_refused_and_changes_nothing),
		cmocka_unit_test(what_is_too_short_or_no_rtp_is_refused),
		cmocka_unit_test(rtcp_that_is_not_encrypted_is_refused),
		cmocka_unit_test(an_mki_of_any_length_is_skipped),
		cmocka_unit_test(a_replay_is_refused),
		cmocka_unit_test(packets_out_of_order_are_taken_once_within_the_window),
		cmocka_unit_test(the_rollover_counter_follows_the_sequence_number),
		cmocka_unit_test(packets_around_the_turn_may_come_in_any_order),
		cmocka_unit_test(a_turn_that_was_not_heard_is_found_out),
		cmocka_unit_test(forged_packets_move_neither_counter_nor_window),
		cmocka_unit_test(no_keystream_is_used_twice),
		cmocka_unit_test(a_sender_has_room_for_so_many_sources_and_forgets_none),
		cmocka_unit_test(a_receiver_forgets_the_source_that_was_silent_longest),
		cmocka_unit_test(a_new_key_goes_on_with_the_rollover_counter),
		cmocka_unit_test(a_peer_that_counts_from_zero_under_a_new_key_is_understood),
		cmocka_unit_test(suites_have_the_names_of_the_registry),
		cmocka_unit_test(keys_are_random_compared_and_wiped),
		cmocka_unit_test(without_memory_there_is_an_error_and_no_leak),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
