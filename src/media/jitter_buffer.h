/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Jitter buffer: puts RTP packets of one source back in order and says when each is due. Adaptive:
 * the target delay follows the measured jitter between a minimum and a hard maximum, grows at
 * once, and drains back (by its user, who shortens what it plays: jitter_buffer_excess). A core: time
 * comes with the calls, nothing is allocated after init. Media thread that owns the leg.
 */
#ifndef MEDIA_JITTER_BUFFER_H
#define MEDIA_JITTER_BUFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "media/rtp.h"

struct jitter_buffer;

/* Bytes of one, for a pool. capacity: packets it can hold (rounded up to a power of two). */
size_t jitter_buffer_size(unsigned capacity);

struct jitter_settings {
	unsigned capacity;     /* packets */
	uint32_t clock_rate;   /* RTP clock, Hz */
	unsigned min_delay_ms; /* e.g. 20 */
	unsigned max_delay_ms; /* e.g. 200: never buffers more than this */
};

void jitter_buffer_init(struct jitter_buffer *jb, const struct jitter_settings *settings);

/* Forget all packets and measurements (new source). */
void jitter_buffer_reset(struct jitter_buffer *jb);

/*
 * A packet arrived at now_us (monotonic); the payload is copied into the buffer's own slots (a
 * pool's packet may be handed in later). A new SSRC resets it; a jump of more than 3000 sequence
 * numbers, or back by more than 100, does so when a second packet follows the first (RFC 3550 A.1).
 * Returns 0, -EEXIST (duplicate), -ETIME (too late), -EMSGSIZE.
 */
int jitter_buffer_put(struct jitter_buffer *jb, const struct rtp_packet *packet, uint64_t now_us);

/*
 * A packet came whose sequence number belongs to the source but which carries no audio: a telephone
 * event (RFC 4733 2.1) or comfort noise. It is neither lost nor does it take time. Its timestamp is
 * not looked at. One of another source is ignored.
 */
void jitter_buffer_skip(struct jitter_buffer *jb, const struct rtp_packet *packet);

/*
 * Concealed frames: lost are only those that never came. When nothing has come, the buffer cannot
 * know whether that is loss, lateness or a pause; it asks to conceal for 120 ms (concealment fades),
 * then waits. FEC needs the packet behind the gap to be there, so a leg whose peer sends it wants a
 * min_delay_ms of two frames.
 */
enum jitter_result {
	JITTER_PACKET, /* *packet is the next one; good until the next call */
	JITTER_LOST,   /* the next one is missing and its time has come: conceal; *packet, if its
	                  payload is not NULL, is the one right behind it (for FEC), not consumed */
	JITTER_WAIT,   /* nothing due: filling, or the source paused (DTX, end of talk spurt) */
};

/* What to play for the next span at now_us. */
enum jitter_result jitter_buffer_get(
	struct jitter_buffer *jb, uint64_t now_us, struct rtp_packet *packet);

/*
 * RTP time units by which the delay is above its target, and that wait; 0 if it is not, and while it
 * is near enough. To be asked after each JITTER_PACKET. The user then shortens what it plays, rather
 * in silence than in speech, and so asks for the next earlier: that needs no telling, the buffer sees
 * it in the times of the calls. One that does nothing keeps the delay, never more than max_delay_ms,
 * until the next pause. This is also what keeps up with a sender whose clock is fast.
 */
uint32_t jitter_buffer_excess(const struct jitter_buffer *jb, uint64_t now_us);

/*
 * The opposite: the delay is under its target by so much (jitter has grown, or the sender's clock is
 * slow), and what is played is to be lengthened. Without that the buffer runs empty some time, and
 * JITTER_LOST lengthens the delay by a concealed frame.
 */
uint32_t jitter_buffer_shortage(const struct jitter_buffer *jb, uint64_t now_us);

/* Whether any packet is waiting (a leg without any costs a mixer nothing). */
bool jitter_buffer_empty(const struct jitter_buffer *jb);

/* Since init; a new source does not clear the counts. */
struct jitter_stats {
	uint64_t received; /* handed to put */
	uint64_t lost;     /* passed over before they came */
	uint64_t late;     /* came too late, or had to go for max_delay_ms or capacity */
	uint64_t duplicate;
	uint32_t jitter;   /* RFC 3550 6.4.1 interarrival jitter, RTP time units */
	uint32_t delay_ms; /* current target */
};
void jitter_buffer_stats(const struct jitter_buffer *jb, struct jitter_stats *stats);

#endif
