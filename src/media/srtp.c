/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SRTP and SRTCP: packets, their indices and where their tags stand (RFC 3711 3.1 to 3.4). */
#include "media/srtp.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include <openssl/crypto.h>

#include "core/id.h"
#include "core/mem.h"
#include "media/cache.h"
#include "media/srtp_cipher.h"
#include "media/srtp_kdf.h"
#include "media/srtp_streams.h"

enum {
	RTP_HEADER = 12,
	RTCP_HEADER = 8, /* what SRTCP leaves in the clear (3.4) */
	WORD = 4,        /* SRTCP's trailer: E bit and index */
};

#define E_BIT 0x80000000U

struct suite {
	const char *name;
	uint8_t key_size, salt_size; /* bytes, of the master key and the session key */
	uint8_t rtp_tag_size,
		rtcp_tag_size; /* bytes; RFC 4568 6.2.2: SRTCP's is never the short one */
	const struct srtp_cipher_ops *ops;
};

static const struct suite suites[SRTP_SUITES] = {
	[SRTP_NONE] = {.name = ""},
	[SRTP_AES_CM_128_HMAC_SHA1_80] = {"AES_CM_128_HMAC_SHA1_80", 16, 14, 10, 10, &srtp_cm_ops},
	[SRTP_AES_CM_128_HMAC_SHA1_32] = {"AES_CM_128_HMAC_SHA1_32", 16, 14, 4, 10, &srtp_cm_ops},
	[SRTP_AES_256_CM_HMAC_SHA1_80] = {"AES_256_CM_HMAC_SHA1_80", 32, 14, 10, 10, &srtp_cm_ops},
	[SRTP_AES_256_CM_HMAC_SHA1_32] = {"AES_256_CM_HMAC_SHA1_32", 32, 14, 4, 10, &srtp_cm_ops},
	[SRTP_AEAD_AES_128_GCM] = {"AEAD_AES_128_GCM", 16, 12, 16, 16, &srtp_gcm_ops},
	[SRTP_AEAD_AES_256_GCM] = {"AEAD_AES_256_GCM", 32, 12, 16, 16, &srtp_gcm_ops},
};

struct srtp {
	const struct suite *suite;
	bool sending;
	uint8_t mki_size;
	/* What a packet touches stands together. */
	struct srtp_cipher rtp;
	struct srtp_streams streams;
	struct srtp_cipher rtcp;
};

/* ---- suites and keys -------------------------------------------------------------------- */

const char *srtp_suite_name(enum srtp_suite suite)
{
	return suites[suite].name;
}

enum srtp_suite srtp_suite_find(struct slice name)
{
	for (unsigned i = SRTP_NONE + 1; i < SRTP_SUITES; i++) {
		if (slice_eq_nocase(name, slice_str(suites[i].name)))
			return (enum srtp_suite)i;
	}
	return SRTP_NONE;
}

size_t srtp_suite_master_size(enum srtp_suite suite)
{
	return (size_t)suites[suite].key_size + suites[suite].salt_size;
}

void srtp_key_make(struct srtp_key *key, enum srtp_suite suite)
{
	*key = (struct srtp_key){.suite = suite};
	random_bytes(key->master, srtp_suite_master_size(suite));
}

void srtp_key_wipe(struct srtp_key *key)
{
	OPENSSL_cleanse(key, sizeof *key);
}

bool srtp_key_equal(const struct srtp_key *a, const struct srtp_key *b)
{
	return a->suite == b->suite && a->mki_size == b->mki_size &&
	       CRYPTO_memcmp(a->master, b->master, srtp_suite_master_size(a->suite)) == 0;
}

/* ---- life ------------------------------------------------------------------------------- */

static int make_cipher(
	struct srtp *srtp, struct srtp_cipher *cipher, struct srtp_kdf *kdf, unsigned first_label)
{
	uint8_t key[32], salt[SRTP_SALT_SIZE], auth[SRTP_AUTH_KEY_SIZE];
	struct srtp_session_key session = {key, salt, auth, srtp->suite->key_size};
	int err;

	err = srtp_kdf_derive(kdf, first_label + SRTP_LABEL_KEY, key, session.key_size);
	if (!err)
		err = srtp_kdf_derive(kdf, first_label + SRTP_LABEL_SALT, salt, sizeof salt);
	if (!err)
		err = srtp_kdf_derive(kdf, first_label + SRTP_LABEL_AUTH, auth, sizeof auth);
	if (!err)
		err = srtp->suite->ops->init(cipher, &session, srtp->sending);
	OPENSSL_cleanse(key, sizeof key);
	OPENSSL_cleanse(salt, sizeof salt);
	OPENSSL_cleanse(auth, sizeof auth);
	return err;
}

int srtp_new(struct srtp **srtpp, const struct srtp_key *key, bool sending)
{
	const struct suite *suite = &suites[key->suite];
	struct srtp *srtp;
	struct srtp_kdf kdf;
	int err;

	if (!suite->ops)
		return -EINVAL;
	srtp = mem_zalloc(sizeof *srtp);
	if (!srtp)
		return -ENOMEM;
	srtp->suite = suite;
	srtp->sending = sending;
	srtp->mki_size = sending ? 0 : key->mki_size;
	err = srtp_kdf_init(&kdf, key->master, suite->key_size, key->master + suite->key_size,
		suite->salt_size);
	if (!err)
		err = make_cipher(srtp, &srtp->rtp, &kdf, 0);
	if (!err)
		err = make_cipher(srtp, &srtp->rtcp, &kdf, SRTP_LABEL_RTCP);
	srtp_kdf_free(&kdf);
	if (err)
		srtp_free(srtp);
	else
		*srtpp = srtp;
	return err;
}

void srtp_free(struct srtp *srtp)
{
	if (!srtp)
		return;
	srtp_cipher_free(&srtp->rtp);
	srtp_cipher_free(&srtp->rtcp);
	mem_free(srtp);
}

void srtp_inherit(struct srtp *srtp, const struct srtp *old)
{
	srtp_streams_inherit(&srtp->streams, &old->streams, !srtp->sending);
}

uint32_t srtp_rollovers(const struct srtp *srtp, uint32_t ssrc)
{
	const struct srtp_streams *streams = &srtp->streams;

	for (unsigned i = 0; i < streams->n; i++) {
		if (streams->items[i].ssrc == ssrc)
			return (uint32_t)(streams->items[i].rtp.top >> 16);
	}
	return 0;
}

/* ---- bytes ------------------------------------------------------------------------------ */

static uint32_t get32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void put32(uint8_t *p, uint32_t value)
{
	for (unsigned i = 0; i < 4; i++)
		p[i] = (uint8_t)(value >> (24 - 8 * i));
}

/* What stays in the clear: header, CSRCs and extension (3.1); 0: no RTP packet. */
static size_t rtp_head(const uint8_t *p, size_t n)
{
	size_t head;

	if (n < RTP_HEADER || p[0] >> 6 != 2)
		return 0;
	head = RTP_HEADER + 4 * (size_t)(p[0] & 0x0f);
	if (p[0] & 0x10) {
		if (n < head + 4)
			return 0;
		head += 4 + 4 * (size_t)(p[head + 2] << 8 | p[head + 3]);
	}
	return head <= n ? head : 0;
}

static struct srtp_text rtp_text(uint8_t *p, size_t head, size_t size)
{
	return (struct srtp_text){.p = p, .head = head, .size = size, .ssrc = get32(p + 8)};
}

static uint16_t rtp_seq(const uint8_t *p)
{
	return (uint16_t)(p[2] << 8 | p[3]);
}

static void set_index(struct srtp_text *text, uint64_t index)
{
	text->index = index;
	put32(text->word, (uint32_t)(index >> 16));
}

void srtp_fetch(const struct srtp *srtp)
{
	cache_fetch(srtp, offsetof(struct srtp, streams.items[1]));
}

/* ---- SRTP (3.3) ------------------------------------------------------------------------- */

int srtp_seal(struct srtp *srtp, uint8_t *p, size_t *n)
{
	size_t head = rtp_head(p, *n), tag_size = srtp->suite->rtp_tag_size;
	struct srtp_text text;
	struct srtp_stream *stream;
	uint64_t index;
	int err;

	if (!head || *n + tag_size > SRTP_MAX_PACKET)
		return -EBADMSG;
	text = rtp_text(p, head, *n);
	stream = srtp_streams_get(&srtp->streams, text.ssrc, false);
	if (!stream)
		return -ENOSPC;
	index = srtp_index_to_send(stream, rtp_seq(p));
	if (index >= SRTP_INDEX_END)
		return -EOVERFLOW;
	if (srtp_window_seen(&stream->rtp, index))
		return -EALREADY;
	set_index(&text, index);
	err = srtp->suite->ops->seal(&srtp->rtp, &text, p + *n, tag_size);
	if (err)
		return err;
	srtp_window_mark(&stream->rtp, index);
	*n += tag_size;
	return 0;
}

static void heard(struct srtp *srtp, uint32_t ssrc, uint64_t index)
{
	struct srtp_stream *stream = srtp_streams_get(&srtp->streams, ssrc, true);

	stream->inherited = false;
	srtp_window_mark(&stream->rtp, index);
}

int srtp_open(struct srtp *srtp, uint8_t *p, size_t *n)
{
	size_t head = rtp_head(p, *n), tag_size = srtp->suite->rtp_tag_size;
	size_t trailer = tag_size + srtp->mki_size, size = *n - trailer;
	uint64_t indices[SRTP_CANDIDATES];
	const struct srtp_stream *stream;
	struct srtp_text text;
	const uint8_t *tag;
	int err = -EBADMSG;
	unsigned n_indices;

	if (!head || *n > SRTP_MAX_PACKET || *n < head + trailer)
		return -EBADMSG;
	tag = p + size + (srtp->suite->ops->tag_first ? 0 : srtp->mki_size);
	text = rtp_text(p, head, size);
	stream = srtp_streams_find(&srtp->streams, text.ssrc);
	n_indices = srtp_index_candidates(stream, rtp_seq(p), indices);
	for (unsigned i = 0; i < n_indices; i++) {
		if (indices[i] >= SRTP_INDEX_END)
			continue;
		if (stream && srtp_window_seen(&stream->rtp, indices[i])) {
			err = -EALREADY;
			continue;
		}
		set_index(&text, indices[i]);
		if (srtp->suite->ops->open(&srtp->rtp, &text, tag, tag_size) == 0) {
			heard(srtp, text.ssrc, indices[i]);
			*n = size;
			return 0;
		}
	}
	return err;
}

/* ---- SRTCP (3.4) ------------------------------------------------------------------------ */

int srtp_seal_rtcp(struct srtp *srtp, uint8_t *p, size_t *n)
{
	const struct srtp_cipher_ops *ops = srtp->suite->ops;
	size_t tag_size = srtp->suite->rtcp_tag_size;
	struct srtp_text text = {.p = p, .head = RTCP_HEADER, .size = *n, .rtcp = true};
	struct srtp_stream *stream;
	uint8_t tag[SRTP_MAX_TAG];
	int err;

	if (*n < RTCP_HEADER || p[0] >> 6 != 2 || *n + tag_size + WORD > SRTP_MAX_PACKET)
		return -EBADMSG;
	text.ssrc = get32(p + 4);
	stream = srtp_streams_get(&srtp->streams, text.ssrc, false);
	if (!stream)
		return -ENOSPC;
	if (stream->rtcp_next >= SRTCP_INDEX_END)
		return -EOVERFLOW;
	text.index = stream->rtcp_next;
	put32(text.word, E_BIT | stream->rtcp_next);
	err = ops->seal(&srtp->rtcp, &text, tag, tag_size);
	if (err)
		return err;
	stream->rtcp_next++;
	p += *n;
	memcpy(p + (ops->tag_first ? tag_size : 0), text.word, WORD);
	memcpy(p + (ops->tag_first ? 0 : WORD), tag, tag_size);
	*n += tag_size + WORD;
	return 0;
}

int srtp_open_rtcp(struct srtp *srtp, uint8_t *p, size_t *n)
{
	const struct srtp_cipher_ops *ops = srtp->suite->ops;
	size_t tag_size = srtp->suite->rtcp_tag_size;
	size_t trailer = tag_size + WORD + srtp->mki_size, size = *n - trailer;
	struct srtp_text text = {.p = p, .head = RTCP_HEADER, .size = size, .rtcp = true};
	struct srtp_stream *stream;
	const uint8_t *word, *tag;

	if (*n < RTCP_HEADER + trailer || *n > SRTP_MAX_PACKET || p[0] >> 6 != 2)
		return -EBADMSG;
	word = p + size + (ops->tag_first ? tag_size : 0);
	tag = p + size + (ops->tag_first ? 0 : WORD + (size_t)srtp->mki_size);
	memcpy(text.word, word, WORD);
	text.ssrc = get32(p + 4);
	text.index = get32(word) & ~E_BIT;
	/* RFC 4568 6.3.2: without the agreement of both, SRTCP is encrypted. */
	if (!(get32(word) & E_BIT))
		return -EBADMSG;
	stream = srtp_streams_find(&srtp->streams, text.ssrc);
	if (stream && srtp_window_seen(&stream->rtcp, text.index))
		return -EALREADY;
	if (ops->open(&srtp->rtcp, &text, tag, tag_size) < 0)
		return -EBADMSG;
	stream = srtp_streams_get(&srtp->streams, text.ssrc, true);
	srtp_window_mark(&stream->rtcp, text.index);
	*n = size;
	return 0;
}
