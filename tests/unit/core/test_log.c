/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Log: the shape of a line, levels, and that no text can forge a line. */
#include "core/log.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

struct capture {
	int pipe[2], saved;
	char text[8192];
};

/* Send stderr into a pipe. */
static int setup(void **state)
{
	struct capture *c = test_calloc(1, sizeof *c);

	assert_int_equal(pipe(c->pipe), 0);
	fcntl(c->pipe[0], F_SETFL, O_NONBLOCK);
	c->saved = dup(STDERR_FILENO);
	dup2(c->pipe[1], STDERR_FILENO);
	log_open(LOG_SINK_JOURNAL, "test");
	log_set_level(LOG_LEVEL_INFO);
	*state = c;
	return 0;
}

static int teardown(void **state)
{
	struct capture *c = *state;

	log_close();
	dup2(c->saved, STDERR_FILENO);
	close(c->saved);
	close(c->pipe[0]);
	close(c->pipe[1]);
	test_free(c);
	return 0;
}

/* What has been written since the last call. */
static const char *taken(void **state)
{
	struct capture *c = *state;
	ssize_t n = read(c->pipe[0], c->text, sizeof c->text - 1);

	c->text[n > 0 ? n : 0] = '\0';
	return c->text;
}

static void a_line_has_padded_level_name_and_text(void **state)
{
	log_info("conference", "Room %s", "a@b");
	assert_string_equal(taken(state), "<6>INFO     [conference] Room a@b\n");
	log_critical("sylk.core", "x");
	assert_string_equal(taken(state), "<2>CRITICAL [sylk.core] x\n");
	log_warning("sylk.core", "x");
	assert_string_equal(taken(state), "<4>WARNING  [sylk.core] x\n");
	log_error("sylk.core", "x");
	assert_string_equal(taken(state), "<3>ERROR    [sylk.core] x\n");
}

static void a_terminal_line_begins_with_the_time(void **state)
{
	int year, month, day, hour, minute, at = 0;
	double second;
	const char *line;

	log_open(LOG_SINK_TERMINAL, "test");
	log_info("echo", "x");
	line = taken(state);
	assert_int_equal(sscanf(line, "%d-%d-%d %d:%d:%lf %n", &year, &month, &day, &hour, &minute,
				 &second, &at),
		6);
	assert_int_equal(at, strlen("2000-01-01 00:00:00.000 "));
	assert_string_equal(line + at, "INFO     [echo] x\n");
}

static void lines_below_the_level_are_not_written(void **state)
{
	log_debug("echo", "x");
	assert_string_equal(taken(state), "");
	log_set_level(LOG_LEVEL_ERROR);
	log_warning("echo", "x");
	assert_string_equal(taken(state), "");
	log_set_level(LOG_LEVEL_DEBUG);
	log_debug("echo", "x");
	assert_string_equal(taken(state), "<7>DEBUG    [echo] x\n");
}

static void control_bytes_are_escaped_so_that_no_line_is_forged(void **state)
{
	log_info("echo", "%s", "a\r\nERROR [sylk.core] b\t\x1b[2J\x7f");
	assert_string_equal(taken(state),
		"<6>INFO     [echo] a\\x0d\\x0aERROR [sylk.core] b\\x09\\x1b[2J\\x7f\n");
}

static void utf8_stays_and_what_is_none_is_escaped(void **state)
{
	log_info("echo", "%s", "caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80");
	assert_string_equal(
		taken(state), "<6>INFO     [echo] caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80\n");
	/* C1 control, overlong slash, surrogate, beyond U+10FFFF, stray and cut-off bytes. */
	log_info("echo", "%s",
		"\xc2\x9b \xc0\xaf \xe0\x80\xaf \xed\xa0\x80 \xf4\x90\x80\x80 \x80 \xff \xe2\x82");
	assert_string_equal(taken(state),
		"<6>INFO     [echo] \\xc2\\x9b \\xc0\\xaf \\xe0\\x80\\xaf \\xed\\xa0\\x80 "
		"\\xf4\\x90\\x80\\x80 \\x80 \\xff \\xe2\\x82\n");
}

static void a_long_line_is_cut_at_4_kb(void **state)
{
	char text[6000];
	size_t n;

	memset(text, '\n', sizeof text);
	text[sizeof text - 1] = '\0';
	log_info("echo", "%s", text);
	n = strlen(taken(state));
	assert_in_range(n, 4000, 4096);
	memset(text, 'x', sizeof text - 1);
	log_info("echo", "%s", text);
	n = strlen(taken(state));
	assert_in_range(n, 4000, 4096);
	assert_int_equal(((struct capture *)*state)->text[n - 1], '\n');
}

static void level_names_are_read_in_any_case(void **state)
{
	enum log_level level;

	assert_int_equal(log_level_of("debug", &level), 0);
	assert_int_equal(level, LOG_LEVEL_DEBUG);
	assert_int_equal(log_level_of("Critical", &level), 0);
	assert_int_equal(level, LOG_LEVEL_CRITICAL);
	assert_int_equal(log_level_of("loud", &level), -EINVAL);
	assert_int_equal(log_level_of("", &level), -EINVAL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_line_has_padded_level_name_and_text),
		TEST(a_terminal_line_begins_with_the_time),
		TEST(lines_below_the_level_are_not_written),
		TEST(control_bytes_are_escaped_so_that_no_line_is_forged),
		TEST(utf8_stays_and_what_is_none_is_escaped),
		TEST(a_long_line_is_cut_at_4_kb),
		TEST(level_names_are_read_in_any_case),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
