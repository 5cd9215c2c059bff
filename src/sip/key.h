/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Keys of transactions and dialogs. A key is 128 bits of keyed hash over what the RFC says must be
 * compared: two of them are equal by chance once in 2^64 pairs of pairs, no peer knows the hash's
 * key to do it on purpose, and 24 bytes are all that a finished transaction keeps of its request.
 */
#ifndef SIP_KEY_H
#define SIP_KEY_H

#include "core/hash.h"
#include "core/slice.h"
#include "sip/message.h"

struct sip_key_value {
	uint64_t hash, check;
};

/* Embedded in what is found by it. */
struct sip_key {
	struct hash_node node;
	uint64_t check;
};

/*
 * Server transaction (RFC 3261 17.2.3): branch, sent-by and method, or, without the magic cookie,
 * what RFC 2543 compared. method: that of the request, or INVITE to find what an ACK or a CANCEL
 * is about.
 */
struct sip_key_value sip_key_server(const struct sip_msg *request, enum sip_method method);

/* From tag, Call-ID and CSeq: the same request come by two ways (8.2.2.2). */
struct sip_key_value sip_key_merged(const struct sip_msg *request);

/* Client transaction (17.1.3). */
struct sip_key_value sip_key_client(struct slice branch, enum sip_method method);

/* Dialog (12). */
struct sip_key_value sip_key_dialog(
	struct slice call_id, struct slice local_tag, struct slice remote_tag);

void sip_key_insert(struct hash_table *table, struct sip_key *key, struct sip_key_value value);

/* NULL: not there. */
struct sip_key *sip_key_find(const struct hash_table *table, struct sip_key_value value);

#endif
