/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Fuzz: datagrams at the ports of three participants of a room, in simulated time. Each record of
 * the input is: participant, socket and milliseconds that pass first (one byte), length (one byte),
 * datagram. The first participant's RTCP comes over the RTP socket. The last has no telephone-event:
 * keys are looked for in its audio. Whatever comes, the room ticks on
 * and all can be closed. The engine is one for all inputs; the room and its participants are new for
 * each.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/id.h"
#include "core/loop.h"
#include "media/engine.h"
#include "media/engine_private.h"

#define PEOPLE 3
#define START_US 1000000000

struct room {
	struct loop *loop;
	struct media_engine *engine;
	struct media_mixer *mixer;
	struct media_port *ports[PEOPLE];
	uint64_t now;
};

static const struct media_leg_handlers no_handlers;

static void step(struct room *r)
{
	r->now += 1000;
	media_engine_step(r->engine, 0, r->now);
}

static void add_person(struct room *r, unsigned i)
{
	static const char *const codecs[PEOPLE] = {"PCMU", "opus", "PCMA"};
	struct media_leg_config config = {.n_receive = PEOPLE,
		.ptime_ms = 20 * (i + 1),
		.events = {{101, 8000}, {102, 48000}},
		.n_events = 2,
		.send_events = {101, 8000},
		.sending = true,
		.receiving = true};
	struct addr local;
	struct media_leg *leg;

	for (unsigned k = 0; k < PEOPLE; k++) {
		const struct audio_codec *codec = audio_codec_find(slice_str(codecs[k]), 0);

		config.receive[k] = (struct media_payload){.codec = codec,
			.payload_type = (uint8_t)k,
			.settings.sample_rate = codec->default_rate};
	}
	config.send = config.receive[i];
	addr_parse(slice_str("127.0.0.1"), 9, &config.remote_rtp);
	config.remote_rtcp = config.remote_rtp;
	config.rtcp_mux = i == 0;
	if (i == 2)
		config.n_events = config.send_events.clock_rate = 0;
	addr_parse(slice_str("127.0.0.1"), 0, &local);
	if (media_port_open(r->engine, &local, &r->ports[i]) < 0 ||
		media_leg_new(r->ports[i], &no_handlers, NULL, &leg) < 0 ||
		media_leg_configure(leg, &config) < 0 || media_leg_join(leg, r->mixer) < 0 ||
		media_leg_send_keys(leg, "1#", 40) < 0)
		abort();
}

static void open_engine(struct room *r)
{
	struct media_engine_settings settings = {.threads = 1,
		.port_min = 20000,
		.port_max = 60000,
		.sample_rate = 48000,
		.timeout_s = 30,
		.mixed_talkers = 2,
		.no_io_uring = true};

	random_seed_for_test(1);
	*r = (struct room){.now = START_US};
	if (loop_new(&r->loop) < 0 ||
		media_engine_new_stepped(&r->engine, r->loop, &settings, r->now) < 0)
		abort();
}

static void open_room(struct room *r)
{
	if (media_mixer_new(r->engine, 0, &r->mixer) < 0)
		abort();
	for (unsigned i = 0; i < PEOPLE; i++)
		add_person(r, i);
	/* The ports are there after the thread's next turn. */
	for (unsigned us = 0; us <= MEDIA_SLOT_US; us += 1000)
		step(r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct room r;
	uint8_t packet[UINT8_MAX];
	struct addr from;

	if (!r.engine)
		open_engine(&r);
	open_room(&r);
	addr_parse(slice_str("127.0.0.1"), 9, &from);
	while (size >= 2) {
		unsigned person = data[0] % PEOPLE, ms = data[0] / 8;
		struct port *port = &r.ports[person]->port;
		bool rtcp = data[0] % 8 > 4;
		size_t n = data[1];

		data += 2;
		size -= 2;
		n = n < size ? n : size;
		while (ms--)
			step(&r);
		memcpy(packet, data, n);
		port_received(rtcp ? &port->rtcp : &port->rtp, packet, n, &from, r.engine->all[0]);
		data += n;
		size -= n;
	}
	media_mixer_close(r.mixer);
	for (unsigned i = 0; i < PEOPLE; i++)
		media_port_close(r.ports[i]);
	while (r.engine->alive) {
		step(&r);
		uv_run(loop_uv(r.loop), UV_RUN_NOWAIT);
	}
	return 0;
}
