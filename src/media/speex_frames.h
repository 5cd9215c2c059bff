/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The frames of a Speex packet (RFC 5574 3.3 to 3.5), told apart without decoding. Pure function,
 * any thread.
 */
#ifndef MEDIA_SPEEX_FRAMES_H
#define MEDIA_SPEEX_FRAMES_H

#include <stddef.h>
#include <stdint.h>

#define SPEEX_FRAMES_MAX_BYTES 1500 /* of a packet */

/*
 * Find the frames of 20 ms in a packet: starts gets the place of each in bits, max of them at most.
 * Returns their number, at least one; or -EBADMSG when there is none, there are more, one is cut
 * off, or has a mode that does not exist: then a decoder is not to see the packet. starts NULL: count.
 */
int speex_frames_find(const uint8_t *in, size_t size, uint16_t *starts, int max);

#endif
