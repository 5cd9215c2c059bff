/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Subscriptions to the states of applications, whatever signalling they came by. */
#include "session/subscription.h"

#include <errno.h>

void subscription_set_handlers(
	struct subscription *subscription, const struct subscription_handlers *handlers, void *arg)
{
	if (subscription->ended)
		return;
	subscription->handlers = handlers;
	subscription->arg = arg;
}

int subscription_accept(struct subscription *subscription, const struct subscription_state *state)
{
	int err;

	if (subscription->answered)
		return -EINVAL;
	subscription->answered = true;
	err = subscription->signalling->accept(subscription, state);
	if (err < 0) {
		subscription->ended = true;
		subscription->handlers = NULL;
	}
	return err;
}

void subscription_reject(struct subscription *subscription, unsigned status)
{
	if (subscription->answered)
		return;
	subscription->answered = subscription->ended = true;
	subscription->handlers = NULL;
	subscription->signalling->reject(subscription, status);
}

int subscription_notify(struct subscription *subscription, const struct subscription_state *state)
{
	if (!subscription->answered || subscription->ended)
		return -ENOTCONN;
	return subscription->signalling->notify(subscription, state);
}

void subscription_end(struct subscription *subscription, enum subscription_end why)
{
	subscription->handlers = NULL;
	if (!subscription->answered || subscription->ended)
		return;
	subscription->ended = true;
	subscription->signalling->end(subscription, why);
}

void subscription_set_ended(struct subscription *subscription)
{
	const struct subscription_handlers *handlers = subscription->handlers;

	subscription->ended = true;
	subscription->handlers = NULL;
	if (handlers && handlers->ended)
		handlers->ended(subscription, subscription->arg);
}
