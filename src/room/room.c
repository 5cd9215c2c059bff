/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Room: life cycle, roster and audio. */
#include "room/room.h"

#include <errno.h>

#include "core/log.h"
#include "core/mem.h"
#include "media/recorder.h"

#define LOG_NAME "conference"

/* An identity in a room, with one or more members. Owned by its room. */
struct participant {
	struct list_node node; /* room.participants, in order of joining */
	char *address;
	unsigned members;
	uint64_t joined_at;
	bool counted; /* room_others_with_audio's */
};

struct room {
	struct hash_node node;
	struct room_table *table;
	char *name;
	struct media_mixer *mixer;       /* made with the first audio stream */
	struct list_node members;        /* room_member.node, in order of joining */
	struct media_recorder *recorder; /* NULL: none */
	struct list_node mixed;          /* room_member.mix: those whose audio is in the mix */
	struct room_member *alone;       /* the only one in the mix, as the handler was told */
	struct list_node participants;
	unsigned n_members, n_participants;
};

struct room_member {
	struct list_node node;
	struct room *room;
	struct session *session; /* a reference */
	struct participant *participant;
	struct list_node mix;  /* room.mixed */
	struct media_leg *leg; /* in the mix; NULL: none */
	void *arg;
};

int room_table_init(struct room_table *table, struct loop *loop, struct media_engine *media,
	const struct room_handlers *handlers)
{
	*table = (struct room_table){.loop = loop, .media = media, .handlers = handlers};
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
	list_init(&room->mixed);
	list_init(&room->participants);
	hash_insert(&table->rooms, &room->node, hash_slice(0, name));
	log_info(LOG_NAME, "Room %s started", room->name);
	return room;
}

static void room_end(struct room *room)
{
	log_info(LOG_NAME, "Room %s ended", room->name);
	hash_remove(&room->table->rooms, &room->node);
	media_recorder_close(room->recorder);
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

/* Who is alone in the mix may have changed: tell whom it concerns. */
static void update_alone(struct room *room)
{
	const struct room_handlers *handlers = room->table->handlers;
	struct list_node *first = room->mixed.next;
	struct room_member *before = room->alone, *now = NULL;

	if (first != &room->mixed && first->next == &room->mixed)
		now = CONTAINER_OF(first, struct room_member, mix);
	if (now == before)
		return;
	room->alone = now;
	if (before && handlers->alone)
		handlers->alone(before, false, before->arg);
	if (now && handlers->alone)
		handlers->alone(now, true, now->arg);
}

static struct media_leg *leg_of(const struct room_member *member)
{
	struct session_stream *audio = session_find(member->session, STREAM_AUDIO);

	return audio && audio->state == STREAM_ACTIVE ? audio->leg : NULL;
}

int room_join(struct room_table *table, struct slice name, struct session *session, void *arg,
	struct room_member **member)
{
	struct room *room = room_find(table, name);
	struct room_member *m = NULL;

	if (!room)
		room = room_new(table, name);
	if (!room)
		return -ENOMEM;
	m = mem_zalloc(sizeof *m);
	if (m)
		m->participant = participant_enter(room, session->remote.address);
	if (!m || !m->participant) {
		mem_free(m);
		if (room->n_members == 0)
			room_end(room);
		return -ENOMEM;
	}
	m->room = room;
	m->session = obj_ref(session);
	m->arg = arg;
	list_init(&m->mix);
	list_append(&room->members, &m->node);
	room->n_members++;
	log_member(m, "has joined");
	*member = m;
	return 0;
}

static int make_mixer(struct room *room)
{
	return room->mixer ? 0 : media_mixer_new(room->table->media, -1, &room->mixer);
}

int room_mix(struct room_member *member)
{
	struct room *room = member->room;
	struct media_leg *leg = leg_of(member);
	int err;

	if (!leg || leg == member->leg)
		return 0;
	err = make_mixer(room);
	if (!err)
		err = media_leg_join(leg, room->mixer);
	if (err)
		return err;
	member->leg = leg;
	if (list_empty(&member->mix))
		list_append(&room->mixed, &member->mix);
	update_alone(room);
	return 0;
}

void room_unmix(struct room_member *member)
{
	/* A removed stream's leg has left the mixer with its closing. */
	if (member->leg && member->leg == leg_of(member))
		media_leg_join(member->leg, NULL);
	member->leg = NULL;
	list_remove(&member->mix);
	update_alone(member->room);
}

int room_replace(struct room_member *member, struct session *session, void *arg)
{
	struct room *room = member->room;
	struct participant *p = participant_enter(room, session->remote.address);

	if (!p)
		return -ENOMEM;
	if (room->alone == member) {
		room->alone = NULL; /* the new one is told when it is mixed */
		if (room->table->handlers->alone)
			room->table->handlers->alone(member, false, member->arg);
	}
	if (member->leg && member->leg == leg_of(member))
		media_leg_join(member->leg, NULL);
	member->leg = NULL;
	participant_exit(room, member->participant);
	member->participant = p;
	obj_unref(member->session);
	member->session = obj_ref(session);
	member->arg = arg;
	log_member(member, "has taken over a call");
	if (!leg_of(member)) {
		list_remove(&member->mix);
		update_alone(room);
	}
	return 0;
}

void room_leave(struct room_member *member)
{
	struct room *room = member->room;

	room_unmix(member);
	list_remove(&member->node);
	room->n_members--;
	log_member(member, "has left");
	participant_exit(room, member->participant);
	obj_unref(member->session);
	mem_free(member);
	if (room->n_members == 0)
		room_end(room);
}

unsigned room_others_with_audio(const struct room_member *member)
{
	struct room *room = member->room;
	struct list_node *it, *next;
	unsigned n = 0;

	LIST_FOR_EACH(it, next, &room->participants)
		CONTAINER_OF(it, struct participant, node)->counted = false;
	member->participant->counted = true;
	LIST_FOR_EACH(it, next, &room->members) {
		const struct room_member *other = CONTAINER_OF(it, struct room_member, node);

		if (other->participant->counted || !leg_of(other))
			continue;
		other->participant->counted = true;
		n++;
	}
	return n;
}

static void on_recording_failed(int err, void *arg)
{
	struct room *room = arg;

	media_recorder_close(room->recorder);
	room->recorder = NULL;
}

static const struct media_recorder_handlers recorder_handlers = {.failed = on_recording_failed};

int room_record(struct room *room, const char *path)
{
	int err;

	media_recorder_close(room->recorder);
	room->recorder = NULL;
	if (!path)
		return 0;
	err = make_mixer(room);
	return err ? err
		   : media_recorder_new(room->table->media, room->mixer, path, &recorder_handlers,
			     room, &room->recorder);
}

bool room_is_recorded(const struct room *room)
{
	return room->recorder != NULL;
}

struct room *room_member_room(const struct room_member *member)
{
	return member->room;
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
