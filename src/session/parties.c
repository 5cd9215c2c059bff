/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Parties of a message, a subscription or a referral. */
#include "session/parties.h"

#include <errno.h>

#include "core/mem.h"

enum { MAX_TEXTS = 65536 };

int parties_set_target(struct parties *parties, const struct uri *target, struct slice application)
{
	struct buf b;
	size_t n_target;
	ptrdiff_t at;

	buf_init(&b, MAX_TEXTS);
	uri_canonical(target, &b);
	n_target = b.n;
	buf_slice(&b, application);
	parties->texts = b.err ? NULL : slice_dup(buf_view(&b));
	buf_free(&b);
	if (!parties->texts)
		return -ENOMEM;
	parties->target = slice_of(parties->texts, n_target);
	parties->application = slice_of(parties->texts + n_target, application.n);
	parties->host = parties->target;
	/* The host stands behind the last @: an unescaped user part may hold one too. */
	for (at = (ptrdiff_t)n_target - 1; at >= 0 && parties->texts[at] != '@'; at--)
		;
	if (at >= 0) {
		parties->user = slice_of(parties->texts, (size_t)at);
		parties->host = slice_of(parties->texts + at + 1, n_target - (size_t)at - 1);
	}
	return 0;
}

void parties_free(struct parties *parties)
{
	identity_free(&parties->local);
	identity_free(&parties->remote);
	mem_free(parties->texts);
	*parties = (struct parties){0};
}
