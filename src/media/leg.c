/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Leg, the receiving half: from RTP packets to 20 ms frames at the mixer's rate. All is done at the
 * codec's rate, and converted last: so a mixer may change its rate at any frame.
 */
#include "media/leg.h"

#include <errno.h>
#include <string.h>

#include "media/codec.h"
#include "media/comfort_noise.h"
#include "media/jitter_buffer.h"
#include "media/media_thread.h"
#include "media/mix.h"
#include "media/resampler.h"
#include "media/scratch.h"
#include "media/stretch.h"
#include "media/tone_receiver.h"

enum {
	JITTER_PACKETS = LEG_TOLD_PACKETS,
	JITTER_MIN_MS = 20,
	JITTER_MAX_MS = 200,
	DEFAULT_SPAN_MS = 20,
	DEFAULT_RATE = 8000, /* until there is a codec */
	/* Sound breaks off, and begins again behind a pause, with a fade of so long. */
	FADE_OUT_MS = 10,
	FADE_IN_MS = 2,
	/* Packets behind a loss in which a tone is distorted still: Opus is the slowest. */
	UNSURE_SPANS = 2,
	/* Silence is shortened when there is any excess, speech from so much on, if it is alike, */
	EXCESS_IN_SPEECH_US = 20000,
	/* and from so much on or missing in any case. */
	URGENT_US = 60000,
	/*
	 * Comfort noise lasts so long behind what was heard last: encoders of Opus (and ours) send
	 * something every 400 ms of a pause; or behind the packet that described it, which peers
	 * need not repeat.
	 */
	LEARNED_NOISE_US = 600000,
	DESCRIBED_NOISE_US = 5000000,
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
	unsigned rate;               /* of decoder's PCM, Hz */
	void *decoder;               /* of codec; NULL: none yet */
	struct tone_receiver *tones; /* NULL: not needed yet */
	unsigned unsure;             /* spans in which a tone may still be distorted by a loss */
	struct resampler resampler;
	size_t span;   /* samples of the last packet, at rate */
	bool sounding; /* the last span was no pause */
	bool made_up;  /* it did not come, but was concealed */
	struct comfort_noise noise;
	uint64_t noise_until_us;
	uint64_t described_us; /* when a packet said what noise; 0: it is learned */
	int16_t *ahead;        /* decoded but not played yet, at rate; NULL: not needed so far */
	size_t n_ahead;
	bool passing;            /* the last tick passed over what it had */
	uint32_t passed_us;      /* passed over, not decoded, though not due yet */
	uint32_t passed_span_us; /* length of the packet passed over last */
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

static size_t ahead_size(const struct leg_rx *rx)
{
	return rx->rate / 1000 * CODEC_MAX_FRAME_MS * sizeof(int16_t);
}

void leg_init(struct leg *leg, struct media_thread *home, struct port *port)
{
	leg->home = home;
	leg->port = port;
	leg->started.leg = leg->timed_out.leg = leg->silent.leg = leg->left.leg = leg;
	leg_keys_init(&leg->events, leg, MEDIA_KEY_EVENT);
	leg_keys_init(&leg->tones, leg, MEDIA_KEY_TONE);
	leg->talking.leg = leg;
	list_init(&leg->member);
	list_init(&leg->talker);
	list_init(&leg->listener);
}

void leg_drop_tones(struct leg *leg)
{
	leg_keys_done(leg, leg->tone_sender.n);
	leg->tone_sender = (struct tone_sender){0};
}

void leg_configure(struct leg *leg, const struct media_leg_config *config)
{
	memcpy(leg->receive, config->receive, sizeof leg->receive);
	leg->n_receive = config->n_receive;
	leg->send = config->send;
	leg->ptime_ms = config->ptime_ms;
	memcpy(leg->events_taken, config->events, sizeof leg->events_taken);
	leg->n_events_taken = config->n_events;
	if (leg->level_in != config->level_in)
		leg->told = (struct leg_told){0};
	leg->level_in = config->level_in;
	leg->level_out = config->level_out;
	leg->sending = config->sending && config->send.codec;
	if (!leg->sending || config->send_events.clock_rate)
		leg_drop_tones(leg);
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
	*rx = (struct leg_rx){.jitter = (struct jitter_buffer *)(void *)(rx + 1),
		.rate = DEFAULT_RATE,
		.passed_span_us = DEFAULT_SPAN_MS * 1000};
	resampler_init(&rx->resampler, DEFAULT_RATE, DEFAULT_RATE);
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
	media_pool_put(&t->pool, rx->tones, tone_receiver_size());
	media_pool_put(&t->pool, rx->ahead, ahead_size(rx));
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

/*
 * RFC 3389: the peer falls silent, and this is what it is silent like. Gateways send it whether or not it
 * was agreed on. Before any sound there is no pause to fill.
 */
static int put_noise(struct leg *leg, const struct rtp_packet *packet, uint64_t time_us)
{
	struct leg_rx *rx = leg->rx;

	if (!rx || !rx->clock_rate)
		return -ENOENT;
	jitter_buffer_skip(rx->jitter, packet);
	comfort_noise_describe(&rx->noise, packet->payload, packet->payload_size);
	rx->described_us = time_us;
	rx->noise_until_us = time_us + DESCRIBED_NOISE_US;
	return 0;
}

int leg_put(
	struct media_thread *t, struct leg *leg, const struct rtp_packet *packet, uint64_t time_us)
{
	const struct media_payload *payload = payload_of(leg, packet->payload_type);
	struct rtp_packet timed = *packet;
	int err;

	if (!payload && packet->payload_type == COMFORT_NOISE_PAYLOAD)
		return put_noise(leg, packet, time_us);
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
	err = jitter_buffer_put(leg->rx->jitter, &timed, time_us);
	if (!err)
		leg_told_packet(&leg->told, leg->level_in, packet);
	return err;
}

/* From here on what is decoded has another rate; what waits for the rest of a frame is converted. */
static int change_rate(struct media_thread *t, struct leg_rx *rx, unsigned rate)
{
	struct media_scratch *scratch = t->scratch;
	struct resampler carry = rx->resampler;
	int16_t waiting[SCRATCH_FRAME], again[RESAMPLER_HISTORY];
	int err = resampler_init(&rx->resampler, rate, carry.out_rate);

	if (err)
		return err;
	memcpy(waiting, scratch->span, scratch->n_span * sizeof *waiting);
	resampler_turn(&carry, rate, again);
	scratch->n_span = resampler_run(&carry, waiting, scratch->n_span, scratch->span);
	media_pool_put(&t->pool, rx->ahead, ahead_size(rx));
	rx->ahead = NULL;
	rx->rate = rate;
	return 0;
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
		err = change_rate(t, rx, payload->settings.sample_rate);
	if (err)
		return err;
	free_decoder(t, rx);
	rx->codec = payload->codec;
	rx->span = rx->rate / 1000 * DEFAULT_SPAN_MS;
	rx->decoder = audio_decoder_new(&t->pool, rx->codec, rx->rate);
	return rx->decoder ? 0 : -ENOMEM;
}

/* Decode a packet to the end of scratch.span. Returns samples, or a negative errno. */
static int decode(struct media_thread *t, struct leg *leg, const struct rtp_packet *packet)
{
	struct media_scratch *scratch = t->scratch;
	int n = choose_decoder(t, leg, packet->payload_type);

	if (n < 0)
		goto out;
	media_count(&t->counters.decodes, 1);
	n = leg->rx->codec->decode(leg->rx->decoder, packet->payload, packet->payload_size,
		scratch->span + scratch->n_span, SCRATCH_SPAN - scratch->n_span);
	if (n > 0)
		leg->rx->span = (size_t)n;
out:
	leg_told_compare(
		&leg->told, packet->seq, scratch->span + scratch->n_span, n > 0 ? (size_t)n : 0);
	return n;
}

/*
 * Fill the place of a packet that never came, as long as the last one. next, the one behind it, helps
 * only who speaks the same codec.
 */
static int conceal(struct media_thread *t, struct leg *leg, const struct rtp_packet *next)
{
	const struct media_payload *payload = payload_of(leg, next->payload_type);
	struct media_scratch *scratch = t->scratch;
	struct leg_rx *rx = leg->rx;
	bool helps = payload && payload->codec == rx->codec;

	if (!rx->decoder)
		return 0;
	return rx->codec->conceal(rx->decoder, helps ? next->payload : NULL,
		helps ? next->payload_size : 0, scratch->span + scratch->n_span, rx->span);
}

/* Whether more of what is made up is noise. */
static bool is_noise(const struct leg_rx *rx)
{
	return rx->made_up && rx->noise.level > 0;
}

/*
 * Fill the time of something that did not come. The first frame is as the last one that came; if that was
 * only background, or the peer has described his, the next ones are noise like it.
 */
static int make_up(
	struct media_thread *t, struct leg *leg, const struct rtp_packet *next, uint64_t time_us)
{
	struct leg_rx *rx = leg->rx;
	int16_t *pcm = t->scratch->span + t->scratch->n_span;
	int n;

	if (is_noise(rx) && !next->payload) {
		comfort_noise_make(&rx->noise, pcm, rx->span);
		return (int)rx->span;
	}
	n = conceal(t, leg, next);
	if (n > 0 && !rx->made_up && !rx->described_us) {
		comfort_noise_learn(&rx->noise, pcm, (size_t)n);
		rx->noise_until_us = time_us + LEARNED_NOISE_US;
	}
	rx->made_up = true;
	return n;
}

/* A packet is played: what was said of a pause before it is no longer so. */
static void end_pause(struct leg_rx *rx, uint64_t time_us)
{
	rx->made_up = false;
	if (rx->described_us && time_us > rx->described_us + 1000 * JITTER_MAX_MS) {
		rx->described_us = 0;
		rx->noise.level = 0;
	}
}

/* Take back delay, or add some, in n samples of this span. Returns their new number. */
static size_t adjust_delay(struct leg_rx *rx, int16_t *pcm, size_t n, uint64_t time_us)
{
	unsigned rate = rx->rate;
	uint64_t excess = in_us(jitter_buffer_excess(rx->jitter, time_us));
	uint64_t shortage = in_us(jitter_buffer_shortage(rx->jitter, time_us));
	float alike = excess > URGENT_US || shortage > URGENT_US ? STRETCH_ANY : ALIKE;

	if (excess > 0)
		return stretch_shorten(pcm, n, excess * rate / 1000000, rate,
			excess < EXCESS_IN_SPEECH_US ? STRETCH_SILENCE_ONLY : alike);
	if (shortage > 0)
		return stretch_lengthen(pcm, n, ahead_size(rx) / sizeof *pcm,
			shortage * rate / 1000000, rate, alike);
	return n;
}

/*
 * What the jitter buffer has for time_us, to the end of scratch.span. A pause begins with a frame that is
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
		if (n <= 0)
			return make_up(t, leg, &(struct rtp_packet){0}, time_us);
		end_pause(rx, time_us);
		return n;
	case JITTER_LOST:
		return make_up(t, leg, &packet, time_us);
	default:
		return rx->sounding ? make_up(t, leg, &packet, time_us) : 0;
	}
}

/* Whom a key that was heard is told of. */
struct hearing {
	struct media_thread *thread;
	struct leg *leg;
};

static void on_tone(char key, uint32_t ms, void *arg)
{
	const struct hearing *h = arg;

	leg_keys_put(h->thread, &h->leg->tones, key, ms);
}

/* Whether what was decoded is no good for telling tones: made up, or too near behind such. */
static bool is_distorted(struct leg_rx *rx, bool made_up)
{
	if (made_up)
		rx->unsure = UNSURE_SPANS;
	else if (rx->unsure)
		rx->unsure--;
	else
		return false;
	return true;
}

/*
 * Look for keys in n samples of the codec's (0: a pause); made_up: they never came. A peer with
 * telephone-event sends keys that way.
 */
static void listen_for_keys(
	struct media_thread *t, struct leg *leg, const int16_t *pcm, size_t n, bool made_up)
{
	struct leg_rx *rx = leg->rx;
	struct hearing hearing = {t, leg};

	if (leg->n_events_taken)
		return;
	if (!rx->tones && n) {
		rx->tones = media_pool_get(&t->pool, tone_receiver_size());
		if (rx->tones)
			tone_receiver_init(rx->tones);
	}
	if (!rx->tones)
		return;
	if (n == 0)
		tone_receiver_pause(rx->tones, on_tone, &hearing);
	else if (is_distorted(rx, made_up))
		tone_receiver_skip(rx->tones, n, rx->rate);
	else
		tone_receiver_put(rx->tones, pcm, n, rx->rate, on_tone, &hearing);
}

/* Add the next span of sound to scratch.span. Returns false at a pause. */
static bool next_span(struct media_thread *t, struct leg *leg, uint64_t time_us)
{
	struct media_scratch *scratch = t->scratch;
	struct leg_rx *rx = leg->rx;
	enum jitter_result result;
	bool joins = rx->sounding && !is_noise(rx), ends;
	int n = receive(t, leg, time_us, &result);
	int16_t *pcm = scratch->span + scratch->n_span;
	size_t got = n > 0 ? (size_t)n : 0;

	ends = result == JITTER_WAIT && !(is_noise(rx) && time_us < rx->noise_until_us);
	rx->sounding = n > 0 && !ends;
	listen_for_keys(t, leg, pcm, result == JITTER_WAIT ? 0 : got, result == JITTER_LOST);
	if (n <= 0)
		return false;
	if (ends) {
		got = smaller(got, FADE_OUT_MS * rx->rate / 1000);
		mix_fade_out(pcm, got);
	} else if (!joins && !rx->made_up) {
		mix_fade_in(pcm, smaller(got, FADE_IN_MS * rx->rate / 1000));
	}
	if (result == JITTER_PACKET)
		got = adjust_delay(rx, pcm, got, time_us);
	scratch->n_span += got;
	return true;
}

/* What was passed over before its time is silence now. */
static void take_passed(struct media_thread *t, struct leg_rx *rx)
{
	struct media_scratch *scratch = t->scratch;
	size_t n = smaller((size_t)rx->passed_us * rx->rate / 1000000, rx->rate / 50);

	memset(scratch->span + scratch->n_span, 0, n * sizeof *scratch->span);
	scratch->n_span += n;
	rx->passed_us -= (uint32_t)smaller(rx->passed_us, MEDIA_TICK_US);
	rx->passing = false;
}

static void take_ahead(struct media_thread *t, struct leg_rx *rx)
{
	struct media_scratch *scratch = t->scratch;

	if (rx->n_ahead == 0)
		return;
	memcpy(scratch->span + scratch->n_span, rx->ahead, rx->n_ahead * sizeof *rx->ahead);
	scratch->n_span += rx->n_ahead;
	rx->n_ahead = 0;
}

static void keep_ahead(struct media_thread *t, struct leg_rx *rx, const int16_t *pcm, size_t n)
{
	if (n == 0)
		return;
	if (!rx->ahead)
		rx->ahead = media_pool_get(&t->pool, ahead_size(rx));
	if (!rx->ahead)
		return;
	memcpy(rx->ahead, pcm, n * sizeof *pcm);
	rx->n_ahead = n;
}

/* The samples of a frame, at what is the codec's rate just now. */
static size_t frame_of(const struct leg_rx *rx)
{
	return rx->rate / 50;
}

bool leg_pull(
	struct media_thread *t, struct leg *leg, uint64_t time_us, unsigned rate, int16_t *pcm)
{
	struct media_scratch *scratch = t->scratch;
	struct leg_rx *rx = leg->rx;
	size_t frame, n;

	leg->played_us = time_us;
	if (!rx)
		return false;
	scratch->n_span = resampler_turn(&rx->resampler, rate, scratch->span);
	take_passed(t, rx);
	take_ahead(t, rx);
	while (scratch->n_span < frame_of(rx)) {
		if (!next_span(t, leg, time_us + (uint64_t)scratch->n_span * 1000000 / rx->rate))
			break;
	}
	n = scratch->n_span;
	if (n == 0) {
		leg_told_nothing(&leg->told, leg->voice.energy);
		return false;
	}
	frame = frame_of(rx);
	if (n < frame)
		memset(scratch->span + n, 0, (frame - n) * sizeof *pcm);
	else
		keep_ahead(t, rx, scratch->span + frame, n - frame);
	resampler_run(&rx->resampler, scratch->span, frame, pcm);
	return true;
}

unsigned leg_decoded_rate(const struct leg *leg)
{
	return leg->rx && leg->rx->decoder ? leg->rx->rate : 0;
}

/* How long a packet's sound is, in microseconds; 0: not to be known. */
static uint32_t length_of(const struct leg *leg, const struct rtp_packet *packet)
{
	const struct media_payload *payload = payload_of(leg, packet->payload_type);
	unsigned rate = payload ? payload->settings.sample_rate : 0;
	int n = payload ? payload->codec->payload_samples(
				  packet->payload, packet->payload_size, rate)
			: 0;

	return n > 0 ? (uint32_t)((uint64_t)n * 1000000 / rate) : 0;
}

/* Pass over the next span. Delay is taken back or added at once: nobody hears it. Returns its length. */
static uint32_t pass_span(struct leg *leg, uint64_t time_us)
{
	struct leg_rx *rx = leg->rx;
	struct rtp_packet packet;
	enum jitter_result result = jitter_buffer_get(rx->jitter, time_us, &packet);
	uint64_t excess, shortage;
	uint32_t us;

	if (result == JITTER_WAIT)
		return 0;
	us = result == JITTER_PACKET ? length_of(leg, &packet) : 0;
	if (us > 0)
		rx->passed_span_us = us;
	us = rx->passed_span_us;
	if (result != JITTER_PACKET)
		return us;
	excess = in_us(jitter_buffer_excess(rx->jitter, time_us));
	shortage = in_us(jitter_buffer_shortage(rx->jitter, time_us));
	return us - (uint32_t)smaller(excess, us / 2) + (uint32_t)smaller(shortage, us);
}

bool leg_pass(struct media_thread *t, struct leg *leg, uint64_t time_us)
{
	struct leg_rx *rx = leg->rx;
	uint32_t us, got;

	leg->played_us = time_us;
	if (!rx)
		return false;
	/* What comes after a while has nothing to do with what was before. */
	if (!rx->passing) {
		memset(rx->resampler.history, 0, sizeof rx->resampler.history);
		listen_for_keys(t, leg, NULL, 0, false);
	}
	rx->passing = true;
	rx->sounding = false;
	rx->passed_us += (uint32_t)((uint64_t)rx->n_ahead * 1000000 / rx->rate);
	rx->n_ahead = 0;
	us = rx->passed_us;
	while (us < MEDIA_TICK_US) {
		got = pass_span(leg, time_us + us);
		if (got == 0)
			break;
		us += got;
	}
	rx->passed_us = us > MEDIA_TICK_US ? us - MEDIA_TICK_US : 0;
	return us > 0;
}

void leg_tell_talking(struct media_thread *t, struct leg *leg, bool talking)
{
	struct leg_event *event = &leg->talking;

	leg->voice.talking = talking;
	leg->voice.spell = 0;
	atomic_store_explicit(&leg->figures.talking, talking, memory_order_relaxed);
	/* Still busy: who reads that event then sees what was just written. */
	if (!atomic_exchange_explicit(&event->busy, true, memory_order_acq_rel))
		media_thread_report(t, &event->mail, MAIL_TALKING);
}

uint64_t leg_excess_us(const struct leg *leg, uint64_t time_us)
{
	return leg->rx ? in_us(jitter_buffer_excess(leg->rx->jitter, time_us)) : 0;
}

bool leg_is_drained(const struct leg *leg)
{
	return !leg->rx || (leg->rx->n_ahead == 0 && jitter_buffer_empty(leg->rx->jitter));
}
