/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Referrals of ours, whatever signalling carries them. */
#include "session/referrer.h"

void referrer_set_progress(struct referrer *referrer, unsigned status, struct slice phrase)
{
	if (referrer->handlers && referrer->handlers->progress)
		referrer->handlers->progress(referrer, status, phrase, referrer->arg);
}

void referrer_set_ended(struct referrer *referrer, unsigned status)
{
	const struct referrer_handlers *handlers = referrer->handlers;

	referrer->handlers = NULL;
	if (handlers && handlers->ended)
		handlers->ended(referrer, status, referrer->arg);
}
