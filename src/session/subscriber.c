/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Subscriptions of ours, whatever signalling carries them. */
#include "session/subscriber.h"

void subscriber_end(struct subscriber *subscriber)
{
	if (!subscriber->handlers)
		return;
	subscriber->handlers = NULL;
	subscriber->signalling->end(subscriber);
}

void subscriber_set_state(
	struct subscriber *subscriber, const struct subscription_state *state, bool pending)
{
	if (subscriber->handlers && subscriber->handlers->state)
		subscriber->handlers->state(subscriber, state, pending, subscriber->arg);
}

void subscriber_set_ended(struct subscriber *subscriber, const struct subscriber_end *end)
{
	const struct subscriber_handlers *handlers = subscriber->handlers;

	subscriber->handlers = NULL;
	if (handlers && handlers->ended)
		handlers->ended(subscriber, end, subscriber->arg);
}
