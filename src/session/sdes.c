/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SDES. */
#include "session/sdes.h"

#include <errno.h>
#include <string.h>

#include "sdp/crypto.h"

#define OFFERED_TAG 1
/* Other suites, or several, trouble gateways; every peer has this one (RFC 4568 6.2.1). */
#define OFFERED_SUITE SRTP_AES_CM_128_HMAC_SHA1_80

/* A crypto line of a suite that we have. key is secret. */
struct line {
	uint32_t tag;
	struct srtp_key key;
};

static bool is_secure(const struct sdp_media *media)
{
	return slice_eq_nocase(media->proto, SLICE("RTP/SAVP"));
}

const char *sdes_transport(const struct sdp_media *media)
{
	return is_secure(media) ? "RTP/SAVP" : "RTP/AVP";
}

/* Returns 0 or -ENOTSUP. */
static int read_line(struct slice value, struct line *line)
{
	struct sdp_crypto crypto;
	int err = -ENOTSUP;

	*line = (struct line){0};
	if (sdp_crypto_parse(value, &crypto) < 0)
		return err;
	line->tag = crypto.tag;
	line->key.suite = srtp_suite_find(crypto.suite);
	/* 6.1: a key of another length than the suite's makes the line void. */
	if (line->key.suite != SRTP_NONE &&
		crypto.key_size == srtp_suite_master_size(line->key.suite)) {
		memcpy(line->key.master, crypto.key, crypto.key_size);
		line->key.mki_size = (uint8_t)crypto.mki_size;
		err = 0;
	}
	sdp_crypto_wipe(&crypto);
	return err;
}

/* The first line that we support. False: none. */
static bool first_line(const struct sdp_media *media, struct line *line)
{
	const struct sdp_line *at = NULL;

	while ((at = sdp_next_attribute(&media->section, "crypto", at)) != NULL) {
		if (read_line(at->value, line) == 0)
			return true;
	}
	return false;
}

/* The line of the section with this tag and suite. */
static bool line_like(const struct sdp_media *media, const struct line *like, struct line *line)
{
	const struct sdp_line *at = NULL;

	while ((at = sdp_next_attribute(&media->section, "crypto", at)) != NULL) {
		if (read_line(at->value, line) == 0 && line->tag == like->tag &&
			line->key.suite == like->key.suite)
			return true;
	}
	return false;
}

bool sdes_usable(const struct sdp_media *offer, bool allowed)
{
	struct line line = {0};
	bool found;

	if (slice_eq_nocase(offer->proto, SLICE("RTP/AVP")))
		return true;
	if (!allowed || !is_secure(offer))
		return false;
	found = first_line(offer, &line);
	srtp_key_wipe(&line.key);
	return found;
}

/* With the key that there is, if it is of this suite. */
static void write_line(
	struct sdp_draft *draft, uint32_t tag, enum srtp_suite suite, const struct srtp_key *own)
{
	struct srtp_key key;

	if (own && own->suite == suite)
		key = *own;
	else
		srtp_key_make(&key, suite);
	sdp_crypto_write(
		draft, tag, srtp_suite_name(suite), key.master, srtp_suite_master_size(suite));
	srtp_key_wipe(&key);
}

void sdes_write_answer(struct sdp_draft *draft, const struct sdp_media *offer, bool allowed,
	const struct srtp_key *own)
{
	struct line line = {0};

	if (!allowed)
		return;
	if (first_line(offer, &line))
		write_line(draft, line.tag, line.key.suite, own);
	srtp_key_wipe(&line.key);
}

void sdes_write_offer(struct sdp_draft *draft)
{
	write_line(draft, OFFERED_TAG, OFFERED_SUITE, NULL);
}

void sdes_write_offer_again(
	struct sdp_draft *draft, const struct sdp_media *ours, const struct srtp_key *own)
{
	struct line line = {0};

	if (own->suite != SRTP_NONE && first_line(ours, &line))
		write_line(draft, line.tag, own->suite, own);
	srtp_key_wipe(&line.key);
}

/* The one that answered has one line; it picks the line of the other. */
static int match(
	const struct sdp_media *ours, const struct sdp_media *theirs, struct media_srtp *srtp)
{
	struct line own = {0}, other = {0};
	int err = -EINVAL;

	if (first_line(ours, &own) && line_like(theirs, &own, &other) &&
		memcmp(own.key.master, other.key.master, sizeof own.key.master) != 0) {
		srtp->send = own.key;
		srtp->receive = other.key;
		err = 0;
	}
	srtp_key_wipe(&own.key);
	srtp_key_wipe(&other.key);
	return err;
}

int sdes_read(const struct sdp_media *ours, const struct sdp_media *theirs, struct media_srtp *srtp)
{
	*srtp = (struct media_srtp){0};
	if (sdp_has_attribute(&ours->section, "crypto") &&
		sdp_has_attribute(&theirs->section, "crypto"))
		return match(ours, theirs, srtp);
	return is_secure(ours) ? -EINVAL : 0;
}
