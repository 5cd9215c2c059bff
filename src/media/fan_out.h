/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Fan-out: how the frames of one mixer reach the ports of one thread. The mixer writes a tick's
 * finished frames into a batch, once each however many listen; on the ports' thread every
 * destination gets its own RTP header in front of a frame, and all leave in one batch.
 *
 * A fan-out has two sides. The mixer's: begin, add, submit, attach, detach, close. The ports':
 * the functions named fan_out_on_*, called from the mailbox, or directly when both sides are the
 * same thread. The sides share the ring of batches, each of which belongs to the ports' side
 * while it is busy.
 */
#ifndef MEDIA_FAN_OUT_H
#define MEDIA_FAN_OUT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/list.h"
#include "media/audio_level.h"
#include "media/media_mail.h"

#define FAN_OUT_BATCHES 4 /* ticks that the ports' side may lag behind before they are dropped */

struct encoded;
struct fan_out;
struct media_thread;
struct port;

/*
 * One listener. Made by the mixer's side, handed over by fan_out_attach, and freed by the ports'
 * side after fan_out_detach. The upper fields are constant.
 */
struct destination {
	struct media_mail attach, detach;
	struct fan_out *fan_out;
	struct port *port;
	unsigned group; /* whose frames it gets, unless it has its own */
	uint8_t payload_type;
	uint8_t level_id;      /* of the audio level among the extensions of its packets; 0: none */
	uint32_t packet_units; /* RTP time units in a packet */
	uint32_t packet_us;    /* and microseconds */
	uint32_t clock_rate;   /* RTP time units in a second */
	/* Ports' side. */
	struct list_node node;
	uint64_t served; /* number of the batch that held a frame of its own */
};

/* One frame of a batch; its payload lies in the batch's bytes. */
struct frame {
	struct destination *own; /* NULL: for all of group */
	unsigned group;
	uint32_t offset;
	uint32_t size; /* 0: the codec fell silent (DTX), nothing is sent */
	struct audio_level level;
	uint64_t time_us; /* when it begins, by the mixer's clock */
};

struct frame_batch {
	struct media_mail mail;
	struct fan_out *fan_out;
	atomic_bool busy; /* set by the mixer, cleared by the ports' side */
	struct frame *frames;
	size_t n_frames, max_frames;
	uint8_t *bytes;
	size_t n_bytes, max_bytes;
};

struct fan_out {
	struct media_mail close;
	struct media_thread *mixer_thread, *port_thread;
	/* Mixer's side. */
	unsigned n_destinations;
	struct frame_batch *open;
	/* Both, see above. */
	struct frame_batch batches[FAN_OUT_BATCHES];
	/* Ports' side. */
	struct list_node destinations;
	uint64_t serial; /* batches sent */
};

/* ---- mixer's side ----------------------------------------------------------------------- */

/* NULL without memory. */
struct fan_out *fan_out_new(struct media_thread *mixer_thread, struct media_thread *port_thread);

/* Nobody is attached any more: the ports' side frees it. */
void fan_out_close(struct fan_out *f);

/* d, filled in by the caller, gets frames from the next batch on, and none after detaching. */
void fan_out_attach(struct fan_out *f, struct destination *d);
void fan_out_detach(struct destination *d);

/* Open a batch for this tick; when none is free the tick is lost for this thread's ports. */
void fan_out_begin(struct fan_out *f);

/*
 * Add a frame of the tick at time_us (copied; NULL: an empty one), for one destination or, own being
 * NULL, for all of a group.
 */
void fan_out_add(struct fan_out *f, struct destination *own, unsigned group,
	const struct encoded *encoded, uint64_t time_us);

/* Hand the batch over. */
void fan_out_submit(struct fan_out *f);

/* ---- ports' side ------------------------------------------------------------------------ */

void fan_out_on_attach(struct destination *d);
void fan_out_on_detach(struct destination *d);
void fan_out_on_frames(struct media_thread *t, struct frame_batch *batch);
void fan_out_on_close(struct fan_out *f);

#endif
