/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * INVITE usage: requests of ours inside the dialog other than INVITE, and credentials for all of them
 * (RFC 3261 22.2, 22.3): what one challenge has taught serves the whole call.
 */
#include "core/mem.h"
#include "sip/invite_private.h"
#include "sip/register_private.h"

enum { MAX_AUTH = 8192 };

int sip_invite_request(struct sip_invite *invite, const struct sip_invite_request *request,
	const struct sip_uac_handlers *handlers, struct sip_uac **uac)
{
	struct sip_uac_params params = {.method = request->method,
		.dialog = request->dialog,
		.extra = request->lines,
		.contact = request->contact,
		.focus = invite->focus,
		.contact_user = slice_str(invite->contact_user),
		.auth = invite->auth};

	if (request->body)
		params.body = *request->body;
	return sip_uac_start(uac, invite->agent, &params, handlers, invite);
}

void sip_invite_drop_request(struct sip_uac **uac)
{
	if (*uac)
		sip_uac_abandon(*uac);
	*uac = obj_unref(*uac);
}

bool sip_invite_challenged(struct sip_invite *invite, const struct sip_msg *response)
{
	const struct sip_flow *flow = sip_client_transaction_flow(invite->outgoing);

	if (response->status != 401 && response->status != 407)
		return false;
	if (!invite->auth)
		invite->auth =
			sip_register_auth(invite->agent, flow, slice_str(invite->contact_user));
	return invite->auth && sip_auth_client_challenged(invite->auth, response) == 0;
}

void sip_invite_write_auth(struct sip_invite *invite, struct buf *out)
{
	struct slice uri = sip_dialog_request_uri(invite->dialog);
	struct buf lines;

	mem_free(invite->auth_lines);
	invite->auth_lines = NULL;
	if (!invite->auth)
		return;
	buf_init(&lines, MAX_AUTH);
	sip_auth_client_write(invite->auth, &lines, SLICE("INVITE"), uri);
	if (lines.err == 0) {
		sip_write_lines(out, buf_view(&lines));
		invite->auth_lines = mem_strndup(lines.p, lines.n);
	}
	buf_free(&lines);
}
