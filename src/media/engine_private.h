/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The engine's and its handles' structs, shared by engine.c and handles.c. Signalling thread. */
#ifndef MEDIA_ENGINE_PRIVATE_H
#define MEDIA_ENGINE_PRIVATE_H

#include <stdbool.h>

#include "core/list.h"
#include "media/engine.h"
#include "media/leg.h"
#include "media/media_mail.h"
#include "media/media_thread.h"
#include "media/mixer.h"
#include "media/player.h"
#include "media/port.h"
#include "media/port_bind.h"
#include "media/recorder.h"

/* What the engine knows of a thread's load. */
struct thread_load {
	unsigned ports, mixers;
	unsigned mixers_made; /* their slots go round */
};

/* An object (core/mem.h): the caller's reference and libuv's, until the poll handle is closed. */
struct media_engine {
	struct loop *loop;
	struct media_engine_settings settings;
	struct mailbox events;
	struct mail *pending; /* events taken but not handled yet */
	uv_poll_t poll;
	bool polling, closed;
	uint64_t stepped_us; /* simulated time; 0: the threads run by themselves */
	unsigned n_threads;
	struct media_thread *threads;
	struct media_thread **all; /* the same, as pointers */
	struct thread_load *loads;
	struct port_range ports;
	struct list_node open_ports, open_mixers; /* handles */
	unsigned alive; /* ports, legs and mixers that have not come back yet */
};

/* Handle and port in one block, freed when the port has come back. */
struct media_port {
	struct port port;
	struct media_engine *engine;
	struct list_node node; /* engine.open_ports */
	struct addr local;
	struct media_leg *leg;
};

struct media_leg {
	struct leg leg;
	struct media_engine *engine;
	struct media_port *port;
	const struct media_leg_handlers *handlers; /* NULL once closed */
	void *arg;
	struct media_player *player; /* that it hears; NULL: none */
	bool talking;                /* as its handler was told */
	struct media_srtp srtp;      /* the keys in use; wiped when they are not */
};

struct media_mixer {
	struct mixer *mixer;
	struct media_engine *engine;
	struct list_node node;           /* engine.open_mixers */
	struct media_recorder *recorder; /* NULL: none */
};

/*
 * For tests in simulated time: an engine whose threads are not started. now_us: the time at the
 * start, not 0. media_engine_step gives one thread its turn if, at now_us, it would have one.
 */
int media_engine_new_stepped(struct media_engine **engine, struct loop *loop,
	const struct media_engine_settings *settings, uint64_t now_us);
void media_engine_step(struct media_engine *engine, unsigned thread, uint64_t now_us);

/* Tell the leg's thread: play this to it, or (NULL) no longer what it hears. 0 or -ENOMEM. */
int media_leg_send_player(struct media_leg *leg, struct media_player *player);

/* Tell the mixer's thread: record to this, or (NULL) no longer. 0 or -ENOMEM. */
int media_mixer_send_recorder(struct media_mixer *mixer, struct media_recorder *recorder);

/* An object has come back from the threads: free it. */
void media_port_gone(struct port *port);
void media_leg_gone(struct leg *leg);
void media_mixer_gone(struct media_engine *engine, struct mixer *mixer);

#endif
