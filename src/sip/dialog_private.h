/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Dialogs, as the agent's dispatcher sees them. Loop thread. */
#ifndef SIP_DIALOG_PRIVATE_H
#define SIP_DIALOG_PRIVATE_H

#include "sip/agent_private.h"
#include "sip/dialog.h"
#include "sip/usage.h"

/* Owned by its usage. */
struct sip_dialog {
	struct sip_key key;      /* first: found by it */
	struct sip_agent *agent; /* good until closed */
	struct sip_flow *flow;   /* ours */
	const struct sip_dialog_handlers *handlers;
	void *arg;
	char *text; /* holds the slices below, but for target */
	struct slice call_id;
	struct slice local, remote; /* values of From and To in our requests, with their tags */
	struct slice remote_tag;
	struct slice routes;       /* value of Route in our requests, in order (12.1) */
	struct slice target;       /* remote target URI; an allocation of its own */
	struct sip_locate *locate; /* looks for the first hop */
	struct sip_target *hop;    /* what it has found last; ours */
	uint64_t hop_time;         /* when that was, microseconds */
	struct list_node guests;   /* struct sip_dialog_guest; each is its own */
	uint32_t local_cseq, remote_cseq;
	bool remote_cseq_known;
	bool caller;
	bool referred; /* a REFER has come in it */
	bool secure;   /* sips: our Contact must be one too (12.1.1) */
	bool in_table;
	char local_tag[SIP_TAG_SIZE];
};

/* The dialog that a request is in; NULL: none. Borrowed. */
struct sip_dialog *sip_dialog_find(struct sip_agent *agent, const struct sip_msg *request);

/* The first hop may be another one from here on: look for it. */
void sip_dialog_locate(struct sip_dialog *dialog);

/* Whether all its requests go by the flow that it was made by, wherever its target is. */
bool sip_dialog_keeps_flow(const struct sip_dialog *dialog);

/* Give up looking, and forget what was found. */
void sip_dialog_forget_hop(struct sip_dialog *dialog);

/* Note a request's CSeq. False: it is lower than the last one's (12.2.2: 500). */
bool sip_dialog_in_sequence(struct sip_dialog *dialog, const struct sip_msg *request);

#endif
