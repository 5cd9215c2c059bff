/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the echo application sends back to a message. */
#ifndef APPS_ECHO_ECHO_MESSAGE_H
#define APPS_ECHO_ECHO_MESSAGE_H

#include "session/message.h"

/* Answer the message, confirm its delivery if asked to, and send text back. */
void echo_message(struct message *message);

#endif
