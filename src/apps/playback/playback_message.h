/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the playback application sends back to a message. */
#ifndef APPS_PLAYBACK_MESSAGE_H
#define APPS_PLAYBACK_MESSAGE_H

#include "session/message.h"

/* Answer the message, confirm its delivery if asked to, and send a joke back. */
void playback_message(struct message *message);

#endif
