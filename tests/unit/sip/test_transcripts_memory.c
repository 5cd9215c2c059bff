/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Every transcript again and again, with its first, second, third ... allocation failing, until one
 * run needs no more than it is granted. Whatever fails: nothing crashes, nothing leaks, and nothing
 * is stuck when nobody answers any more. TEST_FAILS=n runs the one whose n-th allocation fails.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/mem.h"
#include "transcript.h"

enum { MOST = 5000 }; /* allocations of one transcript */

/* Whether an allocation failed. */
static bool play_failing(const char *path, long n)
{
	size_t alive = obj_alive();
	struct transcript *t = test_malloc(sizeof *t);
	bool failed;
	int err = transcript_open(t, path, n);

	if (err != 0 && err != -ENOMEM)
		fail_msg("%s: error %d when allocation %ld failed", path, err, n);
	if (err == 0) {
		transcript_play(t);
		failed = t->budget < 0;
		if (!transcript_wind_up(t))
			fail_msg("%s: something is stuck when allocation %ld failed", path, n);
		transcript_close(t);
	} else {
		failed = true;
	}
	test_free(t);
	if (obj_alive() != alive)
		fail_msg("%s: %zu objects are left when allocation %ld failed", path,
			obj_alive() - alive, n);
	return failed;
}

static void no_failing_allocation_does_harm(void **state)
{
	const char *one = getenv("TEST_FAILS");
	long n = 0;

	if (one) {
		play_failing(*state, strtol(one, NULL, 10));
		return;
	}
	while (n < MOST && play_failing(*state, n))
		n++;
	assert_in_range(n, 1, MOST - 1);
}

int main(int argc, char **argv)
{
	static struct CMUnitTest tests[TRANSCRIPTS_MAX];
	size_t n = transcript_tests(
		argc > 1 ? argv[1] : TRANSCRIPTS, no_failing_allocation_does_harm, tests);

	if (n == 0)
		return 1;
	return _cmocka_run_group_tests("transcripts_memory", tests, n, NULL, NULL);
}
