/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Fuzz target: whatever parses can be written, parsed again, and is then equal to itself. */
#include <stdint.h>
#include <stdlib.h>

#include "core/uri.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool held)
{
	if (!held)
		abort();
}

/* The canonical form of a SIP URI is that of itself, and breaks out of no line or quotes. */
static void check_canonical(const struct uri *uri)
{
	struct buf text, twice;
	struct uri again;

	buf_init(&text, 1 << 16);
	buf_init(&twice, 1 << 16);
	buf_str(&text, "sip:");
	uri_canonical(uri, &text);
	if (!text.err && uri_is_sip(uri)) {
		demand(uri_parse(buf_view(&text), &again) == 0);
		buf_str(&twice, "sip:");
		uri_canonical(&again, &twice);
		demand(slice_eq(buf_view(&text), buf_view(&twice)));
	}
	buf_free(&text);
	buf_free(&twice);
}

static void check_unescape(struct slice s)
{
	struct buf plain, escaped, again;

	buf_init(&plain, 1 << 16);
	buf_init(&escaped, 1 << 18);
	buf_init(&again, 1 << 16);
	uri_unescape(s, &plain);
	uri_escape_user(buf_view(&plain), &escaped);
	uri_unescape(buf_view(&escaped), &again);
	if (!plain.err && !escaped.err && !again.err)
		demand(slice_eq(buf_view(&plain), buf_view(&again)));
	buf_free(&plain);
	buf_free(&escaped);
	buf_free(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice text = slice_of((const char *)data, size), value;
	struct uri uri, again;
	struct buf out;

	check_unescape(text);
	if (uri_parse(text, &uri) < 0)
		return 0;
	buf_init(&out, 1 << 17);
	uri_write(&uri, &out);
	if (!out.err) {
		demand(uri_parse(buf_view(&out), &again) == 0);
		demand(uri_equal(&uri, &again) && uri_equal(&again, &uri));
	}
	buf_reset(&out);
	uri_write_request(&uri, &out);
	if (!out.err)
		demand(uri_parse(buf_view(&out), &again) == 0);
	uri_param(&uri, "transport", &value);
	check_canonical(&uri);
	buf_free(&out);
	return 0;
}
