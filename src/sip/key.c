/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Keys of transactions and dialogs. */
#include "sip/key.h"

/* The two halves of a key start from different seeds, and so are unrelated hashes. */
static const struct sip_key_value seeds = {0x7369702f6b657931U, 0x7369702f6b657932U};

static void add(struct sip_key_value *k, struct slice s)
{
	k->hash = hash_slice(k->hash, s);
	k->check = hash_slice(k->check, s);
}

/* Host names and tokens compare without case (RFC 3261 7.3.1). */
static void add_nocase(struct sip_key_value *k, struct slice s)
{
	k->hash = hash_slice_nocase(k->hash, s);
	k->check = hash_slice_nocase(k->check, s);
}

static void add_u32(struct sip_key_value *k, uint32_t v)
{
	add(k, slice_of((const char *)&v, sizeof v));
}

/* RFC 3261 18.1.2, 17.2.3: the port is part of sent-by; 5060 may be left out. */
static void add_sent_by(struct sip_key_value *k, const struct sip_via *via)
{
	add_nocase(k, via->host);
	add_u32(k, via->port ? via->port : 5060);
}

static void add_method(struct sip_key_value *k, enum sip_method method, struct slice name)
{
	add_u32(k, (uint32_t)method);
	if (method == SIP_OTHER)
		add(k, name);
}

/* 17.2.3, second part. An ACK has the To tag of our response, so INVITE goes without. */
static void add_rfc2543(struct sip_key_value *k, const struct sip_msg *r, enum sip_method method)
{
	add(k, r->uri_text);
	add(k, r->from.tag);
	if (method != SIP_INVITE)
		add(k, r->to.tag);
	add(k, r->call_id);
	add_u32(k, r->cseq.number);
	add_nocase(k, r->via.branch);
}

struct sip_key_value sip_key_server(const struct sip_msg *request, enum sip_method method)
{
	struct sip_key_value k = seeds;

	add_method(&k, method, request->method_name);
	add_sent_by(&k, &request->via);
	if (slice_starts_nocase(request->via.branch, SLICE("z9hG4bK")))
		add_nocase(&k, request->via.branch);
	else
		add_rfc2543(&k, request, method);
	return k;
}

struct sip_key_value sip_key_merged(const struct sip_msg *request)
{
	struct sip_key_value k = seeds;

	add(&k, request->from.tag);
	add(&k, request->call_id);
	add_u32(&k, request->cseq.number);
	add_method(&k, request->method, request->method_name);
	return k;
}

struct sip_key_value sip_key_client(struct slice branch, enum sip_method method)
{
	struct sip_key_value k = seeds;

	add_u32(&k, (uint32_t)method);
	add_nocase(&k, branch);
	return k;
}

struct sip_key_value sip_key_dialog(
	struct slice call_id, struct slice local_tag, struct slice remote_tag)
{
	struct sip_key_value k = seeds;

	add(&k, call_id);
	add_nocase(&k, local_tag);
	add_nocase(&k, remote_tag);
	return k;
}

void sip_key_insert(struct hash_table *table, struct sip_key *key, struct sip_key_value value)
{
	key->check = value.check;
	hash_insert(table, &key->node, value.hash);
}

struct sip_key *sip_key_find(const struct hash_table *table, struct sip_key_value value)
{
	struct hash_node *node = hash_first(table, value.hash);

	for (; node; node = hash_next(node)) {
		struct sip_key *key = (struct sip_key *)(void *)node;

		if (key->check == value.check)
			return key;
	}
	return NULL;
}
