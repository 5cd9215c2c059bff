/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Leg, the receiving half: from RTP packets to 20 ms frames at the mixer's rate. */
#include "media/leg.h"

#include <errno.h>
#include <string.h>

#include "media/codec.h"
#include "media/jitter_buffer.h"
#include "media/media_thread.h"
#include "media/mix.h"
#include "media/resampler.h"
#include "media/scratch.h"
#include "media/stretch.h"

enum {
	JITTER_PACKETS = 32,
	JITTER_MIN_MS = 20,
	JITTER_MAX_MS = 200,
	DEFAULT_SPAN_MS = 20,
	/* Sound breaks off, and begins again behind a pause, with a fade of so long. */
	FADE_OUT_MS = 10,
	FADE_IN_MS = 2,
	/* Silence is shortened when there is any excess, speech from so much on, if it is alike, */
	EXCESS_IN_SPEECH_US = 20000,
	/* and from so much on or missing in any case. */
	URGENT_US = 60000,
};

#define ALIKE 0.8F

/* Timestamps are kept on this clock, which those of all codecs divide: so a change of codec amidst a
 * stream does not end it. */
#define JITTER_CLOCK 96000

/* What it takes to hear a peer; from the pool of the thread it is used on. */
struct leg_rx {
	struct jitter_buffer *jitter; /* lies behind this struct */
	uint32_t clock_rate;          /* of the newest packet's codec; 0: none came yet */
	uint32_t timestamp;           /* of that packet, */
	uint32_t jitter_time;         /* the same on JITTER_CLOCK, */
	uint32_t step;                /* how far that is from the packet before, */
	uint16_t seq;                 /* and its number */
	const struct audio_codec *codec;
	unsigned rate; /* of decoder's PCM, Hz */
	void *decoder; /* of codec; NULL: none yet */
	struct resampler resampler;
	size_t span;    /* samples of the last packet, at rate */
	bool sounding;  /* the last span was no pause */
	int16_t *ahead; /* decoded but not played yet, at the mixer's rate; NULL: never needed */
	size_t n_ahead;
};

static size_t smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Units of the jitter buffer's clock in microseconds. */
static uint64_t in_us(uint32_t units)
{
	return (uint64_t)units * 1000000 / JITTER_CLOCK;
}

static size_t rx_size(void)
{
	return sizeof(struct leg_rx) + jitter_buffer_size(JITTER_PACKETS);
}

static size_t ahead_size(const struct media_thread *t)
{
	return t->settings->sample_rate / 1000 * CODEC_MAX_FRAME_MS * sizeof(int16_t);
}

void leg_init(struct leg *leg, struct media_thread *home, struct port *port)
{
	leg->home = home;
	leg->port = port;
	leg->started.leg = leg->timed_out.leg = leg->silent.leg = leg->left.leg = leg;
	leg_keys_init(&leg->events, leg, MEDIA_KEY_EVENT);
	leg_keys_init(&leg->tones, leg, MEDIA_KEY_TONE);
	list_init(&leg->member);
	list_init(&leg->talker);
	list_init(&leg->listener);
}

void leg_configure(struct leg *leg, const struct media_leg_config *config)
{
	memcpy(leg->receive, config->receive, sizeof leg->receive);
	leg->n_receive = config->n_receive;
	leg->send = config->send;
	leg->ptime_ms = config->ptime_ms;
	memcpy(leg->events_taken, config->events, sizeof leg->events_taken);
	leg->n_events_taken = config->n_events;
	leg->level_in = config->level_in;
	leg->level_out = config->level_out;
	leg->sending = config->sending && config->send.codec;
}

static const struct media_payload *payload_of(const struct leg *leg, uint8_t payload_type)
{
	for (unsigned i = 0; i < leg->n_receive; i++) {
		if (leg->receive[i].payload_type == payload_type)
			return &leg->receive[i];
	}
	return NULL;
}

static bool is_event(const struct leg *leg, uint8_t payload_type)
{
	for (unsigned i = 0; i < leg->n_events_taken; i++) {
		if (leg->events_taken[i].payload_type == payload_type)
			return true;
	}
	return false;
}

static struct leg_rx *rx_new(struct media_thread *t)
{
	struct leg_rx *rx = media_pool_get(&t->pool, rx_size());

	if (!rx)
		return NULL;
	*rx = (struct leg_rx){.jitter = (struct jitter_buffer *)(void *)(rx + 1)};
	jitter_buffer_init(rx->jitter, &(struct jitter_settings){.capacity = JITTER_PACKETS,
					       .clock_rate = JITTER_CLOCK,
					       .min_delay_ms = JITTER_MIN_MS,
					       .max_delay_ms = JITTER_MAX_MS});
	return rx;
}

static void free_decoder(struct media_thread *t, struct leg_rx *rx)
{
	if (rx->decoder)
		audio_decoder_free(&t->pool, rx->codec, rx->decoder);
	rx->decoder = NULL;
}

void leg_release_rx(struct media_thread *t, struct leg *leg)
{
	struct leg_rx *rx = leg->rx;

	if (!rx)
		return;
	leg->rx = NULL;
	free_decoder(t, rx);
	media_pool_put(&t->pool, rx->ahead, ahead_size(t));
	media_pool_put(&t->pool, rx, rx_size());
}

/*
 * A packet's timestamp on JITTER_CLOCK. The first packet of another clock begins where its
 * forerunner ends: the two clocks need not have anything to do with each other.
 */
static uint32_t jitter_time(struct leg_rx *rx, const struct rtp_packet *packet, uint32_t clock_rate)
{
	uint32_t units = JITTER_CLOCK / clock_rate;
	int ahead = rtp_seq_diff(packet->seq, rx->seq);
	uint32_t step = (packet->timestamp - rx->timestamp) * units;

	if (rx->clock_rate && rx->clock_rate != clock_rate)
		step = (uint32_t)ahead * rx->step;
	else if (ahead == 1 && step <= JITTER_CLOCK / 1000 * CODEC_MAX_FRAME_MS)
		rx->step = step;
	rx->clock_rate = clock_rate;
	rx->timestamp = packet->timestamp;
	rx->seq = packet->seq;
	rx->jitter_time += step;
	return rx->jitter_time;
}

int leg_put(
	struct media_thread *t, struct leg *leg, const struct rtp_packet *packet, uint64_t time_us)
{
	const struct media_payload *payload = payload_of(leg, packet->payload_type);
	struct rtp_packet timed = *packet;

	if (!payload) {
		if (leg->rx && leg->rx->clock_rate && is_event(leg, packet->payload_type))
			jitter_buffer_skip(leg->rx->jitter, packet);
		return -ENOENT;
	}
	if (!leg->rx)
		leg->rx = rx_new(t);
	if (!leg->rx)
		return -ENOMEM;
	timed.timestamp = jitter_time(leg->rx, packet, payload->codec->clock_rate);
	return jitter_buffer_put(leg->rx->jitter, &timed, time_us);
}

/* Make the decoder the one for this payload type. Returns 0 or a negative errno. */
static int choose_decoder(struct media_thread *t, struct leg *leg, uint8_t payload_type)
{
	const struct media_payload *payload = payload_of(leg, payload_type);
	struct leg_rx *rx = leg->rx;
	int err = 0;

	if (!payload)
		return -ENOENT;
	if (rx->decoder && rx->codec == payload->codec && rx->rate == payload->settings.sample_rate)
		return 0;
	/* The resampler's past sounds on in the next codec, unless it has another rate. */
	if (rx->rate != payload->settings.sample_rate)
		err = resampler_init(
			&rx->resampler, payload->settings.sample_rate, t->settings->sample_rate);
	if (err)
		return err;
	free_decoder(t, rx);
	rx->codec = payload->codec;
	rx->rate = payload->settings.sample_rate;
	rx->span = rx->rate / 1000 * DEFAULT_SPAN_MS;
	rx->decoder = audio_decoder_new(&t->pool, rx->codec, rx->rate);
	return rx->decoder ? 0 : -ENOMEM;
}

/* Decode a packet to the scratch. Returns samples, or a negative errno. */
static int decode(struct media_thread *t, struct leg *leg, const struct rtp_packet *packet)
{
	int n = choose_decoder(t, leg, packet->payload_type);

	if (n < 0)
		return n;
	media_count(&t->counters.decodes, 1);
	n = leg->rx->codec->decode(leg->rx->decoder, packet->payload, packet->payload_size,
		t->scratch->decoded, SCRATCH_SPAN);
	if (n > 0)
		leg->rx->span = (size_t)n;
	return n;
}

/*
 * Fill the place of a packet that never came, as long as the last one. next, the one behind it, helps
 * only who speaks the same codec.
 */
static int conceal(struct media_thread *t, struct leg *leg, const struct rtp_packet *next)
{
	const struct media_payload *payload = payload_of(leg, next->payload_type);
	struct leg_rx *rx = leg->rx;
	bool helps = payload && payload->codec == rx->codec;

	if (!rx->decoder)
		return 0;
	return rx->codec->conceal(rx->decoder, helps ? next->payload : NULL,
		helps ? next->payload_size : 0, t->scratch->decoded, rx->span);
}

/* Take back delay, or add some, in the n samples of scratch.span. Returns their new number. */
static size_t adjust_delay(struct media_thread *t, struct leg_rx *rx, size_t n, uint64_t time_us)
{
	unsigned rate = t->settings->sample_rate;
	uint64_t excess = in_us(jitter_buffer_excess(rx->jitter, time_us));
	uint64_t shortage = in_us(jitter_buffer_shortage(rx->jitter, time_us));
	float alike = excess > URGENT_US || shortage > URGENT_US ? STRETCH_ANY : ALIKE;

	if (excess > 0)
		return stretch_shorten(t->scratch->span, n, excess * rate / 1000000, rate,
			excess < EXCESS_IN_SPEECH_US ? STRETCH_SILENCE_ONLY : alike);
	if (shortage > 0)
		return stretch_lengthen(t->scratch->span, n, ahead_size(t) / sizeof(int16_t),
			shortage * rate / 1000000, rate, alike);
	return n;
}

/*
 * What the jitter buffer has for time_us, to scratch.decoded. A pause begins with a frame that is
 * made up and faded out below. Returns samples, 0 or a negative errno when there is nothing.
 */
static int receive(
	struct media_thread *t, struct leg *leg, uint64_t time_us, enum jitter_result *result)
{
	struct leg_rx *rx = leg->rx;
	struct rtp_packet packet = {0};
	int n;

	*result = jitter_buffer_get(rx->jitter, time_us, &packet);
	switch (*result) {
	case JITTER_PACKET:
		n = decode(t, leg, &packet);
		/* What cannot be decoded is as good as lost. */
		return n > 0 ? n : conceal(t, leg, &(struct rtp_packet){0});
	case JITTER_LOST:
		return conceal(t, leg, &packet);
	default:
		return rx->sounding ? conceal(t, leg, &packet) : 0;
	}
}

/* The next span of sound, to scratch.span at the mixer's rate. Returns samples; 0: a pause. */
static size_t next_span(struct media_thread *t, struct leg *leg, uint64_t time_us)
{
	unsigned per_ms = t->settings->sample_rate / 1000;
	struct leg_rx *rx = leg->rx;
	enum jitter_result result;
	int n = receive(t, leg, time_us, &result);
	bool sounded = rx->sounding;
	size_t got;

	rx->sounding = n > 0 && result != JITTER_WAIT;
	if (n <= 0)
		return 0;
	/* A packet of 2.5 ms too, or of an odd number of bytes, is a whole number of its groups. */
	got = resampler_run(&rx->resampler, t->scratch->decoded, (size_t)n, t->scratch->span);
	if (result == JITTER_WAIT) {
		got = smaller(got, FADE_OUT_MS * per_ms);
		mix_fade_out(t->scratch->span, got);
		return got;
	}
	if (!sounded)
		mix_fade_in(t->scratch->span, smaller(got, FADE_IN_MS * per_ms));
	return result == JITTER_PACKET ? adjust_delay(t, rx, got, time_us) : got;
}

static size_t take_ahead(struct leg_rx *rx, int16_t *pcm, size_t max)
{
	size_t n = smaller(rx->n_ahead, max);

	if (n == 0)
		return 0;
	memcpy(pcm, rx->ahead, n * sizeof *pcm);
	rx->n_ahead -= n;
	memmove(rx->ahead, rx->ahead + n, rx->n_ahead * sizeof *pcm);
	return n;
}

static void keep_ahead(struct media_thread *t, struct leg_rx *rx, const int16_t *pcm, size_t n)
{
	if (n == 0)
		return;
	if (!rx->ahead)
		rx->ahead = media_pool_get(&t->pool, ahead_size(t));
	if (!rx->ahead)
		return;
	memcpy(rx->ahead, pcm, n * sizeof *pcm);
	rx->n_ahead = n;
}

bool leg_pull(struct media_thread *t, struct leg *leg, uint64_t time_us, int16_t *pcm)
{
	unsigned rate = t->settings->sample_rate;
	size_t frame = rate / 50, n, got, used;
	struct leg_rx *rx = leg->rx;

	leg->played_us = time_us;
	if (!rx)
		return false;
	n = take_ahead(rx, pcm, frame);
	while (n < frame) {
		got = next_span(t, leg, time_us + (uint64_t)n * 1000000 / rate);
		if (got == 0)
			break;
		used = smaller(got, frame - n);
		memcpy(pcm + n, t->scratch->span, used * sizeof *pcm);
		keep_ahead(t, rx, t->scratch->span + used, got - used);
		n += used;
	}
	if (n == 0)
		return false;
	memset(pcm + n, 0, (frame - n) * sizeof *pcm);
	return true;
}

uint64_t leg_excess_us(const struct leg *leg, uint64_t time_us)
{
	return leg->rx ? in_us(jitter_buffer_excess(leg->rx->jitter, time_us)) : 0;
}

bool leg_is_drained(const struct leg *leg)
{
	return !leg->rx || (leg->rx->n_ahead == 0 && jitter_buffer_empty(leg->rx->jitter));
}
