/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * INVITE usage: a call that takes the place of another (RFC 3891): the end of an attended transfer.
 * The new one is accepted first, then the old one ends; in between both are there, so that a room
 * that holds nobody else lives on.
 */
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "core/mem.h"
#include "sip/dialog_private.h"
#include "sip/invite_private.h"

/* Section 3: what the state of the one to be replaced says. 0: it may be. */
static unsigned judge(const struct sip_invite *old, bool early_only)
{
	switch (old->sm.state) {
	case INVITE_RECEIVED:
		return 481; /* an early dialog that we did not begin */
	case INVITE_CALLING:
		return 0;
	case INVITE_ANSWERED:
	case INVITE_ESTABLISHED:
		return early_only ? 486 : 0;
	default:
		return 603; /* it has ended */
	}
}

unsigned sip_invite_find_replaced(
	struct sip_agent *agent, const struct sip_msg *request, struct sip_invite **old)
{
	const struct sip_header *header = sip_msg_header(request, SIP_HDR_REPLACES);
	struct sip_dialog_ref ref;
	struct sip_dialog *dialog;

	*old = NULL;
	if (!header)
		return 0;
	if (sip_msg_next(request, SIP_HDR_REPLACES, header) ||
		sip_msg_header(request, SIP_HDR_JOIN) ||
		sip_dialog_ref_parse(header->value, &ref) < 0)
		return 400;
	dialog = (struct sip_dialog *)(void *)sip_key_find(
		&agent->dialogs, sip_key_dialog(ref.call_id, ref.to_tag, ref.from_tag));
	if (!dialog || dialog->handlers != &sip_invite_dialog_handlers)
		return 481;
	*old = dialog->arg;
	return judge(*old, ref.early_only);
}

void sip_invite_end_replaced(struct sip_invite *invite)
{
	struct sip_invite *old = invite->replaced;

	if (!old)
		return;
	invite->replaced = NULL;
	sip_invite_end(old, SLICE("SIP;cause=200;text=\"Replaced by another call\""));
	obj_unref(old);
}

/* Escape for a header in a URI (RFC 3261 25.1 "hvalue"), to be on the safe side all but letters. */
static void escape(struct slice s, struct buf *out)
{
	static const char plain[] = "-_.!~*'()";

	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (isalnum(c) || (c && strchr(plain, c)))
			buf_char(out, s.p[i]);
		else
			buf_printf(out, "%%%02X", c);
	}
}

int sip_invite_write_replaces(const struct sip_invite *invite, bool with_uri, struct buf *out)
{
	const struct sip_dialog *dialog = invite->dialog;
	struct uri uri;

	if (!invite->agent || !invite->connected || invite->sm.state == INVITE_ENDING)
		return -EINVAL;
	if (with_uri && uri_parse(dialog->target, &uri) == 0)
		uri_write_request(&uri, out);
	/* Section 4: seen by who gets the INVITE, our peer. */
	buf_str(out, "?Replaces=");
	escape(dialog->call_id, out);
	buf_str(out, "%3Bto-tag%3D");
	escape(dialog->remote_tag, out);
	buf_str(out, "%3Bfrom-tag%3D");
	escape(slice_str(dialog->local_tag), out);
	return out->err;
}
