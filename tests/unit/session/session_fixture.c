/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What tests of SIP sessions begin with. */
#include "session_fixture.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

struct script script;

int session_open(void **state)
{
	script_open(&script, "127.0.0.1", 8);
	return 0;
}

int session_close(void **state)
{
	return script_close(&script) == 0 ? 0 : -1;
}

const char *two(const char *first, const char *second)
{
	static char text[CALLER_TEXT];

	snprintf(text, sizeof text, "%s%s", first, second);
	return caller_sdp(text);
}

const char *audio(unsigned port)
{
	return caller_audio(port, HERE, "sendrecv");
}

struct caller *in_call(void)
{
	struct caller *c = caller_new(&script.world, "room");

	caller_call(c, caller_sdp(audio(40000)));
	assert_int_equal(caller_status(c), 200);
	assert_non_null(script.session);
	assert_int_equal(session_state(script.session), SESSION_CONNECTED);
	script_forget(&script);
	return c;
}

void assert_m_line(const struct caller *c, unsigned n, const char *kind, bool used)
{
	const char *at = c->answer;
	char found[16] = "";
	unsigned port = 0;

	for (unsigned i = 0; at && i <= n; i++)
		at = strstr(at + 1, "\nm=");
	if (!at || sscanf(at, "\nm=%15s %u", found, &port) != 2 || strcmp(found, kind) != 0 ||
		(port != 0) != used)
		fail_msg("m-line %u is not %s %s in\n%s", n, kind, used ? "in use" : "with port 0",
			c->answer);
}

void assert_refused(const struct caller *c, unsigned status, const char *warning)
{
	assert_int_equal(caller_status(c), status);
	if (!strstr(caller_header(c->last, "Warning"), warning))
		fail_msg("no \"%s\" in \"%s\"", warning, caller_header(c->last, "Warning"));
}
