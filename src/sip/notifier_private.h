/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The notifier's struct, and how a REFER makes one. Loop thread. */
#ifndef SIP_NOTIFIER_PRIVATE_H
#define SIP_NOTIFIER_PRIVATE_H

#include "core/timer.h"
#include "sip/dialog.h"
#include "sip/notifier.h"
#include "sip/uac.h"
#include "sip/usage.h"

/* In the agent's list, with a reference of it, until it is gone. */
struct sip_notifier {
	struct sip_usage usage;
	struct sip_agent *agent; /* NULL: gone */
	const struct sip_notifier_handlers *handlers;
	void *arg;
	struct sip_dialog *dialog;     /* ours, unless */
	bool guest;                    /* it is a call's and we are in it by */
	struct sip_dialog_guest entry; /* this */
	char *event_text;              /* value of Event in our NOTIFYs; the slices point into it */
	struct sip_event event;
	char *contact_user;

	enum sip_subscription_state state;
	enum sip_subscription_reason reason; /* terminated: why */
	int64_t retry_after;
	struct timer timer;  /* when time is over, or at once: a NOTIFY could not be sent */
	uint64_t expires_at; /* microseconds */
	uint32_t min_expires, max_expires, default_expires;

	char *type, *data; /* the state, ours */
	size_t n_data;
	struct sip_uac *notify; /* a NOTIFY under way, ours */
	bool due;               /* another one is to follow it */
	bool broken;            /* it could not be sent */
};

/*
 * For sip/refer.h: a subscription to package refer. dialog: of its own (taken over), or (guest) a
 * call's. The first NOTIFY goes out with sip_notifier_notify. Returns 0, -EMFILE or -ENOMEM; the
 * caller's reference.
 */
struct sip_notifier_start {
	struct sip_event event;
	uint32_t expires; /* seconds from now */
	struct sip_dialog *dialog;
	bool guest;
};

int sip_notifier_start(struct sip_notifier **notifier, struct sip_agent *agent,
	const struct sip_notifier_start *start, const struct sip_notifier_params *params,
	const struct sip_notifier_handlers *handlers, void *arg);

/* Go without a word. */
void sip_notifier_drop(struct sip_notifier *notifier);

extern const struct sip_dialog_handlers sip_notifier_dialog_handlers;

#endif
