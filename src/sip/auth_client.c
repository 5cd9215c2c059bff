/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Digest client: answers challenges of registrars, servers and proxies (RFC 3261 22.2, 22.3,
 * RFC 7616 3.4, RFC 8760 2.4).
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/id.h"
#include "core/mem.h"
#include "sip/auth_private.h"
#include "sip/message_write.h"

enum {
	MAX_CHALLENGES = 4, /* realms answered at once: a registrar and some proxies on the way */
	MAX_OFFERS = 8,     /* challenges of one response that are looked at */
	MAX_PARAM = 1024,   /* bytes of a realm, nonce or opaque that are worth keeping */
	MAX_REFUSALS = 2,   /* stale nonces in a row, before we think the server broken */
	CNONCE_LETTERS = 16
};

/* One realm's challenge, and how far it has been used. Owned by the client. */
struct challenge {
	char *text; /* holds the slices, as written */
	struct slice realm, nonce, opaque;
	enum sip_digest digest;
	bool session;
	bool proxy; /* Proxy-Authorization */
	bool qop;   /* "auth"; else none */
	uint32_t nc;
	unsigned refusals;
	char ha1[SIP_DIGEST_HEX + 1];
	char cnonce[CNONCE_LETTERS + 1];
};

/* An object of whoever sends the requests. */
struct sip_auth_client {
	char *username, *password, *realm; /* realm empty: any */
	struct challenge challenges[MAX_CHALLENGES];
	size_t n;
};

/* A challenge as it stands in a response. */
struct offer {
	struct slice realm, nonce, opaque;
	enum sip_digest digest;
	bool session, proxy, qop, stale;
};

/* ---- life -------------------------------------------------------------------------------------- */

static void wipe(char *secret)
{
	if (secret)
		explicit_bzero(secret, strlen(secret));
	mem_free(secret);
}

static void destroy(void *obj)
{
	struct sip_auth_client *auth = obj;

	for (size_t i = 0; i < auth->n; i++)
		mem_free(auth->challenges[i].text);
	explicit_bzero(auth->challenges, sizeof auth->challenges);
	mem_free(auth->username);
	wipe(auth->password);
	mem_free(auth->realm);
}

int sip_auth_client_new(struct sip_auth_client **authp, const struct sip_credentials *credentials)
{
	struct sip_auth_client *auth = obj_new(sizeof *auth, destroy);

	if (!auth)
		return -ENOMEM;
	auth->username = slice_dup(credentials->username);
	auth->password = slice_dup(credentials->password);
	auth->realm = slice_dup(credentials->realm);
	if (!auth->username || !auth->password || !auth->realm) {
		obj_unref(auth);
		return -ENOMEM;
	}
	*authp = auth;
	return 0;
}

/* ---- challenges -------------------------------------------------------------------------------- */

/* A value that goes back as it came: 0, or -EINVAL when it is missing or not worth it. */
static int kept_param(const struct sip_auth *auth, const char *name, struct slice *value)
{
	if (!sip_auth_param(auth, name, value))
		return -ENOENT;
	*value = sip_digest_bare(*value);
	return value->n <= MAX_PARAM ? 0 : -EINVAL;
}

/* Whether "auth" is among the qops offered (RFC 7616 3.3). */
static bool offers_auth(struct slice qops)
{
	struct slice each;

	qops = sip_digest_bare(qops);
	while (slice_cut(&qops, ',', &each)) {
		if (slice_eq_nocase(slice_trim(each), SLICE("auth")))
			return true;
	}
	return false;
}

/* Returns 0, or a negative errno for one that we cannot answer (RFC 8760 2.4: ignored). */
static int read_offer(struct slice value, bool proxy, struct offer *offer)
{
	struct slice algorithm = SLICE_NONE, qops, stale;
	struct sip_auth auth;

	*offer = (struct offer){.proxy = proxy};
	if (sip_auth_parse(value, &auth) < 0 || !slice_eq_nocase(auth.scheme, SLICE("Digest")))
		return -ENOTSUP;
	if (kept_param(&auth, "realm", &offer->realm) < 0 ||
		kept_param(&auth, "nonce", &offer->nonce) < 0 ||
		kept_param(&auth, "opaque", &offer->opaque) == -EINVAL)
		return -EINVAL;
	sip_auth_param(&auth, "algorithm", &algorithm);
	if (sip_digest_of(sip_digest_bare(algorithm), &offer->digest, &offer->session) < 0)
		return -ENOTSUP;
	offer->qop = sip_auth_param(&auth, "qop", &qops);
	if (offer->qop && !offers_auth(qops))
		return -ENOTSUP; /* auth-int alone would need the body */
	offer->stale = sip_auth_param(&auth, "stale", &stale) &&
		       slice_eq_nocase(sip_digest_bare(stale), SLICE("true"));
	return 0;
}

static struct challenge *find(struct sip_auth_client *auth, const struct offer *offer)
{
	for (size_t i = 0; i < auth->n; i++) {
		struct challenge *each = &auth->challenges[i];

		if (each->proxy == offer->proxy && slice_eq(each->realm, offer->realm))
			return each;
	}
	return NULL;
}

/*
 * 22.2, RFC 7616 3.3: the same realm asks again. That is a refusal, unless the nonce was too old,
 * or it had been good for a request before.
 */
static bool is_refusal(const struct challenge *known, const struct offer *offer)
{
	if (known->nc > 1)
		return false;
	return !offer->stale || known->refusals >= MAX_REFUSALS;
}

static int keep_texts(struct challenge *challenge, const struct offer *offer)
{
	size_t n = offer->realm.n + offer->nonce.n + offer->opaque.n;
	struct buf text;

	buf_init(&text, n + 1);
	buf_slice(&text, offer->realm);
	buf_slice(&text, offer->nonce);
	buf_slice(&text, offer->opaque);
	buf_char(&text, '\0');
	if (text.err) {
		buf_free(&text);
		return text.err;
	}
	mem_free(challenge->text);
	challenge->text = text.p;
	challenge->realm = slice_of(text.p, offer->realm.n);
	challenge->nonce = slice_of(text.p + offer->realm.n, offer->nonce.n);
	challenge->opaque = slice_of(text.p + n - offer->opaque.n, offer->opaque.n);
	return 0;
}

static int learn(struct sip_auth_client *auth, struct challenge *known, const struct offer *offer)
{
	struct challenge *challenge = known ? known : &auth->challenges[auth->n];
	int err;

	if (!known && auth->n == MAX_CHALLENGES)
		return -EACCES;
	err = keep_texts(challenge, offer);
	if (err)
		return -ENOMEM;
	challenge->refusals = known && known->nc <= 1 ? known->refusals + 1 : 0;
	challenge->digest = offer->digest;
	challenge->session = offer->session;
	challenge->proxy = offer->proxy;
	challenge->qop = offer->qop;
	challenge->nc = 0;
	id_token(challenge->cnonce, CNONCE_LETTERS);
	if (!known)
		auth->n++;
	return sip_digest_hash(challenge->digest,
		(struct slice[]){
			slice_str(auth->username), challenge->realm, slice_str(auth->password)},
		3, challenge->ha1);
}

/* The challenges under this header that we could answer. Returns how many. */
static size_t read_offers(
	const struct sip_msg *response, enum sip_header_id id, struct offer offers[MAX_OFFERS])
{
	const struct sip_header *header = NULL;
	size_t n = 0;

	for (unsigned seen = 0; seen < MAX_OFFERS; seen++) {
		header = sip_msg_next(response, id, header);
		if (!header)
			break;
		if (read_offer(header->value, id == SIP_HDR_PROXY_AUTHENTICATE, &offers[n]) == 0)
			n++;
	}
	return n;
}

/* Whether none of the same realm is stronger, or as strong and stands before it. */
static bool is_best(const struct offer *offers, size_t n, size_t at)
{
	for (size_t i = 0; i < n; i++) {
		if (i == at || !slice_eq(offers[i].realm, offers[at].realm))
			continue;
		if (offers[i].digest > offers[at].digest ||
			(offers[i].digest == offers[at].digest && i < at))
			return false;
	}
	return true;
}

/* Returns how many challenges under this header were learnt, or a negative errno. */
static int take_challenges(
	struct sip_auth_client *auth, const struct sip_msg *response, enum sip_header_id id)
{
	struct offer offers[MAX_OFFERS];
	size_t n = read_offers(response, id, offers);
	struct challenge *known;
	int learnt = 0, err;

	for (size_t i = 0; i < n; i++) {
		if (!is_best(offers, n, i))
			continue;
		if (*auth->realm && !slice_eq(slice_str(auth->realm), offers[i].realm))
			continue;
		known = find(auth, &offers[i]);
		if (known && is_refusal(known, &offers[i]))
			return -EACCES;
		err = learn(auth, known, &offers[i]);
		if (err)
			return err;
		learnt++;
	}
	return learnt;
}

int sip_auth_client_challenged(struct sip_auth_client *auth, const struct sip_msg *response)
{
	/* 22.3: a forking proxy may hand us both kinds in one response, whatever its status. */
	int server = take_challenges(auth, response, SIP_HDR_WWW_AUTHENTICATE);
	int proxy = 0;

	if (server >= 0)
		proxy = take_challenges(auth, response, SIP_HDR_PROXY_AUTHENTICATE);
	if (server < 0 || proxy < 0)
		return server < 0 ? server : proxy;
	return server + proxy > 0 ? 0 : -EACCES;
}

/* ---- requests ---------------------------------------------------------------------------------- */

static void write_one(const struct sip_auth_client *auth, struct challenge *c, struct buf *out,
	struct slice method, struct slice uri)
{
	char nc[9], response[SIP_DIGEST_HEX + 1];
	struct sip_digest_input input = {
		.digest = c->digest,
		.session = c->session,
		.ha1 = slice_str(c->ha1),
		.nonce = c->nonce,
		.cnonce = slice_str(c->cnonce),
		.qop = c->qop ? SLICE("auth") : SLICE_NONE,
		.method = method,
		.uri = uri,
	};

	snprintf(nc, sizeof nc, "%08x", ++c->nc);
	input.nc = slice_str(nc);
	if (sip_digest_response(&input, response) < 0)
		return; /* unanswered: the challenge comes again and the request ends with it */
	buf_str(out, c->proxy ? "Proxy-Authorization" : "Authorization");
	buf_str(out, ": Digest username=");
	sip_write_quoted(out, slice_str(auth->username));
	buf_str(out, ", realm=\"");
	sip_write_value(out, c->realm);
	buf_str(out, "\", nonce=\"");
	sip_write_value(out, c->nonce);
	buf_str(out, "\", uri=\"");
	sip_write_value(out, uri);
	buf_printf(out, "\", response=\"%s\", algorithm=%s", response,
		sip_digest_name(c->digest, c->session));
	if (c->qop || c->session)
		buf_printf(out, ", cnonce=\"%s\"", c->cnonce);
	if (c->qop)
		buf_printf(out, ", qop=auth, nc=%s", nc);
	if (c->opaque.n) {
		buf_str(out, ", opaque=\"");
		sip_write_value(out, c->opaque);
		buf_char(out, '"');
	}
	buf_str(out, "\r\n");
}

void sip_auth_client_write(
	struct sip_auth_client *auth, struct buf *out, struct slice method, struct slice uri)
{
	for (size_t i = 0; i < auth->n; i++)
		write_one(auth, &auth->challenges[i], out, method, uri);
}
