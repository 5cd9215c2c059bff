/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Trusted peers: [SIP] trusted_peers, the sources from which requests are accepted as they are. A
 * mixed list of networks, addresses and host names, whose addresses are looked up. Signalling
 * thread.
 */
#ifndef TRUSTED_PEERS_H
#define TRUSTED_PEERS_H

#include <stddef.h>

#include "net/dns.h"
#include "net/prefix.h"

/* The setting. */
struct trusted_peers_setting {
	struct addr_prefix_list networks;
	char **names;
	size_t n_names;
};

/* For the table of options: core/config.h, config_option.parse and release. */
int trusted_peers_parse(struct slice value, void *setting, char *error, size_t error_size);
void trusted_peers_release(void *setting);

/* Whether everybody is trusted. */
bool trusted_peers_is_any(const struct trusted_peers_setting *setting);

struct trusted_peers;

/*
 * Begin to look the names up. The setting outlives it. dns may be NULL: names are then nobody's.
 * An object, ended with trusted_peers_close. Returns 0 or -ENOMEM.
 */
int trusted_peers_open(struct trusted_peers **peers, const struct trusted_peers_setting *setting,
	struct dns *dns, struct timer_set *timers);
void trusted_peers_close(struct trusted_peers *peers);

bool trusted_peers_match(const struct trusted_peers *peers, const struct addr *source);

#endif
