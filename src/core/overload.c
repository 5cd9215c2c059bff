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

bool overload_update(struct overload *overload, uint64_t now, uint64_t loop_lag, uint64_t tick_lag)
{
	bool stale = overload->read == 0 || now - overload->read > OVERLOAD_STALE_US;
	bool late = !stale && judge(overload, loop_lag, tick_lag);
	bool on;

	overload->late = late ? overload->late + 1 : 0;
	on = late && (overload->on || overload->late >= OVERLOAD_READINGS);
	overload->read = now;
	if (on == overload->on)
		return on;
	overload->on = on;
	overload->changes++;
	if (on)
		log_warning("sylk.core",
			"Overload: signalling is %llu ms late, media %llu ms; new calls are "
			"refused until it is over (if it lasts, give the server more cores or "
			"fewer calls)",
			(unsigned long long)loop_lag / 1000, (unsigned long long)tick_lag / 1000);
	else
		log_info("sylk.core", "Overload is over; new calls are taken again");
	return on;
}
