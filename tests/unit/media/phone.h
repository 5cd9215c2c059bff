/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Telephones for tests of the media engine: each has a UDP socket on loopback, sends a tone in
 * packets of its own clock, and records what it receives. A world runs them beside the signalling
 * loop: with the media threads in real time, or with all in one thread in simulated time, where a
 * busy machine changes nothing.
 */
#ifndef TEST_PHONE_H
#define TEST_PHONE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/loop.h"
#include "media/engine.h"
#include "media/rtp.h"

#define PHONE_SECONDS 8 /* of sound a phone can record */
#define PHONE_RATE 8000
#define PHONE_MAX_PACKETS (PHONE_SECONDS * 200)
#define PHONE_MAX_REPORTS 16
#define PHONE_MAX_KEYS 64
#define PHONE_NO_LEVEL 255
#define WORLD_PHONES 256

struct phone_packet {
	uint64_t time_us;
	uint16_t seq;
	uint32_t timestamp, ssrc;
	uint8_t payload_type;
	bool marker;
	uint8_t level; /* that it says; or PHONE_NO_LEVEL */
	size_t size;
	uint8_t payload[256]; /* its beginning */
};

/* RTCP that came; over the phone's only socket, so the leg must be configured for that. */
struct phone_report {
	uint64_t time_us;
	size_t size;
	uint8_t bytes[256];
};

struct phone {
	struct world *world;
	int fd;
	struct addr local;
	struct media_payload format; /* of both directions */
	unsigned ptime_ms;
	double tone;      /* Hz; 0: sends nothing */
	unsigned n_codes; /* if not 0: packet i has the tone + 100 Hz * (i % n_codes) */
	double amplitude;
	uint8_t level_id;    /* of audio levels in packets of both ways; 0: none */
	uint8_t level_claim; /* says this of its packets, if it is not 0, instead of the truth */
	uint64_t due_us;     /* the next packet */
	uint16_t seq;
	uint32_t timestamp, ssrc;
	double phase;
	void *encoder, *decoder;
	struct phone_packet packets[PHONE_MAX_PACKETS];
	unsigned n_packets, n_sent;
	struct phone_report reports[PHONE_MAX_REPORTS]; /* the first ones */
	unsigned n_reports;
	int16_t pcm[PHONE_SECONDS * PHONE_RATE]; /* what was heard, one packet behind the other */
	uint64_t pcm_time[PHONE_SECONDS * 1000]; /* when each ms of it came, microseconds */
	size_t n_pcm;
	/* Instead of recording; NULL: record. */
	void (*on_packet)(const struct rtp_packet *packet, void *arg);
	void *arg;

	struct media_srtp keys;               /* seen from the server; all zero: plain RTP */
	struct srtp *seal, *open, *open_next; /* open_next: for a key that the server soon uses */
	unsigned n_unreadable;                /* packets that neither opens */

	struct media_port *port; /* the server's side */
	struct media_leg *leg;
	struct addr to;
	unsigned n_started, n_timeouts, n_silent, n_left, n_talks;
	bool talking;
	char pressed[PHONE_MAX_KEYS + 1]; /* that the server was told of, and how */
	unsigned key_ms[PHONE_MAX_KEYS], n_keys;
	enum media_key_way key_ways[PHONE_MAX_KEYS];
	struct addr started_from;
	struct media_arrivals arrivals; /* as of silent */
};

struct world {
	struct loop *loop;
	struct media_engine *engine;
	struct phone *phones[WORLD_PHONES];
	unsigned n;
	uint64_t now;          /* microseconds */
	uint64_t frozen_until; /* simulated only: thread frozen gets no turn until then */
	unsigned frozen;
	bool simulated; /* the time is a number that steps on; else it is the real time */
};

/* threads and the rest as in settings; fails the test on an error. */
void world_open(struct world *w, const struct media_engine_settings *settings);
struct media_engine_settings world_settings(unsigned threads);

/* The same in simulated time; the threads get their turns late at random, by random_below. */
void world_open_simulated(struct world *w, const struct media_engine_settings *settings);
void world_close(struct world *w);

/* A phone and its leg on the server, configured to talk to each other; tone 0: it only listens. */
struct phone *world_phone(
	struct world *w, const char *codec, unsigned ptime_ms, double tone, double amplitude);

/* The phone speaks and hears another codec from its next packet on; its leg must be told apart. */
void phone_change_codec(struct phone *p, const char *codec);

/* The configuration that world_phone gives a leg: there is no RTCP. */
struct media_leg_config phone_config(const struct phone *p);

/* The same with RTCP on the phone's only socket (RFC 5761). */
struct media_leg_config phone_config_mux(const struct phone *p);

/* Say levels, and be told them, under this identifier from now on (0: no longer); tells the leg. */
void phone_use_levels(struct phone *p, uint8_t id);

/* Talk SRTP with these keys from now on, and tell the leg. A key that stays goes on. */
void phone_secure(struct phone *p, const struct media_srtp *keys);

/* Let the time pass. */
void world_run(struct world *w, unsigned ms);

/* Run until *counter is at least n, or for ms at most. Returns whether it got there. */
bool world_wait(struct world *w, const unsigned *counter, unsigned n, unsigned ms);

/* Send one packet of the phone's stream with this payload, under its next number and its key. */
void phone_send_packet(struct phone *p, uint8_t payload_type, bool marker, uint32_t timestamp,
	const void *payload, size_t size);

/* Send one packet of size bytes to the leg's port. */
void phone_send_raw(struct phone *p, const void *bytes, size_t size);

/* Forget what was recorded. */
void phone_forget(struct phone *p);

/* Amplitude of a tone in samples from .. from + n of what was heard. */
double phone_level(const struct phone *p, double tone, size_t from, size_t n);

#endif
