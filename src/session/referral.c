/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Referrals, whatever signalling they came by. */
#include "session/referral.h"

#include <errno.h>

void referral_set_handlers(
	struct referral *referral, const struct referral_handlers *handlers, void *arg)
{
	referral->handlers = handlers;
	referral->arg = arg;
}

int referral_accept(struct referral *referral)
{
	int err;

	if (referral->answered)
		return referral->finished ? -EINVAL : 0;
	referral->answered = true;
	err = referral->signalling->accept(referral);
	if (err < 0)
		referral->finished = true;
	return err;
}

void referral_reject(struct referral *referral, unsigned status)
{
	if (referral->answered)
		return;
	referral->answered = referral->finished = true;
	referral->signalling->reject(referral, status);
}

void referral_progress(struct referral *referral, unsigned status, struct slice phrase)
{
	if (referral->answered && !referral->finished)
		referral->signalling->progress(referral, status, phrase);
}

void referral_finish(struct referral *referral, unsigned status, struct slice phrase)
{
	if (!referral->answered || referral->finished)
		return;
	referral->finished = true;
	referral->handlers = NULL;
	referral->signalling->finish(referral, status, phrase);
}

void referral_set_ended(struct referral *referral)
{
	const struct referral_handlers *handlers = referral->handlers;

	referral->handlers = NULL;
	if (handlers && handlers->ended)
		handlers->ended(referral, referral->arg);
}
