/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tone receiver: spandsp's DTMF detector at 8 kHz. */
#include "media/tone_receiver.h"

#include <spandsp.h>
#include <spandsp/private/logging.h>
#include <spandsp/private/queue.h>
#include <spandsp/private/tone_detect.h>
#include <spandsp/private/tone_generate.h>
/* Needs those before it. */
#include <spandsp/private/dtmf.h>

#include "media/codec.h"
#include "media/resampler.h"

#define RATE 8000
#define MAX_SAMPLES (RATE / 1000 * CODEC_MAX_FRAME_MS)
/* The detector looks at blocks of so many samples; a key has begun a block before it is told. */
#define BLOCK 102

struct tone_receiver {
	dtmf_rx_state_t spandsp;
	struct resampler resampler;
	unsigned rate;               /* that resampler is for; 0: none yet */
	char key;                    /* that is being heard; 0: none */
	size_t missed;               /* samples of it that never came */
	telephone_event_fn *pressed; /* during a call only, as arg */
	void *arg;
};

size_t tone_receiver_size(void)
{
	return sizeof(struct tone_receiver);
}

/* duration: samples since the last change. */
static void on_change(void *data, int code, int level, int duration)
{
	struct tone_receiver *r = data;
	char key = r->key;
	size_t samples = (size_t)duration + BLOCK + r->missed;

	r->key = (char)code;
	r->missed = 0;
	if (key)
		r->pressed(key, (uint32_t)(samples / (RATE / 1000)), r->arg);
}

void tone_receiver_setup(void)
{
	dtmf_rx_state_t any;

	/* The first call fills the library's own table of filters. */
	dtmf_rx_init(&any, NULL, NULL);
}

void tone_receiver_init(struct tone_receiver *r)
{
	*r = (struct tone_receiver){0};
	dtmf_rx_init(&r->spandsp, NULL, NULL);
	dtmf_rx_set_realtime_callback(&r->spandsp, on_change, r);
}

static void detect(struct tone_receiver *r, const int16_t *pcm, size_t n,
	telephone_event_fn *pressed, void *arg)
{
	r->pressed = pressed;
	r->arg = arg;
	dtmf_rx(&r->spandsp, pcm, (int)n);
}

void tone_receiver_put(struct tone_receiver *r, const int16_t *pcm, size_t n, unsigned rate,
	telephone_event_fn *pressed, void *arg)
{
	int16_t low[MAX_SAMPLES];
	size_t step = rate / RATE;

	if (rate != r->rate && resampler_init(&r->resampler, rate, RATE) < 0)
		return;
	r->rate = rate;
	n -= n % step;
	if (n / step > MAX_SAMPLES)
		n = MAX_SAMPLES * step;
	detect(r, low, resampler_run(&r->resampler, pcm, n, low), pressed, arg);
}

void tone_receiver_skip(struct tone_receiver *r, size_t n, unsigned rate)
{
	dtmf_rx_fillin(&r->spandsp, (int)(n / (rate / RATE)));
	if (r->key)
		r->missed += n / (rate / RATE);
}

void tone_receiver_pause(struct tone_receiver *r, telephone_event_fn *pressed, void *arg)
{
	static const int16_t silence[3 * BLOCK];

	if (r->key)
		detect(r, silence, sizeof silence / sizeof *silence, pressed, arg);
}
