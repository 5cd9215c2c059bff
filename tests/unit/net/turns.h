/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Turning a loop until something has happened; a test that waits in vain fails after a while. */
#ifndef TESTS_TURNS_H
#define TESTS_TURNS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/loop.h"

enum { TURNS_LIMIT_MS = 20000 };

static inline void turns_expired(void *arg)
{
	*(bool *)arg = true;
}

/* One turn: what is there now happens, nothing is waited for. */
static inline void turn(struct loop *loop)
{
	uv_run(loop_uv(loop), UV_RUN_NOWAIT);
}

/* Until *counter is at least want. */
static inline void turn_until(struct loop *loop, const size_t *counter, size_t want)
{
	bool expired = false;
	struct timer guard;

	timer_init(&guard, turns_expired, &expired);
	loop_wake(loop);
	timer_start_ms(&guard, loop_timers(loop), TURNS_LIMIT_MS);
	while (*counter < want && !expired)
		uv_run(loop_uv(loop), UV_RUN_ONCE);
	timer_stop(&guard);
	if (expired)
		fail_msg("waited in vain: %zu of %zu", *counter, want);
}

#endif
