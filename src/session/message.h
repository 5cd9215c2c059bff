/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Message: one that stands for itself, outside any session (SIP MESSAGE now; XMPP and sylkrtc
 * later). What came in a CPIM wrapper is unwrapped. An object on the signalling thread: whoever
 * wants to answer later than in the function that got it takes a reference; when the last one goes
 * unanswered, the sender is told that the server failed.
 */
#ifndef SESSION_MESSAGE_H
#define SESSION_MESSAGE_H

#include <stdbool.h>

#include "session/parties.h"

struct message;

/* What a signalling implements; see the wrappers. */
struct message_signalling {
	void (*answer)(struct message *message, unsigned status);
	int (*reply)(struct message *message, struct slice type, struct slice body);
};

/* The common head of every signalling's message. */
struct message {
	const struct message_signalling *signalling;
	struct parties parties;
	struct slice type, body; /* the content; body may hold any bytes */
	bool automatic;          /* a machine's: no machine should reply */

	/* The sender wants to hear that it was delivered (IMDN, RFC 5438); id: what it calls it. */
	bool wants_delivery;
	struct slice id, date_time;
	bool answered;
};

/*
 * Answer with a SIP status, once: 200 taken, 405 this application takes no messages, 404 ...; other
 * signallings translate. Nothing after the first.
 */
void message_answer(struct message *message, unsigned status);

/* Send another one back, from whom this one was to. Returns 0 or a negative errno. */
int message_reply(struct message *message, struct slice type, struct slice body);

/* Tell the sender that it was delivered, if he wants to know. Returns 0 or a negative errno. */
int message_confirm(struct message *message);

#endif
