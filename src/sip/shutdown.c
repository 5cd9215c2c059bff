/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Shutdown: every call is ended, some at a time, so that thousands of BYEs do not leave in one
 * turn and drown in the first socket buffer on their way.
 */
#include "sip/agent_private.h"
#include "sip/invite_private.h"
#include "sip/usage.h"

enum {
	CALLS_PER_STEP = 50,
	STEP_MS = 5, /* 10,000 a second */
};

static void finish(struct sip_agent *agent)
{
	loop_fn *done = agent->shutdown_done;

	agent->shutdown_done = NULL;
	if (done)
		done(agent->shutdown_arg);
}

void sip_shutdown_timer(void *arg)
{
	struct sip_agent *agent = arg;
	bool over = agent->timers->now >= agent->shutdown_limit, all;

	/* Each one moves itself to the list of those ending. */
	for (int i = 0; i < CALLS_PER_STEP && !list_empty(&agent->invites); i++)
		sip_invite_end(
			CONTAINER_OF(agent->invites.next, struct sip_invite, node), SLICE_NONE);
	all = sip_usages_end(agent, CALLS_PER_STEP);
	if (over || (all && agent->n_invites == 0 && agent->n_waiting == 0))
		finish(agent);
	else
		timer_start_ms(&agent->shutdown_timer, agent->timers, STEP_MS);
}

void sip_agent_shutdown(struct sip_agent *agent, uint64_t limit_ms, loop_fn *done, void *arg)
{
	if (agent->closed || agent->shutting_down)
		return;
	agent->shutting_down = true;
	agent->shutdown_done = done;
	agent->shutdown_arg = arg;
	agent->shutdown_limit = agent->timers->now + limit_ms * 1000;
	timer_start_ms(&agent->shutdown_timer, agent->timers, 0);
}
