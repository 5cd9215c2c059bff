/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What applications begin by SIP: addresses, and the table of what there is. */
#include <errno.h>

#include "session/sip_requests.h"
#include "sip/message.h"
#include "sip/message_write.h"

void sip_write_identity(const struct identity *identity, bool secure, struct buf *out)
{
	if (identity->display_name[0]) {
		sip_write_quoted(out, slice_str(identity->display_name));
		buf_char(out, ' ');
	}
	buf_printf(out, "<%s:%s>", secure ? "sips" : "sip", identity->address);
}

int sip_addresses_set(struct sip_addresses *addresses, const struct identity *from, struct slice to)
{
	struct uri uri;
	int err = uri_parse(to, &uri);

	buf_init(&addresses->uri, SIP_MAX_MESSAGE);
	buf_init(&addresses->from, SIP_MAX_MESSAGE);
	buf_init(&addresses->to, SIP_MAX_MESSAGE);
	if (err)
		return err;
	uri_write_request(&uri, &addresses->uri);
	buf_printf(&addresses->to, "<%.*s>", SLICE_ARG(buf_view(&addresses->uri)));
	/* Who is called securely shall call back securely too (RFC 5630 section 5.1). */
	sip_write_identity(from, uri.scheme == URI_SIPS, &addresses->from);
	err = addresses->uri.err ? addresses->uri.err : addresses->from.err;
	return err ? err : addresses->to.err;
}

void sip_addresses_free(struct sip_addresses *addresses)
{
	buf_free(&addresses->uri);
	buf_free(&addresses->from);
	buf_free(&addresses->to);
}

const struct outgoing_signalling sip_outgoing = {
	.call = sip_call_start,
	.message = sip_message_start,
	.subscribe = sip_subscribe_start,
	.refer = sip_refer_start,
};
