/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The server's own registrations: each address of [SIP] register is bound to this server at its
 * registrar, so that calls to it come here: a conference room or an application is then reached
 * under a name of somebody else's domain, also from behind a NAT. Signalling thread.
 */
#ifndef REGISTRATIONS_H
#define REGISTRATIONS_H

#include "settings.h"

struct registrations;
struct sip_agent;

/*
 * Start registering. An object, or NULL (and 0) when there is nothing to register. Returns 0 or a
 * negative errno, which has been logged.
 */
int registrations_new(struct registrations **registrations, struct sip_agent *agent,
	const struct sip_settings *settings);

/* Take them back; sip_agent_shutdown then waits for the answers. NULL is allowed. */
void registrations_close(struct registrations *registrations);

#endif
