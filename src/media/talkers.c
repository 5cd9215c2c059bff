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
	HANG_TICKS = 20, /* 400 ms: a pause between words is not silence */
	FADE_IN_MS = 5,
	/*
	 * Somebody talks once his sound is over -42 dB for 80 ms, until it has been under -48 dB for
	 * 600 ms: a cough is not, the pause for a breath is. So nobody is told of more than three times
	 * in two seconds.
	 */
	TALK_FROM_ENERGY = 67748,
	TALK_TICKS = 4,
	REST_BELOW_ENERGY = 17018,
	REST_TICKS = 30,
};

/* The state of one choice: the loudest so far, loudest first. */
struct choice {
	struct leg *legs[TALKERS_MAX];
	uint32_t scores[TALKERS_MAX];
	unsigned n, max;
	uint64_t time_us;
	int16_t *free; /* for the next frame that is decoded */
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

static void note_arrival(struct leg_voice *v, bool any)
{
	v->quiet = any ? 0 : v->quiet + 1;
}

/* Take a leg's frame of this tick. */
static void play(struct mixer *m, struct choice *c, struct leg *leg)
{
	struct leg_voice *v = &leg->voice;

	v->waiting = false;
	if (leg_pull(m->thread, leg, c->time_us, m->rate.now, c->free)) {
		v->pcm = c->free;
		c->free += m->rate.now / 50;
	}
	note_arrival(v, v->pcm);
}

/* Whether somebody talks, slowly enough for those who are told. */
static void follow_talk(struct media_thread *t, struct leg *leg)
{
	struct leg_voice *v = &leg->voice;
	bool otherwise = v->talking ? v->energy < REST_BELOW_ENERGY : v->energy > TALK_FROM_ENERGY;

	v->spell = otherwise ? v->spell + 1 : 0;
	if (v->spell >= (v->talking ? REST_TICKS : TALK_TICKS))
		leg_tell_talking(t, leg, !v->talking);
}

/* Find out how loud a leg is in this tick, and follow it. */
static void hear(struct mixer *m, struct choice *c, struct leg *leg)
{
	struct leg_voice *v = &leg->voice;

	v->pcm = NULL;
	v->waiting = false;
	if (is_too_soon(leg, c->time_us)) {
		v->energy = 0;
		return;
	}
	v->waiting = leg->told.tells && !leg->told.doubted;
	if (v->waiting) {
		v->energy = leg_told_energy(&leg->told, v->energy);
	} else {
		play(m, c, leg);
		v->energy = v->pcm ? mix_energy(v->pcm, m->rate.now / 50) : 0;
	}
	v->level -= v->level / 8;
	if (v->energy > v->level)
		v->level = v->energy;
	if (v->energy > SPEECH_ENERGY)
		v->hang = HANG_TICKS;
	else if (v->hang)
		v->hang--;
	follow_talk(m->thread, leg);
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
}

/* One who is not in the choice: if he was mixed until now, this frame is his last. */
static void leave_out(struct mixer *m, struct choice *c, struct talkers *talkers, struct leg *leg)
{
	struct leg_voice *v = &leg->voice;
	bool fading = v->chosen;

	v->chosen = false;
	if (v->waiting && fading)
		play(m, c, leg);
	else if (v->waiting)
		note_arrival(v, leg_pass(m->thread, leg, c->time_us));
	if (!fading || talkers->n == 2 * TALKERS_MAX)
		return;
	if (v->pcm)
		mix_fade_out(v->pcm, m->rate.now / 50);
	add(talkers, leg);
}

static void apply(struct mixer *m, struct choice *c, struct talkers *talkers)
{
	struct list_node *it, *next;

	for (unsigned i = 0; i < c->n; i++) {
		struct leg_voice *v = &c->legs[i]->voice;

		if (v->waiting)
			play(m, c, c->legs[i]);
		if (!v->chosen && v->pcm)
			mix_fade_in(v->pcm, m->rate.now / 1000 * FADE_IN_MS);
		v->chosen = false; /* set again below, when only those who fade are left over */
		add(talkers, c->legs[i]);
	}
	LIST_FOR_EACH(it, next, &m->talkers)
		leave_out(m, c, talkers, CONTAINER_OF(it, struct leg, talker));
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

/* The rate that the room needs for those who speak. */
static void note_rate(struct talkers *talkers, const struct leg *leg)
{
	unsigned rate = leg_decoded_rate(leg);

	if (rate > talkers->decoded_rate)
		talkers->decoded_rate = rate;
}

void talkers_collect(struct mixer *m, uint64_t time_us, struct talkers *talkers)
{
	struct media_thread *t = m->thread;
	struct choice choice = {.max = t->settings->mixed_talkers, .time_us = time_us};
	struct list_node *it, *next;

	talkers->n = talkers->decoded_rate = 0;
	if (!reserve_frames(t, m->n_talkers))
		return;
	choice.free = t->scratch->frames;
	LIST_FOR_EACH(it, next, &m->talkers) {
		struct leg *leg = CONTAINER_OF(it, struct leg, talker);

		hear(m, &choice, leg);
		note_rate(talkers, leg);
		if (leg->voice.hang)
			consider(&choice, leg);
	}
	apply(m, &choice, talkers);
}
