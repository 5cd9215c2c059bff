/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Base64. */
#include "core/base64.h"

#include <errno.h>

static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_encode(const uint8_t *p, size_t n, char *text)
{
	for (; n >= 3; p += 3, n -= 3) {
		*text++ = letters[p[0] >> 2];
		*text++ = letters[(p[0] & 3) << 4 | p[1] >> 4];
		*text++ = letters[(p[1] & 15) << 2 | p[2] >> 6];
		*text++ = letters[p[2] & 63];
	}
	if (n) {
		unsigned second = n == 2 ? p[1] : 0;

		*text++ = letters[p[0] >> 2];
		*text++ = letters[(p[0] & 3U) << 4 | second >> 4];
		*text++ = n == 2 ? letters[(second & 15) << 2] : '=';
		*text++ = '=';
	}
	*text = '\0';
}

/* Its six bits, or -1. */
static int value_of(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '+')
		return 62;
	return c == '/' ? 63 : -1;
}

/* Take the padding off. False: there is too much of it, or not enough. */
static bool strip_padding(struct slice *text)
{
	size_t whole = text->n, padding;

	while (text->n && text->p[text->n - 1] == '=')
		text->n--;
	padding = whole - text->n;
	return text->n % 4 != 1 && (padding == 0 || (padding <= 2 && whole % 4 == 0));
}

int base64_decode(struct slice text, uint8_t *out, size_t max, size_t *n)
{
	uint32_t bits = 0;
	unsigned n_bits = 0;
	size_t done = 0;

	if (!strip_padding(&text))
		return -EINVAL;
	for (size_t i = 0; i < text.n; i++) {
		int value = value_of(text.p[i]);

		if (value < 0)
			return -EINVAL;
		bits = bits << 6 | (uint32_t)value;
		n_bits += 6;
		if (n_bits < 8)
			continue;
		n_bits -= 8;
		if (done == max)
			return -ENOBUFS;
		out[done++] = (uint8_t)(bits >> n_bits);
		bits &= (1U << n_bits) - 1;
	}
	if (bits)
		return -EINVAL;
	*n = done;
	return 0;
}
