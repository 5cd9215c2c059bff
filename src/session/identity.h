/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Identity: who somebody is, in one form whatever protocol he came by, and how that was proved.
 * Access rules and roles read this and nothing else. Signalling thread.
 */
#ifndef SESSION_IDENTITY_H
#define SESSION_IDENTITY_H

#include "core/slice.h"
#include "core/uri.h"

/* How an identity was proved, weakest first. */
enum identity_proof {
	IDENTITY_UNPROVED,
	IDENTITY_TRUSTED_PEER, /* a proxy that we trust vouches for it */
	IDENTITY_DIGEST,       /* RFC 7616 with us */
	IDENTITY_TLS,          /* client certificate */
	IDENTITY_S2S,          /* XMPP server-to-server */
	IDENTITY_ACCOUNT,      /* sylkrtc account */
};

/* The strings belong to the identity. */
struct identity {
	char *address;      /* canonical "user@host" (core/uri.h), or "host" */
	char *display_name; /* UTF-8 text without quotes; never NULL, empty: none */
	enum identity_proof proof;
};

/* Returns 0 or -ENOMEM. Release with identity_free, also after an error. */
int identity_set(struct identity *identity, const struct uri *uri, struct slice display_name,
	enum identity_proof proof);
void identity_free(struct identity *identity);

/* Same canonical address. */
bool identity_equal(const struct identity *a, const struct identity *b);

/* "Display Name <user@host>" or "user@host", as server messages and logs show it. */
void identity_print(const struct identity *identity, struct buf *out);

#endif
