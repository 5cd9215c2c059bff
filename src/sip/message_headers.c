/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Looking things up in a parsed SIP message, and checking what was not parsed with it. */
#include <errno.h>

#include "sip/message.h"

const struct sip_header *sip_msg_header(const struct sip_msg *msg, enum sip_header_id id)
{
	return sip_msg_next(msg, id, NULL);
}

const struct sip_header *sip_msg_next(
	const struct sip_msg *msg, enum sip_header_id id, const struct sip_header *prev)
{
	const struct sip_header *h = prev ? prev + 1 : msg->headers;

	for (; h < msg->headers + msg->n_headers; h++) {
		if (h->id == id)
			return h;
	}
	return NULL;
}

const struct sip_header *sip_msg_header_named(
	const struct sip_msg *msg, const char *name, const struct sip_header *prev)
{
	enum sip_header_id id = sip_header_id_of(slice_str(name));

	while ((prev = sip_msg_next(msg, id, prev))) {
		if (id != SIP_HDR_OTHER || slice_eq_nocase(prev->name, slice_str(name)))
			return prev;
	}
	return NULL;
}

struct slice sip_msg_value(const struct sip_msg *msg, enum sip_header_id id)
{
	const struct sip_header *h = sip_msg_header(msg, id);

	return h ? h->value : SLICE_NONE;
}

bool sip_msg_element(const struct sip_msg *msg, enum sip_header_id id,
	struct sip_element_walk *walk, struct slice *element)
{
	while (!sip_list_next(&walk->rest, element)) {
		const struct sip_header *h = sip_msg_next(msg, id, walk->header);

		if (!h)
			return false;
		walk->header = h;
		walk->rest = h->value;
	}
	return true;
}

int sip_msg_address(const struct sip_msg *msg, enum sip_header_id id, struct sip_element_walk *walk,
	struct sip_name_addr *addr)
{
	struct slice element;

	if (!sip_msg_element(msg, id, walk, &element))
		return 0;
	return sip_name_addr_parse(element, addr) < 0 ? -EINVAL : 1;
}

bool sip_msg_has_token(const struct sip_msg *msg, enum sip_header_id id, const char *token)
{
	struct sip_element_walk walk = {0};
	struct slice element, word;

	while (sip_msg_element(msg, id, &walk, &element)) {
		slice_cut(&element, ';', &word);
		if (slice_eq_nocase(slice_trim(word), slice_str(token)))
			return true;
	}
	return false;
}

/* Addresses; for Contact a lone "*" is allowed (RFC 3261 20.10). */
static int check_addresses(const struct sip_msg *msg, enum sip_header_id id)
{
	struct sip_element_walk walk = {0};
	struct sip_name_addr addr;
	unsigned n = 0, stars = 0;
	int more;

	while ((more = sip_msg_address(msg, id, &walk, &addr)) > 0) {
		stars += addr.star;
		n++;
	}
	if (more < 0 || (stars && (n > 1 || id != SIP_HDR_CONTACT)))
		return -EINVAL;
	return n || !sip_msg_header(msg, id) ? 0 : -EINVAL;
}

static int check_tokens(const struct sip_msg *msg, enum sip_header_id id)
{
	struct sip_element_walk walk = {0};
	struct slice element;

	while (sip_msg_element(msg, id, &walk, &element)) {
		if (!sip_is_token(element))
			return -EINVAL;
	}
	return 0;
}

static int check_number(const struct sip_msg *msg, enum sip_header_id id)
{
	const struct sip_header *h = sip_msg_header(msg, id);
	uint32_t number;

	return h ? sip_number_parse(h->value, &number) : 0;
}

/* The headers that stand once and mean something to one method or to all. */
static int check_single(const struct sip_msg *msg, enum sip_header_id id)
{
	const struct sip_header *h = sip_msg_header(msg, id);
	struct sip_session_expires expires;
	struct sip_word_params word;
	struct sip_dialog_ref ref;
	struct sip_rack rack;

	if (!h)
		return 0;
	if (sip_msg_next(msg, id, h))
		return -EINVAL;
	switch (id) {
	case SIP_HDR_SESSION_EXPIRES:
		return sip_session_expires_parse(h->value, &expires);
	case SIP_HDR_RACK:
		return sip_rack_parse(h->value, &rack);
	case SIP_HDR_REPLACES:
	case SIP_HDR_JOIN:
		return sip_dialog_ref_parse(h->value, &ref);
	default:
		return sip_word_params_parse(h->value, &word);
	}
}

struct header_check {
	enum sip_header_id id;
	int (*check)(const struct sip_msg *msg, enum sip_header_id id);
	const char *error;
};

/*
 * What is not here is not looked at: a malformed header that nobody needs is ignored (RFC 3261
 * 8.2), a bad Date for instance (RFC 4475 3.1.2.12).
 */
static const struct header_check checks[] = {
	{SIP_HDR_CONTACT, check_addresses, "bad Contact"},
	{SIP_HDR_RECORD_ROUTE, check_addresses, "bad Record-Route"},
	{SIP_HDR_ROUTE, check_addresses, "bad Route"},
	{SIP_HDR_REFER_TO, check_addresses, "bad Refer-To"},
	{SIP_HDR_REQUIRE, check_tokens, "bad Require"},
	{SIP_HDR_EXPIRES, check_number, "bad Expires"},
	{SIP_HDR_RSEQ, check_number, "bad RSeq"},
	{SIP_HDR_SESSION_EXPIRES, check_single, "bad Session-Expires"},
	{SIP_HDR_RACK, check_single, "bad RAck"},
	{SIP_HDR_REPLACES, check_single, "bad Replaces"},
	{SIP_HDR_JOIN, check_single, "bad Join"},
	{SIP_HDR_EVENT, check_single, "bad Event"},
	{SIP_HDR_SUBSCRIPTION_STATE, check_single, "bad Subscription-State"},
	{SIP_HDR_CONTENT_TYPE, check_single, "bad Content-Type"},
	{SIP_HDR_CONTENT_DISPOSITION, check_single, "bad Content-Disposition"},
};

int sip_msg_check(struct sip_msg *msg)
{
	for (size_t i = 0; i < sizeof checks / sizeof checks[0]; i++) {
		if (checks[i].check(msg, checks[i].id) < 0) {
			msg->error = checks[i].error;
			msg->error_status = 400;
			return -EBADMSG;
		}
	}
	return 0;
}
