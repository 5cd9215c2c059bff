/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Digest server: challenges, and judges what comes back (RFC 3261 22.2, 22.4, RFC 7616 3.3 to 3.5,
 * RFC 8760 2.3).
 *
 * A nonce is "time, serial, seal" in hexadecimal: when it was made, a random number, and a keyed
 * hash over both. So strangers cost no memory: only who has proved a password gets an entry, which
 * counts how often the nonce was used. When entries are many, the oldest goes, and every nonce as
 * old as that which has no entry is stale from then on.
 */
#include <errno.h>
#include <inttypes.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <string.h>

#include "core/hash.h"
#include "core/id.h"
#include "core/list.h"
#include "core/mem.h"
#include "sip/auth_private.h"
#include "sip/message_write.h"

enum {
	NONCE_LIFE_S = 300,
	MAX_NONCES = 65536,
	MAX_REALM = 255,
	MAX_USERNAME = 255,
	STAMP_HEX = 32, /* time and serial, 64 bits each */
	SEAL_HEX = 32,
	NONCE_HEX = STAMP_HEX + SEAL_HEX,
	KEY_SIZE = 32,
	WINDOW = 64 /* counts behind the highest that may still come: UDP reorders */
};

/* A nonce that somebody has used. Owned by the server. */
struct nonce_use {
	struct hash_node by_serial; /* first: hash_each hands it out */
	struct list_node node;      /* in uses, the first used first */
	uint64_t serial, made;
	uint32_t highest; /* count */
	uint64_t seen;    /* bit n: highest - n has been used */
};

struct sip_auth_server {
	char *realm;
	uint64_t nonce_life_s;
	size_t max_nonces;
	bool offered[SIP_DIGEST_SHA256 + 1];
	sip_auth_lookup_fn *lookup;
	void *arg;
	unsigned char key[KEY_SIZE];
	struct hash_table serials;
	struct list_node uses;
	uint64_t floor; /* nonces made until then are stale unless they have an entry */
	bool evicted;   /* whether floor counts */
};

/* The Authorization of one request, taken apart. */
struct credentials {
	struct slice username, nonce, uri, response, cnonce, nc, qop;
	enum sip_digest digest;
	bool session;
	uint32_t count;
};

/* ---- nonces ------------------------------------------------------------------------------------ */

/* Returns 0, or -ENOMEM when the library could not. */
static int seal(
	const struct sip_auth_server *auth, const char stamp[STAMP_HEX], char hex[SEAL_HEX + 1])
{
	unsigned char mac[EVP_MAX_MD_SIZE];

	if (!HMAC(EVP_sha256(), auth->key, KEY_SIZE, (const unsigned char *)stamp, STAMP_HEX, mac,
		    NULL))
		return -ENOMEM;
	for (size_t i = 0; i < SEAL_HEX / 2; i++)
		snprintf(hex + 2 * i, 3, "%02x", mac[i]);
	return 0;
}

static int make_nonce(const struct sip_auth_server *auth, uint64_t now, char nonce[NONCE_HEX + 1])
{
	snprintf(nonce, STAMP_HEX + 1, "%016" PRIx64 "%016" PRIx64, now, random_u64());
	return seal(auth, nonce, nonce + STAMP_HEX);
}

static bool read_hex(const char *p, size_t n, uint64_t *value)
{
	*value = 0;
	for (size_t i = 0; i < n; i++) {
		char c = ascii_lower(p[i]);

		if (c >= '0' && c <= '9')
			*value = *value << 4 | (uint64_t)(c - '0');
		else if (c >= 'a' && c <= 'f')
			*value = *value << 4 | (uint64_t)(c - 'a' + 10);
		else
			return false;
	}
	return true;
}

/* Whether a nonce is one of ours, and what it says. */
static bool open_nonce(
	const struct sip_auth_server *auth, struct slice nonce, uint64_t *made, uint64_t *serial)
{
	char expected[SEAL_HEX + 1];

	if (nonce.n != NONCE_HEX || seal(auth, nonce.p, expected) < 0)
		return false;
	if (CRYPTO_memcmp(nonce.p + STAMP_HEX, expected, SEAL_HEX) != 0)
		return false;
	return read_hex(nonce.p, 16, made) && read_hex(nonce.p + 16, 16, serial);
}

static struct nonce_use *find_use(const struct sip_auth_server *auth, uint64_t serial)
{
	struct hash_node *node = hash_first(&auth->serials, serial);

	for (; node; node = hash_next(node)) {
		struct nonce_use *use = (struct nonce_use *)(void *)node;

		if (use->serial == serial)
			return use;
	}
	return NULL;
}

static void drop_use(struct sip_auth_server *auth, struct nonce_use *use)
{
	hash_remove(&auth->serials, &use->by_serial);
	list_remove(&use->node);
	mem_free(use);
}

/* Entries of nonces that have expired go; over the cap, the oldest. */
static void make_room(struct sip_auth_server *auth, uint64_t now)
{
	while (!list_empty(&auth->uses)) {
		struct nonce_use *oldest = CONTAINER_OF(auth->uses.next, struct nonce_use, node);
		bool expired = now - oldest->made > auth->nonce_life_s;

		if (!expired && auth->serials.n < auth->max_nonces)
			break;
		if (!expired && (!auth->evicted || oldest->made > auth->floor)) {
			auth->evicted = true;
			auth->floor = oldest->made;
		}
		drop_use(auth, oldest);
	}
}

/* Note one more use. False: this count has been there, or may have been. */
static bool count_use(struct nonce_use *use, uint32_t count)
{
	uint32_t behind;

	if (count > use->highest) {
		uint32_t ahead = count - use->highest;

		use->seen = ahead < WINDOW ? use->seen << ahead : 0;
		use->seen |= 1;
		use->highest = count;
		return true;
	}
	behind = use->highest - count;
	if (behind >= WINDOW || use->seen >> behind & 1)
		return false;
	use->seen |= UINT64_C(1) << behind;
	return true;
}

/* RFC 7616 3.4.5: 0, -ESTALE for a count that was used before, or -ENOMEM. */
static int use_nonce(
	struct sip_auth_server *auth, uint64_t made, uint64_t serial, uint32_t count, uint64_t now)
{
	struct nonce_use *use = find_use(auth, serial);

	if (use)
		return count_use(use, count) ? 0 : -ESTALE;
	if (auth->evicted && made <= auth->floor)
		return -ESTALE;
	make_room(auth, now);
	use = mem_zalloc(sizeof *use);
	if (!use)
		return -ENOMEM;
	use->serial = serial;
	use->made = made;
	count_use(use, count);
	hash_insert(&auth->serials, &use->by_serial, serial);
	list_append(&auth->uses, &use->node);
	return 0;
}

/* ---- judging ----------------------------------------------------------------------------------- */

/* RFC 3261 22.4: everything that a response is made of. Returns 0 or -EINVAL. */
static int read_credentials(const struct sip_auth *header, struct credentials *c)
{
	struct slice algorithm = SLICE_NONE, qop = SLICE_NONE;
	uint64_t count;

	*c = (struct credentials){.count = 1};
	if (!sip_auth_param(header, "username", &c->username) ||
		!sip_auth_param(header, "nonce", &c->nonce) ||
		!sip_auth_param(header, "uri", &c->uri) ||
		!sip_auth_param(header, "response", &c->response))
		return -EINVAL;
	c->username = sip_digest_bare(c->username);
	c->nonce = sip_digest_bare(c->nonce);
	c->uri = sip_digest_bare(c->uri);
	c->response = sip_digest_bare(c->response);
	sip_auth_param(header, "algorithm", &algorithm);
	if (sip_digest_of(sip_digest_bare(algorithm), &c->digest, &c->session) < 0 ||
		c->username.n == 0 || c->username.n > MAX_USERNAME)
		return -EINVAL;
	if (sip_auth_param(header, "cnonce", &c->cnonce))
		c->cnonce = sip_digest_bare(c->cnonce);
	/* Without qop a nonce is good for one request: such a client does not count. */
	if (!sip_auth_param(header, "qop", &qop))
		return c->session ? -EINVAL : 0;
	c->qop = sip_digest_bare(qop);
	if (!slice_eq_nocase(c->qop, SLICE("auth")) || c->cnonce.n == 0 ||
		!sip_auth_param(header, "nc", &c->nc))
		return -EINVAL;
	c->nc = sip_digest_bare(c->nc);
	if (c->nc.n != 8 || !read_hex(c->nc.p, 8, &count) || count == 0)
		return -EINVAL;
	c->count = (uint32_t)count;
	return 0;
}

/*
 * The Digest credentials for our realm. Returns 1, 0 when there are none, or -EINVAL for what
 * cannot be read.
 */
static int find_credentials(
	const struct sip_auth_server *auth, const struct sip_msg *request, struct credentials *c)
{
	const struct sip_header *header = NULL;
	struct sip_auth parsed;
	struct slice realm;

	while ((header = sip_msg_next(request, SIP_HDR_AUTHORIZATION, header))) {
		if (sip_auth_parse(header->value, &parsed) < 0)
			return -EINVAL;
		if (!slice_eq_nocase(parsed.scheme, SLICE("Digest")))
			continue;
		if (!sip_auth_param(&parsed, "realm", &realm))
			return -EINVAL;
		if (slice_eq(sip_digest_bare(realm), slice_str(auth->realm)))
			return read_credentials(&parsed, c) < 0 ? -EINVAL : 1;
	}
	return 0;
}

/*
 * Whether the response is what the password makes of the request. An unknown user costs the same
 * time as a wrong password. RFC 3261 22.4 and RFC 8760 2.6: uri need not be the Request-URI, which
 * a proxy may have changed on the way.
 */
static bool proves(const struct sip_auth_server *auth, const struct sip_msg *request,
	const struct credentials *c)
{
	char ha1[SIP_DIGEST_HEX + 1] = "", expected[SIP_DIGEST_HEX + 1];
	struct sip_digest_input input = {
		.digest = c->digest,
		.session = c->session,
		.nonce = c->nonce,
		.cnonce = c->cnonce,
		.nc = c->nc,
		.qop = c->qop,
		.method = request->method_name,
		.uri = c->uri,
	};
	bool known, equal;

	known = auth->lookup(c->username, c->digest == SIP_DIGEST_SHA256, ha1, auth->arg);
	ha1[SIP_DIGEST_HEX] = '\0';
	input.ha1 = slice_of(ha1, sip_digest_hex_length(c->digest));
	if (sip_digest_response(&input, expected) < 0)
		equal = false;
	else
		equal = sip_digest_equal(slice_str(expected), c->response);
	explicit_bzero(ha1, sizeof ha1);
	return known && equal;
}

enum sip_auth_verdict sip_auth_server_check(struct sip_auth_server *auth,
	const struct sip_msg *request, uint64_t now, struct slice *username, bool *stale)
{
	struct credentials c;
	uint64_t made, serial;
	int found = find_credentials(auth, request, &c);

	*username = SLICE_NONE;
	*stale = false;
	if (found < 0)
		return SIP_AUTH_BAD;
	/* An algorithm that was not offered is as good as none (RFC 8760 2.3). */
	if (found == 0 || c.digest > SIP_DIGEST_SHA256 || !auth->offered[c.digest])
		return SIP_AUTH_CHALLENGE;
	/* RFC 7616 3.3: stale only when the password was right; also after a restart of ours. */
	if (!proves(auth, request, &c))
		return SIP_AUTH_CHALLENGE;
	if (!open_nonce(auth, c.nonce, &made, &serial) || now < made ||
		now - made > auth->nonce_life_s ||
		use_nonce(auth, made, serial, c.count, now) < 0) {
		*stale = true;
		return SIP_AUTH_CHALLENGE;
	}
	*username = c.username;
	return SIP_AUTH_OK;
}

/* ---- challenges -------------------------------------------------------------------------------- */

void sip_auth_server_challenge(
	struct sip_auth_server *auth, uint64_t now, bool stale, struct buf *out)
{
	char nonce[NONCE_HEX + 1];

	/* Without a nonce the client gets a 401 that it cannot answer: it gives up, we go on. */
	if (make_nonce(auth, now, nonce) < 0)
		return;
	for (int i = SIP_DIGEST_SHA256; i >= SIP_DIGEST_MD5; i--) {
		if (!auth->offered[i])
			continue;
		buf_printf(out,
			"WWW-Authenticate: Digest realm=\"%s\", nonce=\"%s\", algorithm=%s, "
			"qop=\"auth\"%s\r\n",
			auth->realm, nonce, sip_digest_name((enum sip_digest)i, false),
			stale ? ", stale=true" : "");
	}
}

/* ---- life -------------------------------------------------------------------------------------- */

static void destroy(void *obj)
{
	struct sip_auth_server *auth = obj;

	while (auth->uses.next && !list_empty(&auth->uses))
		drop_use(auth, CONTAINER_OF(auth->uses.next, struct nonce_use, node));
	hash_free(&auth->serials);
	explicit_bzero(auth->key, sizeof auth->key);
	mem_free(auth->realm);
}

/* It is written between quotes and compared byte for byte: so nothing that needs an escape. */
static bool is_realm(const char *realm)
{
	size_t n = strlen(realm);

	for (size_t i = 0; i < n; i++) {
		if ((unsigned char)realm[i] < ' ' || strchr("\"\\\x7f", realm[i]))
			return false;
	}
	return n > 0 && n <= MAX_REALM;
}

int sip_auth_server_new(struct sip_auth_server **authp,
	const struct sip_auth_server_settings *settings, sip_auth_lookup_fn *lookup, void *arg)
{
	struct sip_auth_server *auth = NULL;
	int err = -EINVAL;

	if (!is_realm(settings->realm) || (!settings->md5 && !settings->sha256))
		goto out;
	err = -ENOMEM;
	auth = obj_new(sizeof *auth, destroy);
	if (!auth)
		goto out;
	list_init(&auth->uses);
	auth->realm = slice_dup(slice_str(settings->realm));
	if (!auth->realm)
		goto out;
	err = hash_init(&auth->serials);
	if (err)
		goto out;
	auth->nonce_life_s = settings->nonce_life_s ? settings->nonce_life_s : NONCE_LIFE_S;
	auth->max_nonces = settings->max_nonces ? settings->max_nonces : MAX_NONCES;
	auth->offered[SIP_DIGEST_MD5] = settings->md5;
	auth->offered[SIP_DIGEST_SHA256] = settings->sha256;
	auth->lookup = lookup;
	auth->arg = arg;
	random_bytes(auth->key, sizeof auth->key);
	*authp = obj_ref(auth);
out:
	obj_unref(auth);
	return err;
}
