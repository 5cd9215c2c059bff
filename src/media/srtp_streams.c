/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The streams of one direction of SRTP. */
#include "media/srtp_streams.h"

#include <stddef.h>

#define TURN 65536 /* of the sequence number */

struct srtp_stream *srtp_streams_find(struct srtp_streams *streams, uint32_t ssrc)
{
	for (unsigned i = 0; i < streams->n; i++) {
		if (streams->items[i].ssrc == ssrc)
			return &streams->items[i];
	}
	return NULL;
}

static struct srtp_stream *silent_longest(struct srtp_streams *streams)
{
	struct srtp_stream *oldest = &streams->items[0];

	for (unsigned i = 1; i < streams->n; i++) {
		if (streams->items[i].used < oldest->used)
			oldest = &streams->items[i];
	}
	return oldest;
}

struct srtp_stream *srtp_streams_get(struct srtp_streams *streams, uint32_t ssrc, bool replace)
{
	struct srtp_stream *stream = srtp_streams_find(streams, ssrc);

	if (!stream) {
		if (streams->n < SRTP_STREAMS)
			stream = &streams->items[streams->n++];
		else if (replace)
			stream = silent_longest(streams);
		else
			return NULL;
		*stream = (struct srtp_stream){.ssrc = ssrc};
	}
	stream->used = ++streams->serial;
	return stream;
}

/* ---- indices ---------------------------------------------------------------------------- */

static bool is_empty(const struct srtp_window *window)
{
	return !window->bits[0] && !window->bits[1];
}

/* 3.3.1: the index with this sequence number that is nearest to the highest one seen. */
static uint64_t nearest(uint64_t top, uint16_t seq)
{
	int64_t index = (int64_t)top + (int16_t)(uint16_t)(seq - (uint16_t)top);

	return (uint64_t)(index < 0 ? index + TURN : index);
}

unsigned srtp_index_candidates(
	const struct srtp_stream *stream, uint16_t seq, uint64_t out[SRTP_CANDIDATES])
{
	unsigned n = 0;

	if (stream && (stream->inherited || !is_empty(&stream->rtp)))
		out[n++] = nearest(stream->rtp.top, seq);
	else
		out[n++] = seq;
	out[n] = out[0] + TURN;
	n++;
	if (stream && stream->inherited && out[0] != seq)
		out[n++] = seq;
	return n;
}

uint64_t srtp_index_to_send(const struct srtp_stream *stream, uint16_t seq)
{
	return is_empty(&stream->rtp) ? seq : nearest(stream->rtp.top, seq);
}

/* ---- windows (3.3.2) -------------------------------------------------------------------- */

static bool bit(const struct srtp_window *window, uint64_t back)
{
	return window->bits[back / 64] >> (back % 64) & 1;
}

bool srtp_window_seen(const struct srtp_window *window, uint64_t index)
{
	uint64_t back = window->top - index;

	if (is_empty(window) || index > window->top)
		return false;
	return back >= SRTP_WINDOW || bit(window, back);
}

static void shift(struct srtp_window *window, uint64_t by)
{
	if (by >= SRTP_WINDOW) {
		window->bits[0] = window->bits[1] = 0;
	} else if (by >= 64) {
		window->bits[1] = window->bits[0] << (by - 64);
		window->bits[0] = 0;
	} else if (by) {
		window->bits[1] = window->bits[1] << by | window->bits[0] >> (64 - by);
		window->bits[0] <<= by;
	}
}

void srtp_window_mark(struct srtp_window *window, uint64_t index)
{
	if (is_empty(window)) {
		*window = (struct srtp_window){.top = index, .bits = {1, 0}};
	} else if (index > window->top) {
		shift(window, index - window->top);
		window->top = index;
		window->bits[0] |= 1;
	} else {
		uint64_t back = window->top - index;

		window->bits[back / 64 % 2] |= 1ULL << (back % 64);
	}
}

/* ---- a new key -------------------------------------------------------------------------- */

void srtp_streams_inherit(
	struct srtp_streams *streams, const struct srtp_streams *old, bool received)
{
	*streams = *old;
	if (!received)
		return;
	for (unsigned i = 0; i < streams->n; i++) {
		struct srtp_stream *stream = &streams->items[i];

		stream->inherited = stream->inherited || !is_empty(&stream->rtp);
		stream->rtp.bits[0] = stream->rtp.bits[1] = 0;
		stream->rtcp = (struct srtp_window){0};
	}
}
