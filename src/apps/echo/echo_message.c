/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Echo of messages (spec 4.1): "Echo:" and the text, quoted. */
#include "apps/echo/echo_message.h"

#include "core/log.h"

#define LOG_NAME "echo"
#define FIRST_LINE "Echo:\n"

/* What a message may hold, less what its headers take. */
enum { MAX_ECHO = 200000 };

static bool is_type(struct slice content_type, struct slice type)
{
	struct slice word;

	slice_cut(&content_type, ';', &word);
	return slice_eq_nocase(slice_trim(word), type);
}

static void quote(struct slice text, struct buf *out)
{
	struct slice line;

	while (slice_cut(&text, '\n', &line)) {
		if (line.n && line.p[line.n - 1] == '\r')
			line.n--;
		buf_str(out, ">> ");
		buf_slice(out, line);
		if (text.n)
			buf_char(out, '\n');
	}
}

/* Two echoes must not talk to each other for ever. */
static bool may_reply(const struct message *message)
{
	return !message->automatic && !slice_starts(message->body, SLICE(FIRST_LINE));
}

static int reply(struct message *message, bool plain)
{
	struct buf text;
	int err;

	buf_init(&text, MAX_ECHO);
	buf_str(&text, FIRST_LINE);
	if (plain)
		quote(message->body, &text);
	else
		buf_slice(&text, message->body);
	err = text.err;
	if (err == 0)
		err = message_reply(message, message->type, buf_view(&text));
	buf_free(&text);
	return err;
}

void echo_message(struct message *message)
{
	bool plain = is_type(message->type, SLICE("text/plain"));
	int err = 0;

	message_answer(message, 200);
	if (!may_reply(message))
		return;
	err = message_confirm(message);
	if (err == 0 && (plain || is_type(message->type, SLICE("text/html"))))
		err = reply(message, plain);
	if (err < 0)
		log_info(LOG_NAME, "Message of %s could not be echoed: %s",
			message->parties.remote.address, strerror(-err));
}
