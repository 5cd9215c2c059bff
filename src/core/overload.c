/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Overload: whether new work must be refused. */
#include "core/overload.h"

#include "core/log.h"

bool overload_due(const struct overload *overload, uint64_t now)
{
	return overload->read == 0 || now - overload->read >= OVERLOAD_PERIOD_US;
}

static bool judge(const struct overload *overload, uint64_t loop_lag, uint64_t tick_lag)
{
	/* It ends lower than it begins, so as not to flap. */
	unsigned share = overload->on ? 2 : 1;

	return loop_lag > OVERLOAD_LOOP_LIMIT_US / share ||
	       tick_lag > OVERLOAD_TICK_LIMIT_US / share;
}

static void tell_begin(
	struct overload *overload, uint64_t loop_lag, uint64_t tick_lag, uint64_t backlog)
{
	if (overload->told)
		return;
	overload->told = true;
	overload->changes++;
	log_warning("sylk.core",
		"Overload: signalling is %llu ms late, media %llu ms, unread messages %llu ms; "
		"new calls are refused as long as need be "
		"(if it lasts, give the server more cores or fewer calls)",
		(unsigned long long)loop_lag / 1000, (unsigned long long)tick_lag / 1000,
		(unsigned long long)backlog / 1000);
}

static void tell_end(struct overload *overload, uint64_t now)
{
	bool lately = overload->behind && now - overload->behind < OVERLOAD_STALE_US;

	if (!overload->told || overload->on || lately)
		return;
	overload->told = false;
	overload->changes++;
	log_info("sylk.core", "Overload is over; all new calls are taken again");
}

bool overload_now(struct overload *overload, uint64_t now, uint64_t backlog)
{
	bool behind = backlog > OVERLOAD_BACKLOG_LIMIT_US;

	if (behind) {
		overload->behind = now;
		tell_begin(overload, 0, 0, backlog);
	}
	return behind || overload->on;
}

bool overload_update(struct overload *overload, uint64_t now, uint64_t loop_lag, uint64_t tick_lag)
{
	bool stale = overload->read == 0 || now - overload->read > OVERLOAD_STALE_US;
	bool late = !stale && judge(overload, loop_lag, tick_lag);

	overload->late = late ? overload->late + 1 : 0;
	overload->on = late && (overload->on || overload->late >= OVERLOAD_READINGS);
	overload->read = now;
	if (overload->on)
		tell_begin(overload, loop_lag, tick_lag, 0);
	else
		tell_end(overload, now);
	return overload->on;
}
