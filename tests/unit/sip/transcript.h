/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Plays the transcripts of tests/transcripts: byte-exact dialogues as data. A line is
 *
 *   # comment
 *   use tcp           the peer speaks TCP; before everything else
 *   use timer N M     we ask for session timers of N seconds and take M at least; likewise
 *   from HOST:PORT    where the next "<" come from and ">" go to
 *   < line            of a message from the peer; consecutive ones are one message
 *   > line            of a message from us
 *   ! event           that the application hears
 *   app command       that it gives (script_app.h); "fails" behind it when it must
 *   + MS              the clock goes on
 *
 * What we send and what the application hears has to come in exactly this order. {name} in a line
 * of ours takes the token that stands there (letters and digits), and stands for it from then on;
 * {length} in a line of the peer is its body's length.
 */
#ifndef TESTS_TRANSCRIPT_H
#define TESTS_TRANSCRIPT_H

#include <stdbool.h>
#include <stdio.h>

#include "script_app.h"
#include "wire.h"

enum { TRANSCRIPT_NAMES = 64, TRANSCRIPT_OUT = 256, TRANSCRIPTS_MAX = 200 };

struct CMUnitTest;

struct transcript_name {
	char name[32], value[72];
};

/* What came out: a message of ours or an event. */
struct transcript_output {
	bool event;
	char *text;
};

/* One run of one transcript. Set record or failing between opening and playing. */
struct transcript {
	struct wire wire;
	struct wire_endpoint *endpoint;
	struct script_app app;
	struct addr peer;
	enum sip_transport transport;
	struct transcript_name names[TRANSCRIPT_NAMES];
	size_t n_names;
	struct transcript_output out[TRANSCRIPT_OUT];
	size_t n_out, next_out;
	bool record; /* print what is really sent and heard; compare nothing */

	/*
	 * Allocations by what is under test that still succeed, until one fails; negative: all
	 * succeed. With an allocation to fail nothing is compared; what was expected and came all
	 * the same gives the names their values.
	 */
	long budget;
	bool failing;

	unsigned line;
	const char *path;
};

/*
 * Make the agent and its wire. budget: see the struct; negative for an exact comparison. Returns 0,
 * or what the agent could not be made for (-ENOMEM); then nothing is left to be closed.
 */
int transcript_open(struct transcript *t, const char *path, long budget);

/* Play the whole file; the test fails where it does not go as written. */
void transcript_play(struct transcript *t);

/* End every call, with nobody on the other side. False: something was stuck for minutes. */
bool transcript_wind_up(struct transcript *t);

void transcript_close(struct transcript *t);

/*
 * A test for each transcript in a folder, in alphabetical order, whose state is the path. Returns
 * their number; 0: there are none.
 */
size_t transcript_tests(const char *folder, void (*run)(void **state), struct CMUnitTest *tests);

#endif
