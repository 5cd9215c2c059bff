/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Keys as the commands of the load programs have them. */
#ifndef BENCH_KEY_H
#define BENCH_KEY_H

#include "media/srtp.h"

#define KEY_SUITE SRTP_AES_CM_128_HMAC_SHA1_80
#define KEY_HEX 60 /* letters: a master key and its salt */

/* 0 or -EINVAL. */
int key_from_hex(struct srtp_key *key, const char *hex);

#endif
