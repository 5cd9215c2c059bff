/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sound files for tests: tones, written to a folder of the test's own. */
#ifndef TEST_SOUND_FILES_H
#define TEST_SOUND_FILES_H

#include <stddef.h>
#include <stdint.h>

/* Make an empty folder; its path stays good until the next one is made. Aborts on an error. */
const char *sound_folder(void);

/* Remove the folder and what is in it. */
void sound_folder_remove(void);

/* Path of a name in it, in one of a few static buffers. */
const char *sound_path(const char *name);

/* Write a tone; format: SF_FORMAT_... of libsndfile. Returns its path. */
const char *sound_tone(const char *name, int format, unsigned rate, unsigned channels, double hz,
	double amplitude, unsigned ms);

/* Write these bytes. Returns its path. */
const char *sound_bytes(const char *name, const void *bytes, size_t n);

/* Amplitude of a tone in n samples of this rate. */
double sound_level(const int16_t *pcm, size_t n, double hz, unsigned rate);

#endif
