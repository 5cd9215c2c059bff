/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Telephones for tests of the media engine. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "core/id.h"
#include "core/mem.h"
#include "media/engine_private.h"
#include "media/mix.h"
#include "media/rtp.h"
#include "media/rtp_extension.h"
#include "phone.h"

static uint64_t clock_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

struct media_engine_settings world_settings(unsigned threads)
{
	return (struct media_engine_settings){
		.threads = threads,
		.port_min = 20000,
		.port_max = 60000,
		.sample_rate = 48000,
		.timeout_s = 30,
		.mixed_talkers = 8,
		.no_io_uring = getenv("MEDIA_EPOLL") != NULL,
	};
}

void world_open(struct world *w, const struct media_engine_settings *settings)
{
	*w = (struct world){0};
	assert_int_equal(loop_new(&w->loop), 0);
	assert_int_equal(media_engine_new(&w->engine, w->loop, settings), 0);
	w->now = clock_us();
}

void world_open_simulated(struct world *w, const struct media_engine_settings *settings)
{
	*w = (struct world){.simulated = true, .now = 1000000000};
	assert_int_equal(loop_new(&w->loop), 0);
	assert_int_equal(media_engine_new_stepped(&w->engine, w->loop, settings, w->now), 0);
}

static void close_codec(struct phone *p)
{
	const struct audio_codec *codec = p->format.codec;

	if (codec->encoder_end)
		codec->encoder_end(p->encoder);
	if (codec->decoder_end)
		codec->decoder_end(p->decoder);
	free(p->encoder);
	free(p->decoder);
}

static void phone_free(struct phone *p)
{
	close(p->fd);
	close_codec(p);
	srtp_free(p->seal);
	srtp_free(p->open);
	srtp_free(p->open_next);
	free(p);
}

void world_close(struct world *w)
{
	media_engine_close(w->engine);
	loop_close(w->loop);
	for (unsigned i = 0; i < w->n; i++)
		phone_free(w->phones[i]);
}

static void on_started(const struct addr *from, void *arg)
{
	struct phone *p = arg;

	p->n_started++;
	p->started_from = *from;
}

static void on_timeout(void *arg)
{
	struct phone *p = arg;

	p->n_timeouts++;
}

static void on_silent(const struct media_arrivals *arrivals, void *arg)
{
	struct phone *p = arg;

	p->n_silent++;
	p->arrivals = *arrivals;
}

static void on_left(void *arg)
{
	struct phone *p = arg;

	p->n_left++;
}

static void on_key(enum media_key_way way, char key, unsigned duration_ms, void *arg)
{
	struct phone *p = arg;

	if (p->n_keys == PHONE_MAX_KEYS)
		return;
	p->pressed[p->n_keys] = key;
	p->key_ms[p->n_keys] = duration_ms;
	p->key_ways[p->n_keys++] = way;
}

static void on_talking(bool talking, void *arg)
{
	struct phone *p = arg;

	assert_true(talking != p->talking);
	p->talking = talking;
	p->n_talks++;
}

static const struct media_leg_handlers handlers = {.started = on_started,
	.timeout = on_timeout,
	.silent = on_silent,
	.left = on_left,
	.key = on_key,
	.talking = on_talking};

struct media_leg_config phone_config(const struct phone *p)
{
	return (struct media_leg_config){
		.remote_rtp = p->local,
		.receive = {p->format},
		.n_receive = 1,
		.send = p->format,
		.ptime_ms = p->ptime_ms,
		.events = {{101, p->format.codec->clock_rate}},
		.n_events = 1,
		.send_events = {101, p->format.codec->clock_rate},
		.level_in = p->level_id,
		.level_out = p->level_id,
		.sending = true,
		.receiving = true,
	};
}

struct media_leg_config phone_config_mux(const struct phone *p)
{
	struct media_leg_config config = phone_config(p);

	config.remote_rtcp = config.remote_rtp;
	config.rtcp_mux = true;
	return config;
}

static void open_socket(struct phone *p)
{
	socklen_t len = sizeof p->local.u;

	assert_int_equal(addr_parse(slice_str("127.0.0.1"), 0, &p->local), 0);
	p->fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	assert_true(p->fd >= 0);
	assert_int_equal(bind(p->fd, &p->local.u.sa, p->local.len), 0);
	assert_int_equal(getsockname(p->fd, &p->local.u.sa, &len), 0);
}

/* RFC 3264 8.3.2: a payload type never becomes another codec's, so each has its own. */
static uint8_t payload_type_of(const struct audio_codec *codec)
{
	int i = 0;

	while (audio_codecs[i] != codec)
		i++;
	return (uint8_t)(codec->static_payload >= 0 ? codec->static_payload : 96 + i);
}

/* The phone's own codec runs at PHONE_RATE; that is its end of the line only. */
static void open_codec(struct phone *p, const char *name)
{
	/* Where there are several clocks (Speex), the one of PHONE_RATE. */
	uint32_t clock_rate = strcmp(name, "speex") == 0 ? PHONE_RATE : 0;
	const struct audio_codec *codec = audio_codec_find(slice_str(name), clock_rate);
	struct codec_settings settings = {.sample_rate = PHONE_RATE, .cbr = true};

	assert_non_null(codec);
	p->format.codec = codec;
	p->format.settings.sample_rate = codec->default_rate;
	p->format.payload_type = payload_type_of(codec);
	p->encoder = calloc(1, codec->encoder_size + 1);
	p->decoder = calloc(1, codec->decoder_size + 1);
	assert_int_equal(codec->encoder_init(p->encoder, &settings), 0);
	assert_int_equal(codec->decoder_init(p->decoder, PHONE_RATE), 0);
}

void phone_change_codec(struct phone *p, const char *codec)
{
	close_codec(p);
	open_codec(p, codec);
}

struct phone *world_phone(
	struct world *w, const char *codec, unsigned ptime_ms, double tone, double amplitude)
{
	struct phone *p = calloc(1, sizeof *p);
	struct media_leg_config config;
	struct addr local;

	assert_non_null(p);
	assert_true(w->n < WORLD_PHONES);
	w->phones[w->n++] = p;
	p->world = w;
	open_socket(p);
	open_codec(p, codec);
	p->ptime_ms = ptime_ms;
	p->tone = tone;
	p->amplitude = amplitude;
	p->seq = (uint16_t)(w->n * 1000 + 65000);
	p->timestamp = UINT32_MAX - 40000 + w->n;
	p->ssrc = 0x1000 + w->n;
	assert_int_equal(addr_parse(slice_str("127.0.0.1"), 0, &local), 0);
	assert_int_equal(media_port_open(w->engine, &local, &p->port), 0);
	p->to = *media_port_local(p->port);
	assert_int_equal(media_leg_new(p->port, &handlers, p, &p->leg), 0);
	config = phone_config(p);
	assert_int_equal(media_leg_configure(p->leg, &config), 0);
	return p;
}

void phone_use_levels(struct phone *p, uint8_t id)
{
	struct media_leg_config config;

	p->level_id = id;
	config = phone_config(p);
	config.srtp = &p->keys;
	assert_int_equal(media_leg_configure(p->leg, &config), 0);
}

void phone_secure(struct phone *p, const struct media_srtp *keys)
{
	struct media_leg_config config = phone_config(p);
	struct srtp *seal;

	if (!srtp_key_equal(&keys->receive, &p->keys.receive)) {
		assert_int_equal(srtp_new(&seal, &keys->receive, true), 0);
		if (p->seal)
			srtp_inherit(seal, p->seal);
		srtp_free(p->seal);
		p->seal = seal;
	}
	if (!srtp_key_equal(&keys->send, &p->keys.send)) {
		if (p->open_next) {
			srtp_free(p->open);
			p->open = p->open_next;
		}
		assert_int_equal(srtp_new(&p->open_next, &keys->send, false), 0);
	}
	p->keys = *keys;
	config.srtp = keys;
	assert_int_equal(media_leg_configure(p->leg, &config), 0);
}

void phone_forget(struct phone *p)
{
	p->n_packets = p->n_reports = 0;
	p->n_pcm = 0;
}

void phone_send_raw(struct phone *p, const void *bytes, size_t size)
{
	sendto(p->fd, bytes, size, 0, &p->to.u.sa, p->to.len);
}

void phone_send_packet(struct phone *p, uint8_t payload_type, bool marker, uint32_t timestamp,
	const void *payload, size_t size)
{
	uint8_t packet[RTP_MAX_PACKET];
	size_t n = RTP_HEADER_SIZE + size;

	rtp_write_header(packet, marker, payload_type, p->seq++, timestamp, p->ssrc);
	memcpy(packet + RTP_HEADER_SIZE, payload, size);
	if (p->seal)
		assert_int_equal(srtp_seal(p->seal, packet, &n), 0);
	phone_send_raw(p, packet, n);
}

static bool can_read(struct phone *p, uint8_t *bytes, size_t *n)
{
	if (!p->open_next || srtp_open(p->open_next, bytes, n) == 0 ||
		(p->open && srtp_open(p->open, bytes, n) == 0))
		return true;
	p->n_unreadable++;
	return false;
}

static void send_tone(struct phone *p)
{
	size_t samples = PHONE_RATE / 1000 * p->ptime_ms;
	struct rtp_packet head = {.marker = p->n_sent == 0,
		.payload_type = p->format.payload_type,
		.seq = p->seq,
		.timestamp = p->timestamp,
		.ssrc = p->ssrc};
	uint8_t packet[RTP_MAX_PACKET], element[RTP_AUDIO_LEVEL_SIZE];
	struct audio_level level;
	size_t size;
	int16_t pcm[PHONE_RATE / 1000 * 60];
	double tone = p->tone + (p->n_codes ? 100.0 * (p->n_sent % p->n_codes) : 0);
	int n;

	for (size_t i = 0; i < samples; i++) {
		pcm[i] = (int16_t)(p->amplitude * sin(p->phase));
		p->phase += 2 * M_PI * tone / PHONE_RATE;
	}
	level = audio_level_of(mix_energy(pcm, samples));
	if (p->level_claim)
		level.level = p->level_claim;
	if (p->level_id)
		rtp_set_audio_level(&head, p->level_id, &level, element);
	size = rtp_head_size(&head);
	n = p->format.codec->encode(
		p->encoder, pcm, samples, packet + size, sizeof packet - size - SRTP_MAX_OVERHEAD);
	assert_true(n > 0);
	rtp_write_head(packet, &head);
	size += (size_t)n;
	if (p->seal)
		assert_int_equal(srtp_seal(p->seal, packet, &size), 0);
	phone_send_raw(p, packet, size);
	p->seq++;
	p->timestamp += p->format.codec->clock_rate / 1000 * p->ptime_ms;
	p->n_sent++;
}

static void record_report(struct phone *p, const uint8_t *bytes, size_t n)
{
	struct phone_report *r = &p->reports[p->n_reports];

	if (p->n_reports == PHONE_MAX_REPORTS || n > sizeof r->bytes)
		return;
	r->time_us = p->world->now;
	r->size = n;
	memcpy(r->bytes, bytes, n);
	p->n_reports++;
}

static void record(struct phone *p, const uint8_t *bytes, size_t n)
{
	struct rtp_packet packet;
	struct phone_packet *r = &p->packets[p->n_packets];
	struct audio_level level = {.level = PHONE_NO_LEVEL};
	int samples;

	if (rtp_is_rtcp(bytes, n)) {
		record_report(p, bytes, n);
		return;
	}
	if (rtp_parse(bytes, n, &packet) < 0)
		return;
	if (p->on_packet) {
		p->on_packet(&packet, p->arg);
		return;
	}
	if (p->n_packets == PHONE_MAX_PACKETS)
		return;
	rtp_audio_level(&packet, p->level_id, &level);
	*r = (struct phone_packet){.time_us = p->world->now,
		.seq = packet.seq,
		.timestamp = packet.timestamp,
		.ssrc = packet.ssrc,
		.payload_type = packet.payload_type,
		.marker = packet.marker,
		.level = level.level,
		.size = packet.payload_size};
	memcpy(r->payload, packet.payload,
		packet.payload_size < sizeof r->payload ? packet.payload_size : sizeof r->payload);
	p->n_packets++;
	if (packet.payload_type != p->format.payload_type)
		return;
	samples = p->format.codec->decode(p->decoder, packet.payload, packet.payload_size,
		p->pcm + p->n_pcm, PHONE_SECONDS * PHONE_RATE - p->n_pcm);
	for (int i = 0; i < samples; i += PHONE_RATE / 1000)
		p->pcm_time[(p->n_pcm + (size_t)i) / (PHONE_RATE / 1000)] = r->time_us;
	if (samples > 0)
		p->n_pcm += (size_t)samples;
}

static void phone_step(struct phone *p, uint64_t now)
{
	uint8_t bytes[RTP_MAX_PACKET];
	ssize_t n;

	while ((n = recv(p->fd, bytes, sizeof bytes, 0)) > 0) {
		size_t size = (size_t)n;

		if (can_read(p, bytes, &size))
			record(p, bytes, size);
	}
	if (p->tone == 0)
		return;
	if (p->due_us == 0)
		p->due_us = now;
	while (p->due_us <= now) {
		send_tone(p);
		p->due_us += p->ptime_ms * 1000;
	}
}

/* A millisecond. A thread is late by less than one as a rule, and sometimes by two. */
static void step_simulated(struct world *w)
{
	unsigned n = w->engine ? media_engine_threads(w->engine) : 0, first = random_below(n + 1);

	w->now += 1000;
	for (unsigned i = 0; i < n; i++) {
		unsigned thread = (first + i) % n;

		if (thread == w->frozen && w->now < w->frozen_until)
			continue;
		if (random_below(8))
			media_engine_step(w->engine, thread, w->now + random_below(500));
	}
}

static void step(struct world *w)
{
	uv_run(loop_uv(w->loop), UV_RUN_NOWAIT);
	if (w->simulated) {
		step_simulated(w);
	} else {
		usleep(1000);
		w->now = clock_us();
	}
	for (unsigned i = 0; i < w->n; i++)
		phone_step(w->phones[i], w->now);
}

void world_run(struct world *w, unsigned ms)
{
	uint64_t end = w->now + ms * 1000;

	while (w->now < end)
		step(w);
}

bool world_wait(struct world *w, const unsigned *counter, unsigned n, unsigned ms)
{
	uint64_t end = w->now + ms * 1000;

	while (*counter < n && w->now < end)
		step(w);
	return *counter >= n;
}

double phone_level(const struct phone *p, double tone, size_t from, size_t n)
{
	double re = 0, im = 0;

	if (from + n > p->n_pcm)
		return 0;
	for (size_t i = 0; i < n; i++) {
		double at = 2 * M_PI * tone * (double)i / PHONE_RATE;

		re += p->pcm[from + i] * cos(at);
		im += p->pcm[from + i] * sin(at);
	}
	return 2 * sqrt(re * re + im * im) / (double)n;
}
