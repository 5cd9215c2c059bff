/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Leg keys: keys that a peer has pressed, on their way from a media thread to the signalling loop.
 * A ring with one writer and one reader, and the mail that says there is something in it. Bounded in
 * number and in rate: what comes faster than any telephone dials is left out.
 *
 * Part of a leg. The writer is the port's thread, or the thread that the leg lives on; as that
 * changes by mail alone, there is one at a time.
 */
#ifndef MEDIA_LEG_KEYS_H
#define MEDIA_LEG_KEYS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "media/media_mail.h"

#define LEG_KEYS_MAX 16

struct leg;
struct media_thread;

struct leg_keys {
	struct media_mail mail;
	struct leg *leg;
	enum media_key_way way; /* constant, as leg */
	atomic_bool told;       /* the mail has been posted and was not read yet */
	/* How many were ever put in, by the writer, and taken out, by the reader. */
	_Atomic uint32_t put, taken;
	uint32_t items[LEG_KEYS_MAX]; /* key, and 24 bits of milliseconds */
	uint64_t next_us; /* the writer's: when all that came is what may have come until then */
};

void leg_keys_init(struct leg_keys *keys, struct leg *leg, enum media_key_way way);

/* A key was pressed for ms milliseconds. The writer's thread. */
void leg_keys_put(struct media_thread *t, struct leg_keys *keys, char key, uint32_t ms);

/* MAIL_KEYS was read: from here on it may be posted again. The signalling loop. */
void leg_keys_read(struct leg_keys *keys);

/* The next one that waits; false: none. The signalling loop. */
bool leg_keys_take(struct leg_keys *keys, char *key, uint32_t *ms);

#endif
