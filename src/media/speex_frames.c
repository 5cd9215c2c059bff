/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The frames of a Speex packet. A frame is a narrow-band part and up to two layers that widen it:
 *
 *     narrow band:  0  mode (4 bits)   sound ...     mode 13, 14: requests; 15: no more frames
 *     layer:        1  mode (3 bits)   sound ...
 */
#include "media/speex_frames.h"

#include <errno.h>

#define HEAD_BITS 5 /* of a narrow-band part */
#define LAYER_HEAD_BITS 4
#define MODE_USER_REQUEST 13
#define MODE_REQUEST 14
#define MODE_END 15
#define MAX_LAYERS 2

/* With the head. */
static const uint16_t narrow_bits[] = {5, 43, 119, 160, 220, 300, 364, 492, 79};
static const uint16_t layer_bits[] = {4, 36, 112, 192, 352};
#define N_NARROW (sizeof narrow_bits / sizeof narrow_bits[0])
#define N_LAYER (sizeof layer_bits / sizeof layer_bits[0])
#define N_SECOND_LAYER 2 /* the one to 32 kHz has two modes only */

/* What a request carries behind its number. */
static const uint8_t request_bits[16] = {1, 1, 4, 4, 4, 4, 4, 4, 8, 8, 16, 16, 32, 32, 64, 64};

struct bits {
	const uint8_t *p;
	size_t at, end; /* in bits */
};

/* n bits that are there, further than skip away. */
static unsigned peek(const struct bits *b, size_t skip, unsigned n)
{
	unsigned value = 0;

	for (size_t i = b->at + skip; n > 0; i++, n--)
		value = value << 1 | (b->p[i / 8] >> (7 - i % 8) & 1U);
	return value;
}

static size_t left(const struct bits *b)
{
	return b->end - b->at;
}

/* Go over the layers behind a narrow-band part. */
static int skip_layers(struct bits *b)
{
	for (unsigned n = 0; left(b) >= LAYER_HEAD_BITS && peek(b, 0, 1); n++) {
		unsigned mode = peek(b, 1, 3);

		if (n == MAX_LAYERS || mode >= (n == 0 ? N_LAYER : N_SECOND_LAYER) ||
			left(b) < layer_bits[mode])
			return -EBADMSG;
		b->at += layer_bits[mode];
	}
	return 0;
}

/* Go over a request between frames: a number of four bits, and what belongs to it. */
static int skip_request(struct bits *b, unsigned mode)
{
	size_t size = HEAD_BITS + 4;

	if (left(b) < size)
		return -EBADMSG;
	/* Of a user's request: its length in bytes, and five bits more. */
	size += mode == MODE_REQUEST ? request_bits[peek(b, HEAD_BITS, 4)]
				     : 5 + 8 * peek(b, HEAD_BITS, 4);
	if (left(b) < size)
		return -EBADMSG;
	b->at += size;
	return 0;
}

/* Go to the next frame, over requests. Returns its mode, MODE_END or -EBADMSG. */
static int find_frame(struct bits *b)
{
	while (left(b) >= HEAD_BITS) {
		unsigned mode = peek(b, 1, 4);
		int err;

		/* A layer of nothing. */
		if (peek(b, 0, 1))
			return -EBADMSG;
		if (mode != MODE_USER_REQUEST && mode != MODE_REQUEST)
			return (int)mode;
		err = skip_request(b, mode);
		if (err)
			return err;
	}
	return MODE_END;
}

static int skip_frame(struct bits *b, unsigned mode)
{
	if (mode >= N_NARROW || left(b) < narrow_bits[mode])
		return -EBADMSG;
	b->at += narrow_bits[mode];
	return skip_layers(b);
}

int speex_frames_find(const uint8_t *in, size_t size, uint16_t *starts, int max)
{
	struct bits b = {in, 0, size * 8};
	int n = 0, mode, err;

	if (size > SPEEX_FRAMES_MAX_BYTES)
		return -EBADMSG;
	while ((mode = find_frame(&b)) != MODE_END) {
		if (mode < 0 || n == max)
			return -EBADMSG;
		if (starts)
			starts[n] = (uint16_t)b.at;
		n++;
		err = skip_frame(&b, (unsigned)mode);
		if (err)
			return err;
	}
	return n > 0 ? n : -EBADMSG;
}
