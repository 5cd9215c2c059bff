/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What tests of SIP sessions begin with: one scripted application, and calls to it. */
#ifndef TESTS_SESSION_FIXTURE_H
#define TESTS_SESSION_FIXTURE_H

#include "script.h"

#define VIDEO "m=video 40010 RTP/AVP 96\nc=IN IP4 127.0.0.2\na=rtpmap:96 VP8/90000\n"
#define HERE "127.0.0.2"

extern struct script script;

/* cmocka's setup and teardown: open it on 127.0.0.1 with eight pairs of ports; fail on a leak. */
int session_open(void **state);
int session_close(void **state);

/* A description of two sections behind each other. */
const char *two(const char *first, const char *second);

/* An audio section, both ways. */
const char *audio(unsigned port);

/* A caller whose call with one audio stream is up. */
struct caller *in_call(void);

/* The n-th m-line of the server's last description is of this kind and in use, or not. */
void assert_m_line(const struct caller *c, unsigned n, const char *kind, bool used);

/* Refused with this status, and with this in Warning. */
void assert_refused(const struct caller *c, unsigned status, const char *warning);

#endif
