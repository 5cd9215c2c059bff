/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Messages outside sessions, whatever signalling they came by. */
#include "session/message.h"

#include <errno.h>

#include "msrp/imdn.h"

enum { MAX_NOTIFICATION = 65536 };

void message_answer(struct message *message, unsigned status)
{
	if (message->answered)
		return;
	message->answered = true;
	message->signalling->answer(message, status);
}

int message_reply(struct message *message, struct slice type, struct slice body)
{
	return message->signalling->reply(message, type, body);
}

int message_confirm(struct message *message)
{
	struct imdn_delivery delivery = {.id = message->id, .date_time = message->date_time};
	struct buf uri, body;
	int err;

	if (!message->wants_delivery)
		return 0;
	buf_init(&uri, MAX_NOTIFICATION);
	buf_init(&body, MAX_NOTIFICATION);
	buf_printf(&uri, "sip:%s", message->parties.local.address);
	delivery.recipient = buf_view(&uri);
	imdn_write_delivered(&delivery, &body);
	err = uri.err ? uri.err : body.err;
	if (err == 0)
		err = message_reply(message, SLICE(IMDN_CONTENT_TYPE), buf_view(&body));
	buf_free(&body);
	buf_free(&uri);
	return err;
}
