/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the media threads and the signalling loop write to each other.
 *
 * Two rules keep every sequence in order. All commands for a leg go to its *home*, the thread of
 * its port, which hands them on to the thread that the leg lives on. And a mailbox is one stack
 * taken as a whole, so mail arrives in the order in which it was posted also when the senders are
 * different threads of which one acted upon the other's mail (core/queue.c).
 */
#ifndef MEDIA_MEDIA_MAIL_H
#define MEDIA_MEDIA_MAIL_H

#include <stdbool.h>
#include <stdint.h>

#include "core/list.h"
#include "core/queue.h"
#include "media/engine.h"
#include "media/port_srtp.h"

struct leg;
struct media_player;
struct media_recorder;
struct mixer;
struct port;

enum media_mail_kind {
	/* To a media thread. */
	MAIL_COMMAND,       /* struct media_command */
	MAIL_LEG,           /* struct leg: it moves in here */
	MAIL_LEG_HOME,      /* struct leg: closed, comes home to its port for the last time */
	MAIL_LEG_FENCE,     /* struct leg: the same, on a round through all threads */
	MAIL_PACKETS,       /* struct packet_batch: received on another thread's ports */
	MAIL_ATTACH,        /* struct destination: send it a mixer's frames from here on */
	MAIL_DETACH,        /* struct destination: no longer */
	MAIL_FRAMES,        /* struct frame_batch: a mixer's tick */
	MAIL_FAN_OUT_CLOSE, /* struct fan_out: its last destination has gone */
	MAIL_HELD_PACKET,   /* struct held_packet; never posted, see crossing.h */
	/* To the signalling loop. */
	MAIL_STARTED,    /* struct leg_event */
	MAIL_TIMEOUT,    /* struct leg_event */
	MAIL_SILENT,     /* struct leg_event */
	MAIL_LEFT,       /* struct leg_event */
	MAIL_KEYS,       /* struct leg_keys: the peer has pressed some */
	MAIL_TALKING,    /* struct leg_event */
	MAIL_LEG_GONE,   /* struct leg: no thread knows it any more */
	MAIL_PORT_GONE,  /* struct port */
	MAIL_MIXER_GONE, /* struct mixer */
	MAIL_RECORDER,   /* struct media_recorder: there is something to write */
	MAIL_PLAYER,     /* struct media_player: it needs more of its files, or is over */
};

struct media_mail {
	struct mail mail;
	enum media_mail_kind kind;
};

enum media_op {
	OP_PORT_OPEN,
	OP_PORT_CLOSE,
	OP_LEG_OPEN,
	OP_LEG_CONFIGURE,
	OP_LEG_JOIN, /* mixer, or NULL: leave */
	OP_LEG_ECHO, /* on */
	OP_LEG_PLAY, /* player, or NULL: stop the one that it hears */
	OP_LEG_KEYS, /* keys */
	OP_LEG_CLOSE,
	OP_MIXER_RECORD, /* recorder, or NULL: no longer */
	OP_MIXER_CLOSE,
	OP_STOP, /* end the thread */
};

/* Keys to be sent, as events of RFC 4733. */
struct media_keys {
	uint8_t n, events[MEDIA_KEYS_MAX];
	uint16_t duration_ms; /* of each */
};

/*
 * A command. The thread that carries it out frees it, except the closing ones, which are part of
 * what they close (closing cannot fail). A join holds a reference on its mixer, a play one
 * on its player, a record one on its recorder.
 */
struct media_command {
	struct media_mail mail;
	enum media_op op;
	bool on;
	struct port *port;
	struct leg *leg;
	struct mixer *mixer;
	struct media_player *player;
	struct media_recorder *recorder;
	struct media_keys keys;          /* OP_LEG_KEYS */
	struct port_rekey rekey;         /* OP_LEG_CONFIGURE; the port's own from there on */
	struct media_leg_config *config; /* lies behind the command, in the same block */
};

static inline struct media_mail *media_mail_of(struct mail *m)
{
	return CONTAINER_OF(m, struct media_mail, mail);
}

#endif
