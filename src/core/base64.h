/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Base64 (RFC 4648 section 4). Any thread. */
#ifndef CORE_BASE64_H
#define CORE_BASE64_H

#include <stddef.h>
#include <stdint.h>

#include "core/slice.h"

/* Letters that n bytes become, padding and NUL included. */
#define BASE64_SIZE(n) (((n) + 2) / 3 * 4 + 1)

/* Write n bytes at p as BASE64_SIZE(n) - 1 letters and a NUL. */
void base64_encode(const uint8_t *p, size_t n, char *text);

/*
 * Read text; its padding may be missing. Returns 0 with *n bytes in out, or -EINVAL (no base64, also
 * where bits behind the last byte are not 0) or -ENOBUFS (more than max bytes).
 */
int base64_decode(struct slice text, uint8_t *out, size_t max, size_t *n);

#endif
