/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Makes the sounds that are not spoken:
 *
 *     make_music tone FILE       two rising notes: you are connected
 *     make_music NUMBER FILE     a quiet piece for those who wait, about 40 s, the end of which fits
 *                                its beginning
 *
 * The pieces are slow chords with a melody that walks through them, plucked and rung like a bell;
 * the number decides on key, chords and melody. A tool of the build.
 */
#include <math.h>
#include <sndfile.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RATE = 32000, MAX = RATE * 60, BEATS = 8, BARS = 8 };

#define BEAT 0.62F /* seconds */
#define PEAK 0.5F  /* -6 dB: music stays behind speech */

static float sound[MAX];
static uint32_t state;

/* The same piece from the same number on every machine. */
static unsigned choose(unsigned n)
{
	state = state * 1664525U + 1013904223U;
	return (state >> 16) % n;
}

static float pitch(int note)
{
	return 440.0F * powf(2.0F, (float)(note - 69) / 12.0F);
}

/*
 * Add a note: a few partials that fade, the higher ones sooner. What rings beyond the end of the
 * piece (length samples) goes on at its beginning.
 */
static void add_note(float at, int note, float seconds, float loud, float softness, size_t length)
{
	size_t begin = (size_t)(at * RATE), n = (size_t)(seconds * RATE);
	float f = pitch(note);

	for (size_t i = 0; i < n; i++) {
		float t = (float)i / RATE, left = 1.0F - (float)i / (float)n, x = 0;
		float attack = t < softness ? t / softness : 1.0F;

		for (int k = 1; k <= 4; k++)
			x += expf(-t * (0.8F + 1.7F * (float)k)) / (float)(k * k) *
			     sinf(6.2831853F * f * (float)k * t);
		sound[(begin + i) % length] += loud * attack * left * x;
	}
}

static void make_piece(unsigned number, size_t length)
{
	/* Chords by steps of the scale; each row leads back to its beginning. */
	static const int rows[][BARS] = {
		{0, 5, 3, 4, 0, 5, 1, 4}, {0, 2, 3, 0, 5, 3, 1, 4}, {5, 3, 0, 4, 5, 1, 3, 4}};
	static const int scale[] = {0, 2, 4, 5, 7, 9, 11};
	const int *chords = rows[number % 3];
	int key = 48 + (int)(number * 5 % 12), step = 7;

	state = 20000U + number;
	for (int bar = 0; bar < BARS; bar++) {
		float at = (float)(bar * BEATS) * BEAT;

		add_note(at, key + scale[chords[bar]] - 12, 6.0F, 0.30F, 0.05F, length);
		for (int i = 0; i < 3; i++) {
			int tone = chords[bar] + 2 * i;

			add_note(at + 0.03F * (float)i, key + scale[tone % 7] + 12 * (tone / 7),
				6.0F, 0.20F, 0.12F, length);
		}
		for (int beat = 0; beat < BEATS; beat++) {
			if (beat % 2 && choose(3) == 0)
				continue;
			if (beat % 4 == 0)
				step = 7 + (chords[bar] + 2 * (int)choose(3)) % 7;
			else
				step += (int)choose(3) - 1;
			step = step < 5 ? 5 : step > 14 ? 14 : step;
			add_note(at + (float)beat * BEAT, key + scale[step % 7] + 12 * (step / 7),
				2.5F, 0.26F, 0.008F, length);
		}
	}
}

static void make_tone(size_t length)
{
	add_note(0.0F, 76, 0.30F, 0.5F, 0.006F, length);
	add_note(0.14F, 81, 0.44F, 0.5F, 0.006F, length);
}

static void make_loud(size_t length)
{
	float peak = 0;

	for (size_t i = 0; i < length; i++)
		peak = fabsf(sound[i]) > peak ? fabsf(sound[i]) : peak;
	for (size_t i = 0; i < length; i++)
		sound[i] *= PEAK / peak;
}

int main(int argc, char **argv)
{
	SF_INFO info = {
		.samplerate = RATE, .channels = 1, .format = SF_FORMAT_WAV | SF_FORMAT_PCM_16};
	size_t length;
	SNDFILE *file;

	if (argc != 3)
		return 2;
	if (strcmp(argv[1], "tone") == 0) {
		length = RATE * 6 / 10;
		make_tone(length);
	} else {
		length = (size_t)(BEAT * BEATS * BARS * RATE);
		make_piece((unsigned)strtoul(argv[1], NULL, 10), length);
	}
	make_loud(length);
	file = sf_open(argv[2], SFM_WRITE, &info);
	if (!file || sf_write_float(file, sound, (sf_count_t)length) != (sf_count_t)length) {
		fprintf(stderr, "make_music: cannot write %s\n", argv[2]);
		return 1;
	}
	sf_close(file);
	return 0;
}
