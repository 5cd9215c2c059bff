/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Leg, the receiving half: from packets that wait to 20 ms frames at the mixer's rate. All is done at
 * the codec's rate, and converted last: so a mixer may change its rate at any frame.
 */
#include <errno.h>
#include <string.h>

#include "media/leg_rx.h"
#include "media/media_thread.h"
#include "media/mix.h"
#include "media/scratch.h"
#include "media/stretch.h"
#include "media/tone_receiver.h"

enum {
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
	 * Comfort noise that nobody described lasts so long behind what was heard last: encoders of
	 * Opus (and ours) send something every 400 ms of a pause.
	 */
	LEARNED_NOISE_US = 600000,
};

#define ALIKE 0.8F

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
	media_pool_put(&t->pool, rx->ahead, leg_ahead_size(rx));
	rx->ahead = NULL;
	rx->rate = rate;
	return 0;
}

/* Make the decoder the one for this payload type. Returns 0 or a negative errno. */
static int choose_decoder(struct media_thread *t, struct leg *leg, uint8_t payload_type)
{
	const struct media_payload *payload = leg_payload(leg, payload_type);
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
	leg_free_decoder(t, rx);
	rx->codec = payload->codec;
	rx->span = rx->rate / 1000 * LEG_DEFAULT_SPAN_MS;
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
	const struct media_payload *payload = leg_payload(leg, next->payload_type);
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
	if (rx->described_us && time_us > rx->described_us + 1000 * LEG_JITTER_MAX_MS) {
		rx->described_us = 0;
		rx->noise.level = 0;
	}
}

/* Take back delay, or add some, in n samples of this span. Returns their new number. */
static size_t adjust_delay(struct leg_rx *rx, int16_t *pcm, size_t n, uint64_t time_us)
{
	unsigned rate = rx->rate;
	uint64_t excess = leg_in_us(jitter_buffer_excess(rx->jitter, time_us));
	uint64_t shortage = leg_in_us(jitter_buffer_shortage(rx->jitter, time_us));
	float alike = excess > URGENT_US || shortage > URGENT_US ? STRETCH_ANY : ALIKE;

	if (excess > 0)
		return stretch_shorten(pcm, n, excess * rate / 1000000, rate,
			excess < EXCESS_IN_SPEECH_US ? STRETCH_SILENCE_ONLY : alike);
	if (shortage > 0)
		return stretch_lengthen(pcm, n, leg_ahead_size(rx) / sizeof *pcm,
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

void leg_listen_for_keys(
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
	leg_listen_for_keys(t, leg, pcm, result == JITTER_WAIT ? 0 : got, result == JITTER_LOST);
	if (n <= 0)
		return false;
	if (ends) {
		got = leg_smaller(got, FADE_OUT_MS * rx->rate / 1000);
		mix_fade_out(pcm, got);
	} else if (!joins && !rx->made_up) {
		mix_fade_in(pcm, leg_smaller(got, FADE_IN_MS * rx->rate / 1000));
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
	size_t n = leg_smaller((size_t)rx->passed_us * rx->rate / 1000000, rx->rate / 50);

	memset(scratch->span + scratch->n_span, 0, n * sizeof *scratch->span);
	scratch->n_span += n;
	rx->passed_us -= (uint32_t)leg_smaller(rx->passed_us, MEDIA_TICK_US);
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
		rx->ahead = media_pool_get(&t->pool, leg_ahead_size(rx));
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
