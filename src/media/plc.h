/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Packet loss concealment for codecs that have none of their own: the last pitch periods are repeated
 * and fade out within 120 ms; when sound comes back it is blended in. In the manner of ITU-T G.711
 * appendix I, without its delay. Plain struct, no heap; one thread at a time.
 */
#ifndef MEDIA_PLC_H
#define MEDIA_PLC_H

#include <stddef.h>
#include <stdint.h>

#define PLC_MAX_RATE 16000
#define PLC_HISTORY (PLC_MAX_RATE * 40 / 1000)
#define PLC_MAX_PITCH (PLC_MAX_RATE * 15 / 1000)

struct plc {
	unsigned rate;
	size_t missing; /* samples made up since the last that came */
	size_t pitch;   /* samples in cycle */
	int16_t step;   /* between the end of the sound and its repetition */
	int16_t peak;   /* of the cycle and the end: what is made up is no louder */
	int16_t cycle[PLC_MAX_PITCH];
	int16_t history[PLC_HISTORY]; /* the last rate * 40 / 1000 samples, oldest first */
};

/* rate: at most PLC_MAX_RATE. */
void plc_start(struct plc *plc, unsigned rate);

/* Samples came; after a gap the first ones are blended with what was made up. */
void plc_received(struct plc *plc, int16_t *pcm, size_t samples);

/* Make up samples. */
void plc_conceal(struct plc *plc, int16_t *pcm, size_t samples);

/*
 * For the tables of codecs whose decoder state begins with its struct plc: audio_codec.conceal. next is
 * not needed. Returns samples, or -EINVAL for none or more than CODEC_MAX_FRAME_MS.
 */
int plc_conceal_packet(
	void *state, const uint8_t *next, size_t next_size, int16_t *pcm, size_t samples);

#endif
