/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Room: a conference. It is made by the first session that joins under its name and ends with its
 * last; it knows participants (identities), their members (one per session) and one audio mixer.
 * Rooms speak no protocol: how a room looks to SIP, XMPP and browsers is written in focus/.
 *
 * Signalling thread.
 */
#ifndef ROOM_ROOM_H
#define ROOM_ROOM_H

#include "core/hash.h"
#include "core/loop.h"
#include "media/engine.h"
#include "session/session.h"

struct room;

/* A session's place in a room; owned by the room, good until room_leave. */
struct room_member;

/* What rooms tell those who host them. */
struct room_handlers {
	/* The member's audio is the only one in the mix, or no longer; arg: the member's. */
	void (*alone)(struct room_member *member, bool alone, void *arg);
};

/* All rooms of this server, by name. Owned by the application that hosts them. */
struct room_table {
	struct hash_table rooms;
	struct loop *loop;
	struct media_engine *media;
	const struct room_handlers *handlers;
};

/* Returns 0 or -ENOMEM. */
int room_table_init(struct room_table *table, struct loop *loop, struct media_engine *media,
	const struct room_handlers *handlers);

/* Free the table; every member must have left. */
void room_table_free(struct room_table *table);

/* The room of this canonical name, or NULL. */
struct room *room_find(const struct room_table *table, struct slice name);

/*
 * A session takes part: makes the room if it is the first. Its audio is heard from room_mix on. The
 * member keeps a reference on the session; arg is for the handlers. Returns 0 or -ENOMEM.
 */
int room_join(struct room_table *table, struct slice name, struct session *session, void *arg,
	struct room_member **member);

/*
 * Mix the member's audio, if its session has any that is active, and is not in the mix already.
 * Returns 0 or -ENOMEM.
 */
int room_mix(struct room_member *member);

/*
 * Another session takes the member's place (an attended transfer): nobody has come or gone, and the
 * room goes on even if it was the only one. The audio of the old one is not mixed any more; that of
 * the new one takes its place with room_mix, which is to be called next. Returns 0, or -ENOMEM:
 * nothing has changed.
 */
int room_replace(struct room_member *member, struct session *session, void *arg);

/* A session goes; with the last one the room ends. */
void room_leave(struct room_member *member);

/* The member's audio is gone: it is no longer in the mix. */
void room_unmix(struct room_member *member);

/* How many other identities have audio in the member's room, in the mix or not yet. */
unsigned room_others_with_audio(const struct room_member *member);

/*
 * Record what is mixed in the room to a new file (media/recorder.h), until the room ends, or another
 * recording begins; path NULL: end it. Returns 0, -EINVAL (an empty path) or -ENOMEM.
 */
int room_record(struct room *room, const char *path);

/* Whether the room is being recorded: not any more once the file cannot be written. */
bool room_is_recorded(const struct room *room);

/* The room of a member. */
struct room *room_member_room(const struct room_member *member);

/* Name (NUL behind it), members, and distinct identities among them. */
struct slice room_name(const struct room *room);
unsigned room_member_count(const struct room *room);
unsigned room_participant_count(const struct room *room);

/* How many rooms there are. */
size_t room_count(const struct room_table *table);

#endif
