/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Settings: the sections of config.ini, and the list of all sections of all files, from which
 * --check and the samples work. Applications declare their own sections. Signalling thread.
 */
#ifndef SETTINGS_H
#define SETTINGS_H

#include "apps/registry.h"
#include "core/config.h"
#include "net/dns_servers.h"
#include "session/audio_settings.h"
#include "trusted_peers.h"

/* [Server] */
struct server_settings {
	struct app_registry_settings applications;
	int log_level;               /* enum log_level */
	char *ca_file, *certificate; /* NULL: not set, the default paths */
	bool verify_server;
	struct config_list dns_servers; /* dns_server_parse takes each; empty: the system's */
};

/* [SIP] */
struct sip_settings {
	struct config_list local_ip; /* literal addresses; "any": all */
	char *advertised_ip;
	int udp_port, tcp_port, tls_port; /* -1: switched off; 0: any free one */
	struct trusted_peers_setting trusted_peers;
	char *outbound_proxy;              /* as sip_agent_settings has it; NULL or empty: none */
	int max_rate_per_source;           /* new work per second; 0: any */
	char *digest_realm, *digest_users; /* NULL: unset */
	int session_timer, session_timer_min; /* seconds; 0: only when the peer asks */
	struct config_list registered;        /* addresses to register; none by default */
	struct config_list register_proxies;
	char *register_username, *register_password;      /* NULL: unset */
	int register_expires;                             /* seconds */
	char *auth_realm, *auth_username, *auth_password; /* NULL: unset */
};

struct settings {
	struct server_settings server;
	struct sip_settings sip;
	struct rtp_settings rtp;
};

/* Every section of every file, ending with NULL. */
extern const struct config_section *const config_sections[];

/* [Server] of config.ini. */
extern const struct config_section server_section;

/*
 * Load the sections of config.ini. Invalid values are reported and their defaults kept, but for
 * those whose default might open the server to the wrong people: then it returns -EINVAL. Returns 0,
 * that, or -ENOMEM. Release with settings_release.
 */
int settings_load(
	const struct config *config, struct settings *settings, config_error_fn *error, void *arg);
void settings_release(struct settings *settings);

/* Report everything that is wrong in all files, for --check. Returns 0 or -ENOMEM. */
int settings_check(const struct config *config, config_error_fn *error, void *arg);

#endif
