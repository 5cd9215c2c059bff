/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Identity: canonical address, display name, proof. */
#include "session/identity.h"

#include <errno.h>

#include "core/mem.h"

#define MAX_ADDRESS 1024
#define MAX_DISPLAY_NAME 256

/* Longest prefix of at most max bytes that does not cut a UTF-8 character in two. */
static struct slice cut_utf8(struct slice s, size_t max)
{
	if (s.n <= max)
		return s;
	while (max && ((unsigned char)s.p[max] & 0xc0) == 0x80)
		max--;
	return slice_of(s.p, max);
}

int identity_set(struct identity *identity, const struct uri *uri, struct slice display_name,
	enum identity_proof proof)
{
	struct buf b;

	*identity = (struct identity){.proof = proof};
	buf_init(&b, MAX_ADDRESS);
	uri_canonical(uri, &b);
	if (b.err && b.err != -ENOBUFS)
		goto out;
	identity->address = slice_dup(buf_view(&b));
	identity->display_name = slice_dup(cut_utf8(display_name, MAX_DISPLAY_NAME));
out:
	buf_free(&b);
	if (identity->address && identity->display_name)
		return 0;
	identity_free(identity);
	return -ENOMEM;
}

void identity_free(struct identity *identity)
{
	mem_free(identity->address);
	mem_free(identity->display_name);
	*identity = (struct identity){0};
}

bool identity_equal(const struct identity *a, const struct identity *b)
{
	return slice_eq(slice_str(a->address), slice_str(b->address));
}

void identity_print(const struct identity *identity, struct buf *out)
{
	if (identity->display_name[0])
		buf_printf(out, "%s <%s>", identity->display_name, identity->address);
	else
		buf_str(out, identity->address);
}
