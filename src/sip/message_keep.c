/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Keeping a SIP message: one object, the struct cut to its headers and the raw bytes behind them. */
#include <string.h>

#include "core/mem.h"
#include "sip/message.h"

/* From the bytes a message was parsed from to its own copy of them. */
struct move {
	struct slice from;
	const char *to;
};

static void rebase(struct slice *s, const struct move *move)
{
	uintptr_t at = (uintptr_t)s->p, start = (uintptr_t)move->from.p;

	if (s->p && at >= start && at - start <= move->from.n)
		s->p = move->to + (at - start);
	else
		*s = SLICE_NONE;
}

static void rebase_uri(struct uri *uri, const struct move *move)
{
	rebase(&uri->scheme_name, move);
	rebase(&uri->user, move);
	rebase(&uri->password, move);
	rebase(&uri->host, move);
	rebase(&uri->params, move);
	rebase(&uri->headers, move);
	rebase(&uri->opaque, move);
}

static void rebase_address(struct sip_name_addr *addr, const struct move *move)
{
	rebase(&addr->display, move);
	rebase(&addr->uri_text, move);
	rebase_uri(&addr->uri, move);
	rebase(&addr->params, move);
	rebase(&addr->tag, move);
}

static void rebase_message(struct sip_msg *msg, const struct move *move)
{
	rebase(&msg->method_name, move);
	rebase(&msg->uri_text, move);
	rebase_uri(&msg->uri, move);
	rebase(&msg->reason, move);
	rebase(&msg->via.transport, move);
	rebase(&msg->via.host, move);
	rebase(&msg->via.params, move);
	rebase(&msg->via.branch, move);
	rebase(&msg->via.received, move);
	rebase(&msg->via.maddr, move);
	rebase_address(&msg->from, move);
	rebase_address(&msg->to, move);
	rebase(&msg->call_id, move);
	rebase(&msg->cseq.method_name, move);
	rebase(&msg->content_type, move);
	rebase(&msg->body, move);
	rebase(&msg->raw, move);
	for (unsigned i = 0; i < msg->n_headers; i++) {
		rebase(&msg->headers[i].name, move);
		rebase(&msg->headers[i].value, move);
	}
}

struct sip_msg *sip_msg_keep(const struct sip_msg *msg)
{
	size_t head = offsetof(struct sip_msg, headers) + msg->n_headers * sizeof msg->headers[0];
	struct sip_msg *kept = obj_new(head + msg->raw.n, NULL);
	struct move move = {msg->raw, (char *)kept + head};

	if (!kept)
		return NULL;
	memcpy((void *)kept, msg, head);
	if (msg->raw.n)
		memcpy((char *)kept + head, msg->raw.p, msg->raw.n);
	rebase_message(kept, &move);
	return kept;
}
