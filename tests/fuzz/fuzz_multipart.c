/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Multipart bodies: the first line is the type; what is found lies inside. */
#include <stdint.h>
#include <stdlib.h>

#include "sip/multipart.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice body = slice_of((const char *)data, size), type;
	struct sip_part part;

	slice_cut(&body, '\n', &type);
	if (sip_multipart_find(type, body, SLICE("application/sdp"), &part) == 0 && part.body.n &&
		(part.body.p < body.p || part.body.p + part.body.n > body.p + body.n))
		abort();
	return 0;
}
