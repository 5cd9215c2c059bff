/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Playback's answer to messages (spec 4.2): a joke of our own; no web site is asked for one. */
#include "apps/playback/playback_message.h"

#include <string.h>

#include "core/id.h"
#include "core/log.h"

#define LOG_NAME "playback"

static const char *const jokes[] = {
	"Chuck Norris needs no jitter buffer: packets wait for him.",
	"When Chuck Norris puts you on hold, the music stands still.",
	"Chuck Norris sent a BYE once. The call before it never took place.",
	"Chuck Norris dials in. The conference joins.",
	"The mixer has tried to leave Chuck Norris out of his own mix. It is still recovering.",
	"Chuck Norris gets his 200 before he has sent the INVITE.",
	"Nobody echoes Chuck Norris. The echo asks him first.",
};

void playback_message(struct message *message)
{
	const char *joke = jokes[random_below(sizeof jokes / sizeof jokes[0])];
	int err;

	message_answer(message, 200);
	/* Two machines must not amuse each other for ever. */
	if (message->automatic)
		return;
	err = message_confirm(message);
	if (err == 0)
		err = message_reply(message, SLICE("text/plain"), slice_str(joke));
	if (err < 0)
		log_info(LOG_NAME, "Message of %s could not be replied to: %s",
			message->parties.remote.address, strerror(-err));
}
