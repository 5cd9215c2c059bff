/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Recorder: what a mixer mixes, all its voices and nothing that is played to one alone, into a file.
 * To record a single leg, give it a mixer of its own.
 *
 *     media thread of the mixer: sound ring --mail--> signalling loop --> pool: file
 *
 * The file has the engine's sample_rate, whatever the mixer's. The media thread never waits: what a
 * slow disk does not take in time is lost, and counted. A recorder has handles on three sides, counted
 * in refs: the last one frees it.
 */
#ifndef MEDIA_RECORDER_H
#define MEDIA_RECORDER_H

#include <stddef.h>
#include <stdint.h>

struct media_engine;
struct media_mail;
struct media_mixer;
struct media_recorder;
struct media_thread;
struct mixer_rate;

struct media_recorder_handlers {
	/* Nothing is recorded any more: the file cannot be written. It may close the recorder. */
	void (*failed)(int err, void *arg);
};

/* ---- signalling thread ------------------------------------------------------------------ */

/*
 * Record a mixer from now on, to a new file: Ogg/Opus when its name ends in .ogg or .opus, else
 * WAV. A mixer has one recorder: the one given last. Returns 0, -EINVAL (no path) or -ENOMEM; that
 * the file cannot be made is told by failed.
 */
int media_recorder_new(struct media_engine *engine, struct media_mixer *mixer, const char *path,
	const struct media_recorder_handlers *handlers, void *arg,
	struct media_recorder **recorder);

/*
 * End the recording and forget the handle; no handler is called any more. What has been recorded is
 * still written, and the file completed, as long as the loop runs; the log says so. It may be closed
 * after its mixer. NULL is allowed.
 */
void media_recorder_close(struct media_recorder *recorder);

/* For the engine: a recorder's mail has come; its mixer's handle is closed. */
void media_recorder_on_mail(struct media_mail *mail);
void media_recorder_mixer_closed(struct media_recorder *recorder);

/* ---- the mixer's thread ----------------------------------------------------------------- */

/* Record a frame of 20 ms. */
void recorder_put(struct media_recorder *recorder, struct media_thread *t,
	const struct mixer_rate *rate, const int16_t *pcm);

/* The mixer lets go of it. */
void recorder_release(struct media_recorder *recorder, struct media_thread *t);

#endif
