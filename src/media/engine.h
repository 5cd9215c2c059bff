/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Media engine: the media threads and how the signalling loop speaks to them.
 *
 * Three objects (docs/architecture.md, "Media"): a port is a pair of sockets, a leg is one
 * participant's audio, a mixer is a room's. The handles below live on the signalling thread, which
 * is the only one to call these functions; each sends a command to a media thread and returns at
 * once. Commands for one leg take effect in the order they were given. Handlers are called on the
 * signalling thread.
 */
#ifndef MEDIA_ENGINE_H
#define MEDIA_ENGINE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/loop.h"
#include "media/codec.h"
#include "media/srtp.h"
#include "net/addr.h"

struct media_engine;
struct media_port;
struct media_leg;
struct media_mixer;

struct media_engine_settings {
	unsigned threads;            /* 0: one per core */
	uint16_t port_min, port_max; /* RTP ports: even ones of port_min <= p < port_max */
	unsigned sample_rate;        /* of mixers at most, and of files, Hz: 16000, 32000, 48000 */
	unsigned timeout_s;          /* silence for so long: the leg's timeout handler; 0: never */
	unsigned mixed_talkers;      /* the loudest so many are mixed */
	bool no_io_uring;            /* use epoll also where the kernel permits io_uring */
};

/* Start the threads. Returns 0 or a negative errno. */
int media_engine_new(struct media_engine **engine, struct loop *loop,
	const struct media_engine_settings *settings);

/* Stop the threads and free everything; all handles must have been closed. */
void media_engine_close(struct media_engine *engine);

unsigned media_engine_threads(const struct media_engine *engine);

/* Sums over all threads since the start. */
struct media_counters {
	uint64_t turns;          /* of the threads' loops: none while nothing goes on */
	uint64_t ticks;          /* of all mixers */
	uint64_t encodes;        /* packets really encoded */
	uint64_t shared_encodes; /* of them for all who hear the same mix */
	uint64_t decodes;
	uint64_t sent, received; /* RTP packets of mixers; datagrams */
	uint64_t refused;        /* no RTP, unknown payload type, or not from the peer */
	uint64_t dropped;        /* between threads: one of them is overloaded */
	uint64_t crossed;        /* packets whose leg lives on another thread than its port */
	uint64_t unsent;         /* the kernel would not take them; up to a second old */
	uint64_t lag_us;         /* the latest tick since the last call (overload control) */
	const char *io;          /* "io_uring" or "epoll" */
};
void media_engine_counters(struct media_engine *engine, struct media_counters *counters);

/* ---- port ------------------------------------------------------------------------------- */

/*
 * Bind an RTP socket on a free even port of the range, and RTCP's on the next, at local's host.
 * Chosen at random within the range; the thread with the fewest ports gets it.
 * Returns 0, -EADDRINUSE (range exhausted: raise [RTP] port_range) or another negative errno.
 */
int media_port_open(
	struct media_engine *engine, const struct addr *local, struct media_port **port);

/* The RTP address as bound. */
const struct addr *media_port_local(const struct media_port *port);

/* Close the sockets and forget the handle; its leg must have been closed before. */
void media_port_close(struct media_port *port);

/* ---- leg -------------------------------------------------------------------------------- */

#define MEDIA_MAX_PAYLOADS 8

struct media_payload {
	const struct audio_codec *codec;
	uint8_t payload_type;
	struct codec_settings settings;
};

#define MEDIA_MAX_EVENTS 4

/* telephone-event (RFC 4733) under one payload type. */
struct media_event_payload {
	uint8_t payload_type;
	uint32_t clock_rate; /* Hz; 0: there is none */
};

/* Keys for what we send and what we receive: both of one suite. A secret, its owner wipes it. */
struct media_srtp {
	struct srtp_key send, receive;
};

/* Everything offer/answer decides about a leg; applied as a whole. */
struct media_leg_config {
	struct addr remote_rtp, remote_rtcp;
	struct media_payload receive[MEDIA_MAX_PAYLOADS]; /* payload types we understand */
	unsigned n_receive;
	struct media_payload send; /* codec NULL: send nothing */
	unsigned ptime_ms;         /* of what we send: 20 */
	/* telephone-event: what we understand (none: keys are heard in the audio), */
	struct media_event_payload events[MEDIA_MAX_EVENTS];
	unsigned n_events;
	struct media_event_payload send_events; /* and what the peer understands; none: tones */
	/* What audio levels (RFC 6464) are called in the packets' headers, either way; 0: there are none. */
	uint8_t level_in, level_out;
	bool sending, receiving; /* a=sendrecv ... as seen from here */
	bool muted;              /* what it sends is not heard: music, while it has us on hold */
	bool rtcp_mux;           /* RTCP goes over the RTP sockets (RFC 5761) */
	/*
	 * NULL: plain RTP. Looked at during the call only. The key that there was goes on as it is
	 * (RFC 4568 7.1.4), another takes its place from the next packet on.
	 */
	const struct media_srtp *srtp;
};

/* Why a datagram was not taken. */
enum media_refusal {
	MEDIA_REFUSED_SOURCE,  /* it came from somebody else than the peer */
	MEDIA_REFUSED_PAYLOAD, /* RTP of a payload type that was not agreed on */
	MEDIA_REFUSED_STUN,    /* RFC 7983 tells these by their first byte */
	MEDIA_REFUSED_ZRTP,
	MEDIA_REFUSED_DTLS,
	MEDIA_REFUSED_KEY,   /* SRTP was agreed on, and it is not that, or under another key */
	MEDIA_REFUSED_OTHER, /* nothing that could be RTP */
	MEDIA_REFUSALS,
};

/* What came to a leg's port and was not taken. */
struct media_arrivals {
	uint64_t refused[MEDIA_REFUSALS];
	uint64_t reports;     /* RTCP packets, which were taken */
	struct addr from;     /* who sent the last one refused */
	uint8_t payload_type; /* of the last one refused for it */
};

/* By which way a key that was pressed came. */
enum media_key_way { MEDIA_KEY_EVENT, MEDIA_KEY_TONE };

struct media_leg_handlers {
	/* The first valid packet came, from this address; again when the address changes. */
	void (*started)(const struct addr *from, void *arg);
	/* Nothing from the peer for timeout_s although he may speak; repeated each period. */
	void (*timeout)(void *arg);
	/* Once: no RTP within seconds after it could come; arrivals: what came instead. */
	void (*silent)(const struct media_arrivals *arrivals, void *arg);
	/*
	 * In a room, the peer has begun or ceased to talk: louder than its surroundings, and not for
	 * a moment only (talkers.c). A few times a second at most.
	 */
	void (*talking)(bool talking, void *arg);
	/* The peer's RTCP says that it leaves (RFC 3550 6.6). It ends nothing by itself. */
	void (*left)(void *arg);
	/* The peer has pressed a key and released it: 0 to 9, *, #, A to D, or ! (hook flash). */
	void (*key)(enum media_key_way way, char key, unsigned duration_ms, void *arg);
};

/* A leg on a port (one per port). It is in no room, sends nothing, until told. 0 or -ENOMEM. */
int media_leg_new(struct media_port *port, const struct media_leg_handlers *handlers, void *arg,
	struct media_leg **leg);

int media_leg_configure(struct media_leg *leg, const struct media_leg_config *config);

/*
 * Join a mixer, leaving the one it was in: also when the two live on different threads no packet is
 * lost and nothing is heard twice. NULL: leave only. Returns 0 or -ENOMEM.
 */
int media_leg_join(struct media_leg *leg, struct media_mixer *mixer);

/* Send back to the peer what it sends (leaves its mixer). on: begin, else end. 0 or -ENOMEM. */
int media_leg_echo(struct media_leg *leg, bool on);

#define MEDIA_KEYS_MAX 32 /* that wait to be sent, of one leg */
#define MEDIA_KEY_MIN_MS 40
#define MEDIA_KEY_MAX_MS 1000
#define MEDIA_KEY_PAUSE_MS 100 /* between two of them */

/*
 * Send keys ("12#", as above) of so many ms each to the peer, one behind the other and instead of
 * audio: as telephone-event; or, where it did not agree to that, as tones, which it hears while it
 * is in a mixer. Those that wait are dropped when nothing may be sent any more. Returns 0; -EINVAL: no
 * such key, or a duration out of bounds; -ENOSPC: too many would wait (none is sent); or -ENOMEM.
 */
int media_leg_send_keys(struct media_leg *leg, const char *keys, unsigned duration_ms);

/* Forget the handle; no handler is called any more. */
void media_leg_close(struct media_leg *leg);

struct media_leg_stats {
	uint64_t rx_packets, tx_packets;
	uint64_t rx_lost; /* packets of the peer's that never came (RFC 3550 A.3) */
	uint32_t rx_jitter_us;
	uint64_t remote_lost;      /* packets of ours that never came, by the peer's reports */
	uint32_t remote_jitter_us; /* as the peer sees it */
	unsigned remote_loss;      /* percent of ours lost since its last report but one */
	uint32_t rtt_us;           /* round-trip time; 0: not known */
	unsigned thread;           /* where the leg lives now */
};

/* Last known figures; the media thread publishes them about once a second. */
void media_leg_stats(const struct media_leg *leg, struct media_leg_stats *stats);

/* ---- mixer ------------------------------------------------------------------------------ */

/* thread: where it lives; -1: the least loaded. Returns 0 or -ENOMEM. */
int media_mixer_new(struct media_engine *engine, int thread, struct media_mixer **mixer);

/* Forget the handle; legs still in it leave it. */
void media_mixer_close(struct media_mixer *mixer);

#endif
