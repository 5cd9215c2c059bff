/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Runs the transcripts of tests/transcripts (transcript.h); each file is a test named after it.
 *
 * "test_transcripts --record FILE" prints the file with what was really sent and heard instead of
 * its > and ! lines: read it against the RFC before it becomes a test.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/mem.h"
#include "transcript.h"

static void run(void **state)
{
	size_t alive = obj_alive();
	struct transcript *t = test_malloc(sizeof *t);

	assert_int_equal(transcript_open(t, *state, -1), 0);
	transcript_play(t);
	transcript_close(t);
	test_free(t);
	assert_int_equal(obj_alive(), alive);
}

static int record(const char *path)
{
	static struct transcript t;

	if (transcript_open(&t, path, -1) < 0)
		return 1;
	t.record = true;
	transcript_play(&t);
	transcript_close(&t);
	return 0;
}

int main(int argc, char **argv)
{
	static struct CMUnitTest tests[TRANSCRIPTS_MAX];
	size_t n;

	if (argc == 3 && strcmp(argv[1], "--record") == 0)
		return record(argv[2]);
	n = transcript_tests(argc > 1 ? argv[1] : TRANSCRIPTS, run, tests);
	if (n == 0)
		return 1;
	return _cmocka_run_group_tests("transcripts", tests, n, NULL, NULL);
}
