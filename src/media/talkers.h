/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Who is mixed: of all the legs that speak, the loudest few, with hysteresis, so that two equally
 * loud voices do not push each other out again and again.
 */
#ifndef MEDIA_TALKERS_H
#define MEDIA_TALKERS_H

#include <stdbool.h>
#include <stdint.h>

struct leg;
struct mixer;

#define SPEECH_ENERGY 1074 /* -60 dB of full scale, 2^30: below it is silence */
#define TALKERS_MAX 64     /* settings.mixed_talkers is capped to it */

/* Those whose voices are in this tick's mix: the chosen, and those who are just fading out. */
struct talkers {
	struct leg *legs[2 * TALKERS_MAX];
	unsigned n;
	unsigned decoded_rate; /* the highest of all who speak; 0: none */
};

/* Take a frame of every talker of m, at m->rate.now, and choose; leg->voice.pcm is each one's contribution. */
void talkers_collect(struct mixer *m, uint64_t time_us, struct talkers *talkers);

#endif
