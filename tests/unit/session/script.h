/* SPDX-License-Identifier: GPL-3.0-or-later */
/* An application for tests: does with its latest session what it is told, and logs what happens. */
#ifndef TESTS_SCRIPT_H
#define TESTS_SCRIPT_H

#include "call.h"

/* When it ends the session it is told of. */
enum script_end {
	SCRIPT_END_NEVER,
	SCRIPT_END_INCOMING,
	SCRIPT_END_STARTED,
	SCRIPT_END_PROPOSED,
	SCRIPT_END_CHANGED
};

struct script {
	struct caller_world world;
	struct session *session; /* a reference, until it has ended */
	bool later;              /* incoming sessions and proposals wait */
	bool focus;
	unsigned reject; /* if not 0: refuse incoming sessions with it */
	unsigned take;   /* kinds of streams to accept */
	enum script_end ends;
	char log[1024]; /* "incoming; started; changed active; ended hung up" */
};

/* Opens its world. */
void script_open(struct script *s, const char *host, unsigned pairs);

/* Closes it; returns how many objects have leaked. */
size_t script_close(struct script *s);

void script_forget(struct script *s);

#endif
