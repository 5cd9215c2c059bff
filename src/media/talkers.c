/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Who is mixed: the loudest few of those who speak. */
#include "media/talkers.h"

#include <stddef.h>
#include <string.h>

#include "core/list.h"
#include "core/mem.h"
#include "media/leg.h"
#include "media/media_thread.h"
#include "media/mix.h"
#include "media/mixer.h"
#include "media/scratch.h"

enum {
	SPEECH_ENERGY = 1074, /* -60 dB of full scale, 2^30: below it is silence */
	HANG_TICKS = 20,      /* 400 ms: a pause between words is not silence */
	FADE_IN_MS = 5,
};

/* The state of one choice: the loudest so far, loudest first. */
struct choice {
	struct leg *legs[TALKERS_MAX];
	uint32_t scores[TALKERS_MAX];
	unsigned n, max;
};

/*
 * Whether the leg, just moved here, had better wait for the next tick: its last one, in another
 * mixer, is less than half a period ago; or less than a period, and the jitter buffer has not so
 * much delay to spare.
 */
static bool is_too_soon(const struct leg *leg, uint64_t time_us)
{
	uint64_t since = time_us - leg->played_us;

	if (!leg->played_us || since >= MEDIA_TICK_US)
		return false;
	return since < MEDIA_TICK_US / 2 || leg_excess_us(leg, time_us) < MEDIA_TICK_US - since;
}

/* Take a leg's frame of this tick and follow its level. */
static void hear(struct mixer *m, struct leg *leg, uint64_t time_us, int16_t *pcm)
{
	struct leg_voice *v = &leg->voice;

	v->pcm = NULL;
	v->energy = 0;
	if (is_too_soon(leg, time_us))
		return;
	if (leg_pull(m->thread, leg, time_us, m->rate.now, pcm)) {
		v->energy = mix_energy(pcm, m->rate.now / 50);
		v->pcm = pcm;
		v->quiet = 0;
	} else {
		v->quiet++;
	}
	v->level -= v->level / 8;
	if (v->energy > v->level)
		v->level = v->energy;
	if (v->energy > SPEECH_ENERGY)
		v->hang = HANG_TICKS;
	else if (v->hang)
		v->hang--;
}

/* Enter a candidate, pushing out the quietest if the places are all taken. */
static void consider(struct choice *c, struct leg *leg)
{
	/* One who is heard already counts 3 dB more. Energies are at most 2^30. */
	uint32_t score = leg->voice.chosen ? 2 * leg->voice.level : leg->voice.level;
	unsigned i;

	if (c->n < c->max)
		c->n++;
	else if (c->max == 0 || c->scores[c->n - 1] >= score)
		return;
	for (i = c->n - 1; i > 0 && c->scores[i - 1] < score; i--) {
		c->legs[i] = c->legs[i - 1];
		c->scores[i] = c->scores[i - 1];
	}
	c->legs[i] = leg;
	c->scores[i] = score;
}

static void add(struct talkers *talkers, struct leg *leg)
{
	talkers->legs[talkers->n++] = leg;
	if (leg->voice.pcm)
		talkers->n_sounding++;
}

/* Those who were mixed until now and are no longer: this frame is their last. */
static void add_fading(struct mixer *m, struct talkers *talkers, size_t frame)
{
	struct list_node *it, *next;

	LIST_FOR_EACH(it, next, &m->talkers)
	{
		struct leg *leg = CONTAINER_OF(it, struct leg, talker);

		if (!leg->voice.chosen)
			continue;
		leg->voice.chosen = false;
		if (talkers->n == 2 * TALKERS_MAX)
			continue;
		if (leg->voice.pcm)
			mix_fade_out(leg->voice.pcm, frame);
		add(talkers, leg);
	}
}

static void apply(struct mixer *m, const struct choice *c, struct talkers *talkers)
{
	unsigned rate = m->rate.now;

	for (unsigned i = 0; i < c->n; i++) {
		struct leg_voice *v = &c->legs[i]->voice;

		if (!v->chosen && v->pcm)
			mix_fade_in(v->pcm, rate / 1000 * FADE_IN_MS);
		v->chosen = false; /* set again below, when only those who fade are left over */
		add(talkers, c->legs[i]);
	}
	add_fading(m, talkers, rate / 50);
	for (unsigned i = 0; i < c->n; i++)
		c->legs[i]->voice.chosen = true;
}

/* Room for a frame of every talker, at the highest rate; grows when there are more than ever before. */
static bool reserve_frames(struct media_thread *t, unsigned n)
{
	struct media_scratch *scratch = t->scratch;
	size_t frame = t->settings->sample_rate / 50, max;
	int16_t *frames;

	if (n <= scratch->max_frames)
		return true;
	max = 2 * (size_t)n;
	frames = mem_realloc(scratch->frames, max * frame * sizeof *frames);
	if (!frames)
		return false;
	scratch->frames = frames;
	scratch->max_frames = max;
	return true;
}

void talkers_collect(struct mixer *m, uint64_t time_us, struct talkers *talkers)
{
	struct media_thread *t = m->thread;
	struct choice choice = {.max = t->settings->mixed_talkers};
	struct list_node *it, *next;
	int16_t *pcm;

	talkers->n = talkers->n_sounding = talkers->decoded_rate = 0;
	if (!reserve_frames(t, m->n_talkers))
		return;
	pcm = t->scratch->frames;
	LIST_FOR_EACH(it, next, &m->talkers)
	{
		struct leg *leg = CONTAINER_OF(it, struct leg, talker);
		unsigned rate;

		hear(m, leg, time_us, pcm);
		pcm += m->rate.now / 50;
		rate = leg_decoded_rate(leg);
		if (rate > talkers->decoded_rate)
			talkers->decoded_rate = rate;
		if (leg->voice.hang)
			consider(&choice, leg);
	}
	apply(m, &choice, talkers);
}
