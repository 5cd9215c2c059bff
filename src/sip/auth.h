/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Digest authentication for SIP (RFC 3261 22, RFC 7616, RFC 8760): client and server. MD5 and
 * SHA-256, qop auth, nonces that expire and are counted. Cores: the time comes with the calls.
 * Loop thread.
 */
#ifndef SIP_AUTH_H
#define SIP_AUTH_H

#include <stdbool.h>
#include <stdint.h>

#include "core/buf.h"
#include "sip/message.h"

/* ---- client ----------------------------------------------------------------------------- */

struct sip_credentials {
	struct slice username, password;
	struct slice realm; /* only for this realm; empty: any */
};

/* What has been learnt from challenges for one series of requests; an object. */
struct sip_auth_client;

/* Copies the credentials. Returns 0 or -ENOMEM. */
int sip_auth_client_new(struct sip_auth_client **auth, const struct sip_credentials *credentials);

/*
 * A 401 or 407 came. Returns 0: send the request again with what sip_auth_client_write writes;
 * -EACCES: these credentials do not help (refused already, other realm, unknown algorithm);
 * -ENOMEM. Of several algorithms the strongest known is taken (RFC 8760 2.4).
 */
int sip_auth_client_challenged(struct sip_auth_client *auth, const struct sip_msg *response);

/* Write Authorization and Proxy-Authorization lines, if any, for this request; counts nc up. */
void sip_auth_client_write(
	struct sip_auth_client *auth, struct buf *out, struct slice method, struct slice uri);

/* ---- server ----------------------------------------------------------------------------- */

/* One realm that challenges. An object. */
struct sip_auth_server;

struct sip_auth_server_settings {
	const char *realm;     /* copied; without control bytes, quotes and backslashes */
	unsigned nonce_life_s; /* 0: 300 */
	size_t max_nonces;     /* whose counts are kept at once; 0: 65536 */
	bool sha256, md5;      /* algorithms offered, the stronger first */
};

/*
 * The secret of a user: fills in HA1 (hex) for MD5 or SHA-256. Returns false for an unknown user or
 * when there is none of this kind.
 */
typedef bool sip_auth_lookup_fn(struct slice username, bool sha256, char ha1[65], void *arg);

/* Returns 0, -EINVAL (realm, no algorithm) or -ENOMEM. */
int sip_auth_server_new(struct sip_auth_server **auth,
	const struct sip_auth_server_settings *settings, sip_auth_lookup_fn *lookup, void *arg);

enum sip_auth_verdict {
	SIP_AUTH_OK,        /* username is proved */
	SIP_AUTH_CHALLENGE, /* none, wrong, stale or used before: 401 with sip_auth_server_challenge */
	SIP_AUTH_BAD,       /* malformed: answer 400 */
};

/*
 * now: seconds, monotonic. username: as it stands between its quotes, good as long as request.
 * stale: for the challenge. A request that is the same count of a nonce again is taken for a replay,
 * and challenged as stale: a client that has only been careless counts anew.
 * Constant-time comparison; the nonce holds its time under a key, so nothing is kept per client but
 * the counts of live nonces, at a cap.
 */
enum sip_auth_verdict sip_auth_server_check(struct sip_auth_server *auth,
	const struct sip_msg *request, uint64_t now, struct slice *username, bool *stale);

/* Append the WWW-Authenticate lines. */
void sip_auth_server_challenge(
	struct sip_auth_server *auth, uint64_t now, bool stale, struct buf *out);

#endif
