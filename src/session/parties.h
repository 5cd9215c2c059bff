/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Parties: who asks whom, of a message, a subscription or a referral, and which application was
 * asked for: what the choice of the application and access rules read. Signalling thread.
 */
#ifndef SESSION_PARTIES_H
#define SESSION_PARTIES_H

#include "session/identity.h"

struct parties {
	struct identity local, remote;
	struct slice target;      /* the request-URI as canonical user@host */
	struct slice user, host;  /* its parts */
	struct slice application; /* asked for by name (X-Sylk-App), or empty */
	char *texts;              /* the strings behind the slices */
};

/* Set target, its parts and application. Returns 0 or -ENOMEM; release with parties_free always. */
int parties_set_target(struct parties *parties, const struct uri *target, struct slice application);

void parties_free(struct parties *parties);

#endif
