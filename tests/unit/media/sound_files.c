/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sound files for tests. */
#include "sound_files.h"

#include <dirent.h>
#include <math.h>
#include <sndfile.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char folder[64];

const char *sound_folder(void)
{
	strcpy(folder, "/tmp/sounds.XXXXXX");
	if (!mkdtemp(folder))
		abort();
	return folder;
}

void sound_folder_remove(void)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		if (entry->d_name[0] != '.')
			unlink(sound_path(entry->d_name));
	}
	if (dir)
		closedir(dir);
	rmdir(folder);
}

const char *sound_path(const char *name)
{
	static char paths[8][400];
	static unsigned next;
	char *path = paths[next++ % 8];

	snprintf(path, sizeof paths[0], "%s/%s", folder, name);
	return path;
}

const char *sound_tone(const char *name, int format, unsigned rate, unsigned channels, double hz,
	double amplitude, unsigned ms)
{
	SF_INFO info = {.samplerate = (int)rate, .channels = (int)channels, .format = format};
	const char *path = sound_path(name);
	SNDFILE *file = sf_open(path, SFM_WRITE, &info);
	float frame[16];

	if (!file)
		abort();
	for (unsigned i = 0; i < rate / 1000 * ms; i++) {
		for (unsigned c = 0; c < channels; c++)
			frame[c] = (float)(amplitude / 32767 * sin(2 * M_PI * hz * i / rate));
		if (sf_writef_float(file, frame, 1) != 1)
			abort();
	}
	sf_close(file);
	return path;
}

const char *sound_bytes(const char *name, const void *bytes, size_t n)
{
	const char *path = sound_path(name);
	FILE *file = fopen(path, "wb");

	if (!file || fwrite(bytes, 1, n, file) != n || fclose(file) != 0)
		abort();
	return path;
}

double sound_level(const int16_t *pcm, size_t n, double hz, unsigned rate)
{
	double re = 0, im = 0;

	for (size_t i = 0; i < n; i++) {
		double at = 2 * M_PI * hz * (double)i / rate;

		re += pcm[i] * cos(at);
		im += pcm[i] * sin(at);
	}
	return 2 * sqrt(re * re + im * im) / (double)n;
}
