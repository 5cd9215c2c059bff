/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Keys as the commands of the load programs have them. */
#include "key.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

int key_from_hex(struct srtp_key *key, const char *hex)
{
	*key = (struct srtp_key){.suite = KEY_SUITE};
	if (strlen(hex) != KEY_HEX)
		return -EINVAL;
	for (size_t i = 0; i < KEY_HEX / 2; i++) {
		if (sscanf(hex + 2 * i, "%2hhx", &key->master[i]) != 1)
			return -EINVAL;
	}
	return 0;
}
