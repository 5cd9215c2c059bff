/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Sound files through libsndfile: WAV, Ogg/Opus, Ogg/Vorbis, FLAC, MP3 and what else it reads, as mono
 * at any rate; and written as WAV or Ogg/Opus. Reading and writing wait for the disk: threads of
 * the pool only. Memory is bounded whatever a file says of itself.
 */
#ifndef MEDIA_SOUND_FILE_H
#define MEDIA_SOUND_FILE_H

#include <stddef.h>
#include <stdint.h>

struct sound_reader;
struct sound_writer;

#define SOUND_FILE_MAX_CHANNELS 16
#define SOUND_FILE_MAX_RATE 384000 /* Hz */

/*
 * Open a file to be read as mono at rate Hz. Returns 0 or a negative errno: -EINVAL for what is no
 * regular file, -ENOTSUP for one that holds no sound that we can read.
 */
int sound_reader_open(struct sound_reader **reader, const char *path, unsigned rate);

/* Read up to n samples. Returns how many; 0: the end, or nothing more can be read. */
size_t sound_reader_read(struct sound_reader *reader, int16_t *pcm, size_t n);

/* NULL is allowed. */
void sound_reader_close(struct sound_reader *reader);

/*
 * Make a file for mono sound of rate Hz (16000, 32000 or 48000), for its owner's eyes only: Ogg/Opus
 * when its name ends in .ogg or .opus, else WAV. One that exists is left alone (-EEXIST). Returns 0
 * or a negative errno.
 */
int sound_writer_open(struct sound_writer **writer, const char *path, unsigned rate);

/* Write n samples. Returns 0 or -EIO (the disk is full). */
int sound_writer_write(struct sound_writer *writer, const int16_t *pcm, size_t n);

/* Complete the file. Returns 0 or -EIO. NULL is allowed. */
int sound_writer_close(struct sound_writer *writer);

#endif
