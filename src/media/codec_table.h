/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The codecs that are built in. A new one is a file codec_<name>.c that defines its table of
 * operations, a line here and a line in codec.c. For src/media/codec*.c only.
 */
#ifndef MEDIA_CODEC_TABLE_H
#define MEDIA_CODEC_TABLE_H

#include "media/codec.h"

/* Not const: libopus tells the size of its states at run time; written before main(). */
extern struct audio_codec codec_opus;
extern const struct audio_codec codec_pcmu, codec_pcma;

#endif
