/* SPDX-License-Identifier: GPL-3.0-or-later */
/* DTMF of a session: once for each time a key is pressed; and keys that are sent. */
#include "session/dtmf.h"

#include <errno.h>
#include <string.h>

#include "core/log.h"
#include "core/mem.h"
#include "media/engine.h"
#include "session/session.h"

#define LOG_NAME "sylk.core"

/* What comes so long after the last one is another time that it was pressed, by whatever way. */
#define APART_US 2000000
#define MAX_DUE 8

static const char all_keys[] = "0123456789*#ABCD!";
_Static_assert(sizeof all_keys - 1 == DTMF_KEYS, "each key has its place");

/* Whether it has not been told yet: the ways other than this one will bring it too, or not. */
static bool is_news(struct session_dtmf *dtmf, size_t key, enum dtmf_way way, uint64_t now,
	unsigned duration_ms)
{
	uint8_t *due = dtmf->keys[key].due;

	/* It came when it was released, perhaps, and by another way when it was pressed. */
	if (now >= dtmf->keys[key].heard_us + APART_US + duration_ms * UINT64_C(1000))
		memset(due, 0, DTMF_WAYS);
	dtmf->keys[key].heard_us = now;
	if (due[way]) {
		due[way]--;
		return false;
	}
	for (int other = 0; other < DTMF_WAYS; other++) {
		if (other != (int)way && due[other] < MAX_DUE)
			due[other]++;
	}
	return true;
}

void session_key_pressed(struct session *session, enum dtmf_way way, char key, unsigned duration_ms)
{
	static const char *const ways[] = {"as an event", "as a tone", "by INFO"};
	const char *at = key ? strchr(all_keys, key) : NULL;
	uint64_t now = loop_now(session->loop);
	bool news;

	if (!at || session_state(session) == SESSION_ENDED)
		return;
	news = is_news(&session->dtmf, (size_t)(at - all_keys), way, now, duration_ms);
	log_debug(LOG_NAME, "Key %c of %s came %s, pressed for %u ms%s", key,
		session->remote.address, ways[way], duration_ms,
		news ? "" : "; it has been told already");
	if (!news || !session->handlers->dtmf)
		return;
	obj_ref(session);
	session->handlers->dtmf(session, key, duration_ms, session->arg);
	obj_unref(session);
}

int session_send_dtmf(struct session *session, const char *keys, unsigned duration_ms)
{
	const struct session_stream *audio = session_find(session, STREAM_AUDIO);
	enum session_state state = session_state(session);

	if ((state != SESSION_CONNECTED && state != SESSION_CONNECTING) || !audio || !audio->leg)
		return -ENOTCONN;
	if (audio->on_hold)
		return -EBUSY;
	return media_leg_send_keys(audio->leg, keys, duration_ms);
}
