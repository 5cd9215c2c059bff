/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the agent knows of usages other than calls (subscriptions, publications): that they can be
 * ended when the server stops and forgotten when it closes. Loop thread.
 */
#ifndef SIP_USAGE_H
#define SIP_USAGE_H

#include <stdbool.h>
#include <stddef.h>

#include "core/list.h"
#include "core/slice.h"
#include "sip/message.h"

struct sip_agent;
struct sip_dialog;
struct sip_server_transaction;

/* How many of them one agent has at most; a peer can make that many grow. */
#define SIP_MAX_USAGES 100000

/* Embedded in its usage, which is in the agent's list as long as it lives. */
struct sip_usage {
	struct list_node node;
	void (*end)(struct sip_usage *usage);    /* begin to end; it may go on for a while */
	void (*forget)(struct sip_usage *usage); /* go at once, without a word to anybody */
	bool asked;                              /* end was called by sip_usages_end */
};

/* Put it into the agent's list. Returns 0, or -EMFILE when there are too many. */
int sip_usage_add(struct sip_agent *agent, struct sip_usage *usage);
void sip_usage_remove(struct sip_agent *agent, struct sip_usage *usage);

/* shutdown.c: ask up to n more to end. Returns whether all have been asked. */
bool sip_usages_end(struct sip_agent *agent, unsigned n);

/* agent_core.c: forget all. */
void sip_usages_forget(struct sip_agent *agent);

/*
 * "Allow-Events: ..." and CRLF (RFC 6665 4.4.4): in OPTIONS, 489, and all that makes a call, of either
 * side. Appended to out.
 */
void sip_write_allow_events(const struct sip_agent *agent, struct buf *out);

/* "Allow: ..." and CRLF with all that the stack handles but this method. Appended to lines. */
void sip_write_allow_without(enum sip_method method, struct buf *lines);

/* 405 with such an Allow: whoever was asked for does not take the method (RFC 3261 8.2.1). */
void sip_reply_not_allowed(struct sip_server_transaction *txn, enum sip_method method);

/*
 * A usage in a dialog that is another's (RFC 5057): the subscription that a REFER makes in a call.
 * Embedded in it.
 */
struct sip_dialog_guest {
	struct list_node node;

	/* A SUBSCRIBE or NOTIFY in the dialog. Returns whether it was for this usage. */
	bool (*request)(
		struct sip_server_transaction *txn, const struct sip_msg *request, void *arg);

	/* The dialog is closed; the guest has been taken out. */
	void (*closed)(void *arg);
	void *arg;
};

void sip_dialog_add_guest(struct sip_dialog *dialog, struct sip_dialog_guest *guest);
void sip_dialog_remove_guest(struct sip_dialog_guest *guest);

/* Offer the request to the guests. Returns whether one took it. */
bool sip_dialog_ask_guests(struct sip_dialog *dialog, struct sip_server_transaction *txn,
	const struct sip_msg *request);

/* For sip_dialog_close: tell and remove them. */
void sip_dialog_dismiss_guests(struct sip_dialog *dialog);

#endif
