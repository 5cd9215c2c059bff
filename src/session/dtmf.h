/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * DTMF of a session: a key that is pressed may come by several ways, as telephones send it by RTP and
 * by their signalling, and gateways leave the tones in the audio too. The application is told once
 * for each time it was pressed. Signalling thread.
 */
#ifndef SESSION_DTMF_H
#define SESSION_DTMF_H

#include <stdint.h>

struct session;

enum dtmf_way { DTMF_BY_EVENT, DTMF_BY_TONE, DTMF_BY_INFO, DTMF_WAYS };

#define DTMF_KEYS 17 /* 0 to 9, *, #, A to D, and ! (hook flash) */

/* Embedded in the session; zeroed: nothing has come. */
struct session_dtmf {
	struct {
		uint64_t heard_us; /* when the last one came, by whatever way */
		/* Of the keys told so far, how many each way has not brought yet. */
		uint8_t due[DTMF_WAYS];
	} keys[DTMF_KEYS];
};

/* A key came: tell the application, if it has not been told of it already. duration_ms: pressed. */
void session_key_pressed(
	struct session *session, enum dtmf_way way, char key, unsigned duration_ms);

#endif
