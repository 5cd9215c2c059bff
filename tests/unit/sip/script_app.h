/* SPDX-License-Identifier: GPL-3.0-or-later */
/* An application for tests: does to its latest call what it is told, and says what happens to it. */
#ifndef TESTS_SCRIPT_APP_H
#define TESTS_SCRIPT_APP_H

#include "sip/invite.h"

/* An event in words: "invite", "answered 200", "ended 487" ... */
typedef void script_app_event_fn(const char *event, void *arg);

struct script_app {
	struct sip_agent *agent; /* borrowed; the test sets it */
	struct sip_invite *invite;
	script_app_event_fn *event;
	void *arg;
	struct addr peer; /* whom "call" calls */
	enum sip_transport transport;
	bool silent;      /* does not take its calls */
	bool late;        /* our INVITE had no offer */
	bool prack_offer; /* the next PRACK has an offer */
	bool password;    /* calls answer challenges as room, with "secret" */
};

extern const struct sip_agent_handlers script_app_handlers; /* arg: the app */

/*
 * ring | progress N | accept [header line] | reject N | end [reason] | offer | update [empty] | call |
 * call-late | password (calls answer challenges) | prack-offer (in the next PRACK) | leave (take no further call) | shutdown MS | close.
 * Returns 0 or a negative errno.
 */
int script_app_do(struct script_app *app, const char *command);

/* Give up the call it holds. */
void script_app_release(struct script_app *app);

#endif
