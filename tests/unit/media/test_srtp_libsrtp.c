/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Ours and libsrtp2 read each other's packets: every suite that it has, SRTP and SRTCP. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <srtp2/srtp.h>

#include "media/rtp.h"
#include "media/srtp.h"
#include "media/srtp_cipher.h"

#define SSRC 0xcafebabe

static void set_policy(enum srtp_suite suite, srtp_policy_t *policy)
{
	switch (suite) {
	case SRTP_AES_CM_128_HMAC_SHA1_32:
		srtp_crypto_policy_set_aes_cm_128_hmac_sha1_32(&policy->rtp);
		srtp_crypto_policy_set_aes_cm_128_hmac_sha1_80(&policy->rtcp);
		break;
	case SRTP_AES_256_CM_HMAC_SHA1_80:
		srtp_crypto_policy_set_aes_cm_256_hmac_sha1_80(&policy->rtp);
		srtp_crypto_policy_set_aes_cm_256_hmac_sha1_80(&policy->rtcp);
		break;
	case SRTP_AES_256_CM_HMAC_SHA1_32:
		srtp_crypto_policy_set_aes_cm_256_hmac_sha1_32(&policy->rtp);
		srtp_crypto_policy_set_aes_cm_256_hmac_sha1_80(&policy->rtcp);
		break;
	case SRTP_AEAD_AES_128_GCM:
		srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy->rtp);
		srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy->rtcp);
		break;
	case SRTP_AEAD_AES_256_GCM:
		srtp_crypto_policy_set_aes_gcm_256_16_auth(&policy->rtp);
		srtp_crypto_policy_set_aes_gcm_256_16_auth(&policy->rtcp);
		break;
	default:
		srtp_crypto_policy_set_aes_cm_128_hmac_sha1_80(&policy->rtp);
		srtp_crypto_policy_set_aes_cm_128_hmac_sha1_80(&policy->rtcp);
		break;
	}
}

static srtp_t their_session(const struct srtp_key *key, bool sending)
{
	srtp_policy_t policy = {0};
	srtp_t session;

	set_policy(key->suite, &policy);
	policy.ssrc.type = sending ? ssrc_any_outbound : ssrc_any_inbound;
	policy.key = (unsigned char *)key->master;
	policy.window_size = 128;
	assert_int_equal(srtp_create(&session, &policy), srtp_err_status_ok);
	return session;
}

/* An RTP packet with a CSRC and an extension, its size by its number. */
static size_t make_packet(uint8_t *p, uint16_t seq)
{
	size_t payload = seq % 300;

	rtp_write_header(p, true, 96, seq, 160U * seq, SSRC);
	p[0] |= 0x11;
	memcpy(p + 12, "\0\0\0\7\xbe\xde\0\1\x10\x7f\0\0", 12);
	for (size_t i = 0; i < payload; i++)
		p[24 + i] = (uint8_t)(i + seq);
	return 24 + payload;
}

static size_t make_rtcp(uint8_t *p, unsigned number)
{
	static const uint8_t report[] = {0x80, 201, 0, 1, 0xca, 0xfe, 0xba, 0xbe, 0x81, 202, 0, 2,
		0xca, 0xfe, 0xba, 0xbe, 1, 1, 'x', 0};

	memcpy(p, report, sizeof report);
	p[18] = (uint8_t)number;
	return sizeof report;
}

static void they_read_ours(enum srtp_suite suite)
{
	struct srtp_key key;
	struct srtp *ours;
	srtp_t theirs;

	srtp_key_make(&key, suite);
	assert_int_equal(srtp_new(&ours, &key, true), 0);
	theirs = their_session(&key, false);
	for (uint32_t i = 20000; i < 2 * 65536; i += 997) {
		uint8_t p[SRTP_MAX_PACKET], plain[SRTP_MAX_PACKET];
		size_t n = make_packet(plain, (uint16_t)i), size = n;
		int their_size;

		memcpy(p, plain, n);
		assert_int_equal(srtp_seal(ours, p, &size), 0);
		their_size = (int)size;
		assert_int_equal(srtp_unprotect(theirs, p, &their_size), 0);
		assert_int_equal(their_size, n);
		assert_memory_equal(p, plain, n);
		size = n = make_rtcp(plain, i);
		memcpy(p, plain, n);
		assert_int_equal(srtp_seal_rtcp(ours, p, &size), 0);
		their_size = (int)size;
		assert_int_equal(srtp_unprotect_rtcp(theirs, p, &their_size), 0);
		assert_int_equal(their_size, n);
		assert_memory_equal(p, plain, n);
	}
	srtp_dealloc(theirs);
	srtp_free(ours);
}

static void we_read_theirs(enum srtp_suite suite)
{
	struct srtp_key key;
	struct srtp *ours;
	srtp_t theirs;

	srtp_key_make(&key, suite);
	assert_int_equal(srtp_new(&ours, &key, false), 0);
	theirs = their_session(&key, true);
	for (uint32_t i = 20000; i < 2 * 65536; i += 997) {
		uint8_t p[SRTP_MAX_PACKET], plain[SRTP_MAX_PACKET];
		size_t n = make_packet(plain, (uint16_t)i), size;
		int their_size = (int)n;

		memcpy(p, plain, n);
		assert_int_equal(srtp_protect(theirs, p, &their_size), 0);
		size = (size_t)their_size;
		assert_int_equal(srtp_open(ours, p, &size), 0);
		assert_int_equal(size, n);
		assert_memory_equal(p, plain, n);
		n = make_rtcp(plain, i);
		their_size = (int)n;
		memcpy(p, plain, n);
		assert_int_equal(srtp_protect_rtcp(theirs, p, &their_size), 0);
		size = (size_t)their_size;
		assert_int_equal(srtp_open_rtcp(ours, p, &size), 0);
		assert_int_equal(size, n);
		assert_memory_equal(p, plain, n);
	}
	srtp_dealloc(theirs);
	srtp_free(ours);
}

static void libsrtp_reads_what_we_protect(void **state)
{
	for (unsigned suite = SRTP_NONE + 1; suite < SRTP_SUITES; suite++)
		they_read_ours((enum srtp_suite)suite);
}

static void we_read_what_libsrtp_protects(void **state)
{
	for (unsigned suite = SRTP_NONE + 1; suite < SRTP_SUITES; suite++)
		we_read_theirs((enum srtp_suite)suite);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(libsrtp_reads_what_we_protect),
		cmocka_unit_test(we_read_what_libsrtp_protects),
	};
	int failed;

	if (srtp_init() != srtp_err_status_ok)
		return 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	srtp_shutdown();
	return failed;
}
