/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The codecs that are built in. A new one is a file codec_<name>.c that defines its table of
 * operations, a line here and a line in codec.c. For src/media/codec*.c only.
 */
#ifndef MEDIA_CODEC_TABLE_H
#define MEDIA_CODEC_TABLE_H

#include "media/codec.h"

/* What packets a codec makes: audio_codec.ptimes. */
#define CODEC_PTIMES_ALL 0x7e   /* 10 to 60 ms: those without frames */
#define CODEC_PTIMES_20_MS 0x54 /* 20, 40, 60 ms: those with frames of 20 ms */

/* Not const: libopus tells the size of its states at run time; written before main(). */
extern struct audio_codec codec_opus;
extern const struct audio_codec codec_pcmu, codec_pcma, codec_g722, codec_gsm;
extern const struct audio_codec codec_speex8, codec_speex16, codec_speex32;

#endif
