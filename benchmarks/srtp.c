/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What SRTP costs: microseconds of one core per packet, to protect and to unprotect, with one session,
 * 500 and 5,000 in turn, AES-CM with HMAC-SHA1 and AES-GCM, packets of 100 and 1,100 bytes; beside
 * libsrtp2 with up to 500. The best of five runs. Usage: srtp
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <srtp2/srtp.h>

#include "media/rtp.h"
#include "media/srtp.h"
#include "media/srtp_cipher.h"

#define RUNS 5
#define PACKETS 20000 /* in a run, over all sessions */
#define MAX_SESSIONS 5000
#define MAX_FIGURES 64

/* One implementation, one suite: a sender and a receiver for each session. */
struct subject {
	const char *name;
	enum srtp_suite suite;
	unsigned max_sessions;
	bool theirs;
};

struct session {
	struct srtp *send, *receive;
	srtp_t their_send, their_receive;
	uint16_t seq;
};

static struct session sessions[MAX_SESSIONS];
static uint8_t packets[PACKETS][1280];
static size_t sizes[PACKETS];

static struct figure {
	char name[48];
	double us;
} figures[MAX_FIGURES];
static unsigned n_figures;

static double cpu_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void fail(const char *what)
{
	fprintf(stderr, "srtp: %s\n", what);
	exit(1);
}

/* ---- sessions ------------------------------------------------------------------------------------ */

static srtp_t their_session(const struct srtp_key *key, bool sending)
{
	srtp_policy_t policy = {0};
	srtp_t session;

	if (key->suite == SRTP_AEAD_AES_128_GCM) {
		srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy.rtp);
		srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy.rtcp);
	} else {
		srtp_crypto_policy_set_aes_cm_128_hmac_sha1_80(&policy.rtp);
		srtp_crypto_policy_set_aes_cm_128_hmac_sha1_80(&policy.rtcp);
	}
	policy.ssrc.type = sending ? ssrc_any_outbound : ssrc_any_inbound;
	policy.key = (unsigned char *)key->master;
	policy.window_size = 128;
	if (srtp_create(&session, &policy) != srtp_err_status_ok)
		fail("libsrtp2 makes no session");
	return session;
}

static void open_sessions(const struct subject *subject, unsigned n)
{
	struct srtp_key key;

	for (unsigned i = 0; i < n; i++) {
		struct session *s = &sessions[i];

		*s = (struct session){.seq = 1};
		srtp_key_make(&key, subject->suite);
		if (subject->theirs) {
			s->their_send = their_session(&key, true);
			s->their_receive = their_session(&key, false);
		} else if (srtp_new(&s->send, &key, true) < 0 ||
			   srtp_new(&s->receive, &key, false) < 0) {
			fail("no memory");
		}
	}
}

static void close_sessions(const struct subject *subject, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		if (subject->theirs) {
			srtp_dealloc(sessions[i].their_send);
			srtp_dealloc(sessions[i].their_receive);
		}
		srtp_free(sessions[i].send);
		srtp_free(sessions[i].receive);
	}
}

/* ---- packets ------------------------------------------------------------------------------------- */

static void make_packets(unsigned n, size_t size)
{
	for (unsigned i = 0; i < PACKETS; i++) {
		struct session *s = &sessions[i % n];

		memset(packets[i], (int)(i & 0xff), size);
		rtp_write_header(packets[i], false, 96, s->seq++, 960U * i, i % n);
		sizes[i] = size;
	}
}

static void protect(const struct subject *subject, unsigned n)
{
	for (unsigned i = 0; i < PACKETS; i++) {
		struct session *s = &sessions[i % n];
		int size = (int)sizes[i], err;

		if (subject->theirs) {
			err = (int)srtp_protect(s->their_send, packets[i], &size);
			sizes[i] = (size_t)size;
		} else {
			err = srtp_seal(s->send, packets[i], &sizes[i]);
		}
		if (err)
			fail("a packet cannot be protected");
	}
}

static void unprotect(const struct subject *subject, unsigned n)
{
	for (unsigned i = 0; i < PACKETS; i++) {
		struct session *s = &sessions[i % n];
		int size = (int)sizes[i], err;

		if (subject->theirs)
			err = (int)srtp_unprotect(s->their_receive, packets[i], &size);
		else
			err = srtp_open(s->receive, packets[i], &sizes[i]);
		if (err)
			fail("a packet cannot be unprotected");
	}
}

static void note(const char *name, const char *kind, unsigned n, size_t size, double us)
{
	struct figure *figure = &figures[n_figures++];

	snprintf(figure->name, sizeof figure->name, "%s%s_%zu_%u", name, kind, size, n);
	figure->us = us;
}

static void measure(const struct subject *subject, unsigned n, size_t size)
{
	double best[2] = {1e9, 1e9};

	open_sessions(subject, n);
	for (unsigned run = 0; run < RUNS; run++) {
		double start, middle, end;

		make_packets(n, size);
		start = cpu_us();
		protect(subject, n);
		middle = cpu_us();
		unprotect(subject, n);
		end = cpu_us();
		best[0] =
			(middle - start) / PACKETS < best[0] ? (middle - start) / PACKETS : best[0];
		best[1] = (end - middle) / PACKETS < best[1] ? (end - middle) / PACKETS : best[1];
	}
	close_sessions(subject, n);
	note(subject->name, "", n, size, best[0]);
	note(subject->name, "_open", n, size, best[1]);
	printf("%-12s %5zu bytes %5u sessions   protect %7.3f us   unprotect %7.3f us\n",
		subject->name, size, n, best[0], best[1]);
	fflush(stdout);
}

int main(void)
{
	static const struct subject subjects[] = {
		{"cm", SRTP_AES_CM_128_HMAC_SHA1_80, 5000, false},
		{"gcm", SRTP_AEAD_AES_128_GCM, 5000, false},
		{"libsrtp_cm", SRTP_AES_CM_128_HMAC_SHA1_80, 500, true},
		{"libsrtp_gcm", SRTP_AEAD_AES_128_GCM, 500, true},
	};
	static const unsigned counts[] = {1, 500, 5000};

	if (srtp_init() != srtp_err_status_ok)
		fail("libsrtp2 does not start");
	for (size_t i = 0; i < sizeof subjects / sizeof subjects[0]; i++) {
		for (size_t k = 0; k < 3 && counts[k] <= subjects[i].max_sessions; k++) {
			measure(&subjects[i], counts[k], 100);
			measure(&subjects[i], counts[k], 1100);
		}
	}
	srtp_shutdown();
	for (unsigned i = 0; i < n_figures; i++)
		printf("%s\"%s\": %.3f", i ? ", " : "{", figures[i].name, figures[i].us);
	printf("}\n");
	return 0;
}
