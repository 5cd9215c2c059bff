/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Room: life cycle, roster and audio. */
#include "room/room.h"

#include <errno.h>

#include "core/log.h"
#include "core/mem.h"

#define LOG_NAME "conference"

/* An identity in a room, with one or more members. Owned by its room. */
struct participant {
	struct list_node node; /* room.participants, in order of joining */
	char *address;
	unsigned members;
	uint64_t joined_at;
};

struct room {
	struct hash_node node;
	struct room_table *table;
	char *name;
	struct media_mixer *mixer; /* made with the first audio stream */
	struct list_node members;  /* room_member.node, in order of joining */
	struct list_node participants;
	unsigned n_members, n_participants;
};

struct room_member {
	struct list_node node;
	struct room *room;
	struct session *session; /* a reference */
	struct participant *participant;
};

int room_table_init(struct room_table *table, struct loop *loop, struct media_engine *media)
{
	*table = (struct room_table){.loop = loop, .media = media};
	return hash_init(&table->rooms);
}

void room_table_free(struct room_table *table)
{
	hash_free(&table->rooms);
}

struct room *room_find(const struct room_table *table, struct slice name)
{
	struct hash_node *n;

	for (n = hash_first(&table->rooms, hash_slice(0, name)); n; n = hash_next(n)) {
		struct room *room = CONTAINER_OF(n, struct room, node);

		if (slice_eq(slice_str(room->name), name))
			return room;
	}
	return NULL;
}

static struct room *room_new(struct room_table *table, struct slice name)
{
	struct room *room = mem_zalloc(sizeof *room);

	if (!room)
		return NULL;
	room->name = slice_dup(name);
	if (!room->name) {
		mem_free(room);
		return NULL;
	}
	room->table = table;
	list_init(&room->members);
	list_init(&room->participants);
	hash_insert(&table->rooms, &room->node, hash_slice(0, name));
	log_info(LOG_NAME, "Room %s started", room->name);
	return room;
}

static void room_end(struct room *room)
{
	log_info(LOG_NAME, "Room %s ended", room->name);
	hash_remove(&room->table->rooms, &room->node);
	if (room->mixer)
		media_mixer_close(room->mixer);
	mem_free(room->name);
	mem_free(room);
}

static struct participant *participant_find(struct room *room, const char *address)
{
	struct list_node *it;

	for (it = room->participants.next; it != &room->participants; it = it->next) {
		struct participant *p = CONTAINER_OF(it, struct participant, node);

		if (slice_eq(slice_str(p->address), slice_str(address)))
			return p;
	}
	return NULL;
}

/* One more member for the participant of this address, which is made if need be. */
static struct participant *participant_enter(struct room *room, const char *address)
{
	struct participant *p = participant_find(room, address);

	if (!p) {
		p = mem_zalloc(sizeof *p);
		if (!p)
			return NULL;
		p->address = slice_dup(slice_str(address));
		if (!p->address) {
			mem_free(p);
			return NULL;
		}
		p->joined_at = loop_now(room->table->loop);
		list_append(&room->participants, &p->node);
		room->n_participants++;
	}
	p->members++;
	return p;
}

static void participant_exit(struct room *room, struct participant *p)
{
	if (--p->members > 0)
		return;
	list_remove(&p->node);
	room->n_participants--;
	mem_free(p->address);
	mem_free(p);
}

static void log_member(const struct room_member *member, const char *what)
{
	struct buf b;

	buf_init(&b, 2048);
	identity_print(&member->session->remote, &b);
	log_info(LOG_NAME, "Room %s - %.*s %s (%u in the room)", member->room->name,
		SLICE_ARG(buf_view(&b)), what, member->room->n_members);
	buf_free(&b);
}

static int mix_audio(struct room *room, struct media_leg *leg)
{
	int err = 0;

	if (!room->mixer)
		err = media_mixer_new(room->table->media, -1, &room->mixer);
	return err ? err : media_leg_join(leg, room->mixer);
}

int room_join(struct room_table *table, struct slice name, struct session *session,
	struct room_member **member)
{
	struct room *room = room_find(table, name);
	struct session_stream *audio = session_find(session, STREAM_AUDIO);
	struct room_member *m = NULL;
	int err = -ENOMEM;

	if (!room)
		room = room_new(table, name);
	if (!room)
		return -ENOMEM;
	m = mem_zalloc(sizeof *m);
	if (!m)
		goto out;
	m->room = room;
	m->participant = participant_enter(room, session->remote.address);
	if (!m->participant)
		goto out;
	if (audio && audio->leg) {
		err = mix_audio(room, audio->leg);
		if (err)
			goto out;
	}
	m->session = obj_ref(session);
	list_append(&room->members, &m->node);
	room->n_members++;
	log_member(m, "has joined");
	*member = m;
	return 0;
out:
	if (m && m->participant)
		participant_exit(room, m->participant);
	mem_free(m);
	if (room->n_members == 0)
		room_end(room);
	return err;
}

void room_leave(struct room_member *member)
{
	struct room *room = member->room;
	struct session_stream *audio = session_find(member->session, STREAM_AUDIO);

	if (audio && audio->leg)
		media_leg_join(audio->leg, NULL);
	list_remove(&member->node);
	room->n_members--;
	log_member(member, "has left");
	participant_exit(room, member->participant);
	obj_unref(member->session);
	mem_free(member);
	if (room->n_members == 0)
		room_end(room);
}

int room_stream_changed(struct room_member *member, const struct session_stream *stream)
{
	/* A removed stream's leg has left the mixer with its closing. */
	if (stream->kind != STREAM_AUDIO || stream->state != STREAM_ACTIVE || !stream->leg)
		return 0;
	return mix_audio(member->room, stream->leg);
}

struct slice room_name(const struct room *room)
{
	return slice_str(room->name);
}

unsigned room_member_count(const struct room *room)
{
	return room->n_members;
}

unsigned room_participant_count(const struct room *room)
{
	return room->n_participants;
}

size_t room_count(const struct room_table *table)
{
	return table->rooms.n;
}
