/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * INVITE usage: INFO inside the dialog (RFC 6086, the legacy usage). Telephones send the keys that
 * are pressed by it: application/dtmf-relay ("Signal=5", "Duration=160") and application/dtmf ("5").
 */
#include <ctype.h>
#include <string.h>

#include "sip/invite_private.h"

enum { DEFAULT_MS = 250, MAX_MS = 10000 };

/* '0' to '9', '*', '#', 'A' to 'D', '!' (hook flash); '\0' for anything else. */
static char read_key(struct slice text)
{
	static const char keys[] = "0123456789*#ABCD!";
	uint32_t event;
	int c;

	text = slice_trim(text);
	if (text.n == 1) {
		c = toupper((unsigned char)text.p[0]);
		return c && strchr(keys, c) ? (char)c : '\0';
	}
	/* RFC 4733 3.2 events: some write 10 for the star. */
	if (text.n == 2 && slice_u32(text, sizeof keys - 2, &event) == 0)
		return keys[event];
	return '\0';
}

static void read_relay(struct slice body, char *key, unsigned *ms)
{
	struct slice line, name;
	uint32_t number;

	while (slice_cut(&body, '\n', &line)) {
		if (!slice_cut(&line, '=', &name))
			continue;
		name = slice_trim(name);
		if (slice_eq_nocase(name, SLICE("Signal")))
			*key = read_key(line);
		else if (slice_eq_nocase(name, SLICE("Duration")) &&
			 slice_u32(slice_trim(line), MAX_MS, &number) == 0)
			*ms = number;
	}
}

static void answer_key(struct sip_invite *invite, struct sip_server_transaction *txn,
	const struct sip_msg *info, bool relay)
{
	unsigned ms = DEFAULT_MS;
	char key = '\0';

	if (relay || memchr(info->body.p, '=', info->body.n))
		read_relay(info->body, &key, &ms);
	else
		key = read_key(info->body);
	sip_server_transaction_reply(txn, key ? 200 : 400, SLICE_NONE, SLICE_NONE, SLICE_NONE);
	if (key && invite->handlers && invite->handlers->dtmf)
		invite->handlers->dtmf(invite, key, ms, invite->arg);
}

void sip_invite_receive_info(
	struct sip_invite *invite, struct sip_server_transaction *txn, const struct sip_msg *info)
{
	struct sip_word_params type = {0};

	sip_word_params_parse(info->content_type, &type);
	if (sip_msg_header(info, SIP_HDR_INFO_PACKAGE)) /* RFC 6086 4.2.2: none is known */
		sip_server_transaction_reply(
			txn, 469, SLICE("Recv-Info:\r\n"), SLICE_NONE, SLICE_NONE);
	else if (info->body.n == 0)
		sip_server_transaction_reply(txn, 200, SLICE_NONE, SLICE_NONE, SLICE_NONE);
	else if (slice_eq_nocase(type.word, SLICE("application/dtmf-relay")))
		answer_key(invite, txn, info, true);
	else if (slice_eq_nocase(type.word, SLICE("application/dtmf")))
		answer_key(invite, txn, info, false);
	else /* RFC 2976 2.2 */
		sip_server_transaction_reply(txn, 415,
			SLICE("Accept: application/dtmf-relay, application/dtmf\r\n"), SLICE_NONE,
			SLICE_NONE);
}
