/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Makes the spoken prompts of one language from its text, with espeak-ng's voice:
 *
 *     make_prompts TEXT FOLDER
 *
 * TEXT has lines of name = what to say; FOLDER gets name.wav of each, and bi_2.wav to bi_99.wav.
 * All are 32 kHz mono, without silence at their ends, and as loud as each other. A tool of the build.
 */
#include <espeak-ng/speak_lib.h>
#include <math.h>
#include <sndfile.h>
#include <speex/speex_resampler.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	RATE = 32000,
	MAX_SECONDS = 20,
	EDGE_MS = 15, /* of silence left at the ends */
	SPEED = 150,  /* words per minute */
};

#define LOUDNESS 0.16F /* root mean square of what is spoken, of full scale: -16 dB */
#define PEAK 0.89F     /* -1 dB */
#define SILENCE 0.004F /* -48 dB */

static float spoken[48000 * MAX_SECONDS]; /* as espeak-ng makes it */
static size_t n_spoken;
static float sound[RATE * MAX_SECONDS];

static void fail(const char *what, const char *of)
{
	fprintf(stderr, "make_prompts: %s: %s\n", of, what);
	exit(1);
}

static int on_speech(short *pcm, int n, espeak_EVENT *events)
{
	for (int i = 0; pcm && i < n && n_spoken < sizeof spoken / sizeof spoken[0]; i++)
		spoken[n_spoken++] = (float)pcm[i] / 32768.0F;
	return 0;
}

/* To sound at RATE; returns samples. */
static size_t resample(unsigned rate)
{
	SpeexResamplerState *state = speex_resampler_init(1, rate, RATE, 10, NULL);
	spx_uint32_t in = (spx_uint32_t)n_spoken, out = sizeof sound / sizeof sound[0];

	if (!state)
		fail("no memory", "resampler");
	speex_resampler_skip_zeros(state);
	speex_resampler_process_float(state, 0, spoken, &in, sound, &out);
	speex_resampler_destroy(state);
	return out;
}

/* Cut silence off both ends; returns where it begins and how long it is. */
static float *trim(size_t *n)
{
	size_t begin = 0, end = *n, edge = RATE / 1000 * EDGE_MS;

	while (begin < end && fabsf(sound[begin]) < SILENCE)
		begin++;
	while (end > begin && fabsf(sound[end - 1]) < SILENCE)
		end--;
	begin = begin > edge ? begin - edge : 0;
	end = end + edge < *n ? end + edge : *n;
	*n = end - begin;
	return sound + begin;
}

static void make_loud(float *pcm, size_t n)
{
	double sum = 0;
	size_t counted = 0;
	float peak = 0, gain;

	for (size_t i = 0; i < n; i++) {
		float level = fabsf(pcm[i]);

		if (level > peak)
			peak = level;
		if (level < SILENCE)
			continue;
		sum += (double)level * level;
		counted++;
	}
	if (counted == 0)
		fail("nothing was spoken", "espeak-ng");
	gain = LOUDNESS / (float)sqrt(sum / (double)counted);
	if (gain * peak > PEAK)
		gain = PEAK / peak;
	for (size_t i = 0; i < n; i++)
		pcm[i] *= gain;
}

static void write_file(const char *folder, const char *name, const float *pcm, size_t n)
{
	SF_INFO info = {
		.samplerate = RATE, .channels = 1, .format = SF_FORMAT_WAV | SF_FORMAT_PCM_16};
	char path[4096];
	SNDFILE *file;

	snprintf(path, sizeof path, "%s/%s.wav", folder, name);
	file = sf_open(path, SFM_WRITE, &info);
	if (!file || sf_write_float(file, pcm, (sf_count_t)n) != (sf_count_t)n)
		fail("cannot be written", path);
	sf_close(file);
}

static void say(const char *folder, const char *name, const char *text, unsigned rate)
{
	float *pcm;
	size_t n;

	n_spoken = 0;
	if (espeak_Synth(text, strlen(text) + 1, 0, POS_CHARACTER, 0, espeakCHARS_UTF8, NULL,
		    NULL) != EE_OK ||
		espeak_Synchronize() != EE_OK)
		fail("espeak-ng cannot speak it", name);
	n = resample(rate);
	pcm = trim(&n);
	make_loud(pcm, n);
	write_file(folder, name, pcm, n);
}

/* "name = text": cut in two, blanks away. Returns 0 for comments and empty lines. */
static int cut(char *line, char **name, char **text)
{
	char *equals = strchr(line, '='), *end;

	if (line[0] == '#' || !equals)
		return 0;
	*name = line;
	for (end = equals; end > line && end[-1] == ' ';)
		end--;
	*end = '\0';
	for (*text = equals + 1; **text == ' ';)
		++*text;
	(*text)[strcspn(*text, "\r\n")] = '\0';
	return 1;
}

int main(int argc, char **argv)
{
	char line[1000], *name, *text, number[16], digits[16];
	FILE *file = argc == 3 ? fopen(argv[1], "r") : NULL;
	int rate;

	if (!file)
		fail("TEXT FOLDER are wanted, and TEXT must be readable", "usage");
	rate = espeak_Initialize(AUDIO_OUTPUT_SYNCHRONOUS, 0, NULL, 0);
	if (rate <= 0 || rate > 48000)
		fail("does not start: is espeak-ng-data installed?", "espeak-ng");
	espeak_SetSynthCallback(on_speech);
	espeak_SetParameter(espeakRATE, SPEED, 0);
	while (fgets(line, sizeof line, file)) {
		if (!cut(line, &name, &text))
			continue;
		if (strcmp(name, "voice") != 0)
			say(argv[2], name, text, (unsigned)rate);
		else if (espeak_SetVoiceByProperties(&(espeak_VOICE){.languages = text}) != EE_OK)
			fail("espeak-ng has no such voice", text);
	}
	fclose(file);
	for (int i = 2; i < 100; i++) {
		snprintf(number, sizeof number, "bi_%d", i);
		snprintf(digits, sizeof digits, "%d", i);
		say(argv[2], number, digits, (unsigned)rate);
	}
	espeak_Terminate();
	return 0;
}
